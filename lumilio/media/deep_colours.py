"""Pictures of more than 8 bits a channel, in their whole depth.

Pillow keeps 8, which is enough for what a screen shows. But PQ and HLG spend half of their levels on
light above that, and what 8 bits leave below it shows as bands in skies. FFmpeg and libheif hand out all
bits; both are loaded only for such a picture.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lumilio.media import hdr

# Above, the copies in between do not fit into the memory of a decoder.
_MOST_PIXELS = 60_000_000


def deep_pixels(image: Image.Image, longest_side: int) -> NDArray[np.uint16] | None:
    """Rows × columns × RGB of an opened picture as it is stored, shrunk, 0–65535.

    None where 8 bits do: without code points that change its light, with transparency, and where only
    Pillow reads it.
    """
    code = image.info.get("cicp")
    if code is None or not hdr.differs_from_srgb(code) or image.mode != "RGB":
        return None
    if image.width * image.height > _MOST_PIXELS:
        return None
    file: Any = getattr(image, "fp", None)
    if file is None:
        return None
    position = file.tell()
    try:
        return _decoded(image, file, min(longest_side / max(image.size), 1))
    finally:
        file.seek(position)


def _decoded(image: Image.Image, file: Any, scale: float) -> NDArray[np.uint16] | None:
    from av.video.reformatter import Interpolation

    frame = _heif_frame(file) if image.format == "HEIF" else _frame(file)
    # A picture of tiles comes as one of them.
    if frame is None or (frame.width, frame.height) != image.size:
        return None
    width, height = (max(round(side * scale), 1) for side in image.size)
    frame = frame.reformat(width, height, "rgb48le", interpolation=Interpolation.LANCZOS)
    pixels: NDArray[np.uint16] = frame.to_ndarray()
    return pixels


def _frame(file: Any) -> Any:
    import av

    file.seek(0)
    try:
        with av.open(file) as container:
            frame = next(container.decode(video=0), None)
    except (av.FFmpegError, ValueError, IndexError):
        return None
    is_deep = frame is not None and frame.format.components[0].bits > 8
    return frame if is_deep else None


def _heif_frame(file: Any) -> Any:
    import pillow_heif
    from av.video.frame import VideoFrame

    file.seek(0)
    found = pillow_heif.open_heif(file, convert_hdr_to_8bit=False)
    is_deep = found.mode == "RGB;16"
    return VideoFrame.from_ndarray(np.asarray(found), "rgb48le") if is_deep else None
