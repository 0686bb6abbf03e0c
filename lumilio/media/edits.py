"""The edits of a photo, applied to a picture: the definition that every editor is to match.

In this order: a picture is turned, straightened, mirrored and cut (`shaped`), brought to its size, then
toned (`toned`), in sRGB as fractions 0–1 and in floating point, rounded once at the end:

1. Exposure, temperature and tint multiply linear light, each channel up to white.
2. Noise reduction is a guided filter (He 2010) of each channel by itself over 5 × 5 pixels.
3. Clarity parts the middle tones from their surroundings, 1/64 of the longer side.
4. Blacks, whites, shadows, highlights, one after the other, move a pixel as a curve of its luma says.
5. Contrast bends each channel, cut to 0–1, into an S.
6. Saturation and vibrance spread the channels around the luma.
7. Sharpness adds to each channel what sets the luma apart from its binomial blur over 5 × 5 pixels.

With w = value / 100 within its range, and Y the luma after BT.709, cut to 0–1:

    1.  gain = 2^exposure · k / Y(k), k = (1 + 0.3 temperature, 1 − 0.2 tint, 1 − 0.3 temperature)
    2.  a = variance / (variance + (0.1 w)²),  p ← mean(a) p + mean((1 − a) mean(p))
    3.  p += 2 w Y (1 − Y) (Y − surroundings)
    4.  p += w (1 − Y)² / 4,  p += w Y² / 4,  p += w Y (1 − Y)³,  p += w (1 − Y) Y³
    5.  p += w (3 p² − 2 p³ − p)
    6.  p ← Y + (p − Y) max(0, 1 + saturation + vibrance (1 − (max − min)))
    7.  p += 1.5 w (Y − blurred Y)

The surroundings are means over a grid of 64 cells on the longer side, blurred like 7 from cell to cell,
and interpolated linearly. 1, 4 and 5 keep greys in their order. Only for the decode worker.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray
from PIL import Image

from lumilio.media.adjustments import Adjustments, Crop
from lumilio.media.colours import to_srgb

# 32-bit floating point: colours × rows × columns, or rows × columns of one plane.
Pixels = NDArray[Any]

_QUARTER_TURNS = {
    1: Image.Transpose.ROTATE_270,
    2: Image.Transpose.ROTATE_180,
    3: Image.Transpose.ROTATE_90,
}
_LUMA = np.array((0.2126, 0.7152, 0.0722), np.float32)
_MOST_STOPS = 3
# How far each curve lifts a luma at full strength, in their order.
_CURVES: dict[str, Callable[[Pixels], Pixels]] = {
    "blacks": lambda y: (1 - y) ** 2 / 4,
    "whites": lambda y: y**2 / 4,
    "shadows": lambda y: y * (1 - y) ** 3,
    "highlights": lambda y: (1 - y) * y**3,
}
_CELLS = 64
_MEAN = (0.2, 0.2, 0.2, 0.2, 0.2)
_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
# In strips, so that a large photo needs no second copy, least of all in floating point.
_STRIP_PIXELS = 1 << 20
# How far the rows of a strip look beyond it: noise reduction twice, then sharpness.
_MARGIN = 6


def shaped(image: Image.Image, wanted: Adjustments) -> Image.Image:
    """The picture turned clockwise, straightened, mirrored, then cut.

    What a rotation leaves beside quarter turns straightens: the picture turns around its middle, and
    the largest part of the same shape that has no empty corners stays.
    """
    info = image.info
    degrees = math.fmod(wanted.rotation, 360)
    quarters = round(degrees / 90)
    if turn := _QUARTER_TURNS.get(quarters % 4):
        image = image.transpose(turn)
    if rest := degrees - 90 * quarters:
        image = _straightened(image, math.radians(rest))
    if wanted.flip_horizontal:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if wanted.flip_vertical:
        image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    if wanted.crop is not UNSET and wanted.crop.width > 0 and wanted.crop.height > 0:
        image = _cut(image, wanted.crop)
    image.info = info
    return image


def toned(image: Image.Image, wanted: Adjustments) -> Image.Image:
    """An RGB or RGBA picture with its tones and colours edited, as sRGB and maybe in place.

    Without such edits it is the picture itself, in the colours of its own profile.
    """
    if not wanted.recolours:
        return image
    if image.info.get("icc_profile"):
        image = to_srgb(image)
        image.info = {}
    light = _light_table(wanted)
    surroundings = _surroundings(image, light) if wanted.clarity else None
    for top, margin, rows, window in _strips(image):
        pixels = _lit(window, light)
        pixels = _calmed(pixels, _part(wanted.noise_reduction, 0))
        if surroundings is not None:
            around = _interpolated(surroundings, image.height, top - margin, len(window))
            pixels = _cleared(pixels, around, _part(wanted.clarity))
        pixels = _contrasted(_curved(pixels, wanted), _part(wanted.contrast))
        pixels = _coloured(pixels, _part(wanted.saturation), _part(wanted.vibrance))
        pixels = _sharpened(pixels, _part(wanted.sharpness, 0))
        strip = window[margin : margin + rows]
        inner = pixels[:, margin : margin + rows].clip(0, 1)
        strip[..., :3] = np.moveaxis(inner * 255 + 0.5, 0, -1)
        image.paste(Image.fromarray(strip), (0, top))
    return image


def _straightened(image: Image.Image, angle: float) -> Image.Image:
    """Turn by up to 45°, clockwise in radians."""
    sine, cosine = math.sin(angle), math.cos(angle)
    shape = max(image.size) / min(image.size)
    kept = 1 / (cosine + abs(sine) * shape)
    width, height = (max(round(side * kept), 1) for side in image.size)
    # Where each pixel of the result comes from.
    x = (image.width - width * cosine - height * sine) / 2
    y = (image.height + width * sine - height * cosine) / 2
    way = (cosine, sine, x, -sine, cosine, y)
    return image.transform((width, height), Image.Transform.AFFINE, way, Image.Resampling.BICUBIC)


def _cut(image: Image.Image, crop: Crop) -> Image.Image:
    left, right = _span(crop.x, crop.width, image.width)
    top, bottom = _span(crop.y, crop.height, image.height)
    return image.crop((left, top, right, bottom))


def _span(start: float, length: float, side: int) -> tuple[int, int]:
    """First and last edge in pixels, inside the picture and at least one apart."""
    begin, end = (min(max(edge, 0), 1) for edge in (start, start + length))
    first = min(round(begin * side), side - 1)
    return first, max(round(end * side), first + 1)


def _strips(image: Image.Image) -> Iterator[tuple[int, int, int, NDArray[np.uint8]]]:
    """Yield where each strip begins, how many rows above it come along, its rows, and all pixels.

    A strip may be overwritten in the picture before the next is taken.
    """
    height = max(_STRIP_PIXELS // image.width, 1)
    above = np.empty((0, image.width, len(image.getbands())), np.uint8)
    for top in range(0, image.height, height):
        rows = min(height, image.height - top)
        end = min(top + rows + _MARGIN, image.height)
        below = np.asarray(image.crop((0, top, image.width, end)))
        window = np.concatenate([above, below])
        margin, above = len(above), window[: len(above) + rows][-_MARGIN:].copy()
        yield top, margin, rows, window


def _light_table(wanted: Adjustments) -> Pixels:
    """What becomes of each of the 256 levels of each channel."""
    warmth, magenta = _part(wanted.temperature) * 0.3, _part(wanted.tint) * 0.2
    gains = np.array((1 + warmth, 1 - magenta, 1 - warmth))
    stops = min(max(wanted.exposure, -_MOST_STOPS), _MOST_STOPS)
    gains *= 2**stops / (gains @ _LUMA)
    levels = np.arange(256) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    linear = np.minimum(gains[:, None] * linear, 1)
    light = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    table: Pixels = light.astype(np.float32)
    return table


def _lit(pixels: NDArray[np.uint8], light: Pixels) -> Pixels:
    return np.stack([light[plane][pixels[..., plane]] for plane in range(3)])


def _surroundings(image: Image.Image, light: Pixels) -> Pixels:
    """The luma around each place: a few rows of cells, each as wide as the picture."""
    scale = min(_CELLS / max(image.size), 1)
    size = max(round(image.width * scale), 1), max(round(image.height * scale), 1)
    cells = np.asarray(image.resize(size, Image.Resampling.BOX))
    luma = _averaged(_luma(_lit(cells, light)), _BINOMIAL)
    return np.ascontiguousarray(_interpolated(luma.T, image.width, 0, image.width).T)


def _interpolated(cells: Pixels, length: int, start: int, count: int) -> Pixels:
    """The rows from `start` of what `cells` become when stretched to `length` rows."""
    at = (np.arange(start, start + count) + 0.5) * len(cells) / length - 0.5
    at = at.clip(0, len(cells) - 1)
    low = at.astype(int)
    part = (at - low).astype(np.float32)[:, None]
    rows: Pixels = cells[low] * (1 - part) + cells[np.minimum(low + 1, len(cells) - 1)] * part
    return rows


def _calmed(pixels: Pixels, amount: float) -> Pixels:
    if not amount:
        return pixels
    mean = _averaged(pixels, _MEAN)
    variance = (_averaged(pixels * pixels, _MEAN) - mean * mean).clip(0, None)
    keep = variance / (variance + np.float32((0.1 * amount) ** 2))
    calm: Pixels = _averaged(keep, _MEAN) * pixels + _averaged((1 - keep) * mean, _MEAN)
    return calm


def _cleared(pixels: Pixels, around: Pixels, amount: float) -> Pixels:
    luma = _luma(pixels)
    clear: Pixels = pixels + 2 * amount * luma * (1 - luma) * (luma - around)
    return clear


def _curved(pixels: Pixels, wanted: Adjustments) -> Pixels:
    """Apply blacks, whites, shadows and highlights: greys move, and colours along with theirs."""
    if not any(getattr(wanted, name) for name in _CURVES):
        return pixels
    luma = curve = _luma(pixels)
    for name, form in _CURVES.items():
        curve = curve + _part(getattr(wanted, name)) * form(curve.clip(0, 1))
    curved: Pixels = pixels + (curve - luma)
    return curved


def _contrasted(pixels: Pixels, amount: float) -> Pixels:
    if not amount:
        return pixels
    pixels = pixels.clip(0, 1)
    contrasted: Pixels = pixels + amount * (pixels * pixels * (3 - 2 * pixels) - pixels)
    return contrasted


def _coloured(pixels: Pixels, saturation: float, vibrance: float) -> Pixels:
    if not (saturation or vibrance):
        return pixels
    # Vibrance spares what is colourful already.
    colourful = pixels.max(axis=0) - pixels.min(axis=0)
    luma = _luma(pixels)
    spread = (1 + saturation + vibrance * (1 - colourful)).clip(0, None)
    coloured: Pixels = luma + (pixels - luma) * spread
    return coloured


def _sharpened(pixels: Pixels, amount: float) -> Pixels:
    if not amount:
        return pixels
    luma = _luma(pixels)
    return pixels + 1.5 * amount * (luma - _averaged(luma, _BINOMIAL))


def _luma(pixels: Pixels) -> Pixels:
    red, green, blue = pixels
    luma: Pixels = (_LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue).clip(0, 1)
    return luma


def _averaged(pixels: Pixels, weights: tuple[float, ...]) -> Pixels:
    """Blur rows and columns of one or more planes; the edges go on outside."""
    for axis in (-2, -1):
        reach, count = len(weights) // 2, pixels.shape[axis]
        around = [(0, 0)] * pixels.ndim
        around[axis] = (reach, reach)
        padded = np.moveaxis(np.pad(pixels, around, "edge"), axis, 0)
        total = np.zeros_like(padded[:count])
        for offset, weight in enumerate(weights):
            total += np.float32(weight) * padded[offset : offset + count]
        pixels = np.moveaxis(total, 0, axis)
    return pixels


def _part(value: float, least: float = -100) -> float:
    return min(max(value, least), 100) / 100
