"""Deleting for good: the asset is noted first, then its file goes, then its rows.

So whenever it is interrupted, an asset is in the trash or gone, and a start finishes what was begun.
A file goes only if its content is what the library knows; one of the user's own area goes to the
system's bin. What was made from a file goes with the last asset that has its content.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from msgspec import Struct

from lumilio.db import Connection, Transaction, json_array, to_microseconds
from lumilio.errors import BadRequest, Conflict
from lumilio.library import assets, audit, jobs, repositories, system_bin, system_settings, trash
from lumilio.library.assets import THUMBNAIL_SIZES, StoredAsset
from lumilio.library.context import Context
from lumilio.library.jobs import Job
from lumilio.library.repositories import StoredRepository
from lumilio.library.repository_folders import INBOX, Layout
from lumilio.library.trash import BulkOutcome, Candidate, NotDone, Problem
from lumilio.media.hashes import blake3_of

_AT_ONCE = 100
# More than this is left for the next minute.
_MOST_EXPIRED = 10_000
_BUSY = timedelta(seconds=5)


class DeleteTrashed(Struct, frozen=True):
    """Payload of the job that deletes what was noted in a repository."""

    repository_key: int


class Begun(Struct, frozen=True):
    """An asset that is being deleted."""

    stored: StoredAsset
    without_bin: bool


def delete(
    ctx: Context, asset_ids: Sequence[UUID], *, count: int, without_bin: bool
) -> BulkOutcome:
    """Begin to delete these trashed assets; raises BadRequest unless they are `count`."""
    if len(set(asset_ids)) != count:
        raise BadRequest(f"These are {len(set(asset_ids))} assets, not {count}")
    online = _online(ctx)
    with ctx.db.write() as tx:
        chosen, not_done = trash.sorted_out(ctx, tx, asset_ids, where="trashed")
        return _begin(ctx, tx, online, chosen, not_done, "chosen", without_bin=without_bin)


def empty(ctx: Context, *, count: int, without_bin: bool) -> BulkOutcome:
    """Begin to delete all of the caller's trash; raises Conflict unless it holds `count` assets."""
    scope, values = trash.own(ctx)
    online = _online(ctx)
    with ctx.db.write() as tx:
        chosen = tx.rows(
            Candidate,
            f"SELECT {trash.CANDIDATE} FROM assets WHERE {trash.IN_TRASH} AND {scope}",
            values,
        )
        if len(chosen) != count:
            raise Conflict(f"The trash holds {len(chosen)} assets by now, not {count}; look again")
        return _begin(ctx, tx, online, chosen, [], "emptied", without_bin=without_bin)


def expire(ctx: Context) -> None:
    """Begin to delete what has lain in the trash for as long as the settings say."""
    with ctx.db.read() as db:
        days = system_settings.read(db).trash_retention_days
        values = (to_microseconds(ctx.now() - timedelta(days=days)), _MOST_EXPIRED)
        if not days or not db.value(f"SELECT 1 FROM assets WHERE {_EXPIRED}", values):
            return
    online = _online(ctx)
    with ctx.db.write() as tx:
        chosen = tx.rows(
            Candidate, f"SELECT {trash.CANDIDATE} FROM assets WHERE {_EXPIRED}", values
        )
        _begin(ctx, tx, online, chosen, [], "retention", without_bin=False)


def resume(ctx: Context) -> None:
    """Queue again what was begun and has no job, in every registered repository."""
    with ctx.db.read() as db:
        waiting = db.rows(
            int,
            f"SELECT DISTINCT repository_id FROM assets WHERE {trash.BEING_DELETED}"
            f" AND {assets.LISTED}",
        )
        waiting = [key for key in waiting if not jobs.is_unfinished(db, _unique_key(key))]
    if waiting:
        with ctx.db.write() as tx:
            _queue(tx, waiting, ctx.now())


def next_begun(ctx: Context, repository: StoredRepository) -> list[Begun]:
    """Some assets to go on with; what waits to be done with them is cancelled.

    Those that a job is at just now, or whose file has yet to get its place, come later.
    """
    now = ctx.now()
    with ctx.db.write() as tx:
        found = tx.rows(
            lambda key, without_bin: Begun(assets.by_key(tx, key), bool(without_bin)),
            "SELECT assets.id, without_bin FROM deletions"
            " JOIN assets ON assets.id = deletions.asset_id"
            f" WHERE problem IS NULL AND repository_id = ? AND NOT EXISTS (SELECT 1 FROM jobs"
            f" WHERE jobs.asset_id = assets.id AND {jobs.UNFINISHED}"
            " AND (state = 'running' OR kind = ?)) ORDER BY assets.id LIMIT ?",
            (repository.key, jobs.INGEST.name, _AT_ONCE),
        )
        for begun in found:
            jobs.cancel(tx, jobs.waiting_on(tx, begun.stored.key), "The asset is deleted", now)
    return found


def remove_file(repository: StoredRepository, begun: Begun) -> Problem | None:
    """Remove an original, if it is there; why it stays, or None.

    Raises RepositoryOffline: then nobody can tell whether it is there.
    """
    path = repository.layout.file(begun.stored.storage_path)
    try:
        held = repository.layout.held_file(begun.stored.storage_path)
        with path.open("rb") as file:
            if held is None:
                return "not_removable"
            if blake3_of(file) != begun.stored.stem:
                return "changed"
        if begun.stored.storage_path.startswith(f"{INBOX}/"):
            path.unlink()
        else:
            return _put_into_bin(path, insist=begun.without_bin)
    except (FileNotFoundError, NotADirectoryError):
        repository.require_online()
    except OSError:
        repository.require_online()
        return "not_removable"
    return None


def conclude(
    ctx: Context, repository: StoredRepository, ended: Sequence[tuple[Begun, Problem | None]]
) -> int:
    """Delete the rows of assets whose files are gone, and keep the others; how many are left."""
    with ctx.db.write() as tx:
        for begun, problem in ended:
            if problem is None:
                _forget(tx, repository.layout, begun.stored)
            else:
                tx.run(
                    "UPDATE deletions SET problem = ? WHERE asset_id = ?",
                    (problem, begun.stored.key),
                )
        return _left(tx, repository)


def finish(ctx: Context, repository: StoredRepository, job: Job) -> None:
    """End a job that found nothing more to do; what somebody is busy with is waited for."""
    now = ctx.now()
    with ctx.db.write() as tx:
        if _left(tx, repository):
            jobs.postpone(tx, job, _BUSY, "An asset is still being worked on", now)
        else:
            jobs.complete(tx, job.id, now)


# What could not be deleted once is left until somebody decides.
_EXPIRED = (
    "assets.deleted_reason = 'trashed' AND assets.deleted_at < ?"
    f" AND assets.id NOT IN (SELECT asset_id FROM deletions) AND {assets.LISTED} LIMIT ?"
)


def _online(ctx: Context) -> set[int]:
    """Keys of the repositories that are reachable; looked at outside of any transaction."""
    with ctx.db.read() as db:
        registered = repositories.registered(db)
    return {repository.key for repository in registered if repository.is_online}


def _begin(
    ctx: Context,
    tx: Transaction,
    online: set[int],
    chosen: Sequence[Candidate],
    not_done: list[NotDone],
    why: str,
    *,
    without_bin: bool,
) -> BulkOutcome:
    begun = [found for found in chosen if found.repository_key in online]
    away = [found for found in chosen if found.repository_key not in online]
    now = ctx.now()
    tx.run(
        "INSERT OR REPLACE INTO deletions (asset_id, begun_at, without_bin)"
        " SELECT value, ?, ? FROM json_each(?)",
        (to_microseconds(now), int(without_bin), json_array(found.key for found in begun)),
    )
    _queue(tx, {found.repository_key for found in begun}, now)
    if begun:
        audit.record(ctx, tx, "assets_deleted", {"count": len(begun), "why": why})
    offline = [NotDone(UUID(bytes=found.asset_id), "offline") for found in away]
    return trash.outcome(begun, not_done + offline)


def _queue(tx: Transaction, repository_keys: Sequence[int] | set[int], now: datetime) -> None:
    for key in repository_keys:
        job = jobs.NewJob(jobs.DELETE, DeleteTrashed(key), unique_key=_unique_key(key))
        jobs.enqueue(tx, job, now)


def _unique_key(repository_key: int) -> str:
    return f"delete:{repository_key}"


def _left(db: Connection, repository: StoredRepository) -> int:
    return int(
        db.value(
            f"SELECT count(*) FROM assets WHERE {trash.BEING_DELETED} AND repository_id = ?",
            (repository.key,),
        )
    )


def _put_into_bin(path: Path, *, insist: bool) -> Problem | None:
    try:
        system_bin.put(path)
    except system_bin.NoBin:
        if not insist:
            return "no_bin"
        path.unlink()
    return None


def _forget(tx: Transaction, layout: Layout, stored: StoredAsset) -> None:
    """Delete the rows of an asset and what only it had."""
    tx.run("DELETE FROM assets WHERE id = ?", (stored.key,))
    # Left behind, its edits would become those of another asset with this content.
    layout.sidecar(stored.asset_id).unlink(missing_ok=True)
    shared = tx.value(
        "SELECT 1 FROM assets WHERE hash = ? AND repository_id = ?",
        (stored.hash, stored.repository_key),
    )
    if not shared:
        # Inside the transaction, so that no other asset of this content comes in between.
        for file in _derived(layout, stored.stem):
            file.unlink(missing_ok=True)


def _derived(layout: Layout, stem: str) -> list[Path]:
    thumbnails = [layout.thumbnail(stem, size) for size in THUMBNAIL_SIZES]
    return [*thumbnails, layout.web_video(stem), layout.web_audio(stem)]
