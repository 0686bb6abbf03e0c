"""Profiles of primaries and curves: 16 bits beside what lcms2 makes of 8."""

import struct
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from lumilio.media.matrix_profiles import matrix_profile, to_srgb

from .looks import ADOBE_RGB, DISPLAY_P3

LEVELS = np.random.default_rng(4).integers(0, 256, (120, 160, 3), np.uint8)


def fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def parametric(kind: int, *values: float) -> bytes:
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + fixed(*values)


def table(points: np.ndarray) -> bytes:
    content = np.rint(points * 65535).astype(">u2").tobytes()
    return b"curv\0\0\0\0" + struct.pack(">I", len(points)) + content


def with_curve(curve: bytes) -> bytes:
    """Adobe RGB with another curve, which stands at the end of the profile."""
    content = bytearray(ADOBE_RGB)
    for index in range(struct.unpack_from(">I", content, 128)[0]):
        at = 132 + 12 * index
        if content[at + 1 : at + 4] == b"TRC":
            struct.pack_into(">II", content, at + 4, len(ADOBE_RGB), len(curve))
    struct.pack_into(">I", content, 0, len(ADOBE_RGB) + len(curve))
    return bytes(content) + curve


def by_lcms(profile: bytes) -> np.ndarray:
    found = ImageCms.profileToProfile(
        Image.fromarray(LEVELS),
        ImageCms.ImageCmsProfile(BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    return np.asarray(found, int)


@pytest.mark.parametrize(
    "profile",
    [
        ADOBE_RGB,
        DISPLAY_P3,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        with_curve(table(np.linspace(0, 1, 40) ** 1.7)),
        with_curve(b"curv\0\0\0\0\0\0\0\0"),
        with_curve(parametric(0, 1.8)),
        with_curve(parametric(1, 2.2, 1.1, -0.1)),
        with_curve(parametric(2, 2.0, 1.2, -0.2, 0.0)),
        with_curve(parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)),
        with_curve(parametric(4, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0, 0)),
    ],
)
def test_colours_are_those_of_lcms(profile: bytes) -> None:
    found = matrix_profile(profile)
    assert found is not None
    ours = np.asarray(to_srgb(LEVELS.astype(np.uint16) * 257, found), int)
    # lcms2 rounds its own curves of 8 bits.
    assert abs(ours - by_lcms(profile)).max() <= 2
    assert (ours != by_lcms(profile)).mean() < 0.1


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        b"words" * 100,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
        ADOBE_RGB.replace(b"wtpt", b"A2B1"),
        ADOBE_RGB[:300],
        with_curve(b"noise" * 4),
        with_curve(parametric(1, 2.2, 0, 1)),
        with_curve(parametric(0, -1)),
        with_curve(parametric(2, 2.0, 0.8, -0.1, 0.05)),
        with_curve(parametric(4, 2.4, 0.9, 0.05, 0.1, 0.05, 0.01, 0.01)),
        with_curve(b"curv\0\0\0\0\xff\xff\xff\xff"),
    ],
)
def test_what_is_no_such_profile_is_left_to_lcms(profile: bytes) -> None:
    assert matrix_profile(profile) is None


@given(st.lists(st.tuples(st.integers(0, len(ADOBE_RGB) - 1), st.integers(0, 255)), max_size=30))
def test_damage_is_no_error(changes: list[tuple[int, int]]) -> None:
    content = bytearray(ADOBE_RGB)
    for at, value in changes:
        content[at] = value
    found = matrix_profile(bytes(content))
    assert found is None or to_srgb(np.zeros((2, 2, 3), np.uint16), found).size == (2, 2)
