"""Bringing an admitted file to its place in the inbox, however often that is interrupted.

Nothing is ever written over: a name is claimed exclusively, and the staged file is let go only after
the folder with the new name is flushed.
"""

import contextlib
import errno
import os
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct

from lumilio.db import Transaction
from lumilio.errors import LumilioError
from lumilio.library import assets, file_names, jobs, repositories, upload_sessions
from lumilio.library.assets import StoredAsset
from lumilio.library.context import Context
from lumilio.library.repositories import StoredRepository
from lumilio.library.repository_folders import Layout
from lumilio.library.staging import UNFINISHED, flush_folder

_NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


# How long a whole upload that nothing knows waits for somebody to miss it.
KEEP_SET_ASIDE = timedelta(days=30)


class UploadLost(LumilioError):
    """The bytes of an admitted file are neither staged nor in their place."""

    title = "The uploaded file disappeared before it could be stored"


class Ingest(Struct, frozen=True):
    """Payload of an ingest job; `replaces` where the repository overwrites equal names."""

    staged_name: str
    content_hash: str
    replaces: bool = False


class Develop(Struct, frozen=True):
    """Payload of a thumbnail job; its asset says the rest."""


def place(ctx: Context, job: jobs.Job) -> None:
    """Move an admitted file to its place and queue its development; safe to repeat.

    Raises UploadLost when its bytes are nowhere, and RepositoryOffline.
    """
    payload: Ingest = job.read(Ingest)
    assert job.asset_key is not None
    with ctx.db.read() as db:
        stored = assets.by_key(db, job.asset_key)
        repository = repositories.by_key(db, stored.repository_key)
    repository.require_online()
    staged = repository.layout.incoming / payload.staged_name
    target = repository.layout.file(stored.storage_path)
    if stored.stem != payload.content_hash or payload.replaces:
        is_current = _replace(ctx, payload, repository.layout, stored.key, staged, target)
        if not is_current:
            _drop(ctx, job, staged)
            return
    while staged.exists() and not _moved(repository.layout, staged, target):
        another = _another_name(ctx, repository, stored, target)
        if another is None:
            _drop(ctx, job, staged)
            return
        target = another
    if not target.is_file():
        repository.require_online()
        raise UploadLost(cause=f"neither {staged} nor {target} exists")
    now = ctx.now()
    modified = target.stat().st_mtime_ns // 1000
    with ctx.db.write() as tx:
        tx.run(
            "UPDATE assets SET file_modified_at = ? WHERE id = ? AND hash = ?",
            (modified, stored.key, stored.hash),
        )
        jobs.enqueue(tx, jobs.NewJob(jobs.THUMBNAIL, Develop(), asset_key=stored.key), now)
        jobs.complete(tx, job.id, now)


def _drop(ctx: Context, job: jobs.Job, staged: Path) -> None:
    """End a job whose upload a later one of the same name has replaced."""
    staged.unlink(missing_ok=True)
    with ctx.db.write() as tx:
        jobs.complete(tx, job.id, ctx.now())


def _another_name(
    ctx: Context, repository: StoredRepository, stored: StoredAsset, taken: Path
) -> Path | None:
    """Reserve another path for an asset whose own is taken by a file that is not ours.

    None when the asset has other content by now.
    """
    with ctx.db.write() as tx:
        if assets.by_key(tx, stored.key).hash != stored.hash:
            return None
        path = free_path(
            tx, repository, stored.original_filename, stored.stem, ctx.now(), taken=taken
        )
        tx.run("UPDATE assets SET storage_path = ? WHERE id = ?", (path, stored.key))
    return repository.layout.file(path)


def _replace(
    ctx: Context, payload: Ingest, layout: Layout, key: int, staged: Path, target: Path
) -> bool:
    """Put a file in the place of the former one; False when a later upload has replaced both."""
    # Inside a transaction, so that of two uploads to one name the later one wins on disk, too.
    with ctx.db.write() as tx:
        if assets.by_key(tx, key).stem != payload.content_hash:
            return False
        if staged.exists():
            layout.make_room(target)
            staged.replace(target)
            flush_folder(target.parent)
    return True


def delete_abandoned(ctx: Context) -> None:
    """Clear staging of files that no job and no upload session knows: uploads that broke off."""
    with ctx.db.read() as db:
        awaited = set(
            db.rows(
                str,
                "SELECT payload ->> 'staged_name' FROM jobs WHERE kind = ?",
                (jobs.INGEST.name,),
            )
        )
        awaited.update(upload_sessions.staged_names(db))
        layouts = [found.layout for found in repositories.registered(db) if found.is_online]
    for layout in layouts:
        with contextlib.suppress(OSError):
            for file in layout.incoming.iterdir():
                if file.name not in awaited and file.is_file():
                    _set_aside(ctx, layout, file)


def delete_outdated(ctx: Context) -> None:
    """Delete what was set aside long ago and nobody has missed."""
    limit = (ctx.now() - KEEP_SET_ASIDE).timestamp()
    with ctx.db.read() as db:
        layouts = [found.layout for found in repositories.registered(db) if found.is_online]
    for layout in layouts:
        with contextlib.suppress(OSError):
            for file in layout.failed.iterdir():
                if file.is_file() and file.stat().st_mtime < limit:
                    file.unlink()


def _set_aside(ctx: Context, layout: Layout, file: Path) -> None:
    """Delete half an upload; keep a whole one, which a database that got lost may have known."""
    if file.suffix == UNFINISHED:
        file.unlink()
        return
    # The time to miss it begins now, however long ago it came.
    now = ctx.now().timestamp()
    os.utime(file, (now, now))
    file.replace(layout.failed / file.name)


def free_path(
    tx: Transaction,
    repository: StoredRepository,
    name: str,
    content_hash: str,
    now: datetime,
    *,
    taken: Path | None = None,
) -> str:
    """A storage path that neither an asset nor a file has; `taken` is known to be in use."""
    paths = file_names.candidates(
        repository.storage_strategy,
        repository.duplicate_handling,
        name,
        content_hash,
        now.astimezone(),
    )
    for path in paths:
        file = repository.layout.file(path)
        known = tx.value(
            "SELECT 1 FROM assets WHERE repository_id = ? AND storage_path = ?",
            (repository.key, path),
        )
        if not known and file != taken and not os.path.lexists(file):
            return path
    raise AssertionError("candidates never end")


def _moved(layout: Layout, staged: Path, target: Path) -> bool:
    """Give the staged file its new name unless another file has it."""
    layout.make_room(target)
    try:
        _rename_exclusively(staged, target)
    except FileExistsError:
        # The same file under both names is our own earlier attempt, and so is an empty one: the
        # inbox holds no empty originals.
        if not staged.samefile(target):
            if target.stat().st_size:
                return False
            staged.replace(target)
    flush_folder(target.parent)
    staged.unlink(missing_ok=True)
    return True


def _rename_exclusively(source: Path, target: Path) -> None:
    if os.name == "nt":
        source.rename(target)
        return
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        # exFAT and some network shares have no hard links: claim the name, then replace it.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL, 0o644))
        source.replace(target)
