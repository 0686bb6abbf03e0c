"""The web client: types from the OpenAPI document, then Vite."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "assets" / "web"
TARGET = ROOT / "lumilio" / "_web"
# The page at /api/docs; its own files stand in `public/docs`.
REFERENCE = ("swagger-ui.css", "swagger-ui-bundle.js", "NOTICE")
MARK = TARGET / ".built-from"


def build(*, force: bool = False) -> None:
    """Compile the client into `lumilio/_web`, unless that is up to date."""
    install()
    write_document()
    current = _fingerprint()
    if not force and MARK.is_file() and MARK.read_text() == current:
        return
    npm("run", "types")
    npm("run", "build")
    for name in REFERENCE:
        shutil.copy(SOURCE / "node_modules" / "swagger-ui-dist" / name, TARGET / "docs" / name)
    MARK.write_text(current)


def install() -> None:
    """Install the locked packages of the client, if they are not."""
    lock = SOURCE / "package-lock.json"
    mark = SOURCE / "node_modules" / ".installed-from"
    current = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not mark.is_file() or mark.read_text() != current:
        # No package of ours needs to run anything when it is installed.
        npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
        mark.write_text(current)


def write_document() -> None:
    """Write the OpenAPI document that the client's types come from."""
    document = subprocess.run(
        [sys.executable, "-m", "lumilio", "openapi"], cwd=ROOT, check=True, capture_output=True
    ).stdout
    path = SOURCE / "openapi.json"
    if not path.is_file() or path.read_bytes() != document:
        path.write_bytes(document)


def npm(*arguments: str) -> None:
    """Run npm in the client's folder."""
    program = shutil.which("npm")
    if program is None:
        sys.exit("Node.js with npm is needed to build the web client; please install it.")
    subprocess.run([program, *arguments], cwd=SOURCE, check=True, env=os.environ)


def _fingerprint() -> str:
    """A hash over everything that the built client depends on."""
    digest = hashlib.sha256()
    for path in sorted(SOURCE.rglob("*")):
        relative = path.relative_to(SOURCE)
        if path.is_file() and relative.parts[0] != "node_modules":
            if path.name == "schema.d.ts":
                continue
            digest.update(str(relative).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
