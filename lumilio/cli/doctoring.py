"""`lumilio doctor`: what is installed, writable, accelerated and missing."""

import importlib.metadata
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct
from rich.console import Console
from rich.table import Table

from lumilio import __version__, desktop
from lumilio.api.server import WEB_ROOT
from lumilio.db import DamagedDatabase, Database
from lumilio.home import Home
from lumilio.media import support
from lumilio.settings import Settings

_PACKAGES = ("apsw", "huey", "pillow", "pillow-heif", "rawpy", "exiv2", "av", "blake3", "starlette")
_LOW_DISK = 2 << 30


class Finding(Struct, frozen=True):
    """One thing that was looked at; `problem` findings keep Lumilio from working fully."""

    subject: str
    fact: str
    problem: bool = False


def examine(settings: Settings) -> int:
    """Print every finding; the exit status is 1 when there is a problem."""
    findings = list(_findings(settings))
    table = Table(box=None, show_header=False)
    for finding in findings:
        mark = "[red]✗[/]" if finding.problem else "[green]✓[/]"
        table.add_row(mark, finding.subject, finding.fact)
    Console().print(table)
    return 1 if any(finding.problem for finding in findings) else 0


def _findings(settings: Settings) -> Iterator[Finding]:
    checks: list[Callable[[Settings], Iterator[Finding]]] = [
        _program,
        _folders,
        _database,
        _formats,
        _surroundings,
    ]
    for check in checks:
        yield from check(settings)


def _program(settings: Settings) -> Iterator[Finding]:
    yield Finding("Lumilio", f"{__version__} on Python {sys.version.split()[0]}")
    for package in _PACKAGES:
        try:
            yield Finding(package, importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(package, "not installed", problem=True)


def _folders(settings: Settings) -> Iterator[Finding]:
    for name, folder in (("Home", settings.home_path), ("Storage", settings.storage_path)):
        problem = _unwritable(folder)
        yield Finding(name, f"{folder}: {problem or 'writable'}", problem=problem is not None)
    existing = _nearest(settings.storage_path)
    free = shutil.disk_usage(existing).free
    yield Finding("Free space", f"{free / 1e9:.1f} GB", problem=free < _LOW_DISK)


def _database(settings: Settings) -> Iterator[Finding]:
    home = Home(settings.home_path)
    if not home.database.exists():
        yield Finding("Database", "not created yet; the first start does it")
        return
    try:
        database = Database(home.database)
    except DamagedDatabase as error:
        yield Finding("Database", error.message, problem=True)
        return
    with database.read() as db:
        verdict = db.value("PRAGMA quick_check")
    database.close()
    yield Finding("Database", str(verdict), problem=verdict != "ok")
    url = home.running_url()
    yield Finding("Server", f"running at {url}" if url else "not running")


def _formats(settings: Settings) -> Iterator[Finding]:
    for decoder in support.decoders():
        yield Finding(decoder.name, decoder.fact, problem=not decoder.works)


def _surroundings(settings: Settings) -> Iterator[Finding]:
    yield Finding("Processor", f"{os.cpu_count()} cores, {settings.decoders} decoder processes")
    built = (WEB_ROOT / "index.html").is_file()
    yield Finding("Web client", "built" if built else "not built", problem=not built)
    reason = desktop.missing_display()
    yield Finding("Window", reason or "can be shown")
    yield Finding("Acceleration", "none in use; pictures are decoded by the processor")


def _unwritable(folder: Path) -> str | None:
    existing = _nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=existing):
            return None
    except OSError as error:
        return f"not writable ({error.strerror})"


def _nearest(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())
