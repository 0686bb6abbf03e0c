"""Notes of makers that exiv2 does not read, and structures it passes over."""

import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lumilio.media.file_structures import png_time, raf_size
from lumilio.media.maker_notes import canon_speed, kodak_speed, trail_camera_time
from lumilio.media.metadata import facts_of, read_metadata
from lumilio.media.tags import Tags

TIME = "2015:05:07 08:09:31"


@pytest.mark.parametrize(
    "note",
    [
        b"\x01\xf1".ljust(22, b"\0") + struct.pack("<6H", 31, 9, 8, 5, 7, 2015),
        b"\x01\xf1".ljust(22, b"\0") + struct.pack(">6H", 31, 9, 8, 5, 7, 2015),
        b"RECONYXUF\0".ljust(0x3B, b"\0") + struct.pack("<5BH", 31, 9, 8, 7, 5, 2015),
        b"RECONYXH2\0".ljust(0x3E, b"\0") + struct.pack("<6H", 31, 9, 8, 7, 5, 2015),
    ],
    ids=["hyperfire", "big-endian", "ultrafire", "hyperfire 2"],
)
def test_the_time_of_a_trail_camera(note: bytes) -> None:
    assert trail_camera_time(note) == TIME
    assert trail_camera_time(note[:30]) is None
    assert trail_camera_time(b"Nikon" + note) is None


def test_the_time_of_a_trail_camera_yields_to_exif(
    tmp_path: Path, corners: Image.Image, exif: Callable[..., bytes]
) -> None:
    note = b"\x01\xf1".ljust(22, b"\0") + struct.pack("<6H", 31, 9, 8, 5, 7, 2015)
    file = tmp_path / "a.jpg"
    corners.save(file, exif=exif({0x010F: "RECONYX"}, {0x927C: note}))
    assert read_metadata(file).facts.taken_time == datetime(2015, 5, 7, 8, 9, 31, tzinfo=UTC)
    dated = {0x9003: "2020:01:01 00:00:00", 0x927C: note}
    corners.save(file, exif=exif({0x010F: "RECONYX"}, dated))
    assert read_metadata(file).facts.taken_time == datetime(2020, 1, 1, tzinfo=UTC)


def test_film_speeds() -> None:
    assert canon_speed(143, 35) == 148
    assert canon_speed(0, 0) is None
    assert canon_speed(65535, 65535) is None
    assert kodak_speed(b"KDK0101I".ljust(104, b"\0") + b"\x50\0") == 80
    assert kodak_speed(b"KDK INFO".ljust(104, b"\0") + b"\0\x50") == 80
    assert kodak_speed(b"KDK0101I".ljust(104, b"\0") + b"\xff\xff") is None
    assert kodak_speed(b"KDK0101I") is None


def test_the_time_in_a_png(tmp_path: Path, corners: Image.Image) -> None:
    info = PngInfo()
    info.add(b"tIME", struct.pack(">H5B", 2015, 5, 7, 8, 9, 31))
    file = tmp_path / "a.png"
    corners.save(file, pnginfo=info)
    assert png_time(file) == TIME
    assert read_metadata(file).exif_raw["ModifyDate"] == TIME
    for length in (0, 8, 20, 60):
        (tmp_path / "cut.png").write_bytes(file.read_bytes()[:length])
        assert png_time(tmp_path / "cut.png") in (None, TIME)


def test_the_size_in_a_raf(tmp_path: Path) -> None:
    entries = struct.pack(">LHHHH", 2, 0x0100, 4, 9, 9) + struct.pack(">HHHH", 0x0111, 4, 3, 4)
    file = tmp_path / "a.raf"
    file.write_bytes(b"FUJIFILMCCD-RAW ".ljust(92, b"\0") + struct.pack(">L", 96) + entries)
    assert raf_size(file) == (4, 3)
    for length in (0, 50, 94, 98, 110):
        (tmp_path / "cut.raf").write_bytes(file.read_bytes()[:length])
        assert raf_size(tmp_path / "cut.raf") is None


def test_the_picture_on_panasonics_sensor() -> None:
    texts = {"SensorRightBorder": "3656", "SensorLeftBorder": "8"}
    texts |= {"SensorBottomBorder": "2742", "SensorTopBorder": "6"}
    facts = facts_of(Tags(texts, {}, dict(texts), 3724, 2754))
    assert (facts.width, facts.height) == (3648, 2736)


@pytest.mark.parametrize(
    "texts",
    [
        {"RawImageCroppedSize": "0x0"},
        {"RawImageCroppedSize": "-5x7"},
        {"SensorRightBorder": "9999", "SensorBottomBorder": "9999"},
        {"SensorRightBorder": "5", "SensorBottomBorder": "5", "SensorLeftBorder": "9"},
    ],
)
def test_an_impossible_size_is_not_believed(texts: dict[str, str]) -> None:
    facts = facts_of(Tags(texts, {}, dict(texts), 40, 30))
    assert (facts.width, facts.height) == (40, 30)


def test_exif_behind_the_pixels_of_sigmas_raw(
    tmp_path: Path, corners: Image.Image, exif: Callable[..., bytes]
) -> None:
    corners.save(tmp_path / "preview.jpg", exif=exif({0x0110: "SIGMA DP2"}))
    file = tmp_path / "a.x3f"
    file.write_bytes(b"FOVb" + b"\0" * 400_000 + (tmp_path / "preview.jpg").read_bytes())
    assert read_metadata(file).facts.camera_model == "SIGMA DP2"


@pytest.mark.parametrize(
    ("structures", "faces"),
    [
        ({"Rectangle": "0.1, 0.2, 0.3, 0.4", "PersonDisplayName": "Ada"}, ["Ada"]),
        ({"Rectangle": "0.1, 0.2, 0.3, 0.4"}, [None]),
        ({"Rectangle": "0.1, 0.2"}, []),
        ({"Rectangle": "0.1, 0.2, 0, 0.4"}, []),
        ({"Rectangle": "5, 0.2, 0.3, 0.4"}, []),
    ],
)
def test_people_that_microsofts_programs_marked(
    structures: dict[str, str], faces: list[str | None]
) -> None:
    paths = {f"RegionInfo/MPRI:Regions[1]/MPReg:{name}": v for name, v in structures.items()}
    found = facts_of(Tags({}, {}, {}, structures=paths)).faces
    assert [face.name for face in found] == faces
