"""XMP beside a file: whose it is, and what prevails."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lumilio.media.facts import PhotoFacts
from lumilio.media.metadata import read_metadata
from lumilio.media.sidecars import packet_beside, prevailing

NOON = datetime(2024, 7, 4, 12, 0, 0, tzinfo=UTC)
XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:lr="http://ns.adobe.com/lightroom/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
 xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#"
 xmp:Rating="2" xmp:ModifyDate="2025-01-01T10:00:00" tiff:Model="Sidecar" tiff:Orientation="8"
 exif:GPSLatitude="48,8.4N" exif:GPSLongitude="11,34.8E" {attributes}>
 <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Lake</rdf:li></rdf:Alt></dc:title>
 <dc:subject><rdf:Bag><rdf:li>Ammersee</rdf:li></rdf:Bag></dc:subject>
 <lr:hierarchicalSubject><rdf:Bag><rdf:li>Places|Bavaria|Ammersee</rdf:li><rdf:li>top</rdf:li>
 </rdf:Bag></lr:hierarchicalSubject>
 <mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:RegionList><rdf:Bag>
 <rdf:li><rdf:Description mwg-rs:Name="Ada" mwg-rs:Type="Face"><mwg-rs:Area stArea:x="0.5"
  stArea:y="0.5" stArea:w="0.2" stArea:h="0.4" stArea:unit="normalized"/></rdf:Description></rdf:li>
 <rdf:li><rdf:Description mwg-rs:Type="Focus"><mwg-rs:Area stArea:x="0.1" stArea:y="0.1"
  stArea:w="0.1" stArea:h="0.1"/></rdf:Description></rdf:li>
 </rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions></rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def packet(**attributes: str) -> str:
    words = " ".join(f'{name.replace("_", ":")}="{value}"' for name, value in attributes.items())
    return XMP.replace("{attributes}", words)


@pytest.fixture
def photo(tmp_path: Path, corners: Image.Image, exif: Callable[..., bytes]) -> Path:
    main = {0x010E: "Typed in the camera", 0x0110: "Camera", 0x4746: 4}
    times = {0x9003: "2024:07:04 14:00:00", 0x9011: "+02:00"}
    corners.save(tmp_path / "IMG_1.jpg", exif=exif(main, times))
    return tmp_path / "IMG_1.jpg"


@pytest.mark.parametrize("name", ["IMG_1.xmp", "IMG_1.XMP", "IMG_1.jpg.xmp", "IMG_1.jpg.XMP"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_people_decided_there_prevails(photo: Path, name: str, encoding: str) -> None:
    photo.with_name(name).write_text(packet(), encoding=encoding)
    read = read_metadata(photo)
    facts = read.facts
    assert (facts.rating, facts.title, facts.keywords) == (2, "Lake", ("Ammersee",))
    assert facts.keyword_paths == ("Places|Bavaria|Ammersee",)
    assert facts.gps_latitude == pytest.approx(48.14)
    assert facts.gps_longitude == pytest.approx(11.58)
    assert [(face.name, face.kind) for face in facts.faces] == [("Ada", "Face")]
    assert (facts.faces[0].left, facts.faces[0].top) == pytest.approx((0.4, 0.3))
    assert (facts.faces[0].width, facts.faces[0].height) == (0.2, 0.4)
    assert read.exif_raw["Title"] == "Lake"


def test_what_the_camera_measured_stays(photo: Path) -> None:
    photo.with_name("IMG_1.xmp").write_text(packet())
    facts = read_metadata(photo).facts
    assert (facts.camera_model, facts.orientation) == ("Camera", 1)
    assert facts.description == "Typed in the camera"
    # When the sidecar was last written is nobody's time of capture.
    assert (facts.taken_time, facts.capture_offset_minutes) == (NOON, 120)


@pytest.mark.parametrize(
    ("text", "hour", "offset"),
    [("2024-07-04T15:00:00", 13, 120), ("2024-07-04T15:00:00-04:00", 19, -240)],
)
def test_a_corrected_clock_counts_in_the_zone_of_the_file(
    photo: Path, text: str, hour: int, offset: int
) -> None:
    xmp = packet(exif_DateTimeOriginal=text)
    photo.with_name("IMG_1.xmp").write_text(
        xmp.replace("exif:GPSLatitude", "exif:No").replace("exif:GPSLongitude", "exif:None")
    )
    facts = read_metadata(photo).facts
    assert facts.taken_time == NOON.replace(hour=hour)
    assert facts.capture_offset_minutes == offset


def test_the_sidecar_of_the_whole_name_goes_first(photo: Path) -> None:
    photo.with_name("IMG_1.xmp").write_text(packet())
    photo.with_name("IMG_1.jpg.xmp").write_text(packet().replace('Rating="2"', 'Rating="5"'))
    assert read_metadata(photo).facts.rating == 5


@pytest.mark.parametrize(("extension", "rating"), [("JPG", 2), ("CR3", 4)])
def test_a_sidecar_that_names_an_extension_is_for_that_file(
    photo: Path, extension: str, rating: int
) -> None:
    named = packet(photoshop_SidecarForExtension=extension)
    photo.with_name("IMG_1.xmp").write_text(named)
    assert read_metadata(photo).facts.rating == rating


@pytest.mark.parametrize("content", [b"", b"no xmp", b"\xff\xfe\x00", b"\x80\x81", b"<x:xmpmeta"])
def test_a_broken_sidecar_changes_nothing(photo: Path, content: bytes) -> None:
    before = read_metadata(photo)
    photo.with_name("IMG_1.xmp").write_bytes(content)
    assert read_metadata(photo) == before


def test_a_folder_of_that_name_is_no_sidecar(photo: Path) -> None:
    photo.with_name("IMG_1.xmp").mkdir()
    assert packet_beside(photo) is None


@pytest.mark.parametrize("fact", ["description", "title", "rating"])
def test_silence_of_the_sidecar_keeps_the_file(fact: str) -> None:
    known: dict[str, Any] = {"description": "a", "title": "b", "rating": 3}
    file = PhotoFacts(**known)
    assert getattr(prevailing(PhotoFacts(), file), fact) == known[fact]
    assert prevailing(PhotoFacts(rating=0), file).rating == 0
