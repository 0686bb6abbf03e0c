"""Writing HDR: sRGB pictures as BT.2020 PQ or HLG, whose white is the white of paper (203 cd/m²)."""

import struct
import zlib

import numpy as np

_TO_2020 = np.linalg.inv(
    np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
)
_LUMINANCE = np.array([0.2627, 0.6780, 0.0593])
_TRANSFERS = {"PQ": 16, "HLG": 18}
_WHITE, _HLG_PEAK = 203.0, 1000.0


def as_hdr_png(picture: np.ndarray, curve: str, bits: int = 8) -> bytes:
    """Return a PNG of 8 or 16 bits with a cICP chunk; `curve` is PQ or HLG."""
    level = picture / 255
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    light = np.clip(linear @ _TO_2020.T, 0, None) * _WHITE
    coded = _pq(light) if curve == "PQ" else _hlg(light)
    rows = np.rint(coded * (2**bits - 1)).astype(f">u{bits // 8}")
    height, width, _ = picture.shape
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)),
        (b"cICP", bytes([9, _TRANSFERS[curve], 0, 1])),
        (b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def _pq(light: np.ndarray) -> np.ndarray:
    power = (light / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def _hlg(light: np.ndarray) -> np.ndarray:
    shown = light / _HLG_PEAK
    luminance = np.maximum((shown @ _LUMINANCE)[..., None], 1e-9)
    scene = shown * luminance ** (1 / 1.2 - 1)
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.clip(np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright), 0, 1)
