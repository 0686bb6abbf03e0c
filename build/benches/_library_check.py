"""Is a library whole? Looks past the program: at its database, its files and its folders."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from _support import REMAINING, rows
from blake3 import blake3

_THUMBNAILS = 3
_RIFF_HEADER = 8
# What a reason must not look like: it is read by people.
_NOT_FOR_PEOPLE = ("Traceback", 'File "', "Error(", "Exception", "<class")


def check_library(
    home: Path,
    repository: Path,
    sources: Mapping[Path, str],
    corrupt: Collection[Path],
    *,
    in_place: bool = False,
) -> Iterator[str]:
    """Every way in which the library of a stopped server is not whole, one sentence each.

    `sources` are the files that it took, each with the asset id that was acknowledged, or "". Equal
    ones are one asset, unless they are `in_place`.
    """
    hashes = {file: blake3(file.read_bytes()).digest() for file in sources}
    assets = rows(home, _ASSETS)
    found = {row[0]: row for row in assets}
    yield from _database(home)
    yield from _identities(found, hashes, sources)
    yield from _counts(assets, Counter(hashes.values()), in_place=in_place)
    bad = {hashes[file] for file in corrupt if file in hashes}
    for asset in assets:
        yield from _state(asset, is_corrupt=asset[0] in bad)
        yield from _original(repository, asset)
    yield from _jobs(home, bad)
    yield from _folders(repository, {asset[3] for asset in assets})
    yield from _thumbnails(home, repository, found)


_ASSETS = (
    "SELECT hash, asset_id, original_filename, storage_path, processing, deleted_at FROM assets"
)


def _database(home: Path) -> Iterator[str]:
    for (finding,) in rows(home, "PRAGMA integrity_check"):
        if finding != "ok":
            yield f"integrity_check: {finding}"
    for finding in rows(home, "PRAGMA foreign_key_check"):
        yield f"foreign_key_check: {finding}"


def _identities(
    found: Mapping[bytes, Any], hashes: Mapping[Path, bytes], sources: Mapping[Path, str]
) -> Iterator[str]:
    for file, content in hashes.items():
        asset = found.get(content)
        if asset is None:
            yield f"LOST: {file.name} was acknowledged and is in no asset"
        elif sources[file] and sources[file].replace("-", "") != asset[1].hex():
            yield f"{file.name} was acknowledged with another asset's id"
    known = set(hashes.values())
    for content, asset in found.items():
        if content not in known:
            yield f"UNKNOWN: asset {asset[2]} has content that nobody handed over"


def _counts(assets: list[Any], sources: Counter[bytes], *, in_place: bool) -> Iterator[str]:
    names = {asset[0]: asset[2] for asset in assets}
    for content, count in Counter(asset[0] for asset in assets).items():
        wanted = sources[content] if in_place else 1
        if count > wanted:
            yield f"TWICE: {names[content]} is in {count} assets"
        elif count < wanted:
            yield f"LOST: {names[content]} lies in {wanted} places and is in {count} assets"


def _state(asset: Any, *, is_corrupt: bool) -> Iterator[str]:
    name, status = asset[2], msgspec.json.decode(asset[4])
    reasons = [error["error"] for error in status.get("errors", [])]
    if asset[5] is not None:
        yield f"{name} is in the trash"
    if not is_corrupt and status["state"] != "complete":
        yield f"{name} is {status['state']}: {'; '.join(reasons) or status['message']}"
    if is_corrupt and (status["state"] not in ("failed", "warning") or not reasons):
        yield f"corrupt {name} is {status['state']} without a reason"
    for reason in reasons:
        if any(words in reason for words in _NOT_FOR_PEOPLE) or len(reason) < 10:
            yield f"{name} has a reason that is no sentence: {reason}"


def _original(repository: Path, asset: Any) -> Iterator[str]:
    try:
        content = (repository / asset[3]).read_bytes()
    except OSError as error:
        yield f"LOST: the original {asset[3]} cannot be read: {error.strerror}"
        return
    if blake3(content).digest() != asset[0]:
        yield f"CHANGED: the original {asset[3]} has other bytes than its source"


def _jobs(home: Path, bad: Collection[bytes]) -> Iterator[str]:
    jobs = rows(
        home,
        "SELECT jobs.kind, jobs.state, jobs.attempt, jobs.last_error, assets.hash,"
        " assets.original_filename FROM jobs LEFT JOIN assets ON assets.id = jobs.asset_id"
        " WHERE jobs.state != 'completed'",
    )
    scans = [status for (status,) in rows(home, "SELECT status FROM scan_runs ORDER BY id")]
    for kind, state, attempt, error, content, name in jobs:
        if kind == "scan_repository" and state == "discarded" and scans[-1] == "completed":
            # Whoever asked was told, and asked again.
            continue
        if state in REMAINING:
            yield f"STUCK: {kind} of {name} is {state} after {attempt} attempts {error}"
        elif content not in bad:
            yield f"{kind} of {name} was given up: {error}"
    for status in scans:
        if status in ("running", "queued"):
            yield f"STUCK: a scan is still {status}"


def _folders(repository: Path, expected: Collection[str]) -> Iterator[str]:
    # `staging/failed` keeps whole uploads whose sender never got an answer.
    for folder in ("staging/incoming", "temp"):
        for file in _files(repository / ".lumilio" / folder):
            yield f"LEFT OVER: {file.relative_to(repository)}"
    for file in _files(repository / "inbox"):
        if file.relative_to(repository).as_posix() not in expected:
            yield f"UNKNOWN: {file.relative_to(repository)} belongs to no asset"


def _thumbnails(home: Path, repository: Path, found: Mapping[bytes, Any]) -> Iterator[str]:
    wanted = rows(
        home,
        "SELECT DISTINCT hex(hash), thumbnails.storage_path FROM thumbnails JOIN assets ON assets.id = thumbnails.asset_id",
    )
    counts = Counter(content for content, _ in wanted)
    for content, asset in found.items():
        count, status = counts[content.hex().upper()], msgspec.json.decode(asset[4])
        if status["state"] == "complete" and count != _THUMBNAILS:
            yield f"{asset[2]} is complete with {count} thumbnails"
    expected = {repository / path for _, path in wanted}
    for path in expected:
        if not _is_whole_webp(path):
            yield f"the thumbnail {path.name} is missing or not whole"
    for file in _files(repository / ".lumilio" / "assets"):
        if file not in expected:
            yield f"LEFT OVER: {file.relative_to(repository)}"


def _is_whole_webp(path: Path) -> bool:
    try:
        content = path.read_bytes()
    except OSError:
        return False
    length = int.from_bytes(content[4:_RIFF_HEADER], "little")
    return content[:4] == b"RIFF" and length + _RIFF_HEADER == len(content)


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())
