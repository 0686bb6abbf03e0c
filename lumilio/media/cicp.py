"""Where each format tells its colours by code points, see `boxes.Cicp`."""

import struct
from io import BytesIO
from typing import BinaryIO

from PIL import Image

from lumilio.media.boxes import Cicp, cicp_of_avif
from lumilio.media.hdr import is_hdr

_PNG_START_BYTES = 8
_MOST_CHUNKS = 64


def code_points_of(image: Image.Image, file: BinaryIO | BytesIO) -> Cicp | None:
    """Return the code points that the pixels follow; None where a profile or nothing tells it.

    Leaves the stream where it was. A profile goes before them, except beside HDR, where it is there
    for programs that do not know better.
    """
    position = file.tell()
    try:
        code = _told(image, file)
    finally:
        file.seek(position)
    if code is None or (image.info.get("icc_profile") and not is_hdr(code)):
        return None
    return code


def _told(image: Image.Image, file: BinaryIO | BytesIO) -> Cicp | None:
    match image.format:
        case "PNG":
            return _in_png(file)
        case "AVIF":
            return cicp_of_avif(file)
        case "HEIF" if nclx := image.info.get("nclx_profile"):
            return Cicp(nclx["color_primaries"], nclx["transfer_characteristics"])
    return None


def _in_png(file: BinaryIO | BytesIO) -> Cicp | None:
    """Walk the chunks before the pixels; Pillow passes over this one."""
    position = _PNG_START_BYTES
    for _ in range(_MOST_CHUNKS):
        file.seek(position)
        head = file.read(10)
        if len(head) < 10 or head[4:8] == b"IDAT":
            return None
        if head[4:8] == b"cICP":
            return Cicp(head[8], head[9])
        position += 12 + int(struct.unpack_from(">I", head)[0])
    return None
