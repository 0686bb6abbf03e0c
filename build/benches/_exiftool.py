"""What ExifTool reads in files, asked of the installed program and put into the contract's terms.

The order of tags per field is the contract's; "#" asks ExifTool for the bare number of a tag.
"""

import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

DATES = (
    ("DateTimeOriginal", ("OffsetTimeOriginal", "OffsetTime", "TimeZoneOffset")),
    ("CreateDate", ("OffsetTimeDigitized", "OffsetTime", "TimeZoneOffset")),
    ("DateTime", ("OffsetTime", "TimeZoneOffset")),
    ("ModifyDate", ("OffsetTime", "TimeZoneOffset")),
    ("DateTimeDigitized", ("OffsetTimeDigitized", "OffsetTime", "TimeZoneOffset")),
    ("DateCreated", ()),
    ("GPSDateTime", ()),
)
# LensInfo is only a range of figures; see `lumilio.media.metadata`.
LENSES = ("LensModel", "LensID", "LensType", "Lens", "LensInfo")
MODELS = ("Model", "CameraModelName", "UniqueCameraModel")
_NUMBERS = {
    "latitude": ("GPSLatitude#",),
    "longitude": ("GPSLongitude#",),
    "f-number": ("FNumber#", "Aperture#", "ApertureValue#"),
    "ISO": ("ISO#", "ISOSpeedRatings#", "RecommendedExposureIndex#"),
    "focal length": ("FocalLength#", "FocalLengthIn35mmFilm#", "FocalLengthIn35mmFormat#"),
    "compensation": ("ExposureCompensation#",),
}
_EXPOSURES = ("ExposureTime", "ShutterSpeedValue", "ShutterSpeed")
_OTHERS = ("Make", "IFD0:Orientation#", "Rotation#", "ImageSize#", "ExposureTime#", "FileType")
_POSITIVE = ("f-number", "ISO", "focal length")
_TURN_THEMSELVES = ("HEIC", "HEIF", "AVIF", "HEIX")
_NO_LENS = ("", "----", "-- mm f/--", "n/a", "none", "0 mm f/0", "0.0 mm f/0.0", "manual lens")


@dataclass
class Truth:
    """One file's fields; a field that ExifTool does not tell is absent."""

    file_type: str
    fields: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, Any] = field(default_factory=dict)


def installed() -> str | None:
    """Where the program is."""
    return shutil.which("exiftool")


def version() -> str:
    """Which ExifTool answers."""
    return subprocess.run(["exiftool", "-ver"], capture_output=True, text=True).stdout.strip()


def read(files: Sequence[Path]) -> dict[Path, Truth]:
    """What ExifTool tells of each file; files that it does not open are absent."""
    offsets = [name for _, names in DATES for name in names]
    numbers = [name for names in _NUMBERS.values() for name in names]
    wanted = [name for name, _ in DATES] + offsets + numbers
    wanted += [*LENSES, *MODELS, *_EXPOSURES, *_OTHERS]
    done = subprocess.run(
        ["exiftool", "-json", "-m", "-charset", "filename=utf8", "-@", "-"],
        input="\n".join([*(f"-{name}" for name in dict.fromkeys(wanted)), *map(str, files)]),
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout or "[]")
    return {
        Path(tags["SourceFile"]): truth(tags)
        for tags in found
        if tags.get("FileType", "TXT") != "TXT"
    }


def truth(tags: dict[str, Any]) -> Truth:
    """The fields of one file from its tags."""
    found = Truth(str(tags["FileType"]), tags=tags)
    found.fields |= dict(_time(tags))
    found.fields |= dict(_size(tags))
    for name, sources in _NUMBERS.items():
        value = next(iter(_figures(tags, sources, positive=name in _POSITIVE)), None)
        if value is not None:
            found.fields[name] = value
    if not {"latitude", "longitude"} <= found.fields.keys():
        found.fields.pop("latitude", None)
        found.fields.pop("longitude", None)
    texts = {"make": ("Make",), "model": MODELS, "lens": LENSES, "exposure time": _EXPOSURES}
    for name, sources in texts.items():
        said = (str(tags.get(source, "")).strip() for source in sources)
        unknown = _NO_LENS if name == "lens" else ("", "0", "undef", "inf")
        known = (t for t in said if t.lower() not in unknown)
        text = next((t for t in known if name != "lens" or not _is_nameless(t)), None)
        if text is not None:
            found.fields[name] = text
    return found


def _is_nameless(text: str) -> bool:
    """A lens that ExifTool does not know, or of which it only repeats the number."""
    return text.startswith("Unknown ") or text.isdecimal()


def _figures(tags: dict[str, Any], sources: Iterable[str], *, positive: bool) -> Iterator[float]:
    for source in sources:
        value = tags.get(source.rstrip("#"))
        if isinstance(value, (int, float)) and (value > 0 or not positive) and value != 65535:
            yield float(value)


def _time(tags: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, offset_names in DATES:
        text = str(tags.get(name, ""))
        wall = _wall(text)
        if wall is None:
            continue
        yield ("GPS time" if name == "GPSDateTime" else "time"), wall
        # The clock of GPS says nothing of the zone of its place.
        own = "" if name == "GPSDateTime" else text[19:].lstrip(".0123456789")
        zones = [own, *(str(tags.get(o, "")) for o in offset_names)]
        offset = next((o for zone in zones if (o := minutes(zone)) is not None), None)
        if offset is not None:
            yield "offset", offset
        return


def _wall(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text[:10].replace(":", "-") + text[10:19])
    except ValueError:
        return None


def minutes(text: str) -> int | None:
    """±HH:MM as minutes; a plain integer counts as hours."""
    text = text.split(" ")[0]
    if text == "Z":
        return 0
    sign = -1 if text.startswith("-") else 1
    hours, _, rest = text.lstrip("+-").partition(":")
    if not hours.isdecimal() or (rest and not rest.isdecimal()) or int(hours) > 14:
        return None
    return sign * (int(hours) * 60 + int(rest or 0))


def _size(tags: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    sides = str(tags.get("ImageSize", "")).replace("x", " ").split()
    if len(sides) != 2 or "0" in sides:
        return
    size = int(sides[0]), int(sides[1])
    if tags["FileType"] in _TURN_THEMSELVES:
        is_turned = tags.get("Rotation") in (90, 270)
    else:
        is_turned = tags.get("Orientation") in (5, 6, 7, 8)
    yield "size", size[::-1] if is_turned else size
