"""Colours that are told by code points instead of a profile → sRGB, HDR mapped to what it can show.

PQ and HLG go to light in cd/m², the brightest parts are rolled off as BT.2390 does, by the highest
channel so that hues stay, and 203 cd/m² become white (BT.2408). A picture that stays below that in
the first place is not changed. A gain map beside an SDR picture is not applied: the picture is what
every screen shows.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from lumilio.media.boxes import Cicp

PQ, HLG = 16, 18
_WHITE = 203.0
_HLG_PEAK = 1000.0
_PQ_PEAK = 10_000.0
_LINEAR, _GAMMA_22, _GAMMA_28 = 8, 4, 5
# Chromaticities of red, green and blue; white is D65 for all.
_BT_709 = (0.640, 0.330, 0.300, 0.600, 0.150, 0.060)
_PRIMARIES = {
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046),  # BT.2020
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060),  # Display P3
}
_LUMINANCE_2020 = np.array([0.2627, 0.6780, 0.0593], np.float32)
_ROWS = 128
_PROBE_SIDE = 512
_Array = Any


def is_hdr(code: Cicp) -> bool:
    """Whether the curve reaches beyond the white of a screen."""
    return code.transfer in (PQ, HLG)


def differs_from_srgb(code: Cicp) -> bool:
    """Whether pixels with these code points must be changed to be sRGB."""
    return code.primaries in _PRIMARIES or code.transfer in (PQ, HLG, _LINEAR, _GAMMA_22, _GAMMA_28)


def to_srgb(pixels: _Array, code: Cicp) -> Image.Image:
    """Return an RGB picture in sRGB, of rows × columns × RGB in 8 or 16 bits."""
    curve, matrix = _curve(code.transfer, np.iinfo(pixels.dtype).max), _matrix(code.primaries)
    peak = _peak(pixels, curve, code) if is_hdr(code) else _WHITE
    result = np.empty(pixels.shape, np.uint8)
    for top in range(0, len(pixels), _ROWS):
        light = _light(curve[pixels[top : top + _ROWS]], code)
        if peak > _WHITE:
            light *= _roll_off(light.max(axis=-1, keepdims=True), peak)
        result[top : top + _ROWS] = encoded(light @ matrix.T / _WHITE)
    return Image.fromarray(result)


def _peak(pixels: _Array, curve: _Array, code: Cicp) -> float:
    """The brightest light of the picture in cd/m², without the odd outlier."""
    step = max(1, max(pixels.shape) // _PROBE_SIDE)
    light = _light(curve[pixels[::step, ::step]], code)
    return float(np.percentile(light.max(axis=-1), 99.9))


@lru_cache(maxsize=8)
def _curve(transfer: int, white: int) -> _Array:
    """Light of each level up to white: in cd/m², for HLG that of the scene from 0 to 1."""
    level = np.arange(white + 1, dtype=np.float64) / white
    match transfer:
        case 16:
            light = _from_pq(level)
        case 18:
            light = np.where(
                level <= 0.5,
                level**2 / 3,
                (np.exp((level - 0.55991073) / 0.17883277) + 0.28466892) / 12,
            )
        case 8:
            light = level * _WHITE
        case 4 | 5:
            light = level ** (2.2 if transfer == _GAMMA_22 else 2.8) * _WHITE
        case _:
            # BT.709 and its like are shown with the curve of sRGB by all that show pictures.
            light = (
                np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4) * _WHITE
            )
    return light.astype(np.float32)


def _light(values: _Array, code: Cicp) -> _Array:
    if code.transfer != HLG:
        return values
    luminance = (values @ _LUMINANCE_2020)[..., None]
    return _HLG_PEAK * values * np.maximum(luminance, 1e-6) ** 0.2


def _roll_off(brightest: _Array, peak: float) -> _Array:
    """Return the factor for each pixel, after BT.2390's EETF in PQ."""
    top = _to_pq(np.float64(peak))
    level = np.minimum(_to_pq(np.maximum(brightest, 1e-4)) / top, 1)
    limit = _to_pq(np.float64(_WHITE)) / top
    knee = 1.5 * limit - 0.5
    t = np.maximum(level - knee, 0) / (1 - knee)
    bent = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (3 * t**2 - 2 * t**3) * limit
    )
    mapped = _from_pq(np.where(level < knee, level, bent) * top)
    return (mapped / np.maximum(brightest, 1e-4)).astype(np.float32)


def encoded(light: _Array) -> _Array:
    """Return the 8-bit levels of sRGB for linear light, of which 1 is white."""
    linear = np.clip(light, 0, 1)
    coded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(coded * 255).astype(np.uint8)


def _from_pq(level: _Array) -> _Array:
    power = np.clip(level, 0, 1) ** (32 / 2523)
    return _PQ_PEAK * (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (
        8192 / 1305
    )


def _to_pq(light: _Array) -> _Array:
    power = (light / _PQ_PEAK) ** (1305 / 8192)
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** (2523 / 32)


@lru_cache(maxsize=4)
def _matrix(primaries: int) -> _Array:
    """Return the 3 × 3 way from linear light in these primaries to that of sRGB."""
    source = _to_xyz(_PRIMARIES.get(primaries, _BT_709))
    return (np.linalg.inv(_to_xyz(_BT_709)) @ source).astype(np.float32)


def _to_xyz(chromaticities: tuple[float, ...]) -> _Array:
    x, y = np.array(chromaticities).reshape(3, 2).T
    columns = np.stack([x / y, np.ones(3), (1 - x - y) / y])
    white = np.array([0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])
    return columns * np.linalg.solve(columns, white)
