"""ICC profiles of three primaries and their curves, applied to 16 bits a channel.

Pillow's way to lcms2 takes 8, whose steps a wide profile pulls apart in the shadows. What is not such
a profile is left to it.
"""

import struct
from functools import lru_cache
from typing import Any

import numpy as np
from msgspec import Struct
from PIL import Image, ImageCms

from lumilio.media.hdr import encoded

_DEEPEST = 65535
_ROWS = 128
_MOST_TAGS = 100
_LEAST_LIGHT = 1e-4
_Array = Any


class MatrixProfile(Struct, frozen=True):
    """Linear light of each of 65536 levels of red, green and blue, and the way from it to XYZ (D50)."""

    curves: _Array
    matrix: _Array


def to_srgb(pixels: _Array, profile: MatrixProfile) -> Image.Image:
    """Return rows × columns × RGB of 16 bits as a picture in sRGB."""
    way = (np.linalg.inv(_srgb().matrix) @ profile.matrix).astype(np.float32)
    result = np.empty(pixels.shape, np.uint8)
    for top in range(0, len(pixels), _ROWS):
        strip = pixels[top : top + _ROWS]
        light = np.stack([profile.curves[plane][strip[..., plane]] for plane in range(3)], -1)
        result[top : top + _ROWS] = encoded(light @ way.T)
    return Image.fromarray(result)


@lru_cache(maxsize=4)
def matrix_profile(content: bytes) -> MatrixProfile | None:
    """Read a profile; None when it is of another kind, or damaged."""
    try:
        with np.errstate(all="ignore"):
            return _read(content)
    except (struct.error, KeyError, ValueError, ArithmeticError):
        return None


@lru_cache(maxsize=1)
def _srgb() -> MatrixProfile:
    return _read(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())


def _read(content: bytes) -> MatrixProfile:
    if content[16:24] != b"RGB XYZ ":
        raise ValueError("not an RGB profile")
    (count,) = struct.unpack_from(">I", content, 128)
    tags = {}
    for index in range(min(count, _MOST_TAGS)):
        name, offset, size = struct.unpack_from(">4sII", content, 132 + 12 * index)
        tags[name] = content[offset : offset + size]
    # Tables are more exact than the primaries that stand beside them.
    if any(name.startswith((b"A2B", b"D2B")) for name in tags):
        raise ValueError("a profile of tables")
    curves = [_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
    columns = [struct.unpack_from(">3i", tags[name], 8) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    matrix = np.array(columns, np.float64).T / 65536
    # Of a black that is none, lcms2 makes one.
    ends = np.array(curves)[:, [0, -1]]
    if not np.isfinite(curves).all() or abs(ends - (0, 1)).max() > _LEAST_LIGHT:
        raise ValueError("curves that do not go from black to white")
    if abs(np.linalg.det(matrix)) < _LEAST_LIGHT:
        raise ValueError("no colours")
    return MatrixProfile(np.array(curves, np.float32), matrix)


def _curve(tag: bytes) -> _Array:
    level = np.linspace(0, 1, _DEEPEST + 1)
    kind, number = tag[:4], struct.unpack_from(">I", tag, 8)[0]
    if kind == b"para":
        return _parametric(tag, level)
    if kind != b"curv":
        raise ValueError("an unknown curve")
    if number == 0:
        return level
    if number == 1:
        return level ** (struct.unpack_from(">H", tag, 12)[0] / 256)
    points = np.frombuffer(tag, ">u2", number, 12) / _DEEPEST
    return np.interp(level, np.linspace(0, 1, number), points)


def _parametric(tag: bytes, level: _Array) -> _Array:
    (kind,) = struct.unpack_from(">H", tag, 8)
    count = (1, 3, 4, 5, 7)[min(kind, 4)]
    told = [value / 65536 for value in struct.unpack_from(f">{count}i", tag, 12)]
    gamma, a, b, c, d, e, f = (told + [1, 0, 0, 0, 0, 0][count - 1 :])[:7]
    if kind in (1, 2):
        # The curve meets its flat part where its base is zero.
        c, d, e, f = 0, -b / a, c, c
    curved = np.maximum(a * level + b, 0) ** gamma + e
    return np.where(level >= d, curved, c * level + f).clip(0, 1)
