"""Pictures with a gain map: the first picture is shown, and that there is more is told."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from lumilio.media.export import export_photo
from lumilio.media.export_options import ExportOptions
from lumilio.media.gain_maps import has_gain_map
from lumilio.media.metadata import read_metadata
from lumilio.media.pictures import opened_picture

from .looks import CORNER_COLOURS, INVERSES, assert_close, corner_colours

GOOGLE = b"http://ns.adobe.com/xap/1.0/\0<x xmlns:hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/'/>"
APPLE = b"http://ns.adobe.com/xap/1.0/\0<x xmlns:m='http://ns.apple.com/HDRGainMap/1.0/'/>"
ISO = b"urn:iso:std:iso:ts:21496:-1\0" + bytes(60)


def segment(content: bytes, kind: int = 0xE1) -> bytes:
    return bytes([0xFF, kind]) + (len(content) + 2).to_bytes(2, "big") + content


def with_second(first: Image.Image, words: bytes, orientation: int = 1) -> bytes:
    """A JPEG with another behind it, whose header holds these words."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = BytesIO()
    grey = Image.new("L", (48, 32), 128)
    first.save(buffer, "MPO", save_all=True, append_images=[grey], exif=exif, quality=95)
    content = buffer.getvalue()
    second = content.rindex(b"\xff\xd8\xff") + 2
    return content[:second] + words + content[second:]


@pytest.mark.parametrize(
    "words",
    [segment(GOOGLE), segment(APPLE), segment(ISO, 0xE2), segment(b"x" * 999) + segment(ISO)],
)
@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
def test_the_first_picture_is_shown_and_exported_upright(
    tmp_path: Path, corners: Image.Image, words: bytes, orientation: int
) -> None:
    inverse = INVERSES[orientation]
    stored = corners if inverse is None else corners.transpose(inverse)
    source = tmp_path / "a.jpg"
    source.write_bytes(with_second(stored, words, orientation))
    facts = read_metadata(source).facts
    assert facts.has_gain_map is True
    assert (facts.width, facts.height) == (96, 64)
    with opened_picture(source) as picture:
        assert_close(corner_colours(picture.render(400)), CORNER_COLOURS)
    export_photo(source, tmp_path / "out.jpg", ExportOptions(format="jpeg", quality=95))
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.format == "JPEG"
        assert_close(corner_colours(image), CORNER_COLOURS)
    assert not has_gain_map(tmp_path / "out.jpg")


def test_words_alone_are_no_gain_map(tmp_path: Path, corners: Image.Image) -> None:
    """Editors keep what the first picture says of a second, and leave that out."""
    path = tmp_path / "a.jpg"
    buffer = BytesIO()
    corners.save(buffer, "JPEG")
    plain = buffer.getvalue()
    both = with_second(corners, b"")
    for content in (
        plain,
        b"",
        b"\xff\xd8\xff",
        plain[:2] + segment(GOOGLE) + plain[2:],
        both,
        both[:2] + segment(ISO, 0xE2) + both[2:],
        both + GOOGLE,
        both[: both.rindex(b"\xff\xd8\xff")],
    ):
        path.write_bytes(content)
        assert not has_gain_map(path)


@pytest.mark.parametrize(
    ("inner", "is_found"),
    [
        (b"auxC\0\0\0\0urn:com:apple:photo:2020:aux:hdrgainmap\0", True),
        (b"infe\2\0\0\0\0\7\0\0tmap\0", True),
        (b"infe\2\0\0\0\0\7\0\0hvc1\0", False),
    ],
)
def test_boxes_name_their_gain_map(tmp_path: Path, inner: bytes, is_found: bool) -> None:
    meta = b"meta\0\0\0\0" + (len(inner) + 4).to_bytes(4, "big") + inner
    content = b"\0\0\0\x10ftypheic\0\0\0\0" + (len(meta) + 4).to_bytes(4, "big") + meta
    (tmp_path / "a.heic").write_bytes(content)
    assert has_gain_map(tmp_path / "a.heic") is is_found
    # What lies among the pixels means nothing.
    (tmp_path / "a.heic").write_bytes(content.replace(b"meta", b"mdat"))
    assert not has_gain_map(tmp_path / "a.heic")


def test_samples_of_phones_tell_theirs() -> None:
    media = Path(__file__).resolve().parents[3] / "shared" / "media"
    if not media.is_dir():
        pytest.skip("the sample media are not beside this checkout")
    names = ("avif-webp-png-gif-tiff-jxl/apple_gainmap_old.jpg", "heic/pug.heic", "gps/big_ben.jpg")
    assert [read_metadata(media / name).facts.has_gain_map for name in names] == [True, True, None]
