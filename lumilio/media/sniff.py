"""What a file is by its content: the first bytes tell the family, the name its member.

A camera may call the same bytes .heic, .heif or .hif, and most RAW files begin like any TIFF. So
the name chooses between the formats that such bytes can be, and has no say beyond that.
"""

import re
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import BinaryIO

from lumilio.media import tiff
from lumilio.media.formats import FORMATS, Format, format_of

HEAD_BYTES = 4096

_HEVC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
HEIF_BRANDS = _HEVC_BRANDS | {b"mif1", b"msf1", b"mif2"}
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_BRANDS = 64

_MP4 = ("mp4", "m4v", "mov", "3gp", "m4a", "insv", "lrv")
_MOV = ("mov", "mp4", "m4v", "insv", "m4a")
_FAMILIES_BY_BRAND = {
    b"crx ": ("cr3",),
    b"qt  ": _MOV,
    b"M4A ": ("m4a", "mp4"),
    b"M4B ": ("m4a", "mp4"),
}
# The first name of a family stands for it when the file's own name is of another one.
_FAMILIES: tuple[tuple[re.Pattern[bytes], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern, re.DOTALL), tuple(extensions.split()))
    for pattern, extensions in (
        (rb"\xff\xd8\xff", "jpg jpeg jpe jfif insp"),
        (rb"\x89PNG\r\n\x1a\n", "png"),
        (rb"RIFF....WEBP", "webp"),
        (rb"GIF8[79]a", "gif"),
        (rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0", "bmp"),
        (rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n", "jxl"),
        (rb"\0\0\0\x0cjP  \r\n\x87\n", "jp2 jpf jpx j2k"),
        (rb"\xff\x4f\xff\x51", "j2k j2c jp2"),
        (rb"8BPS\0\x01", "psd"),
        (rb"8BPS\0\x02", "psb psd"),
        (rb"FUJIFILMCCD-RAW ", "raf"),
        (rb"\0MRM", "mrw"),
        (rb"FOVb", "x3f"),
        (rb"II\x1a\0\0\0HEAPCCDR", "crw"),
        (rb"II(?:RO|RS)|MMOR", "orf"),
        (rb"IIU\0", "rw2 rwl"),
        (rb"RIFF....AVI ", "avi"),
        (rb"(?:RIFF|RF64)....WAVE", "wav"),
        (rb"FORM....AIF[FC]", "aiff"),
        (rb"\x1a\x45\xdf\xa3.{0,64}webm", "webm mkv"),
        (rb"\x1a\x45\xdf\xa3", "mkv webm"),
        (rb"FLV\x01", "flv"),
        (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "wmv wma"),
        (rb"OggS.{24,48}OpusHead", "opus ogg oga"),
        (rb"OggS.{24,48}\x80theora", "ogv ogg"),
        (rb"OggS", "ogg oga ogv opus"),
        (rb"fLaC", "flac"),
        (rb"ID3[\x02-\x04]", "mp3 aac flac wav aiff"),
        (rb"....(?:moov|mdat|wide|free|skip|pnot)", " ".join(_MOV)),
        (rb"\0\0\x01[\xb3\xba]", "mpg mpeg"),
        (rb"G.{187}G.{187}G", "mts m2ts mpg"),
        (rb".{4}G.{191}G.{191}G", "m2ts mts"),
        (rb"\xff[\xf0\xf1\xf8\xf9]", "aac mp3"),
        # Cut recordings may begin with the silence of bytes that were never written.
        (rb"\0*\xff[\xe2-\xe5\xf2-\xf5\xfa-\xfd]", "mp3 mpg"),
    )
)
_TIFF_START = re.compile(rb"II[*+]\0|MM\0[*+]")
# What may stand before the root of an XML document.
_PROLOGUE = re.compile(
    r"\s+|<\?.{0,2000}?\?>|<!--.{0,4000}?-->|<!DOCTYPE[^\[>]{0,1000}(?:\[[^\]]{0,4000}\]\s*)?>",
    re.DOTALL | re.IGNORECASE,
)
_SVG_ROOT = re.compile(r"<(?:\w+:)?svg[\s>/]")
_BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


def sniff(file: BinaryIO, name: str | PurePath) -> Format | None:
    """Return the format of a file's content, or None when it is of no supported one.

    `file` is at its start; its first `HEAD_BYTES` are enough to tell whether there is a format. A
    file that is damaged or cut off behind its first bytes has one, too.
    """
    family = _family(file.read(HEAD_BYTES), file)
    named = format_of(name)
    known = [FORMATS[extension] for extension in family if extension in FORMATS]
    return named if named in known else next(iter(known), None)


def format_of_file(path: Path) -> Format | None:
    """Return the format by content, by name where the content tells none; OSError if unreadable."""
    with path.open("rb") as file:
        return format_in(file, path)


def format_in(file: BinaryIO, path: Path) -> Format | None:
    """Return the format of an opened file as `format_of_file` does."""
    file.seek(0)
    return sniff(file, path) or format_of(path)


def brands(head: bytes) -> Sequence[bytes]:
    """Return the brands of a file in boxes (ISO-BMFF), the major one first; empty for others."""
    if head[4:8] != b"ftyp":
        return ()
    size = min(int.from_bytes(head[:4], "big"), 16 + 4 * _BRANDS, len(head))
    return [head[8:12], *(head[start : start + 4] for start in range(16, size - 3, 4))]


def is_heif(head: bytes) -> bool:
    """Whether the first bytes are those of a HEIF file that libheif's HEVC decoder may read."""
    return _family_by_brands(brands(head))[:1] in (("heic",), ("heif",))


def _family(head: bytes, file: BinaryIO) -> Sequence[str]:
    if head[4:8] == b"ftyp":
        return _family_by_brands(brands(head))
    if _TIFF_START.match(head):
        return tiff.family(file)
    found = next((names for pattern, names in _FAMILIES if pattern.match(head)), None)
    return found or (("svg",) if _is_svg(head) else ())


def _family_by_brands(found: Sequence[bytes]) -> tuple[str, ...]:
    if not found:
        return ()
    if found[0] in _FAMILIES_BY_BRAND:
        return _FAMILIES_BY_BRAND[found[0]]
    if found[0] in _AVIF_BRANDS | HEIF_BRANDS:
        if _AVIF_BRANDS.intersection(found):
            return ("avif", "avifs")
        return ("heic", "heif", "hif") if found[0] in _HEVC_BRANDS else ("heif", "heic", "hif")
    return ("3gp", *_MP4) if found[0].startswith(b"3g") else _MP4


def _is_svg(head: bytes) -> bool:
    marked = (code for mark, code in _BYTE_ORDER_MARKS.items() if head.startswith(mark))
    text = head.decode(next(marked, "utf-8"), "ignore")
    position = 0
    while found := _PROLOGUE.match(text, position):
        position = found.end()
    return _SVG_ROOT.match(text, position) is not None
