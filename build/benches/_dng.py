"""A RAW file as cameras write them: the sensor's data and a JPEG preview, in a DNG."""

import struct
from io import BytesIO

import numpy as np
from PIL import Image

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 10: 8}
_FORMATS = {1: "B", 3: "H", 4: "I"}
_HEADER = 8
_D65 = 21
_XYZ_TO_CAMERA = (7171, -1986, -648, -8085, 15555, 2718, -2170, 2512, 7457)


def dng(preview: bytes, size: tuple[int, int], *, orientation: int = 1, seed: int = 1) -> bytes:
    """Return a DNG of `size` pixels with a JPEG preview, whose sensor saw noise."""
    width, height = size
    sensor = np.random.default_rng(seed).integers(800, 12_000, (height, width), dtype="<u2")
    with Image.open(BytesIO(preview)) as image:
        preview_size = image.size
    raw_at = _HEADER + len(preview)
    sub_at = raw_at + sensor.nbytes
    sub = _directory(sub_at, [
        (254, 4, [0]), (256, 4, [width]), (257, 4, [height]), (258, 3, [16]), (259, 3, [1]),
        (262, 3, [32803]), (273, 4, [raw_at]), (277, 3, [1]), (278, 4, [height]),
        (279, 4, [sensor.nbytes]), (33421, 3, [2, 2]), (33422, 1, [0, 1, 1, 2]),
        (50714, 3, [512]), (50717, 4, [16_383]),
    ])  # fmt: skip
    main_at = sub_at + len(sub)
    main = _directory(main_at, [
        (254, 4, [1]), (256, 4, [preview_size[0]]), (257, 4, [preview_size[1]]), (258, 3, [8, 8, 8]),
        (259, 3, [7]), (262, 3, [6]), (271, 2, b"Bench\0"), (272, 2, b"Bench Raw 12\0"),
        (273, 4, [_HEADER]), (274, 3, [orientation]), (277, 3, [3]), (278, 4, [preview_size[1]]),
        (279, 4, [len(preview)]), (330, 4, [sub_at]), (50706, 1, [1, 4, 0, 0]),
        (50708, 2, b"Bench Raw 12\0"), (50721, 10, [(v, 10_000) for v in _XYZ_TO_CAMERA]),
        (50728, 5, [(5, 10), (1, 1), (6, 10)]), (50778, 3, [_D65]),
    ])  # fmt: skip
    head = b"II*\0" + struct.pack("<I", main_at)
    return head + preview + sensor.tobytes() + sub + main


def _directory(start: int, tags: list[tuple[int, int, object]]) -> bytes:
    entries, data = b"", b""
    data_at = start + 2 + 12 * len(tags) + 4
    for tag, kind, values in tags:
        content = _content(kind, values)
        count = len(content) // _SIZES[kind]
        if len(content) <= 4:
            value = content.ljust(4, b"\0")
        else:
            value = struct.pack("<I", data_at + len(data))
            data += content + bytes(len(content) % 2)
        entries += struct.pack("<HHI", tag, kind, count) + value
    return struct.pack("<H", len(tags)) + entries + bytes(4) + data


def _content(kind: int, values: object) -> bytes:
    if isinstance(values, bytes):
        return values
    assert isinstance(values, list)
    if kind in (5, 10):
        code = "<II" if kind == 5 else "<ii"
        return b"".join(struct.pack(code, *value) for value in values)
    return struct.pack(f"<{len(values)}{_FORMATS[kind]}", *values)
