"""The file parts of a batch: each a whole file or a chunk, each with its own outcome."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.concurrency import run_in_threadpool

from lumilio.api.incoming import IncomingFile, told
from lumilio.errors import BadRequest, LumilioError
from lumilio.library import file_names, merging, repositories, upload_sessions, uploads
from lumilio.library.context import Context
from lumilio.library.repositories import StoredRepository
from lumilio.library.upload_sessions import Chunk, Outcome, UploadSession

log = logging.getLogger(__name__)

_FIELD = re.compile(
    r"single_[A-Za-z0-9-]{1,64}|chunk_([A-Za-z0-9-]{1,64})_([0-9]{1,6})_([0-9]{1,6})"
)


class BatchUploadResult(Struct, omit_defaults=True, kw_only=True):
    """How one file part fared."""

    success: bool
    file_name: str
    content_hash: Annotated[
        str, Meta(description="BLAKE3 in hex; empty until the whole file is there.")
    ]
    task_id: Annotated[int | UnsetType, Meta(description="Job id of the import.")] = UNSET
    status: Annotated[
        Literal["uploading", "processing", "duplicate"] | UnsetType,
        Meta(description="`uploading` while more chunks are expected."),
    ] = UNSET
    size: Annotated[int | UnsetType, Meta(description="Bytes of the whole file.")] = UNSET
    message: str | UnsetType = UNSET
    error: Annotated[str | UnsetType, Meta(description="Why there is no success.")] = UNSET
    asset_id: Annotated[
        UUID | UnsetType, Meta(description="The asset this file is, or already was.")
    ] = UNSET


class Entry:
    """One file part of a request; what goes wrong with it is kept for its result."""

    def __init__(self, ctx: Context, field: str, filename: str) -> None:
        self._ctx = ctx
        self._chunk = _chunk(field)
        # Clients find the result of a file by the very name that they sent.
        self._sent_name = filename or field
        self._name = ""
        self._repository: StoredRepository | None = None
        self._file: IncomingFile | None = None
        self._error = ""

    def open(self, repository: StoredRepository, *, is_named: bool) -> None:
        """Make room for the part, in the repository of its session unless the request names one."""
        with self._faults_kept():
            self._name = file_names.display_name(self._sent_name)
            session = self._session()
            if session is not None and not is_named:
                with self._ctx.db.read() as db:
                    repository = repositories.by_key(db, session.repository_key)
            self._repository = repository
            self._file = IncomingFile(
                uploads.stage(repository), self._name if self._is_beginning else None
            )

    async def add(self, data: bytes) -> None:
        """Take bytes, unless something is wrong already."""
        if self._file is not None:
            with self._faults_kept():
                await self._file.add(data)

    async def end(self) -> None:
        """Flush the part to disk."""
        if self._file is not None:
            with self._faults_kept():
                await self._file.flush()
                await run_in_threadpool(self._file.staged.seal)

    def finish(self) -> BatchUploadResult:
        """Take the part into the library, or into its session."""
        result = None
        with self._faults_kept():
            if self._file is not None and self._repository is not None:
                result = self._taken(self._file, self._repository)
        if result is None:
            return BatchUploadResult(
                success=False, file_name=self._sent_name, content_hash="", error=self._error
            )
        return result

    def close(self) -> None:
        """Remove what was staged and not taken; harmless when called twice."""
        if self._file is not None:
            self._file.staged.close()
            self._file = None

    @property
    def _is_beginning(self) -> bool:
        return self._chunk is None or self._chunk.index == 0

    def _session(self) -> UploadSession | None:
        if self._chunk is None:
            return None
        with self._ctx.db.read() as db:
            session = upload_sessions.find(db, self._chunk.session_id)
        if session is not None:
            # Before its bytes are received in vain; it is checked again when they are there.
            upload_sessions.check(self._ctx, session, self._chunk, self._name)
        return session

    def _taken(self, file: IncomingFile, repository: StoredRepository) -> BatchUploadResult:
        staged = file.staged
        if self._chunk is None:
            admission = uploads.admit(self._ctx, repository, staged, self._name)
            outcome = Outcome(
                staged.content_hash, admission.asset_id, admission.job_id, admission.duplicate
            )
            return self._arrived(repository, outcome, staged.size)
        session = upload_sessions.add(self._ctx, repository, self._chunk, self._name, staged)
        if session.outcome is None and session.has_all_chunks:
            session = merging.finish(self._ctx, session)
        if session.outcome is not None:
            return self._arrived(repository, session.outcome, session.bytes_done)
        if session.error:
            raise LumilioError(session.error)
        return self._under_way(session)

    def _arrived(
        self, repository: StoredRepository, outcome: Outcome, size: int
    ) -> BatchUploadResult:
        return BatchUploadResult(
            success=True,
            file_name=self._sent_name,
            content_hash=outcome.content_hash,
            task_id=outcome.job_id,
            status="duplicate" if outcome.duplicate else "processing",
            size=size,
            message=told(repository, outcome.asset_id if outcome.duplicate else None),
            asset_id=outcome.asset_id,
        )

    def _under_way(self, session: UploadSession) -> BatchUploadResult:
        share = session.chunk_count / session.total_chunks
        return BatchUploadResult(
            success=True,
            file_name=self._sent_name,
            content_hash="",
            status="uploading",
            message=f"Upload in progress: {share:.1%} complete",
        )

    @contextmanager
    def _faults_kept(self) -> Iterator[None]:
        try:
            yield
        except LumilioError as error:
            if error.status == LumilioError.status:
                log.exception("upload of %s failed", self._sent_name)
            self._error = error.message
            self.close()
        except Exception:
            log.exception("upload of %s failed", self._sent_name)
            self._error = "Something went wrong inside Lumilio; its log says more"
            self.close()


def _chunk(field: str) -> Chunk | None:
    """The chunk that a field name stands for, None for a whole file; raises BadRequest."""
    found = _FIELD.fullmatch(field)
    if found is None:
        raise BadRequest("Invalid file field name", cause=field[:200])
    if found[1] is None:
        return None
    chunk = Chunk(found[1], int(found[2]), int(found[3]))
    if chunk.index >= chunk.total:
        raise BadRequest("Invalid file field name", cause=field)
    return chunk
