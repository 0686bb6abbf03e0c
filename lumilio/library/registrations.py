"""Taking folders into the library as repositories, and letting them go without losing anything.

An unregistered repository leaves every list, but its row and its assets stay. When its folder is
registered again, wherever it lies by then, its marker tells which it is and everything comes back.
"""

import os
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import apsw
from msgspec import Struct

from lumilio.db import Connection, Transaction, to_microseconds
from lumilio.errors import BadRequest, Conflict, NotFound
from lumilio.library import developments, jobs, repositories
from lumilio.library import repository_folders as folders
from lumilio.library.context import Context
from lumilio.library.repositories import (
    DEFAULT_DUPLICATE_HANDLING,
    DEFAULT_STRATEGY,
    Repository,
    RepositoryRole,
)
from lumilio.library.repository_folders import (
    DuplicateHandling,
    LocalSettings,
    Marker,
    StorageStrategy,
)

_LET_GO = "Its repository was unregistered"


class NewRepository(Struct, frozen=True, kw_only=True):
    """What is wanted of a repository that is being created."""

    name: str
    role: RepositoryRole = "regular"
    root: str = ""
    # Of a folder that is a repository already, whatever it is called.
    path: str = ""
    storage_strategy: StorageStrategy = DEFAULT_STRATEGY
    duplicate_handling: DuplicateHandling = DEFAULT_DUPLICATE_HANDLING


def create(ctx: Context, wanted: NewRepository) -> Repository:
    """Create a folder as repository, or register one that already is.

    The primary always lives in `<root>/primary`, others in `<root>/<name as folder>`, unless one is
    named by its path. Raises Conflict about the primary and BadRequest for anything that makes the
    folder unusable.
    """
    _check_role(ctx, wanted.role)
    try:
        folder = _folder(ctx, wanted)
        _check_place(ctx, folder)
    except (OSError, ValueError, RuntimeError) as error:
        raise BadRequest("The folder cannot be used", cause=str(error)) from error
    found = folders.read_marker(folder)
    if wanted.path and found is None:
        raise BadRequest(f"The folder {folder} is no repository: it holds no {folders.MARKER}")
    marker = found or Marker(
        id=uuid4(),
        name=wanted.name.strip(),
        created_at=ctx.now(),
        storage_strategy=wanted.storage_strategy,
        local_settings=LocalSettings(wanted.duplicate_handling),
    )
    folders.create(folder, None if found else marker)
    with ctx.db.write() as tx:
        try:
            key = _revive(tx, folder, marker, ctx) or _insert(tx, folder, marker, wanted.role, ctx)
        except apsw.ConstraintError as error:
            raise Conflict("This repository is already part of the library") from error
        tx.notify(repositories.TOPIC)
        repository = repositories.by_key(tx, key)
    return repository.public


def unregister(ctx: Context, repository_id: UUID) -> None:
    """Let a repository go: its files and its assets' rows stay, its waiting jobs are cancelled.

    Raises NotFound, and Conflict for the primary.
    """
    repository = repositories.require(ctx, repository_id)
    if repository.role == "primary":
        raise Conflict("The primary repository cannot be removed")
    now = ctx.now()
    with ctx.db.write() as tx:
        changed = tx.run(
            "UPDATE repositories SET unregistered_at = ?, path = ?"
            " WHERE id = ? AND unregistered_at IS NULL",
            (to_microseconds(now), repository.id.hex, repository.key),
        )
        if not changed:
            raise NotFound("There is no such repository")
        tx.notify(repositories.TOPIC)
        jobs.cancel(tx, jobs.waiting_in(tx, repository.key), _LET_GO, now)
        # Chunks that wait for the rest of their file have no repository to become an asset of.
        tx.run("DELETE FROM upload_sessions WHERE repository_id = ?", (repository.key,))


def is_let_go(tx: Transaction, job_id: int) -> bool:
    """Whether the repository that a job works in has been unregistered."""
    key = jobs.repository_key(tx, job_id)
    return key is not None and bool(
        tx.value("SELECT 1 FROM repositories WHERE id = ? AND unregistered_at IS NOT NULL", (key,))
    )


def is_online(db: Connection, job_id: int) -> bool:
    """Whether nothing is away: no registered repository that the job works in."""
    key = jobs.repository_key(db, job_id)
    return all(found.is_online for found in repositories.registered(db) if found.key == key)


def cancel_if_let_go(tx: Transaction, job_id: int, now: datetime) -> bool:
    """Cancel a job that could not end because its repository is unregistered; whether that was so."""
    if not is_let_go(tx, job_id):
        return False
    jobs.cancel(tx, [job_id], _LET_GO, now)
    return True


def _folder(ctx: Context, wanted: NewRepository) -> Path:
    if wanted.path and wanted.role == "primary":
        raise BadRequest(
            "The primary repository is not chosen by its path, but by its parent folder"
        )
    if wanted.path:
        return _real(Path(wanted.path))
    slug = folders.folder_name(wanted.name)
    root = _real(Path(wanted.root) if wanted.root.strip() else ctx.settings.storage_path)
    return root / ("primary" if wanted.role == "primary" else slug)


def _real(path: Path) -> Path:
    path = path.expanduser()
    if not path.is_absolute():
        raise BadRequest("The folder must be given with its full path")
    return Path(os.path.realpath(path))


def _check_role(ctx: Context, role: RepositoryRole) -> None:
    with ctx.db.read() as db:
        primary_exists = repositories.has_primary(db)
    if role == "primary" and primary_exists:
        raise Conflict("A primary repository already exists")
    if role == "regular" and not primary_exists:
        raise Conflict("Create the primary repository first")


def _check_place(ctx: Context, folder: Path) -> None:
    outer = folders.enclosing_repository(folder)
    if outer is not None:
        raise BadRequest(f"The folder lies inside another repository, {outer}")
    with ctx.db.read() as db:
        registered = repositories.registered(db)
    for known in registered:
        path = Path(known.path)
        if path == folder:
            raise BadRequest("This folder is already a repository of the library")
        if path.is_relative_to(folder) or folder.is_relative_to(path):
            raise BadRequest(f"The folder and the repository {known.name} would overlap")
        if str(path).casefold() == str(folder).casefold():
            raise BadRequest(f"The folder differs from that of {known.name} by case alone")
    if folder.exists() and not folder.is_dir():
        raise BadRequest("A file stands where the folder should be")


def _insert(
    tx: Transaction, folder: Path, marker: Marker, role: RepositoryRole, ctx: Context
) -> int:
    now = to_microseconds(ctx.now())
    return tx.insert(
        "INSERT INTO repositories (repository_id, name, path, role, default_owner_id,"
        " storage_strategy, duplicate_handling, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            marker.id.bytes,
            marker.name,
            str(folder),
            role,
            ctx.principal.user_id,
            marker.storage_strategy,
            marker.local_settings.handle_duplicate_filenames,
            now,
            now,
        ),
    )


def _revive(tx: Transaction, folder: Path, marker: Marker, ctx: Context) -> int | None:
    """Bring an unregistered repository back, in the folder where it lies now; its key, or None."""
    key: int | None = tx.value(
        "SELECT id FROM repositories WHERE repository_id = ? AND unregistered_at IS NOT NULL",
        (marker.id.bytes,),
    )
    if key is None:
        return None
    now = ctx.now()
    tx.run(
        "UPDATE repositories SET unregistered_at = NULL, path = ?, name = ?, storage_strategy = ?,"
        " duplicate_handling = ?, default_owner_id = COALESCE(default_owner_id, ?), updated_at = ?"
        " WHERE id = ?",
        (
            str(folder),
            marker.name,
            marker.storage_strategy,
            marker.local_settings.handle_duplicate_filenames,
            ctx.principal.user_id,
            to_microseconds(now),
            key,
        ),
    )
    _resume_work(tx, key, now)
    return key


def _resume_work(tx: Transaction, key: int, now: datetime) -> None:
    """Queue again what was unfinished: uploads first, then the development of other assets."""
    unfinished = (
        "SELECT id FROM assets WHERE repository_id = ? AND processing ->> 'state' = 'processing'"
        " AND deleted_reason IS NOT 'missing'"
    )
    uploads = tx.rows(
        int,
        "SELECT id FROM (SELECT max(id) AS id, state FROM jobs"
        f" WHERE kind = ? AND asset_id IN ({unfinished}) GROUP BY asset_id)"
        " WHERE state = 'cancelled'",
        (jobs.INGEST.name, key),
    )
    jobs.restart(tx, uploads, now)
    idle = tx.rows(
        int,
        f"{unfinished} AND NOT EXISTS (SELECT 1 FROM jobs WHERE asset_id = assets.id"
        f" AND {jobs.UNFINISHED})",
        (key,),
    )
    developments.queue(tx, idle, now)
