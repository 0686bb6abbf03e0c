from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import rawpy
from PIL import Image

from lumilio.errors import CannotDecode, CannotRead
from lumilio.media.raw import RawPicture, opened_raw

from .looks import CORNER_COLOURS, INVERSES, assert_close, corner_colours


class Sizes(NamedTuple):
    width: int = 6000
    height: int = 4000
    flip: int = 0


class Thumb(NamedTuple):
    format: Any
    data: Any


class FakeRaw:
    """As much of rawpy.RawPy as is used; develops to plain grey."""

    def __init__(self, preview: bytes | None, flip: int = 0) -> None:
        self.sizes = Sizes(flip=flip)
        self._preview = preview
        self.half_size: bool | None = None

    def extract_thumb(self) -> Thumb:
        if self._preview is None:
            raise rawpy.LibRawNoThumbnailError("No thumbnail in file")
        return Thumb(rawpy.ThumbFormat.JPEG, self._preview)

    def postprocess(self, *, use_camera_wb: bool, output_bps: int, half_size: bool) -> Any:
        assert use_camera_wb
        assert output_bps == 8
        self.half_size = half_size
        return np.full((4000 // (1 + half_size), 6000 // (1 + half_size), 3), 77, np.uint8)


def jpeg(picture: Image.Image, exif: bytes = b"") -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "JPEG", exif=exif, quality=95)
    return buffer.getvalue()


@pytest.fixture
def preview(corners: Image.Image) -> Image.Image:
    return corners.resize((1200, 800), Image.Resampling.NEAREST)


def render(raw: FakeRaw, side: int = 1920) -> Image.Image:
    return RawPicture(Path("a.nef"), raw).render(side)  # type: ignore[arg-type]


@pytest.mark.parametrize(("flip", "orientation"), [(0, 1), (3, 3), (5, 8), (6, 6)])
def test_preview_as_shot_is_turned_by_librafs_flip(
    preview: Image.Image, flip: int, orientation: int
) -> None:
    inverse = INVERSES[orientation]
    upright = preview if flip in (0, 3) else preview.transpose(Image.Transpose.ROTATE_90)
    wanted = corner_colours(upright)
    stored = upright.transpose(inverse) if inverse is not None else upright
    assert stored.size == (1200, 800)
    assert_close(corner_colours(render(FakeRaw(jpeg(stored), flip))), wanted)


@pytest.mark.parametrize("flip", [5, 6])
def test_preview_that_is_upright_already_stays(preview: Image.Image, flip: int) -> None:
    upright = preview.transpose(Image.Transpose.ROTATE_90)
    found = render(FakeRaw(jpeg(upright), flip))
    assert found.size == (800, 1200)
    assert_close(corner_colours(found), corner_colours(upright))


def test_preview_with_its_own_turn_obeys_it(preview: Image.Image, exif: Any) -> None:
    stored = preview.transpose(Image.Transpose.ROTATE_180)
    found = render(FakeRaw(jpeg(stored, exif({0x0112: 3})), 3))
    assert_close(corner_colours(found), CORNER_COLOURS)


@pytest.mark.parametrize("side", [1920, 4000])
def test_without_a_good_preview_the_sensor_data_is_developed(
    corners: Image.Image, preview: Image.Image, side: int
) -> None:
    cut = jpeg(preview)[:-6000]
    small = jpeg(corners)
    for useless in (None, small, cut, b"", b"\xff\xd8 no jpeg \xff\xd9"):
        raw = FakeRaw(useless)
        found = render(raw, side)
        assert found.getpixel((9, 9)) == (77, 77, 77)
        assert max(found.size) == side
        assert raw.half_size is (side == 1920)


def test_a_fault_of_libraw_is_told_in_words() -> None:
    """It tells of faults in bytes."""

    class Cut(FakeRaw):
        def postprocess(self, **_: Any) -> Any:
            raise rawpy.LibRawDataError(b"Data error or unsupported file format")

    with pytest.raises(CannotDecode) as caught:
        render(Cut(None))
    assert "(Data error or unsupported file format)" in caught.value.message


@pytest.mark.parametrize(
    ("flip", "size"), [(0, (6000, 4000)), (3, (6000, 4000)), (6, (4000, 6000))]
)
def test_size_is_the_displayed_one(flip: int, size: tuple[int, int]) -> None:
    picture = RawPicture(Path("a.nef"), FakeRaw(None, flip))  # type: ignore[arg-type]
    assert (picture.width, picture.height) == size


def test_missing_raw(tmp_path: Path) -> None:
    with (
        pytest.raises(CannotRead, match=r"a.nef: No such file or directory"),
        opened_raw(tmp_path / "a.nef"),
    ):
        pass


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "The file is empty"), (b"nothing raw" * 99, "The file is not a RAW picture")],
)
def test_no_raw(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "a.cr2"
    file.write_bytes(content)
    with pytest.raises(CannotDecode, match=why), opened_raw(file):
        pass
