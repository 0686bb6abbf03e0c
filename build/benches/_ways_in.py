"""The ways into the library that `faults` drills, each able to go on after a fault."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from _drill import Drill
from _support import IMPORT, Refused, environment

PARALLEL_UPLOADS = 4
CHUNKS = 4

_COPIED = "copied, but still waiting"
_SUMMARY = re.compile(r"^(\d+) added, (\d+) already there, (\d+) refused or failed$", re.MULTILINE)


@dataclass(frozen=True)
class Way:
    """A way into the library: `send` hands over what is not acknowledged yet, as far as it gets.

    `prepare` lays out what it needs. `alone` means that no server runs beside it, so that the fault
    hits the command itself. `in_place` means that files stay where they are, equal ones as well.
    """

    name: str
    send: Callable[[Drill], None]
    prepare: Callable[[Drill], None] = lambda drill: None
    alone: bool = False
    in_place: bool = False


def by_upload(drill: Drill) -> None:
    """Four clients send files."""

    def send(file: Path) -> None:
        receipt = drill.attempt(
            file.name, lambda: drill.server.client.upload(file, drill.repository_id)
        )
        if receipt is not None:
            drill.acknowledged[file] = receipt["asset_id"]

    _send_waiting(drill, send)


def by_chunks(drill: Drill) -> None:
    """Four clients send files in chunks; after a fault they ask which ones are there."""

    def send(file: Path) -> None:
        receipt = drill.attempt(file.name, lambda: _send_chunks(drill, file))
        if receipt is not None:
            drill.acknowledged[file] = receipt["asset_id"]

    _send_waiting(drill, send)


def _send_chunks(drill: Drill, file: Path) -> Any:
    client = drill.server.client
    session = str(uuid5(NAMESPACE_URL, file.name))
    content = file.read_bytes()
    size = len(content) // CHUNKS + 1
    known = drill.chunks.setdefault(file, set())
    answer = client.call("GET", f"/assets/batch/progress?session_ids={session}")
    there = {index for entry in answer["sessions"] for index in entry["received"]}
    if known - there:
        drill.violations.append(f"LOST: chunks {known - there} of {file.name}")
        known.clear()
    # The answer to the last one may have got lost, so it is asked for in any case.
    for index in [i for i in range(CHUNKS) if i not in there] or [0]:
        field = f"chunk_{session}_{index}_{CHUNKS}"
        piece = content[index * size : (index + 1) * size]
        receipt = client.send_chunk(field, file.name, piece, drill.repository_id)
        known.add(index)
    return receipt


def _send_waiting(drill: Drill, send: Callable[[Path], None]) -> None:
    """Send every file that was not acknowledged yet, by several clients at once."""
    with ThreadPoolExecutor(PARALLEL_UPLOADS) as pool:
        list(pool.map(send, drill.waiting))


def lay_files(drill: Drill) -> None:
    """Put the files into the repository, as a person does with a file manager."""
    shutil.copytree(drill.files[0].parent, drill.repository / "Photos")


def by_scan(drill: Drill) -> None:
    """Scan files that lie in the repository; one that was acknowledged goes on, or says why not."""
    if not drill.acknowledged or drill.attempt("the scan", lambda: _has_failed(drill)):
        path = f"/repositories/{drill.repository_id}/scan"
        if drill.attempt("the scan", lambda: drill.call("POST", path, {})):
            drill.acknowledged = dict.fromkeys(drill.files, "")


def _has_failed(drill: Drill) -> bool:
    try:
        run = drill.call("GET", f"/repositories/{drill.repository_id}/scans/latest")
    except Refused as error:
        if error.status == 404:
            return False
        raise
    return bool(run["status"] == "failed")


def by_command(drill: Drill) -> None:
    """`lumilio import` of what is not there yet; what its report does not refuse is acknowledged."""
    waiting, begun = drill.waiting, time.monotonic()
    if not waiting:
        return
    drill.command = subprocess.Popen(
        [*IMPORT, *map(str, waiting), "--home", str(drill.server.home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(drill.server.mark, {}) | drill.server.variables,
    )
    told, _ = drill.command.communicate()
    summary = _SUMMARY.search(told)
    # One that ended early knows nothing of the rest.
    if summary is not None and sum(map(int, summary.groups())) == len(waiting):
        lines = [line for line in told.splitlines() if _COPIED not in line]
        refused = {file for file in waiting if any(line.startswith(f"{file}: ") for line in lines)}
        if drill.is_calm_since(begun):
            # These were taken, although they cannot be read as pictures.
            refused -= drill.corrupt
        drill.acknowledged |= dict.fromkeys([file for file in waiting if file not in refused], "")


WAYS = (
    Way("upload", by_upload),
    Way("chunks", by_chunks),
    Way("scan", by_scan, lay_files, in_place=True),
    Way("import", by_command),
    Way("upload", by_upload),
    Way("scan", by_scan, lay_files, in_place=True),
    Way("import alone", by_command, alone=True),
)
