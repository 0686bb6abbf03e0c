"""The offset from UTC that clocks had at a place and time."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Place = tuple[float | None, float | None]

_MINUTE = timedelta(minutes=1)


def offset_at(moment: datetime, place: Place) -> int | None:
    """Return the minutes east of UTC at an aware moment; None where the zone is not known."""
    zone = _zone_of(place)
    try:
        offset = moment.astimezone(zone).utcoffset() if zone else None
    except OverflowError:  # at the ends of the calendar
        return None
    return None if offset is None else offset // _MINUTE


def offset_of_wall_clock(wall: datetime, place: Place) -> int | None:
    """Return the minutes east of UTC when clocks there showed this naive time.

    In the hour that autumn repeats it is the first time that counts.
    """
    zone = _zone_of(place)
    offset = wall.replace(tzinfo=zone).utcoffset() if zone else None
    return None if offset is None else offset // _MINUTE


def _zone_of(place: Place) -> ZoneInfo | None:
    latitude, longitude = place
    # Zeros are what cameras write that have no fix; there is only sea.
    if latitude is None or longitude is None or not (latitude or longitude):
        return None
    import tzfpy  # loads its map of the world, which most photos do not need

    name = tzfpy.get_tz(longitude, latitude)
    try:
        # The open sea has no zone that a ship must keep.
        return None if name.startswith("Etc/") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None
