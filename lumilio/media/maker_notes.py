"""Apple's maker note, as far as the photo library needs it: exiv2 does not read it."""

import struct

_HEADER = b"Apple iOS\0"
_DIRECTORY_START = 14
_ENTRY = struct.Struct(">HHLL")
_CONTENT_IDENTIFIER = 0x0011
_ASCII = 2


def content_identifier(maker_note: bytes) -> str | None:
    """Return the UUID that joins a Live Photo's still and its clip, or None.

    The note is a big-endian directory whose offsets count from the note's own start.
    """
    if not maker_note.startswith(_HEADER) or len(maker_note) < _DIRECTORY_START + 2:
        return None
    count = int.from_bytes(maker_note[_DIRECTORY_START : _DIRECTORY_START + 2], "big")
    first = _DIRECTORY_START + 2
    last = min(first + count * _ENTRY.size, len(maker_note) - _ENTRY.size + 1)
    for position in range(first, last, _ENTRY.size):
        tag, kind, length, offset = _ENTRY.unpack_from(maker_note, position)
        if tag == _CONTENT_IDENTIFIER and kind == _ASCII:
            value = maker_note[offset : offset + min(length, 100)]
            return value.rstrip(b"\0").decode("ascii", "replace").strip() or None
    return None
