"""Facts in the structure of files that exiv2 passes over: PNG's time, the size of Fujifilm's RAW."""

import struct
from pathlib import Path
from typing import BinaryIO

_PNG = b"\x89PNG\r\n\x1a\n"
_RAF = b"FUJIFILMCCD-RAW "
_RAF_DIRECTORY_AT = 92
_RAF_CROPPED_SIZE = 0x0111
_MOST_ENTRIES = 1000


def png_time(path: Path) -> str | None:
    """Return when a PNG says that it was last changed, as "YYYY:MM:DD HH:MM:SS"."""
    with path.open("rb") as file:
        if file.read(len(_PNG)) != _PNG:
            return None
        for _ in range(_MOST_ENTRIES):
            head = file.read(8)
            if len(head) < 8:
                return None
            length, kind = struct.unpack(">L4s", head)
            if kind == b"tIME" and length == 7:
                return "{:04}:{:02}:{:02} {:02}:{:02}:{:02}".format(
                    *struct.unpack(">H5B", file.read(7).ljust(7, b"\0"))
                )
            file.seek(length + 4, 1)
    return None


def raf_size(path: Path) -> tuple[int, int] | None:
    """Return width and height of the picture in a Fujifilm RAW file."""
    with path.open("rb") as file:
        if file.read(len(_RAF)) != _RAF:
            return None
        try:
            return _raf_size(file)
        except struct.error:
            return None


def _raf_size(file: BinaryIO) -> tuple[int, int] | None:
    file.seek(_RAF_DIRECTORY_AT)
    (start,) = struct.unpack(">L", file.read(4))
    file.seek(start)
    (count,) = struct.unpack(">L", file.read(4))
    for _ in range(min(count, _MOST_ENTRIES)):
        tag, length = struct.unpack(">HH", file.read(4))
        value = file.read(length)
        if tag == _RAF_CROPPED_SIZE:
            height, width = struct.unpack(">HH", value[:4])
            return width, height
    return None
