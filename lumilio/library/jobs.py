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
from lumilio.library import processing

TOPIC = "jobs"
_LONGEST_ERROR = 2000
# No job is put off for longer than this.
LONGEST_DELAY = timedelta(minutes=5)
_KEEP_COMPLETED = timedelta(hours=24)
_KEEP_DISCARDED = timedelta(days=7)


class JobKind(Struct, frozen=True):
    """A kind of job, which has a queue of its name, how often it is tried, and its asset's steps.

    One that can be stopped looks again and again whether it is still running.
    """

    name: str
    max_attempts: int
    steps: tuple[str, ...] = ()
    can_be_stopped: bool = False


INGEST = JobKind("ingest_asset", 5, steps=(processing.COMMIT_STAGING, *processing.TASKS["VIDEO"]))
DISCOVER = JobKind("discover_asset", 5)
METADATA = JobKind("metadata_asset", 5, steps=(processing.METADATA,))
THUMBNAIL = JobKind("thumbnail_asset", 5, steps=processing.PHOTO_TASKS)
TRANSCODE = JobKind("transcode_asset", 5, steps=(processing.TRANSCODE,), can_be_stopped=True)
SCAN = JobKind("scan_repository", 25)
DELETE = JobKind("delete_assets", 5)
DETECT_STACKS = JobKind("detect_stacks", 25)

# Every queue that the contract names is shown beside ours, also those whose jobs later features bring.
KINDS = (
    INGEST,
    DISCOVER,
    METADATA,
    THUMBNAIL,
    TRANSCODE,
    JobKind("retry_asset", 25),
    JobKind("reindex_assets", 25),
    JobKind("rebuild_location_clusters", 25),
    SCAN,
    DELETE,
    DETECT_STACKS,
    JobKind("match_live_photo", 25),
    JobKind("process_semantic", 8),
    JobKind("process_bioclip", 8),
    JobKind("process_ocr", 8),
    JobKind("process_face", 8),
    JobKind("classify_zeroshot", 8),
    JobKind("process_phash", 25),
)
QUEUES = tuple(kind.name for kind in KINDS)
_STEPS = {kind.name: kind.steps for kind in KINDS}
STOPPABLE = frozenset(kind.name for kind in KINDS if kind.can_be_stopped)

# What `_delay` gives, as SQL.
_DELAY_US = "attempt * attempt * attempt * attempt * 1000000"
UNFINISHED = "state IN ('available', 'scheduled', 'running', 'retryable')"
_WAITING = "state IN ('available', 'scheduled', 'retryable')"
_NOT_PAUSED = "queue NOT IN (SELECT name FROM paused_queues)"
_REPOSITORY = (
    "COALESCE((SELECT repository_id FROM assets WHERE assets.id = jobs.asset_id),"
    " payload ->> 'repository_key')"
)


def steps_of(kind: str) -> tuple[str, ...]:
    """The steps of an asset that jobs of this kind do."""
    return _STEPS.get(kind, ())


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
            f"SELECT id FROM jobs WHERE unique_key = ? AND {UNFINISHED}", (job.unique_key,)
        )
        if same is not None:
            return int(same)
    tx.notify(TOPIC)
    return tx.insert(_INSERT, _values(job, now))


def enqueue_all(tx: Transaction, jobs: Iterable[NewJob], now: datetime) -> int:
    """Write many jobs; those whose unique key is taken by an unfinished one are left out.

    Returns how many were written.
    """
    tx.notify(TOPIC)
    insert = _INSERT.replace("INSERT", "INSERT OR IGNORE", 1)
    return sum(tx.run(insert, _values(job, now)) for job in jobs)


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
        kind.name,
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
        f" SELECT id FROM jobs WHERE queue = ? AND {_WAITING} AND {_NOT_PAUSED}"
        " AND dispatched_at IS NULL AND scheduled_at <= ? ORDER BY scheduled_at, id LIMIT ?"
        ") RETURNING id",
        (at, queue, at, limit),
    )


def next_due(db: Connection, queue: str) -> int | None:
    """When the earliest job of a queue that nobody carries is due, in microseconds, or None.

    Nothing is due in a paused queue.
    """
    found: int | None = db.value(
        # Not a condition on each row, which would read the whole backlog of a paused queue.
        "SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM paused_queues WHERE name = ?1) THEN"
        f" (SELECT min(scheduled_at) FROM jobs WHERE queue = ?1 AND dispatched_at IS NULL AND {_WAITING})"
        " END",
        (queue,),
    )
    return found


def dispatched(db: Connection, queue: str, before: datetime) -> list[int]:
    """Ids that were handed over before an instant and still wait to be claimed."""
    return db.rows(
        int,
        f"SELECT id FROM jobs WHERE queue = ? AND dispatched_at < ? AND {_WAITING}",
        (queue, to_microseconds(before)),
    )


def hand_back(tx: Transaction, ids: Sequence[int]) -> None:
    """Make jobs available for dispatch again whose id got lost on the way."""
    tx.run_many(
        "UPDATE jobs SET dispatched_at = NULL WHERE id = ? AND state = 'available'",
        [(job_id,) for job_id in ids],
    )


def claim(tx: Transaction, ids: Sequence[int], now: datetime) -> list[Job]:
    """Start an attempt of each job that still waits and whose queue is not paused."""
    claimed = tx.rows(
        Job,
        "UPDATE jobs SET state = 'running', attempt = attempt + 1, attempted_at = ?, progress = NULL"
        " WHERE id IN (SELECT value FROM json_each(?))"
        f" AND state = 'available' AND {_NOT_PAUSED}"
        " RETURNING id, kind, attempt, max_attempts, payload, asset_id, last_error",
        (to_microseconds(now), msgspec.json.encode(ids).decode()),
    )
    return sorted(claimed, key=lambda job: job.id)


def unclaim(tx: Transaction, ids: Iterable[int]) -> None:
    """Take back attempts that were not begun; the jobs wait again."""
    tx.run_many(
        "UPDATE jobs SET state = 'available', attempt = attempt - 1, dispatched_at = NULL"
        " WHERE id = ? AND state = 'running'",
        [(job_id,) for job_id in ids],
    )


def note_progress(tx: Transaction, job_id: int, progress: float) -> bool:
    """Note which part of a running job is done, 0 to 1; False when it runs no longer."""
    changed = tx.run(
        "UPDATE jobs SET progress = ? WHERE id = ? AND state = 'running'", (progress, job_id)
    )
    return bool(changed)


def is_running(db: Connection, job_id: int) -> bool:
    """Whether a job runs, and nobody has ended it meanwhile."""
    return bool(db.value("SELECT 1 FROM jobs WHERE id = ? AND state = 'running'", (job_id,)))


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
    """Put an attempt off that could not be made, without counting it.

    Jobs of its kind for the same repository that are due wait with it instead of trying in vain.
    """
    due = to_microseconds(now + delay)
    tx.run(
        "UPDATE jobs SET state = 'scheduled', attempt = attempt - 1, dispatched_at = NULL,"
        " scheduled_at = ?, last_error = ? WHERE id = ?",
        (due, reason[:_LONGEST_ERROR], job.id),
    )
    tx.run(
        "UPDATE jobs SET state = 'scheduled', scheduled_at = ? WHERE queue = ? AND dispatched_at"
        f" IS NULL AND {_WAITING} AND scheduled_at <= ? AND {_REPOSITORY} = ?",
        (due, job.kind, to_microseconds(now), repository_key(tx, job.id)),
    )
    tx.notify(TOPIC)


def bring_forward(tx: Transaction, now: datetime) -> int:
    """Let jobs that wait for an instant that only a wrong clock could name wait no longer.

    Each kind of waiting has its longest time; returns how many jobs waited for more than that.
    """
    at = to_microseconds(now)
    tx.run("UPDATE jobs SET dispatched_at = ?1 WHERE dispatched_at > ?1", (at,))
    longest = f"CASE state WHEN 'available' THEN 0 WHEN 'retryable' THEN {_DELAY_US} ELSE ?2 END"
    return tx.run(
        f"UPDATE jobs SET scheduled_at = ?1 WHERE {_WAITING} AND scheduled_at > ?1 + {longest}",
        (at, LONGEST_DELAY // timedelta(microseconds=1)),
    )


def cancel(tx: Transaction, ids: Iterable[int], reason: str, now: datetime) -> None:
    """End jobs without a result."""
    tx.run_many(
        "UPDATE jobs SET state = 'cancelled', finalized_at = ?, last_error = ? WHERE id = ?",
        [(to_microseconds(now), reason, job_id) for job_id in ids],
    )


def restart(tx: Transaction, ids: Iterable[int], now: datetime) -> None:
    """Let ended jobs wait again as if they had never been tried."""
    tx.run_many(
        "UPDATE jobs SET state = 'available', attempt = 0, scheduled_at = ?, dispatched_at = NULL,"
        " finalized_at = NULL, last_error = '' WHERE id = ?",
        [(to_microseconds(now), job_id) for job_id in ids],
    )
    tx.notify(TOPIC)


def is_on_its_way(db: Connection, asset_key: int) -> bool:
    """Whether an uploaded file has yet to be brought to its place."""
    return bool(
        db.value(
            f"SELECT 1 FROM jobs WHERE asset_id = ? AND kind = ? AND {UNFINISHED}",
            (asset_key, INGEST.name),
        )
    )


def is_unfinished(db: Connection, unique_key: str) -> bool:
    """Whether a job of this key waits or runs."""
    return bool(
        db.value(f"SELECT 1 FROM jobs WHERE unique_key = ? AND {UNFINISHED}", (unique_key,))
    )


def is_in_progress(db: Connection, unique_key: str) -> bool:
    """Whether a job of this key is at work."""
    return bool(
        db.value(
            f"SELECT 1 FROM jobs WHERE unique_key = ? AND {UNFINISHED} AND state = 'running'",
            (unique_key,),
        )
    )


def was_discarded(db: Connection, unique_key: str, since: datetime) -> bool:
    """Whether the work of this key was given up after an instant."""
    return bool(
        db.value(
            "SELECT 1 FROM jobs WHERE unique_key = ? AND state = 'discarded' AND finalized_at > ?",
            (unique_key, to_microseconds(since)),
        )
    )


def waiting_in(db: Connection, repository_key: int) -> list[int]:
    """Ids of the jobs that wait to work in a repository."""
    return db.rows(
        int, f"SELECT id FROM jobs WHERE {_WAITING} AND {_REPOSITORY} = ?", (repository_key,)
    )


def waiting_for(db: Connection, asset_key: int, kind: JobKind) -> list[int]:
    """Ids of the jobs of a kind that wait to work on an asset."""
    return db.rows(
        int,
        f"SELECT id FROM jobs WHERE asset_id = ? AND kind = ? AND {_WAITING}",
        (asset_key, kind.name),
    )


def waiting_on(db: Connection, asset_key: int) -> list[int]:
    """Ids of all jobs that wait to work on an asset."""
    return db.rows(int, f"SELECT id FROM jobs WHERE asset_id = ? AND {_WAITING}", (asset_key,))


def repository_key(db: Connection, job_id: int) -> int | None:
    """The repository that a job works in, or None."""
    found: int | None = db.value(f"SELECT {_REPOSITORY} FROM jobs WHERE id = ?", (job_id,))
    return found


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
            # An upload that was not stored is kept in staging for as long as its job is known.
            f"DELETE FROM jobs WHERE finalized_at < ? AND state IN ({states})"
            " AND NOT (kind = ? AND state <> 'completed')",
            (to_microseconds(now - age), INGEST.name),
        )


def _delay(attempt: int) -> timedelta:
    return timedelta(seconds=attempt**4)
