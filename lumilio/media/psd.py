"""Photoshop documents: the flattened picture that Photoshop keeps beside the layers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import Resource

from lumilio.errors import CannotDecode
from lumilio.media.pictures import PIXEL_LIMIT, check_size, decode_faults, rendered


class PsdPicture:
    """An opened document of any depth and colour mode."""

    def __init__(self, path: Path, document: PSDImage) -> None:
        self._path = path
        self._document = document
        self.width, self.height = document.size

    def render(self, longest_side: int) -> Image.Image:
        """Decode as `Picture.render` says."""
        with decode_faults(self._path):
            picture = (
                self._document.topil(apply_icc=False) if self._document.has_preview() else None
            )
            if picture is None:
                raise CannotDecode(
                    self._path,
                    "The file holds layers only; save it with maximum compatibility to see it",
                )
            profile = self._document.image_resources.get_data(Resource.ICC_PROFILE)
            picture.info["icc_profile"] = profile
            return rendered(picture, 1, longest_side)


@contextmanager
def opened_psd(path: Path, *, pixel_limit: int = PIXEL_LIMIT) -> Iterator[PsdPicture]:
    """Open a document; CannotDecode when it is damaged or larger than the limit."""
    with decode_faults(path), path.open("rb") as file:
        head = file.read(26)
        check_size(
            path,
            int.from_bytes(head[18:22], "big"),
            int.from_bytes(head[14:18], "big"),
            pixel_limit,
        )
        file.seek(0)
        document = PSDImage.open(file)
    yield PsdPicture(path, document)
