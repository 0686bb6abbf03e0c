"""ExifTool's names and print style for what exiv2 reads.

Clients show tags as a plain list and know them by ExifTool's names, so exiv2's names are
translated where the two differ, and the values people look at are printed as ExifTool does.
"""

import math
import re
from collections.abc import Callable
from fractions import Fraction

from lumilio.media.exif_words import words
from lumilio.media.numbers import degrees, fraction, number, numbers_in

Printed = str | int | float | list[str | int | float]

EXIF_NAMES = {
    "BodySerialNumber": "SerialNumber",
    "CameraOwnerName": "OwnerName",
    "DateTime": "ModifyDate",
    "DateTimeDigitized": "CreateDate",
    "ExposureBiasValue": "ExposureCompensation",
    "FocalLengthIn35mmFilm": "FocalLengthIn35mmFormat",
    "ImageID": "ImageUniqueID",
    "ImageLength": "ImageHeight",
    "ISOSpeedRatings": "ISO",
    "LensSpecification": "LensInfo",
    "PhotographicSensitivity": "ISO",
    "PixelXDimension": "ExifImageWidth",
    "PixelYDimension": "ExifImageHeight",
}
XMP_NAMES = EXIF_NAMES | {
    "DateTime": "DateTime",
    "DateTimeDigitized": "DateTimeDigitized",
    "GPSTimeStamp": "GPSDateTime",
}
IPTC_NAMES = {
    "Byline": "By-line",
    "BylineTitle": "By-lineTitle",
    "Caption": "Caption-Abstract",
    "CountryCode": "Country-PrimaryLocationCode",
    "CountryName": "Country-PrimaryLocationName",
    "ProvinceState": "Province-State",
    "SubLocation": "Sub-location",
}
MAKER_NAMES = {"ISOSpeed": "ISO", "ModelID": "CanonModelID"}

# Pointers, offsets and blocks that say nothing to a person.
HIDDEN_NAMES = frozenset(
    {"ExifTag", "GPSTag", "IPTCNAA", "ImageResources", "InteroperabilityTag", "InterColorProfile"}
    | {"JPEGInterchangeFormat", "JPEGInterchangeFormatLength", "MakerNote", "Padding"}
    | {"StripByteCounts", "StripOffsets", "SubIFDs", "TileByteCounts", "TileOffsets", "XMLPacket"}
    | {"PreviewImage", "ThumbnailImage", "OffsetSchema", "ByteOrder", "Offset", "DNGPrivateData"}
)

_ORIENTATIONS = (
    "Horizontal (normal)",
    "Mirror horizontal",
    "Rotate 180",
    "Mirror vertical",
    "Mirror horizontal and rotate 270 CW",
    "Rotate 90 CW",
    "Mirror horizontal and rotate 90 CW",
    "Rotate 270 CW",
)
_RATIONALS = re.compile(r"-?\d+/\d+(?: -?\d+/\d+)*", re.ASCII)
_ISO_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d.*)", re.ASCII)
_PLAIN_NUMBER = re.compile(r"-?(?:\d|[1-9]\d{1,14})(?:\.\d{1,16})?", re.ASCII)


def print_value(name: str, text: str, spoken: str, reference: str = "") -> Printed:
    """Print one tag as ExifTool would.

    `text` is the exact value ("56/10"), `spoken` exiv2's own interpretation ("F5.6"), which stands
    where ExifTool's style is unknown; `reference` is the GPS reference that belongs to the tag.
    """
    if name in ("GPSLatitude", "GPSLongitude"):
        return angle_text(text, reference) or spoken
    if name == "GPSAltitude":
        return _altitude_text(text, reference) or spoken
    printer = _PRINTERS.get(name)
    printed = printer(text) if printer else words(name, text)
    if printed is None and _RATIONALS.fullmatch(text) and _PLAIN_NUMBER.fullmatch(spoken):
        # exiv2 says the same with fewer digits.
        printed = _generic(text)
    return plain(_generic(spoken) if printed is None else printed)


def plain(text: str) -> str | int | float:
    """Return the text as a number where it reads as one, as ExifTool's JSON does."""
    if not _PLAIN_NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)


def exposure_time_text(text: str) -> str | None:
    """Print seconds as "1/125" below a quarter of a second, else as "0.5" or "2"."""
    seconds = number(text)
    return _seconds_text(seconds) if seconds is not None else None


def shutter_speed_text(text: str) -> str | None:
    """Print an APEX time value as seconds, in the manner of an exposure time."""
    apex = number(text)
    return _seconds_text(2.0**-apex) if apex is not None and abs(apex) < 100 else None


def aperture_text(text: str) -> str | None:
    """Print an APEX aperture value as an f-number."""
    apex = number(text)
    return f"{math.sqrt(2) ** apex:.1f}" if apex is not None and abs(apex) < 100 else None


def exposure_value_text(text: str) -> str | None:
    """Print an exposure compensation: "0", "+1/3", "-2/3", "+1", "+0.7"."""
    value = fraction(text)
    if value is None:
        return None
    for denominator in (1, 2, 3):
        steps = value * denominator
        if abs(steps - round(steps)) < Fraction(1, 1000):
            whole = round(steps)
            return f"{whole:+d}" + (f"/{denominator}" if denominator > 1 else "") if whole else "0"
    return f"{float(value):+.3g}"


def angle_text(text: str, reference: str) -> str | None:
    """Print a GPS angle: 37 deg 52' 15.94" N."""
    angle = degrees(text)
    if angle is None:
        return None
    hundredths = round(abs(angle) * 360_000)
    whole, rest = divmod(hundredths, 360_000)
    minutes, rest = divmod(rest, 6_000)
    letter = reference.strip()[:1].upper() or text.strip()[-1:].upper()
    suffix = f" {letter}" if letter in ("N", "S", "E", "W") else ""
    return f"{whole} deg {minutes}' {rest / 100:.2f}\"{suffix}"


def lens_info_text(text: str) -> str | None:
    """Print a lens specification (two focal lengths, two f-numbers): "24-70mm f/2.8"."""
    numbers = [fraction(part) for part in text.split()]
    if len(numbers) != 4 or not numbers[0]:
        return None
    focal, aperture = _span(numbers[0], numbers[1]), _span(numbers[2], numbers[3])
    return f"{focal}mm f/{aperture}" if aperture else f"{focal}mm f/?"


def _generic(spoken: str) -> str:
    """Print rationals as decimals and ISO dates with colons, as ExifTool does everywhere."""
    if _RATIONALS.fullmatch(spoken):
        return " ".join(f"{value:.10g}" for value in numbers_in(spoken))
    if match := _ISO_DATE.fullmatch(spoken):
        return "{}:{}:{} {}".format(*match.groups())
    return spoken


def _seconds_text(seconds: float) -> str:
    if 0 < seconds < 0.25001:
        return f"1/{int(0.5 + 1 / seconds)}"
    return f"{seconds:.1f}".removesuffix(".0")


def _span(low: Fraction | None, high: Fraction | None) -> str:
    ends = [f"{float(end):.4g}" for end in (low, high) if end]
    return "-".join(dict.fromkeys(ends))


def _decimals(digits: int, unit: str = "") -> Callable[[str], str | None]:
    def print_number(text: str) -> str | None:
        value = number(text)
        return None if value is None else f"{value:.{digits}f}{unit}"

    return print_number


def _orientation_text(text: str) -> str | None:
    value = number(text)
    return _ORIENTATIONS[int(value) - 1] if value and 1 <= value <= 8 else None


def _version_text(text: str) -> str | None:
    try:
        return bytes(int(part) for part in text.split()).decode("ascii").strip("\0 ")
    except ValueError:
        return None


def _clock_text(text: str) -> str | None:
    parts = numbers_in(text.replace(":", " "))
    return f"{parts[0]:02.0f}:{parts[1]:02.0f}:{parts[2]:02.0f}" if len(parts) == 3 else None


def _altitude_text(text: str, reference: str) -> str | None:
    value = number(text)
    if value is None:
        return None
    side = {"0": " Above Sea Level", "1": " Below Sea Level"}.get(reference.strip()[:1], "")
    return f"{round(abs(value), 1):g} m{side}"


_PRINTERS: dict[str, Callable[[str], str | None]] = {
    "ApertureValue": aperture_text,
    "ExifVersion": _version_text,
    "ExposureCompensation": exposure_value_text,
    "ExposureTime": exposure_time_text,
    "FlashpixVersion": _version_text,
    "FNumber": _decimals(1),
    "FocalLength": _decimals(1, " mm"),
    "FocalLengthIn35mmFormat": _decimals(0, " mm"),
    "GPSTimeStamp": _clock_text,
    "InteroperabilityVersion": _version_text,
    "LensInfo": lens_info_text,
    "MaxApertureValue": aperture_text,
    "Orientation": _orientation_text,
    "ShutterSpeedValue": shutter_speed_text,
    "XResolution": _decimals(0),
    "YResolution": _decimals(0),
}
