from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import IFDRational

from lumilio.errors import CannotDecode
from lumilio.media import maker_notes
from lumilio.media.facts import PhotoFacts
from lumilio.media.metadata import Metadata, facts_of, read_metadata
from lumilio.media.tags import EXIF_RAW_LIMIT_BYTES, Tags, bounded, clean
from tests.support.motion import apple_note

BuildExif = Callable[..., bytes]

MAIN = {0x010E: "A boat", 0x010F: "Canon", 0x0110: "Canon EOS R5", 0x0112: 6, 0x4746: 4}
EXIF_IFD = {
    0x829A: IFDRational(1, 125),
    0x829D: IFDRational(28, 10),
    0x8827: 400,
    0x9003: "2024:07:04 21:45:43",
    0x9011: "+02:00",
    0x9204: IFDRational(1, 3),
    0x920A: IFDRational(85, 1),
    0xA434: "EF85mm f/1.8 USM",
}
GPS = {
    1: "S",
    2: (IFDRational(33), IFDRational(51), IFDRational(2520, 100)),
    3: "E",
    4: (IFDRational(151), IFDRational(12), IFDRational(55)),
    5: b"\x01",
    6: IFDRational(25, 2),
}
XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:aux="http://ns.adobe.com/exif/1.0/aux/"
 xmp:Rating="5" exif:DateTimeOriginal="2020-02-02T20:20:20-03:00" aux:LensID="198"
 aux:Lens="EF50mm f/1.4 USM" exif:GPSLatitude="37,52.26N" exif:GPSLongitude="122,15.4W">
 <dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>boat</rdf:li></rdf:Bag></dc:subject>
 <dc:description><rdf:Alt><rdf:li xml:lang="x-default">From XMP</rdf:li></rdf:Alt></dc:description>
 </rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.fixture
def metadata(tmp_path: Path, corners: Image.Image) -> Callable[..., Metadata]:
    """Save the small picture with these options and read its metadata back."""

    def run(name: str = "photo.jpg", **options: Any) -> Metadata:
        if name.endswith(("heic", "heif")):
            import pillow_heif

            pillow_heif.register_heif_opener()
        corners.save(tmp_path / name, **options)
        return read_metadata(tmp_path / name)

    return run


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.avif", "a.heic"])
def test_facts_of_every_format(
    metadata: Callable[..., Metadata], exif: BuildExif, name: str
) -> None:
    facts = metadata(name, exif=exif(MAIN, EXIF_IFD, GPS)).facts
    assert facts.taken_time == datetime(2024, 7, 4, 19, 45, 43, tzinfo=UTC)
    assert facts.capture_offset_minutes == 120
    assert (facts.camera_make, facts.camera_model) == ("Canon", "Canon EOS R5")
    assert facts.lens_model == "EF85mm f/1.8 USM"
    assert facts.exposure_time == "1/125"
    assert (facts.f_number, facts.iso_speed, facts.focal_length) == (2.8, 400, 85.0)
    assert facts.exposure == pytest.approx(1 / 3)
    assert facts.description == "A boat"
    assert facts.gps_latitude == pytest.approx(-33.857)
    assert facts.gps_longitude == pytest.approx(151.2152777)
    assert facts.gps_altitude == -12.5
    assert facts.rating == 4


def test_orientation_turns_the_size(metadata: Callable[..., Metadata], exif: BuildExif) -> None:
    facts = metadata(exif=exif(MAIN)).facts
    assert (facts.orientation, facts.width, facts.height) == (6, 64, 96)


def test_exif_raw_has_exiftools_names_and_style(
    metadata: Callable[..., Metadata], exif: BuildExif
) -> None:
    raw = metadata(exif=exif(MAIN, EXIF_IFD, GPS)).exif_raw
    expected = {
        "Make": "Canon",
        "Orientation": "Rotate 90 CW",
        "ExposureTime": "1/125",
        "FNumber": 2.8,
        "ISO": 400,
        "DateTimeOriginal": "2024:07:04 21:45:43",
        "ExposureCompensation": "+1/3",
        "FocalLength": "85.0 mm",
        "LensModel": "EF85mm f/1.8 USM",
        "GPSLatitude": "33 deg 51' 25.20\" S",
        "GPSAltitude": "12.5 m Below Sea Level",
        "ImageWidth": 96,
    }
    assert {name: raw.get(name) for name in expected} == expected
    assert not {"ExifTag", "GPSTag", "MakerNote"} & raw.keys()


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.png"])
def test_xmp_fills_what_exif_leaves(
    metadata: Callable[..., Metadata], tmp_path: Path, name: str
) -> None:
    options: dict[str, Any] = {"xmp": XMP.encode()}
    if name.endswith("png"):
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP)
        options = {"pnginfo": info}
    facts = metadata(name, **options).facts
    assert facts.taken_time == datetime(2020, 2, 2, 23, 20, 20, tzinfo=UTC)
    assert facts.capture_offset_minutes == -180
    assert facts.rating == 5
    assert facts.keywords == ("sea", "boat")
    assert facts.description == "From XMP"
    assert facts.lens_model == "EF50mm f/1.4 USM"
    assert facts.gps_latitude == pytest.approx(37.871)
    assert facts.gps_longitude == pytest.approx(-122.2566667)


def test_xmp_is_found_in_a_gif(tmp_path: Path, corners: Image.Image) -> None:
    file = tmp_path / "a.gif"
    corners.save(file)
    magic = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    block = b"!\xff\x0bXMP DataXMP" + XMP.encode() + magic
    file.write_bytes(file.read_bytes()[:-1] + block + b";")
    assert read_metadata(file).facts.keywords == ("sea", "boat")


def test_a_long_comment_is_a_caption(metadata: Callable[..., Metadata], exif: BuildExif) -> None:
    comment = ("A long day at the sea. " * 30).strip()
    for code, text in (
        (b"ASCII\0\0\0", comment.encode()),
        (b"UNICODE\0", comment.encode("utf-16-be")),
        (b"UNICODE\0", comment.encode("utf-16-le")),
    ):
        block = exif({}, {0x9286: code + text})
        assert metadata(exif=block).facts.description == comment


def test_exif_wins_over_xmp(metadata: Callable[..., Metadata], exif: BuildExif) -> None:
    facts = metadata(exif=exif(MAIN, EXIF_IFD), xmp=XMP.encode()).facts
    assert (facts.rating, facts.description) == (4, "A boat")
    assert facts.capture_offset_minutes == 120


def test_bad_encodings_do_not_raise(metadata: Callable[..., Metadata], exif: BuildExif) -> None:
    read = metadata(exif=exif({0x010E: b"caf\xe9\xff \0rest", 0x010F: b"Acme \0\0"}))
    assert read.facts.description == "caféÿ"
    assert read.facts.camera_make == "Acme"
    msgspec.json.encode(read.exif_raw)


def test_picture_without_metadata_has_empty_facts(metadata: Callable[..., Metadata]) -> None:
    facts = metadata("a.png").facts
    assert facts == PhotoFacts(width=96, height=64)
    assert facts.exposure == 0.0


def test_a_damaged_file_still_tells_its_exif(
    tmp_path: Path, corners: Image.Image, exif: BuildExif
) -> None:
    file = tmp_path / "cut.jpg"
    corners.save(file, exif=exif(MAIN, EXIF_IFD))
    # The next segment claims more bytes than there are, so no reader gets through the file.
    file.write_bytes(file.read_bytes()[:450] + b"\xff\xdb\xff\xff")
    assert read_metadata(file).facts.camera_model == "Canon EOS R5"


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "The file is empty"), (b"hello" * 99, "not a picture")]
)
def test_no_picture_no_facts(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "x.jpg"
    file.write_bytes(content)
    with pytest.raises(CannotDecode, match=why):
        read_metadata(file)


def facts(**texts: str) -> PhotoFacts:
    return facts_of(Tags(texts, {}, dict(texts)))


@pytest.mark.parametrize(
    ("texts", "lens"),
    [
        ({"LensModel": "A", "LensID": "B 5mm"}, "A"),
        ({"LensModel": "----", "LensID": "B 5mm"}, "B 5mm"),
        ({"LensID": "198", "Lens": "EF50mm", "LensInfo": "50mm f/?"}, "EF50mm"),
        ({"LensType": "D G VR", "LensInfo": "18-55mm f/3.5"}, "18-55mm f/3.5"),
        ({"LensInfo": "n/a"}, None),
    ],
)
def test_the_best_lens_name_wins(texts: dict[str, str], lens: str | None) -> None:
    assert facts(**texts).lens_model == lens


def test_second_choices() -> None:
    found = facts(
        ShutterSpeedValue="9643856/1000000",
        ApertureValue="4970854/1000000",
        ISO="65535",
        RecommendedExposureIndex="102400",
        FocalLengthIn35mmFormat="26",
        CameraModelName="Model X",
    )
    assert (found.exposure_time, found.f_number, found.iso_speed) == ("1/800", 5.6, 102400)
    assert (found.focal_length, found.camera_model) == (26.0, "Model X")


@pytest.mark.parametrize(("latitude", "longitude"), [("91/1", "5/1"), ("5/1", "")])
def test_impossible_places_are_no_places(latitude: str, longitude: str) -> None:
    found = facts(GPSLatitude=latitude, GPSLongitude=longitude)
    assert (found.gps_latitude, found.gps_longitude) == (None, None)


@pytest.mark.parametrize(
    ("texts", "stars"),
    [
        ({"Rating": "3"}, 3),
        ({"Rating": "-1"}, None),
        ({"Rating": "99"}, None),
        ({"RatingPercent": "1"}, 1),
        ({"RatingPercent": "50"}, 3),
        ({"RatingPercent": "99"}, 5),
        ({}, None),
    ],
)
def test_rating(texts: dict[str, str], stars: int | None) -> None:
    assert facts(**texts).rating == stars


def test_exif_raw_is_bounded() -> None:
    kept = bounded({f"Tag{index}": "x" * 1000 for index in range(200)})
    assert 60 < len(kept) < 66
    assert len(msgspec.json.encode(kept)) <= EXIF_RAW_LIMIT_BYTES


def test_texts_are_cleaned() -> None:
    assert clean("  a\udce9b \0rest") == "aéb"
    assert clean("charset=Ascii fused") == "fused"
    assert len(clean("x" * 10_000)) == 2000


def test_apple_content_identifier() -> None:
    note = apple_note([(0x0001, 9, b"\0\0\0\x09"), (0x0011, 2, b"ABC-DEF\0")])
    assert maker_notes.content_identifier(note) == "ABC-DEF"


@pytest.mark.parametrize("note", [b"", b"Nikon", b"Apple iOS\0", b"Apple iOS\0\0\x01MM\xff\xff\0"])
def test_other_notes_have_none(note: bytes) -> None:
    assert maker_notes.content_identifier(note) is None
    assert maker_notes.content_identifier(apple_note([(0x0011, 2, b"X" * 50)])[:40]) in (
        None,
        "X" * 12,
    )


def test_burst_id_is_read_from_a_file(metadata: Callable[..., Metadata], exif: BuildExif) -> None:
    note = apple_note([(0x000B, 2, b"0F1D-22\0"), (0x0011, 2, b"ABC-DEF\0")])
    read = metadata(exif=exif({0x010F: "Apple"}, {0x927C: note}))
    assert (read.facts.burst_id, read.facts.content_identifier) == ("0F1D-22", "ABC-DEF")
    assert read.exif_raw["BurstUUID"] == "0F1D-22"
    # As Google and others write it, into XMP.
    assert facts(BurstID="7").burst_id == "7"


def test_live_photo_id_is_read_from_a_file(
    metadata: Callable[..., Metadata], exif: BuildExif
) -> None:
    note = apple_note([(0x0011, 2, b"0F1D-22\0")])
    read = metadata(exif=exif({0x010F: "Apple"}, {0x927C: note}))
    assert read.facts.content_identifier == "0F1D-22"
    assert read.exif_raw["ContentIdentifier"] == "0F1D-22"
