"""Which file names are media: the table of extensions, types and MIME types."""

from pathlib import PurePath
from typing import Literal

from msgspec import Struct

MediaType = Literal["PHOTO", "VIDEO", "AUDIO"]


class Format(Struct, frozen=True):
    """One file format: extension (lower case, without dot), media type, MIME type."""

    extension: str
    type: MediaType
    mime: str
    is_raw: bool = False


_PICTURES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "jpe": "image/jpeg",
    "jfif": "image/jpeg",
    "insp": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "heic": "image/heic",
    "heif": "image/heif",
    "hif": "image/heif",
    "avif": "image/avif",
    "avifs": "image/avif",
    "jxl": "image/jxl",
    "jp2": "image/jp2",
    "jpf": "image/jpx",
    "jpx": "image/jpx",
    "j2k": "image/j2c",
    "j2c": "image/j2c",
    "psd": "image/vnd.adobe.photoshop",
    "psb": "image/vnd.adobe.photoshop",
    "svg": "image/svg+xml",
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
    "3fr": "image/x-hasselblad-3fr",
    "crw": "image/x-canon-crw",
    "dcr": "image/x-kodak-dcr",
    "erf": "image/x-epson-erf",
    "fff": "image/x-hasselblad-fff",
    "iiq": "image/x-phaseone-iiq",
    "kdc": "image/x-kodak-kdc",
    "mef": "image/x-mamiya-mef",
    "mos": "image/x-leaf-mos",
    "nrw": "image/x-nikon-nrw",
    "sr2": "image/x-sony-sr2",
    "srf": "image/x-sony-srf",
}

_VIDEOS = {
    "mp4": "video/mp4",
    "insv": "video/mp4",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
    "avi": "video/x-msvideo",
    "mkv": "video/x-matroska",
    "webm": "video/webm",
    "flv": "video/x-flv",
    "wmv": "video/x-ms-wmv",
    "3gp": "video/3gpp",
    "mpg": "video/mpeg",
    "mpeg": "video/mpeg",
    "m2ts": "video/mp2t",
    "mts": "video/mp2t",
    "ogv": "video/ogg",
}

_RECORDINGS = {
    "mp3": "audio/mpeg",
    "aac": "audio/aac",
    "m4a": "audio/mp4",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "aiff": "audio/x-aiff",
    "wma": "audio/x-ms-wma",
    "opus": "audio/opus",
}

_TABLES: tuple[tuple[MediaType, dict[str, str]], ...] = (
    ("PHOTO", _PICTURES),
    ("PHOTO", _RAW_PICTURES),
    ("VIDEO", _VIDEOS),
    ("AUDIO", _RECORDINGS),
)

FORMATS: dict[str, Format] = {
    extension: Format(extension, kind, mime, is_raw=table is _RAW_PICTURES)
    for kind, table in _TABLES
    for extension, mime in table.items()
}


def format_of(filename: str | PurePath) -> Format | None:
    """Return the format that the extension names (in any case), or None when it is unsupported."""
    return FORMATS.get(PurePath(filename).suffix.lstrip(".").lower())
