"""Runs of scanning a repository's user area, and their counters."""

from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET, Struct, UnsetType

from lumilio.db import Connection, Transaction, from_microseconds, to_microseconds
from lumilio.errors import NotFound
from lumilio.library import jobs, repositories
from lumilio.library.context import Context
from lumilio.library.jobs import Job
from lumilio.library.users import Instant

ScanMode = Literal["periodic", "manual"]


class ScanRun(Struct, omit_defaults=True, kw_only=True):
    """One scan of a repository."""

    scan_id: UUID
    repository_id: UUID
    mode: ScanMode
    requested_by: str | UnsetType = UNSET
    status: Literal["queued", "running", "completed", "failed", "cancelled"]
    started_at: Instant
    finished_at: Instant | UnsetType = UNSET
    discovered_count: int
    updated_count: int
    deleted_count: int
    skipped_count: int
    error: str | UnsetType = UNSET


class ScanJob(Struct, frozen=True):
    """Payload of a scan job."""

    repository_key: int
    mode: ScanMode
    requested_by: str
    force: bool


class ScanCounts(Struct):
    """What a scan has found so far."""

    discovered: int = 0
    updated: int = 0
    deleted: int = 0
    skipped: int = 0


class OpenRun(Struct):
    """A run that goes on: its counts so far, and up to which path its files are in the queue."""

    counts: ScanCounts
    reached: str


def queue(ctx: Context, repository_id: UUID, *, force: bool) -> int:
    """Queue a manual scan; returns the job id, that of a scan already waiting or running too."""
    repository = repositories.require(ctx, repository_id)
    request = ScanJob(repository.key, "manual", ctx.principal.username, force)
    job = jobs.NewJob(jobs.SCAN, request, unique_key=f"scan:{repository.key}:{force}")
    with ctx.db.write() as tx:
        return jobs.enqueue(tx, job, ctx.now())


def queue_periodic(ctx: Context, repository_key: int) -> bool:
    """Queue a scan that nobody asked for, unless one waits or runs; whether it was queued."""
    request = ScanJob(repository_key, "periodic", "", False)
    keys = _unique_keys(repository_key)
    with ctx.db.write() as tx:
        if any(jobs.is_unfinished(tx, key) for key in keys):
            return False
        jobs.enqueue(tx, jobs.NewJob(jobs.SCAN, request, unique_key=keys[-1]), ctx.now())
    return True


def is_running(ctx: Context, repository_key: int) -> bool:
    """Whether a scan of this repository is at work."""
    with ctx.db.read() as db:
        return any(jobs.is_running(db, key) for key in _unique_keys(repository_key))


def _unique_keys(repository_key: int) -> tuple[str, ...]:
    return tuple(f"scan:{repository_key}:{kind}" for kind in (False, True, "periodic"))


def list_runs(ctx: Context, repository_id: UUID, limit: int, offset: int) -> list[ScanRun]:
    """A repository's runs, latest first; empty for an unknown repository."""
    with ctx.db.read() as db:
        return db.rows(
            _decode,
            f"{_SELECT} WHERE repositories.repository_id = ? AND unregistered_at IS NULL"
            " ORDER BY scan_runs.id DESC LIMIT ? OFFSET ?",
            (repository_id.bytes, limit, offset),
        )


def latest(ctx: Context, repository_id: UUID) -> ScanRun:
    """The latest run; raises NotFound when there is none."""
    runs = list_runs(ctx, repository_id, 1, 0)
    if not runs:
        raise NotFound("This repository has not been scanned yet")
    return runs[0]


def of_keys(ctx: Context, db: Connection, keys: str) -> list[ScanRun]:
    """The runs with these keys, given as a JSON array."""
    wanted = "scan_runs.id IN (SELECT value FROM json_each(?)) AND unregistered_at IS NULL"
    return db.rows(_decode, f"{_SELECT} WHERE {wanted}", (keys,))


def start(tx: Transaction, job: Job, request: ScanJob, now: datetime) -> OpenRun:
    """Open the run of a job, or go on with the one that a restart interrupted."""
    found = tx.row(
        lambda reached, *counts: OpenRun(ScanCounts(*counts), reached),
        "SELECT reached, discovered_count, updated_count, deleted_count, skipped_count"
        " FROM scan_runs WHERE job_id = ? AND status = 'running'",
        (job.id,),
    )
    if found is not None:
        return found
    at = to_microseconds(now)
    # Of an older version, which did not know which job a run belonged to.
    tx.run(
        "UPDATE scan_runs SET status = 'failed', finished_at = ?,"
        " error = 'interrupted by server restart'"
        " WHERE repository_id = ? AND status = 'running' AND job_id IS NULL",
        (at, request.repository_key),
    )
    tx.run(
        "INSERT INTO scan_runs (scan_id, repository_id, mode, requested_by, status, started_at,"
        " job_id) VALUES (?, ?, ?, ?, 'running', ?, ?)",
        (
            uuid4().bytes,
            request.repository_key,
            request.mode,
            request.requested_by or None,
            at,
            job.id,
        ),
    )
    return OpenRun(ScanCounts(), "")


def record(tx: Transaction, job: Job, counts: ScanCounts, reached: str) -> None:
    """Write down how far a run has come; belongs into the transaction of what it counts."""
    tx.run(
        "UPDATE scan_runs SET discovered_count = ?, updated_count = ?, deleted_count = ?,"
        " skipped_count = ?, reached = ? WHERE job_id = ? AND status = 'running'",
        (*msgspec.structs.astuple(counts), reached, job.id),
    )


def finish(tx: Transaction, job: Job, error: str | None, now: datetime) -> None:
    """Close the run of a job, if there is one, as failed when there was an error.

    Of the periodic runs before it, those are forgotten that changed nothing either and told nothing
    else, so that a quiet day leaves one run and not hundreds.
    """
    key = tx.value("SELECT id FROM scan_runs WHERE job_id = ? AND status = 'running'", (job.id,))
    if key is None:
        return
    tx.run(
        "UPDATE scan_runs SET status = ?, finished_at = ?, error = ? WHERE id = ?",
        ("failed" if error else "completed", to_microseconds(now), error, key),
    )
    tx.run(
        "DELETE FROM scan_runs WHERE id IN (SELECT former.id FROM scan_runs AS this"
        " JOIN scan_runs AS former ON former.repository_id = this.repository_id"
        " AND former.id < this.id AND former.mode = this.mode AND former.status = this.status"
        " AND former.error IS this.error WHERE this.id = ? AND this.mode = 'periodic'"
        f" AND {_UNCHANGED.format('this')} AND {_UNCHANGED.format('former')})",
        (key,),
    )


_UNCHANGED = "{0}.discovered_count + {0}.updated_count + {0}.deleted_count = 0"
_SELECT = (
    "SELECT scan_id, repositories.repository_id, mode, requested_by, status, started_at,"
    " finished_at, discovered_count, updated_count, deleted_count, skipped_count, error"
    " FROM scan_runs JOIN repositories ON repositories.id = scan_runs.repository_id"
)


def _decode(
    scan_id: bytes,
    repository_id: bytes,
    mode: ScanMode,
    requested_by: str | None,
    status: Literal["queued", "running", "completed", "failed", "cancelled"],
    started_at: int,
    finished_at: int | None,
    discovered: int,
    updated: int,
    deleted: int,
    skipped: int,
    error: str | None,
) -> ScanRun:
    return ScanRun(
        scan_id=UUID(bytes=scan_id),
        repository_id=UUID(bytes=repository_id),
        mode=mode,
        requested_by=requested_by or UNSET,
        status=status,
        started_at=from_microseconds(started_at),
        finished_at=UNSET if finished_at is None else from_microseconds(finished_at),
        discovered_count=discovered,
        updated_count=updated,
        deleted_count=deleted,
        skipped_count=skipped,
        error=error or UNSET,
    )
