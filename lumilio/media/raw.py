"""RAW files → pictures: the camera's own preview where it is large enough, else development."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from io import BytesIO
from pathlib import Path

import exiv2
import rawpy
from PIL import Image

from lumilio.errors import CannotDecode
from lumilio.media.pictures import (
    PIXEL_LIMIT,
    check_size,
    decode_faults,
    displayed_size,
    identified,
    orientation_of,
    rendered,
)
from lumilio.media.tags import opened_by_exiv2

PREVIEW_WIDTH, PREVIEW_HEIGHT = 800, 600

_END_OF_JPEG = b"\xff\xd9"
_END_WITHIN_BYTES = 4096
_ORIENTATIONS_BY_FLIP = {3: 3, 5: 8, 6: 6}


class RawPicture:
    """A RAW file that LibRaw understands, or whose preview alone can be read (`raw` is None)."""

    def __init__(self, path: Path, raw: rawpy.RawPy | None) -> None:
        self._path = path
        self._raw = raw
        width, height, self._orientation = _stored_size(path, raw)
        self.width, self.height = displayed_size(width, height, self._orientation)

    def render(self, longest_side: int) -> Image.Image:
        """Decode as `Picture.render` says."""
        with decode_faults(self._path):
            for preview in self._previews():
                picture = self._render_preview(preview, longest_side)
                if picture is not None:
                    return picture
            return self._develop(longest_side)

    def _previews(self) -> Iterator[bytes]:
        if self._raw is not None:
            try:
                thumb = self._raw.extract_thumb()
            except rawpy.LibRawError:
                pass
            else:
                if thumb.format == rawpy.ThumbFormat.JPEG:
                    yield bytes(thumb.data)
        yield from _previews_by_exiv2(self._path)

    def _render_preview(self, preview: bytes, longest_side: int) -> Image.Image | None:
        if _END_OF_JPEG not in preview[-_END_WITHIN_BYTES:]:
            return None
        try:
            with identified(BytesIO(preview), self._path) as image:
                if max(image.size) < PREVIEW_WIDTH or min(image.size) < PREVIEW_HEIGHT:
                    return None
                return rendered(image, self._preview_orientation(image), longest_side)
        except CannotDecode:
            return None

    def _preview_orientation(self, preview: Image.Image) -> int:
        """Some cameras store the preview as shot, some upright, some with a turn of its own."""
        own = orientation_of(preview)
        is_upright_already = self._orientation in (6, 8) and (preview.width < preview.height) == (
            self.width < self.height
        )
        return own if own > 1 or is_upright_already else self._orientation

    def _develop(self, longest_side: int) -> Image.Image:
        if self._raw is None:
            raise CannotDecode(
                self._path, "The RAW data is incomplete or unsupported, and there is no preview"
            )
        pixels = self._raw.postprocess(
            use_camera_wb=True,
            output_bps=8,
            half_size=max(self.width, self.height) >= 2 * longest_side,
        )
        return rendered(Image.fromarray(pixels), 1, longest_side)


@contextmanager
def opened_raw(path: Path, *, pixel_limit: int = PIXEL_LIMIT) -> Iterator[RawPicture]:
    """Open a RAW file, reading its header.

    CannotRead, or CannotDecode when it is none or larger than the limit.
    """
    with decode_faults(path):
        if path.stat().st_size == 0:
            raise CannotDecode(path, "The file is empty")
        raw = None
        with suppress(rawpy.LibRawError):
            raw = rawpy.imread(str(path))
        picture = RawPicture(path, raw)
    with raw or nullcontext():
        check_size(path, picture.width, picture.height, pixel_limit)
        yield picture


def _stored_size(path: Path, raw: rawpy.RawPy | None) -> tuple[int, int, int]:
    """Return width, height and the EXIF orientation still to be applied."""
    if raw is not None:
        sizes = raw.sizes
        return sizes.width, sizes.height, _ORIENTATIONS_BY_FLIP.get(sizes.flip, 1)
    try:
        image = opened_by_exiv2(str(path))
    except exiv2.Exiv2Error:
        why = "The file is not a RAW picture, or of a camera that Lumilio does not read"
        raise CannotDecode(path, why) from None
    datum = exiv2.orientation(image.exifData())
    orientation = datum.toInt64() if datum is not None else 1
    return image.pixelWidth(), image.pixelHeight(), orientation


def _previews_by_exiv2(path: Path) -> Iterator[bytes]:
    """Yield the JPEG previews that exiv2 finds, largest first."""
    try:
        image = opened_by_exiv2(str(path))
    except exiv2.Exiv2Error:
        return
    manager = exiv2.PreviewManager(image)
    for properties in reversed(list(manager.getPreviewProperties())):
        if properties.mimeType_ == "image/jpeg" and properties.width_ >= PREVIEW_HEIGHT:
            yield bytes(manager.getPreviewImage(properties).data())
