"""What an administrator may do to jobs and queues: try again, cancel, pause and resume."""

import contextlib
from datetime import datetime
from typing import Literal

from msgspec import Struct

from lumilio.db import Connection, Transaction, to_microseconds
from lumilio.errors import Conflict, NotFound
from lumilio.library import asset_records, jobs, registrations
from lumilio.library.context import Context

_BATCH = 200
_CANCELLED = "Cancelled by an administrator"


class JobStatus(Struct):
    """What became of a job."""

    job_id: int
    state: Literal["available", "cancelled"]


class QueueStatus(Struct):
    """Whether a queue hands out jobs."""

    name: str
    paused: bool


class QueueRetry(Struct):
    """How many jobs of a queue are tried again."""

    name: str
    retried_jobs: int


class _StoredJob(Struct, frozen=True):
    """What steering needs to know of a job."""

    id: int
    kind: str
    state: str
    asset_key: int | None


def retry(ctx: Context, job_id: int) -> JobStatus:
    """Make a failed or cancelled job available with all its attempts, and its steps pending.

    Raises NotFound, and Conflict for a job in another state or whose work is not wanted any more.
    """
    now = ctx.now()
    with ctx.db.write() as tx:
        _restart(tx, _require(tx, job_id), now)
    return JobStatus(job_id, "available")


def retry_all(ctx: Context, name: str) -> QueueRetry:
    """Retry every failed job of a queue whose work is still wanted; cancelled ones stay cancelled.

    Raises NotFound.
    """
    now = ctx.now()
    with ctx.db.read() as db:
        _check_queue(db, name)
        failed = db.rows(
            int,
            "SELECT id FROM jobs WHERE queue = ? AND state IN ('discarded', 'retryable')",
            (name,),
        )
    retried = 0
    # Others want to write, too, while thousands of photos are told to wait again.
    for start in range(0, len(failed), _BATCH):
        with ctx.db.write() as tx:
            for job_id in failed[start : start + _BATCH]:
                with contextlib.suppress(NotFound, Conflict):
                    _restart(tx, _require(tx, job_id), now)
                    retried += 1
    return QueueRetry(name, retried)


def cancel(ctx: Context, job_id: int) -> JobStatus:
    """End a job that waits, and tell its asset; raises NotFound and Conflict."""
    now = ctx.now()
    with ctx.db.write() as tx:
        job = _require(tx, job_id)
        if job.state not in ("available", "scheduled", "retryable"):
            raise Conflict(f"The job is {job.state}; only one that waits can be cancelled")
        jobs.cancel(tx, [job_id], _CANCELLED, now)
        if job.asset_key is not None:
            steps = jobs.steps_of(job.kind)
            asset_records.record_cancellation(tx, job.asset_key, steps, _CANCELLED, now)
    return JobStatus(job_id, "cancelled")


def pause(ctx: Context, name: str) -> QueueStatus:
    """Hand out nothing more of a queue until it is resumed; raises NotFound."""
    with ctx.db.write() as tx:
        _check_queue(tx, name)
        tx.run(
            "INSERT OR IGNORE INTO paused_queues (name, paused_at) VALUES (?, ?)",
            (name, to_microseconds(ctx.now())),
        )
        # What was handed out but has not begun is refused from now on and waits in the ledger.
        tx.run(
            "UPDATE jobs SET dispatched_at = NULL WHERE queue = ? AND state = 'available'", (name,)
        )
        tx.notify(jobs.TOPIC)
    return QueueStatus(name, True)


def resume(ctx: Context, name: str) -> QueueStatus:
    """Hand out the jobs of a queue again; raises NotFound."""
    with ctx.db.write() as tx:
        _check_queue(tx, name)
        tx.run("DELETE FROM paused_queues WHERE name = ?", (name,))
        tx.notify(jobs.TOPIC)
    return QueueStatus(name, False)


def _require(db: Connection, job_id: int) -> _StoredJob:
    found = db.row(_StoredJob, "SELECT id, kind, state, asset_id FROM jobs WHERE id = ?", (job_id,))
    if found is None:
        raise NotFound("There is no such job")
    return found


def _restart(tx: Transaction, job: _StoredJob, now: datetime) -> None:
    if job.state not in ("discarded", "cancelled", "retryable"):
        raise Conflict(f"The job is {job.state}; only a failed or cancelled one can be retried")
    if registrations.is_let_go(tx, job.id):
        raise Conflict("The repository of this job is not registered")
    if _is_superseded(tx, job.id):
        raise Conflict("A newer job does the same work")
    jobs.restart(tx, [job.id], now)
    if job.asset_key is not None:
        asset_records.record_restart(tx, job.asset_key, jobs.steps_of(job.kind), now)


def _is_superseded(tx: Transaction, job_id: int) -> bool:
    return bool(
        tx.value(
            "SELECT 1 FROM jobs JOIN jobs AS newer ON newer.id > jobs.id AND"
            " ((newer.asset_id = jobs.asset_id AND newer.kind = jobs.kind)"
            " OR newer.unique_key = jobs.unique_key) WHERE jobs.id = ?",
            (job_id,),
        )
    )


def _check_queue(db: Connection, name: str) -> None:
    known = name in jobs.QUEUES or db.value(
        "SELECT 1 FROM jobs WHERE queue = ?1 UNION ALL SELECT 1 FROM paused_queues WHERE name = ?1",
        (name,),
    )
    if not known:
        raise NotFound("There is no such queue")
