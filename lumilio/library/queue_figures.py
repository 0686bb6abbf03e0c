"""Figures about the job queues, for administrators."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.db import Connection, from_microseconds
from lumilio.library import jobs
from lumilio.library.context import Context
from lumilio.library.users import Instant

_ATTENTION = "state IN ('retryable', 'cancelled', 'discarded')"


class JobStateCounts(Struct):
    """How many jobs are in each state."""

    available: int
    scheduled: int
    running: int
    retryable: int
    completed: int
    cancelled: int
    discarded: int


class QueueErrorSample(Struct, omit_defaults=True):
    """One job that needs attention."""

    job_id: int
    kind: str
    state: Literal["retryable", "cancelled", "discarded"]
    attempt: int
    max_attempts: int
    last_error: str
    created_at: Instant
    scheduled_at: Instant
    attempted_at: Instant | UnsetType = UNSET
    finalized_at: Instant | UnsetType = UNSET
    asset_id: Annotated[UUID | UnsetType, Meta(description="What it works on (our addition).")] = (
        UNSET
    )


class QueueSummary(Struct, omit_defaults=True):
    """What one queue has done and has left to do."""

    name: str
    total_jobs: int
    processed_jobs: int
    remaining_jobs: int
    running_jobs: int
    attention_jobs: int
    average_latency_ms: int | UnsetType = UNSET
    average_runtime_ms: int | UnsetType = UNSET
    oldest_remaining_at: Instant | UnsetType = UNSET
    latest_activity_at: Instant | UnsetType = UNSET
    error_samples: list[QueueErrorSample] | UnsetType = UNSET
    paused: Annotated[bool, Meta(description="Present while paused (our addition).")] = False


class QueueSummaryList(Struct):
    """All queues, those that need attention first."""

    queues: list[QueueSummary]
    generated_at: Instant


def state_counts(ctx: Context) -> JobStateCounts:
    """Count the jobs in the ledger by state."""
    with ctx.db.read() as db:
        rows = db.rows(lambda *row: row, "SELECT state, count(*) FROM jobs GROUP BY state")
    return JobStateCounts(**dict.fromkeys(JobStateCounts.__struct_fields__, 0) | dict(rows))


def summary(ctx: Context, error_limit: int) -> QueueSummaryList:
    """Every known queue with its figures and its newest failures."""
    with ctx.db.read() as db:
        found = {queue.name: queue for queue in db.rows(_decode, _SUMMARY)}
        paused = db.rows(str, "SELECT name FROM paused_queues")
        for queue in found.values():
            if error_limit and queue.attention_jobs:
                queue.error_samples = _errors(db, queue.name, error_limit)
    for name in (*jobs.QUEUES, *paused):
        found.setdefault(name, QueueSummary(name, 0, 0, 0, 0, 0))
    for name in paused:
        found[name].paused = True
    return QueueSummaryList(sorted(found.values(), key=_urgency), ctx.now())


_SUMMARY = f"""
SELECT queue, count(*), total(state = 'completed'), total({jobs.UNFINISHED}),
    total(state = 'running'), total({_ATTENTION}),
    avg(CASE WHEN finalized_at IS NOT NULL THEN finalized_at - created_at END) / 1000,
    avg(CASE WHEN finalized_at IS NOT NULL THEN finalized_at - attempted_at END) / 1000,
    min(CASE WHEN {jobs.UNFINISHED} THEN created_at END),
    max(max(created_at, scheduled_at, COALESCE(attempted_at, 0), COALESCE(finalized_at, 0)))
FROM jobs GROUP BY queue
"""


def _decode(name: str, *figures: Any) -> QueueSummary:
    total, processed, remaining, running, attention, latency, runtime, oldest, latest = figures
    return QueueSummary(
        name,
        total,
        int(processed),
        int(remaining),
        int(running),
        int(attention),
        UNSET if latency is None else round(latency),
        UNSET if runtime is None else round(runtime),
        _instant(oldest),
        _instant(latest),
    )


def _errors(db: Connection, queue: str, limit: int) -> list[QueueErrorSample]:
    return db.rows(
        _decode_error,
        "SELECT id, kind, state, attempt, max_attempts, last_error, created_at, scheduled_at,"
        " attempted_at, finalized_at,"
        " (SELECT asset_id FROM assets WHERE assets.id = jobs.asset_id)"
        f" FROM jobs WHERE queue = ? AND {_ATTENTION}"
        " ORDER BY attempted_at DESC, id DESC LIMIT ?",
        (queue, limit),
    )


def _decode_error(*row: Any) -> QueueErrorSample:
    *facts, asset_id = row
    sample = QueueErrorSample(*facts[:6], *(_instant(at) for at in facts[6:]))
    if asset_id is not None:
        sample.asset_id = UUID(bytes=asset_id)
    return sample


def _urgency(queue: QueueSummary) -> tuple[Any, ...]:
    latest = queue.latest_activity_at
    activity = latest.timestamp() if isinstance(latest, datetime) else 0.0
    return (-queue.attention_jobs, -queue.remaining_jobs, -activity, queue.name)


def _instant(value: int | None) -> Any:
    return UNSET if value is None else from_microseconds(value)
