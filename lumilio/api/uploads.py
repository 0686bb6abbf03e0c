"""Uploading one file over HTTP: streamed into staging while it is hashed."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from lumilio.api import multipart
from lumilio.api.multipart import PartData, PartEnd, PartStart
from lumilio.api.typed import Header, Router
from lumilio.errors import BadRequest, NotFound, RepositoryOffline, StorageFull
from lumilio.library import file_names, repositories, uploads
from lumilio.library.context import Context
from lumilio.library.repositories import StoredRepository
from lumilio.library.staging import StagedFile

api = Router("assets", "Photos, videos and recordings.", gate="first")

UPLOADS_AT_ONCE = 32
_BUFFER_BYTES = 1 << 20
_LONGEST_FIELD = 200


CONTENT_HASH = Header(
    "X-Content-Hash", "BLAKE3 of the file in hex; a hint, the server always computes its own."
)


class UploadForm(Struct, frozen=True):
    """The parts of an upload; `repository_id` stands before the file."""

    file: Annotated[
        str, Meta(extra_json_schema={"format": "binary"}, description="The file with its name.")
    ]
    repository_id: Annotated[
        str, Meta(description="Target repository; the primary one when left out.")
    ] = ""


class UploadAccepted(Struct):
    """Receipt; the import itself runs later."""

    task_id: int
    status: Literal["processing", "duplicate"]
    file_name: str
    size: int
    content_hash: str
    message: str
    asset_id: UUID


@api.post(
    "/assets",
    role="user",
    multipart=UploadForm,
    errors=(NotFound, StorageFull, RepositoryOffline),
    headers=(CONTENT_HASH,),
)
async def upload_asset(ctx: Context, request: Request) -> UploadAccepted:
    """Upload one media file and queue it for import.

    The answer comes after the file is safe on disk. A file whose content the caller already has in
    the repository is not stored again.
    """
    async with request.app.state.uploading:
        upload = _Upload(ctx)
        try:
            async for event in multipart.events(request):
                await upload.take(event)
            return await run_in_threadpool(upload.finish)
        finally:
            await run_in_threadpool(upload.close)


class _Upload:
    """One request on its way through the parts."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._repository_id = ""
        self._repository: StoredRepository | None = None
        self._name = ""
        self._staged: StagedFile | None = None
        self._field: str | None = None
        self._buffer = bytearray()

    async def take(self, event: multipart.PartEvent) -> None:
        if isinstance(event, PartStart):
            self._field = event.name
            if event.name == "file":
                await run_in_threadpool(self._open, event.filename or "")
        elif isinstance(event, PartData):
            await self._add(event.data)
        elif isinstance(event, PartEnd):
            await self._flush()
            self._field = None

    async def _add(self, data: bytes) -> None:
        if self._field == "file":
            self._buffer += data
            if len(self._buffer) >= _BUFFER_BYTES:
                await self._flush()
        elif self._field == "repository_id":
            self._repository_id += data[:_LONGEST_FIELD].decode(errors="replace")

    async def _flush(self) -> None:
        if self._buffer and self._staged is not None:
            data, self._buffer = bytes(self._buffer), bytearray()
            await run_in_threadpool(self._staged.write, data)

    def _open(self, filename: str) -> None:
        if self._staged is not None:
            raise BadRequest("Send one file in each request")
        self._name = file_names.display_name(filename)
        uploads.require_format(self._name)
        self._repository = _repository(self._ctx, self._repository_id.strip())
        self._staged = uploads.stage(self._repository)

    def finish(self) -> UploadAccepted:
        if self._staged is None or self._repository is None:
            raise BadRequest("There is no file in the request")
        repository = _repository(self._ctx, self._repository_id.strip())
        if repository.key != self._repository.key:
            # The field came after the file.
            repository.require_online()
            self._staged.move_to(repository.layout.incoming)
        name, staged = self._name, self._staged
        admission = uploads.admit(self._ctx, repository, staged, name)
        where = repository.name
        message = (
            f"This file is already in repository '{where}'"
            if admission.duplicate
            else f"File received and queued for processing in repository '{where}'"
        )
        return UploadAccepted(
            task_id=admission.job_id,
            status="duplicate" if admission.duplicate else "processing",
            file_name=name,
            size=staged.size,
            content_hash=staged.content_hash,
            message=message,
            asset_id=admission.asset_id,
        )

    def close(self) -> None:
        if self._staged is not None:
            self._staged.close()


def _repository(ctx: Context, text: str) -> StoredRepository:
    if not text:
        return repositories.require_primary(ctx)
    try:
        return repositories.require(ctx, UUID(text))
    except ValueError as error:
        raise BadRequest("repository_id is not an id", cause=str(error)) from error
