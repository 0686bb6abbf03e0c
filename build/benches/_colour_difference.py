"""CIEDE2000 between sRGB pictures, after Sharma, Wu and Dalal (2005)."""

import numpy as np

_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_WHITE = _TO_XYZ.sum(axis=1)
_FAR = 25.0**7


def ciede2000(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the difference of each pixel; pictures are height × width × 3, 0–255."""
    return lab_difference(lab_of(one), lab_of(other))


def lab_of(picture: np.ndarray) -> np.ndarray:
    """Return CIELAB (D65) of sRGB levels 0–255."""
    level = picture / 255
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _TO_XYZ.T / _WHITE
    x, y, z = np.moveaxis(
        np.where(ratio > 216 / 24389, np.cbrt(ratio), ratio * 841 / 108 + 4 / 29), -1, 0
    )
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def lab_difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return CIEDE2000 of CIELAB colours along the last axis."""
    (l1, a1, b1), (l2, a2, b2) = np.moveaxis(one, -1, 0), np.moveaxis(other, -1, 0)
    grey = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    stretch = 1 + 0.5 * (1 - np.sqrt(grey / (grey + _FAR)))
    c1, c2 = np.hypot(a1 * stretch, b1), np.hypot(a2 * stretch, b2)
    h1, h2 = np.arctan2(b1, a1 * stretch), np.arctan2(b2, a2 * stretch)
    has_hue = c1 * c2 > 0
    turn = np.where(has_hue, (h2 - h1 + np.pi) % (2 * np.pi) - np.pi, 0)
    # Opposite hues count as turned forward, as the paper has it.
    turn = np.where(turn == -np.pi, np.pi, turn)
    hue = np.where(has_hue, h1 + turn / 2, h1 + h2) % (2 * np.pi)
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    t = (
        1 - 0.17 * np.cos(hue - np.pi / 6) + 0.24 * np.cos(2 * hue)
        + 0.32 * np.cos(3 * hue + np.radians(6)) - 0.20 * np.cos(4 * hue - np.radians(63))
    )  # fmt: skip
    middle = (lightness - 50) ** 2
    dl = (l2 - l1) / (1 + 0.015 * middle / np.sqrt(20 + middle))
    dc = (c2 - c1) / (1 + 0.045 * chroma)
    dh = 2 * np.sqrt(c1 * c2) * np.sin(turn / 2) / (1 + 0.015 * chroma * t)
    blue = np.radians(60) * np.exp(-(((np.degrees(hue) - 275) / 25) ** 2))
    rotation = -2 * np.sqrt(chroma**7 / (chroma**7 + _FAR)) * np.sin(blue)
    return np.sqrt(np.maximum(dl**2 + dc**2 + dh**2 + rotation * dc * dh, 0))
