"""What a test picture looks like, and how the eight orientations store it."""

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
