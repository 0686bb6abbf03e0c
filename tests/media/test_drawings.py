"""Formats that have no pixels as such, or keep them beside something else: SVG and Photoshop."""

import struct
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops
from psd_tools import PSDImage

from lumilio.errors import CannotDecode
from lumilio.media.develop import opened_photo
from lumilio.media.facts import Development

from .looks import CORNER_COLOURS, DISPLAY_P3, assert_close, corner_colours

Develop = Callable[[Path], Development]
Thumbnail = Callable[..., Image.Image]
NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
RED = '<rect width="100" height="50" fill="#dc1e1e"/>'


def drawn(folder: Path, text: str) -> tuple[tuple[int, int], Image.Image]:
    """The size that a drawing says it has, and its picture."""
    file = folder / "a.svg"
    file.write_text(text)
    with opened_photo(file) as picture:
        return (picture.width, picture.height), picture.render(400)


@pytest.mark.parametrize(
    ("attributes", "size", "drawn_size"),
    [
        ('width="100" height="50"', (100, 50), (400, 200)),
        ('viewBox="0 0 100 50"', (100, 50), (400, 200)),
        ('width="10cm" viewBox="0, 0, 100, 50"', (378, 189), (400, 200)),
        ('height="1in" viewBox="0 0 100 50"', (192, 96), (400, 200)),
        ('width="100%" height="100%" viewBox="0 0 100 50"', (100, 50), (400, 200)),
        ("", (300, 150), (400, 200)),
        ('width="-5" height="nan" viewBox="0 0 inf 1"', (300, 150), (400, 200)),
        ('width="100000" height="100000"', (100_000, 100_000), (400, 400)),
        ('width="1" height="1000000"', (1, 1_000_000), (1, 400)),
    ],
)
def test_a_drawing_is_drawn_as_large_as_asked_for(
    tmp_path: Path, attributes: str, size: tuple[int, int], drawn_size: tuple[int, int]
) -> None:
    found, picture = drawn(tmp_path, f"<svg {NAMESPACES} {attributes}>{RED}</svg>")
    assert found == size
    assert picture.size == drawn_size


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret.png"
    Image.new("RGB", (50, 50), "red").save(file)
    return file


@pytest.mark.parametrize(
    "text",
    [
        '<image {href}="{secret}" width="100" height="50"/>',
        '<image {href}="secret.png" width="100" height="50"/>',
        '<image {href}="file://{secret}" width="100" height="50"/>',
        '<image {href}="&amp;f;" width="100" height="50"/>',
        '<image {href}="&f;" width="100" height="50"/>',
        '<filter id="f"><feImage {href}="{secret}"/></filter><rect filter="url(#f)" width="9" height="9"/>',
        '<style>@import url("{secret}"); rect {{ fill: url({secret}) }}</style>',
        '<image width="100" height="50" {href}="data:image/svg+xml;utf8,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22'
        ' width=%2250%22 height=%2250%22%3E%3Cimage href=%22{secret}%22 width=%2250%22 height=%2250%22/%3E%3C/svg%3E"/>',
        '<script>document.location = "{secret}"</script>',
    ],
)
@pytest.mark.parametrize("href", ["href", "xlink:href"])
def test_a_drawing_shows_nothing_from_outside_of_it(
    tmp_path: Path, secret: Path, text: str, href: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    body = text.format(secret=secret, href=href)
    entities = f'<!DOCTYPE svg [<!ENTITY f "{secret}">]>'
    _, picture = drawn(tmp_path, f'{entities}<svg {NAMESPACES} viewBox="0 0 100 50">{body}</svg>')
    assert picture.convert("RGBA").getchannel("A").getextrema() == (0, 0)


def test_a_drawing_shows_what_it_carries_and_what_it_refers_to_in_itself(tmp_path: Path) -> None:
    body = f'<defs><g id="g">{RED}</g></defs><use xlink:href="#g"/>'
    _, picture = drawn(tmp_path, f'<svg {NAMESPACES} viewBox="0 0 100 50">{body}</svg>')
    assert_close(picture.convert("RGB").getpixel((200, 100)), CORNER_COLOURS[0])


MANY = "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
USES = "".join(f'<g id="g{n}">{f"""<use href="#g{n - 1}"/>""" * 10}</g>' for n in range(1, 7))


@pytest.mark.parametrize(
    "text",
    [
        f'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">{MANY}]><svg {NAMESPACES}><text>&i;</text></svg>',
        f'<svg {NAMESPACES}><g id="g0">{RED}</g>{USES}<use href="#g6"/></svg>',
        f"<svg {NAMESPACES}>{'<g>' * 50_000}{'</g>' * 50_000}</svg>",
        f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg {NAMESPACES}>&x;</svg>',
        f"<svg {NAMESPACES}>",
    ],
    ids=["entities", "uses", "depth", "external entity", "cut off"],
)
def test_a_hostile_drawing_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(CannotDecode, match=r": The "):
        drawn(tmp_path, text)


def document(picture: Image.Image, folder: Path) -> Path:
    file = folder / "a.psd"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        PSDImage.frompil(picture).save(file)
    return file


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "L", "RGBA"])
def test_a_document_shows_its_flattened_picture(
    tmp_path: Path, corners: Image.Image, developed: Develop, thumbnail: Thumbnail, mode: str
) -> None:
    stored = corners.convert(mode)
    # Photoshop's ink is stored the other way round.
    development = developed(
        document(ImageChops.invert(stored) if mode == "CMYK" else stored, tmp_path)
    )
    found = thumbnail(development)
    assert (development.width, development.height) == (96, 64)
    wanted = corner_colours(corners.convert(mode).convert("RGB"))
    assert_close(corner_colours(found), wanted)


def raw_document(
    depth: int, pixels: bytes, size: tuple[int, int], resources: bytes = b"", mode: int = 3
) -> bytes:
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, size[1], size[0], depth, mode)
    return head + struct.pack(">II", 0, len(resources)) + resources + bytes(4) + bytes(2) + pixels


def test_a_document_of_16_bits_a_channel(
    tmp_path: Path, corners: Image.Image, developed: Develop, thumbnail: Thumbnail
) -> None:
    planes = np.asarray(corners).transpose(2, 0, 1).astype(">u2") * np.array(257, ">u2")
    (tmp_path / "a.psd").write_bytes(raw_document(16, planes.astype(">u2").tobytes(), (96, 64)))
    assert_close(corner_colours(thumbnail(developed(tmp_path / "a.psd"))), CORNER_COLOURS)


def test_the_profile_of_a_document_is_applied(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail
) -> None:
    resources = b"8BIM" + struct.pack(">HHI", 1039, 0, len(DISPLAY_P3)) + DISPLAY_P3
    # What sRGB shows as (180, 90, 60).
    pixels = b"".join(bytes([level]) * 64 * 64 for level in (169, 95, 68))
    (tmp_path / "a.psd").write_bytes(
        raw_document(8, pixels, (64, 64), resources + bytes(len(DISPLAY_P3) % 2))
    )
    assert_close(thumbnail(developed(tmp_path / "a.psd")).getpixel((9, 9)), (180, 90, 60), 4)


def test_a_document_in_lab_colours(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail
) -> None:
    pixels = b"".join(bytes([level]) * 64 * 64 for level in (136, 208, 195))
    (tmp_path / "a.psd").write_bytes(raw_document(8, pixels, (64, 64), mode=9))
    assert_close(thumbnail(developed(tmp_path / "a.psd")).getpixel((9, 9)), (255, 0, 0), 16)


def test_a_document_that_claims_to_be_endless_is_refused_by_its_header(
    tmp_path: Path, developed: Develop
) -> None:
    (tmp_path / "a.psd").write_bytes(raw_document(8, b"", (100_000, 100_000)))
    error = developed(tmp_path / "a.psd").thumbnail_error
    assert error is not None
    assert "larger than the limit" in error
