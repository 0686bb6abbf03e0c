"""Sending files: ranges, conditional requests, and names that any client can read."""

import os
import re
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from lumilio.api.typed import Header
from lumilio.errors import NotFound
from lumilio.media.facts import EmbeddedVideo
from lumilio.media.motion_photos import clip_bytes

RANGE = Header("Range", "Byte range to send.")
IF_NONE_MATCH = Header("If-None-Match", "ETag of the copy at hand.")

# Whatever a file contains, it never runs as a page of ours.
INERT = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
# A browser that shows a video by itself makes a page with a player, which fetches the file again.
_PLAYED = {
    "content-security-policy": "default-src 'none'; media-src 'self'; style-src 'unsafe-inline';"
    " sandbox allow-same-origin"
}

_GONE = "The file is not there any more; its disk may be disconnected"
_RANGES = re.compile(r"bytes *= *(\d+-\d*|-\d+)( *, *(\d+-\d*|-\d+))*", re.IGNORECASE)
_SINGLE_RANGE = re.compile(r"bytes *= *(\d*)-(\d*)", re.IGNORECASE)
_BACKWARDS = re.compile(r"(\d{1,18})-(\d{1,18})")


# Formats whose files may hold scripts: saved, never opened as a page.
_MAY_RUN = frozenset({"image/svg+xml"})


class FileAnswer(Struct, frozen=True, kw_only=True):
    """A file to send, or the film inside it, and what to say about it."""

    path: Path
    media_type: str
    etag: str
    cache_control: str
    filename: str | None = None
    part: EmbeddedVideo | None = None


def send_file(request: Request, answer: FileAnswer) -> Response:
    """The file, the range of it that was asked for, or 304 when the client has it.

    Raises NotFound when the file cannot be opened.
    """
    etag = f'"{answer.etag}"'
    is_played = answer.media_type.startswith(("video/", "audio/"))
    policy = _PLAYED if is_played else INERT
    headers = {"etag": etag, "cache-control": answer.cache_control, **policy}
    status = status_of(answer.path)
    if _has(request, etag, int(status.st_mtime)):
        return Response(status_code=304, headers=headers)
    if answer.part is not None:
        return _part(request, answer.path, answer.part, headers, answer.media_type)
    return OpenedFile(
        answer.path,
        stat_result=status,
        media_type=answer.media_type,
        headers=headers,
        filename=answer.filename and answer.filename.replace("/", "_"),
        content_disposition_type="attachment" if answer.media_type in _MAY_RUN else "inline",
    )


def status_of(path: Path) -> os.stat_result:
    """Size and times of a file; raises NotFound when it is not there."""
    try:
        return path.stat()
    except OSError as error:
        raise NotFound(_GONE, cause=error.strerror) from error


class OpenedFile(FileResponse):
    """A file whose headers go out only when it could be opened."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with _found():
            await super().__call__(_with_valid_range(scope), receive, _held_back(send))


class PassingFile(OpenedFile):
    """A file that is made for one answer and deleted after it, sent in whole."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
        try:
            await super().__call__({**scope, "headers": headers}, receive, send)
        finally:
            Path(self.path).unlink(missing_ok=True)


class MadeWhileSent(StreamingResponse):
    """A stream whose source is closed at once when the client goes away."""

    def __init__(self, content: Generator[bytes, None, None], **options: Any) -> None:
        super().__init__(content, **options)
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with closing(self._content), _found():
            await super().__call__(scope, receive, _held_back(send))


def _part(
    request: Request, path: Path, part: EmbeddedVideo, headers: dict[str, str], media_type: str
) -> Response:
    """The bytes of a part of a file as if they were a file, or the one range of it asked for."""
    length, status = part.length, 200
    start, end = 0, length
    headers = headers | {"accept-ranges": "bytes"}
    if wanted := _single_range(request, headers["etag"]):
        first, last = wanted.groups()
        start = int(first) if first else max(length - int(last), 0)
        end = min(int(last) + 1, length) if first and last else length
        if start >= length:
            return Response(status_code=416, headers={"content-range": f"bytes */{length}"})
        status = 206
        headers["content-range"] = f"bytes {start}-{end - 1}/{length}"
    headers["content-length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    content = clip_bytes(path, part, start, end)
    return MadeWhileSent(content, status_code=status, headers=headers, media_type=media_type)


def _single_range(request: Request, etag: str) -> re.Match[str] | None:
    """The range of a request; several, and one of another version, count as none, as HTTP allows."""
    text = request.headers.get("range", "").strip()
    if request.headers.get("if-range", etag) != etag or not _is_range(text):
        return None
    return _SINGLE_RANGE.fullmatch(text)


@contextmanager
def _found() -> Iterator[None]:
    """Turns a file that cannot be opened into 404."""
    try:
        yield
    except (FileNotFoundError, PermissionError) as error:
        raise NotFound(_GONE, cause=error.strerror) from error


def _held_back(send: Send) -> Send:
    """Keeps the start of an answer until its first bytes are read, so that 404 is still possible."""
    start: list[Message] = []

    async def hold(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.append(message)
            return
        if start:
            await send(start.pop())
        await send(message)

    return hold


def _with_valid_range(scope: Scope) -> Scope:
    """A Range header that says nothing sensible counts as absent, as HTTP wants it."""
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name != b"range" or _is_range(value.decode("latin-1"))
    ]
    return {**scope, "headers": headers}


def _is_range(text: str) -> bool:
    return _RANGES.fullmatch(text.strip()) is not None and not any(
        int(first) > int(last) for first, last in _BACKWARDS.findall(text)
    )


def _has(request: Request, etag: str, modified_at: int) -> bool:
    """Whether the client's copy is current; dates count only where it names no ETag."""
    wanted = request.headers.get("if-none-match")
    if wanted is not None:
        known = [part.strip().removeprefix("W/") for part in wanted.split(",")]
        return known == ["*"] or etag in known
    since = request.headers.get("if-modified-since", "")
    try:
        return modified_at <= parsedate_to_datetime(since).timestamp()
    except (ValueError, OverflowError):
        return False
