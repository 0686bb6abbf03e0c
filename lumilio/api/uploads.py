"""Uploading one file over HTTP: streamed into staging while it is hashed."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from lumilio.api import multipart
from lumilio.api.incoming import (
    CONTENT_HASH,
    IncomingFile,
    TextField,
    chosen_repository,
    told,
)
from lumilio.api.multipart import PartData, PartEnd, PartStart
from lumilio.api.typed import Router
from lumilio.errors import BadRequest, NotFound, RepositoryOffline, StorageFull
from lumilio.library import file_names, uploads
from lumilio.library.context import Context
from lumilio.library.repositories import StoredRepository

api = Router("assets", "Photos, videos and recordings.", gate="first")


class UploadForm(Struct, frozen=True):
    """The parts of an upload; with `repository_id` before the file, nothing has to be moved."""

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
        self._repository_id = TextField()
        self._repository: StoredRepository | None = None
        self._name = ""
        self._file: IncomingFile | None = None
        self._field: str | None = None

    async def take(self, event: multipart.PartEvent) -> None:
        if isinstance(event, PartStart):
            self._field = event.name
            if event.name == "file":
                await run_in_threadpool(self._open, event.filename or "")
        elif isinstance(event, PartData):
            await self._add(event.data)
        elif isinstance(event, PartEnd):
            if self._file is not None:
                await self._file.flush()
            self._field = None

    async def _add(self, data: bytes) -> None:
        if self._field == "file" and self._file is not None:
            await self._file.add(data)
        elif self._field == "repository_id":
            self._repository_id.add(data)

    def _open(self, filename: str) -> None:
        if self._file is not None:
            raise BadRequest("Send one file in each request")
        self._name = file_names.display_name(filename)
        self._repository = chosen_repository(self._ctx, self._repository_id.text)
        self._file = IncomingFile(uploads.stage(self._repository), self._name)

    def finish(self) -> UploadAccepted:
        if self._file is None or self._repository is None:
            raise BadRequest("There is no file in the request")
        staged = self._file.staged
        repository = chosen_repository(self._ctx, self._repository_id.text)
        if repository.key != self._repository.key:
            # The field came after the file.
            repository.require_online()
            staged.move_to(repository.layout.incoming)
        admission = uploads.admit(self._ctx, repository, staged, self._name)
        return UploadAccepted(
            task_id=admission.job_id,
            status="duplicate" if admission.duplicate else "processing",
            file_name=self._name,
            size=staged.size,
            content_hash=staged.content_hash,
            message=told(repository, admission.asset_id if admission.duplicate else None),
            asset_id=admission.asset_id,
        )

    def close(self) -> None:
        if self._file is not None:
            self._file.staged.close()
