"""The ways into the library that `faults` drills, each able to go on after a kill."""

import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from _support import IMPORT, Refused, Server, Unreachable, environment

PARALLEL_UPLOADS = 4
CHUNKS = 4


@dataclass
class Drill:
    """One round: its home, its files, what was acknowledged, and what is wrong at the end."""

    server: Server
    files: list[Path]
    corrupt: set[Path]
    repository_id: str = ""
    acknowledged: dict[Path, str] = field(default_factory=dict)
    chunks: dict[Path, set[int]] = field(default_factory=dict)
    command: subprocess.Popen[bytes] | None = None
    kills: list[str] = field(default_factory=list)
    killed_marks: dict[str, float] = field(default_factory=dict)
    sending: float = 0.0
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)

    @property
    def repository(self) -> Path:
        """The folder of the primary repository."""
        return self.server.home / "storage" / "primary"


@dataclass(frozen=True)
class Way:
    """A way into the library: `send` hands over what is not acknowledged yet, until killed.

    `prepare` lays out what it needs. `alone` means that no server runs beside it, so that the kill
    hits the command itself.
    """

    name: str
    send: Callable[[Drill], None]
    prepare: Callable[[Drill], None] = lambda drill: None
    alone: bool = False


def by_upload(drill: Drill) -> None:
    """Four clients send files."""

    def send(file: Path) -> None:
        with suppress(Unreachable):
            try:
                receipt = drill.server.client.upload(file, drill.repository_id)
            except Refused as error:
                drill.violations.append(f"{file.name} was refused, {error}")
            else:
                drill.acknowledged[file] = receipt["asset_id"]

    _send_waiting(drill, send)


def by_chunks(drill: Drill) -> None:
    """Four clients send files in chunks; after a kill they ask which ones are there."""
    client = drill.server.client

    def send(file: Path) -> None:
        session = str(uuid5(NAMESPACE_URL, file.name))
        content = file.read_bytes()
        size = len(content) // CHUNKS + 1
        known = drill.chunks.setdefault(file, set())
        with suppress(Unreachable):
            try:
                answer = client.call("GET", f"/assets/batch/progress?session_ids={session}")
                there = {i for entry in answer["sessions"] for i in entry["received"]}
                if known - there:
                    drill.violations.append(f"LOST: chunks {known - there} of {file.name}")
                # The answer to the last one may have got lost, so it is asked for in any case.
                for index in [i for i in range(CHUNKS) if i not in there] or [0]:
                    field = f"chunk_{session}_{index}_{CHUNKS}"
                    piece = content[index * size : (index + 1) * size]
                    receipt = client.send_chunk(field, file.name, piece, drill.repository_id)
                    known.add(index)
            except Refused as error:
                drill.violations.append(f"{file.name} was refused, {error}")
            else:
                drill.acknowledged[file] = receipt["asset_id"]

    _send_waiting(drill, send)


def _send_waiting(drill: Drill, send: Callable[[Path], None]) -> None:
    """Send every file that was not acknowledged yet, by several clients at once."""
    waiting = [file for file in drill.files if file not in drill.acknowledged]
    with ThreadPoolExecutor(PARALLEL_UPLOADS) as pool:
        list(pool.map(send, waiting))


def lay_files(drill: Drill) -> None:
    """Put the files into the repository, as a person does with a file manager."""
    shutil.copytree(drill.files[0].parent, drill.repository / "Photos")


def by_scan(drill: Drill) -> None:
    """Scan files that lie in the repository; a scan that was acknowledged must go on by itself."""
    if not drill.acknowledged:
        with suppress(Unreachable):
            drill.server.client.call("POST", f"/repositories/{drill.repository_id}/scan", {})
            drill.acknowledged = dict.fromkeys(drill.files, "")


def by_command(drill: Drill) -> None:
    """`lumilio import` of the whole folder; only one that came to its end acknowledges it."""
    drill.command = subprocess.Popen(
        [*IMPORT, str(drill.files[0].parent), "--home", str(drill.server.home)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(drill.server.mark, {}),
    )
    if drill.command.wait() >= 0 and drill.server.is_running:
        drill.acknowledged = dict.fromkeys(drill.files, "")


WAYS = (
    Way("upload", by_upload),
    Way("chunks", by_chunks),
    Way("scan", by_scan, lay_files),
    Way("import", by_command),
    Way("upload", by_upload),
    Way("scan", by_scan, lay_files),
    Way("import alone", by_command, alone=True),
)
