"""The short form of the `ingest` bench: everything but its figures."""

from pathlib import Path

import ingest
import pytest
from _pictures import camera_photos
from PIL import Image

PHOTOS = 4


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    return camera_photos(tmp_path / "photos", PHOTOS, size=(1200, 900))


def test_photos_are_the_same_in_every_run_and_differ_from_each_other(
    photos: list[Path], tmp_path: Path
) -> None:
    again = camera_photos(tmp_path / "again", PHOTOS, size=(1200, 900))

    assert [file.read_bytes() for file in again] == [file.read_bytes() for file in photos]
    assert len({file.read_bytes() for file in photos}) == PHOTOS


def test_photos_carry_exif_like_those_of_a_camera(photos: list[Path]) -> None:
    with Image.open(photos[0]) as photo:
        exif = photo.getexif()

        assert exif[0x0110] == "Bench Camera 12"
        assert exif.get_ifd(0x8769)[0x9011] == "+02:00"
        assert exif.get_ifd(0x8825)[1] == "N"


def test_every_contestant_gets_all_photos_ready(photos: list[Path], tmp_path: Path) -> None:
    runs = ingest.measure(photos, tmp_path, rounds=1, cores=2)

    assert set(ingest.CONTESTS) < set(runs)
    assert len(runs) == 4
    for of in runs.values():
        for run in of:
            assert run.photos == PHOTOS
            assert run.unready == []
            assert run.rate > 0
            assert run.cpu > 0
    assert len(runs["upload"][0].waits) == PHOTOS
    assert runs["upload"][0].rss > 0


def test_a_broken_promise_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    fast, slow = ingest.Run(10, 1.0, 2.0), ingest.Run(10, 2.0, 4.0)
    unready = ingest.Run(10, 1.0, 2.0, unready=["a.jpg is failed"])

    broken = ingest.report({"vips": [fast, fast], "upload": [slow], "scan in place": [unready]})

    assert broken == [
        "upload has 0.50 of vips' speed, promised is 0.7",
        "scan in place: a.jpg is failed",
    ]
    assert "0.50" in capsys.readouterr().out
