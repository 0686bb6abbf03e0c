"""Motion photos: where a picture file holds the clip that was taken with it, and how to get it out.

Google's phones append an MP4 and tell its length in XMP; Samsung's put it into a trailer under a
mark of its own or, in HEIC, into an `mpvd` box. Whatever is told is only believed where an MP4 is.
"""

import re
import struct
from collections.abc import Generator, Iterator, Mapping
from mmap import ACCESS_READ, mmap
from pathlib import Path

from lumilio.media.facts import EmbeddedVideo

_SAMSUNG_MARK, _SAMSUNG_END, _HEIF_MARK = b"MotionPhoto_Data", b"SEFT", b"mpvd"
_ITEM = re.compile(r"Directory\[(\d+)\]/(?:Container:Item/)?Item:(Semantic|Length|Padding)")
_VIDEO_SEMANTICS = ("MotionPhoto", "MicroVideo")
_BOXES = frozenset(
    {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"moof", b"mfra", b"sidx"}
    | {b"meta", b"udta", b"styp", b"pdin"}
)
_TAIL_BYTES = 64
_MOST_BOXES = 10_000
_CHUNK_BYTES = 1 << 20

Chunks = Generator[bytes, None, None]


def embedded_video(
    path: Path, texts: Mapping[str, str], structures: Mapping[str, str]
) -> EmbeddedVideo | None:
    """Return where the clip lies; `texts` and `structures` are the picture's XMP (see `tags`)."""
    if path.stat().st_size < _TAIL_BYTES:
        return None
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        for start in _candidates(content, texts, structures):
            length = _length_of_mp4(content, start)
            if length:
                return EmbeddedVideo(start, length)
    return None


def holds_clip(path: Path, video: EmbeddedVideo) -> bool:
    """Whether the clip still lies where it was found, and whole; OSError when the disk fails."""
    with path.open("rb") as file:
        file.seek(video.offset + 4)
        return file.read(4) == b"ftyp" and path.stat().st_size >= video.offset + video.length


def clip_bytes(path: Path, video: EmbeddedVideo, start: int = 0, end: int | None = None) -> Chunks:
    """Read a clip from one of its bytes up to another; OSError when the disk fails."""
    left = (video.length if end is None else end) - start
    with path.open("rb") as file:
        file.seek(video.offset + start)
        while left > 0 and (chunk := file.read(min(left, _CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk


def _candidates(
    content: mmap, texts: Mapping[str, str], structures: Mapping[str, str]
) -> Iterator[int]:
    size = len(content)
    behind = texts.get("MicroVideoOffset", "")
    if behind.isdecimal():
        yield size - int(behind)
    yield from (size - behind for behind in _told_by_directory(structures))
    is_motion = texts.get("MotionPhoto") == "1" or texts.get("MicroVideo") == "1"
    if content[-_TAIL_BYTES:].find(_SAMSUNG_END) >= 0:
        yield content.rfind(_SAMSUNG_MARK) + len(_SAMSUNG_MARK)
    if is_motion and content[4:8] == b"ftyp":
        yield content.rfind(_HEIF_MARK) + len(_HEIF_MARK)


def _told_by_directory(structures: Mapping[str, str]) -> Iterator[int]:
    """How far from the end the clip starts, by the list of parts in their order in the file."""
    items: dict[int, dict[str, str]] = {}
    for name, text in structures.items():
        if match := _ITEM.fullmatch(name):
            items.setdefault(int(match[1]), {})[match[2]] = text
    behind = 0
    for index in sorted(items, reverse=True):
        length = items[index].get("Length", "")
        behind += int(length) if length.isdecimal() else 0
        if items[index].get("Semantic") in _VIDEO_SEMANTICS and behind:
            yield behind


def _length_of_mp4(content: mmap, start: int) -> int:
    """The bytes from `start` that are boxes of an MP4 with a film in it, else 0."""
    if start <= 0 or content[start + 4 : start + 8] != b"ftyp":
        return 0
    position, kinds = start, set()
    for _ in range(_MOST_BOXES):
        head = content[position : position + 16]
        if len(head) < 8 or head[4:8] not in _BOXES:
            break
        (length,) = struct.unpack_from(">L", head)
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack_from(">Q", head, 8)
        length = len(content) - position if length == 0 else length
        if length < 8 or position + length > len(content):
            break
        kinds.add(head[4:8])
        position += length
    return position - start if kinds & {b"moov", b"moof"} else 0
