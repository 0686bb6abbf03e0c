import struct
import warnings
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageOps
from pillow_jxl import JpegXLImagePlugin
from psd_tools import PSDImage

from lumilio.errors import CannotDecode, CannotRead
from lumilio.media import jxl
from lumilio.media.facts import Development
from lumilio.media.pictures import opened_picture

from .looks import (
    ADOBE_RGB,
    CORNER_COLOURS,
    DISPLAY_P3,
    INVERSES,
    assert_close,
    corner_colours,
)

Develop = Callable[[Path], Development]
Thumbnail = Callable[..., Image.Image]
BuildExif = Callable[..., bytes]

pillow_heif.register_heif_opener()
assert JpegXLImagePlugin


def save(picture: Image.Image, file: Path) -> None:
    if file.suffix != ".psd":
        picture.save(file)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        PSDImage.frompil(picture).save(file)


@pytest.mark.parametrize("name", ["a.jxl", "a.jp2", "a.j2k", "a.insp", "a.hif", "a.jfif"])
def test_formats_beyond_the_common_ones(
    tmp_path: Path, corners: Image.Image, developed: Develop, thumbnail: Thumbnail, name: str
) -> None:
    kinds = {"insp": "JPEG", "jfif": "JPEG", "hif": "HEIF", "j2k": "JPEG2000"}
    corners.save(tmp_path / name, kinds.get(name[2:]))
    development = developed(tmp_path / name)
    assert (development.width, development.height) == (96, 64)
    assert development.metadata_error is None
    assert_close(corner_colours(thumbnail(development)), CORNER_COLOURS, 16)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["pixels", "packed JPEG"])
def test_every_orientation_of_jpeg_xl(
    tmp_path: Path,
    corners: Image.Image,
    exif: BuildExif,
    developed: Develop,
    thumbnail: Thumbnail,
    kind: str,
    orientation: int,
) -> None:
    """libjxl turns by its own header, which its plugin does not write, and ignores EXIF's."""
    file, block = tmp_path / "a.jxl", exif({0x0112: orientation})
    inverse = INVERSES[orientation]
    if kind == "pixels":
        corners.save(file, exif=block, lossless=True)
    else:
        stored = corners.transpose(inverse) if inverse is not None else corners
        stored.save(tmp_path / "a.jpg", exif=block, quality=95)
        with Image.open(tmp_path / "a.jpg") as image:
            image.save(file, lossless_jpeg=True)
    development = developed(file)
    assert (development.width, development.height) == (96, 64)
    assert_close(corner_colours(thumbnail(development)), CORNER_COLOURS)


@pytest.mark.parametrize("size", [(8, 8), (256, 256), (64, 40), (513, 300), (160, 90), (3000, 17)])
@pytest.mark.parametrize("container", [False, True])
def test_jpeg_xl_tells_its_size_before_it_is_decoded(
    size: tuple[int, int], container: bool
) -> None:
    buffer = BytesIO()
    Image.new("RGB", size).save(buffer, "JXL", use_container=container)
    assert jxl.size_of(buffer) == size


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.avif", "a.heic"])
def test_every_orientation_of_every_format_comes_out_upright(
    tmp_path: Path,
    corners: Image.Image,
    exif: BuildExif,
    developed: Develop,
    thumbnail: Thumbnail,
    name: str,
    orientation: int,
) -> None:
    inverse = INVERSES[orientation]
    stored = corners.transpose(inverse) if inverse is not None else corners
    stored.save(tmp_path / name, exif=exif({0x0112: orientation}), quality=95)
    development = developed(tmp_path / name)
    picture = thumbnail(development)
    assert picture.size == (96, 64)
    assert (development.width, development.height) == (96, 64)
    assert development.facts is not None
    assert (development.facts.width, development.facts.height) == (96, 64)
    assert_close(corner_colours(picture), CORNER_COLOURS)


def test_mirrors_above_are_pillows_own(corners: Image.Image, exif: BuildExif) -> None:
    for orientation, inverse in INVERSES.items():
        stored = corners.transpose(inverse) if inverse is not None else corners.copy()
        stored.getexif()[0x0112] = orientation
        assert_close(corner_colours(ImageOps.exif_transpose(stored)), CORNER_COLOURS, 0)


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("profile", [ADOBE_RGB, DISPLAY_P3], ids=["Adobe RGB", "Display P3"])
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.heic"])
def test_wide_colours_become_srgb(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail, profile: bytes, name: str
) -> None:
    wanted = (180, 90, 60)
    stored = ImageCms.profileToProfile(
        Image.new("RGB", (64, 64), wanted),
        ImageCms.createProfile("sRGB"),
        ImageCms.ImageCmsProfile(BytesIO(profile)),
    )
    assert isinstance(stored, Image.Image)
    assert np.abs(np.asarray(stored)[9, 9].astype(int) - wanted).max() > 4
    stored.save(tmp_path / name, icc_profile=profile, quality=98)
    assert_close(thumbnail(developed(tmp_path / name)).getpixel((32, 32)), wanted, 5)


def test_colours_beyond_srgb_are_clipped_not_dulled(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail
) -> None:
    Image.new("RGB", (64, 64), (255, 0, 0)).save(tmp_path / "a.png", icc_profile=DISPLAY_P3)
    assert_close(thumbnail(developed(tmp_path / "a.png")).getpixel((32, 32)), (255, 0, 0), 4)


@pytest.mark.parametrize("profile", [None, b"no profile at all", srgb_profile(), ADOBE_RGB])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_useless_profiles_are_ignored(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail, profile: bytes | None, mode: str
) -> None:
    Image.new(mode, (64, 64), "#808080").save(tmp_path / "a.png", icc_profile=profile)
    assert_close(thumbnail(developed(tmp_path / "a.png")).getpixel((32, 32)), (128,) * 3, 5)


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_cmyk(tmp_path: Path, developed: Develop, thumbnail: Thumbnail, name: str) -> None:
    Image.new("CMYK", (64, 64), (0, 255, 255, 0)).save(tmp_path / name, quality=95)
    red, green, blue = np.asarray(thumbnail(developed(tmp_path / name)))[32, 32]
    assert red > 200
    assert max(green, blue) < 70


GREYS: dict[str, Any] = {
    "16-bit": Image.fromarray(np.full((64, 64), 0x80FF, np.uint16)),
    "32-bit": Image.fromarray(np.full((64, 64), 0x80FF, np.int32)),
    "8-bit": Image.new("L", (64, 64), 128),
    "1-bit": Image.new("1", (64, 64), 1),
    "palette": Image.new("RGB", (64, 64), "#808080").quantize(4),
}


@pytest.mark.parametrize("kind", GREYS)
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_grey_and_palette_modes(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail, kind: str, name: str
) -> None:
    if kind == "32-bit" and name == "a.png":
        pytest.skip("PNG has no 32-bit channel")
    GREYS[kind].save(tmp_path / name)
    wanted = 255 if kind == "1-bit" else 128
    assert_close(thumbnail(developed(tmp_path / name)).getpixel((32, 32)), (wanted,) * 3, 3)


def test_float_pictures_are_stretched(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail
) -> None:
    ramp = np.linspace(-3, 7, 64, dtype=np.float32)[None, :].repeat(64, axis=0)
    Image.fromarray(ramp).save(tmp_path / "depth.tif")
    row = np.asarray(thumbnail(developed(tmp_path / "depth.tif")))[32, :, 0].astype(int)
    assert row[1] < 20
    assert row[-2] > 235


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.gif", "a.tif", "a.avif"])
def test_transparency_is_kept(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail, name: str
) -> None:
    picture = Image.new("RGBA", (64, 64), (200, 30, 30, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 32, 64))
    picture.save(tmp_path / name)
    found = thumbnail(developed(tmp_path / name))
    assert found.mode == "RGBA"
    assert np.asarray(found)[32, 8, 3] < 8
    assert_close(found.getpixel((56, 32)), (200, 30, 30, 255))


def test_transparent_colour_of_a_plain_png_is_kept(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail, corners: Image.Image
) -> None:
    corners.save(tmp_path / "a.png", transparency=CORNER_COLOURS[0])
    assert np.asarray(thumbnail(developed(tmp_path / "a.png")))[8, 8, 3] == 0


def test_an_opaque_alpha_channel_is_dropped(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail, corners: Image.Image
) -> None:
    corners.convert("RGBA").save(tmp_path / "a.png")
    assert thumbnail(developed(tmp_path / "a.png")).mode == "RGB"


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_animations_show_their_first_frame(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail, name: str
) -> None:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("#c81e1e", "#1ec81e", "#1e1ec8")]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], duration=100)
    assert_close(np.asarray(thumbnail(developed(tmp_path / name)))[9, 9, :3], (200, 30, 30))


@pytest.mark.parametrize(
    "name",
    ["a.jpg", "a.png", "a.webp", "a.gif", "a.bmp", "a.tif", "a.heic", "a.jxl", "a.jp2", "a.psd"],
)
@pytest.mark.parametrize("share", [0.5, 0.95])
def test_a_cut_off_file_is_refused(
    tmp_path: Path, photo: Image.Image, developed: Develop, name: str, share: float
) -> None:
    file = tmp_path / name
    save(photo.reduce(4), file)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    development = developed(file)
    assert development.thumbnails == ()
    assert development.thumbhash is None
    assert development.thumbnail_error is not None
    assert development.thumbnail_error.startswith("The ")


def test_a_length_that_claims_gigabytes_sets_none_aside(tmp_path: Path, developed: Develop) -> None:
    resource = pytest.importorskip("resource")
    Image.new("L", (90, 60), 99).save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(content[:33] + b"\xff\xff\xff" + content[36:])
    former = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (2 << 30, former[1]))
    try:
        error = developed(tmp_path / "a.png").thumbnail_error
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, former)
    assert error is None or error.startswith("The ")


def test_the_reason_is_a_sentence(tmp_path: Path, photo: Image.Image, developed: Develop) -> None:
    file = tmp_path / "a.jpg"
    photo.save(file)
    file.write_bytes(file.read_bytes()[:40_000])
    development = developed(file)
    assert development.thumbnail_error is not None
    assert "cut off: part of the picture is missing" in development.thumbnail_error
    assert (development.width, development.height) == (2400, 1600)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "The file is empty"),
        (b"just some text\n" * 40, "The file is not a picture"),
        (b"%PDF-1.7\n" + bytes(999), "The file is not a picture"),
        (b"\xff\xd8\xff\xe0", "The file is"),
        (bytes(5000), "The file is not a picture"),
    ],
)
def test_no_picture(tmp_path: Path, developed: Develop, content: bytes, why: str) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(content)
    development = developed(file)
    assert (development.thumbnail_error or "").startswith(why)
    assert (development.metadata_error or "").startswith(why)


def test_missing_file(tmp_path: Path, developed: Develop) -> None:
    with pytest.raises(CannotRead) as caught:
        developed(tmp_path / "gone.jpg")
    assert caught.value.message.startswith("The file cannot be read (No such file or directory). ")


def test_content_decides_not_the_name(
    tmp_path: Path, corners: Image.Image, developed: Develop, thumbnail: Thumbnail
) -> None:
    corners.save(tmp_path / "a.jpg", "WEBP")
    corners.save(tmp_path / "b.dng", "JPEG", quality=95)
    for name in ("a.jpg", "b.dng"):
        assert_close(corner_colours(thumbnail(developed(tmp_path / name))), CORNER_COLOURS, 20)


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(9999))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


BOMBS = {
    "bomb.png": png_header(60_000, 60_000),
    "bomb.gif": b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\xff\xff\xff\xff\0\x02\x02D\x01\0;",
    "bomb.bmp": b"BM" + struct.pack("<IIIIiiHH", 99, 0, 54, 40, 99_999, 99_999, 1, 24) + bytes(40),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_by_their_header(tmp_path: Path, developed: Develop, name: str) -> None:
    (tmp_path / name).write_bytes(BOMBS[name])
    why = developed(tmp_path / name).thumbnail_error or ""
    assert "is larger than the limit of 300 megapixels" in why


def test_the_pixel_limit_can_be_chosen(tmp_path: Path, corners: Image.Image) -> None:
    corners.save(tmp_path / "a.png")
    with opened_picture(tmp_path / "a.png", pixel_limit=96 * 64) as picture:
        assert (picture.width, picture.height) == (96, 64)
    with (
        pytest.raises(CannotDecode, match="A picture of 96×64 pixels is larger"),
        opened_picture(tmp_path / "a.png", pixel_limit=96 * 64 - 1),
    ):
        pass


def test_a_broken_exif_block_does_not_cost_the_picture(
    tmp_path: Path, corners: Image.Image, developed: Develop, thumbnail: Thumbnail
) -> None:
    corners.save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff", quality=95)
    assert_close(corner_colours(thumbnail(developed(tmp_path / "a.jpg"))), CORNER_COLOURS, 20)
