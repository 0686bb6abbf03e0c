"""Taking a file in: staged while it is hashed, then admitted together with its job.

An upload is acknowledged after its bytes are flushed and its row is committed. From then on
`placing` brings it to its place, however often it is interrupted.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from msgspec import Struct

from lumilio.db import Connection, Transaction, to_microseconds
from lumilio.errors import BadRequest
from lumilio.library import assets, file_names, jobs, new_assets, placing, repositories
from lumilio.library.context import Context
from lumilio.library.new_assets import NewAsset
from lumilio.library.placing import Ingest
from lumilio.library.repositories import StoredRepository
from lumilio.library.repository_folders import INBOX
from lumilio.library.staging import StagedFile, explained
from lumilio.media.formats import Format, format_of
from lumilio.media.sniff import sniff


class Admission(Struct, frozen=True):
    """What became of an upload: a new asset, or one that was already there."""

    job_id: int
    asset_id: UUID
    duplicate: bool


class _Arrival(Struct, frozen=True, kw_only=True):
    """A sealed file about to become an asset."""

    name: str
    form: Format
    size: int
    content_hash: bytes
    owner_id: int | None
    at: datetime


def require_format(content: BinaryIO | bytes, filename: str) -> Format:
    """The format of a file's content; raises BadRequest for one Lumilio does not take.

    The first bytes (`sniff.HEAD_BYTES`) tell whether it takes it, the whole file what exactly it is.
    """
    found = sniff(BytesIO(content) if isinstance(content, bytes) else content, filename)
    if found is None:
        kind = Path(filename).suffix or "without an extension"
        if format_of(filename) is None:
            raise BadRequest(f"Files of this kind ({kind}) are not supported")
        raise BadRequest(f"The content of this file is not supported, although it is named {kind}")
    return found


def stage(repository: StoredRepository) -> StagedFile:
    """Open a file for an upload; raises RepositoryOffline and StorageFull."""
    repository.require_online()
    try:
        return StagedFile(repository.layout.incoming)
    except OSError as error:
        raise explained(error) from error


def admit(
    ctx: Context,
    repository: StoredRepository,
    staged: StagedFile,
    name: str,
    record: Callable[[Transaction, Admission], None] | None = None,
) -> Admission:
    """Enter a staged file into the library, or find the asset that already has its content.

    What `record` writes is committed together with it. Raises BadRequest for an empty or
    unsupported file, NotFound for a repository that is gone, and what `StagedFile.seal` does.
    """
    if not staged.size:
        raise BadRequest("The file is empty")
    content_hash = staged.seal()
    try:
        with staged.path.open("rb") as content:
            form = require_format(content, name)
    except OSError as error:
        # The disk took the bytes and does not give them back.
        raise explained(error) from error
    arrival = _Arrival(
        name=name,
        form=form,
        size=staged.size,
        content_hash=content_hash,
        owner_id=ctx.principal.user_id or repository.default_owner_id,
        at=ctx.now(),
    )
    with ctx.db.write() as tx:
        # It may have been unregistered while the bytes came in.
        repository = repositories.by_key(tx, repository.key)
        admission = _admitted(tx, repository, staged.path.name, arrival)
        if record is not None:
            record(tx, admission)
    if not admission.duplicate:
        staged.keep()
    return admission


def already_there(
    ctx: Context, repository: StoredRepository, hashes: Sequence[bytes]
) -> list[UUID | None]:
    """For each full BLAKE3 the asset that an upload of it would find; raises RepositoryOffline."""
    repository.require_online()
    owner_id = ctx.principal.user_id or repository.default_owner_id
    with ctx.db.read() as db:
        keys = [_same_content(db, repository, owner_id, content_hash) for content_hash in hashes]
        return [
            assets.by_key(db, key).asset_id
            if key is not None and _has_its_file(db, repository, key)
            else None
            for key in keys
        ]


def _admitted(
    tx: Transaction, repository: StoredRepository, staged_name: str, arrival: _Arrival
) -> Admission:
    known = _same_content(tx, repository, arrival.owner_id, arrival.content_hash)
    if known is not None and _has_its_file(tx, repository, known):
        stored = assets.by_key(tx, known)
        return Admission(_last_job(tx, known), stored.asset_id, duplicate=True)
    key, replaces = _entered(tx, repository, arrival, lost=known)
    payload = Ingest(staged_name, arrival.content_hash.hex(), replaces)
    job_id = jobs.enqueue(tx, jobs.NewJob(jobs.INGEST, payload, asset_key=key), arrival.at)
    return Admission(job_id, assets.by_key(tx, key).asset_id, duplicate=False)


def _entered(
    tx: Transaction, repository: StoredRepository, arrival: _Arrival, *, lost: int | None
) -> tuple[int, bool]:
    """The asset that the file becomes, and whether it replaces the file of that asset."""
    if lost is not None:
        _find_new_place(tx, repository, arrival, lost)
        return lost, False
    replaced = _to_be_replaced(tx, repository, arrival)
    if replaced is None:
        return _insert(tx, repository, arrival), False
    at = to_microseconds(arrival.at)
    new_assets.replace_content(tx, replaced, arrival.content_hash, arrival.at)
    tx.run(
        "UPDATE assets SET file_size = ?, upload_time = ? WHERE id = ?",
        (arrival.size, at, replaced),
    )
    new_assets.set_format(tx, replaced, arrival.form)
    return replaced, True


def _same_content(
    db: Connection, repository: StoredRepository, owner_id: int | None, content_hash: bytes
) -> int | None:
    found: int | None = db.value(
        "SELECT id FROM assets WHERE hash = ? AND repository_id = ? AND owner_id IS ?"
        " AND deleted_reason IS NOT 'trashed' ORDER BY id LIMIT 1",
        (content_hash, repository.key, owner_id),
    )
    return found


def _has_its_file(db: Connection, repository: StoredRepository, key: int) -> bool:
    """Whether an asset's original is there or on its way; raises RepositoryOffline."""
    if jobs.is_on_its_way(db, key):
        return True
    if repository.layout.file(assets.by_key(db, key).storage_path).is_file():
        return True
    repository.require_online()
    return False


def _find_new_place(
    tx: Transaction, repository: StoredRepository, arrival: _Arrival, key: int
) -> None:
    """Let a file that was lost come back: into the inbox, for the rest belongs to the user."""
    path = assets.by_key(tx, key).storage_path
    if not path.startswith(f"{INBOX}/"):
        path = _free_path(tx, repository, arrival)
    tx.run(
        "UPDATE assets SET storage_path = ?, deleted_at = NULL, deleted_reason = NULL WHERE id = ?",
        (path, key),
    )


def _last_job(tx: Transaction, key: int) -> int:
    return int(tx.value("SELECT COALESCE(max(id), 0) FROM jobs WHERE asset_id = ?", (key,)))


def _to_be_replaced(tx: Transaction, repository: StoredRepository, arrival: _Arrival) -> int | None:
    """The asset whose file gives way, where the repository is set to overwrite equal names."""
    strategy = repository.storage_strategy
    if repository.duplicate_handling != "overwrite" or strategy == "cas":
        return None
    folder = file_names.inbox_folder(strategy, arrival.content_hash.hex(), arrival.at.astimezone())
    found: int | None = tx.value(
        "SELECT id FROM assets WHERE repository_id = ? AND storage_path = ? AND owner_id IS ?"
        " AND original_filename = ? AND deleted_at IS NULL",
        (
            repository.key,
            f"{folder}/{file_names.safe_name(arrival.name)}",
            arrival.owner_id,
            arrival.name,
        ),
    )
    return found


def _insert(tx: Transaction, repository: StoredRepository, arrival: _Arrival) -> int:
    return new_assets.insert(
        tx,
        NewAsset(
            repository_key=repository.key,
            owner_id=arrival.owner_id,
            form=arrival.form,
            name=arrival.name,
            storage_path=_free_path(tx, repository, arrival),
            size=arrival.size,
            modified_at=to_microseconds(arrival.at),
            content_hash=arrival.content_hash,
            at=arrival.at,
        ),
    )


def _free_path(tx: Transaction, repository: StoredRepository, arrival: _Arrival) -> str:
    return placing.free_path(tx, repository, arrival.name, arrival.content_hash.hex(), arrival.at)
