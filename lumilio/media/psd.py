"""Photoshop documents: the flattened picture that Photoshop keeps behind the layers."""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image
from psd_tools import PSDImage
from psd_tools.compression import PSDDecompressionWarning
from psd_tools.constants import Resource

from lumilio.errors import CannotDecode
from lumilio.media.pictures import COPY_AGAIN, PIXEL_LIMIT, check_size, decode_faults, rendered

_HEADER = struct.Struct(">4sH6xHIIHH")
_LARGE_DOCUMENT = 2
_PLAIN, _RUN_LENGTHS = 0, 1


class PsdPicture:
    """An opened document of any depth and colour mode."""

    def __init__(self, path: Path, document: PSDImage) -> None:
        self._path = path
        self._document = document
        self.width, self.height = document.size

    def render(self, longest_side: int, *, faithful: bool = False) -> Image.Image:
        """Decode as `Picture.render` says."""
        with decode_faults(self._path):
            with self._path.open("rb") as file:
                if not _is_whole(file):
                    raise CannotDecode(
                        self._path,
                        f"The file is cut off: part of the picture is missing. {COPY_AGAIN}",
                    )
            return rendered(self._flattened(), 1, longest_side, faithful=faithful)

    def _flattened(self) -> Image.Image:
        # Else a damaged channel would come out black without a word.
        warnings.simplefilter("error", PSDDecompressionWarning)
        has_picture = self._document.has_preview()
        picture = self._document.topil(apply_icc=False) if has_picture else None
        if picture is None:
            why = "The file holds layers only; save it with maximum compatibility to see it"
            raise CannotDecode(self._path, why)
        picture.info["icc_profile"] = self._document.image_resources.get_data(Resource.ICC_PROFILE)
        return picture


@contextmanager
def opened_psd(path: Path, *, pixel_limit: int = PIXEL_LIMIT) -> Iterator[PsdPicture]:
    """Open a document; CannotDecode when it is damaged or larger than the limit."""
    with decode_faults(path), path.open("rb") as file:
        _, _, _, height, width, _, _ = _HEADER.unpack(file.read(_HEADER.size))
        check_size(path, width, height, pixel_limit)
        file.seek(0)
        document = PSDImage.open(file)
    yield PsdPicture(path, document)


def _is_whole(file: BinaryIO) -> bool:
    """Whether the flattened picture is there to its end; psd-tools would fill it up with black."""
    end = file.seek(0, 2)
    file.seek(0)
    _, version, channels, height, width, depth, _ = _HEADER.unpack(file.read(_HEADER.size))
    is_large = version == _LARGE_DOCUMENT
    # Colour table, resources, layers.
    for length_bytes in (4, 4, 8 if is_large else 4):
        file.seek(int.from_bytes(file.read(length_bytes), "big"), 1)
    way = int.from_bytes(file.read(2), "big")
    rows = height * channels
    if way == _PLAIN:
        return bool(file.tell() + rows * ((width * depth + 7) // 8) <= end)
    if way != _RUN_LENGTHS:
        return True
    counts = file.read(rows * (4 if is_large else 2))
    if len(counts) < rows * (4 if is_large else 2):
        return False
    lengths = np.frombuffer(counts, ">u4" if is_large else ">u2")
    return bool(file.tell() + int(lengths.sum(dtype=np.int64)) <= end)
