"""Reprocessing videos and recordings: every step that can be asked for ends."""

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from lumilio.library import reprocessing
from lumilio.media.transcoder import Transcoder
from tests.support import clips
from tests.support.library import Library
from tests.support.photos import jpeg

METADATA, THUMBNAIL, TRANSCODE = "metadata_asset", "thumbnail_asset", "transcode_asset"
OWN = {"VIDEO": {METADATA, THUMBNAIL, TRANSCODE}, "AUDIO": {METADATA, TRANSCODE}}
JOBS = {"VIDEO": {THUMBNAIL, TRANSCODE}, "AUDIO": {METADATA, TRANSCODE}}


class _Copying(Transcoder):
    """Makes something at once, for what is made has tests of its own."""

    def run(self, kind: str, source: Path, target: Path, on_progress: Any) -> Any:
        assert on_progress(0.5)
        target.write_bytes(b"a copy")
        return True


@pytest.fixture(params=["VIDEO", "AUDIO"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def file(tmp_path: Path, kind: str) -> Path:
    """A file that browsers do not play."""
    if kind == "VIDEO":
        return clips.video(tmp_path / "a.mov", codec="mpeg4")
    return clips.recording(tmp_path / "a.aiff", codec="pcm_s16be")


@pytest.fixture
def asset_id(library: Library, file: Path) -> str:
    """Stored and processed."""
    library.transcoder = _Copying()
    found = str(library.admin.uploaded(file.name, file.read_bytes())["asset_id"])
    library.work()
    assert _processing(library, found)["state"] == "complete"
    return found


def _processing(library: Library, asset_id: str) -> Any:
    return library.admin.ok("GET", f"/assets/{asset_id}")["processing"]


def _states(library: Library, asset_id: str) -> dict[str, str]:
    tasks = _processing(library, asset_id)["tasks"]
    return {name: task["state"] for name, task in tasks.items()}


def _again(library: Library, asset_id: str, *tasks: str, **body: Any) -> Any:
    body |= {"tasks": list(tasks)} if tasks else {}
    return library.admin.ok("POST", f"/assets/{asset_id}/reprocess", body or None)


def _waiting(library: Library) -> set[str]:
    return set(library.values("SELECT kind FROM jobs WHERE state = 'available'"))


def _copy(library: Library) -> Path:
    (found,) = library.folder().glob(".lumilio/assets/*/web/*")
    return found


@pytest.mark.parametrize("body", [{}, {"tasks": [TRANSCODE], "force_full_retry": True}])
def test_everything_is_done_again(
    library: Library, asset_id: str, kind: str, body: dict[str, Any]
) -> None:
    _copy(library).unlink()
    assert library.admin.ok("POST", f"/assets/{asset_id}/reprocess", body)["status"] == "queued"
    assert _states(library, asset_id) == dict.fromkeys(OWN[kind], "pending")
    assert _waiting(library) == JOBS[kind]
    library.work()
    assert _states(library, asset_id) == dict.fromkeys(OWN[kind], "complete")
    assert _copy(library).read_bytes() == b"a copy"


@pytest.mark.parametrize("task", [METADATA, THUMBNAIL, TRANSCODE, "process_ocr"])
def test_a_step_alone_is_done_where_the_type_has_it(
    library: Library, asset_id: str, kind: str, task: str
) -> None:
    answer = _again(library, asset_id, task)
    assert answer["retry_tasks"] == [task]
    is_own = task in OWN[kind]
    wanted = dict.fromkeys(OWN[kind], "complete") | ({task: "pending"} if is_own else {})
    assert _states(library, asset_id) == wanted
    assert _waiting(library) == ({task} if is_own else set())
    library.work()
    assert _states(library, asset_id) == dict.fromkeys(OWN[kind], "complete")
    assert set(library.states()) == {"completed"}


def test_metadata_alone_brings_a_recordings_cover_and_no_poster(
    library: Library, asset_id: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[frozenset[str]] = []
    real = library.pool.develop

    def develop(*args: Any, tasks: frozenset[Any], **rest: Any) -> Any:
        asked.append(tasks)
        return real(*args, tasks=tasks, **rest)

    monkeypatch.setattr(library.pool, "develop", develop)
    _again(library, asset_id, METADATA)
    library.work()
    assert asked == [{"metadata"} if kind == "VIDEO" else {"metadata", "thumbnails"}]


def test_a_conversion_asked_for_again_and_again_is_done_once(
    library: Library, asset_id: str
) -> None:
    for _ in range(3):
        _again(library, asset_id, TRANSCODE)
    assert library.work() == 1


def test_a_conversion_that_is_cancelled_closes_what_it_had_opened(
    library: Library, asset_id: str
) -> None:
    _again(library, asset_id, TRANSCODE)
    job = library.value("SELECT max(id) FROM jobs")
    library.admin.ok("POST", f"/admin/river/jobs/{job}/cancel")
    assert _processing(library, asset_id)["state"] == "warning"
    _again(library, asset_id)
    library.work()
    assert _processing(library, asset_id)["state"] == "complete"


def test_a_file_that_has_become_bad_fails_in_every_step_and_recovers(
    library: Library, asset_id: str, kind: str, file: Path
) -> None:
    library.transcoder = Transcoder()
    library.restarted()
    original = next((library.folder() / "inbox").rglob(file.name))
    original.write_bytes(b"words" * 99)
    _again(library, asset_id)
    library.work()
    told = _processing(library, asset_id)
    assert told["state"] == "failed"
    assert {error["task"] for error in told["errors"]} == OWN[kind]
    # Cause and next step.
    assert all(error["error"].count(". ") == 1 for error in told["errors"])
    original.write_bytes(file.read_bytes())
    assert set(_again(library, asset_id)["failed_tasks"]) == OWN[kind]
    library.work()
    assert _states(library, asset_id) == dict.fromkeys(OWN[kind], "complete")


def test_steps_that_wait_for_nothing_are_taken_up_by_type(
    library: Library, asset_id: str, kind: str
) -> None:
    _again(library, asset_id)
    library.run("DELETE FROM jobs")
    assert reprocessing.resume_forgotten(library.ctx) == 1
    assert _waiting(library) == JOBS[kind]
    library.work()
    assert _states(library, asset_id) == dict.fromkeys(OWN[kind], "complete")


def test_an_interrupted_conversion_closes_what_it_had_opened(
    library: Library, asset_id: str
) -> None:
    _again(library, asset_id, TRANSCODE)
    library.run("UPDATE jobs SET attempt = max_attempts WHERE state = 'available'")
    library.work()
    told = _processing(library, asset_id)
    assert (told["state"], told["errors"][0]["task"]) == ("warning", TRANSCODE)
    assert "interrupted" in told["errors"][0]["error"]


def test_a_touched_file_of_known_content_is_not_processed_again(
    library: Library, kind: str, file: Path
) -> None:
    library.transcoder = _Copying()
    place = library.folder() / file.name
    place.write_bytes(file.read_bytes())
    library.scan()
    before = library.value("SELECT count(*) FROM jobs WHERE kind = ?", TRANSCODE)
    place.write_bytes(file.read_bytes())
    library.run("UPDATE assets SET file_modified_at = 1")
    library.scan()
    assert library.value("SELECT count(*) FROM jobs WHERE kind = ?", TRANSCODE) == before == 1
    # One whose conversion failed gets another when its file moves.
    library.run(
        "UPDATE assets SET processing ="
        " json_set(processing, '$.state', 'warning', '$.tasks.transcode_asset.state', 'failed')"
    )
    place.rename(place.with_stem("b"))
    library.scan()
    (item,) = library.admin.page()["items"]
    assert item["asset"]["original_filename"] == f"b{file.suffix}"
    assert item["asset"]["processing"]["state"] == "complete"


def test_originals_are_archived_and_never_exported(
    library: Library, asset_id: str, file: Path
) -> None:
    photo = library.admin.uploaded("p.jpg", jpeg(1))["asset_id"]
    library.work()
    answer = library.admin.post("/assets/download", {"asset_ids": [asset_id, photo]})
    archive = zipfile.ZipFile(BytesIO(answer.content))
    assert archive.namelist() == [file.name, "p.jpg"]
    assert archive.read(file.name) == file.read_bytes()
    export = library.admin.get(f"/assets/{asset_id}/export", params={"format": "jpeg"})
    assert export.status_code == 422
    assert "Only photos" in export.json()["message"]
