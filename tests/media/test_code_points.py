"""Colours told by code points (CICP) instead of a profile, and HDR in what a screen can show."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from lumilio.media import hdr
from lumilio.media.boxes import Cicp
from lumilio.media.facts import Development

from .looks import assert_close

Develop = Callable[[Path], Development]
Thumbnail = Callable[..., Image.Image]
BT_2020_TO_SRGB = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)
PATCHES = [(180, 90, 60), (60, 140, 90), (40, 60, 160), (128, 128, 128), (230, 220, 200)]


def linear(colour: tuple[int, ...]) -> np.ndarray:
    level = np.asarray(colour) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


def pq(light: np.ndarray) -> np.ndarray:
    power = (light / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def as_pq(colour: tuple[int, ...], white: float = 203.0) -> np.ndarray:
    """BT.2020 PQ code values, 0–1, of an sRGB colour shown at so much light."""
    return pq(np.clip(np.linalg.inv(BT_2020_TO_SRGB) @ linear(colour), 0, None) * white)


def png(levels: np.ndarray, code: tuple[int, int] | None, size: int = 64) -> bytes:
    buffer = BytesIO()
    pixels = np.broadcast_to(np.rint(levels * 255).astype(np.uint8), (size, size, 3))
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG")
    content = buffer.getvalue()
    if code is None:
        return content
    chunk = b"cICP" + bytes([*code, 0, 1])
    chunk = struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return content[:33] + chunk + content[33:]


def heic(levels: np.ndarray, code: tuple[int, int], size: int = 64) -> bytes:
    pixels = np.broadcast_to(np.rint(levels * 65535).astype(np.uint16), (size, size, 3))
    image = pillow_heif.from_bytes("RGB;16", (size, size), np.ascontiguousarray(pixels).tobytes())
    buffer = BytesIO()
    image.save(
        buffer, quality=-1, chroma=444, color_primaries=code[0], transfer_characteristics=code[1],
        matrix_coefficients=0, full_range_flag=1, save_nclx_profile=True,
    )  # fmt: skip
    return buffer.getvalue()


def avif(levels: np.ndarray, code: tuple[int, int], size: int = 64) -> bytes:
    """Pillow writes sRGB code points; others take their place."""
    pixels = np.broadcast_to(np.rint(levels * 255).astype(np.uint8), (size, size, 3))
    buffer = BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(
        buffer, "AVIF", quality=100, subsampling="4:4:4"
    )
    content = buffer.getvalue()
    position = content.index(b"colrnclx") + 8
    return content[:position] + struct.pack(">HH", *code) + content[position + 4 :]


WRITERS = {"a.png": png, "a.heic": heic, "a.avif": avif}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("colour", PATCHES)
def test_hdr_that_stays_below_white_is_what_it_was(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail, name: str, colour: tuple[int, ...]
) -> None:
    (tmp_path / name).write_bytes(WRITERS[name](as_pq(colour), (9, 16)))
    assert_close(
        thumbnail(developed(tmp_path / name)).getpixel((32, 32)),
        colour,
        14 if name == "a.avif" else 6,
    )


def test_highlights_are_rolled_off_and_keep_their_order(tmp_path: Path) -> None:
    light = np.array([10, 50, 100, 203, 400, 800, 1000, 1000], np.float64)
    levels = np.rint(pq(light) * 255).astype(np.uint8)
    pixels = np.repeat(levels[None, :, None].repeat(3, axis=2), 64, axis=0).repeat(8, axis=1)
    row = np.asarray(hdr.to_srgb(pixels, Cicp(9, hdr.PQ)))[8, ::8, 0].astype(int)
    assert (np.diff(row)[:5] > 0).all()
    assert row[-1] >= 250
    assert row[3] < 240
    # The darker half is as bright as it was.
    wanted = 255 * (1.055 * (np.array([10, 50]) / 203) ** (1 / 2.4) - 0.055)
    assert_close(row[:2], wanted, 5)


def test_grey_stays_grey_and_hues_stay(tmp_path: Path) -> None:
    for levels in ([200, 200, 200], [220, 160, 120]):
        pixels = np.broadcast_to(np.array(levels, np.uint8), (16, 16, 3)).copy()
        found = np.asarray(hdr.to_srgb(pixels, Cicp(9, hdr.HLG)))[8, 8].astype(int)
        assert found[0] >= found[1] >= found[2]
        assert levels[0] != levels[2] or np.ptp(found) <= 1


def test_hlg_white_is_white(tmp_path: Path, developed: Develop, thumbnail: Thumbnail) -> None:
    """BT.2408 puts the white of paper at 75 % of the signal."""
    (tmp_path / "a.png").write_bytes(png(np.full(3, 0.75), (9, 18)))
    assert_close(thumbnail(developed(tmp_path / "a.png")).getpixel((32, 32)), (255, 255, 255), 3)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ((12, 13), (255, 0, 0)),
        ((9, 13), (255, 0, 0)),
        ((1, 13), (200, 30, 30)),
        ((2, 2), (200, 30, 30)),
    ],
)
def test_wide_colours_without_a_profile(
    tmp_path: Path,
    developed: Develop,
    thumbnail: Thumbnail,
    code: tuple[int, int],
    wanted: tuple[int, ...],
) -> None:
    colour = np.array([255, 0, 0] if wanted[0] == 255 else wanted) / 255
    (tmp_path / "a.png").write_bytes(png(colour, code))
    assert_close(thumbnail(developed(tmp_path / "a.png")).getpixel((32, 32)), wanted, 5)


def test_linear_light_is_brightened(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail
) -> None:
    (tmp_path / "a.png").write_bytes(png(np.full(3, 0.2140), (1, 8)))
    assert_close(thumbnail(developed(tmp_path / "a.png")).getpixel((32, 32)), (128, 128, 128), 3)


def test_transparency_survives(tmp_path: Path, developed: Develop, thumbnail: Thumbnail) -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[:, 32:] = (110, 110, 110, 255)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    content = buffer.getvalue()
    chunk = b"cICP" + bytes([9, 16, 0, 1])
    chunk = struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "a.png").write_bytes(content[:33] + chunk + content[33:])
    found = np.asarray(thumbnail(developed(tmp_path / "a.png")))
    assert found.shape[2] == 4
    assert (found[32, 8, 3], found[32, 56, 3]) == (0, 255)
