"""Photos as new files: size, format, colour, and what of the metadata goes along."""

import json
import shutil
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import exiv2
import pytest
from msgspec import structs
from PIL import Image, ImageCms

from lumilio.errors import CannotDecode
from lumilio.media.adjustments import NEUTRAL, Crop
from lumilio.media.export import export_photo
from lumilio.media.export_options import ExportOptions

from .looks import CORNER_COLOURS, INVERSES, assert_close, corner_colours

FORMATS = ("jpeg", "png", "webp", "avif")
ORIENTATION = 0x0112


@pytest.fixture
def exported(tmp_path: Path) -> Callable[..., Image.Image]:
    """Export a file with options and read the result back."""

    def run(source: Path, format_: Any = "jpeg", **options: Any) -> Image.Image:
        target = tmp_path / "exported"
        export_photo(source, target, ExportOptions(format=format_, **options))
        with Image.open(target) as image:
            image.load()
        assert image.format == format_.upper()
        return image

    return run


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    """Save a picture as the source of an export."""

    def save(image: Image.Image, name: str = "source.png", **options: Any) -> Path:
        path = tmp_path / name
        image.save(path, **options)
        return path

    return save


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({}, (2400, 1600)),
        ({"max_width": 600}, (600, 400)),
        ({"max_height": 600}, (600, 400)),
        ({"max_width": 600, "max_height": 100}, (150, 100)),
        ({"max_width": 100, "max_height": 600}, (100, 67)),
        ({"max_width": 60_000, "max_height": 60_000}, (2400, 1600)),
        ({"max_width": 1}, (1, 1)),
        ({"max_height": 777}, (777, 518)),
    ],
)
def test_a_photo_fits_into_its_bounds_and_is_never_enlarged(
    photo: Image.Image,
    saved: Callable[..., Path],
    exported: Callable[..., Image.Image],
    options: dict[str, int],
    size: tuple[int, int],
) -> None:
    for name in ("source.jpg", "source.png"):
        assert exported(saved(photo, name), **options).size == size


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_comes_upright_and_is_not_turned_twice(
    corners: Image.Image,
    saved: Callable[..., Path],
    exported: Callable[..., Image.Image],
    orientation: int,
    format_: str,
) -> None:
    inverse = INVERSES[orientation]
    stored = corners if inverse is None else corners.transpose(inverse)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    source = saved(stored, "source.jpg", exif=exif.tobytes(), quality=95)
    image = exported(source, format_, quality=95)
    assert image.size == corners.size
    assert image.getexif().get(ORIENTATION, 1) == 1
    assert_close(corner_colours(image), CORNER_COLOURS)


def _profile(name: str) -> bytes:
    """sRGB under another name, which nobody can tell from a profile of its own."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"sRGB built-in", name.encode().ljust(13))


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("max_width", [0, 40])
def test_a_photo_keeps_its_own_colours(
    corners: Image.Image,
    saved: Callable[..., Path],
    exported: Callable[..., Image.Image],
    format_: str,
    max_width: int,
) -> None:
    profile = _profile("Mine")
    source = saved(corners, "source.jpg", icc_profile=profile)
    assert exported(source, format_, max_width=max_width).info["icc_profile"] == profile


@pytest.mark.parametrize("format_", FORMATS)
def test_other_colour_spaces_become_srgb(
    corners: Image.Image,
    saved: Callable[..., Path],
    exported: Callable[..., Image.Image],
    format_: str,
) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for source in (
        saved(corners.convert("CMYK"), "cmyk.jpg"),
        saved(corners.convert("L"), "grey.jpg", icc_profile=lab),
        saved(corners, "damaged.jpg", icc_profile=b"no profile"),
    ):
        image = exported(source, format_)
        assert image.mode == "RGB"
        assert "icc_profile" not in image.info


def test_transparency_stays_where_the_format_knows_it_and_is_white_in_jpeg(
    saved: Callable[..., Path], exported: Callable[..., Image.Image]
) -> None:
    clear = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    clear.paste((0, 0, 255, 255), (0, 0, 10, 20))
    for name, options in (("a.png", {}), ("b.png", {"icc_profile": _profile("Mine")})):
        source = saved(clear, name, **options)
        for format_ in ("png", "webp", "avif"):
            assert exported(source, format_).getchannel("A").getpixel((15, 10)) == 0
        assert exported(source, "jpeg", quality=100).getpixel((16, 10)) == (255, 255, 255)


def test_quality_makes_smaller_files(
    photo: Image.Image, saved: Callable[..., Path], tmp_path: Path
) -> None:
    source = saved(photo.resize((600, 400)))
    for format_ in ("jpeg", "webp", "avif"):
        sizes = []
        for quality in (1, 30, None, 100):
            target = tmp_path / "exported"
            export_photo(source, target, ExportOptions(format=format_, quality=quality))
            sizes.append(target.stat().st_size)
        assert sizes == sorted(sizes)
        assert sizes[0] < sizes[-1] / 3


@pytest.mark.parametrize("format_", ["jpeg", "webp", "avif"])
def test_a_photo_too_long_for_a_format_is_refused_with_advice(
    saved: Callable[..., Path], exported: Callable[..., Image.Image], format_: str
) -> None:
    source = saved(Image.new("L", (65_540, 120)))
    with pytest.raises(CannotDecode, match="smaller size or another format"):
        exported(source, format_)
    assert exported(source, format_, max_width=2000).size == (2000, 4)
    assert exported(source, "png").size == (65_540, 120)


def test_what_is_no_photo_is_refused(tmp_path: Path, exported: Callable[..., Image.Image]) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(b"words")
    with pytest.raises(CannotDecode):
        exported(source)


def test_a_full_disk_is_not_the_fault_of_the_photo(
    corners: Image.Image, saved: Callable[..., Path]
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    for format_ in ("png", "webp"):
        with pytest.raises(OSError, match="No space"):
            export_photo(saved(corners), full, ExportOptions(format=format_))


@pytest.fixture
def rich(corners: Image.Image, tmp_path: Path) -> Path:
    """A JPEG that tells camera, place and author in EXIF, XMP and IPTC, with a preview inside."""
    path = tmp_path / "rich.jpg"
    corners.save(path)
    image = exiv2.ImageFactory.open(str(path))
    image.readMetadata()
    exif, xmp, iptc = image.exifData(), image.xmpData(), image.iptcData()
    exif["Exif.Image.Make"] = "Maker"
    exif["Exif.Image.Model"] = "Camera One"
    exif["Exif.Image.Orientation"] = exiv2.UShortValue(1)
    exif["Exif.Photo.DateTimeOriginal"] = "2024:05:06 07:08:09"
    exif["Exif.Photo.PixelXDimension"] = exiv2.ULongValue(96)
    exif["Exif.GPSInfo.GPSLatitudeRef"] = "N"
    exif["Exif.GPSInfo.GPSLatitude"] = "48/1 8/1 13/1"
    exif["Exif.GPSInfo.GPSLongitudeRef"] = "E"
    exif["Exif.GPSInfo.GPSLongitude"] = "11/1 34/1 30/1"
    xmp["Xmp.exif.GPSLatitude"] = "48,8.2N"
    xmp["Xmp.exif.GPSLongitude"] = "11,34.5E"
    xmp["Xmp.photoshop.City"] = "Munich"
    xmp["Xmp.iptc.Location"] = "English Garden"
    xmp["Xmp.iptc.CountryCode"] = "DE"
    xmp["Xmp.xmp.Rating"] = "4"
    xmp["Xmp.tiff.Orientation"] = "6"
    iptc["Iptc.Application2.Keywords"] = "swan"
    iptc["Iptc.Application2.City"] = "Munich"
    preview = BytesIO()
    corners.resize((32, 21)).save(preview, "JPEG")
    exiv2.ExifThumb(exif).setJpegThumbnail(preview.getvalue())
    image.writeMetadata()
    return path


def _exiftool(path: Path) -> dict[str, Any]:
    program = shutil.which("exiftool")
    if program is None:
        pytest.skip("the exiftool program is not installed")
    found = subprocess.run(
        [program, "-json", "-a", "-G1", "-struct", str(path)], capture_output=True, check=True
    )
    facts: dict[str, Any] = json.loads(found.stdout)[0]
    return facts


@pytest.mark.parametrize("format_", FORMATS)
def test_metadata_goes_along_and_is_true_of_the_new_file(
    rich: Path, tmp_path: Path, format_: Any
) -> None:
    target = tmp_path / f"out.{format_}"
    export_photo(rich, target, ExportOptions(format=format_, max_width=48))
    found = _exiftool(target)
    assert found["IFD0:Make"] == "Maker"
    assert found["IFD0:Model"] == "Camera One"
    assert found["ExifIFD:DateTimeOriginal"] == "2024:05:06 07:08:09"
    assert found["ExifIFD:ExifImageWidth"] == 48
    assert found["ExifIFD:ExifImageHeight"] == 32
    assert found["GPS:GPSLatitude"] == "48 deg 8' 13.00\""
    assert found["XMP-exif:GPSLatitude"].startswith("48 deg 8'")
    assert found["XMP-photoshop:City"] == "Munich"
    assert found["XMP-xmp:Rating"] == 4
    assert found["XMP-dc:Subject"] == ["swan"]
    assert "XMP-tiff:Orientation" not in found
    assert not [name for name in found if "Thumbnail" in name or "Preview" in name]


@pytest.mark.parametrize("format_", FORMATS)
def test_location_can_be_left_out_alone(rich: Path, tmp_path: Path, format_: Any) -> None:
    target = tmp_path / f"out.{format_}"
    export_photo(rich, target, ExportOptions(format=format_, strip_location=True))
    found = _exiftool(target)
    assert found["IFD0:Model"] == "Camera One"
    assert found["XMP-dc:Subject"] == ["swan"]
    told = json.dumps(found)
    assert "GPS" not in told
    for word in ("Munich", "Garden", "Location", "Country"):
        assert word not in told
    content = target.read_bytes()
    for word in (b"Munich", b"English Garden", b"48,8.2N"):
        assert word not in content


FACES = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"
 xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/">
 <mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:RegionList><rdf:Bag><rdf:li><rdf:Description
 mwg-rs:Name="Ada" mwg-rs:Type="Face"/></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>
 </rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.mark.parametrize(
    ("edits", "is_kept"),
    [({"exposure": 1}, True), ({"rotation": 90}, False), ({"crop": Crop(0, 0, 0.5, 1)}, False)],
)
def test_faces_are_left_behind_where_a_photo_is_reshaped(
    corners: Image.Image,
    saved: Callable[..., Path],
    exported: Callable[..., Image.Image],
    edits: dict[str, Any],
    is_kept: bool,
) -> None:
    source = saved(corners, "source.jpg", xmp=FACES)
    image = exported(source, adjustments=structs.replace(NEUTRAL, **edits))
    assert b'Rating="4"' in image.info["xmp"]
    assert (b"Ada" in image.info["xmp"]) is is_kept


def test_damaged_metadata_does_not_cost_the_photo(
    corners: Image.Image, saved: Callable[..., Path], exported: Callable[..., Image.Image]
) -> None:
    source = saved(corners, "source.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff", xmp=b"<broken")
    assert exported(source).size == corners.size


def test_metadata_too_large_for_jpeg_is_left_behind(
    corners: Image.Image, saved: Callable[..., Path], exported: Callable[..., Image.Image]
) -> None:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf'
        '-syntax-ns#"><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="'
        + "x" * 70_000
        + '"/></rdf:RDF></x:xmpmeta>'
    )
    source = saved(corners, "source.webp", xmp=packet.encode())
    assert "xmp" not in exported(source, "jpeg").info


def test_sample_photos_of_every_kind_become_every_format(tmp_path: Path) -> None:
    media = Path(__file__).resolve().parents[3] / "shared" / "media"
    if not media.is_dir():
        pytest.skip("the sample media are not beside this checkout")
    names = ("raw/DNG.dng", "heic/IMG_5195.HEIC", "gps/big_ben.jpg")
    for name in names:
        for format_ in FORMATS:
            target = tmp_path / f"{Path(name).stem}.{format_}"
            options = ExportOptions(format=format_, max_width=320, strip_location=True)
            export_photo(media / name, target, options)
            assert not [fact for fact in _exiftool(target) if "GPS" in fact]
            with Image.open(target) as image:
                assert 200 < max(image.size) <= 320
