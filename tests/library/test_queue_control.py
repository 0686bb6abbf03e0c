"""What an administrator may do to jobs and queues."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Struct

from lumilio.library import jobs, placing, queue_control
from lumilio.library.context import Context
from lumilio.library.jobs import Job, NewJob
from lumilio.pipeline.dispatch import Dispatcher
from lumilio.pipeline.tasks import Task
from tests.conftest import Running
from tests.support.library import Library
from tests.support.photos import jpeg
from tests.support.waiting import wait_until

STATES = {
    "available",
    "scheduled",
    "running",
    "retryable",
    "completed",
    "cancelled",
    "discarded",
}


class Nothing(Struct, frozen=True):
    """An empty payload."""


def _job(library: Library, state: str, kind: jobs.JobKind = jobs.SCAN, **fields: Any) -> int:
    with library.db.write() as tx:
        job_id = jobs.enqueue(tx, NewJob(kind, Nothing(), **fields), library.clock())
    library.run("UPDATE jobs SET state = ?, attempt = 3 WHERE id = ?", state, job_id)
    return job_id


def _steer(library: Library, what: str, job_id: int) -> Any:
    return library.admin.post(f"/admin/river/jobs/{job_id}/{what}")


def _turn(library: Library, queue: str, how: str) -> Any:
    return library.admin.ok("POST", f"/admin/river/queues/{queue}/{how}")


def _state(library: Library, job_id: int) -> str:
    return str(library.value("SELECT state FROM jobs WHERE id = ?", job_id))


def _processing(library: Library, asset_id: str) -> Any:
    return library.admin.ok("GET", f"/assets/{asset_id}")["processing"]


def _last_job(library: Library) -> int:
    return int(library.value("SELECT max(id) FROM jobs"))


@pytest.mark.parametrize("state", sorted(STATES))
def test_a_failed_or_cancelled_job_is_tried_again_from_the_start(
    library: Library, state: str
) -> None:
    job_id = _job(library, state)
    library.clock.advance(minutes=5)
    response = _steer(library, "retry", job_id)
    if state in ("discarded", "cancelled", "retryable"):
        assert response.json() == {"job_id": job_id, "state": "available"}
        assert library.value("SELECT attempt FROM jobs") == 0
        assert library.value("SELECT finalized_at FROM jobs") is None
        assert library.value("SELECT last_error FROM jobs") == ""
        assert library.due("scan_repository") == [job_id]
    else:
        assert response.status_code == 409
        assert _state(library, job_id) == state


@pytest.mark.parametrize("state", sorted(STATES))
def test_a_job_that_waits_is_cancelled(library: Library, state: str) -> None:
    job_id = _job(library, state)
    response = _steer(library, "cancel", job_id)
    if state in ("available", "scheduled", "retryable"):
        assert response.json() == {"job_id": job_id, "state": "cancelled"}
        assert library.value("SELECT finalized_at FROM jobs") is not None
        library.clock.advance(hours=1)
        assert library.due() == []
    else:
        assert response.status_code == 409
        assert _state(library, job_id) == state


@pytest.mark.parametrize("what", ["retry", "cancel"])
@pytest.mark.parametrize(
    ("job_id", "status"),
    [(999, 404), (2**63 - 1, 404), (0, 400), (-1, 400), (2**63, 400), ("x", 400), ("1.5", 400)],
)
def test_a_job_that_is_none_is_not_found(
    library: Library, what: str, job_id: Any, status: int
) -> None:
    assert _steer(library, what, job_id).status_code == status


def test_a_job_that_was_handed_out_and_is_cancelled_does_not_run(library: Library) -> None:
    library.admin.ok("POST", f"/repositories/{library.primary['id']}/scan")
    (job_id,) = library.due("scan_repository")
    assert _steer(library, "cancel", job_id).status_code == 200
    library.dispatcher.run_jobs([job_id])
    assert _state(library, job_id) == "cancelled"
    assert library.value("SELECT count(*) FROM scan_runs") == 0


def test_the_steps_of_a_failed_photo_wait_again_after_a_retry(library: Library) -> None:
    asset_id = library.admin.uploaded("a.jpg", b"\xff\xd8\xff this is no picture")["asset_id"]
    library.work()
    assert _processing(library, asset_id)["state"] == "failed"
    (file,) = (library.folder() / "inbox").rglob("a.jpg")
    file.write_bytes(jpeg(1))
    job_id = _last_job(library)
    assert _steer(library, "retry", job_id).status_code == 200
    status = _processing(library, asset_id)
    assert status["state"] == "processing"
    assert "errors" not in status
    assert {task["state"] for task in status["tasks"].values()} == {"pending"}
    library.work()
    assert _processing(library, asset_id)["state"] == "complete"
    assert _steer(library, "retry", job_id).status_code == 409


def test_only_failed_steps_wait_again(library: Library) -> None:
    whole = jpeg(1, (800, 600))
    asset_id = library.admin.uploaded("a.jpg", whole[: len(whole) // 2])["asset_id"]
    library.work()
    assert _processing(library, asset_id)["state"] == "warning"
    job_id = _last_job(library)
    library.run("UPDATE jobs SET state = 'discarded' WHERE id = ?", job_id)
    _steer(library, "retry", job_id)
    tasks = _processing(library, asset_id)["tasks"]
    assert {name: task["state"] for name, task in tasks.items()} == {
        "metadata_asset": "complete",
        "thumbnail_asset": "pending",
    }


def test_a_cancelled_photo_says_so_and_a_retry_completes_it(library: Library) -> None:
    asset_id = library.admin.uploaded("a.jpg", jpeg(1))["asset_id"]
    library.work("ingest_asset")
    _steer(library, "cancel", _last_job(library))
    status = _processing(library, asset_id)
    assert status["state"] == "failed"
    assert {error["error"] for error in status["errors"]} == {"Cancelled by an administrator"}
    _steer(library, "retry", _last_job(library))
    library.work()
    assert _processing(library, asset_id)["state"] == "complete"


def test_a_cancelled_upload_keeps_its_bytes_and_arrives_after_a_retry(library: Library) -> None:
    asset_id = library.admin.uploaded("a.jpg", jpeg(1))["asset_id"]
    job_id = _last_job(library)
    _steer(library, "cancel", job_id)
    assert _processing(library, asset_id)["state"] == "failed"
    library.clock.advance(days=30)
    library.admin = library.api.login("admin")
    library.dispatcher.delete_outdated()
    placing.delete_abandoned(library.ctx)
    assert _steer(library, "retry", job_id).status_code == 200
    library.work()
    assert _processing(library, asset_id)["state"] == "complete"
    assert library.admin.get(f"/assets/{asset_id}/original").content == jpeg(1)


def test_an_upload_that_was_lost_for_a_while_completes_after_a_retry(library: Library) -> None:
    asset_id = library.admin.uploaded("a.jpg", jpeg(1))["asset_id"]
    (staged,) = (library.folder() / ".lumilio/staging/incoming").iterdir()
    away = staged.rename(staged.with_name("away"))
    library.work()
    status = _processing(library, asset_id)
    assert status["tasks"]["commit_staging"]["state"] == "failed"
    away.rename(staged)
    _steer(library, "retry", _last_job(library))
    library.work()
    status = _processing(library, asset_id)
    assert status["state"] == "complete"
    assert set(status["tasks"]) == {"metadata_asset", "thumbnail_asset"}


def test_a_cancelled_second_development_leaves_what_is_done(library: Library) -> None:
    (library.folder() / "a.jpg").write_bytes(jpeg(1))
    library.scan()
    asset = library.admin.page()["items"][0]["asset"]
    library.admin.ok("POST", f"/repositories/{library.primary['id']}/scan", {"force": True})
    library.work("scan_repository", "discover_asset")
    _steer(library, "cancel", _last_job(library))
    assert _processing(library, asset["asset_id"])["state"] == "complete"


def test_a_job_whose_work_a_newer_one_does_is_not_retried(library: Library) -> None:
    asset_id = library.admin.uploaded("a.jpg", jpeg(1))["asset_id"]
    old = _last_job(library)
    _steer(library, "cancel", old)
    assert library.admin.uploaded("a.jpg", jpeg(1))["asset_id"] == asset_id
    assert _steer(library, "retry", old).status_code == 409
    library.work()
    assert _processing(library, asset_id)["state"] == "complete"
    assert len(list((library.folder() / "inbox").rglob("*.jpg"))) == 1


def test_of_two_jobs_with_one_key_only_the_newer_is_retried(library: Library) -> None:
    old = _job(library, "discarded", unique_key="k")
    new = _job(library, "discarded", unique_key="k")
    assert _steer(library, "retry", old).status_code == 409
    assert _steer(library, "retry", new).status_code == 200


def test_a_job_of_an_unregistered_repository_is_not_retried(library: Library) -> None:
    second = library.admin.ok("POST", "/repositories", {"name": "Second"})["repository"]
    library.admin.uploaded("a.jpg", jpeg(1), repository_id=second["id"])
    library.admin.ok("DELETE", f"/repositories/{second['id']}")
    assert _steer(library, "retry", _last_job(library)).status_code == 409


def test_all_failed_jobs_of_a_queue_are_tried_again(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_control, "_BATCH", 2)
    jobs_by_state = {state: _job(library, state) for state in sorted(STATES)}
    more = [_job(library, "discarded") for _ in range(3)]
    old, new = (_job(library, "discarded", unique_key="k") for _ in range(2))
    other = _job(library, "discarded", jobs.DISCOVER)
    answer = _turn(library, "scan_repository", "retry")
    assert answer == {"name": "scan_repository", "retried_jobs": 6}
    again = {jobs_by_state["discarded"], jobs_by_state["retryable"], *more, new}
    assert {job_id for job_id in again if _state(library, job_id) == "available"} == again
    assert _state(library, jobs_by_state["cancelled"]) == "cancelled"
    assert _state(library, jobs_by_state["completed"]) == "completed"
    assert [_state(library, job_id) for job_id in (old, other)] == ["discarded"] * 2


def test_photos_of_a_queue_tried_again_are_processed(library: Library) -> None:
    names = ("a.jpg", "b.jpg")
    for name in names:
        library.admin.uploaded(name, b"\xff\xd8\xff" + f"{name} is no picture".encode())
    library.work()
    for number, file in enumerate((library.folder() / "inbox").rglob("*.jpg")):
        file.write_bytes(jpeg(number))
    assert _turn(library, "thumbnail_asset", "retry")["retried_jobs"] == 2
    library.work()
    states = [item["asset"]["processing"]["state"] for item in library.admin.page()["items"]]
    assert states == ["complete"] * 2
    assert _turn(library, "thumbnail_asset", "retry")["retried_jobs"] == 0


@pytest.mark.parametrize("how", ["pause", "resume", "retry"])
@pytest.mark.parametrize("name", ["unknown", "SCAN_REPOSITORY", "%20", "a%2Fb", "'"])
def test_a_queue_that_is_none_is_not_found(library: Library, name: str, how: str) -> None:
    path = f"/admin/river/queues/{name}/{how}"
    assert library.admin.post(path).status_code == 404


def test_a_paused_queue_says_so_until_it_goes_on(library: Library) -> None:
    for _ in range(2):
        answer = _turn(library, "process_ocr", "pause")
        assert answer == {"name": "process_ocr", "paused": True}
    summary = library.admin.ok("GET", "/admin/river/queue-summary")["queues"]
    assert {q["name"]: q["paused"] for q in summary if "paused" in q} == {"process_ocr": True}
    for _ in range(2):
        answer = _turn(library, "process_ocr", "resume")
        assert answer == {"name": "process_ocr", "paused": False}
    summary = library.admin.ok("GET", "/admin/river/queue-summary")["queues"]
    assert not any("paused" in queue for queue in summary)


def test_a_queue_that_only_its_jobs_know_can_be_paused_and_resumed(library: Library) -> None:
    job_id = _job(library, "available", jobs.JobKind("from_the_past", 1))
    _turn(library, "from_the_past", "pause")
    library.run("DELETE FROM jobs WHERE id = ?", job_id)
    names = [q["name"] for q in library.admin.ok("GET", "/admin/river/queue-summary")["queues"]]
    assert "from_the_past" in names
    _turn(library, "from_the_past", "resume")


def test_nothing_new_of_a_paused_queue_runs_and_others_go_on(library: Library) -> None:
    _turn(library, "thumbnail_asset", "pause")
    library.admin.uploaded("a.jpg", jpeg(1))
    library.work()
    assert library.states() == {"completed": 1, "available": 1}
    _turn(library, "thumbnail_asset", "resume")
    library.work()
    assert library.states() == {"completed": 2}


def test_what_was_handed_out_before_the_pause_waits_too(library: Library) -> None:
    library.admin.ok("POST", f"/repositories/{library.primary['id']}/scan")
    (job_id,) = library.due("scan_repository")
    _turn(library, "scan_repository", "pause")
    library.dispatcher.run_jobs([job_id])
    assert _state(library, job_id) == "available"
    _turn(library, "scan_repository", "resume")
    assert library.work() == 1
    assert _state(library, job_id) == "completed"


def test_a_running_job_finishes_and_a_restart_keeps_the_pause(library: Library) -> None:
    began, go_on = threading.Event(), threading.Event()
    ran: list[int] = []

    def run(ctx: Context, job: Job) -> None:
        ran.append(job.id)
        began.set()
        go_on.wait(10)
        with ctx.db.write() as tx:
            jobs.complete(tx, job.id, ctx.now())

    work = {"scan_repository": Task(run, workers=1)}
    for _ in range(3):
        _job(library, "available")
    first = Dispatcher(library.ctx, work, library.home.queue)
    first.start()
    assert began.wait(10)
    _turn(library, "scan_repository", "pause")
    go_on.set()
    wait_until(lambda: library.states() == {"completed": 1, "available": 2})
    first.stop(5)
    second = Dispatcher(library.ctx, work, library.home.queue)
    second.start()
    second.dispatch()
    second.reconcile()
    assert [queue.size for queue in second._queues] == [0]
    assert second._pause() > 1
    assert ran == [1]
    _turn(library, "scan_repository", "resume")
    wait_until(lambda: library.states() == {"completed": 3})
    second.stop(5)
    assert ran == [1, 2, 3]


def test_a_whole_program_stays_paused_over_its_restart(
    make_running: Callable[..., Running],
) -> None:
    first = make_running()
    admin = first.api.register("admin")
    admin.create_primary()
    admin.ok("POST", "/admin/river/queues/thumbnail_asset/pause")
    admin.uploaded("a.jpg", jpeg(1))
    wait_until(lambda: admin.ok("GET", "/admin/river/stats")["completed"] == 1)
    first.stop()
    second = make_running()
    admin = second.api.login("admin")
    admin.uploaded("b.jpg", jpeg(2))
    wait_until(lambda: admin.ok("GET", "/admin/river/stats")["completed"] == 2)
    assert admin.ok("GET", "/admin/river/stats")["available"] == 2
    admin.ok("POST", "/admin/river/queues/thumbnail_asset/resume")
    wait_until(lambda: admin.ok("GET", "/admin/river/stats")["completed"] == 4)


@pytest.mark.parametrize(
    "path", ["jobs/1/retry", "jobs/1/cancel", "queues/process_ocr/pause", "queues/x/resume"]
)
def test_before_setup_is_finished_nothing_is_steered(fresh: Library, path: str) -> None:
    admin = fresh.api.register("admin")
    response = admin.post(f"/admin/river/{path}")
    assert response.status_code == 409
    assert response.json()["message"] == "app_not_initialized"
