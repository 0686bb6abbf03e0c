"""Gain maps: a second picture in a file, from which HDR screens could brighten the first.

Google's (Ultra HDR), Apple's and that of ISO 21496-1 alike. The first picture is the one that all
screens show, and so do we; that there is more is a fact to tell.
"""

from mmap import ACCESS_READ, mmap
from pathlib import Path

from lumilio.media.boxes import content_of

_JPEG, _BOXES = b"\xff\xd8\xff", b"ftyp"
_SEVERAL_PICTURES = b"MPF\0"
_HEADER_BYTES = 1 << 18
_LONGEST_SEGMENT = 1 << 16
_START_OF_SCAN = 0xDA
_MARKS_IN_JPEG = (
    b"http://ns.adobe.com/hdr-gain-map/1.0/",
    b"http://ns.apple.com/HDRGainMap/1.0/",
    b"urn:iso:std:iso:ts:21496:-1",
)
_MARKS_IN_BOXES = (b"urn:com:apple:photo:2020:aux:hdrgainmap", b"tmap\0")


def has_gain_map(path: Path) -> bool:
    """Whether a file brings a gain map; OSError when it cannot be read."""
    if not path.stat().st_size:
        return False
    with path.open("rb") as file:
        if file.read(8)[4:] == _BOXES:
            header = content_of(file, b"meta")
            return any(mark in header for mark in _MARKS_IN_BOXES)
        with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            return _is_behind_first(content)


def _is_behind_first(content: mmap) -> bool:
    """Whether a picture behind the first says so itself: editors keep the words and drop the map."""
    if content[:3] != _JPEG or content.find(_SEVERAL_PICTURES, 0, _HEADER_BYTES) < 0:
        return False
    for mark in _MARKS_IN_JPEG:
        at = content.rfind(mark)
        start = content.rfind(_JPEG, max(at - _LONGEST_SEGMENT, 1), at) if at > 0 else -1
        if start > 0 and _is_in_header(content, start, at):
            return True
    return False


def _is_in_header(content: mmap, start: int, at: int) -> bool:
    position = start + 2
    while position < at and content[position] == 0xFF and content[position + 1] != _START_OF_SCAN:
        position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return position > at
