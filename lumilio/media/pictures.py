"""Files → pictures: opening, limits, orientation and colour, by Pillow and its plugins.

The decoder is chosen by the file's content, never by its name, and only from a short list.
"""

import errno
import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from lumilio.errors import CannotDecode, CannotRead
from lumilio.media import cicp, jxl
from lumilio.media.colours import to_8_bit, to_rgb, to_srgb
from lumilio.media.deep_colours import deep_picture
from lumilio.media.sniff import HEAD_BYTES, is_heif

PIXEL_LIMIT = 300_000_000

# Naming the plugins registers them, and keeps the dozens of rarer decoders out of reach.
_PLUGINS = (
    JpegImagePlugin.JpegImageFile,
    MpoImagePlugin.MpoImageFile,
    PngImagePlugin.PngImageFile,
    WebPImagePlugin.WebPImageFile,
    GifImagePlugin.GifImageFile,
    BmpImagePlugin.BmpImageFile,
    TiffImagePlugin.TiffImageFile,
    AvifImagePlugin.AvifImageFile,
    Jpeg2KImagePlugin.Jpeg2KImageFile,
)
_FORMATS = tuple(plugin.format for plugin in _PLUGINS if plugin.format in Image.OPEN)
_JXL_STARTS = (b"\xff\x0a", b"\0\0\0\x0cJXL ")
_LARGE_READ_BYTES = 1 << 20
_ORIENTATION_TAG = 0x0112
_TURNED_BY_PILLOW = ("TIFF", "HEIF")
_LIES_ON_SIDE = (5, 6, 7, 8)
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
COPY_AGAIN = "Copy it again from the camera or from a backup"
_CUT_OFF_WORDS = ("truncated", "end of file", "end-of-file", "input/output")
# JPEG is shrunk by a power of two while it is decoded, and the little that is left to shrink looks
# the same with the cheaper filter; other pictures keep twice the size for the last, good filter.
_JPEG_FILTER, _JPEG_REDUCING_GAP = Image.Resampling.BICUBIC, 1.0
_FILTER, _REDUCING_GAP = Image.Resampling.LANCZOS, 2.0

# The limit is checked in `opened`, for every format alike, before any decoding.
Image.MAX_IMAGE_PIXELS = None


class Picture(Protocol):
    """A photo whose header is read: `width` × `height` pixels as a person sees it."""

    width: int
    height: int

    def render(self, longest_side: int, *, faithful: bool = False) -> Image.Image:
        """Decode into upright sRGB (RGB, or RGBA where transparent), never enlarged.

        Faithful means: with the best filter, and in the RGB of the picture's own profile, which is
        then in `info`. CannotDecode when the pixels are damaged or incomplete.
        """


class _Reader(io.BufferedReader):
    """A file of which no more is asked than there is.

    Damaged lengths ask for gigabytes at once, and Python sets these aside before it reads.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LARGE_READ_BYTES:
            size = min(size, max(os.fstat(self.fileno()).st_size - self.tell(), 0))
        return super().read(size)


class PillowPicture:
    """A picture in a file or in memory, opened by Pillow."""

    def __init__(self, path: Path, image: Image.Image) -> None:
        self._path = path
        self._image = image
        self._orientation = orientation_of(image)
        self.width, self.height = displayed_size(*image.size, self._orientation)

    def render(self, longest_side: int, *, faithful: bool = False) -> Image.Image:
        """Decode as `Picture.render` says."""
        with decode_faults(self._path):
            deep = deep_picture(self._image, longest_side, faithful=faithful)
            if deep is not None:
                return upright(deep, self._orientation)
            return rendered(self._image, self._orientation, longest_side, faithful=faithful)


@contextmanager
def opened_picture(path: Path, *, pixel_limit: int = PIXEL_LIMIT) -> Iterator[PillowPicture]:
    """Open a picture file; CannotRead, or CannotDecode when it is none or larger than the limit."""
    with opened(path, pixel_limit=pixel_limit) as image:
        yield PillowPicture(path, image)


@contextmanager
def opened(path: Path, *, pixel_limit: int = PIXEL_LIMIT) -> Iterator[Image.Image]:
    """Open a file with Pillow, reading no more than its header; errors as in `opened_picture`."""
    with decode_faults(path):
        file = _Reader(io.FileIO(path))
    with file, identified(file, path, pixel_limit) as image:
        yield image


@contextmanager
def identified(
    file: BinaryIO | BytesIO, path: Path, pixel_limit: int = PIXEL_LIMIT
) -> Iterator[Image.Image]:
    """Open a stream whose content came from `path`; errors as in `opened_picture`."""
    with decode_faults(path):
        image = Image.open(file, formats=_formats_for(file, path, pixel_limit))
    with image:
        check_size(path, *image.size, pixel_limit)
        image.info["cicp"] = cicp.code_points_of(image, file)
        yield image


def check_size(path: Path, width: int, height: int, pixel_limit: int) -> None:
    """Raise CannotDecode when the picture has more pixels than the limit."""
    if width * height > pixel_limit:
        megapixels = f"{pixel_limit / 1_000_000:g} megapixels"
        why = (
            f"A picture of {width}×{height} pixels is larger than the limit of {megapixels}."
            " Add a smaller copy of it"
        )
        raise CannotDecode(path, why)


def rendered(
    image: Image.Image, orientation: int, longest_side: int, *, faithful: bool = False
) -> Image.Image:
    """Decode an opened image as `Picture.render` says; may raise anything."""
    is_jpeg = image.format in ("JPEG", "MPO")
    image = image if is_jpeg else to_8_bit(image)
    is_quick = is_jpeg and not faithful
    filter_, gap = (_JPEG_FILTER, _JPEG_REDUCING_GAP) if is_quick else (_FILTER, _REDUCING_GAP)
    image.thumbnail((longest_side, longest_side), filter_, reducing_gap=gap)
    image = upright(image, orientation)
    return to_rgb(image) if faithful else to_srgb(image)


def displayed_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return the sides as a person sees them: swapped for the orientations that lie on the side."""
    return (height, width) if orientation in _LIES_ON_SIDE else (width, height)


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation 1–8 still to be applied; 1 when absent or unreadable."""
    if image.format in _TURNED_BY_PILLOW:
        return 1
    if image.format == "JXL" and not getattr(image, "jpeg", False):
        # libjxl turns pictures itself, but not a JPEG that was only packed tighter.
        return 1
    try:
        with decode_faults(Path()):
            # PNG's own getexif() decodes the whole picture in search of a late EXIF chunk.
            orientation = Image.Image.getexif(image).get(_ORIENTATION_TAG, 1)
    except CannotDecode:  # a broken EXIF block must not cost the picture
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Return the picture turned and mirrored as the EXIF orientation asks."""
    if orientation not in _TRANSPOSITIONS:
        return image
    turned = image.transpose(_TRANSPOSITIONS[orientation])
    turned.info = image.info
    return turned


@contextmanager
def decode_faults(path: Path) -> Iterator[None]:
    """Turn whatever a decoder raises on damaged data into CannotDecode; MemoryError passes.

    CannotRead when it is the disk that fails, which says nothing of the data.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (MemoryError, CannotDecode, CannotRead):
        raise
    except Exception as error:  # decoders raise anything on hostile bytes
        # Damaged data send decoders to places that no file has, which is not the disk's fault.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise CannotRead(path, error.strerror or str(error)) from error
        raise CannotDecode(path, _why(error)) from error


def _why(error: Exception) -> str:
    detail = _said(error) or type(error).__name__
    if isinstance(error, UnidentifiedImageError):
        return (
            "The file is not a picture, or of a kind that Lumilio does not read."
            " Open it with another program, and save it as JPEG or PNG if it is one"
        )
    if any(word in detail.lower() for word in _CUT_OFF_WORDS):
        return f"The file is cut off: part of the picture is missing ({detail}). {COPY_AGAIN}"
    return f"The picture data is damaged ({detail}). {COPY_AGAIN}"


def _said(error: Exception) -> str:
    # LibRaw's errors hold bytes, of which `str` would show the quotes.
    said = error.args[0] if error.args else ""
    return (said.decode(errors="replace") if isinstance(said, bytes) else str(error)).strip()


def _formats_for(file: BinaryIO | BytesIO, path: Path, pixel_limit: int) -> tuple[str, ...]:
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if not head:
        raise CannotDecode(path, f"The file is empty. {COPY_AGAIN}")
    if is_heif(head):
        _register_heif()
        return ("HEIF",)
    if head.startswith(_JXL_STARTS):
        # Its plugin decodes the pixels while it opens a file, so the limit has to come before.
        check_size(path, *jxl.size_of(file), pixel_limit)
        file.seek(0)
        _register_jxl()
        return ("JXL",)
    return _FORMATS


def _register_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)
    pillow_heif.options.DECODE_THREADS = 1


def _register_jxl() -> None:
    from pillow_jxl import JpegXLImagePlugin

    JpegXLImagePlugin.DECODE_THREADS = 0
