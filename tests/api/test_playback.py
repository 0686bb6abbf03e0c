from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lumilio.library import jobs, processing
from lumilio.media.transcoder import Transcoder, TranscodeStopped
from tests.support import clips
from tests.support.api import Api
from tests.support.library import Library
from tests.support.photos import jpeg


def _uploaded(library: Library, path: Path) -> str:
    asset_id: str = library.admin.uploaded(path.name, path.read_bytes())["asset_id"]
    return asset_id


def _asset(library: Library, asset_id: str) -> dict[str, Any]:
    found: dict[str, Any] = library.admin.ok("GET", f"/assets/{asset_id}")
    return found


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A video that browsers do not play."""
    tags = {"com.apple.quicktime.creationdate": "2026-03-23T15:57:19+0100", "title": "Lake"}
    return clips.video(tmp_path / "a.mov", codec="mpeg4", channels=1, turned=90, tags=tags)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """A recording that browsers do not play."""
    return clips.recording(tmp_path / "a.aiff", codec="pcm_s16be")


def test_a_video_becomes_a_whole_asset(library: Library, clip: Path) -> None:
    asset_id = _uploaded(library, clip)
    first = _asset(library, asset_id)
    assert set(first["processing"]["tasks"]) == set(processing.TASKS["VIDEO"])
    library.work()
    asset = _asset(library, asset_id)
    assert asset["processing"]["state"] == "complete"
    assert (asset["type"], asset["mime_type"]) == ("VIDEO", "video/quicktime")
    assert (asset["width"], asset["height"]) == (64, 96)
    assert asset["duration"] == pytest.approx(1.0, abs=0.1)
    assert asset["taken_time"] == "2026-03-23T14:57:19Z"
    assert asset["capture_offset_minutes"] == 60
    document = asset["specific_metadata"]
    assert document["recorded_time"] == "2026-03-23T14:57:19Z"
    assert (document["codec"], document["frame_rate"]) == ("mp4v", 10.0)
    assert document["description"] == "Lake"
    assert document["bitrate"] > 0
    assert "exposure" not in document
    assert [found["size"] for found in asset["thumbnails"]] == ["small", "medium", "large"]
    assert library.admin.get(f"/assets/{asset_id}/thumbnail").status_code == 200
    assert library.admin.ok("GET", f"/assets/{asset_id}/exif")["exif_raw"]["Rotation"] == 90
    assert library.states() == {"completed": 3}


def test_a_recording_becomes_a_whole_asset(library: Library, tmp_path: Path) -> None:
    tags = {"title": "full", "artist": "the artist", "date": "1987"}
    path = clips.recording(tmp_path / "a.mp3", codec="libmp3lame", tags=tags)
    asset_id = _uploaded(library, path)
    assert library.admin.get(f"/assets/{asset_id}/waveform").status_code == 404
    library.work()
    asset = _asset(library, asset_id)
    assert asset["processing"]["state"] == "complete"
    assert set(asset["processing"]["tasks"]) == set(processing.TASKS["AUDIO"])
    document = asset["specific_metadata"]
    assert (document["title"], document["artist"], document["year"]) == ("full", "the artist", 1987)
    assert (document["sample_rate"], document["channels"]) == (44100, 2)
    assert "thumbnails" not in asset
    assert library.admin.get(f"/assets/{asset_id}/thumbnail").status_code == 404
    waveform = library.admin.ok("GET", f"/assets/{asset_id}/waveform")
    assert waveform["duration"] == asset["duration"]
    assert max(waveform["peaks"]) == pytest.approx(0.5, abs=0.05)
    assert min(waveform["peaks"]) >= 0


def test_the_web_video_is_the_original_until_there_is_a_copy(library: Library, clip: Path) -> None:
    asset_id = _uploaded(library, clip)
    library.work("ingest_asset", "thumbnail_asset")
    path = f"/assets/{asset_id}/video/web"
    before = library.admin.get(path)
    assert before.content == clip.read_bytes()
    library.work()
    after = library.admin.get(path)
    assert after.content != before.content
    assert after.content[4:8] == b"ftyp"
    (copy,) = library.folder().glob(".lumilio/assets/videos/web/*")
    assert copy.name == f"{_asset(library, asset_id)['hash']}_web.mp4"
    for answer in (before, after):
        assert answer.headers["content-type"] == "video/mp4"
        assert answer.headers["cache-control"].startswith("private")
        policy = answer.headers["content-security-policy"]
        # Without scripts, and yet seen by itself in a tab of its own.
        assert "default-src 'none'; media-src 'self'" in policy
        assert policy.endswith("sandbox allow-same-origin")
    assert before.headers["etag"] != after.headers["etag"]
    again = library.admin.get(path, headers={"if-none-match": after.headers["etag"]})
    assert again.status_code == 304
    part = library.admin.get(path, headers={"range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    head = library.admin.call("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(after.content)
    assert library.admin.get(f"/assets/{asset_id}/original").content == clip.read_bytes()


def test_the_web_audio_is_an_mp3_or_what_browsers_play(
    library: Library, song: Path, tmp_path: Path
) -> None:
    asset_id = _uploaded(library, song)
    before = library.admin.get(f"/assets/{asset_id}/audio/web")
    assert before.status_code == 404
    library.work()
    after = library.admin.get(f"/assets/{asset_id}/audio/web")
    assert after.headers["content-type"] == "audio/mpeg"
    assert after.content != song.read_bytes()
    flac = clips.recording(tmp_path / "b.flac", codec="flac")
    asset_id = _uploaded(library, flac)
    library.work("ingest_asset")
    waiting = library.admin.get(f"/assets/{asset_id}/audio/web")
    assert waiting.headers["content-type"] == "audio/mpeg"
    library.work()
    ready = library.admin.get(f"/assets/{asset_id}/audio/web")
    assert ready.headers["content-type"] == "audio/flac"
    assert ready.content == waiting.content == flac.read_bytes()


def test_a_video_that_browsers_play_gets_no_copy(library: Library, tmp_path: Path) -> None:
    path = clips.video(tmp_path / "a.mov")
    asset_id = _uploaded(library, path)
    library.work()
    assert _asset(library, asset_id)["processing"]["state"] == "complete"
    assert not list(library.folder().glob(".lumilio/assets/videos/web/*"))
    answer = library.admin.get(f"/assets/{asset_id}/video/web")
    assert answer.content == path.read_bytes()
    assert answer.headers["content-type"] == "video/mp4"


def test_other_types_are_a_bad_request(library: Library, clip: Path, song: Path) -> None:
    video, audio = _uploaded(library, clip), _uploaded(library, song)
    photo = library.admin.uploaded("a.jpg", jpeg(1))["asset_id"]
    for wrong, ways in (
        (video, ("audio/web", "waveform")),
        (audio, ("video/web",)),
        (photo, ("audio/web", "video/web", "waveform")),
    ):
        for way in ways:
            assert library.admin.get(f"/assets/{wrong}/{way}").status_code == 400


def test_only_who_may_see_an_asset_plays_it(library: Library, clip: Path) -> None:
    asset_id = _uploaded(library, clip)
    library.work("ingest_asset")
    path = f"/assets/{asset_id}/video/web"
    stranger = library.api.register("stranger")
    assert stranger.get(path).status_code == 403
    nobody: Api = library.api.anonymous()
    assert nobody.get(path).status_code == 401
    token = library.admin.media_token()
    assert nobody.get(path, params={"mt": token}).status_code == 200


def test_a_scan_takes_videos_and_recordings(library: Library, clip: Path, song: Path) -> None:
    place = library.folder() / "trip"
    place.mkdir()
    for path in (clip, song):
        (place / path.name).write_bytes(path.read_bytes())
    run = library.scan()
    assert run["discovered_count"] == 2
    found = library.admin.page()["items"]
    assert {item["asset"]["type"] for item in found} == {"VIDEO", "AUDIO"}
    assert {item["asset"]["processing"]["state"] for item in found} == {"complete"}
    assert library.admin.names({"type": "VIDEO"}) == [clip.name]


@pytest.mark.parametrize(
    ("name", "failed"),
    [
        ("a.mp4", {"metadata_asset", "thumbnail_asset", "transcode_asset"}),
        ("a.mp3", {"metadata_asset", "transcode_asset"}),
    ],
)
def test_what_is_no_media_fails_once_with_a_sentence(
    library: Library, name: str, failed: set[str]
) -> None:
    asset_id = library.admin.uploaded(name, b"no media at all")["asset_id"]
    library.work()
    state = _asset(library, asset_id)["processing"]
    assert state["state"] == "failed"
    assert {error["task"] for error in state["errors"]} == failed
    assert all(error["error"].startswith("The file is") for error in state["errors"])
    assert library.states() == {"completed": 1, "discarded": 2}


class _Acting(Transcoder):
    """A transcoder in whose middle something happens."""

    def __init__(self, act: Callable[[], None]) -> None:
        super().__init__()
        self._act = act

    def run(self, kind: str, source: Path, target: Path, on_progress: Any) -> Any:
        assert on_progress(0.25)
        self._act()
        if not on_progress(0.5) or self.is_closed:
            raise TranscodeStopped
        target.write_bytes(b"a copy")
        return True


def _job(library: Library) -> tuple[int, str, float | None]:
    with library.db.read() as db:
        found = db.row(
            lambda *row: row,
            "SELECT id, state, progress FROM jobs WHERE kind = 'transcode_asset'",
        )
    assert found is not None
    return found


def test_a_conversion_that_runs_can_be_cancelled(library: Library, clip: Path) -> None:
    seen: list[Any] = []

    def cancel() -> None:
        job_id, state, progress = _job(library)
        queues = library.admin.ok("GET", "/admin/river/queue-summary")["queues"]
        told = next(queue for queue in queues if queue["name"] == "transcode_asset")
        seen.extend([state, progress, told["progress"]])
        assert library.admin.post(f"/admin/river/jobs/{job_id}/cancel").status_code == 200

    library.transcoder = _Acting(cancel)
    asset_id = _uploaded(library, clip)
    library.work()
    assert seen == ["running", 0.25, 0.25]
    assert _job(library)[1] == "cancelled"
    state = _asset(library, asset_id)["processing"]
    assert state["state"] == "warning"
    assert state["errors"][0]["task"] == "transcode_asset"
    assert not list(library.folder().glob(".lumilio/assets/videos/**/*.mp4"))
    library.transcoder._act = lambda: None  # type: ignore[attr-defined]
    assert library.admin.post(f"/admin/river/jobs/{_job(library)[0]}/retry").status_code == 200
    library.work()
    assert _asset(library, asset_id)["processing"]["state"] == "complete"


def test_other_jobs_that_run_cannot_be_cancelled(library: Library) -> None:
    library.admin.uploaded("a.jpg", jpeg(1))
    library.run("UPDATE jobs SET state = 'running'")
    job_id = library.value("SELECT id FROM jobs")
    assert library.admin.post(f"/admin/river/jobs/{job_id}/cancel").status_code == 409


def test_a_conversion_cut_short_by_the_end_begins_anew(library: Library, clip: Path) -> None:
    transcoder = _Acting(lambda: None)
    transcoder._act = transcoder.close
    library.transcoder = transcoder
    _uploaded(library, clip)
    library.work()
    assert _job(library)[1] == "scheduled"
    assert library.value("SELECT attempt FROM jobs WHERE kind = 'transcode_asset'") == 0
    library.transcoder = Transcoder()
    library.restarted()
    library.clock.advance(minutes=1)
    library.work()
    assert _job(library)[1] == "completed"


def test_newer_content_keeps_its_own_state(library: Library, clip: Path) -> None:
    library.transcoder = _Acting(lambda: library.run("UPDATE assets SET hash = zeroblob(32)"))
    asset_id = _uploaded(library, clip)
    library.work("ingest_asset", "transcode_asset")
    tasks = _asset(library, asset_id)["processing"]["tasks"]
    assert tasks[processing.TRANSCODE]["state"] == "pending"


def test_a_video_whose_bytes_are_lost_fails_in_all_its_steps(library: Library, clip: Path) -> None:
    asset_id = _uploaded(library, clip)
    for staged in (library.folder() / ".lumilio/staging/incoming").iterdir():
        staged.unlink()
    library.work()
    state = _asset(library, asset_id)["processing"]
    assert state["state"] == "failed"
    assert {error["task"] for error in state["errors"]} == {
        processing.COMMIT_STAGING,
        *processing.TASKS["VIDEO"],
    }
    assert jobs.TRANSCODE.steps == (processing.TRANSCODE,)
