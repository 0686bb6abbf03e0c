"""The metadata that an exported photo takes along: EXIF and XMP, true of the new file.

Only for the decode worker, see `tags`. exiv2 writes both into a JPEG of one pixel, from which they
are taken out again for the encoders; so what only other kinds of files may hold is left behind.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import exiv2
from msgspec import Struct
from PIL import Image

from lumilio.media.tags import clean, opened_by_exiv2

_PLACE = re.compile(
    r"gps|latitude|longitude|altitude|geotag|location|\bcity|country|provincestate|photoshop\.State",
    re.IGNORECASE,
)
# They describe pictures that are left behind: previews, gain maps, videos at the end of the file.
_LEFT_BEHIND = re.compile(
    r"Xmp\.(xmp\.Thumbnails|tiff\.(Orientation|Image(Width|Length))|exif\.Pixel[XY]Dimension"
    r"|GCamera\.(Micro|Motion)|G?Container\.|hdrgm\.|HDRGainMap\.|apdi\.|crs\.)"
)
# Where faces are in the picture as it was.
_REGIONS = re.compile(r"Xmp\.(mwg-rs|MP)\.")
_PLAIN_GROUPS = ("Image", "Photo", "Iop")
_MAKER_NOTES = ("Exif.Photo.MakerNote", "Exif.Image.DNGPrivateData")
_GPS_POINTER = "Exif.Image.GPSTag"
_IPTC_AS_XMP = {
    "Iptc.Application2.Keywords": "Xmp.dc.subject",
    "Iptc.Application2.Caption": "Xmp.dc.description",
    "Iptc.Application2.ObjectName": "Xmp.dc.title",
    "Iptc.Application2.Byline": "Xmp.dc.creator",
    "Iptc.Application2.Copyright": "Xmp.dc.rights",
    "Iptc.Application2.Headline": "Xmp.photoshop.Headline",
}
_LISTS = ("Xmp.dc.subject", "Xmp.dc.creator")


class Carried(Struct, frozen=True):
    """EXIF with its mark `Exif\\0\\0` and XMP as a packet; empty where there is none."""

    exif: bytes = b""
    xmp: bytes = b""


def carried_metadata(
    source: Path, size: tuple[int, int], *, strip_location: bool, is_reshaped: bool
) -> Carried:
    """The metadata of a photo for its upright copy of `size` pixels; what is damaged stays behind.

    `strip_location` leaves out coordinates, names of places, and the maker notes, which may hold
    either in secret; `is_reshaped` leaves out where faces were.
    """
    try:
        image = opened_by_exiv2(str(source))
    except exiv2.Exiv2Error:
        return Carried()
    exif, xmp = image.exifData(), image.xmpData()
    _add_iptc(image.iptcData(), xmp)
    _remove(xmp, lambda datum: bool(_LEFT_BEHIND.match(datum.key())))
    if is_reshaped:
        _remove(xmp, lambda datum: bool(_REGIONS.match(datum.key())))
    if strip_location:
        _remove(exif, _may_tell_a_place)
        _remove(xmp, lambda datum: bool(_PLACE.search(datum.key())))
    _describe(exif, size)
    # Damaged or oversized maker notes must not cost the rest.
    for is_unwanted in (_is_never, _is_makers_own):
        _remove(exif, is_unwanted)
        with suppress(exiv2.Exiv2Error):
            return _written(exif, xmp)
    return Carried()


def _may_tell_a_place(datum: Any) -> bool:
    return datum.groupName() not in _PLAIN_GROUPS or datum.key() in (*_MAKER_NOTES, _GPS_POINTER)


def _is_makers_own(datum: Any) -> bool:
    return datum.groupName() not in (*_PLAIN_GROUPS, "GPSInfo") or datum.key() in _MAKER_NOTES


def _is_never(datum: Any) -> bool:
    return False


def _remove(data: Any, is_unwanted: Callable[[Any], bool]) -> None:
    for key in [datum.key() for datum in data if is_unwanted(datum)]:
        while key in data:
            del data[key]


def _add_iptc(iptc: Any, xmp: Any) -> None:
    """Older programs wrote captions and keywords as IPTC alone, which only JPEG can hold."""
    for iptc_key, xmp_key in _IPTC_AS_XMP.items():
        texts = [clean(datum.toString()) for datum in iptc if datum.key() == iptc_key]
        if texts and xmp_key not in xmp:
            xmp[xmp_key] = texts if xmp_key in _LISTS else texts[0]


def _describe(exif: Any, size: tuple[int, int]) -> None:
    exiv2.ExifThumb(exif).erase()
    exif["Exif.Image.Orientation"] = exiv2.UShortValue(1)
    for key, side in zip(
        ("Exif.Photo.PixelXDimension", "Exif.Photo.PixelYDimension"), size, strict=True
    ):
        exif[key] = exiv2.ULongValue(side)


def _written(exif: Any, xmp: Any) -> Carried:
    blank = BytesIO()
    Image.new("L", (1, 1)).save(blank, "JPEG")
    content = blank.getvalue()
    holder = opened_by_exiv2(content)
    holder.setExifData(exif)
    holder.setXmpData(xmp)
    holder.writeMetadata()
    io = holder.io()
    io.open()
    with Image.open(BytesIO(bytes(io.mmap())), formats=("JPEG",)) as written:
        return Carried(written.info.get("exif", b""), written.info.get("xmp", b""))
