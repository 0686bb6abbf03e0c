"""Upload sessions: files that arrive in chunks, in any order, over restarts.

A chunk is acknowledged after its own file in staging is flushed and its row is committed; a row
therefore never promises bytes that are not there. `merging` makes the file of them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from lumilio.db import Connection, Transaction, Values, from_microseconds, to_microseconds
from lumilio.errors import BadRequest, Conflict
from lumilio.library.context import Context
from lumilio.library.repositories import StoredRepository
from lumilio.library.staging import StagedFile

Status = Literal["uploading", "merging", "completed", "failed"]

_COLUMNS = (
    "id, session_id, owner_id, repository_id, file_name, total_chunks, status, last_activity,"
    " content_hash, asset_id, job_id, is_duplicate, error,"
    " (SELECT count(*) FROM upload_chunks WHERE session_id = upload_sessions.id),"
    " (SELECT COALESCE(sum(size), 0) FROM upload_chunks WHERE session_id = upload_sessions.id)"
)


class Chunk(Struct, frozen=True):
    """Which piece of which file a client sends; `index` counts from 0 to below `total`."""

    session_id: str
    index: int
    total: int


class Outcome(Struct, frozen=True):
    """What became of a session whose file is in the library."""

    content_hash: str
    asset_id: UUID
    job_id: int
    duplicate: bool


class UploadSession(Struct, frozen=True, kw_only=True):
    """The state of one file that arrives in chunks; sizes in bytes."""

    key: int
    session_id: str
    owner_id: int
    repository_key: int
    file_name: str
    total_chunks: int
    status: Status
    last_activity: datetime
    outcome: Outcome | None
    error: str
    chunk_count: int
    bytes_done: int

    @property
    def has_all_chunks(self) -> bool:
        return self.chunk_count == self.total_chunks


class StoredChunk(Struct, frozen=True):
    """A chunk that was acknowledged; its file is gone once it has been merged."""

    index: int
    size: int
    content_hash: bytes
    staged_name: str | None


def select(db: Connection, condition: str, values: Values = ()) -> list[UploadSession]:
    """The sessions that fulfil an SQL condition, oldest first."""
    return db.rows(
        _decode, f"SELECT {_COLUMNS} FROM upload_sessions WHERE {condition} ORDER BY id", values
    )


def find(db: Connection, session_id: str) -> UploadSession | None:
    """The session with this id, whoever owns it."""
    return next(iter(select(db, "session_id = ?", (session_id,))), None)


def chunks(db: Connection, session: UploadSession) -> list[StoredChunk]:
    """The acknowledged chunks of a session in the order of the file."""
    return db.rows(
        StoredChunk,
        "SELECT chunk_index, size, hash, staged_name FROM upload_chunks WHERE session_id = ?"
        " ORDER BY chunk_index",
        (session.key,),
    )


def check(ctx: Context, session: UploadSession, chunk: Chunk, file_name: str) -> None:
    """Raises Conflict for another account's session, BadRequest for a chunk of another file."""
    if session.owner_id != ctx.principal.user_id:
        raise Conflict("This upload session belongs to another account")
    if session.total_chunks != chunk.total:
        raise BadRequest(
            f"This upload was begun with {session.total_chunks} chunks, not {chunk.total}"
        )
    if session.file_name != file_name:
        raise BadRequest(f"This upload was begun for another file, '{session.file_name}'")


def add(
    ctx: Context, repository: StoredRepository, chunk: Chunk, file_name: str, staged: StagedFile
) -> UploadSession:
    """Acknowledge a staged chunk, opening its session with the first one; repeating is harmless.

    The session is `merging` from the moment its last chunk is committed. Raises what `check`
    does, and BadRequest for other content than the same chunk had before.
    """
    content_hash = staged.seal()
    now = to_microseconds(ctx.now())
    with ctx.db.write() as tx:
        session = find(tx, chunk.session_id)
        if session is None:
            session = _open(tx, ctx, repository, chunk, file_name)
        check(ctx, session, chunk, file_name)
        if session.repository_key != repository.key:
            raise BadRequest("This upload was begun in another repository")
        is_new = _is_new(tx, session, chunk.index, content_hash)
        if is_new:
            tx.run(
                "INSERT INTO upload_chunks VALUES (?, ?, ?, ?, ?)",
                (session.key, chunk.index, staged.size, content_hash, staged.path.name),
            )
        if session.status != "completed":
            tx.run(
                "UPDATE upload_sessions SET last_activity = ?, error = '', status = ? WHERE id = ?",
                (now, _status(session, is_new), session.key),
            )
        session = require(tx, session.key)
    if is_new:
        staged.keep()
    return session


def require(db: Connection, key: int) -> UploadSession:
    """The session with this integer key; raises Conflict when it expired in between."""
    found = select(db, "id = ?", (key,))
    if not found:
        raise Conflict("This upload has expired; please send the file again")
    return found[0]


def complete(tx: Transaction, session: UploadSession, outcome: Outcome, now: datetime) -> None:
    """Record that the file is in the library; belongs into the transaction that admits it."""
    tx.run(
        "UPDATE upload_sessions SET status = 'completed', error = '', last_activity = ?,"
        " content_hash = ?, asset_id = ?, job_id = ?, is_duplicate = ? WHERE id = ?",
        (
            to_microseconds(now),
            bytes.fromhex(outcome.content_hash),
            outcome.asset_id.bytes,
            outcome.job_id,
            int(outcome.duplicate),
            session.key,
        ),
    )
    tx.run("UPDATE upload_chunks SET staged_name = NULL WHERE session_id = ?", (session.key,))


def fail(ctx: Context, session: UploadSession, reason: str, lost: Sequence[int] = ()) -> None:
    """Record a merge that failed; its chunks stay, but the lost ones, and sending one tries again."""
    with ctx.db.write() as tx:
        tx.run(
            "UPDATE upload_sessions SET status = 'failed', error = ? WHERE id = ?",
            (reason, session.key),
        )
        tx.run_many(
            "DELETE FROM upload_chunks WHERE session_id = ? AND chunk_index = ?",
            [(session.key, index) for index in lost],
        )


def staged_names(db: Connection) -> list[str]:
    """The staged files that chunks wait in."""
    return db.rows(str, "SELECT staged_name FROM upload_chunks WHERE staged_name IS NOT NULL")


def _open(
    tx: Transaction, ctx: Context, repository: StoredRepository, chunk: Chunk, file_name: str
) -> UploadSession:
    now = to_microseconds(ctx.now())
    key = tx.insert(
        "INSERT INTO upload_sessions (session_id, owner_id, repository_id, file_name,"
        " total_chunks, status, created_at, last_activity)"
        " VALUES (?, ?, ?, ?, ?, 'uploading', ?, ?)",
        (
            chunk.session_id,
            ctx.principal.user_id,
            repository.key,
            file_name,
            chunk.total,
            now,
            now,
        ),
    )
    return require(tx, key)


def _is_new(tx: Transaction, session: UploadSession, index: int, content_hash: bytes) -> bool:
    known = tx.value(
        "SELECT hash FROM upload_chunks WHERE session_id = ? AND chunk_index = ?",
        (session.key, index),
    )
    if known not in (None, content_hash):
        raise BadRequest(f"Chunk {index} of this upload was received before with other content")
    return known is None


def _status(session: UploadSession, is_new: bool) -> Status:
    is_whole = session.chunk_count + is_new == session.total_chunks
    return "merging" if is_whole else "uploading"


def _decode(
    key: int,
    session_id: str,
    owner_id: int,
    repository_key: int,
    file_name: str,
    total_chunks: int,
    status: Status,
    last_activity: int,
    content_hash: bytes | None,
    asset_id: bytes | None,
    job_id: int,
    is_duplicate: int,
    error: str,
    chunk_count: int,
    bytes_done: int,
) -> UploadSession:
    outcome = None
    if content_hash is not None and asset_id is not None:
        outcome = Outcome(content_hash.hex(), UUID(bytes=asset_id), job_id, bool(is_duplicate))
    return UploadSession(
        key=key,
        session_id=session_id,
        owner_id=owner_id,
        repository_key=repository_key,
        file_name=file_name,
        total_chunks=total_chunks,
        status=status,
        last_activity=from_microseconds(last_activity),
        outcome=outcome,
        error=error,
        chunk_count=chunk_count,
        bytes_done=bytes_done,
    )
