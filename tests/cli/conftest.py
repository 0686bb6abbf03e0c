"""The command line as processes of their own, in homes of their own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.api import Api

READY = re.compile(r"Lumilio is ready at (http://localhost:\d+)")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment of its own: no settings, no display, and a home of nobody."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LUMILIO_") and name not in ("DISPLAY", "WAYLAND_DISPLAY")
    }
    return kept | {
        "LUMILIO_PORT": "0",
        "LUMILIO_DECODE_WORKERS": "1",
        "HOME": str(tmp_path / "me"),
        "XDG_DATA_HOME": str(tmp_path / "me" / "data"),
        "PYTHONWARNINGS": "error",
        "COLUMNS": "80",
    }


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def lumilio(
    environment: dict[str, str], home: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command to its end, by default in the home of the test."""

    def run(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "lumilio", *map(str, arguments)],
            env=environment | {"LUMILIO_HOME": str(home)} | variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


class Server:
    """`lumilio serve` in a process of its own."""

    def __init__(self, environment: dict[str, str], *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lumilio", *map(str, arguments)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.strip())
            if found := READY.fullmatch(self.lines[-1]):
                break
        else:
            raise AssertionError(self.process.communicate()[1])
        self.shown_url = found[1]
        self.url = found[1].replace("localhost", "127.0.0.1")
        self.http = httpx2.Client(base_url=self.url, trust_env=False)

    def api(self) -> Api:
        return Api(self.http)

    def next_line(self) -> str:
        """What it prints after its ready line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, float]:
        """Exit status, standard error and seconds."""
        started = time.monotonic()
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors, time.monotonic() - started


@pytest.fixture
def serve(environment: dict[str, str], home: Path) -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def start(*command: str) -> Server:
        made.append(Server(environment | {"LUMILIO_HOME": str(home)}, *command))
        return made[-1]

    yield start
    for server in made:
        server.http.close()
        if server.process.poll() is None:
            server.process.kill()
            server.process.communicate()
