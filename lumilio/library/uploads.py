"""Taking a file in: staged while it is hashed, then admitted together with its job.

An upload is acknowledged after its bytes are flushed and its row is committed. From then on
`placing` brings it to its place, however often it is interrupted.
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
from lumilio.library import assets, file_names, jobs, placing, processing
from lumilio.library.context import Context
from lumilio.library.repositories import StoredRepository
from lumilio.media.formats import Format, format_of
from lumilio.media.hashes import ContentHash


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
            placing.flush_folder(self.path.parent)
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
    arrival = _Arrival(
        name=name,
        form=form,
        size=staged.size,
        content_hash=content_hash,
        owner_id=ctx.principal.user_id or repository.default_owner_id,
        at=ctx.now(),
    )
    with ctx.db.write() as tx:
        known = _same_content(tx, repository.key, arrival.owner_id, content_hash)
        if known is not None:
            return known
        replaced = _to_be_replaced(tx, repository, arrival)
        key = _insert(tx, repository, arrival) if replaced is None else replaced
        if replaced is not None:
            _replace(tx, replaced, arrival)
        payload = placing.Ingest(staged.path.name, content_hash.hex(), replaced is not None)
        job_id = jobs.enqueue(tx, jobs.NewJob(jobs.INGEST, payload, asset_key=key), arrival.at)
        asset_id = assets.by_key(tx, key).asset_id
    staged.keep()
    return Admission(job_id, asset_id, duplicate=False)


class _Arrival(Struct, frozen=True, kw_only=True):
    """A sealed file about to become an asset."""

    name: str
    form: Format
    size: int
    content_hash: bytes
    owner_id: int | None
    at: datetime


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


def _to_be_replaced(tx: Transaction, repository: StoredRepository, arrival: _Arrival) -> int | None:
    """The asset whose file gives way, where the repository is set to overwrite equal names."""
    settings = repository.public
    handling = settings.local_settings.handle_duplicate_filenames
    if handling != "overwrite" or settings.storage_strategy == "cas":
        return None
    folder = file_names.inbox_folder(
        settings.storage_strategy, arrival.content_hash.hex(), arrival.at.astimezone()
    )
    found: int | None = tx.value(
        "SELECT id FROM assets WHERE repository_id = ? AND storage_path = ? AND owner_id IS ?"
        " AND deleted_at IS NULL",
        (repository.key, f"{folder}/{file_names.safe_name(arrival.name)}", arrival.owner_id),
    )
    return found


def _insert(tx: Transaction, repository: StoredRepository, arrival: _Arrival) -> int:
    at = to_microseconds(arrival.at)
    path = placing.free_path(tx, repository, arrival.name, arrival.content_hash.hex(), arrival.at)
    return tx.insert(
        "INSERT INTO assets (asset_id, repository_id, owner_id, type, original_filename,"
        " storage_path, mime_type, file_size, file_modified_at, hash, upload_time, is_raw,"
        " processing) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            uuid4().bytes,
            repository.key,
            arrival.owner_id,
            arrival.form.type,
            arrival.name,
            path,
            arrival.form.mime,
            arrival.size,
            at,
            arrival.content_hash,
            at,
            int(arrival.form.is_raw),
            processing.encode(processing.begin(arrival.at)),
        ),
    )


def _replace(tx: Transaction, key: int, arrival: _Arrival) -> None:
    """The asset keeps what a person gave it and gets the content that arrives."""
    tx.run(
        "UPDATE assets SET hash = ?, file_size = ?, upload_time = ?, taken_time = NULL,"
        " capture_offset_minutes = NULL, thumbhash = NULL, processing = ? WHERE id = ?",
        (
            arrival.content_hash,
            arrival.size,
            to_microseconds(arrival.at),
            processing.encode(processing.begin(arrival.at)),
            key,
        ),
    )
    tx.run("DELETE FROM thumbnails WHERE asset_id = ?", (key,))


def _explained(error: OSError) -> LumilioError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(cause=str(error))
    return LumilioError("The file could not be stored", cause=str(error))
