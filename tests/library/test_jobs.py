"""The ledger: nothing is lost, nothing runs twice."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct

from lumilio.library import jobs
from lumilio.library.jobs import INGEST, SCAN, THUMBNAIL, Job, NewJob
from tests.support.library import Library


class Payload(Struct, frozen=True):
    """What the jobs here carry."""

    text: str = ""


def _enqueue(library: Library, kind: jobs.JobKind = THUMBNAIL, **fields: Any) -> int:
    with library.db.write() as tx:
        return jobs.enqueue(tx, NewJob(kind, Payload("p"), **fields), library.clock())


def _take(library: Library, queue: str = "thumbnail_asset", limit: int = 100) -> list[int]:
    with library.db.write() as tx:
        return jobs.take_waiting(tx, queue, limit, library.clock())


def _claim(library: Library, job_id: int) -> Job | None:
    with library.db.write() as tx:
        return next(iter(jobs.claim(tx, [job_id], library.clock())), None)


def _running(library: Library, **fields: Any) -> Job:
    job_id = _enqueue(library, **fields)
    _take(library)
    job = _claim(library, job_id)
    assert job is not None
    return job


def _fail(library: Library, job: Job, **options: Any) -> bool:
    with library.db.write() as tx:
        return jobs.fail(tx, job, "why", library.clock(), **options)


def _state(library: Library, job_id: int) -> str:
    return str(library.value("SELECT state FROM jobs WHERE id = ?", job_id))


def test_a_job_of_a_rolled_back_change_never_existed(fresh: Library) -> None:
    heard: list[int] = []
    fresh.db.subscribe(jobs.TOPIC, lambda: heard.append(1))

    def fail() -> None:
        with fresh.db.write() as tx:
            jobs.enqueue(tx, NewJob(THUMBNAIL, Payload()), fresh.clock())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert fresh.value("SELECT count(*) FROM jobs") == 0
    assert heard == []


def test_a_new_job_is_announced(fresh: Library) -> None:
    heard: list[int] = []
    fresh.db.subscribe(jobs.TOPIC, lambda: heard.append(1))
    _enqueue(fresh)
    assert heard == [1]


def test_a_claimed_job_brings_its_payload_and_attempt(fresh: Library) -> None:
    job = _running(fresh)
    assert job.read(Payload) == Payload("p")
    assert (job.kind, job.attempt, job.max_attempts) == ("thumbnail_asset", 1, 5)
    assert _state(fresh, job.id) == "running"


def test_an_unfinished_job_with_the_same_key_is_returned_instead_of_a_new_one(
    fresh: Library,
) -> None:
    first = _enqueue(fresh, unique_key="k")
    assert _enqueue(fresh, unique_key="k") == first
    assert _enqueue(fresh, unique_key="other") != first
    _take(fresh)
    assert _claim(fresh, first)
    assert _enqueue(fresh, unique_key="k") == first
    with fresh.db.write() as tx:
        jobs.complete(tx, first, fresh.clock())
    assert _enqueue(fresh, unique_key="k") != first


def test_many_jobs_are_written_at_once_and_taken_keys_are_left_out(fresh: Library) -> None:
    _enqueue(fresh, unique_key="k1")
    wanted = [NewJob(THUMBNAIL, Payload(), unique_key=f"k{n}") for n in (1, 2, 2, 3)]
    with fresh.db.write() as tx:
        jobs.enqueue_all(tx, wanted, fresh.clock())
    keys = fresh.values("SELECT unique_key FROM jobs ORDER BY id")
    assert keys == ["k1", "k2", "k3"]


def test_jobs_are_handed_over_oldest_first_each_once_and_by_queue(fresh: Library) -> None:
    ids = []
    for _ in range(5):
        ids.append(_enqueue(fresh))
        fresh.clock.advance(seconds=1)
    other = _enqueue(fresh, SCAN)
    assert _take(fresh, limit=2) == ids[:2]
    assert _take(fresh) == ids[2:]
    assert _take(fresh) == []
    assert _take(fresh, "scan_repository") == [other]


def test_a_job_is_claimed_once_however_many_try(fresh: Library) -> None:
    job_id = _enqueue(fresh)
    _take(fresh)
    barrier = threading.Barrier(8)
    claimed: list[Job | None] = []

    def claim() -> None:
        barrier.wait()
        claimed.append(_claim(fresh, job_id))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(job is not None for job in claimed) == 1
    assert fresh.value("SELECT attempt FROM jobs") == 1


@pytest.mark.parametrize("end", ["complete", "cancel", "discard", "retry"])
def test_a_job_that_does_not_wait_is_not_claimed(fresh: Library, end: str) -> None:
    job = _running(fresh)
    if end == "complete":
        with fresh.db.write() as tx:
            jobs.complete(tx, job.id, fresh.clock())
    elif end == "cancel":
        fresh.run("UPDATE jobs SET state = 'cancelled'")
    else:
        _fail(fresh, job, final=end == "discard")
    assert _claim(fresh, job.id) is None
    assert _claim(fresh, 999) is None


def test_the_pause_after_an_attempt_grows_with_its_fourth_power(fresh: Library) -> None:
    job_id = _enqueue(fresh)
    for attempt in range(1, 5):
        assert _take(fresh) == [job_id]
        job = _claim(fresh, job_id)
        assert job is not None
        assert job.attempt == attempt
        assert not _fail(fresh, job)
        assert _state(fresh, job_id) == "retryable"
        fresh.clock.advance(seconds=attempt**4 - 0.001)
        assert _take(fresh) == []
        fresh.clock.advance(seconds=0.001)


def test_a_job_is_discarded_after_its_last_attempt(fresh: Library) -> None:
    job_id = _enqueue(fresh)
    ends = []
    for _ in range(5):
        fresh.clock.advance(hours=1)
        _take(fresh)
        job = _claim(fresh, job_id)
        assert job is not None
        ends.append(_fail(fresh, job))
    assert ends == [False] * 4 + [True]
    assert _state(fresh, job_id) == "discarded"
    fresh.clock.advance(hours=1)
    assert _take(fresh) == []
    assert fresh.value("SELECT last_error FROM jobs") == "why"


def test_a_final_failure_ends_a_job_at_once(fresh: Library) -> None:
    job = _running(fresh)
    assert _fail(fresh, job, final=True)
    assert _state(fresh, job.id) == "discarded"


def test_a_very_long_reason_is_kept_in_part(fresh: Library) -> None:
    job = _running(fresh)
    with fresh.db.write() as tx:
        jobs.fail(tx, job, "x" * 100_000, fresh.clock())
    assert len(fresh.value("SELECT last_error FROM jobs")) == 2000


def test_a_postponed_attempt_does_not_count(fresh: Library) -> None:
    job = _running(fresh)
    for _ in range(20):
        with fresh.db.write() as tx:
            jobs.postpone(tx, job, timedelta(minutes=1), "away", fresh.clock())
        assert _take(fresh) == []
        fresh.clock.advance(minutes=1)
        assert _take(fresh) == [job.id]
        again = _claim(fresh, job.id)
        assert again is not None
        assert again.attempt == 1


def test_after_a_crash_everything_unfinished_waits_again(fresh: Library) -> None:
    running = _running(fresh)
    carried = _enqueue(fresh)
    _take(fresh)
    done = _running(fresh)
    with fresh.db.write() as tx:
        jobs.complete(tx, done.id, fresh.clock())
    failed = _running(fresh)
    _fail(fresh, failed)
    with fresh.db.write() as tx:
        jobs.recover(tx)
    assert sorted(_take(fresh)) == [running.id, carried]
    again = _claim(fresh, running.id)
    assert again is not None
    assert again.attempt == 2
    fresh.clock.advance(seconds=1)
    assert _take(fresh) == [failed.id]


def test_ids_that_got_lost_on_the_way_are_handed_over_again(fresh: Library) -> None:
    lost, kept = _enqueue(fresh), _enqueue(fresh)
    _take(fresh)
    _claim(fresh, kept)
    fresh.clock.advance(minutes=1)
    with fresh.db.read() as db:
        assert jobs.dispatched(db, "thumbnail_asset", fresh.clock()) == [lost]
        early = fresh.clock() - timedelta(minutes=2)
        assert jobs.dispatched(db, "thumbnail_asset", early) == []
    with fresh.db.write() as tx:
        jobs.hand_back(tx, [lost, kept])
    assert _take(fresh) == [lost]


@pytest.mark.parametrize(
    ("state", "hours", "kept"),
    [
        ("completed", 23, True),
        ("completed", 25, False),
        ("cancelled", 23, True),
        ("cancelled", 25, False),
        ("discarded", 7 * 24 - 1, True),
        ("discarded", 7 * 24 + 1, False),
    ],
)
def test_finished_jobs_are_forgotten_after_a_while(
    fresh: Library, state: str, hours: int, kept: bool
) -> None:
    job = _running(fresh)
    at = fresh.value("SELECT attempted_at FROM jobs")
    fresh.run("UPDATE jobs SET state = ?, finalized_at = ?", state, at)
    _running(fresh)
    fresh.clock.advance(hours=hours)
    with fresh.db.write() as tx:
        jobs.delete_finished(tx, fresh.clock())
    assert (fresh.value("SELECT 1 FROM jobs WHERE id = ?", job.id) == 1) is kept
    assert fresh.value("SELECT count(*) FROM jobs WHERE state = 'running'") == 1


def test_an_upload_that_could_not_be_stored_is_never_forgotten(fresh: Library) -> None:
    job_id = _enqueue(fresh, INGEST)
    _take(fresh, "ingest_asset")
    job = _claim(fresh, job_id)
    assert job is not None
    _fail(fresh, job, final=True)
    fresh.clock.advance(days=400)
    with fresh.db.write() as tx:
        jobs.delete_finished(tx, fresh.clock())
    assert _state(fresh, job_id) == "discarded"


def test_attempts_and_queues_are_those_of_the_contract_and_one_of_ours() -> None:
    attempts = {kind.name: kind.max_attempts for kind in jobs.KINDS}
    assert attempts["ingest_asset"] == attempts["discover_asset"] == 5
    assert attempts["thumbnail_asset"] == attempts["metadata_asset"] == 5
    assert attempts["scan_repository"] == 25
    assert attempts["process_ocr"] == attempts["process_face"] == 8
    assert len(set(jobs.QUEUES)) == len(jobs.QUEUES) == 18
