import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumilio.media.exif_names import plain, print_value
from lumilio.media.numbers import number


@pytest.mark.parametrize(
    ("name", "text", "printed"),
    [
        ("ExposureTime", "1/125", "1/125"),
        ("ExposureTime", "10/1250", "1/125"),
        ("ExposureTime", "1/2", 0.5),
        ("ExposureTime", "30/1", 30),
        ("ShutterSpeedValue", "9643856/1000000", "1/800"),
        ("ApertureValue", "4970854/1000000", 5.6),
        ("FNumber", "56/10", 5.6),
        ("FocalLength", "85/1", "85.0 mm"),
        ("FocalLengthIn35mmFormat", "26", "26 mm"),
        ("ExposureCompensation", "0/1", 0),
        ("ExposureCompensation", "1/3", "+1/3"),
        ("ExposureCompensation", "-2/3", "-2/3"),
        ("ExposureCompensation", "7/10", "+0.7"),
        ("ExposureCompensation", "2/1", "+2"),
        ("Orientation", "6", "Rotate 90 CW"),
        ("LensInfo", "24/1 70/1 28/10 28/10", "24-70mm f/2.8"),
        ("LensInfo", "15/1 85/1 0/0 0/0", "15-85mm f/?"),
        ("GPSTimeStamp", "9/1 5/1 3/1", "09:05:03"),
        ("ExifVersion", "48 50 51 50", "0232"),
        ("MetadataDate", "2023-09-02T16:18:48+02:00", "2023:09:02 16:18:48+02:00"),
        ("Flash", "16", "Off, Did not fire"),
        ("ExposureProgram", "2", "Program AE"),
        ("ResolutionUnit", "2", "inches"),
        ("ComponentsConfiguration", "1 2 3 0", "Y, Cb, Cr, -"),
        ("GPSImgDirectionRef", "T", "True North"),
        ("GPSLatitudeRef", "S", "South"),
        ("WhitePoint", "3127/10000 329/1000", "0.3127 0.329"),
    ],
)
def test_print_value(name: str, text: str, printed: str | float) -> None:
    assert print_value(name, text, text) == printed


def test_places_are_printed_with_their_reference() -> None:
    latitude = print_value("GPSLatitude", "37/1 522656/10000 0/1", "", "N")
    assert latitude == "37 deg 52' 15.94\" N"
    assert print_value("GPSAltitude", "905/10", "", "1") == "90.5 m Below Sea Level"


def test_rationals_keep_the_digits_that_the_reader_drops() -> None:
    assert print_value("BrightnessValue", "11903/1527", "7.79502") == 7.795022921
    assert print_value("Flash", "99", "(99)") == "(99)"
    assert print_value("ComponentsConfiguration", "9 2 3", "odd") == "odd"


def test_unprintable_values_fall_back_to_the_readers_own_words() -> None:
    assert print_value("LensInfo", "0/0 0/0 0/0 0/0", "n/a") == "n/a"


@pytest.mark.parametrize("text", ["007", "1e5", "1.", "--1", "1 2", "12345678901234567890"])
def test_only_plain_numbers_become_numbers(text: str) -> None:
    assert plain(text) == text


@given(st.integers(-30, 30), st.sampled_from([1, 2, 3]))
def test_exposure_compensation_reads_back(steps: int, denominator: int) -> None:
    printed = print_value("ExposureCompensation", f"{steps}/{denominator}", "")
    assert number(str(printed)) == pytest.approx(steps / denominator)


@given(
    st.text(), st.sampled_from(["ExposureTime", "LensInfo", "GPSLatitude", "ExifVersion", "Flash"])
)
def test_no_text_raises(text: str, name: str) -> None:
    print_value(name, text, text)
