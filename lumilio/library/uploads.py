"""Taking a file in: staged and hashed, admitted with its job, then moved to its place.

An upload is acknowledged after its bytes are flushed and its row is committed. From then on the
job brings it to its place, however often it is interrupted.
"""

import contextlib
import errno
import os
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

from msgspec import Struct

from lumilio.db import Connection, Transaction, to_microseconds
from lumilio.errors import BadRequest, LumilioError, StorageFull
from lumilio.library import assets, file_names, jobs, processing, repositories
from lumilio.library.context import Context
from lumilio.library.repositories import StoredRepository
from lumilio.media.formats import Format, format_of
from lumilio.media.hashes import ContentHash


class UploadLost(LumilioError):
    """The bytes of an admitted file are neither staged nor in their place."""

    title = "The uploaded file disappeared before it could be stored"


class Ingest(Struct, frozen=True):
    """Payload of an ingest job."""

    staged_name: str


class Develop(Struct, frozen=True):
    """Payload of a thumbnail job; its asset says the rest."""


class Admission(Struct, frozen=True):
    """What became of an upload: a new asset, or one that was already there."""

    job_id: int
    asset_id: UUID
    duplicate: bool


class StagedFile:
    """An upload on its way in; closing discards it unless it was admitted."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / uuid4().hex
        self.size = 0
        self.content_hash = ""
        self._hasher = ContentHash()
        self._file: BinaryIO = open(self.path, "xb")  # noqa: SIM115 - close() closes it
        self._kept = False

    def write(self, data: bytes) -> None:
        """Append bytes; raises StorageFull."""
        try:
            self._file.write(data)
        except OSError as error:
            raise _explained(error) from error
        self._hasher.update(data)
        self.size += len(data)

    def seal(self) -> bytes:
        """Flush to disk; returns the BLAKE3 of the content. Raises StorageFull."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            _flush_folder(self.path.parent)
        except OSError as error:
            raise _explained(error) from error
        self.content_hash = self._hasher.hexdigest()
        return bytes.fromhex(self.content_hash)

    def keep(self) -> None:
        """From now on the ledger knows this file."""
        self._kept = True

    def close(self) -> None:
        """Remove the file unless it is kept; harmless when called twice."""
        with contextlib.suppress(OSError):
            self._file.close()
        if not self._kept:
            self.path.unlink(missing_ok=True)


def require_format(filename: str) -> Format:
    """The format a file name stands for; raises BadRequest for one Lumilio does not take."""
    found = format_of(filename)
    if found is None:
        kind = Path(filename).suffix or "without an extension"
        raise BadRequest(f"Files of this kind ({kind}) are not supported")
    return found


def stage(repository: StoredRepository) -> StagedFile:
    """Open a file for an upload; raises RepositoryOffline."""
    repository.require_online()
    try:
        return StagedFile(repository.layout.incoming)
    except OSError as error:
        raise _explained(error) from error


def admit(ctx: Context, repository: StoredRepository, staged: StagedFile, name: str) -> Admission:
    """Enter a staged file into the library, or find the asset that already has its content.

    Raises BadRequest for an empty or unsupported file.
    """
    form = require_format(name)
    if not staged.size:
        raise BadRequest("The file is empty")
    content_hash = staged.seal()
    now = ctx.now()
    owner_id = ctx.principal.user_id or repository.default_owner_id
    with ctx.db.write() as tx:
        known = _same_content(tx, repository.key, owner_id, content_hash)
        if known is not None:
            return known
        asset_id = uuid4()
        path = _free_path(tx, repository, name, content_hash.hex(), now)
        key = tx.insert(
            "INSERT INTO assets (asset_id, repository_id, owner_id, type, original_filename,"
            " storage_path, mime_type, file_size, file_modified_at, hash, upload_time, is_raw,"
            " processing) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                asset_id.bytes,
                repository.key,
                owner_id,
                form.type,
                name,
                path,
                form.mime,
                staged.size,
                to_microseconds(now),
                content_hash,
                to_microseconds(now),
                int(form.is_raw),
                processing.encode(processing.begin(now)),
            ),
        )
        job = jobs.NewJob(jobs.INGEST, Ingest(staged.path.name), asset_key=key)
        job_id = jobs.enqueue(tx, job, now)
    staged.keep()
    return Admission(job_id, asset_id, duplicate=False)


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
    while staged.exists() and not _moved(staged, target):
        with ctx.db.write() as tx:
            path = _free_path(
                tx, repository, stored.original_filename, stored.stem, ctx.now(), taken=target
            )
            tx.run("UPDATE assets SET storage_path = ? WHERE id = ?", (path, stored.key))
        target = repository.layout.file(path)
    if not target.is_file():
        raise UploadLost(cause=f"neither {staged} nor {target} exists")
    now = ctx.now()
    modified = target.stat().st_mtime_ns // 1000
    with ctx.db.write() as tx:
        tx.run("UPDATE assets SET file_modified_at = ? WHERE id = ?", (modified, stored.key))
        jobs.enqueue(tx, jobs.NewJob(jobs.THUMBNAIL, Develop(), asset_key=stored.key), now)
        jobs.complete(tx, job.id, now)


def delete_abandoned(ctx: Context) -> None:
    """Remove staged files that no job knows: uploads that broke off before they were admitted."""
    with ctx.db.read() as db:
        awaited = set(
            db.rows(
                str,
                "SELECT payload ->> 'staged_name' FROM jobs WHERE kind = ?",
                (jobs.INGEST.name,),
            )
        )
        layouts = [
            repositories.by_key(db, key).layout
            for key in db.rows(int, "SELECT id FROM repositories")
        ]
    for layout in layouts:
        if layout.incoming.is_dir():
            for file in layout.incoming.iterdir():
                if file.name not in awaited:
                    file.unlink(missing_ok=True)


def _same_content(
    db: Connection, repository_key: int, owner_id: int | None, content_hash: bytes
) -> Admission | None:
    return db.row(
        lambda asset_id, job_id: Admission(job_id, UUID(bytes=asset_id), duplicate=True),
        "SELECT asset_id, COALESCE((SELECT max(id) FROM jobs WHERE jobs.asset_id = assets.id), 0)"
        " FROM assets WHERE hash = ? AND repository_id = ? AND owner_id IS ?"
        " AND deleted_at IS NULL ORDER BY id LIMIT 1",
        (content_hash, repository_key, owner_id),
    )


def _free_path(
    tx: Transaction,
    repository: StoredRepository,
    name: str,
    content_hash: str,
    now: datetime,
    *,
    taken: Path | None = None,
) -> str:
    settings = repository.public
    paths = file_names.candidates(
        settings.storage_strategy,
        settings.local_settings.handle_duplicate_filenames,
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


def _moved(staged: Path, target: Path) -> bool:
    """Give the staged file its new name unless another file has it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        _rename_exclusively(staged, target)
    except FileExistsError:
        # The same file under both names is our own earlier attempt, and so is an empty one: the
        # inbox holds no empty originals.
        if not staged.samefile(target):
            if target.stat().st_size:
                return False
            staged.replace(target)
    _flush_folder(target.parent)
    staged.unlink(missing_ok=True)
    return True


def _rename_exclusively(source: Path, target: Path) -> None:
    if os.name == "nt":
        source.rename(target)
        return
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK):
            raise
        # exFAT and some network shares have no hard links: claim the name, then replace it.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL, 0o644))
        source.replace(target)


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _explained(error: OSError) -> LumilioError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(cause=str(error))
    return LumilioError("The file could not be stored", cause=str(error))
