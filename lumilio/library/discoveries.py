"""Files of the user area: indexed where they lie, followed when they change, move or go missing."""

import os
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from lumilio.db import Connection, Transaction, to_microseconds
from lumilio.library import file_names, jobs, new_assets, repositories
from lumilio.library.context import Context
from lumilio.library.new_assets import NewAsset
from lumilio.library.placing import Develop
from lumilio.library.repositories import StoredRepository
from lumilio.media.formats import Format
from lumilio.media.hashes import blake3_of
from lumilio.media.sniff import format_of_file


class Discover(Struct, frozen=True):
    """Payload of a discover job: a file that is new or has changed."""

    repository_key: int
    storage_path: str
    force: bool = False


class KnownFile(Struct, frozen=True):
    """What the library knows of a file in the user area."""

    key: int
    file_size: int
    file_modified_at: int
    deleted_reason: str | None
    content_hash: bytes


class _Found(Struct, frozen=True):
    """A file as it lies on disk.

    One whose content is of no supported kind has the format of its name: it becomes an asset that
    says why it has no picture, and that later scans know as unchanged.
    """

    storage_path: str
    size: int
    modified_at: int
    content_hash: bytes
    form: Format | None


def known_files(db: Connection, repository_key: int) -> dict[str, KnownFile]:
    """Every file of a repository's user area by its storage path."""
    rows = db.rows(
        lambda path, *rest: (path, KnownFile(*rest)),
        "SELECT storage_path, id, file_size, file_modified_at, deleted_reason, hash"
        " FROM assets"
        " WHERE repository_id = ? AND substr(storage_path, 1, 6) <> 'inbox/'",
        (repository_key,),
    )
    return dict(rows)


def queue(
    tx: Transaction, repository_key: int, storage_paths: list[str], now: datetime, *, force: bool
) -> None:
    """Queue files for a closer look; `force` develops them even when nothing changed."""
    jobs.enqueue_all(
        tx,
        (
            jobs.NewJob(
                jobs.DISCOVER,
                Discover(repository_key, path, force),
                unique_key=f"discover:{repository_key}:{path}",
            )
            for path in storage_paths
        ),
        now,
    )


def follow(
    ctx: Context, repository: StoredRepository, storage_path: str, gone: dict[str, KnownFile]
) -> str | None:
    """Give a file to the one asset of its content whose own file is gone.

    Returns the former path of that asset, None when there is no such asset or more than one.
    """
    try:
        found = _look_at(repository.layout.file(storage_path), storage_path)
    except OSError:
        # What cannot be read now is entered as a new file, whose job says why it fails.
        return None
    if found is None:
        return None
    same = [
        path
        for path, file in gone.items()
        if (file.file_size, file.content_hash) == (found.size, found.content_hash)
    ]
    if len(same) != 1:
        return None
    with ctx.db.write() as tx:
        key = gone[same[0]].key
        _update(tx, key, found)
        if not _is_developed(tx, key):
            now = ctx.now()
            jobs.enqueue(tx, jobs.NewJob(jobs.THUMBNAIL, Develop(), asset_key=key), now)
    return same[0]


def mark_missing(tx: Transaction, gone: dict[str, KnownFile], now: datetime) -> None:
    """Take files that are gone out of the lists; they come back with their file."""
    at = to_microseconds(now)
    # One that was found elsewhere in the meantime has another path by now.
    tx.run_many(
        "UPDATE assets SET deleted_at = ?, deleted_reason = 'missing'"
        " WHERE id = ? AND storage_path = ? AND deleted_at IS NULL",
        [(at, file.key, path) for path, file in gone.items()],
    )


def examine(ctx: Context, job: jobs.Job) -> None:
    """Hash a file and enter it as new, changed, moved or returned; safe to repeat."""
    payload: Discover = job.read(Discover)
    with ctx.db.read() as db:
        repository = repositories.by_key(db, payload.repository_key)
    repository.require_online()
    path = repository.layout.file(payload.storage_path)
    found = _look_at(path, payload.storage_path)
    now = ctx.now()
    with ctx.db.write() as tx:
        if found is not None:
            key = _enter(tx, repository, found, now, force=payload.force)
            if key is not None:
                jobs.enqueue(tx, jobs.NewJob(jobs.THUMBNAIL, Develop(), asset_key=key), now)
        jobs.complete(tx, job.id, now)


def _look_at(path: Path, storage_path: str) -> _Found | None:
    try:
        # In this order a change in between is noticed by the next scan.
        status = path.stat()
        content_hash = bytes.fromhex(blake3_of(path))
    except FileNotFoundError:
        # It went away since the scan saw it; the next scan notices.
        return None
    modified_at = status.st_mtime_ns // 1000
    return _Found(storage_path, status.st_size, modified_at, content_hash, format_of_file(path))


def _enter(
    tx: Transaction, repository: StoredRepository, found: _Found, now: datetime, *, force: bool
) -> int | None:
    """The key of the asset that needs development, or None."""
    known = tx.row(
        lambda *row: row,
        "SELECT id, hash, deleted_reason FROM assets WHERE repository_id = ? AND storage_path = ?",
        (repository.key, found.storage_path),
    )
    if known is None:
        moved = _moved_from(tx, repository, found)
        if moved is not None:
            _update(tx, moved, found)
            return None if _is_developed(tx, moved) else moved
        return _insert(tx, repository, found, now)
    key, content_hash, deleted_reason = known
    if deleted_reason == "trashed":
        # What a person threw away stays away, whatever the file does.
        return None
    _update(tx, key, found)
    if content_hash != found.content_hash:
        if found.form is not None:
            new_assets.set_format(tx, key, found.form)
        new_assets.replace_content(tx, key, found.content_hash, found.modified_at, now)
    elif not force and _is_developed(tx, key):
        return None
    return int(key)


def _is_developed(tx: Transaction, key: int) -> bool:
    """Whether an asset has its thumbnails; one that moved while it waited may have failed."""
    return bool(tx.value("SELECT 1 FROM thumbnails WHERE asset_id = ?", (key,)))


def _moved_from(tx: Transaction, repository: StoredRepository, found: _Found) -> int | None:
    """The one asset of the same content whose own file is gone, if there is exactly one."""
    same = tx.rows(
        lambda key, path: (key, path),
        "SELECT id, storage_path FROM assets WHERE hash = ? AND repository_id = ?"
        " AND file_size = ? AND deleted_reason IS NOT 'trashed'",
        (found.content_hash, repository.key, found.size),
    )
    gone = [
        key
        for key, path in same
        if not os.path.lexists(repository.layout.file(path)) and not jobs.is_on_its_way(tx, key)
    ]
    return gone[0] if len(gone) == 1 else None


def _update(tx: Transaction, key: int, found: _Found) -> None:
    name = found.storage_path.rsplit("/", 1)[-1]
    tx.run(
        "UPDATE assets SET storage_path = ?, original_filename = ?, folded_filename = ?,"
        " file_size = ?, file_modified_at = ?, deleted_at = NULL, deleted_reason = NULL"
        " WHERE id = ?",
        (
            found.storage_path,
            name,
            file_names.folded(name),
            found.size,
            found.modified_at,
            key,
        ),
    )


def _insert(
    tx: Transaction, repository: StoredRepository, found: _Found, now: datetime
) -> int | None:
    name = found.storage_path.rsplit("/", 1)[-1]
    if found.form is None:
        return None
    return new_assets.insert(
        tx,
        NewAsset(
            repository_key=repository.key,
            owner_id=repository.default_owner_id,
            form=found.form,
            name=name,
            storage_path=found.storage_path,
            size=found.size,
            modified_at=found.modified_at,
            content_hash=found.content_hash,
            at=now,
            taken_time=found.modified_at,
        ),
    )
