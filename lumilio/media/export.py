"""A photo as a new file: another format, size or quality, upright, with the metadata it had.

Only for the decode worker, see `tags`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lumilio.errors import CannotDecode
from lumilio.media.carried_metadata import Carried, carried_metadata
from lumilio.media.develop import opened_photo
from lumilio.media.edits import shaped, toned
from lumilio.media.export_options import ExportFormat, ExportOptions

_QUALITIES: dict[ExportFormat, int] = {"jpeg": 80, "webp": 75, "avif": 80}
_LONGEST_SIDES: dict[ExportFormat, int] = {"jpeg": 65_500, "webp": 16_383, "avif": 65_535}
_PNG_COMPRESSION = 6
_AVIF_SPEED = 6
# A JPEG holds each kind of metadata in one segment.
_JPEG_SEGMENT_BYTES = 65_000


def export_photo(source: Path, target: Path, options: ExportOptions) -> None:
    """Write the photo to `target` as the options ask, in the colours of its own profile.

    What has its tones edited is in sRGB. CannotDecode when it cannot be read or the format cannot
    hold it; OSError when the disk fails.
    """
    image = _rendered(source, options)
    _check_size(source, image.size, options.format)
    edits = options.adjustments
    carried = carried_metadata(
        source,
        image.size,
        strip_location=options.strip_location,
        is_reshaped=edits is not None and edits.reshapes,
    )
    with _encoding_faults(source, options.format), target.open("wb") as file:
        _save(image, file, options, carried)


def _rendered(source: Path, options: ExportOptions) -> Image.Image:
    edits = options.adjustments
    if edits is None:
        return _fitted(_opened(source, options), options)
    # What is left of a cut picture is to fill the bounds. No name holds on to what is done with, for
    # two copies of the largest photo fit into memory, and three do not.
    return toned(_fitted(shaped(_opened(source, None), edits), options), edits)


def _opened(source: Path, bounds: ExportOptions | None) -> Image.Image:
    with opened_photo(source) as picture:
        size = picture.width, picture.height
        return picture.render(max(bounds.fitted(*size) if bounds else size), faithful=True)


def _fitted(image: Image.Image, options: ExportOptions) -> Image.Image:
    # Also because a camera's preview may be smaller than its RAW picture tells.
    size = options.fitted(*image.size)
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def _check_size(source: Path, size: tuple[int, int], format_: ExportFormat) -> None:
    most = _LONGEST_SIDES.get(format_)
    if most is not None and max(size) > most:
        why = (
            f"{format_.upper()} holds at most {most} pixels a side, and this photo has {max(size)}."
            " Choose a smaller size or another format"
        )
        raise CannotDecode(source, why)


@contextmanager
def _encoding_faults(source: Path, format_: ExportFormat) -> Iterator[None]:
    """Tell what an encoder refuses from what a disk refuses, which has a number."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        why = f"This photo cannot be written as {format_.upper()} ({error}). Choose another format"
        raise CannotDecode(source, why) from error


def _save(image: Image.Image, file: Any, options: ExportOptions, carried: Carried) -> None:
    kept = {"icc_profile": image.info.get("icc_profile"), "exif": carried.exif}
    quality = options.quality or _QUALITIES.get(options.format, 0)
    match options.format:
        case "jpeg":
            xmp = carried.xmp if len(carried.xmp) < _JPEG_SEGMENT_BYTES else b""
            flat = _on_white(image)
            flat.save(file, "JPEG", quality=quality, optimize=True, xmp=xmp, **kept)
        case "png":
            chunks = PngInfo()
            if carried.xmp:
                chunks.add_itxt("XML:com.adobe.xmp", carried.xmp.decode())
            image.save(file, "PNG", compress_level=_PNG_COMPRESSION, pnginfo=chunks, **kept)
        case "webp":
            image.save(file, "WEBP", quality=quality, xmp=carried.xmp, **kept)
        case "avif":
            image.save(
                file, "AVIF", quality=quality, speed=_AVIF_SPEED, max_threads=1, xmp=carried.xmp,
                **kept,
            )  # fmt: skip


def _on_white(image: Image.Image) -> Image.Image:
    """JPEG knows no transparency."""
    if image.mode != "RGBA":
        return image
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image, mask=image.getchannel("A"))
    flat.info = image.info
    return flat
