"""Makers' own notes, as far as exiv2 does not read them: Apple's live photo, Reconyx' clock, film speeds."""

import struct
from collections.abc import Sequence

_APPLE_HEADER = b"Apple iOS\0"
_DIRECTORY_START = 14
_ENTRY = struct.Struct(">HHLL")
_BURST = 0x000B
_CONTENT_IDENTIFIER = 0x0011
_ASCII = 2

_KODAK_SPEED_AT = 8 + 0x60
_ISO_IS_UNKNOWN = 65535
_MOST_EXPONENT = 20
_HYPERFIRE, _ULTRAFIRE, _HYPERFIRE_2 = b"\x01\xf1", b"RECONYXUF\0", b"RECONYXH2\0"


def content_identifier(note: bytes) -> str | None:
    """Return the UUID that joins a Live Photo's still and its clip, or None."""
    return _apple_text(note, _CONTENT_IDENTIFIER)


def burst_id(note: bytes) -> str | None:
    """Return the UUID that joins the photos of an Apple burst, or None."""
    return _apple_text(note, _BURST)


def _apple_text(note: bytes, wanted: int) -> str | None:
    """Return the text of a tag of Apple's.

    The note is a big-endian directory whose offsets count from the note's own start.
    """
    if not note.startswith(_APPLE_HEADER) or len(note) < _DIRECTORY_START + 2:
        return None
    count = int.from_bytes(note[_DIRECTORY_START : _DIRECTORY_START + 2], "big")
    first = _DIRECTORY_START + 2
    last = min(first + count * _ENTRY.size, len(note) - _ENTRY.size + 1)
    for position in range(first, last, _ENTRY.size):
        tag, kind, length, offset = _ENTRY.unpack_from(note, position)
        if tag == wanted and kind == _ASCII:
            value = note[offset : offset + min(length, 100)]
            return value.rstrip(b"\0").decode("ascii", "replace").strip() or None
    return None


def trail_camera_time(note: bytes) -> str | None:
    """Return "YYYY:MM:DD HH:MM:SS" from the note of a Reconyx camera, which has no date elsewhere."""
    try:
        if note.startswith(_HYPERFIRE):
            second, minute, hour, month, day, year = _little_or_big(note)
        elif note.startswith(_ULTRAFIRE):
            second, minute, hour, day, month, year = struct.unpack_from("<5BH", note, 0x3B)
        elif note.startswith(_HYPERFIRE_2):
            second, minute, hour, day, month, year = struct.unpack_from("<6H", note, 0x3E)
        else:
            return None
    except struct.error:
        return None
    return f"{year:04}:{month:02}:{day:02} {hour:02}:{minute:02}:{second:02}"


def _little_or_big(note: bytes) -> Sequence[int]:
    """Some firmware writes these numbers big-endian among others that are little-endian."""
    parts = struct.unpack_from("<6H", note, 22)
    return parts if parts[0] < 60 else struct.unpack_from(">6H", note, 22)


def kodak_speed(note: bytes) -> int | None:
    """Return the ISO speed of Kodak's compact cameras."""
    order = ">" if note.startswith(b"KDK INFO") else "<"
    if not note.startswith(b"KDK") or len(note) < _KODAK_SPEED_AT + 2:
        return None
    (speed,) = struct.unpack_from(f"{order}H", note, _KODAK_SPEED_AT)
    return speed if 0 < speed < _ISO_IS_UNKNOWN else None


def canon_speed(base: float, automatic: float) -> int | None:
    """Return the ISO speed of old Canon cameras from the two logarithms that they note."""
    exponent = (base + automatic) / 32
    return round(2.0**exponent * 100 / 32) if 0 < exponent < _MOST_EXPONENT else None
