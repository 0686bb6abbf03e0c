"""What people type over what videos and recordings say: it is never overwritten."""

from pathlib import Path
from typing import Any

import pytest

from tests.support import clips
from tests.support.library import Library

PLACE = {"north": 11, "south": 9, "east": 21, "west": 20}
EVERYWHERE = {"north": 90, "south": -90, "east": 180, "west": -180}
TYPED = {
    "recorded_time": "2001-02-03T03:05:06Z",
    "capture_offset_minutes": 120,
    "gps_latitude": 10.0,
    "gps_longitude": 20.5,
    "camera_model": "Typed",
    "description": "mine",
}


@pytest.fixture(autouse=True)
def _unconverted(library: Library) -> None:
    """What browsers play has tests of its own."""
    library.admin.ok("POST", "/admin/river/queues/transcode_asset/pause")


def _clip(path: Path, *, title: str = "Lake", day: int = 23, frames: int = 10) -> Path:
    tags = {
        "com.apple.quicktime.creationdate": f"2026-03-{day}T15:57:19+0100",
        "com.apple.quicktime.location.ISO6709": "+49.1989+016.6071/",
        "com.apple.quicktime.model": "Camera One",
        "title": title,
    }
    return clips.video(path, times=range(frames), tags=tags)


def _song(path: Path, title: str = "Full") -> Path:
    tags = {"title": title, "artist": "The artist", "date": "1987"}
    return clips.recording(path, codec="libmp3lame", tags=tags)


@pytest.fixture
def video(library: Library) -> str:
    """A video in the user's own folder, where a forced scan reads it again."""
    return _scanned(library, _clip(library.folder() / "a.mov"))


@pytest.fixture
def song(library: Library) -> str:
    return _scanned(library, _song(library.folder() / "a.mp3"))


def _scanned(library: Library, _: Path) -> str:
    library.scan()
    (item,) = library.admin.page()["items"]
    return str(item["asset"]["asset_id"])


def _asset(library: Library, asset_id: str) -> Any:
    found = library.admin.ok("GET", f"/assets/{asset_id}")
    # The time of the last step.
    return {name: value for name, value in found.items() if name not in ("status", "processing")}


def _put(library: Library, asset_id: str, document: Any) -> None:
    library.admin.ok("PUT", f"/assets/{asset_id}", {"specific_metadata": document})


def _listed(library: Library, **wanted: Any) -> list[str]:
    page = library.admin.ok("POST", "/assets/list", {"filter": wanted})
    return [item["asset"]["asset_id"] for item in page.get("items", [])]


def test_what_a_video_says_is_the_files_layer(library: Library, video: str) -> None:
    found = _asset(library, video)
    document = found["specific_metadata"]
    assert found["taken_time"] == document["recorded_time"] == "2026-03-23T14:57:19Z"
    assert found["capture_offset_minutes"] == document["capture_offset_minutes"] == 60
    assert (document["camera_model"], document["description"]) == ("Camera One", "Lake")
    north = {"north": 50, "south": 49, "east": 17, "west": 16}
    assert _listed(library, location=north) == _listed(library, camera_model="Camera One")
    (facts,) = library.values("SELECT facts ->> 'camera_model' FROM file_metadata")
    assert facts == "Camera One"


def test_what_was_typed_over_a_video_survives_that_it_is_read_again(
    library: Library, video: str
) -> None:
    file = _asset(library, video)
    _put(library, video, file["specific_metadata"] | TYPED)
    library.admin.ok("PUT", f"/assets/{video}/rating", {"rating": 4})
    before = _asset(library, video)
    assert before["taken_time"] == TYPED["recorded_time"]
    assert before["capture_offset_minutes"] == 120
    assert before["specific_metadata"] == file["specific_metadata"] | TYPED
    library.scan(force=True)
    assert _asset(library, video) == before
    assert _listed(library, location=PLACE) == _listed(library, camera_model="Typed") == [video]
    _put(library, video, None)
    assert _asset(library, video) == file | {"rating": 4}


def test_what_was_taken_away_from_a_video_stays_away(library: Library, video: str) -> None:
    rest = _asset(library, video)["specific_metadata"]
    del rest["gps_latitude"], rest["gps_longitude"]
    _put(library, video, rest)
    library.scan(force=True)
    assert _asset(library, video)["specific_metadata"] == rest
    assert _listed(library, location=EVERYWHERE) == []


def test_other_content_keeps_what_was_typed_over_a_video_and_forgets_the_rest(
    library: Library, video: str, tmp_path: Path
) -> None:
    library.admin.ok("PUT", f"/assets/{video}/description", {"description": "mine"})
    other = _clip(tmp_path / "b.mov", title="Sea", day=24, frames=30)
    (library.folder() / "a.mov").write_bytes(other.read_bytes())
    library.scan()
    found = _asset(library, video)
    assert found["specific_metadata"]["description"] == "mine"
    assert found["taken_time"] == "2026-03-24T14:57:19Z"
    assert found["duration"] == pytest.approx(3, abs=0.2)
    library.admin.ok("PUT", f"/assets/{video}/description", {"description": ""})
    assert _asset(library, video)["specific_metadata"]["description"] == "Sea"


def test_a_video_typed_before_it_is_read_keeps_that(library: Library, tmp_path: Path) -> None:
    path = _clip(tmp_path / "a.mov")
    asset_id = library.admin.uploaded("a.mov", path.read_bytes())["asset_id"]
    _put(library, asset_id, TYPED)
    library.work()
    found = _asset(library, asset_id)
    assert found["taken_time"] == TYPED["recorded_time"]
    assert TYPED.items() <= found["specific_metadata"].items()
    assert found["specific_metadata"]["codec"] == "avc1"


def test_what_was_typed_over_a_recording_survives_that_it_is_read_again(
    library: Library, song: str
) -> None:
    file = _asset(library, song)
    typed = file["specific_metadata"] | {"title": "Typed", "year": 1999, "description": "mine"}
    _put(library, song, typed)
    library.admin.ok("POST", f"/assets/{song}/reprocess", {"tasks": ["metadata_asset"]})
    library.work()
    assert _asset(library, song)["specific_metadata"] == typed
    _put(library, song, typed | {"title": None})
    assert _asset(library, song)["specific_metadata"] == typed | {"title": "Full"}
    _put(library, song, None)
    assert _asset(library, song) == file


def test_a_recording_without_a_time_keeps_that_of_its_file(library: Library, song: str) -> None:
    before = _asset(library, song)["taken_time"]
    _put(library, song, {"taken_time": "2001-01-01T00:00:00Z"})
    assert _asset(library, song)["taken_time"] == "2001-01-01T00:00:00Z"
    library.scan(force=True)
    assert _asset(library, song)["taken_time"] == "2001-01-01T00:00:00Z"
    _put(library, song, None)
    assert _asset(library, song)["taken_time"] == before
