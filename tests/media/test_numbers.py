from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumilio.media.numbers import degrees, fraction, number, numbers_in


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("56/10", 5.6),
        ("F5.6", 5.6),
        ("85.0 mm", 85.0),
        ("+1/3 EV", 1 / 3),
        ("-2/3", -2 / 3),
        ("3200 0", 3200.0),
        ("1/0", None),
        ("0/0", None),
        ("", None),
        ("inf", None),
        ("nan", None),
    ],
)
def test_number(text: str, value: float | None) -> None:
    assert number(text) == pytest.approx(value) if value is not None else number(text) is None


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**9))
def test_rationals_are_exact(numerator: int, denominator: int) -> None:
    assert fraction(f"{numerator}/{denominator}") == Fraction(numerator, denominator)
    assert numbers_in(f"{numerator}/{denominator} 1/0") == [pytest.approx(numerator / denominator)]


@given(st.text())
def test_no_text_raises(text: str) -> None:
    number(text), fraction(text), numbers_in(text), degrees(text, text[:1])


@pytest.mark.parametrize(
    ("text", "reference", "value"),
    [
        ("37/1 522656/10000 0/1", "N", 37.871093333),
        ("37/1 522656/10000 0/1", "South", -37.871093333),
        ("37 deg 52' 15.94\" S", "", -37.871094444),
        ("122,15.4068W", "", -122.25678),
        ("-12.5", "", -12.5),
        ("12.5", "W", -12.5),
        ("0/0 0/0 0/0", "N", None),
        ("", "N", None),
    ],
)
def test_degrees(text: str, reference: str, value: float | None) -> None:
    assert degrees(text, reference) == (pytest.approx(value) if value is not None else None)


@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 5999), st.sampled_from("NSEW"))
def test_degrees_of_any_angle(whole: int, minutes: int, hundredths: int, letter: str) -> None:
    angle = whole + minutes / 60 + hundredths / 360_000
    sign = -1 if letter in "SW" else 1
    assert degrees(f"{whole}/1 {minutes}/1 {hundredths}/100", letter) == pytest.approx(sign * angle)
