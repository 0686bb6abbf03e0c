from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lumilio.media.facts import Development
from lumilio.media.thumbnails import LONGEST_SIDES, scaled, thumbnail_path, write_thumbnails

Develop = Callable[[Path], Development]


def test_sizes_of_the_contract() -> None:
    assert LONGEST_SIDES == {"large": 1920, "medium": 800, "small": 400}


@pytest.mark.parametrize(
    ("size", "large", "medium", "small"),
    [
        ((1920, 1280), (1920, 1280), (800, 533), (400, 267)),
        ((1000, 1920), (1000, 1920), (417, 800), (208, 400)),
        ((500, 300), (500, 300), (500, 300), (400, 240)),
        ((1, 1), (1, 1), (1, 1), (1, 1)),
        ((1920, 2), (1920, 2), (800, 1), (400, 1)),
    ],
)
def test_pictures_fit_and_are_never_enlarged(
    size: tuple[int, int],
    large: tuple[int, int],
    medium: tuple[int, int],
    small: tuple[int, int],
) -> None:
    pictures = scaled(Image.new("RGB", size))
    assert pictures["large"].size == large
    assert np.abs(np.subtract(pictures["medium"].size, medium)).max() <= 1
    assert np.abs(np.subtract(pictures["small"].size, small)).max() <= 1


def test_files_lie_where_the_layout_says(
    tmp_path: Path, photo: Image.Image, developed: Develop
) -> None:
    photo.save(tmp_path / "a.jpg")
    development = developed(tmp_path / "a.jpg")
    root = tmp_path / "thumbnails"
    for found in development.thumbnails:
        assert found.path == thumbnail_path(root, found.size, "stem")
        assert found.path == root / found.size / f"stem_{found.size}.webp"
        assert found.path.stat().st_size == found.bytes
        with Image.open(found.path) as image:
            assert image.format == "WEBP"
            assert max(image.size) == LONGEST_SIDES[found.size]
    assert {path.name for path in root.rglob("*.*")} == {
        "stem_large.webp",
        "stem_medium.webp",
        "stem_small.webp",
    }


def test_no_metadata_leaves_with_a_thumbnail(
    tmp_path: Path,
    corners: Image.Image,
    exif: Callable[..., bytes],
    developed: Develop,
) -> None:
    block = exif({0x010F: "SECRET"}, gps={1: "N", 2: (1.0, 2.0, 3.0)})
    corners.save(
        tmp_path / "a.jpg",
        exif=block,
        xmp=b"<x>SECRET</x>",
        icc_profile=b"SECRET",
        comment="SECRET",
    )
    for found in developed(tmp_path / "a.jpg").thumbnails:
        content = found.path.read_bytes()
        assert not any(mark in content for mark in (b"SECRET", b"EXIF", b"XMP ", b"ICCP"))


def test_quality_is_close_to_the_picture(
    tmp_path: Path, photo: Image.Image, developed: Develop
) -> None:
    photo.save(tmp_path / "a.png")
    for found in developed(tmp_path / "a.png").thumbnails:
        with Image.open(found.path) as image:
            wanted = np.asarray(photo.resize(image.size, Image.Resampling.LANCZOS), float)
            error = np.mean((np.asarray(image, float) - wanted) ** 2)
        assert 10 * np.log10(255**2 / error) > 29


def test_a_failed_write_leaves_the_old_thumbnail_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = scaled(Image.new("RGB", (10, 10), "red"))
    write_thumbnails(pictures, tmp_path, "stem")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.webp")}

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        write_thumbnails(scaled(Image.new("RGB", (10, 10), "blue")), tmp_path, "stem")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before
