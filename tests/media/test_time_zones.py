"""Offsets by place: summer and winter, gaps, the open sea."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumilio.media.capture_time import capture_time
from lumilio.media.time_zones import Place, offset_at, offset_of_wall_clock

MUNICH, KATHMANDU, NEW_YORK = (48.14, 11.58), (27.7, 85.3), (40.7, -74.0)


@pytest.mark.parametrize(
    ("place", "wall", "minutes"),
    [
        (MUNICH, datetime(2024, 7, 4, 12), 120),
        (MUNICH, datetime(2024, 12, 24, 12), 60),
        (MUNICH, datetime(2024, 10, 27, 2, 30), 120),
        (KATHMANDU, datetime(2024, 7, 4, 12), 345),
        (NEW_YORK, datetime(2024, 7, 4, 12), -240),
    ],
)
def test_the_clock_on_the_wall(place: Place, wall: datetime, minutes: int) -> None:
    assert offset_of_wall_clock(wall, place) == minutes


def test_a_moment() -> None:
    assert offset_at(datetime(2024, 3, 31, 0, 59, tzinfo=UTC), MUNICH) == 60
    assert offset_at(datetime(2024, 3, 31, 1, 0, tzinfo=UTC), MUNICH) == 120


@pytest.mark.parametrize("place", [(None, None), (0.0, 0.0), (10.0, None), (0.0, -150.0)])
def test_no_zone_is_made_up(place: Place) -> None:
    assert offset_of_wall_clock(datetime(2024, 7, 4), place) is None
    assert offset_at(datetime(2024, 7, 4, tzinfo=UTC), place) is None


@given(st.datetimes(), st.sampled_from([MUNICH, KATHMANDU, (-90.0, 180.0), (91.0, 999.0)]))
def test_no_time_and_no_place_raises(wall: datetime, place: Place) -> None:
    for offset in (
        offset_of_wall_clock(wall, place),
        offset_at(wall.replace(tzinfo=UTC), place),
    ):
        assert offset is None or abs(offset) <= 840


@pytest.mark.parametrize("wall", [datetime.min, datetime.max])
def test_the_ends_of_the_calendar(wall: datetime) -> None:
    for place in (MUNICH, NEW_YORK):
        offset_of_wall_clock(wall, place)
        offset_at(wall.replace(tzinfo=UTC), place)
        capture_time({"DateTimeOriginal": f"{wall:%Y:%m:%d %H:%M:%S}".zfill(19)}, place)


NOON = {"DateTimeOriginal": "2024:07:04 12:00:00"}
STATED = {"OffsetTimeOriginal": "+09:00"}
GPS = {"GPSDateTime": "2024:07:04 07:00:00Z"}


@pytest.mark.parametrize(
    ("tags", "hour", "offset"),
    [
        (NOON | STATED | GPS, 3, 540),
        (NOON | GPS, 7, 300),
        (NOON, 10, 120),
        (GPS, 7, 120),
    ],
    ids=["stated", "gps clock", "place", "only gps"],
)
def test_the_place_decides_last(tags: dict[str, str], hour: int, offset: int) -> None:
    time = capture_time(tags, MUNICH)
    assert time is not None
    assert (time.utc.hour, time.offset_minutes) == (hour, offset)


def test_a_wall_clock_alone_counts_as_utc() -> None:
    time = capture_time(NOON)
    assert time is not None
    assert (time.utc.hour, time.offset_minutes) == (12, None)
