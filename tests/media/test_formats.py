from pathlib import Path

import pytest

from lumilio.media.formats import FORMATS, Format, format_of


def test_every_extension_of_the_contract_is_there() -> None:
    pictures = "jpg jpeg png webp gif bmp tif tiff heic heif"
    raw = "cr2 cr3 nef arw dng orf rw2 pef raf mrw srw rwl x3f"
    videos = "mp4 m4v mov avi mkv webm flv wmv 3gp mpg mpeg m2ts mts ogv"
    recordings = "mp3 aac m4a flac wav ogg oga aiff wma opus"
    beyond = "avif jxl jp2 psd svg hif insp"
    beyond_raw = "3fr crw dcr erf fff iiq kdc nrw sr2 srf"
    types = {
        "PHOTO": f"{pictures} {raw} {beyond} {beyond_raw}",
        "VIDEO": f"{videos} insv",
        "AUDIO": recordings,
    }
    for kind, names in types.items():
        assert {FORMATS[name].type for name in names.split()} == {kind}
    assert not any(FORMATS[name].is_raw for name in f"{pictures} {beyond} {videos}".split())
    assert all(FORMATS[name].is_raw for name in f"{raw} {beyond_raw}".split())
    assert all(name == found.extension for name, found in FORMATS.items())


@pytest.mark.parametrize("name", ["a.JPG", "a.b.Jpg", "/x/y/holiday.jpg", Path("x.jpg")])
def test_extension_decides_in_any_case(name: str | Path) -> None:
    assert format_of(name) == Format("jpg", "PHOTO", "image/jpeg", is_raw=False)


def test_raw_names_its_own_mime_type() -> None:
    assert format_of("shot.RAF") == Format("raf", "PHOTO", "image/x-fuji-raf", is_raw=True)


@pytest.mark.parametrize("name", ["", "jpg", ".jpg", "a.pdf", "a.jpg.xmp", "clip.m2v", "a."])
def test_others_are_unsupported(name: str) -> None:
    assert format_of(name) is None
