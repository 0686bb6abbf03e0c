"""What single and batch uploads share: bytes on their way into staging, and what to tell about them."""

from uuid import UUID

from starlette.concurrency import run_in_threadpool

from lumilio.api.typed import Header
from lumilio.errors import BadRequest
from lumilio.library import repositories, uploads
from lumilio.library.context import Context
from lumilio.library.repositories import StoredRepository
from lumilio.library.staging import StagedFile
from lumilio.media.sniff import HEAD_BYTES

UPLOADS_AT_ONCE = 32
_BUFFER_BYTES = 1 << 20
_LONGEST_FIELD = 200

CONTENT_HASH = Header(
    "X-Content-Hash", "BLAKE3 of the file in hex; a hint, the server always computes its own."
)


class IncomingFile:
    """A file part: written and hashed outside of the event loop, a megabyte at a time.

    `name` is the file's where the part is its beginning: what Lumilio does not take is refused with
    its first bytes, not after gigabytes of it.
    """

    def __init__(self, staged: StagedFile, name: str | None) -> None:
        self.staged = staged
        self._unchecked_name = name
        self._buffer = bytearray()

    async def add(self, data: bytes) -> None:
        """Take bytes; raises StorageFull and BadRequest."""
        self._buffer += data
        if len(self._buffer) >= HEAD_BYTES:
            self._check()
        if len(self._buffer) >= _BUFFER_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Hand the rest to the staged file; raises StorageFull and BadRequest."""
        if self._buffer:
            self._check()
            data, self._buffer = bytes(self._buffer), bytearray()
            await run_in_threadpool(self.staged.write, data)

    def _check(self) -> None:
        name, self._unchecked_name = self._unchecked_name, None
        if name is not None:
            uploads.require_format(bytes(self._buffer[:HEAD_BYTES]), name)


class TextField:
    """A short form field that arrives in pieces."""

    def __init__(self) -> None:
        self._data = bytearray()

    def add(self, data: bytes) -> None:
        """Take bytes; those beyond any sensible length are dropped."""
        self._data += data[: _LONGEST_FIELD - len(self._data)]

    @property
    def text(self) -> str:
        return self._data.decode(errors="replace").strip()


def chosen_repository(ctx: Context, text: str) -> StoredRepository:
    """The repository a client names, the primary one for no text.

    Raises BadRequest for what is no id, and NotFound.
    """
    if not text:
        return repositories.require_primary(ctx)
    try:
        return repositories.require(ctx, UUID(text))
    except ValueError as error:
        raise BadRequest("repository_id is not an id", cause=str(error)) from error


def told(repository: StoredRepository, duplicate_of: UUID | None) -> str:
    """The sentence about a file that is in the library now, or was there already."""
    where = repository.name
    if duplicate_of is not None:
        return f"This file is already in repository '{where}' as asset {duplicate_of}"
    return f"File received and queued for processing in repository '{where}'"
