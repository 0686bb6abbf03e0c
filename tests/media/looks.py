"""What a test picture looks like, and how the eight orientations store it."""

import struct

import numpy as np
from PIL import Image

CORNER_COLOURS = ((220, 30, 30), (30, 200, 30), (30, 30, 220), (230, 230, 30))
INVERSES = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def corner_colours(picture: Image.Image) -> list[tuple[int, ...]]:
    width, height = picture.size
    spots = [(x, y) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return [tuple(np.asarray(picture.convert("RGB"))[y, x].tolist()) for x, y in spots]


def assert_close(found: object, wanted: object, tolerance: int = 12) -> None:
    difference = np.abs(np.asarray(found, int) - np.asarray(wanted, int)).max()
    assert difference <= tolerance, f"{found} is not {wanted}"


def matrix_profile(primaries: list[list[float]], gamma: float = 2.2) -> bytes:
    """Write a version 2 display profile by hand: white D50, the primaries' XYZ, one gamma."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(values: list[float]) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(fixed(value) for value in values)

    text = b"Test profile\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    blocks = {
        b"desc": description.ljust((len(description) + 3) // 4 * 4, b"\0"),
        b"wtpt": xyz([0.9642, 1.0, 0.8249]),
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
    }
    for letter, primary in zip(b"rgb", primaries, strict=True):
        blocks[bytes([letter]) + b"XYZ"] = xyz(primary)
        blocks[bytes([letter]) + b"TRC"] = curve
    position, table, data = 132 + 12 * len(blocks), b"", b""
    for tag, block in blocks.items():
        table += tag + struct.pack(">II", position + len(data), len(block))
        data += block
    size = position + len(data)
    head = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + fixed(0.9642) + fixed(1.0) + fixed(0.8249)
    return head.ljust(128, b"\0") + struct.pack(">I", len(blocks)) + table + data


ADOBE_RGB = matrix_profile(
    [[0.60974, 0.31111, 0.01947], [0.20528, 0.62567, 0.06087], [0.14919, 0.06322, 0.74457]]
)
DISPLAY_P3 = matrix_profile(
    [[0.51512, 0.24120, -0.00105], [0.29198, 0.69225, 0.04189], [0.15710, 0.06657, 0.78407]]
)
