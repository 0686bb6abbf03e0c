"""Boxes (ISO-BMFF) and what their headers tell before anything is decoded."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from msgspec import Struct

_MOST_BOXES = 256
_MOST_BYTES = 1 << 20


class Cicp(Struct, frozen=True):
    """Coding-independent code points (ITU-T H.273): which colours and which curve."""

    primaries: int
    transfer: int


def boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and size of the content of each box in a file, at most a few hundred."""
    position = 0
    for _ in range(_MOST_BOXES):
        file.seek(position)
        head = file.read(16)
        if len(head) < 8:
            return
        size, kind = struct.unpack_from(">I4s", head)
        length = 8
        if size == 1 and len(head) == 16:
            size, length = int.from_bytes(head[8:16], "big"), 16
        if size == 0:
            size = file.seek(0, 2) - position
        if size < length:
            return
        yield kind, position + length, size - length
        position += size


def cicp_of_avif(file: BinaryIO) -> Cicp | None:
    """Return the colours of the primary picture as its `colr` box of kind nclx tells them."""
    return _cicp_in_meta(content_of(file, b"meta"))


def content_of(file: BinaryIO, wanted: bytes) -> bytes:
    """Return the content of the first box of a kind, at most a megabyte; empty without one."""
    for kind, start, size in boxes(file):
        if kind == wanted:
            file.seek(start)
            return file.read(min(size, _MOST_BYTES))
    return b""


def _cicp_in_meta(meta: bytes) -> Cicp | None:
    inner = dict(_inner(meta, 4))
    item = inner.get(b"pitm", b"")
    wide = item[:1] > b"\0"
    primary = int.from_bytes(item[4 : 8 if wide else 6], "big")
    properties = dict(_inner(inner.get(b"iprp", b""), 0))
    owned = _owned(properties.get(b"ipma", b""), primary)
    for index, (kind, content) in enumerate(_inner(properties.get(b"ipco", b""), 0), 1):
        if index in owned and kind == b"colr" and content[:4] == b"nclx" and len(content) >= 10:
            return Cicp(*struct.unpack_from(">HH", content, 4))
    return None


def _inner(content: bytes, position: int) -> Iterator[tuple[bytes, bytes]]:
    while position + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, position)
        if size < 8:
            return
        yield kind, content[position + 8 : position + size]
        position += size


def _owned(associations: bytes, item: int) -> set[int]:
    """Return the numbers of the properties that belong to an item (the box `ipma`)."""
    if len(associations) < 8:
        return set()
    id_size = 2 if associations[0] < 1 else 4
    width = 2 if associations[3] & 1 else 1
    position = 8
    for _ in range(int.from_bytes(associations[4:8], "big")):
        found = int.from_bytes(associations[position : position + id_size], "big")
        start = position + id_size + 1
        if start > len(associations):
            return set()
        end = start + width * associations[start - 1]
        if found == item:
            # The highest bit says whether a reader must understand the property.
            mask = (1 << (8 * width - 1)) - 1
            numbers = range(start, min(end, len(associations) - width + 1), width)
            return {int.from_bytes(associations[at : at + width], "big") & mask for at in numbers}
        position = end
    return set()
