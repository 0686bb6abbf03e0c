from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumilio.media.capture_time import (
    CaptureTime,
    Stamp,
    capture_time,
    gps_time,
    parse_offset,
    parse_stamp,
)

NOON = datetime(2024, 7, 4, 12, 0, 0)
NOON_TEXT = "2024:07:04 12:00:00"
OFFSETS = st.integers(-840, 840)
TIMES = st.datetimes(datetime(1826, 1, 1), datetime(2999, 1, 1))


def offset_text(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("+02:00", 120),
        ("-0430", -270),
        ("+05", 300),
        ("-5", -300),
        ("+14:00", 840),
        (" +01:00 ", 60),
    ],
)
def test_offset(text: str, minutes: int) -> None:
    assert parse_offset(text) == minutes


@pytest.mark.parametrize(
    "text", ["", "02:00", "Z", "+15:00", "+14:01", "+02:60", "+2:0", "+", "+٠٢"]
)
def test_no_offset(text: str) -> None:
    assert parse_offset(text) is None


@given(OFFSETS)
def test_any_offset_survives(minutes: int) -> None:
    assert parse_offset(offset_text(minutes)) == minutes
    assert parse_offset(offset_text(minutes).replace(":", "")) == minutes


@given(st.text())
def test_no_text_raises(text: str) -> None:
    parse_offset(text), parse_stamp(text)
    capture_time(dict.fromkeys(("DateTimeOriginal", "OffsetTime", "GPSDateTime"), text))


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        (NOON_TEXT, Stamp(NOON, None)),
        ("2024-07-04 12:00:00", Stamp(NOON, None)),
        ("2024:07:04 12:00:00+02:00", Stamp(NOON, 120)),
        ("2024-07-04T12:00:00Z", Stamp(NOON, 0)),
        ("2024:07:04 12:00:00Z", Stamp(NOON, 0)),
        ("2024-07-04T12:00:00.5-07:00", Stamp(NOON.replace(microsecond=500_000), -420)),
        ("2024-07-04T12:00", Stamp(NOON, None)),
    ],
)
def test_stamp(text: str, stamp: Stamp) -> None:
    assert parse_stamp(text) == stamp


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0000:00:00 00:00:00",
        "    :  :     :  :  ",
        "2024:13:04 12:00:00",
        "2024:02:30 12:00:00",
        "2024:07-04 12:00:00",
        "2024:07:04",
        "2024:07:04 12:00:00+99:00",
    ],
)
def test_no_stamp(text: str) -> None:
    assert parse_stamp(text) is None


@given(TIMES, OFFSETS)
def test_wall_clock_and_offset_give_the_moment(wall: datetime, offset: int) -> None:
    wall = wall.replace(microsecond=0)
    tags = {"DateTimeOriginal": f"{wall:%Y:%m:%d %H:%M:%S}", "OffsetTime": offset_text(offset)}
    time = capture_time(tags)
    assert time is not None
    assert time.offset_minutes == offset
    assert time.utc + timedelta(minutes=offset) == wall.replace(tzinfo=UTC)


def moment(hour: int, offset: int | None) -> CaptureTime:
    return CaptureTime(datetime(2024, 7, 4, hour, tzinfo=UTC), offset)


@pytest.mark.parametrize(
    ("tags", "time"),
    [
        ({"DateTimeOriginal": NOON_TEXT}, moment(12, None)),
        ({"CreateDate": NOON_TEXT, "OffsetTimeDigitized": "+02:00"}, moment(10, 120)),
        ({"ModifyDate": NOON_TEXT, "OffsetTime": "-01:00"}, moment(13, -60)),
        ({"DateTimeOriginal": NOON_TEXT, "TimeZoneOffset": "-5 0"}, moment(17, -300)),
        ({"DateTimeOriginal": NOON_TEXT, "TimeZoneOffset": "2"}, moment(10, 120)),
        (
            {
                "DateTimeOriginal": NOON_TEXT,
                "OffsetTimeOriginal": "nonsense",
                "OffsetTime": "+01:00",
            },
            moment(11, 60),
        ),
        ({"DateTimeOriginal": "0000:00:00 00:00:00", "CreateDate": NOON_TEXT}, moment(12, None)),
        ({"GPSDateTime": "2024:07:04 12:00:00Z"}, moment(12, None)),
        ({"GPSDateStamp": "2024:07:04", "GPSTimeStamp": "12/1 0/1 0/1"}, moment(12, None)),
    ],
)
def test_tag_order(tags: dict[str, str], time: CaptureTime) -> None:
    assert capture_time(tags) == time


def test_a_scan_keeps_the_original_date_though_only_the_scan_has_an_offset() -> None:
    tags = {
        "DateTimeOriginal": "1965:05:01 12:00:00",
        "CreateDate": NOON_TEXT,
        "OffsetTimeDigitized": "+02:00",
    }
    assert capture_time(tags) == CaptureTime(datetime(1965, 5, 1, 12, tzinfo=UTC), None)


def test_a_sibling_with_the_same_wall_clock_lends_its_offset() -> None:
    tags = {"DateTimeOriginal": NOON_TEXT, "DateCreated": "2024-07-04T12:00:00.25+02:00"}
    assert capture_time(tags) == moment(10, 120)


def test_fractions_of_a_second_are_kept() -> None:
    time = capture_time({"DateTimeOriginal": NOON_TEXT, "SubSecTimeOriginal": "054"})
    assert time is not None
    assert time.utc.microsecond == 54_000


@pytest.mark.parametrize(
    ("gps", "offset"),
    [
        ("2024:07:04 10:00:01Z", 120),
        ("2024:07:04 06:31:30Z", 330),
        ("2024:07:04 10:05:00Z", None),
        ("2024:07:03 10:00:00Z", None),
    ],
)
def test_gps_clock_tells_the_offset(gps: str, offset: int | None) -> None:
    time = capture_time({"DateTimeOriginal": NOON_TEXT, "GPSDateTime": gps})
    assert time == CaptureTime((NOON - timedelta(minutes=offset or 0)).replace(tzinfo=UTC), offset)


def test_offset_at_the_edge_of_time_is_dropped() -> None:
    time = capture_time({"DateTimeOriginal": "0001:01:01 00:00:00+02:00"})
    assert time == CaptureTime(datetime(1, 1, 1, tzinfo=UTC), None)


@given(st.text(), st.text())
def test_no_gps_text_raises(date: str, clock: str) -> None:
    gps_time({"GPSDateStamp": date, "GPSTimeStamp": clock})
    gps_time({"GPSDateStamp": "2024:99:99", "GPSTimeStamp": "25/1 61/1 1/1"})


def test_nothing_gives_nothing() -> None:
    assert capture_time({}) is None
