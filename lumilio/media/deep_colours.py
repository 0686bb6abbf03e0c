"""Pictures of more than 8 bits a channel, in their whole depth.

Pillow keeps 8, which is enough for what a screen shows. But PQ and HLG spend half of their levels on
light above that, and what 8 bits leave below it shows as bands in skies; so it is with wide profiles in
the shadows. FFmpeg and libheif hand out all bits; both are loaded only for such a picture.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from lumilio.media import hdr, matrix_profiles
from lumilio.media.matrix_profiles import MatrixProfile, matrix_profile

# Above, the copies in between do not fit into the memory of a decoder.
_MOST_PIXELS = 40_000_000
_ORIENTATION = 0x0112


def deep_picture(
    image: Image.Image, longest_side: int, *, faithful: bool = False
) -> Image.Image | None:
    """An opened picture in sRGB, shrunk, as it is stored.

    None where 8 bits do: without code points or a profile that change its light, with a profile that is
    to be kept, with transparency, and where only Pillow reads it.
    """
    file: Any = getattr(image, "fp", None)
    is_wanted = image.mode == "RGB" and image.width * image.height <= _MOST_PIXELS
    if file is None or not is_wanted:
        return None
    code = image.info.get("cicp")
    if code is not None and hdr.differs_from_srgb(code):
        pixels = _pixels(image, file, longest_side)
        return None if pixels is None else hdr.to_srgb(pixels, code)
    profile = None if faithful else _profile(image)
    pixels = None if profile is None else _pixels(image, file, longest_side)
    return None if profile is None or pixels is None else matrix_profiles.to_srgb(pixels, profile)


def _profile(image: Image.Image) -> MatrixProfile | None:
    """The profile of a picture of 16 bits whose turn Pillow does not take upon itself."""
    content = image.info.get("icc_profile")
    if not content or not isinstance(image, PngImageFile | TiffImageFile):
        return None
    is_turned = isinstance(image, TiffImageFile) and image.tag_v2.get(_ORIENTATION, 1) != 1
    is_deep = any("16" in str(tile[3]) for tile in image.tile)
    return matrix_profile(content) if is_deep and not is_turned else None


def _pixels(image: Image.Image, file: Any, longest_side: int) -> NDArray[np.uint16] | None:
    """Rows × columns × RGB, 0–65535."""
    from av.video.reformatter import Interpolation

    position = file.tell()
    try:
        frame = _heif_frame(file) if image.format == "HEIF" else _frame(file)
    finally:
        file.seek(position)
    # FFmpeg makes do with half a picture, of which Pillow complains.
    image.load()
    # A picture of tiles comes as one of them.
    if frame is None or (frame.width, frame.height) != image.size:
        return None
    scale = min(longest_side / max(image.size), 1)
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
