"""Jobs run, fail, wait and come back: the ledger and Huey together."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from msgspec import Struct

from lumilio.db import to_microseconds
from lumilio.errors import StorageFull
from lumilio.library import discoveries, jobs
from lumilio.library.context import Context
from lumilio.library.jobs import Job, JobKind, NewJob
from lumilio.media.pool import DecodePool
from lumilio.media.transcoder import Transcoder
from lumilio.pipeline.dispatch import Dispatcher
from lumilio.pipeline.queues import JobQueue
from lumilio.pipeline.tasks import Task, tasks
from tests.conftest import Running
from tests.pipeline.decoders import develop
from tests.support.library import Library
from tests.support.photos import jpeg
from tests.support.waiting import wait_until


class Nothing(Struct, frozen=True):
    """An empty payload."""


ECHO = JobKind("echo", 3)


@pytest.fixture
def started(fresh: Library) -> Iterator[Callable[..., Dispatcher]]:
    """Starts dispatchers over the library; each stops after the test."""
    made: list[Dispatcher] = []

    def start(run: Callable[[Context, Job], None], workers: int = 2) -> Dispatcher:
        work = {"echo": Task(run, workers=workers)}
        made.append(Dispatcher(fresh.ctx, work, fresh.home.queue))
        made[-1].start()
        return made[-1]

    yield start
    for dispatcher in made:
        dispatcher.stop(5)


def _enqueue(library: Library, count: int = 1) -> None:
    with library.db.write() as tx:
        jobs.enqueue_all(tx, [NewJob(ECHO, Nothing())] * count, library.clock())


def _complete(ctx: Context, job: Job) -> None:
    with ctx.db.write() as tx:
        jobs.complete(tx, job.id, ctx.now())


def test_every_job_runs_exactly_once(fresh: Library, started: Callable[..., Dispatcher]) -> None:
    ran: list[int] = []

    def run(ctx: Context, job: Job) -> None:
        ran.append(job.id)
        _complete(ctx, job)

    _enqueue(fresh, 150)
    started(run, workers=4)
    _enqueue(fresh, 50)
    wait_until(lambda: fresh.states() == {"completed": 200})
    assert sorted(ran) == list(range(1, 201))


def test_no_more_jobs_run_at_once_than_there_are_workers(
    fresh: Library, started: Callable[..., Dispatcher]
) -> None:
    busy, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(3)

    def run(ctx: Context, job: Job) -> None:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        together.wait(10)
        with lock:
            busy -= 1
        _complete(ctx, job)

    _enqueue(fresh, 12)
    started(run, workers=3)
    wait_until(lambda: fresh.states() == {"completed": 12})
    assert most == 3


def test_a_job_that_fails_leaves_the_others_alone_and_waits_for_its_next_attempt(
    fresh: Library, started: Callable[..., Dispatcher]
) -> None:
    def run(ctx: Context, job: Job) -> None:
        if job.id == 2:
            raise ValueError("only me")
        _complete(ctx, job)

    _enqueue(fresh, 5)
    started(run)
    wait_until(lambda: fresh.states() == {"completed": 4, "retryable": 1})
    assert fresh.value("SELECT last_error FROM jobs WHERE id = 2") == "only me"
    due = to_microseconds(fresh.clock()) + 1_000_000
    assert fresh.value("SELECT scheduled_at FROM jobs WHERE id = 2") == due


def test_jobs_of_a_crashed_process_run_again_after_the_start(
    fresh: Library, started: Callable[..., Dispatcher]
) -> None:
    _enqueue(fresh, 6)
    fresh.due("echo")
    with fresh.db.write() as tx:
        for job_id in (1, 2):
            jobs.claim(tx, [job_id], fresh.clock())
    started(_complete)
    wait_until(lambda: fresh.states() == {"completed": 6})
    assert fresh.values("SELECT attempt FROM jobs ORDER BY id") == [2, 2, 1, 1, 1, 1]


def test_a_job_that_kills_the_process_each_time_is_given_up(
    fresh: Library, started: Callable[..., Dispatcher]
) -> None:
    _enqueue(fresh)
    for _ in range(ECHO.max_attempts):
        fresh.due("echo")
        with fresh.db.write() as tx:
            assert jobs.claim(tx, [1], fresh.clock())
            jobs.recover(tx)
    ran: list[int] = []
    started(lambda ctx, job: ran.append(job.id))
    wait_until(lambda: fresh.states() == {"discarded": 1})
    assert ran == []


def test_a_stop_waits_for_what_runs_and_leaves_the_rest_for_later(
    fresh: Library, started: Callable[..., Dispatcher]
) -> None:
    began, go_on = threading.Event(), threading.Event()

    def run(ctx: Context, job: Job) -> None:
        began.set()
        go_on.wait(10)
        _complete(ctx, job)

    _enqueue(fresh, 5)
    dispatcher = started(run, workers=1)
    assert began.wait(10)
    stopping = threading.Thread(target=dispatcher.stop, args=(10,))
    stopping.start()
    go_on.set()
    stopping.join(10)
    assert not stopping.is_alive()
    assert fresh.states() == {"completed": 1, "available": 4}


def test_a_failure_while_stopping_counts_for_nothing(fresh: Library) -> None:
    began, go_on = threading.Event(), threading.Event()

    def run(ctx: Context, job: Job) -> None:
        began.set()
        go_on.wait(10)
        raise RuntimeError("its tools were taken away")

    _enqueue(fresh)
    dispatcher = Dispatcher(fresh.ctx, {"echo": Task(run, workers=1)}, fresh.home.queue)
    dispatcher.start()
    assert began.wait(10)
    stopping = threading.Thread(target=dispatcher.stop, args=(10,))
    stopping.start()
    wait_until(dispatcher._stopping.is_set)
    go_on.set()
    stopping.join(10)
    assert fresh.states() == {"running": 1}


def test_a_dispatcher_that_never_started_can_be_stopped(fresh: Library) -> None:
    dispatcher = Dispatcher(fresh.ctx, {"echo": Task(_complete, workers=1)}, fresh.home.queue)
    dispatcher.stop(1)


def test_ids_that_huey_lost_are_carried_again(
    fresh: Library, started: Callable[..., Dispatcher]
) -> None:
    _enqueue(fresh, 2)
    fresh.due("echo")
    fresh.clock.advance(minutes=2)
    dispatcher = Dispatcher(fresh.ctx, {"echo": Task(_complete, workers=1)}, fresh.home.queue)
    dispatcher.reconcile()
    assert fresh.values("SELECT dispatched_at FROM jobs") == [None, None]
    for queue in dispatcher._queues:
        queue._huey.storage.close()


def test_ids_that_huey_still_carries_are_left_there(fresh: Library) -> None:
    _enqueue(fresh, 2)
    dispatcher = Dispatcher(fresh.ctx, {"echo": Task(_complete, workers=1)}, fresh.home.queue)
    dispatcher.dispatch()
    fresh.clock.advance(minutes=2)
    dispatcher.reconcile()
    assert None not in fresh.values("SELECT dispatched_at FROM jobs")
    for queue in dispatcher._queues:
        queue._huey.storage.close()


def test_a_queue_carries_numbers_as_json_and_nothing_that_could_run(fresh: Library) -> None:
    queue = JobQueue("echo", fresh.home.queue, 1, print)
    queue.put([77])
    assert queue.carried() == {77}
    assert queue.size == 1
    raw = fresh.home.queue.read_bytes()
    for file in fresh.home.root.glob("queue.db-wal"):
        raw += file.read_bytes()
    assert b"[77]" in raw
    assert b"\x80\x04" not in raw
    queue._huey.storage.close()


@pytest.fixture
def faulty_pool() -> Iterator[DecodePool]:
    with DecodePool(2, timeout_s=4, function=develop) as pool:
        yield pool


def test_a_photo_that_breaks_the_decoder_fails_alone_and_says_why(
    fresh: Library, faulty_pool: DecodePool
) -> None:
    fresh.set_up()
    fresh.dispatcher_of(tasks(faulty_pool, 2, Transcoder()))
    ids: dict[str, Any] = {
        name: fresh.admin.uploaded(name, jpeg(seed))["asset_id"]
        for seed, name in enumerate(["a.jpg", "crash.jpg", "b.jpg", "hang.jpg", "eat.jpg", "c.jpg"])
    }
    for _ in range(3):
        fresh.work()
        fresh.clock.advance(minutes=1)
    assert fresh.states() == {"completed": 6 + 3, "discarded": 3}
    assert fresh.values("SELECT attempt FROM jobs WHERE state = 'discarded'") == [2, 2, 2]
    for name, word in {"crash": "crashed", "hang": "longer than", "eat": "memory"}.items():
        state = fresh.admin.ok("GET", f"/assets/{ids[f'{name}.jpg']}")["processing"]
        assert state["state"] == "failed"
        assert word in state["errors"][0]["error"]
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        state = fresh.admin.ok("GET", f"/assets/{ids[name]}")["processing"]
        assert state["state"] == "complete"


def test_a_file_that_is_no_picture_fails_once_and_says_why(library: Library) -> None:
    asset_id = library.admin.uploaded("a.jpg", b"\xff\xd8\xff this is no picture")["asset_id"]
    library.work()
    assert library.states() == {"completed": 1, "discarded": 1}
    state = library.admin.ok("GET", f"/assets/{asset_id}")["processing"]
    assert state["state"] == "failed"
    assert state["message"] == "Asset processing failed"
    assert {error["task"] for error in state["errors"]} == {"metadata_asset", "thumbnail_asset"}


def test_a_damaged_picture_keeps_its_metadata_and_warns(library: Library) -> None:
    whole = jpeg(1, (800, 600), model="Camera One")
    asset_id = library.admin.uploaded("a.jpg", whole[: len(whole) // 2])["asset_id"]
    library.work()
    asset = library.admin.ok("GET", f"/assets/{asset_id}")
    assert asset["processing"]["state"] == "warning"
    assert asset["specific_metadata"]["camera_model"] == "Camera One"
    assert asset["processing"]["tasks"]["thumbnail_asset"]["state"] == "failed"
    assert library.admin.get(f"/assets/{asset_id}/thumbnail").status_code == 404


def test_an_original_that_vanished_before_its_development_is_told(library: Library) -> None:
    asset_id = library.admin.uploaded("a.jpg", jpeg(1))["asset_id"]
    library.work("ingest_asset")
    for path in (library.folder() / "inbox").rglob("a.jpg"):
        path.unlink()
    library.work()
    state = library.admin.ok("GET", f"/assets/{asset_id}")["processing"]
    assert state["state"] == "failed"
    assert "no longer there" in state["errors"][0]["error"]


def test_a_whole_program_processes_what_it_is_given(running: Running) -> None:
    admin = running.api.register("admin")
    admin.create_primary()
    for seed in range(5):
        admin.uploaded(f"{seed}.jpg", jpeg(seed))
    wait_until(lambda: admin.ok("GET", "/admin/river/stats")["completed"] == 10)
    assert len(admin.names()) == 5


def test_what_one_process_left_the_next_one_finishes(
    make_running: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Dispatcher, "dispatch", lambda self: None)
        first = make_running()
        admin = first.api.register("admin")
        admin.create_primary()
        admin.uploaded("a.jpg", jpeg(1))
        first.stop()
    second = make_running()
    admin = second.api.login("admin")
    wait_until(lambda: admin.ok("GET", "/admin/river/stats")["completed"] == 2)


def test_a_failure_is_noted_once_the_disk_takes_it(
    fresh: Library, started: Callable[..., Dispatcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lumilio.pipeline.dispatch.NOTE_AGAIN_SECONDS", 0.01)
    fail = jobs.fail
    refusals = iter([OSError(28, "No space left"), OSError(28, "No space left")])

    def full(*arguments: Any, **options: Any) -> bool:
        for error in refusals:
            raise error
        return fail(*arguments, **options)

    monkeypatch.setattr(jobs, "fail", full)

    def broken(ctx: Context, job: Job) -> None:
        raise ValueError("broken")

    _enqueue(fresh)
    started(broken)
    wait_until(lambda: fresh.states() == {"retryable": 1})
    assert next(refusals, None) is None


@pytest.fixture
def photos(library: Library) -> list[str]:
    """Files in the user area that wait to be discovered."""
    names = [f"{number}.jpg" for number in range(6)]
    for number, name in enumerate(names):
        (library.folder() / name).write_bytes(jpeg(number))
    library.admin.ok("POST", f"/repositories/{library.primary['id']}/scan")
    library.work("scan_repository")
    return names


def _discover(library: Library) -> None:
    """Run everything together that is to be discovered, with the functions as patched by now."""
    library.restarted().dispatcher.run_jobs(library.due("discover_asset"))


def test_small_files_are_registered_together(
    library: Library, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discoveries, "examine", lambda *_: pytest.fail("alone"))
    _discover(library)
    assert library.admin.page()["total_assets"] == len(photos)
    assert library.value("SELECT count(*) FROM jobs WHERE state = 'completed'") == 1 + len(photos)


def test_of_files_registered_together_a_bad_one_fails_alone(
    library: Library, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = discoveries.blake3_of

    def broken(file: BinaryIO) -> str:
        if Path(file.name).name == "2.jpg":
            raise PermissionError(13, "Permission denied")
        return read(file)

    monkeypatch.setattr(discoveries, "blake3_of", broken)
    _discover(library)
    assert library.values(
        "SELECT payload ->> 'storage_path' FROM jobs WHERE state = 'retryable'"
    ) == ["2.jpg"]
    assert library.admin.page()["total_assets"] == len(photos) - 1


def test_what_breaks_a_whole_commit_breaks_only_its_own_file(
    library: Library, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    enter = discoveries._enter

    def broken(tx: Any, repository: Any, found: Any, *arguments: Any, **options: Any) -> Any:
        if found.storage_path == "4.jpg":
            raise ValueError("no such luck")
        return enter(tx, repository, found, *arguments, **options)

    monkeypatch.setattr(discoveries, "_enter", broken)
    _discover(library)
    assert library.values("SELECT last_error FROM jobs WHERE state = 'retryable'") == [
        "no such luck"
    ]
    assert library.admin.page()["total_assets"] == len(photos) - 1
    monkeypatch.undo()
    library.clock.advance(seconds=2)
    library.work("discover_asset")
    assert library.admin.page()["total_assets"] == len(photos)
    assert library.values("SELECT attempt FROM jobs WHERE kind = 'discover_asset'") == [
        1,
        1,
        1,
        1,
        2,
        1,
    ]


def test_large_files_are_committed_one_by_one(
    library: Library, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discoveries, "_BYTES_TOGETHER", 1)
    alone: list[int] = []
    examine = discoveries.examine
    monkeypatch.setattr(
        discoveries, "examine", lambda ctx, job: (alone.append(job.id), examine(ctx, job))
    )
    _discover(library)
    assert len(alone) == len(photos) - 1
    assert library.admin.page()["total_assets"] == len(photos)


def test_files_of_several_repositories_do_not_mix(library: Library, photos: list[str]) -> None:
    second = library.admin.ok("POST", "/repositories", {"name": "Second"})["repository"]
    for number in range(2):
        (library.folder(second) / f"{number}.jpg").write_bytes(jpeg(number))
    library.admin.ok("POST", f"/repositories/{second['id']}/scan")
    library.work("scan_repository")
    _discover(library)
    counts = library.values("SELECT count(*) FROM assets GROUP BY repository_id ORDER BY 1")
    assert counts == [2, len(photos)]


def test_files_of_an_interrupted_commit_are_tried_again_alone(
    library: Library, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = library.due("discover_asset")
    with library.db.write() as tx:
        assert len(jobs.claim(tx, ids, library.clock())) == len(photos)
        jobs.recover(tx)
    monkeypatch.setattr(discoveries, "examine_together", lambda *_: pytest.fail("together"))
    _discover(library)
    assert library.admin.page()["total_assets"] == len(photos)
    assert library.values("SELECT DISTINCT attempt FROM jobs WHERE kind = 'discover_asset'") == [2]


def test_a_stop_gives_back_what_was_not_begun(
    library: Library, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discoveries, "_BYTES_TOGETHER", 1)
    stopping = threading.Event()
    examine = discoveries.examine
    monkeypatch.setattr(
        discoveries, "examine", lambda ctx, job: (examine(ctx, job), stopping.set())
    )
    work = tasks(library.pool, 2, library.transcoder)
    dispatcher = Dispatcher(library.ctx, work, library.home.queue, stopping)
    dispatcher.run_jobs(library.due("discover_asset"))
    assert library.admin.page()["total_assets"] == 2
    assert library.values(
        "SELECT attempt FROM jobs WHERE kind = 'discover_asset' AND state = 'available'"
        " AND dispatched_at IS NULL"
    ) == [0] * (len(photos) - 2)
    for queue in dispatcher._queues:
        queue._huey.storage.close()


def test_a_few_jobs_are_work_for_all_workers(fresh: Library) -> None:
    _enqueue(fresh, 5)
    work = {"echo": Task(_complete, workers=2, run_together=lambda *_: [], most_together=100)}
    dispatcher = Dispatcher(fresh.ctx, work, fresh.home.queue)
    dispatcher.dispatch()
    (queue,) = dispatcher._queues
    assert queue.size == 2
    assert queue.carried() == {1, 2, 3, 4, 5}
    queue._huey.storage.close()


@pytest.mark.parametrize("step", ["claim", "put"])
def test_a_job_is_not_lost_between_ledger_and_queue_when_the_disk_is_full(
    fresh: Library,
    started: Callable[..., Dispatcher],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    monkeypatch.setattr("lumilio.pipeline.dispatch.NOTE_AGAIN_SECONDS", 0.01)
    target: Any = jobs if step == "claim" else JobQueue
    real = getattr(target, step)
    refusals = iter([StorageFull(), StorageFull()])

    def full(*arguments: Any) -> Any:
        for error in refusals:
            raise error
        return real(*arguments)

    monkeypatch.setattr(target, step, full)
    _enqueue(fresh, 3)
    started(_complete)
    wait_until(lambda: fresh.states() == {"completed": 3})
    assert next(refusals, None) is None


def test_a_clock_that_is_put_back_does_not_stop_the_jobs(
    fresh: Library, started: Callable[..., Dispatcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher = started(_complete)
    fresh.clock.advance(days=4000)
    with monkeypatch.context() as patch:
        # Too short a time for the watch to notice anything.
        patch.setattr(dispatcher, "dispatch", lambda: None)
        _enqueue(fresh, 3)
        fresh.clock.advance(days=-4000)
    dispatcher.reconcile()
    wait_until(lambda: fresh.states() == {"completed": 3})
