"""Small media files made on the spot, and the pictures' expected look."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lumilio.media.develop import develop
from lumilio.media.facts import Development

from .looks import CORNER_COLOURS

ORIENTATION, EXIF_IFD, GPS_IFD = 0x0112, 0x8769, 0x8825


@pytest.fixture
def corners() -> Image.Image:
    """An upright 96 × 64 picture whose corners are red, green, blue and yellow, row by row."""
    pixels = np.zeros((64, 96, 3), np.uint8)
    for index, colour in enumerate(CORNER_COLOURS):
        row, column = divmod(index, 2)
        pixels[row * 32 : row * 32 + 32, column * 48 : column * 48 + 48] = colour
    return Image.fromarray(pixels)


@pytest.fixture
def photo() -> Image.Image:
    """A 2400 × 1600 picture with soft shapes at all scales."""
    generator = np.random.default_rng(7)
    pixels = np.full((1600, 2400, 3), 128, np.float32)
    for cells, strength in ((4, 0.5), (24, 0.3), (150, 0.2)):
        noise = generator.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
        layer = Image.fromarray(noise).resize((2400, 1600), Image.Resampling.BICUBIC)
        pixels += (np.asarray(layer, np.float32) - 128) * strength
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


@pytest.fixture
def exif() -> Callable[..., bytes]:
    """Build an EXIF block: main tags, `exif_ifd` and `gps` by tag number."""

    def build(
        main: dict[int, Any] | None = None,
        exif_ifd: dict[int, Any] | None = None,
        gps: dict[int, Any] | None = None,
    ) -> bytes:
        block = Image.Exif()
        block.update(main or {})
        if exif_ifd:
            block.get_ifd(EXIF_IFD).update(exif_ifd)
        if gps:
            block.get_ifd(GPS_IFD).update(gps)
        return block.tobytes()

    return build


@pytest.fixture
def developed(tmp_path: Path) -> Callable[[Path], Development]:
    """Develop a file in this process, with thumbnails in the test's own folder."""

    def run(source: Path, **options: Any) -> Development:
        thumbnails = tmp_path / "thumbnails"
        thumbnails.mkdir(exist_ok=True)
        return develop(source, thumbnails_dir=thumbnails, stem="stem", **options)

    return run


@pytest.fixture
def thumbnail() -> Callable[..., Image.Image]:
    """Read one written thumbnail back."""

    def read(development: Development, size: str = "large") -> Image.Image:
        assert development.thumbnail_error is None
        path = next(found.path for found in development.thumbnails if found.size == size)
        with Image.open(path) as image:
            image.load()
            return image

    return read
