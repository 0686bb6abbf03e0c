"""The edits of a photo: geometry exact, tones as their formulas say, neutral values nothing."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from PIL import Image

from lumilio.media import edits
from lumilio.media.adjustments import NEUTRAL, Adjustments, Crop
from lumilio.media.edits import shaped, toned
from tests.support import edited
from tests.support.edited import SLIDERS, least

from .looks import ADOBE_RGB, CORNER_COLOURS, assert_close, corner_colours

RED, GREEN, BLUE, YELLOW = CORNER_COLOURS
SMALL = np.random.default_rng(5).integers(0, 256, (5, 7, 3), np.uint8)
CURVES = ("exposure", "contrast", "highlights", "shadows", "whites", "blacks")

fractions = st.floats(-2, 3)
sides = st.floats(-1, 3)


def adjusted(**wanted: Any) -> Adjustments:
    return structs.replace(NEUTRAL, **wanted)


def sliders(names: Any = SLIDERS) -> st.SearchStrategy[Adjustments]:
    """Any values of some sliders, also beyond their ranges."""
    values = st.floats(-150, 150) | st.just(0.0)
    return st.fixed_dictionaries(dict.fromkeys(names, values)).map(lambda found: adjusted(**found))


@pytest.mark.parametrize(
    ("wanted", "size", "colours"),
    [
        ({}, (96, 64), (RED, GREEN, BLUE, YELLOW)),
        ({"rotation": 90}, (64, 96), (BLUE, RED, YELLOW, GREEN)),
        ({"rotation": -90}, (64, 96), (GREEN, YELLOW, RED, BLUE)),
        ({"rotation": 540}, (96, 64), (YELLOW, BLUE, GREEN, RED)),
        ({"flip_horizontal": True}, (96, 64), (GREEN, RED, YELLOW, BLUE)),
        ({"flip_vertical": True}, (96, 64), (BLUE, YELLOW, RED, GREEN)),
        ({"rotation": 90, "flip_horizontal": True}, (64, 96), (RED, BLUE, GREEN, YELLOW)),
        ({"crop": Crop(0.5, 0, 0.5, 1)}, (48, 64), (GREEN, GREEN, YELLOW, YELLOW)),
        ({"rotation": 90, "crop": Crop(0, 0, 0.5, 0.5)}, (32, 48), (BLUE, BLUE, BLUE, BLUE)),
    ],
)
def test_a_picture_is_turned_then_mirrored_then_cut(
    corners: Image.Image, wanted: Any, size: tuple[int, int], colours: Any
) -> None:
    image = shaped(corners, adjusted(**wanted))
    assert image.size == size
    assert_close(corner_colours(image), colours, 0)


@given(turns=st.lists(st.integers(-9, 9), max_size=4), across=st.booleans(), down=st.booleans())
def test_quarter_turns_add_up_and_mirroring_twice_is_nothing(
    turns: list[int], across: bool, down: bool
) -> None:
    image = picture = Image.fromarray(SMALL)
    for turn in turns:
        image = shaped(image, adjusted(rotation=90.0 * turn))
    assert image == shaped(picture, adjusted(rotation=90.0 * sum(turns)))
    mirrored = adjusted(flip_horizontal=across, flip_vertical=down)
    assert shaped(shaped(picture, mirrored), mirrored) == picture
    if across and down:
        assert shaped(picture, mirrored) == shaped(picture, adjusted(rotation=180))


@given(fractions, fractions, sides, sides)
def test_any_cut_leaves_a_part_of_the_picture(
    x: float, y: float, width: float, height: float
) -> None:
    image = shaped(Image.fromarray(SMALL), adjusted(crop=Crop(x, y, width, height)))
    if width <= 0 or height <= 0:
        assert np.array_equal(image, SMALL)
        return
    found = np.asarray(image)
    windows = np.lib.stride_tricks.sliding_window_view(SMALL, found.shape)
    assert (windows == found).all(axis=(-3, -2, -1)).any()


@given(st.integers(-45, 45), st.integers(0, 3), st.integers(20, 90), st.integers(20, 90))
def test_a_straightened_picture_keeps_its_shape_and_has_no_empty_corners(
    degrees: int, quarters: int, width: int, height: int
) -> None:
    image = shaped(
        Image.new("RGB", (width, height), "white"), adjusted(rotation=90.0 * quarters + degrees)
    )
    assert np.asarray(image).min() == 255
    wide, high = (height, width) if quarters % 2 and abs(degrees) < 45 else (width, height)
    if abs(degrees) < 45:
        assert abs(image.width * high - image.height * wide) <= wide + high
        assert image.width <= wide


def test_straightening_turns_clockwise() -> None:
    image = Image.new("L", (101, 101))
    image.paste(255, (51, 48, 101, 53))
    turned = np.asarray(shaped(image, adjusted(rotation=30)))
    high, wide = np.argwhere(turned > 200).mean(axis=0) - (np.array(turned.shape) - 1) / 2
    assert np.degrees(np.arctan2(high, wide)) == pytest.approx(30, abs=2)


@pytest.mark.parametrize("name", SLIDERS)
@pytest.mark.parametrize("value", [-130.0, -40.0, 25.0, 100.0])
def test_each_slider_does_what_its_formula_says(
    photo: Image.Image, monkeypatch: pytest.MonkeyPatch, name: str, value: float
) -> None:
    picture = photo.resize((256, 128))
    # More than one strip, so that their seams are looked at, too.
    monkeypatch.setattr(edits, "_STRIP_PIXELS", 256 * 30)
    wanted = adjusted(**{name: value / 40 if name == "exposure" else value})
    found = np.asarray(toned(picture.copy(), wanted), int)
    assert abs(found - edited.toned(np.asarray(picture), wanted)).max() <= 1
    assert (found != np.asarray(picture)).any() or value <= least(name) == 0


def test_all_sliders_together_and_in_strips_of_any_height(
    photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = photo.resize((256, 128))
    wanted = adjusted(**dict.fromkeys(SLIDERS, 30.0) | {"exposure": 0.3})
    whole = np.asarray(toned(picture.copy(), wanted), int)
    assert abs(whole - edited.toned(np.asarray(picture), wanted)).max() <= 1
    for rows in (1, 3, 50):
        monkeypatch.setattr(edits, "_STRIP_PIXELS", 256 * rows)
        assert np.array_equal(toned(picture.copy(), wanted), whole)


@given(sliders(CURVES))
def test_greys_stay_in_their_order(wanted: Adjustments) -> None:
    ramp = Image.fromarray(np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2))
    found = np.asarray(toned(ramp, wanted), int)[0]
    assert (np.diff(found, axis=0) >= 0).all()
    assert np.ptp(found, axis=-1).max() <= 1


@given(st.sampled_from(CURVES), st.floats(-1, 1), st.floats(-1, 1))
def test_more_of_a_tone_slider_is_never_less(name: str, one: float, other: float) -> None:
    scale = 3 if name == "exposure" else 100
    ramp = np.repeat(np.arange(128, 256, dtype=np.uint8)[None, :, None], 3, axis=2)
    low, high = (
        np.asarray(toned(Image.fromarray(ramp.copy()), adjusted(**{name: value * scale})), int)
        for value in sorted((one, other))
    )
    assert (low <= high).all()


@given(sliders())
def test_any_values_make_a_picture_of_the_same_size(wanted: Adjustments) -> None:
    assert toned(Image.fromarray(SMALL.copy()), wanted).size == (7, 5)


@given(sliders(("exposure", "contrast", "saturation", "clarity")))
def test_values_beyond_a_range_count_as_its_end(wanted: Adjustments) -> None:
    ends = {
        name: min(max(getattr(wanted, name), -most), most)
        for name, most in {
            "exposure": 3,
            "contrast": 100,
            "saturation": 100,
            "clarity": 100,
        }.items()
    }
    one, other = (toned(Image.fromarray(SMALL.copy()), it) for it in (wanted, adjusted(**ends)))
    assert one == other


def test_without_edits_a_picture_is_itself(corners: Image.Image) -> None:
    corners.info["icc_profile"] = ADOBE_RGB
    picture = shaped(corners, NEUTRAL)
    assert toned(picture, NEUTRAL) is picture is corners
    assert shaped(corners, adjusted(rotation=360.0)) is corners


def test_shapes_keep_the_profile_and_tones_are_edited_in_srgb(corners: Image.Image) -> None:
    corners.info["icc_profile"] = ADOBE_RGB
    assert shaped(corners, adjusted(rotation=90)).info["icc_profile"] == ADOBE_RGB
    image = toned(corners, adjusted(exposure=1e-9))
    assert "icc_profile" not in image.info
    # The red of Adobe RGB is more than that of sRGB.
    assert_close(corner_colours(image)[1], (0, 202, 0), 12)


def test_transparency_stays(corners: Image.Image) -> None:
    clear = corners.convert("RGBA")
    clear.putalpha(77)
    wanted = adjusted(exposure=1, clarity=20, noise_reduction=10, sharpness=50)
    image = toned(shaped(clear, adjusted(rotation=90)), wanted)
    assert image.getchannel("A").getextrema() == (77, 77)


def test_no_saturation_is_grey_and_vibrance_spares_the_colourful(corners: Image.Image) -> None:
    grey = np.asarray(toned(corners, adjusted(saturation=-100)), int)
    assert np.ptp(grey, axis=-1).max() <= 1

    def gain(colour: tuple[int, int, int]) -> float:
        image = toned(Image.new("RGB", (4, 4), colour), adjusted(vibrance=50))
        return float(np.ptp(np.asarray(image, int)[0, 0]) / np.ptp(colour))

    assert gain((140, 120, 120)) > 1.3
    assert gain((200, 30, 30)) < 1.2
