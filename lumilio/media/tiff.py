"""The directories of a TIFF file, as far as telling a RAW file from a plain picture needs them."""

import struct
from collections.abc import Mapping
from typing import BinaryIO

# Every RAW format that is laid out as a TIFF; most are told apart by nothing but the camera.
RAW_EXTENSIONS = (
    "dng", "cr2", "nef", "nrw", "arw", "sr2", "srf", "pef", "srw", "3fr", "fff", "iiq", "dcr",
    "kdc", "erf", "mef", "mos", "rw2", "rwl",
)  # fmt: skip
_PLAIN_EXTENSIONS = ("tif", "tiff")
_BY_MAKE = {
    b"NIKON": "nef",
    b"SONY": "arw",
    b"PENTAX": "pef",
    b"RICOH": "pef",
    b"SAMSUNG": "srw",
    b"HASSELBLAD": "3fr",
    b"KODAK": "dcr",
    b"EASTMAN KODAK": "dcr",
    b"EPSON": "erf",
    b"SEIKO EPSON": "erf",
    b"PHASE ONE": "iiq",
    b"LEAF": "mos",
    b"MAMIYA": "mef",
    b"CANON": "cr2",
}

_MAKE, _DNG_VERSION, _SUB_DIRECTORIES = 0x010F, 0xC612, 0x014A
_COMPRESSION, _PHOTOMETRIC = 0x0103, 0x0106
_COLOUR_FILTER_ARRAY, _LINEAR_RAW = 32803, 34892
_RAW_COMPRESSIONS = frozenset({32767, 34713, 65000, 65535})  # Sony, Nikon, Kodak, Pentax
_MOST_ENTRIES = 512
_MOST_SUB_DIRECTORIES = 8
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1, 13: 4}
_Directory = Mapping[int, tuple[int, int, bytes]]


def family(file: BinaryIO) -> tuple[str, ...]:
    """Return the extensions that may name a file that begins like a TIFF, the likeliest first."""
    file.seek(0)
    head = file.read(16)
    if head[2:4] not in (b"*\0", b"\0*"):
        return _PLAIN_EXTENSIONS  # BigTIFF, which no camera writes
    reader = _Reader(file, "<" if head[:2] == b"II" else ">")
    main = reader.directory(reader.integer(head[4:8]))
    raw = _raw_extension(head, main, reader)
    if raw is None:
        # A RAW file of a camera we do not know keeps the name that its camera gave it.
        return (*_PLAIN_EXTENSIONS, *RAW_EXTENSIONS)
    return (raw, *RAW_EXTENSIONS)


def _raw_extension(head: bytes, main: _Directory, reader: "_Reader") -> str | None:
    if _DNG_VERSION in main:
        return "dng"
    if head[8:10] == b"CR":
        return "cr2"
    if head[8:12] in (b"IIII", b"MMMM"):
        return "iiq"
    make = reader.data(main[_MAKE]).strip(b"\0 ").upper() if _MAKE in main else b""
    extension = next((found for start, found in _BY_MAKE.items() if make.startswith(start)), None)
    directories = [main]
    if _SUB_DIRECTORIES in main:
        offsets = reader.integers(main[_SUB_DIRECTORIES])[:_MOST_SUB_DIRECTORIES]
        directories += [reader.directory(offset) for offset in offsets]
    is_raw = extension is not None and any(_is_raw(one, reader) for one in directories)
    return extension if is_raw else None


def _is_raw(directory: _Directory, reader: "_Reader") -> bool:
    """Whether a directory describes what a sensor saw rather than a picture."""
    kinds = reader.integers(directory[_PHOTOMETRIC]) if _PHOTOMETRIC in directory else []
    ways = reader.integers(directory[_COMPRESSION]) if _COMPRESSION in directory else []
    return bool(
        {_COLOUR_FILTER_ARRAY, _LINEAR_RAW}.intersection(kinds)
        or _RAW_COMPRESSIONS.intersection(ways)
    )


class _Reader:
    """Reads what hostile offsets point to; what is not there is empty."""

    def __init__(self, file: BinaryIO, order: str) -> None:
        self._file = file
        self._order = order

    def integer(self, data: bytes) -> int:
        return int.from_bytes(data, "little" if self._order == "<" else "big")

    def directory(self, offset: int) -> dict[int, tuple[int, int, bytes]]:
        count = min(self.integer(self._at(offset, 2)), _MOST_ENTRIES)
        block = self._at(offset + 2, 12 * count)
        entries = struct.iter_unpack(f"{self._order}HHI4s", block[: len(block) // 12 * 12])
        return {tag: (kind, number, value) for tag, kind, number, value in entries}

    def data(self, entry: tuple[int, int, bytes]) -> bytes:
        kind, number, value = entry
        size = min(number, _MOST_ENTRIES) * _SIZES.get(kind, 0)
        return value[:size] if size <= 4 else self._at(self.integer(value), size)

    def integers(self, entry: tuple[int, int, bytes]) -> list[int]:
        size, data = _SIZES.get(entry[0], 1), self.data(entry)
        return [self.integer(data[at : at + size]) for at in range(0, len(data), size)]

    def _at(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(size)
