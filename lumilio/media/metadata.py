"""The facts of a photo: what its metadata says about time, place, camera and exposure.

Only for the decode worker, see `tags`. Which tag wins for which fact follows the API's contract;
the first one with a usable value counts.
"""

import math
import re
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct, structs

from lumilio.errors import CannotDecode
from lumilio.media import sidecars
from lumilio.media.capture_time import capture_time
from lumilio.media.exif_names import Printed, aperture_text, exposure_time_text, shutter_speed_text
from lumilio.media.facts import EmbeddedVideo, PhotoFacts
from lumilio.media.gain_maps import has_gain_map
from lumilio.media.motion_photos import embedded_video
from lumilio.media.numbers import degrees, number, numbers_in
from lumilio.media.pictures import displayed_size
from lumilio.media.regions import face_regions
from lumilio.media.tags import Tags, bounded, read_tags, read_xmp

_DESCRIPTIONS = (
    *("ImageDescription", "UserComment", "XPComment", "Caption", "Description"),
    "Caption-Abstract",
)
_TITLES = ("Title", "XPTitle", "ObjectName", "Headline")
# LensInfo is only a range of figures, so it yields to every tag that holds a name.
_LENSES = ("LensModel", "LensID", "LensType", "Lens", "LensInfo")
_MODELS = ("Model", "CameraModelName", "UniqueCameraModel")
_SPEEDS = ("ISO", "ISOSpeedRatings", "RecommendedExposureIndex")
_FOCAL_LENGTHS = ("FocalLength", "FocalLengthIn35mmFilm", "FocalLengthIn35mmFormat")
# Apple's name, and that of Google and others in XMP.
_BURSTS = ("BurstUUID", "BurstID")
_SENSOR_BORDERS = (
    *("SensorLeftBorder", "SensorTopBorder", "SensorRightBorder", "SensorBottomBorder"),
)
_NO_LENS = frozenset({"", "-", "--", "---", "----", "n/a", "none", "unknown", "0.0 mm f/0.0"})
_ISO_IS_ELSEWHERE = 65535
_KEYWORD_PATHS = (
    "HierarchicalSubject",
    "TagsList",
    "LastKeywordXMP",
)


class Metadata(Struct, frozen=True):
    """The facts of a photo and all its tags as ExifTool names and prints them."""

    facts: PhotoFacts
    exif_raw: dict[str, Printed]


def read_metadata(path: Path) -> Metadata:
    """Read a photo's metadata; CannotDecode when no reader understands the file.

    What an XMP sidecar beside the file says prevails, see `sidecars`.
    """
    tags = read_tags(path)
    facts = facts_of(tags)
    facts = structs.replace(
        facts, embedded_video=_clip(path, tags), has_gain_map=has_gain_map(path) or None
    )
    size: dict[str, Printed] = {}
    width, height = _stored_size(tags)
    if width and height:
        megapixels = round(width * height / 1e6, 2)
        size = {"ImageWidth": width, "ImageHeight": height, "Megapixels": megapixels}
    printed = tags.printed | size
    if packet := sidecars.packet_beside(path):
        sidecar = read_xmp(packet)
        facts = sidecars.prevailing(facts_of(sidecar), facts)
        printed |= sidecar.printed
    return Metadata(facts, bounded(printed))


def facts_of(tags: Tags) -> PhotoFacts:
    """Work out the facts from the tags."""
    texts = tags.texts
    latitude, longitude = _position(texts)
    time = capture_time(texts, (latitude, longitude))
    orientation = _orientation(texts)
    width, height = displayed_size(*_stored_size(tags), orientation)
    return PhotoFacts(
        taken_time=time.utc if time else None,
        capture_offset_minutes=time.offset_minutes if time else None,
        camera_make=_first(texts, ("Make",)),
        camera_model=_first(texts, _MODELS),
        lens_model=_lens(tags),
        exposure_time=_exposure_time(texts),
        f_number=_f_number(texts),
        iso_speed=_iso_speed(texts),
        focal_length=next(iter(_positive(texts, _FOCAL_LENGTHS)), None),
        exposure=number(texts.get("ExposureCompensation", "")) or 0.0,
        description=_first(texts, _DESCRIPTIONS),
        gps_latitude=latitude,
        gps_longitude=longitude,
        gps_altitude=_altitude(texts),
        orientation=orientation,
        width=width or None,
        height=height or None,
        content_identifier=_first(texts, ("ContentIdentifier",)),
        burst_id=_first(texts, _BURSTS),
        rating=_rating(texts),
        keywords=_keywords(tags),
        keyword_paths=_keyword_paths(tags),
        title=_first(texts, _TITLES),
        faces=face_regions(tags.structures),
    )


def _clip(path: Path, tags: Tags) -> EmbeddedVideo | None:
    """The clip of a motion photo; what cannot be opened as a film is none."""
    found = embedded_video(path, tags.texts, tags.structures)
    if found is None:
        return None
    # FFmpeg is loaded for the few pictures that need it.
    from lumilio.media.browser_ready import examined

    try:
        return examined(path, found)
    except CannotDecode:
        return None


def _first(texts: dict[str, str], names: Iterable[str]) -> str | None:
    return next((texts[name] for name in names if texts.get(name)), None)


def _positive(texts: dict[str, str], names: Iterable[str]) -> list[float]:
    values = (number(texts.get(name, "")) for name in names)
    return [value for value in values if value is not None and value > 0]


def _lens(tags: Tags) -> str | None:
    for name in _LENSES:
        text = str(tags.printed.get(name, "")).strip()
        is_nameless = name == "LensType" and not any(mark in text for mark in ("mm", "f/"))
        # XMP's LensID and some maker notes hold a bare code that names no lens to a person; a note
        # that moved within its file says nonsense.
        is_nonsense = text.isdecimal() or text.endswith("- 0.0 mm")
        if text.lower() not in _NO_LENS and not is_nameless and not is_nonsense:
            return text
    return None


def _exposure_time(texts: dict[str, str]) -> str | None:
    return (
        exposure_time_text(texts.get("ExposureTime", ""))
        or shutter_speed_text(texts.get("ShutterSpeedValue", ""))
        or exposure_time_text(texts.get("ShutterSpeed", ""))
    )


def _f_number(texts: dict[str, str]) -> float | None:
    plain = _positive(texts, ("FNumber", "Aperture"))
    apex = aperture_text(texts.get("ApertureValue", ""))
    return round(plain[0], 2) if plain else float(apex) if apex else None


def _iso_speed(texts: dict[str, str]) -> int | None:
    speeds = _positive(texts, _SPEEDS)
    return next((int(speed) for speed in speeds if speed != _ISO_IS_ELSEWHERE), None)


def _position(texts: dict[str, str]) -> tuple[float | None, float | None]:
    latitude = degrees(texts.get("GPSLatitude", ""), texts.get("GPSLatitudeRef", ""))
    longitude = degrees(texts.get("GPSLongitude", ""), texts.get("GPSLongitudeRef", ""))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None, None
    return latitude, longitude


def _altitude(texts: dict[str, str]) -> float | None:
    metres = number(texts.get("GPSAltitude", ""))
    below = texts.get("GPSAltitudeRef", "").startswith("1")
    return -abs(metres) if metres is not None and below else metres


def _orientation(texts: dict[str, str]) -> int:
    value = number(texts.get("Orientation", ""))
    return int(value) if value is not None and 1 <= value <= 8 else 1


def _rating(texts: dict[str, str]) -> int | None:
    stars = number(texts.get("Rating", ""))
    if stars is None and (percent := number(texts.get("RatingPercent", ""))) is not None:
        stars = 5 if percent >= 99 else math.ceil(percent / 99) + percent // 25
    return int(stars) if stars is not None and 0 <= stars <= 5 else None


def _stored_size(tags: Tags) -> tuple[int, int]:
    """The size of the picture, where RAW files tell it apart from that of their sensor."""
    cropped = numbers_in(tags.texts.get("RawImageCroppedSize", "").replace("x", " "))
    if len(cropped) == 2 and min(cropped) > 0:
        return int(cropped[0]), int(cropped[1])
    left, top, right, bottom = (number(tags.texts.get(name, "")) or 0 for name in _SENSOR_BORDERS)
    if 0 <= left < right <= tags.width and 0 <= top < bottom <= tags.height:
        return int(right - left), int(bottom - top)
    return tags.width, tags.height


def _keyword_paths(tags: Tags) -> tuple[str, ...]:
    paths = (path for name in _KEYWORD_PATHS for path in tags.lists.get(name, ()))
    parts = ("|".join(part.strip() for part in re.split(r"[|/]", path)) for path in paths)
    return tuple(dict.fromkeys(path for path in parts if "|" in path))


def _keywords(tags: Tags) -> tuple[str, ...]:
    windows = (part.strip() for part in tags.texts.get("XPKeywords", "").split(";"))
    words = [*tags.lists.get("Subject", ()), *tags.lists.get("Keywords", ()), *windows]
    return tuple(dict.fromkeys(word for word in words if word))
