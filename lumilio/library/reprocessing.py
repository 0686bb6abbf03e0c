"""Running the steps of an asset again, and never leaving one to wait for nothing."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.db import Connection, Transaction
from lumilio.errors import BadRequest, NotFound
from lumilio.library import asset_records, assets, developments, jobs, processing, trash
from lumilio.library.context import Context
from lumilio.library.jobs import JobKind

RetryTask = Literal[
    "metadata_asset",
    "thumbnail_asset",
    "transcode_asset",
    "process_semantic",
    "process_bioclip",
    "process_ocr",
    "process_face",
]

EVERYTHING = "all_failed_tasks"
_FATAL = frozenset({"initial_validation", "file_read", "file_corrupted"})


class ReprocessResult(Struct, omit_defaults=True):
    """What will be done again."""

    asset_id: UUID
    status: Literal["queued"]
    message: str
    retry_tasks: list[str]
    failed_tasks: Annotated[
        list[str] | UnsetType, Meta(description="The steps that had failed until now.")
    ] = UNSET


def reprocess(
    ctx: Context, asset_id: UUID, wanted: list[RetryTask], *, force: bool
) -> ReprocessResult:
    """Queue steps of an asset again, in whatever state it is; all of them when none is named.

    Steps that its kind of file does not have are passed over. Raises NotFound when the asset or its
    file is not there or it is in the trash, Forbidden, and BadRequest after a fatal error.
    """
    stored = assets.require(ctx, asset_id)
    ctx.require_control(stored.owner_id)
    with ctx.db.read() as db:
        is_stored = _open_upload(db, stored.key) is None
    if is_stored:
        # Looked for outside the transaction, which a slow disk would hold up for everyone.
        assets.original_file(ctx, stored)
    is_full = force or not wanted
    now = ctx.now()
    with ctx.db.write() as tx:
        own_steps, failed = _require_reprocessable(tx, stored.key)
        upload = _open_upload(tx, stored.key)
        if upload is None:
            steps = own_steps if is_full else tuple(s for s in own_steps if s in wanted)
            _queue(tx, stored.key, steps, now)
        else:
            # The development of the whole file follows its being stored.
            steps = (processing.COMMIT_STAGING, *own_steps)
            jobs.restart(tx, upload, now)
        asset_records.record_reset(tx, stored.key, steps, now)
    return ReprocessResult(
        asset_id,
        "queued",
        "The asset will be processed again" if steps else "Nothing of this applies to the asset",
        retry_tasks=[EVERYTHING] if is_full else list(wanted),
        failed_tasks=failed or UNSET,
    )


def resume_forgotten(ctx: Context) -> int:
    """Queue the development of assets whose steps wait although no job does them; how many.

    No change in the library leaves such an asset; a restored or repaired database may.
    """
    now = ctx.now()
    with ctx.db.read() as db:
        if not _forgotten(db):
            return 0
    with ctx.db.write() as tx:
        keys = _forgotten(tx)
        developments.queue(tx, keys, now)
    return len(keys)


def _forgotten(db: Connection) -> list[int]:
    return db.rows(
        int,
        "SELECT id FROM assets WHERE processing ->> 'state' = 'processing'"
        f" AND deleted_reason IS NOT 'missing' AND NOT {trash.BEING_DELETED}"
        f" AND {assets.LISTED} AND NOT EXISTS"
        f" (SELECT 1 FROM jobs WHERE asset_id = assets.id AND {jobs.UNFINISHED})",
    )


def _require_reprocessable(tx: Transaction, key: int) -> tuple[tuple[str, ...], list[str]]:
    """The steps of an asset that may be done again, and which have failed."""
    asset_type, text = tx.row(
        lambda *row: row,
        "SELECT type, processing FROM assets WHERE id = ? AND deleted_at IS NULL",
        (key,),
    ) or (None, "")
    if asset_type is None:
        raise NotFound("There is no such asset, or it is in the trash")
    errors = processing.decode(text).errors or []
    fatal = [error.error for error in errors if error.task in _FATAL]
    if fatal:
        raise BadRequest(f"This file cannot be processed: {fatal[0]}")
    return processing.TASKS.get(asset_type, ()), [error.task for error in errors]


def _open_upload(db: Connection, key: int) -> list[int] | None:
    """The job that has yet to bring the file to its place, if it waits or has been given up.

    An empty list when it is at it just now, None when the file has been stored.
    """
    latest = db.row(
        lambda job_id, state: (job_id, state),
        "SELECT id, state FROM jobs WHERE asset_id = ? AND kind = ? ORDER BY id DESC LIMIT 1",
        (key, jobs.INGEST.name),
    )
    if latest is None or latest[1] == "completed":
        return None
    return [] if latest[1] == "running" else [latest[0]]


def _queue(tx: Transaction, key: int, steps: tuple[str, ...], now: datetime) -> None:
    for kind in _kinds(steps):
        waiting = jobs.waiting_for(tx, key, kind)
        if waiting:
            jobs.restart(tx, waiting, now)
        else:
            jobs.enqueue(tx, jobs.NewJob(kind, developments.Develop(), asset_key=key), now)


def _kinds(steps: tuple[str, ...]) -> Iterator[JobKind]:
    """The jobs that do these steps; thumbnails bring the metadata of the same reading along."""
    if processing.THUMBNAIL in steps:
        yield jobs.THUMBNAIL
    elif processing.METADATA in steps:
        yield jobs.METADATA
    if processing.TRANSCODE in steps:
        yield jobs.TRANSCODE
