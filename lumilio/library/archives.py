"""Many originals in one ZIP archive, which is made while it is read and never stored."""

import os
from collections.abc import Generator, Iterator, Sequence
from datetime import datetime
from io import RawIOBase
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from msgspec import Struct

from lumilio.db import Connection, from_microseconds
from lumilio.errors import NotFound
from lumilio.library import file_names, repositories
from lumilio.library.assets import LISTED
from lumilio.library.context import Context
from lumilio.library.repository_folders import Layout

SKIPPED = "skipped.txt"

_PIECE_BYTES = 1 << 20
_FIRST_YEAR, _LAST_YEAR = 1980, 2107
_MODE = 0o100644 << 16


class Member(Struct, frozen=True):
    """One original in an archive; `taken_at` is the wall clock at capture."""

    name: str
    path: Path
    taken_at: datetime


class _Original(Struct, frozen=True):
    owner_id: int | None
    repository_key: int
    storage_path: str
    original_filename: str
    taken_at: int


def members(ctx: Context, asset_ids: Sequence[UUID]) -> list[Member]:
    """The originals of these assets, each once, under names that differ on every system.

    Raises NotFound and Forbidden for the first asset that cannot be had.
    """
    found: list[Member] = []
    layouts: dict[int, Layout] = {}
    numbers: dict[str, int] = {file_names.folded(SKIPPED): 1}
    with ctx.db.read() as db:
        for asset_id in dict.fromkeys(asset_ids):
            original = _require(ctx, db, asset_id)
            key = original.repository_key
            if key not in layouts:
                layouts[key] = repositories.by_key(db, key).layout
            path = layouts[key].held_file(original.storage_path)
            if path is None:
                raise NotFound(
                    f"The original of {original.original_filename} is not there; its disk may be"
                    " disconnected"
                )
            name = _free_name(file_names.safe_name(original.original_filename), numbers)
            found.append(Member(name, path, from_microseconds(original.taken_at)))
    return found


def stream(contents: Sequence[Member]) -> Generator[bytes, None, None]:
    """The bytes of the archive; what cannot be read any more is named in an entry `skipped.txt`."""
    pipe = _Pipe()
    skipped: list[str] = []
    with ZipFile(pipe, "w", ZIP_STORED) as archive:
        for member in contents:
            yield from _added(archive, pipe, member, skipped)
        if skipped:
            told = "These files could not be read to their end:\n\n" + "\n".join(skipped) + "\n"
            archive.writestr(SKIPPED, told)
    yield pipe.take()


def _require(ctx: Context, db: Connection, asset_id: UUID) -> _Original:
    found = db.row(
        _Original,
        "SELECT owner_id, repository_id, storage_path, original_filename, capture_order"
        f" FROM assets WHERE asset_id = ? AND {LISTED}",
        (asset_id.bytes,),
    )
    if found is None:
        raise NotFound(f"There is no asset {asset_id}")
    ctx.require_sight(found.owner_id)
    return found


def _free_name(name: str, numbers: dict[str, int]) -> str:
    """The name, numbered where an earlier one differs by nothing or by letter case alone."""
    path = PurePosixPath(name)
    folded = file_names.folded(name)
    free = name
    while file_names.folded(free) in numbers:
        numbers[folded] += 1
        free = f"{path.stem} ({numbers[folded]}){path.suffix}"
    numbers[file_names.folded(free)] = 1
    return free


def _added(archive: ZipFile, pipe: "_Pipe", member: Member, skipped: list[str]) -> Iterator[bytes]:
    try:
        source = member.path.open("rb")
    except OSError as error:
        skipped.append(f"{member.name}: {error.strerror}")
        return
    with source:
        size = os.fstat(source.fileno()).st_size
        rest = size
        try:
            with archive.open(_info(member, size), "w") as target:
                # A file that grows meanwhile ends where it ended before.
                while rest and (piece := source.read(min(_PIECE_BYTES, rest))):
                    rest -= len(piece)
                    target.write(piece)
                    if pipe.size >= _PIECE_BYTES:
                        yield pipe.take()
            why = "the file was cut off"
        except OSError as error:
            why = error.strerror or "it cannot be read"
        if rest:
            skipped.append(f"{member.name}: only {size - rest} of {size} bytes ({why})")


def _info(member: Member, size: int) -> ZipInfo:
    taken_at = member.taken_at
    if not _FIRST_YEAR <= taken_at.year <= _LAST_YEAR:
        taken_at = taken_at.replace(year=_FIRST_YEAR, month=1, day=1)
    info = ZipInfo(member.name, taken_at.timetuple()[:6])
    info.external_attr = _MODE
    # By the size, `open` decides on Zip64.
    info.file_size = size
    return info


class _Pipe(RawIOBase):
    """Keeps what is written until it is taken; cannot seek, so that no header is written twice."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self.size += len(piece)
        return len(piece)

    def take(self) -> bytes:
        """What was written since the last time."""
        pieces, self._pieces, self.size = self._pieces, [], 0
        return b"".join(pieces)
