"""How far the caller's upload sessions have come."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from lumilio.db import Connection
from lumilio.library import upload_sessions
from lumilio.library.context import Context
from lumilio.library.upload_sessions import Status, UploadSession
from lumilio.library.users import Instant

Share = Annotated[float, Meta(ge=0, le=1)]


class UploadSessionProgress(Struct, omit_defaults=True, kw_only=True):
    """One file that arrives in chunks."""

    session_id: str
    filename: str
    status: Status
    progress: Annotated[Share, Meta(description="Share of the chunks that are there.")]
    received_chunks: int
    total_chunks: int
    bytes_done: Annotated[int, Meta(description="Bytes.")]
    bytes_total: Annotated[int, Meta(description="Bytes; 0 until all chunks are there.")]
    last_activity: Instant
    received: Annotated[
        list[int],
        Meta(description="Indexes of the chunks that need not be sent again (our addition)."),
    ]
    error: Annotated[str, Meta(description="Why the file failed (our addition).")] = ""


class UploadProgressSummary(Struct):
    """All listed sessions together."""

    total_sessions: int
    active_sessions: Annotated[int, Meta(description="Counted over all accounts.")]
    completed_files: int
    failed_sessions: int
    overall_progress: Share


class UploadProgress(Struct):
    """The caller's sessions."""

    sessions: list[UploadSessionProgress]
    summary: UploadProgressSummary


def report(ctx: Context, session_ids: Sequence[str] = ()) -> UploadProgress:
    """The caller's sessions among these ids in their order; without ids those that are open."""
    with ctx.db.read() as db:
        found = _sessions(db, ctx.principal.user_id, session_ids)
        listed = [_progress(db, session) for session in found]
        active = db.value(
            "SELECT count(*) FROM upload_sessions WHERE status IN ('uploading', 'merging')"
        )
    return UploadProgress(listed, _summary(listed, active))


def of_keys(ctx: Context, db: Connection, keys: str) -> list[UploadSessionProgress]:
    """The caller's sessions among these keys, given as a JSON array."""
    wanted = "owner_id = ? AND id IN (SELECT value FROM json_each(?))"
    found = upload_sessions.select(db, wanted, (ctx.principal.user_id, keys))
    return [_progress(db, session) for session in found]


def _sessions(
    db: Connection, owner_id: int | None, session_ids: Sequence[str]
) -> list[UploadSession]:
    if not session_ids:
        return upload_sessions.select(db, "owner_id = ? AND status <> 'completed'", (owner_id,))
    found = [upload_sessions.find(db, session_id) for session_id in dict.fromkeys(session_ids)]
    return [session for session in found if session is not None and session.owner_id == owner_id]


def _progress(db: Connection, session: UploadSession) -> UploadSessionProgress:
    return UploadSessionProgress(
        session_id=session.session_id,
        filename=session.file_name,
        status=session.status,
        progress=session.chunk_count / session.total_chunks,
        received_chunks=session.chunk_count,
        total_chunks=session.total_chunks,
        bytes_done=session.bytes_done,
        bytes_total=session.bytes_done if session.has_all_chunks else 0,
        last_activity=session.last_activity,
        received=[chunk.index for chunk in upload_sessions.chunks(db, session)],
        error=session.error,
    )


def _summary(listed: Sequence[UploadSessionProgress], active: int) -> UploadProgressSummary:
    statuses = [session.status for session in listed]
    total = sum(session.total_chunks for session in listed)
    return UploadProgressSummary(
        total_sessions=len(listed),
        active_sessions=active,
        completed_files=statuses.count("completed"),
        failed_sessions=statuses.count("failed"),
        overall_progress=sum(session.received_chunks for session in listed) / (total or 1),
    )
