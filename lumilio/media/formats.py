"""Which file names are photos: the table of extensions, types and MIME types."""

from pathlib import PurePath
from typing import Literal

from msgspec import Struct

MediaType = Literal["PHOTO"]


class Format(Struct, frozen=True):
    """One file format: extension (lower case, without dot), media type, MIME type."""

    extension: str
    type: MediaType
    mime: str
    is_raw: bool = False


_PICTURES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "heic": "image/heic",
    "heif": "image/heif",
    "avif": "image/avif",
}

_RAW_PICTURES = {
    "cr2": "image/x-canon-cr2",
    "cr3": "image/x-canon-cr3",
    "nef": "image/x-nikon-nef",
    "arw": "image/x-sony-arw",
    "dng": "image/x-adobe-dng",
    "orf": "image/x-olympus-orf",
    "rw2": "image/x-panasonic-rw2",
    "pef": "image/x-pentax-pef",
    "raf": "image/x-fuji-raf",
    "mrw": "image/x-minolta-mrw",
    "srw": "image/x-samsung-srw",
    "rwl": "image/x-leica-rwl",
    "x3f": "image/x-sigma-x3f",
}

FORMATS: dict[str, Format] = {
    extension: Format(extension, "PHOTO", mime, is_raw=table is _RAW_PICTURES)
    for table in (_PICTURES, _RAW_PICTURES)
    for extension, mime in table.items()
}


def format_of(filename: str | PurePath) -> Format | None:
    """Return the format that the extension names (in any case), or None when it is unsupported."""
    return FORMATS.get(PurePath(filename).suffix.lstrip(".").lower())
