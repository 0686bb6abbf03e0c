"""The edits of the studio: geometry exact, every slider in its direction."""

from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

from lumilio.media.edits import Adjustments, Crop, edited

from .looks import CORNER_COLOURS, assert_close, corner_colours

RED, GREEN, BLUE, YELLOW = CORNER_COLOURS


@pytest.mark.parametrize(
    ("wanted", "size", "colours"),
    [
        ({}, (96, 64), (RED, GREEN, BLUE, YELLOW)),
        ({"rotation": 90}, (64, 96), (BLUE, RED, YELLOW, GREEN)),
        ({"rotation": -90}, (64, 96), (GREEN, YELLOW, RED, BLUE)),
        ({"rotation": 540}, (96, 64), (YELLOW, BLUE, GREEN, RED)),
        ({"flipHorizontal": True}, (96, 64), (GREEN, RED, YELLOW, BLUE)),
        ({"flipVertical": True}, (96, 64), (BLUE, YELLOW, RED, GREEN)),
        ({"rotation": 90, "flipHorizontal": True}, (64, 96), (RED, BLUE, GREEN, YELLOW)),
        (
            {"crop": {"x": 0.5, "y": 0, "width": 0.5, "height": 1}},
            (48, 64),
            (GREEN, GREEN, YELLOW, YELLOW),
        ),
        (
            {"rotation": 90, "crop": {"x": 0, "y": 0, "width": 0.5, "height": 0.5}},
            (32, 48),
            (BLUE, BLUE, BLUE, BLUE),
        ),
    ],
)
def test_a_picture_is_turned_then_mirrored_then_cut(
    corners: Image.Image, wanted: Any, size: tuple[int, int], colours: Any
) -> None:
    image = edited(corners, msgspec.convert(wanted, Adjustments))
    assert image.size == size
    assert_close(corner_colours(image), colours, 0)


@pytest.mark.parametrize(
    "crop",
    [Crop(-1, -1, 9, 9), Crop(2, 2, 1, 1), Crop(-3, -3, 1, 1), Crop(0.5, 0.5, 1e-9, 1e-9)],
)
def test_a_senseless_cut_leaves_something_inside(corners: Image.Image, crop: Crop) -> None:
    image = edited(corners, Adjustments(crop=crop))
    assert 1 <= image.width <= 96
    assert 1 <= image.height <= 64


@pytest.mark.parametrize("crop", [Crop(), Crop(0.5, 0.5, 0, 1), Crop(0.5, 0.5, 1, -3)])
def test_a_cut_without_an_area_counts_as_none(corners: Image.Image, crop: Crop) -> None:
    assert edited(corners, Adjustments(crop=crop)).size == corners.size


@pytest.fixture
def ramp() -> Image.Image:
    """Greys from black to white, in a slightly warm tone."""
    levels = np.linspace(0, 255, 256)[None, :, None] * np.array((1.0, 0.97, 0.9))
    return Image.fromarray(np.broadcast_to(levels, (300, 256, 3)).astype(np.uint8))


def _at(image: Image.Image, level: int) -> Any:
    """The colour of what had this level."""
    return np.asarray(image, int)[290, level, :3]


def test_without_edits_nothing_changes(ramp: Image.Image) -> None:
    assert np.array_equal(edited(ramp, Adjustments()), ramp)


def test_one_stop_doubles_the_light(ramp: Image.Image) -> None:
    assert _at(edited(ramp, Adjustments(exposure=1)), 64)[0] == pytest.approx(90, abs=1)
    assert _at(edited(ramp, Adjustments(exposure=-1)), 90)[0] == pytest.approx(64, abs=1)
    assert np.array_equal(
        edited(ramp, Adjustments(exposure=99)), edited(ramp, Adjustments(exposure=3))
    )


@pytest.mark.parametrize(
    ("slider", "moved", "kept"),
    [("shadows", 60, 240), ("highlights", 190, 20), ("whites", 230, 5), ("blacks", 10, 250)],
)
def test_a_tone_slider_moves_its_own_part_of_the_scale(
    ramp: Image.Image, slider: str, moved: int, kept: int
) -> None:
    up, down = (edited(ramp, Adjustments(**{slider: value})) for value in (100, -100))
    assert _at(up, moved)[0] > moved + 8 or moved > 225
    assert _at(down, moved)[0] < moved - 8 or moved < 15
    assert _at(up, moved).sum() > _at(down, moved).sum() + 10
    assert abs(_at(up, kept) - _at(ramp, kept)).max() <= 4


def test_contrast_parts_dark_from_light(ramp: Image.Image) -> None:
    more = edited(ramp, Adjustments(contrast=50))
    assert _at(more, 64)[0] < 50
    assert _at(more, 192)[0] > 206
    assert abs(_at(more, 128)[0] - 128) <= 2


def test_white_balance_keeps_the_brightness(ramp: Image.Image) -> None:
    warm = _at(edited(ramp, Adjustments(temperature=50)), 128)
    assert warm[0] > _at(ramp, 128)[0]
    assert warm[2] < _at(ramp, 128)[2]
    magenta = _at(edited(ramp, Adjustments(tint=50)), 128)
    assert magenta[1] < _at(ramp, 128)[1]


def test_no_saturation_is_grey_and_vibrance_spares_the_colourful(corners: Image.Image) -> None:
    grey = np.asarray(edited(corners, Adjustments(saturation=-100)), int)
    assert np.ptp(grey, axis=-1).max() <= 1
    pale = Image.new("RGB", (4, 4), (140, 120, 120))
    vivid = Image.new("RGB", (4, 4), (200, 30, 30))

    def gain(image: Image.Image) -> float:
        before, after = (
            np.ptp(np.asarray(i, int)[0, 0])
            for i in (image, edited(image, Adjustments(vibrance=50)))
        )
        return float(after / before)

    assert gain(pale) > 1.3
    assert gain(vivid) < 1.2


def test_sharpness_and_noise_reduction_work_on_edges(corners: Image.Image) -> None:
    def edge(wanted: Adjustments) -> int:
        row = np.asarray(edited(corners, wanted), int)[10, :, 1]
        return int(abs(np.diff(row)).max())

    plain = edge(Adjustments())
    assert edge(Adjustments(sharpness=100)) > plain
    assert edge(Adjustments(noise_reduction=100)) < plain
    assert edge(Adjustments(clarity=-100)) < plain
    assert not np.array_equal(edited(corners, Adjustments(clarity=100)), corners)


def test_transparency_and_profile_stay(corners: Image.Image) -> None:
    clear = corners.convert("RGBA")
    clear.putalpha(77)
    clear.info["icc_profile"] = b"mine"
    image = edited(clear, Adjustments(exposure=1, rotation=90))
    assert image.getchannel("A").getextrema() == (77, 77)
    assert image.info["icc_profile"] == b"mine"
