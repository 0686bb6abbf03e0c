"""The event stream: changes of the library as server-sent events, while a client listens."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from lumilio.api.typed import Router
from lumilio.db import Changes, Database
from lumilio.errors import Unauthorized, Unavailable
from lumilio.library import events, sessions
from lumilio.library.context import Context
from lumilio.library.events import Event, Found

api = Router("events", "What changes, as it changes.", gate="after_role")

MEDIA = "text/event-stream"
MOST_STREAMS = 256
# Changes gather for so long, so that an import is told in steps that a page can follow.
GATHER_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
_READY = b"event: ready\ndata: {}\n\n"
_HEARTBEAT = b":\n\n"


class _Listener:
    """What one stream has yet to tell; commits fill it from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found = Found()
        self._loop = asyncio.get_running_loop()
        self._awake = asyncio.Event()

    def add(self, changes: Changes) -> None:
        with self._lock:
            was_empty = not self._found.keys
            self._found.add(changes)
            is_news = was_empty and bool(self._found.keys)
        if is_news:
            self.wake()

    def wake(self) -> None:
        # A loop that has been closed has nobody left to tell; that must not harm the commit.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._awake.set)

    async def listen(self) -> Found:
        """What changed; nothing when it is only time for a sign of life."""
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                await self._awake.wait()
        if self._awake.is_set():
            await asyncio.sleep(GATHER_SECONDS)
        self._awake.clear()
        with self._lock:
            found, self._found = self._found, Found()
        return found


class Feed:
    """Everybody who listens to the commits of a database."""

    def __init__(self, db: Database) -> None:
        self._listeners: frozenset[_Listener] = frozenset()
        self.is_closed = False
        db.observe(self._add)

    def require_room(self) -> None:
        """Raises Unavailable when one more stream would be too many."""
        if self.is_closed or len(self._listeners) >= MOST_STREAMS:
            raise Unavailable("Too many event streams are open; try again later")

    @contextmanager
    def listening(self) -> Iterator[_Listener]:
        """A listener to what changes from now on; only on an event loop."""
        listener = _Listener()
        # Replaced rather than changed, as commits on other threads walk through it.
        self._listeners |= {listener}
        try:
            yield listener
        finally:
            self._listeners -= {listener}

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self.is_closed = True
        for listener in self._listeners:
            listener.wake()

    def _add(self, changes: Changes) -> None:
        for listener in self._listeners:
            listener.add(changes)


@api.get("/events", role="user", media=MEDIA, answer=Event, errors=(Unavailable,))
async def stream_events(ctx: Context, request: Request, access_token: str) -> Response:
    """Stream what changes: the caller's uploads and assets, jobs, scans and repositories.

    Server-sent events. `ready` comes first: nothing before it is told again, so clients then load
    what they show. `assets`, `jobs` and `uploads` tell of what the caller may see, `scans` only
    administrators, and `repositories` names none to others. Changes gather for half a second; a comment every 15 seconds
    shows that the stream is alive. It ends with the access token or the session.
    """
    feed: Feed = request.app.state.feed
    feed.require_room()
    if request.method == "HEAD":
        return Response(media_type=MEDIA, headers=_HEADERS)
    return StreamingResponse(_stream(ctx, access_token, feed), media_type=MEDIA, headers=_HEADERS)


async def _stream(ctx: Context, access_token: str, feed: Feed) -> AsyncIterator[bytes]:
    with feed.listening() as listener:
        yield _READY
        while not feed.is_closed:
            found = await listener.listen()
            try:
                yield await run_in_threadpool(_tell, ctx, access_token, found)
            except Unauthorized:
                return


def _tell(ctx: Context, access_token: str, found: Found) -> bytes:
    """The messages for whoever the token speaks for by now; raises Unauthorized."""
    principal = sessions.principal_of(ctx, access_token, "access token")
    messages = [_message(event) for event in events.told(ctx.acting_as(principal), found)]
    return b"".join(messages) or _HEARTBEAT


def _message(event: Event) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (events.name_of(event).encode(), msgspec.json.encode(event))
