"""Runs of scanning a repository's user area, and their counters."""

from typing import Literal
from uuid import UUID, uuid4

from msgspec import UNSET, Struct, UnsetType

from lumilio.db import Connection, from_microseconds, to_microseconds
from lumilio.errors import NotFound
from lumilio.library import jobs, repositories
from lumilio.library.context import Context
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


def queue(ctx: Context, repository_id: UUID, *, force: bool) -> int:
    """Queue a manual scan; returns the job id, that of a scan already waiting or running too."""
    repository = repositories.require(ctx, repository_id)
    request = ScanJob(repository.key, "manual", ctx.principal.username, force)
    job = jobs.NewJob(jobs.SCAN, request, unique_key=f"scan:{repository.key}:{force}")
    with ctx.db.write() as tx:
        return jobs.enqueue(tx, job, ctx.now())


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


def start(ctx: Context, request: ScanJob) -> int:
    """Open a run; returns its key. A run that a restart interrupted is closed as failed."""
    now = to_microseconds(ctx.now())
    with ctx.db.write() as tx:
        tx.run(
            "UPDATE scan_runs SET status = 'failed', finished_at = ?,"
            " error = 'interrupted by server restart'"
            " WHERE repository_id = ? AND status = 'running'",
            (now, request.repository_key),
        )
        return tx.insert(
            "INSERT INTO scan_runs (scan_id, repository_id, mode, requested_by, status, started_at)"
            " VALUES (?, ?, ?, ?, 'running', ?)",
            (
                uuid4().bytes,
                request.repository_key,
                request.mode,
                request.requested_by or None,
                now,
            ),
        )


def finish(ctx: Context, run_key: int, counts: ScanCounts, error: str | None) -> None:
    """Close a run with what it found, as failed when there was an error."""
    with ctx.db.write() as tx:
        tx.run(
            "UPDATE scan_runs SET status = ?, finished_at = ?, discovered_count = ?,"
            " updated_count = ?, deleted_count = ?, skipped_count = ?, error = ? WHERE id = ?",
            (
                "failed" if error else "completed",
                to_microseconds(ctx.now()),
                counts.discovered,
                counts.updated,
                counts.deleted,
                counts.skipped,
                error,
                run_key,
            ),
        )


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
