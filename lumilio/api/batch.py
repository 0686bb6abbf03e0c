"""Uploading many files and chunks of files in one request.

The name of a file part says what it is: `single_<session>` or `chunk_<session>_<index>_<total>`.
All parts are staged while they come in and taken in only after the last one, so that a request that
is refused changes nothing. What is wrong with one file is told in its entry.
"""

from typing import Annotated

from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from lumilio.api import multipart
from lumilio.api.auth import Message
from lumilio.api.batch_entries import BatchUploadResult, Entry
from lumilio.api.incoming import CONTENT_HASH, TextField, chosen_repository
from lumilio.api.multipart import PartData, PartEnd, PartStart
from lumilio.api.typed import Router
from lumilio.errors import BadRequest, Conflict, NotFound
from lumilio.library import merging, upload_progress
from lumilio.library.context import Context
from lumilio.library.repositories import StoredRepository
from lumilio.library.upload_advice import UploadConfig
from lumilio.library.upload_progress import UploadProgress

api = Router("assets", "Photos, videos and recordings.", gate="first")

_FILE = {"type": "string", "format": "binary"}


class BatchForm(Struct, frozen=True):
    """The parts of a batch; `repository_id` stands before the files."""

    repository_id: Annotated[
        str, Meta(description="Target repository; the primary one when left out.")
    ] = ""


# A Struct cannot say that the names of the file parts are patterns.
BATCH_FORM = Annotated[
    BatchForm,
    Meta(
        extra_json_schema={
            "patternProperties": {
                "^single_[A-Za-z0-9-]{1,64}$": _FILE | {"description": "A whole file."},
                "^chunk_[A-Za-z0-9-]{1,64}_[0-9]+_[0-9]+$": _FILE
                | {"description": "A chunk: session, index from 0, number of chunks."},
            }
        }
    ),
]


class BatchQuery(Struct, frozen=True):
    """Parameters of a batch."""

    repository_id: Annotated[
        str, Meta(description="Target repository where no form field names one.")
    ] = ""


class BatchUploadResponse(Struct):
    """One result for each file part, in their order."""

    results: list[BatchUploadResult]


class ProgressQuery(Struct, frozen=True):
    """Whose progress to tell."""

    session_ids: Annotated[
        str, Meta(description="Session ids separated by commas; all open ones when left out.")
    ] = ""


@api.post(
    "/assets/batch",
    role="user",
    multipart=BATCH_FORM,
    errors=(NotFound,),
    headers=(CONTENT_HASH,),
)
async def upload_asset_batch(
    ctx: Context, request: Request, query: BatchQuery
) -> BatchUploadResponse:
    """Upload several files or chunks of files in one request.

    Each result says how its file fared, whatever the others did. Chunks come in any order, also in
    parallel, and may be repeated; the request with the last one is answered when the file is taken
    in. Chunks that were acknowledged outlive a restart of the server for a day.
    """
    async with request.app.state.uploading:
        batch = _Batch(ctx, query.repository_id.strip())
        try:
            async for event in multipart.events(request):
                await batch.take(event)
            return BatchUploadResponse(await batch.finish())
        finally:
            await run_in_threadpool(batch.close)


@api.get("/assets/batch/config", role="user")
def get_upload_config(ctx: Context, request: Request) -> UploadConfig:
    """Tell clients how large chunks to send, and how many at once."""
    advised: UploadConfig = request.app.state.upload_advice.current(ctx.now())
    return advised


@api.get("/assets/batch/progress", role="user")
def get_upload_progress(ctx: Context, query: ProgressQuery) -> UploadProgress:
    """Report how far the caller's chunked uploads are, and which chunks are there."""
    ids = [part.strip() for part in query.session_ids.split(",")]
    return upload_progress.report(ctx, [part for part in ids if part])


@api.delete("/assets/batch/{session_id}", role="user", errors=(NotFound, Conflict))
def discard_upload_session(ctx: Context, session_id: str) -> Message:
    """Forget an unfinished upload of the caller's and the chunks that are there (our addition)."""
    merging.discard(ctx, session_id)
    return Message("The upload was discarded")


class _Batch:
    """One request on its way through the parts."""

    def __init__(self, ctx: Context, repository_id: str) -> None:
        self._ctx = ctx
        self._default_id = repository_id
        self._repository_id = TextField()
        self._repository: StoredRepository | None = None
        self._entries: list[Entry] = []
        # Where the bytes of the current part go; nowhere when its field means nothing to us.
        self._target: Entry | TextField | None = None

    async def take(self, event: multipart.PartEvent) -> None:
        if isinstance(event, PartStart):
            await self._begin(event)
        elif isinstance(event, PartData):
            if isinstance(self._target, Entry):
                await self._target.add(event.data)
            elif self._target is not None:
                self._target.add(event.data)
        elif isinstance(event, PartEnd):
            if isinstance(self._target, Entry):
                await self._target.end()
            self._target = None

    async def _begin(self, part: PartStart) -> None:
        if part.filename is not None or part.name.startswith(("single_", "chunk_")):
            entry = Entry(self._ctx, part.name, part.filename or "")
            self._entries.append(entry)
            self._target = entry
            await run_in_threadpool(self._open, entry)
        elif part.name == "repository_id":
            if self._entries:
                raise BadRequest("repository_id must come before the files")
            self._target = self._repository_id

    def _open(self, entry: Entry) -> None:
        named = self._repository_id.text or self._default_id
        if self._repository is None:
            self._repository = chosen_repository(self._ctx, named)
        entry.open(self._repository, is_named=bool(named))

    async def finish(self) -> list[BatchUploadResult]:
        if not self._entries:
            raise BadRequest("There is no file in the request")
        return [await run_in_threadpool(entry.finish) for entry in self._entries]

    def close(self) -> None:
        for entry in self._entries:
            entry.close()
