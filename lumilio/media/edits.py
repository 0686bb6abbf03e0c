"""The edits of the studio, applied to a picture: the reference that every editor is to match.

The sidecar document names the sliders and their ranges; what each does is defined here. Colours are
worked on as the fractions 0–1 of 8-bit sRGB, exposure and white balance in linear light.

Only for the decode worker.
"""

from functools import reduce
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.float32]

# Rows at a time, so that a large photo needs no second and third copy in floating point.
_STRIP_ROWS = 256
_LUMA = np.array((0.2126, 0.7152, 0.0722), np.float32)


class Crop(Struct, frozen=True):
    """A part of the turned picture, in fractions of its sides; without an area it counts as none."""

    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0


class Adjustments(Struct, frozen=True, rename="camel", kw_only=True):
    """The sliders of a sidecar of version 1; zero is neutral.

    Exposure is in EV, rotation in degrees clockwise of which whole quarter turns count, the others
    −100…100; sharpness and noise reduction 0…100. Values beyond a range count as its end.
    """

    exposure: float = 0.0
    contrast: float = 0.0
    highlights: float = 0.0
    shadows: float = 0.0
    whites: float = 0.0
    blacks: float = 0.0
    temperature: float = 0.0
    tint: float = 0.0
    vibrance: float = 0.0
    saturation: float = 0.0
    clarity: float = 0.0
    sharpness: float = 0.0
    noise_reduction: float = 0.0
    rotation: float = 0.0
    flip_horizontal: bool = False
    flip_vertical: bool = False
    crop: Crop | None = None


def edited(image: Image.Image, wanted: Adjustments) -> Image.Image:
    """An upright RGB or RGBA picture with its edits: turned, mirrored, cut, toned, then sharpened."""
    image = _toned(_cut(_turned(image, wanted), wanted.crop), wanted)
    return _refined(image, wanted)


def _turned(image: Image.Image, wanted: Adjustments) -> Image.Image:
    turns = {
        1: Image.Transpose.ROTATE_270,
        2: Image.Transpose.ROTATE_180,
        3: Image.Transpose.ROTATE_90,
    }
    steps = [
        turns.get(round(wanted.rotation / 90) % 4),
        Image.Transpose.FLIP_LEFT_RIGHT if wanted.flip_horizontal else None,
        Image.Transpose.FLIP_TOP_BOTTOM if wanted.flip_vertical else None,
    ]
    return reduce(
        lambda turned, step: turned if step is None else turned.transpose(step), steps, image
    )


def _cut(image: Image.Image, crop: Crop | None) -> Image.Image:
    if crop is None or crop.width <= 0 or crop.height <= 0:
        return image
    left, right = _span(crop.x, crop.width, image.width)
    top, bottom = _span(crop.y, crop.height, image.height)
    return image.crop((left, top, right, bottom))


def _span(start: float, length: float, side: int) -> tuple[int, int]:
    """First and last edge in pixels, inside the picture and at least one apart."""
    first = min(max(round(start * side), 0), side - 1)
    return first, min(max(round((start + length) * side), first + 1), side)


def _toned(image: Image.Image, wanted: Adjustments) -> Image.Image:
    tones = Adjustments(**{name: getattr(wanted, name) for name in _TONES if getattr(wanted, name)})
    if tones == Adjustments():
        return image
    pixels = np.array(image)
    for row in range(0, image.height, _STRIP_ROWS):
        strip = pixels[row : row + _STRIP_ROWS, :, :3]
        toned = _tone(strip.astype(np.float32) / np.float32(255), tones)
        strip[:] = (toned.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    result = Image.fromarray(pixels)
    result.info = image.info
    return result


_TONES = (
    "exposure", "contrast", "highlights", "shadows", "whites", "blacks", "temperature", "tint",
    "vibrance", "saturation",
)  # fmt: skip


def _tone(pixels: Pixels, tones: Adjustments) -> Pixels:
    pixels = _lit(pixels, tones)
    luma = (pixels @ _LUMA)[..., None]
    # Each curve lifts its own part of the scale and leaves both ends where they are.
    pixels = pixels + _part(tones.shadows) * luma * (1 - luma) ** 3
    pixels = pixels + _part(tones.highlights) * (1 - luma) * luma**3
    pixels = pixels + _part(tones.whites) * 0.25 * luma**2
    pixels = pixels + _part(tones.blacks) * 0.25 * (1 - luma) ** 2
    pixels = (pixels - 0.5) * (1 + _part(tones.contrast) * 0.8) + 0.5
    return _coloured(pixels, tones)


def _lit(pixels: Pixels, tones: Adjustments) -> Pixels:
    if not (tones.exposure or tones.temperature or tones.tint):
        return pixels
    warmth, magenta = _part(tones.temperature) * 0.3, _part(tones.tint) * 0.2
    gains = np.array((1 + warmth, 1 - magenta, 1 - warmth), np.float32)
    gains *= 2 ** float(np.clip(tones.exposure, -3, 3)) / float(gains @ _LUMA)
    linear = np.where(pixels <= 0.04045, pixels / 12.92, ((pixels + 0.055) / 1.055) ** 2.4)
    linear = (linear * gains).clip(0, 1)
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return encoded.astype(np.float32)


def _coloured(pixels: Pixels, tones: Adjustments) -> Pixels:
    if not (tones.saturation or tones.vibrance):
        return pixels
    grey = (pixels @ _LUMA)[..., None]
    # Vibrance spares what is colourful already.
    colourful = pixels.max(axis=-1, keepdims=True) - pixels.min(axis=-1, keepdims=True)
    amount = 1 + _part(tones.saturation) + _part(tones.vibrance) * (1 - colourful)
    result: Pixels = grey + (pixels - grey) * amount.clip(0, None)
    return result


def _refined(image: Image.Image, wanted: Adjustments) -> Image.Image:
    filters: list[Any] = []
    if wanted.noise_reduction > 0:
        filters.append(ImageFilter.GaussianBlur(_part(wanted.noise_reduction) * 1.5))
    if wanted.clarity > 0:
        radius = max(image.size) / 50
        filters.append(ImageFilter.UnsharpMask(radius, round(_part(wanted.clarity) * 60), 0))
    elif wanted.clarity < 0:
        filters.append(ImageFilter.GaussianBlur(-_part(wanted.clarity) * 2))
    if wanted.sharpness > 0:
        filters.append(ImageFilter.UnsharpMask(1.2, round(_part(wanted.sharpness) * 150), 2))
    return reduce(lambda refined, step: refined.filter(step), filters, image)


def _part(value: float) -> float:
    return float(np.clip(value, -100, 100)) / 100
