"""Making one file of the chunks of an upload session, exactly once, and letting idle sessions go.

The chunks' own files go only after the merged file is admitted, so a merge that is interrupted is
done again. One process serves a home; a lock in memory is enough to do it once at a time.
"""

import contextlib
import logging
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from weakref import WeakValueDictionary

from lumilio.db import Transaction, to_microseconds
from lumilio.errors import Conflict, LumilioError, NotFound
from lumilio.library import repositories, upload_sessions, uploads
from lumilio.library.context import Context, Principal
from lumilio.library.repositories import StoredRepository
from lumilio.library.staging import StagedFile, explained
from lumilio.library.upload_sessions import Outcome, StoredChunk, UploadSession
from lumilio.library.uploads import Admission

log = logging.getLogger(__name__)

KEEP_IDLE = timedelta(hours=24)
KEEP_COMPLETED = timedelta(hours=1)
MERGES_AT_ONCE = 2
_BLOCK_BYTES = 1 << 20
_MOST_NAMED = 10

_merging = threading.BoundedSemaphore(MERGES_AT_ONCE)
_guard = threading.Lock()
_locks: WeakValueDictionary[tuple[Path, int], threading.Lock] = WeakValueDictionary()


class ChunksLost(LumilioError):
    """Acknowledged chunks are no longer on the disk."""

    def __init__(self, lost: Sequence[int]) -> None:
        indexes = ", ".join(map(str, lost[:_MOST_NAMED])) + (
            " and others" if len(lost) > _MOST_NAMED else ""
        )
        super().__init__(f"Parts of this upload were lost; please send chunks {indexes} again")
        self.lost = lost


def finish(ctx: Context, session: UploadSession) -> UploadSession:
    """Merge and admit a session whose chunks are all there; returns it as it is afterwards.

    Waits for whoever is doing so already. Raises what made it fail, after recording it.
    """
    with _lock(ctx, session):
        return _finish(ctx, session)


def finish_interrupted(ctx: Context) -> None:
    """Merge what was complete when the program ended; failures are recorded with the sessions."""
    with ctx.db.read() as db:
        sessions = upload_sessions.select(db, "status = 'merging'")
    for session in sessions:
        lock = _lock(ctx, session)
        if not _repository(ctx, session).is_online or not lock.acquire(blocking=False):
            continue
        try:
            _finish(ctx, session)
        except LumilioError as error:
            log.warning("upload of %s failed: %s", session.file_name, error)
        finally:
            lock.release()


def delete_expired(ctx: Context) -> None:
    """Forget sessions that nobody goes on with, and their chunks; those being merged stay."""
    now = ctx.now()
    expired = (
        "(status IN ('uploading', 'failed') AND last_activity < ?"
        " OR status = 'completed' AND last_activity < ?)"
    )
    instants = (to_microseconds(now - KEEP_IDLE), to_microseconds(now - KEEP_COMPLETED))
    with ctx.db.read() as db:
        if not upload_sessions.select(db, expired, instants):
            return
    with ctx.db.write() as tx:
        files = _forget(tx, expired, instants)
    _delete(files)


def discard(ctx: Context, session_id: str) -> None:
    """Forget a session of the caller's, and its chunks; whoever sends one again begins anew.

    Raises NotFound, also for what belongs to others, and Conflict when it is too late for that.
    """
    with ctx.db.write() as tx:
        session = upload_sessions.find(tx, session_id)
        if session is None or session.owner_id != ctx.principal.user_id:
            raise NotFound("There is no such upload")
        if session.status in ("merging", "completed"):
            raise Conflict("All of this file has arrived; it can be deleted from the library")
        files = _forget(tx, "id = ?", (session.key,))
    _delete(files)


def _forget(tx: Transaction, condition: str, values: tuple[int, ...]) -> list[Path]:
    """Forget the sessions that fulfil an SQL condition; returns the files of their chunks."""
    files = [
        repositories.by_key(tx, session.repository_key).layout.incoming / chunk.staged_name
        for session in upload_sessions.select(tx, condition, values)
        for chunk in upload_sessions.chunks(tx, session)
        if chunk.staged_name is not None
    ]
    tx.run(f"DELETE FROM upload_sessions WHERE {condition}", values)
    return files


def _lock(ctx: Context, session: UploadSession) -> threading.Lock:
    with _guard:
        return _locks.setdefault((ctx.db.path, session.key), threading.Lock())


def _finish(ctx: Context, session: UploadSession) -> UploadSession:
    with ctx.db.read() as db:
        session = upload_sessions.require(db, session.key)
        chunks = upload_sessions.chunks(db, session)
    # Whoever had the lock before us finished it, or found that a chunk is missing.
    if session.outcome is None and session.has_all_chunks:
        with _merging:
            _try(ctx, session, chunks)
        with ctx.db.read() as db:
            session = upload_sessions.require(db, session.key)
    return session


def _try(ctx: Context, session: UploadSession, chunks: Sequence[StoredChunk]) -> None:
    try:
        _merge(ctx, _repository(ctx, session), session, chunks)
    except ChunksLost as error:
        upload_sessions.fail(ctx, session, error.message, error.lost)
        raise
    except LumilioError as error:
        upload_sessions.fail(ctx, session, error.message)
        raise
    except Exception:
        upload_sessions.fail(ctx, session, LumilioError.title)
        raise


def _merge(
    ctx: Context,
    repository: StoredRepository,
    session: UploadSession,
    chunks: Sequence[StoredChunk],
) -> None:
    repository.require_online()
    files = [repository.layout.incoming / str(chunk.staged_name) for chunk in chunks]
    lost = [c.index for c, file in zip(chunks, files, strict=True) if not _is_whole(c, file)]
    if lost:
        # With the whole disk away nothing is lost.
        repository.require_online()
        raise ChunksLost(lost)
    owner = ctx.acting_as(Principal(session.owner_id, "", "user"))
    staged = uploads.stage(repository)

    def record(tx: Transaction, admission: Admission) -> None:
        outcome = Outcome(
            staged.content_hash, admission.asset_id, admission.job_id, admission.duplicate
        )
        upload_sessions.complete(tx, session, outcome, ctx.now())

    try:
        for file in files:
            _append(file, staged)
        uploads.admit(owner, repository, staged, session.file_name, record)
    finally:
        staged.close()
    _delete(files)


def _is_whole(chunk: StoredChunk, file: Path) -> bool:
    try:
        return file.stat().st_size == chunk.size
    except FileNotFoundError:
        return False


def _append(file: Path, staged: StagedFile) -> None:
    try:
        with open(file, "rb", buffering=0) as source:
            while block := source.read(_BLOCK_BYTES):
                staged.write(block)
    except OSError as error:
        raise explained(error) from error


def _delete(files: Sequence[Path]) -> None:
    for file in files:
        # What cannot be removed now, the sweep at the next start removes.
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)


def _repository(ctx: Context, session: UploadSession) -> StoredRepository:
    with ctx.db.read() as db:
        return repositories.by_key(db, session.repository_key)
