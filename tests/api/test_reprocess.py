"""Reprocessing over HTTP: in every state, whole and in part, and no asset waits for nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lumilio.library import processing, reprocessing
from tests.conftest import Running
from tests.support.library import Library
from tests.support.photos import jpeg
from tests.support.waiting import wait_until

UNKNOWN = "123e4567-e89b-42d3-a456-426614174000"
PHOTO = jpeg(1, (480, 320), model="Camera One")
STEPS = {"metadata_asset", "thumbnail_asset"}


@pytest.fixture
def asset_id(library: Library) -> str:
    """A photo that has been stored, not yet developed."""
    found = library.admin.uploaded("photo.jpg", PHOTO)["asset_id"]
    library.work("ingest_asset")
    return str(found)


def _file(library: Library) -> Path:
    return next((library.folder() / "inbox").rglob("photo.jpg"))


def _processing(library: Library, asset_id: str) -> Any:
    return library.admin.ok("GET", f"/assets/{asset_id}")["processing"]


def _states(library: Library, asset_id: str) -> dict[str, str]:
    tasks = _processing(library, asset_id)["tasks"]
    return {name: task["state"] for name, task in tasks.items()}


def _again(library: Library, asset_id: str, **body: Any) -> Any:
    return library.admin.ok("POST", f"/assets/{asset_id}/reprocess", body or None)


def _waiting(library: Library, asset_id: str) -> None:
    pass


def _complete(library: Library, asset_id: str) -> None:
    library.work()
    assert _processing(library, asset_id)["state"] == "complete"


def _failed(library: Library, asset_id: str) -> None:
    _file(library).write_bytes(b"words")
    library.work()
    assert _processing(library, asset_id)["state"] == "failed"
    _file(library).write_bytes(PHOTO)


def _cancelled(library: Library, asset_id: str) -> None:
    job = library.value("SELECT max(id) FROM jobs")
    library.admin.ok("POST", f"/admin/river/jobs/{job}/cancel")
    assert _processing(library, asset_id)["state"] == "failed"


def _retryable(library: Library, asset_id: str) -> None:
    library.run(
        "UPDATE jobs SET state = 'retryable', attempt = 4, scheduled_at = 9e15 WHERE kind = 'thumbnail_asset'"
    )


def _running(library: Library, asset_id: str) -> None:
    library.run("UPDATE jobs SET state = 'running', attempt = 1 WHERE kind = 'thumbnail_asset'")


def _forgotten(library: Library, asset_id: str) -> None:
    library.run("DELETE FROM jobs")


BEFORE = [_waiting, _complete, _failed, _cancelled, _retryable, _running, _forgotten]


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize(
    "body", [{}, {"tasks": []}, {"tasks": ["process_ocr"], "force_full_retry": True}]
)
def test_everything_is_done_again_from_every_state(
    library: Library,
    asset_id: str,
    before: Callable[[Library, str], None],
    body: dict[str, Any],
) -> None:
    before(library, asset_id)
    answer = _again(library, asset_id, **body)
    assert answer["asset_id"] == asset_id
    assert answer["status"] == "queued"
    assert answer["retry_tasks"] == ["all_failed_tasks"]
    state = _processing(library, asset_id)
    assert state["state"] == "processing"
    assert state["message"] == "Processing 0 of 2 tasks (0 failed)"
    assert "errors" not in state
    assert library.work() == 1
    assert _states(library, asset_id) == dict.fromkeys(STEPS, "complete")
    assert library.admin.get(f"/assets/{asset_id}/thumbnail").status_code == 200


def test_asking_again_and_again_queues_the_work_once(library: Library, asset_id: str) -> None:
    _complete(library, asset_id)
    for _ in range(5):
        _again(library, asset_id)
    assert library.work() == 1


def test_what_had_failed_is_told(library: Library, asset_id: str) -> None:
    assert "failed_tasks" not in _again(library, asset_id)
    _failed(library, asset_id)
    assert set(_again(library, asset_id)["failed_tasks"]) == STEPS


def test_metadata_alone_is_read_again(library: Library, asset_id: str) -> None:
    _complete(library, asset_id)
    for file in (library.folder() / ".lumilio/assets/thumbnails").rglob("*.webp"):
        file.unlink()
    library.run("UPDATE assets SET camera_model = NULL")
    answer = _again(library, asset_id, tasks=["metadata_asset"])
    assert answer["retry_tasks"] == ["metadata_asset"]
    assert _states(library, asset_id) == {
        "metadata_asset": "pending",
        "thumbnail_asset": "complete",
    }
    assert library.work() == 1
    assert _states(library, asset_id) == dict.fromkeys(STEPS, "complete")
    assert library.value("SELECT camera_model FROM assets") == "Camera One"
    assert not list((library.folder() / ".lumilio/assets/thumbnails").rglob("*.webp"))


def test_metadata_that_cannot_be_read_leaves_the_thumbnails_alone(
    library: Library, asset_id: str
) -> None:
    _complete(library, asset_id)
    _file(library).write_bytes(b"words")
    _again(library, asset_id, tasks=["metadata_asset"])
    library.work()
    state = _processing(library, asset_id)
    assert (state["state"], [error["task"] for error in state["errors"]]) == (
        "warning",
        ["metadata_asset"],
    )
    assert library.value("SELECT state FROM jobs WHERE kind = 'metadata_asset'") == "discarded"
    assert library.admin.get(f"/assets/{asset_id}/thumbnail").status_code == 200


def test_thumbnails_alone_are_made_again(library: Library, asset_id: str) -> None:
    _complete(library, asset_id)
    for file in (library.folder() / ".lumilio/assets/thumbnails").rglob("*.webp"):
        file.unlink()
    _again(library, asset_id, tasks=["thumbnail_asset"])
    assert _states(library, asset_id)["metadata_asset"] == "complete"
    library.work()
    assert _states(library, asset_id) == dict.fromkeys(STEPS, "complete")
    assert library.admin.get(f"/assets/{asset_id}/thumbnail").status_code == 200


@pytest.mark.parametrize(
    "task",
    ["transcode_asset", "process_semantic", "process_bioclip", "process_ocr", "process_face"],
)
def test_steps_that_a_photo_does_not_have_are_passed_over(
    library: Library, asset_id: str, task: str
) -> None:
    _complete(library, asset_id)
    answer = _again(library, asset_id, tasks=[task])
    assert (answer["status"], answer["retry_tasks"]) == ("queued", [task])
    assert _processing(library, asset_id)["state"] == "complete"
    assert library.work() == 0


@pytest.mark.parametrize(
    "body",
    [
        {"tasks": ["everything"]},
        {"tasks": ["metadata_asset", "ingest_asset"]},
        {"tasks": [""]},
        {"tasks": "metadata_asset"},
        {"force_full_retry": "yes"},
    ],
)
def test_unknown_steps_are_refused(library: Library, asset_id: str, body: Any) -> None:
    answer = library.admin.post(f"/assets/{asset_id}/reprocess", body)
    assert answer.status_code == 400
    assert library.work() == 1


@pytest.mark.parametrize("task", ["initial_validation", "file_read", "file_corrupted"])
def test_a_fatal_error_forbids_it(library: Library, asset_id: str, task: str) -> None:
    status = processing.after(processing.begin(library.clock()), {task: "bad"}, library.clock())
    library.run("UPDATE assets SET processing = ?", processing.encode(status))
    answer = library.admin.post(f"/assets/{asset_id}/reprocess")
    assert answer.status_code == 400
    assert "bad" in answer.json()["message"]


def test_only_owner_and_administrator_may_and_only_what_is_there(
    library: Library, asset_id: str
) -> None:
    sam = library.api.register("sam")
    own = sam.uploaded("sam.jpg", jpeg(2))["asset_id"]
    library.work()
    assert sam.post(f"/assets/{own}/reprocess").status_code == 200
    assert library.admin.post(f"/assets/{own}/reprocess").status_code == 200
    assert sam.post(f"/assets/{asset_id}/reprocess").status_code == 403
    assert library.api.post(f"/assets/{asset_id}/reprocess").status_code == 401
    assert sam.post(f"/assets/{UNKNOWN}/reprocess").status_code == 404
    library.run("UPDATE assets SET deleted_at = 1, deleted_reason = 'trashed'")
    assert library.admin.post(f"/assets/{asset_id}/reprocess").status_code == 404


def test_a_file_that_is_gone_is_not_found_and_changes_nothing(
    library: Library, asset_id: str
) -> None:
    _complete(library, asset_id)
    _file(library).unlink()
    assert library.admin.post(f"/assets/{asset_id}/reprocess").status_code == 404
    assert _processing(library, asset_id)["state"] == "complete"


def test_an_upload_that_waits_to_be_stored_is_brought_forward(library: Library) -> None:
    asset_id = library.admin.uploaded("photo.jpg", PHOTO)["asset_id"]
    library.run("UPDATE jobs SET state = 'retryable', attempt = 4, scheduled_at = 9e15")
    _again(library, asset_id, tasks=["metadata_asset"])
    assert library.work() == 2
    assert _states(library, asset_id) == dict.fromkeys(STEPS, "complete")


def test_an_upload_that_could_not_be_stored_is_tried_again(library: Library) -> None:
    asset_id = library.admin.uploaded("photo.jpg", PHOTO)["asset_id"]
    incoming = library.folder() / ".lumilio/staging/incoming"
    (staged,) = incoming.iterdir()
    staged.rename(incoming.parent / "elsewhere")
    library.work()
    assert "commit_staging" in _states(library, asset_id)
    assert _processing(library, asset_id)["state"] == "failed"
    (incoming.parent / "elsewhere").rename(staged)
    assert "commit_staging" in _again(library, asset_id)["failed_tasks"]
    assert library.work() == 2
    assert _states(library, asset_id) == dict.fromkeys(STEPS, "complete")


def _settled(library: Library, asset_id: str) -> bool:
    return _processing(library, asset_id)["state"] != "processing"


@pytest.mark.parametrize("task", ["metadata_asset", "thumbnail_asset"])
def test_a_cancelled_run_closes_what_it_had_opened(
    library: Library, asset_id: str, task: str
) -> None:
    _complete(library, asset_id)
    _again(library, asset_id, tasks=[task])
    job = library.value("SELECT max(id) FROM jobs")
    library.admin.ok("POST", f"/admin/river/jobs/{job}/cancel")
    assert _states(library, asset_id)[task] == "failed"
    assert _settled(library, asset_id)


@pytest.mark.parametrize("task", ["metadata_asset", "thumbnail_asset"])
def test_a_run_that_is_interrupted_too_often_closes_what_it_had_opened(
    library: Library, asset_id: str, task: str
) -> None:
    _complete(library, asset_id)
    _again(library, asset_id, tasks=[task])
    library.run("UPDATE jobs SET attempt = max_attempts WHERE state = 'available'")
    library.work()
    state = _processing(library, asset_id)
    assert state["state"] == "warning" or task == "thumbnail_asset"
    assert _settled(library, asset_id)
    assert "interrupted" in state["errors"][0]["error"]


def test_a_run_waits_for_a_disk_that_is_away_and_ends_when_it_is_back(
    library: Library, asset_id: str
) -> None:
    _complete(library, asset_id)
    _again(library, asset_id)
    folder = library.folder()
    folder.rename(folder.with_name("away"))
    library.work()
    assert not _settled(library, asset_id)
    folder.with_name("away").rename(folder)
    library.clock.advance(minutes=2)
    library.work()
    assert _processing(library, asset_id)["state"] == "complete"


@pytest.mark.parametrize("task", ["metadata_asset", "thumbnail_asset"])
def test_a_run_goes_on_when_a_repository_comes_back(library: Library, task: str) -> None:
    other = library.admin.ok("POST", "/repositories", {"name": "Other"})["repository"]
    asset_id = library.admin.uploaded("photo.jpg", PHOTO, repository_id=other["id"])["asset_id"]
    library.work()
    _again(library, asset_id, tasks=[task])
    library.admin.ok("DELETE", f"/repositories/{other['id']}")
    library.work()
    library.admin.ok("POST", "/repositories", {"name": "Other"})
    library.work()
    assert _processing(library, asset_id)["state"] == "complete"


def test_a_file_that_was_missing_meanwhile_is_processed_when_it_returns(library: Library) -> None:
    other = library.admin.ok("POST", "/repositories", {"name": "Other"})["repository"]
    photo = library.folder(other) / "photo.jpg"
    photo.write_bytes(PHOTO)
    library.scan(other)
    asset_id = library.admin.page()["items"][0]["asset"]["asset_id"]
    _again(library, asset_id)
    photo.rename(library.folder() / "away.jpg")
    library.run("UPDATE assets SET deleted_at = 1, deleted_reason = 'missing'")
    library.admin.ok("DELETE", f"/repositories/{other['id']}")
    library.admin.ok("POST", "/repositories", {"name": "Other"})
    (library.folder() / "away.jpg").rename(photo)
    library.scan(other)
    reprocessing.resume_forgotten(library.ctx)
    library.work()
    assert _processing(library, asset_id)["state"] == "complete"


def test_assets_that_wait_for_nothing_are_found_and_no_others(
    library: Library, asset_id: str
) -> None:
    assert reprocessing.resume_forgotten(library.ctx) == 0
    for state in ("scheduled", "retryable", "running"):
        library.run("UPDATE jobs SET state = ? WHERE kind = 'thumbnail_asset'", state)
        assert reprocessing.resume_forgotten(library.ctx) == 0
    library.run("DELETE FROM jobs")
    library.run("UPDATE assets SET deleted_at = 1, deleted_reason = 'missing'")
    assert reprocessing.resume_forgotten(library.ctx) == 0
    library.run("UPDATE assets SET deleted_at = NULL, deleted_reason = NULL")
    assert reprocessing.resume_forgotten(library.ctx) == 1
    assert reprocessing.resume_forgotten(library.ctx) == 0
    library.work()
    assert _processing(library, asset_id)["state"] == "complete"
    assert reprocessing.resume_forgotten(library.ctx) == 0


def test_finding_them_reads_no_other_assets(library: Library) -> None:
    with library.db.read() as db:
        plan = db.rows(
            lambda *row: row[-1],
            "EXPLAIN QUERY PLAN SELECT id FROM assets"
            " WHERE processing ->> 'state' = 'processing' AND deleted_reason IS NOT 'missing'",
        )
    assert "assets_in_processing" in plan[0]


def test_a_run_that_a_kill_interrupts_is_done_after_the_start(
    make_running: Callable[..., Running],
) -> None:
    first = make_running()
    admin = first.api.register("admin")
    admin.create_primary()
    asset_id = admin.uploaded("photo.jpg", PHOTO)["asset_id"]

    def state(running: Running) -> str:
        return str(running.api.ok("GET", f"/assets/{asset_id}")["processing"]["state"])

    first.api = admin
    wait_until(lambda: state(first) == "complete")
    admin.ok("POST", "/admin/river/queues/thumbnail_asset/pause")
    admin.ok("POST", f"/assets/{asset_id}/reprocess")
    with first.app.ctx.db.write() as tx:
        tx.run("UPDATE jobs SET state = 'running', attempt = 1 WHERE state = 'available'")
    first.stop()
    second = make_running()
    second.api = second.api.login("admin")
    assert state(second) == "processing"
    second.api.ok("POST", "/admin/river/queues/thumbnail_asset/resume")
    wait_until(lambda: state(second) == "complete")


@pytest.mark.parametrize(
    ("content", "cause", "next_step"),
    [
        (b"", "empty", "Copy it again"),
        (jpeg(3, (800, 600))[:2500], "cut off", "Copy it again from the camera"),
        (b"words", "not a picture", "save it as JPEG"),
        (None, "no longer there", "Put it back"),
    ],
)
def test_a_failure_names_its_cause_and_the_next_step(
    library: Library, asset_id: str, content: bytes | None, cause: str, next_step: str
) -> None:
    if content is None:
        _file(library).unlink()
    else:
        _file(library).write_bytes(content)
    library.work()
    told = _processing(library, asset_id)["errors"][-1]["error"]
    assert cause in told
    assert next_step in told


def test_a_disk_that_fails_is_told_without_paths(
    library: Library, asset_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error", "/secret/place")

    monkeypatch.setattr(library.pool, "develop", refuse)
    for _ in range(5):
        library.work()
        library.run("UPDATE jobs SET scheduled_at = 0")
    told = {error["error"] for error in _processing(library, asset_id)["errors"]}
    assert told == {
        "A disk refused the work (Input/output error). Make room or mend it, then try again"
    }
