"""The formulas of `lumilio.media.edits` once more, in the plainest way: whole picture, 64 bits."""

from typing import Any

import numpy as np

from lumilio.media.adjustments import NEUTRAL, Adjustments

SLIDERS = [
    name
    for name in NEUTRAL.__struct_fields__
    if name not in ("rotation", "flip_horizontal", "flip_vertical", "crop")
]
WEIGHTS = np.array([0.2126, 0.7152, 0.0722])


def toned(picture: np.ndarray, edits: Adjustments) -> np.ndarray:
    """Rows × columns × RGB of 8 bits, edited."""

    def part(name: str) -> float:
        return float(np.clip(getattr(edits, name), least(name), 100) / 100)

    pixels = light(picture / 255, edits)
    if edits.noise_reduction:
        pixels = calmed(pixels, part("noise_reduction"))
    y = luma(pixels)
    pixels = pixels + 2 * part("clarity") * y * (1 - y) * (y - around(picture, edits))
    pixels = pixels + part("blacks") * (1 - luma(pixels)) ** 2 / 4
    pixels = pixels + part("whites") * luma(pixels) ** 2 / 4
    pixels = pixels + part("shadows") * luma(pixels) * (1 - luma(pixels)) ** 3
    pixels = pixels + part("highlights") * (1 - luma(pixels)) * luma(pixels) ** 3
    if edits.contrast:
        pixels = pixels.clip(0, 1)
    pixels = pixels + part("contrast") * (3 * pixels**2 - 2 * pixels**3 - pixels)
    vivid = np.ptp(pixels, axis=-1)[..., None]
    amount = np.maximum(1 + part("saturation") + part("vibrance") * (1 - vivid), 0)
    if edits.saturation or edits.vibrance:
        pixels = luma(pixels) + (pixels - luma(pixels)) * amount
    pixels = pixels + 1.5 * part("sharpness") * (luma(pixels) - blurred(luma(pixels)))
    return np.floor(pixels.clip(0, 1) * 255 + 0.5)


def least(name: str) -> int:
    return 0 if name in ("sharpness", "noise_reduction") else -100


def light(pixels: np.ndarray, edits: Adjustments) -> np.ndarray:
    warm, tint = (np.clip(v, -100, 100) / 100 for v in (edits.temperature, edits.tint))
    gain = np.array([1 + 0.3 * warm, 1 - 0.2 * tint, 1 - 0.3 * warm])
    gain = gain * 2.0 ** np.clip(edits.exposure, -3, 3) / (gain * WEIGHTS).sum()
    linear = np.where(pixels <= 0.04045, pixels / 12.92, ((pixels + 0.055) / 1.055) ** 2.4)
    linear = (linear * gain).clip(0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def luma(pixels: np.ndarray) -> np.ndarray:
    return (pixels * WEIGHTS).sum(axis=-1, keepdims=True).clip(0, 1)


def calmed(pixels: np.ndarray, amount: float) -> np.ndarray:
    def mean(of: np.ndarray) -> np.ndarray:
        return filtered(of, np.full((5, 5), 1 / 25))

    variance = mean((pixels - 0.0) ** 2) - mean(pixels) ** 2
    a = variance / (variance + (0.1 * amount) ** 2)
    return mean(a) * pixels + mean((1 - a) * mean(pixels))


def blurred(plane: np.ndarray) -> np.ndarray:
    row = np.array([1, 4, 6, 4, 1]) / 16
    return filtered(plane, np.outer(row, row))


def filtered(pixels: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    padded = np.pad(pixels, ((2, 2), (2, 2), (0, 0)), "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), (0, 1))
    return np.einsum("yxcij,ij->yxc", windows, kernel)


def around(picture: np.ndarray, edits: Adjustments) -> Any:
    """Only for pictures whose sides are multiples of their number of cells."""
    height, width, _ = picture.shape
    step = max(height, width) // 64
    cells = picture.reshape(height // step, step, width // step, step, 3).mean(axis=(1, 3))
    grid = blurred(luma(light(np.rint(cells) / 255, edits)))[..., 0]

    def places(side: int, count: int) -> np.ndarray:
        return ((np.arange(side) + 0.5) * count / side - 0.5).clip(0, count - 1)

    wide = np.array([np.interp(places(width, len(r)), range(len(r)), r) for r in grid])
    high = [np.interp(places(height, len(c)), range(len(c)), c) for c in wide.T]
    return np.array(high).T[..., None]
