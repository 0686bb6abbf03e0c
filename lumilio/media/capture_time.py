"""When a photo was taken: from the texts of its date, offset and GPS tags to one moment.

A camera writes the wall clock; only newer ones write the offset from UTC beside it. The first date
tag that parses gives the wall clock. Its offset is, in this order: written in the value itself, in
its own offset tags, in a later date tag that shows the same wall clock, the difference to the GPS
clock, or that of the time zone where the photo was taken. Without any of these the wall clock counts
as UTC and the offset stays unknown.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from lumilio.media import time_zones
from lumilio.media.numbers import numbers_in
from lumilio.media.time_zones import Place

MAX_OFFSET_MINUTES = 14 * 60
GPS_OFFSET_STEP_MINUTES = 15
GPS_CLOCK_TOLERANCE = timedelta(minutes=2)

_DATE_TAGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("DateTimeOriginal", ("OffsetTimeOriginal", "OffsetTime", "TimeZoneOffset")),
    ("SubSecDateTimeOriginal", ("OffsetTimeOriginal", "OffsetTime", "TimeZoneOffset")),
    ("CreateDate", ("OffsetTimeDigitized", "OffsetTime", "TimeZoneOffset")),
    ("DateTime", ("OffsetTime", "TimeZoneOffset")),
    ("ModifyDate", ("OffsetTime", "TimeZoneOffset")),
    ("DateTimeDigitized", ("OffsetTimeDigitized", "OffsetTime", "TimeZoneOffset")),
    ("DateCreated", ()),
)
# Of IPTC, which programs write last and with the zone of the computer.
_LAST_DATE = "DateTimeCreated"
_FRACTION_TAGS = {
    "DateTimeOriginal": "SubSecTimeOriginal",
    "CreateDate": "SubSecTimeDigitized",
    "ModifyDate": "SubSecTime",
}

_STAMP = re.compile(
    r"""\s*(?P<year>\d{4})(?P<dash>[:-])(?P<month>\d\d)(?P=dash)(?P<day>\d\d)
        [\sT](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?
        \s*(?:GMT(?=[+-]))?(?P<zone>Z|[+-][\d:]{1,5})?\s*""",
    re.VERBOSE | re.ASCII,
)
_OFFSET = re.compile(r"\s*([+-])(\d{1,2})(?::?([0-5]\d))?\s*", re.ASCII)


class CaptureTime(Struct, frozen=True):
    """The moment (aware, UTC) and the camera's offset from UTC in minutes, None when unknown."""

    utc: datetime
    offset_minutes: int | None


class Stamp(Struct, frozen=True):
    """A date tag's text as parsed: naive wall clock, and the offset if the text itself has one."""

    wall: datetime
    offset_minutes: int | None


def parse_offset(text: str) -> int | None:
    """Parse ±HH:MM, ±HHMM, ±HH or ±H into minutes −840…840; None when it is anything else."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    if minutes > MAX_OFFSET_MINUTES:
        return None
    return -minutes if match[1] == "-" else minutes


def parse_stamp(text: str) -> Stamp | None:
    """Parse an EXIF or ISO date with time, optional fraction and offset; None when it is no date."""
    match = _STAMP.fullmatch(text)
    if match is None:
        return None
    fields = (match[name] for name in ("year", "month", "day", "hour", "minute", "second"))
    wall = _wall_clock([int(field or 0) for field in fields])
    zone = match["zone"]
    offset = 0 if zone == "Z" else parse_offset(zone or "")
    if wall is None or (zone and offset is None):
        return None
    return Stamp(wall.replace(microsecond=_microseconds(match["fraction"] or "")), offset)


def capture_time(tags: Mapping[str, str], place: Place = (None, None)) -> CaptureTime | None:
    """Return when the photo was taken by its tags (ExifTool names), None without any usable date.

    `place` is latitude and longitude in degrees.
    """
    stamps = list(_stamps(tags)) or list(filter(None, [parse_stamp(tags.get(_LAST_DATE, ""))]))
    gps = gps_time(tags)
    if not stamps:
        return CaptureTime(gps, time_zones.offset_at(gps, place)) if gps else None
    wall = stamps[0].wall
    offset = _stated_offset(stamps)
    if offset is None and gps:
        offset = _offset_by_gps(wall, gps)
    if offset is None:
        offset = time_zones.offset_of_wall_clock(wall, place)
    try:
        return CaptureTime((wall - timedelta(minutes=offset or 0)).replace(tzinfo=UTC), offset)
    except OverflowError:
        return CaptureTime(wall.replace(tzinfo=UTC), None)


def gps_time(tags: Mapping[str, str]) -> datetime | None:
    """Return the GPS clock (UTC, whole seconds) from GPSDateTime or its two parts."""
    stamp = parse_stamp(tags.get("GPSDateTime", ""))
    if stamp:
        return stamp.wall.replace(microsecond=0, tzinfo=UTC)
    date = numbers_in(tags.get("GPSDateStamp", "").replace(":", " ").replace("-", " "))
    clock = numbers_in(tags.get("GPSTimeStamp", "").replace(":", " "))
    wall = _wall_clock([int(part) for part in date + clock])
    return wall.replace(tzinfo=UTC) if wall else None


def _wall_clock(fields: list[int]) -> datetime | None:
    """Return year, month, day, hour, minute, second as a naive time, None when there is no such."""
    if len(fields) != 6:
        return None
    year, month, day, hour, minute, second = fields
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
    except (ValueError, OverflowError):
        return None


def _stamps(tags: Mapping[str, str]) -> Iterator[Stamp]:
    for name, offset_names in _DATE_TAGS:
        stamp = parse_stamp(tags.get(name, ""))
        if stamp is None:
            continue
        wall, offset = stamp.wall, stamp.offset_minutes
        if offset is None:
            offset = _first_offset(tags, offset_names)
        if not wall.microsecond:
            fraction = tags.get(_FRACTION_TAGS.get(name, ""), "")
            wall = wall.replace(microsecond=_microseconds(fraction.strip()))
        yield Stamp(wall, offset)


def _first_offset(tags: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    for name in names:
        text = tags.get(name, "")
        if name == "TimeZoneOffset":
            text = _signed_hours(text)
        offset = parse_offset(text)
        if offset is not None:
            return offset
    return None


def _signed_hours(text: str) -> str:
    """EXIF 0x882A holds one or two plain integers of hours; the first belongs to the capture."""
    first = text.split()[0] if text.split() else ""
    return f"+{first}" if first.isdecimal() else first


def _stated_offset(stamps: list[Stamp]) -> int | None:
    wall = stamps[0].wall.replace(microsecond=0)
    return next(
        (
            stamp.offset_minutes
            for stamp in stamps
            if stamp.offset_minutes is not None and stamp.wall.replace(microsecond=0) == wall
        ),
        None,
    )


def _offset_by_gps(wall: datetime, gps: datetime) -> int | None:
    """A stale GPS fix gives a crooked difference; only one close to a real zone is believed."""
    difference = wall.replace(tzinfo=UTC) - gps
    step = timedelta(minutes=GPS_OFFSET_STEP_MINUTES)
    steps = round(difference / step)
    offset = steps * GPS_OFFSET_STEP_MINUTES
    if abs(offset) > MAX_OFFSET_MINUTES or abs(difference - steps * step) > GPS_CLOCK_TOLERANCE:
        return None
    return offset


def _microseconds(digits: str) -> int:
    return int(digits[:6].ljust(6, "0")) if digits.isascii() and digits.isdecimal() else 0
