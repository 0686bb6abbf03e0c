"""The job ledger: work to do, written in the transaction of the change that needs it.

The ledger is the truth about every job; the queue that runs them only carries ids. Nothing is lost
when the process dies, because a job counts as done only in the transaction of its result.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from lumilio.db import Connection, Transaction, to_microseconds

TOPIC = "jobs"
_LONGEST_ERROR = 2000
_KEEP_COMPLETED = timedelta(hours=24)
_KEEP_DISCARDED = timedelta(days=7)


class JobKind(Struct, frozen=True):
    """A kind of job, the queue that runs it, and how often it is tried."""

    name: str
    max_attempts: int
    queue: str = ""

    @property
    def queue_name(self) -> str:
        return self.queue or self.name


INGEST = JobKind("ingest_asset", 5)
DISCOVER = JobKind("discover_asset", 5)
THUMBNAIL = JobKind("thumbnail_asset", 5)
SCAN = JobKind("scan_repository", 25)

# Every queue that the contract names is shown, also those whose jobs later features bring.
KINDS = (
    INGEST,
    DISCOVER,
    JobKind("metadata_asset", 5),
    THUMBNAIL,
    JobKind("transcode_asset", 5),
    JobKind("retry_asset", 25),
    JobKind("reindex_assets", 25),
    JobKind("rebuild_location_clusters", 25),
    SCAN,
    JobKind("detect_stacks", 25),
    JobKind("match_live_photo", 25),
    JobKind("process_semantic", 8),
    JobKind("process_bioclip", 8),
    JobKind("process_ocr", 8),
    JobKind("process_face", 8),
    JobKind("classify_zeroshot", 8),
    JobKind("process_phash", 25),
)
QUEUES = tuple(kind.queue_name for kind in KINDS)


class Job(Struct, frozen=True):
    """A job that has been claimed for running."""

    id: int
    kind: str
    attempt: int
    max_attempts: int
    payload: str
    asset_key: int | None
    last_error: str

    def read(self, payload_type: type[Any]) -> Any:
        """The payload as the Struct it was written from."""
        return msgspec.json.decode(self.payload, type=payload_type)


class NewJob(Struct, frozen=True):
    """A job to be written into the ledger."""

    kind: JobKind
    payload: Struct
    asset_key: int | None = None
    unique_key: str | None = None


def enqueue(tx: Transaction, job: NewJob, now: datetime) -> int:
    """Write a job into the ledger; an unfinished one with the same unique key is returned instead."""
    if job.unique_key is not None:
        same = tx.value(
            "SELECT id FROM jobs WHERE unique_key = ?"
            " AND state IN ('available', 'scheduled', 'running', 'retryable')",
            (job.unique_key,),
        )
        if same is not None:
            return int(same)
    tx.notify(TOPIC)
    return tx.insert(_INSERT, _values(job, now))


def enqueue_all(tx: Transaction, jobs: Iterable[NewJob], now: datetime) -> None:
    """Write many jobs; those whose unique key is taken by an unfinished one are left out."""
    tx.notify(TOPIC)
    tx.run_many(_INSERT.replace("INSERT", "INSERT OR IGNORE", 1), [_values(j, now) for j in jobs])


_INSERT = (
    "INSERT INTO jobs (kind, queue, state, max_attempts, payload, unique_key, asset_id,"
    " created_at, scheduled_at) VALUES (?, ?, 'available', ?, ?, ?, ?, ?, ?)"
)


def _values(job: NewJob, now: datetime) -> tuple[Any, ...]:
    at = to_microseconds(now)
    payload = msgspec.json.encode(job.payload).decode()
    kind = job.kind
    return (
        kind.name,
        kind.queue_name,
        kind.max_attempts,
        payload,
        job.unique_key,
        job.asset_key,
        at,
        at,
    )


def take_waiting(tx: Transaction, queue: str, limit: int, now: datetime) -> list[int]:
    """Ids of due jobs that nobody carries yet, oldest first; they count as handed over now."""
    at = to_microseconds(now)
    return tx.rows(
        int,
        "UPDATE jobs SET dispatched_at = ?, state = 'available' WHERE id IN ("
        " SELECT id FROM jobs WHERE queue = ? AND state IN ('available', 'scheduled', 'retryable')"
        " AND dispatched_at IS NULL AND scheduled_at <= ? ORDER BY scheduled_at, id LIMIT ?"
        ") RETURNING id",
        (at, queue, at, limit),
    )


def next_due(db: Connection, queue: str) -> int | None:
    """When the earliest job of a queue that nobody carries is due, in microseconds, or None."""
    found: int | None = db.value(
        "SELECT min(scheduled_at) FROM jobs WHERE queue = ? AND dispatched_at IS NULL"
        " AND state IN ('available', 'scheduled', 'retryable')",
        (queue,),
    )
    return found


def dispatched(db: Connection, queue: str, before: datetime) -> list[int]:
    """Ids that were handed over before an instant and still wait to be claimed."""
    return db.rows(
        int,
        "SELECT id FROM jobs WHERE queue = ? AND dispatched_at < ?"
        " AND state IN ('available', 'scheduled', 'retryable')",
        (queue, to_microseconds(before)),
    )


def hand_back(tx: Transaction, ids: Sequence[int]) -> None:
    """Make jobs available for dispatch again whose id got lost on the way."""
    tx.run_many(
        "UPDATE jobs SET dispatched_at = NULL WHERE id = ? AND state = 'available'",
        [(job_id,) for job_id in ids],
    )


def claim(tx: Transaction, job_id: int, now: datetime) -> Job | None:
    """Start an attempt; None when the job is not waiting, so that no id runs twice."""
    return tx.row(
        Job,
        "UPDATE jobs SET state = 'running', attempt = attempt + 1, attempted_at = ?"
        " WHERE id = ? AND state = 'available'"
        " RETURNING id, kind, attempt, max_attempts, payload, asset_id, last_error",
        (to_microseconds(now), job_id),
    )


def complete(tx: Transaction, job_id: int, now: datetime) -> None:
    """Mark a job as done; belongs into the transaction of its result."""
    tx.run(
        "UPDATE jobs SET state = 'completed', finalized_at = ?, last_error = '' WHERE id = ?",
        (to_microseconds(now), job_id),
    )


def fail(tx: Transaction, job: Job, reason: str, now: datetime, *, final: bool = False) -> bool:
    """Record a failed attempt; returns whether it was the last one."""
    last = final or job.attempt >= job.max_attempts
    at = to_microseconds(now)
    if last:
        tx.run(
            "UPDATE jobs SET state = 'discarded', finalized_at = ?, last_error = ? WHERE id = ?",
            (at, reason[:_LONGEST_ERROR], job.id),
        )
    else:
        tx.run(
            "UPDATE jobs SET state = 'retryable', dispatched_at = NULL, scheduled_at = ?,"
            " last_error = ? WHERE id = ?",
            (to_microseconds(now + _delay(job.attempt)), reason[:_LONGEST_ERROR], job.id),
        )
        tx.notify(TOPIC)
    return last


def postpone(tx: Transaction, job: Job, delay: timedelta, reason: str, now: datetime) -> None:
    """Put an attempt off that could not be made, without counting it."""
    tx.run(
        "UPDATE jobs SET state = 'scheduled', attempt = attempt - 1, dispatched_at = NULL,"
        " scheduled_at = ?, last_error = ? WHERE id = ?",
        (to_microseconds(now + delay), reason[:_LONGEST_ERROR], job.id),
    )
    tx.notify(TOPIC)


def recover(tx: Transaction) -> None:
    """After a start nothing runs and nothing is carried: all unfinished jobs wait again."""
    tx.run(
        "UPDATE jobs SET state = 'available', dispatched_at = NULL"
        " WHERE state = 'running' OR (state = 'available' AND dispatched_at IS NOT NULL)"
    )
    # An upload was acknowledged; whatever kept it from its place may be gone by now.
    tx.run(
        "UPDATE jobs SET state = 'available', attempt = 0, dispatched_at = NULL,"
        " finalized_at = NULL WHERE kind = ? AND state = 'discarded'",
        (INGEST.name,),
    )


def delete_finished(tx: Transaction, now: datetime) -> None:
    """Forget jobs that ended long enough ago."""
    for states, age in (
        ("'completed', 'cancelled'", _KEEP_COMPLETED),
        ("'discarded'", _KEEP_DISCARDED),
    ):
        tx.run(
            # An upload that could not be stored is kept in staging for as long as its job is known.
            f"DELETE FROM jobs WHERE finalized_at < ? AND state IN ({states})"
            " AND NOT (kind = ? AND state = 'discarded')",
            (to_microseconds(now - age), INGEST.name),
        )


def _delay(attempt: int) -> timedelta:
    return timedelta(seconds=attempt**4)
