from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumilio.media.formats import FORMATS, Format
from lumilio.media.sniff import format_of_file, sniff
from tests.support.photos import STARTS, jpeg, tiff_start


def sniffed(content: bytes, name: str) -> Format | None:
    return sniff(BytesIO(content), name)


def test_there_is_a_start_for_every_format() -> None:
    assert set(FORMATS) == set(STARTS)


@pytest.mark.parametrize("extension", sorted(STARTS))
def test_right_names_are_confirmed(extension: str) -> None:
    assert sniffed(STARTS[extension], f"a.{extension.upper()}") is FORMATS[extension]


@pytest.mark.parametrize("name", ["a", "a.txt", "a.jpg", "a.png", "a.mp4"])
@pytest.mark.parametrize(
    "extension",
    [
        "png",
        "webp",
        "heic",
        "avif",
        "jxl",
        "jp2",
        "psd",
        "svg",
        "dng",
        "cr2",
        "cr3",
        "nef",
        "arw",
        "raf",
    ],
)
def test_wrong_names_yield_to_the_content(extension: str, name: str) -> None:
    if name != f"a.{extension}":
        assert sniffed(STARTS[extension], name) is FORMATS[extension]


@pytest.mark.parametrize("name", ["a.heic", "a.heif", "a.hif"])
def test_the_name_chooses_within_a_family(name: str) -> None:
    found = sniffed(STARTS["heic"], name)
    assert found is not None
    assert found.extension == name[2:]


def test_a_raw_file_of_an_unknown_camera_keeps_its_name() -> None:
    content = tiff_start("Nobody's Camera", (0x0106, 32803))
    assert sniffed(content, "a.nrw") is FORMATS["nrw"]
    assert sniffed(content, "a.jpg") is FORMATS["tif"]


def test_a_tiff_that_a_camera_wrote_is_no_raw_file() -> None:
    assert sniffed(tiff_start("NIKON CORPORATION", (0x0106, 2)), "a.tif") is FORMATS["tif"]


def test_a_negative_that_calls_itself_tiff_is_a_negative() -> None:
    assert sniffed(STARTS["dng"], "a.tif") is FORMATS["dng"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"plain text, not a picture",
        b"BM the initials of somebody",
        b"%PDF-1.7\n",
        b"PK\x03\x04" + bytes(60),
        b"MZ\x90\0" + bytes(60),
        b"\x7fELF" + bytes(60),
        b"<!DOCTYPE html><html><svg></svg></html>",
        b"<?xml version='1.0'?><gpx></gpx>",
        b"\0\0\0\x0cjP not quite",
        bytes(5000),
        b"\xff\xfea\0b\0c\0",
    ],
)
@pytest.mark.parametrize("name", ["a.jpg", "a.nef", "a.svg", "a"])
def test_nothing_else_is_a_picture(content: bytes, name: str) -> None:
    assert sniffed(content, name) is None


@pytest.mark.parametrize(
    "text",
    [
        "<svg/>",
        "<?xml version='1.0' encoding='utf-8'?>\n<svg xmlns='http://www.w3.org/2000/svg'>",
        "<!-- a --><!-- b -->\n<svg:svg xmlns:svg='http://www.w3.org/2000/svg'>",
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://x/svg.dtd" ['
        '<!ENTITY ns "http://ns">]><svg>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_drawings_are_told_by_their_root(text: str, encoding: str) -> None:
    assert sniffed(text.encode(encoding), "a.svg") is FORMATS["svg"]


def test_a_long_prologue_is_read_in_no_time() -> None:
    assert sniffed(b"<!--" * 1000, "a.svg") is None
    assert sniffed(b"<!DOCTYPE svg [" * 300, "a.svg") is None


@given(st.sampled_from(sorted(STARTS)), st.binary(max_size=400), st.integers(0, 40))
def test_any_bytes_have_an_answer(extension: str, rest: bytes, cut: int) -> None:
    sniffed(STARTS[extension][: len(STARTS[extension]) - cut] + rest, "a.nef")


def test_what_cannot_be_told_goes_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"nothing")
    (tmp_path / "b.png").write_bytes(jpeg())
    assert format_of_file(tmp_path / "a.png") is FORMATS["png"]
    assert format_of_file(tmp_path / "b.png") is FORMATS["jpg"]
    with pytest.raises(FileNotFoundError):
        format_of_file(tmp_path / "missing.png")
