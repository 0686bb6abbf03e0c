"""The short form of the `metadata` proof: a dozen samples, and the comparison itself."""

import math
from datetime import UTC, datetime

import _exiftool
import metadata
import pytest

from lumilio.media.facts import PhotoFacts

TAGS = {
    "FileType": "JPEG",
    "DateTimeOriginal": "2015:06:12 10:29:26",
    "OffsetTimeOriginal": "+02:00",
    "ImageSize": "40 30",
    "Orientation": 6,
    "GPSLatitude": 37.87,
    "GPSLongitude": -122.25,
    "Make": "Canon",
    "Model": "Canon EOS 600D",
    "LensModel": "----",
    "LensID": "Canon EF 50mm f/1.4 USM",
    "ExposureTime": "1/125",
    "FNumber": 2.8,
    "ISO": 65535,
    "RecommendedExposureIndex": 102400,
    "FocalLength": 50,
    "ExposureCompensation": -0.3333,
}
FACTS = PhotoFacts(
    taken_time=datetime(2015, 6, 12, 8, 29, 26, 5, tzinfo=UTC),
    capture_offset_minutes=120,
    camera_make="Canon",
    camera_model="Canon EOS 600D",
    lens_model="EF50mm f/1.4 USM",
    exposure_time="1/125",
    f_number=2.8,
    iso_speed=102400,
    focal_length=50.0,
    exposure=-1 / 3,
    gps_latitude=37.870001,
    gps_longitude=-122.25,
    width=30,
    height=40,
)


def test_facts_that_agree() -> None:
    found = list(metadata.compared(FACTS, _exiftool.truth(TAGS).fields))
    assert len(found) == 13
    assert [what for what, _, _, same in found if not same] == []


@pytest.mark.parametrize(
    ("tag", "value", "field"),
    [
        ("DateTimeOriginal", "2015:06:12 10:29:27", "time"),
        ("OffsetTimeOriginal", "+01:00", "offset"),
        ("ImageSize", "41 30", "size"),
        ("Orientation", 1, "size"),
        ("GPSLatitude", 37.88, "latitude"),
        ("GPSLongitude", 122.25, "longitude"),
        ("Make", "Nikon", "make"),
        ("Model", "Canon EOS 7D", "model"),
        ("LensModel", "EF85mm", "lens"),
        ("ExposureTime", "1/60", "exposure time"),
        ("FNumber", 4, "f-number"),
        ("ISO", 100, "ISO"),
        ("FocalLength", 51, "focal length"),
        ("ExposureCompensation", 0.3333, "compensation"),
    ],
)
def test_a_fact_that_differs_is_told(tag: str, value: object, field: str) -> None:
    fields = _exiftool.truth(TAGS | {tag: value}).fields
    found = metadata.compared(FACTS, fields)
    assert [what for what, _, _, same in found if not same] == [field]


@pytest.mark.parametrize("lens", ["Unknown 5-16mm", "198", "n/a"])
def test_what_names_no_lens_is_not_asked_for(lens: str) -> None:
    assert "lens" not in _exiftool.truth(TAGS | {"LensID": lens}).fields


def test_the_clock_of_gps_is_compared_as_utc() -> None:
    tags = {"FileType": "JPEG", "GPSDateTime": "2015:06:12 08:29:26Z"}
    fields = _exiftool.truth(tags).fields
    assert list(fields) == ["GPS time"]
    assert all(same for *_, same in metadata.compared(FACTS, fields))


def test_a_dozen_samples_agree() -> None:
    if _exiftool.installed() is None:
        pytest.skip("there is no exiftool program")
    if not (files := metadata.samples(metadata.DEFAULT_MEDIA)):
        pytest.skip(f"there are no samples in {metadata.DEFAULT_MEDIA}")

    # One strange file weighs more among a dozen than among all.
    found = metadata.prove(
        metadata.DEFAULT_MEDIA, files[::24], rounds=1, agreement=0.95, median_ms=math.inf
    )
    assert found == []


def test_missing_parts_are_told(
    tmp_path: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_exiftool, "installed", lambda: "exiftool")
    assert metadata.main(["--media", str(tmp_path)]) == 0
    assert "Skipped: there are no samples" in capsys.readouterr().out
    monkeypatch.setattr(_exiftool, "installed", lambda: None)
    assert metadata.main([]) == 0
    assert "Skipped: there is no exiftool program" in capsys.readouterr().out
