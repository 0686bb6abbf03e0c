"""`python3 build COMMAND`: everything a developer or newcomer needs.

run [ARGS…]   set everything up and start Lumilio; ARGS go to `lumilio`
test [ARGS…]  everything that CI runs; ARGS go to pytest instead of the whole
lint          formatting, style, types, architecture, budgets
web           build the web client
bench NAME    measurements and long proofs; `bench` alone lists them
app           build the packaged app
lock          renew the locked requirements
"""

import hashlib
import os
import signal
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "build"
ENVIRONMENT = ROOT / ".venv"
LOCK = HERE / "requirements.txt"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def main(arguments: list[str]) -> int:
    """Set up the environment if needed and run one command in it."""
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command not in COMMANDS:
        print(__doc__)
        return 0 if command in ("", "help", "--help", "-h") else 2
    if sys.version_info < (3, 11):  # noqa: UP036 - a newcomer may run this with an older one
        sys.exit("Lumilio needs Python 3.11 or newer.")
    if Path(sys.prefix).resolve() != ENVIRONMENT.resolve():
        prepare()
        return _hand_over([str(PYTHON), str(HERE), *arguments], cwd=_cwd(command))
    return COMMANDS[command](rest)


def prepare() -> None:
    """Create the environment from the lock file, or bring it up to date."""
    mark = ENVIRONMENT / ".installed-from"
    wanted = hashlib.sha256(LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if PYTHON.exists() and mark.is_file() and mark.read_text() == wanted:
        return
    print("Setting up the environment …", flush=True)
    if not PYTHON.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    _in_environment("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv>=0.9")
    _in_environment("-m", "uv", "pip", "sync", "--quiet", str(LOCK))
    editable = ["--no-build-isolation", "--no-deps", "--editable", str(ROOT)]
    _in_environment("-m", "uv", "pip", "install", "--quiet", *editable)
    mark.write_text(wanted)


def run(arguments: list[str]) -> int:
    """Build the web client and start Lumilio."""
    _web().build()
    return _hand_over([str(PYTHON), "-m", "lumilio", *arguments], cwd=Path.cwd())


def test(arguments: list[str]) -> int:
    """Everything CI runs, or the tests that `arguments` name."""
    started = time.monotonic()
    _web().build()
    steps = [] if arguments else [lambda: lint([]), _web_tests]
    failed = [step() for step in steps]
    # More workers than cores, or than a few, would only wait for each other.
    workers = str(min(os.cpu_count() or 1, 4))
    everything = ["-n", workers, "--dist", "loadfile", "--durations=10"]
    tests = [str(PYTHON), "-m", "pytest", *(arguments or everything)]
    failed.append(subprocess.call(tests, cwd=ROOT))
    print(f"All of it took {time.monotonic() - started:.0f} s", flush=True)
    # Not max(): a test run that was killed has a negative status.
    return int(any(failed))


def lint(arguments: list[str]) -> int:
    """Formatting, style, types, architecture and size budgets."""
    web = _web()
    web.install()
    checks = [
        [str(PYTHON), "-m", "ruff", "format", "--check", "."],
        [str(PYTHON), "-m", "ruff", "check", "."],
        [str(PYTHON), "-m", "mypy"],
        [str(PYTHON.parent / "lint-imports"), "--cache-dir", ".cache/import-linter"],
        [str(PYTHON), str(HERE / "budgets.py")],
    ]
    failed = [subprocess.call(check, cwd=ROOT) for check in checks]
    return int(any(failed))


def web(arguments: list[str]) -> int:
    """Build the web client even when it seems up to date."""
    _web().build(force=True)
    return 0


def bench(arguments: list[str]) -> int:
    """Run a measurement; without a name, list them."""
    names = sorted(path.stem for path in (HERE / "benches").glob("[a-z]*.py"))
    if not arguments or arguments[0] not in names:
        print("python3 build bench NAME [ARGS…], NAME one of: " + ", ".join(names))
        return 0 if not arguments else 2
    module = HERE / "benches" / f"{arguments[0]}.py"
    return subprocess.call([str(PYTHON), str(module), *arguments[1:]], cwd=ROOT)


def app(arguments: list[str]) -> int:
    """Build the packaged app."""
    print("The packaged app is not built yet; `python3 build run` starts Lumilio.")
    return 1


def lock(arguments: list[str]) -> int:
    """Renew the lock file from pyproject.toml for all systems and Python versions."""
    options = ["--universal", "--generate-hashes", "--no-emit-index-url", "--python-version=3.11"]
    sources = ["--group", "dev", "pyproject.toml", "--output-file", str(LOCK)]
    _in_environment("-m", "uv", "pip", "compile", "--quiet", *options, *sources, *arguments)
    return 0


COMMANDS = {
    "run": run,
    "test": test,
    "lint": lint,
    "web": web,
    "bench": bench,
    "app": app,
    "lock": lock,
}


def _web_tests() -> int:
    web = _web()
    try:
        for script in ("lint", "check", "test"):
            web.npm("run", script)
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


def _web():
    sys.path.insert(0, str(HERE))
    import web

    return web


def _hand_over(command: list[str], *, cwd: Path) -> int:
    """Become another program, so that signals reach it and it ends in its own time."""
    sys.stdout.flush()
    if os.name != "nt":
        os.chdir(cwd)
        os.execv(command[0], command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return subprocess.call(command, cwd=cwd)


def _in_environment(*arguments: str) -> None:
    # A company's own certificates are in the system's store, not in uv's.
    environment = {"UV_SYSTEM_CERTS": "true"} | os.environ
    subprocess.run([str(PYTHON), *arguments], cwd=ROOT, check=True, env=environment)


def _cwd(command: str) -> Path:
    # Paths that a person gives to `run` are relative to where they stand.
    return Path.cwd() if command == "run" else ROOT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
