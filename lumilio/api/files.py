"""Sending files: ranges, conditional requests, and names that any client can read."""

from email.utils import parsedate_to_datetime
from pathlib import Path

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from lumilio.api.typed import Header

RANGE = Header("Range", "Byte range to send.")
IF_NONE_MATCH = Header("If-None-Match", "ETag of the copy at hand.")


# Formats whose files may hold scripts: saved, never opened as a page.
_MAY_RUN = frozenset({"image/svg+xml"})


class FileAnswer(Struct, frozen=True, kw_only=True):
    """A file to send and what to say about it."""

    path: Path
    media_type: str
    etag: str
    cache_control: str
    filename: str | None = None


def send_file(request: Request, answer: FileAnswer) -> Response:
    """The file, the range of it that was asked for, or 304 when the client has it."""
    etag = f'"{answer.etag}"'
    headers = {
        "etag": etag,
        "cache-control": answer.cache_control,
        # Whatever an original contains, it never runs as a page of ours.
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    status = answer.path.stat()
    if _has(request, etag, int(status.st_mtime)):
        return Response(status_code=304, headers=headers)
    return FileResponse(
        answer.path,
        stat_result=status,
        media_type=answer.media_type,
        headers=headers,
        filename=answer.filename,
        content_disposition_type="attachment" if answer.media_type in _MAY_RUN else "inline",
    )


def _has(request: Request, etag: str, modified_at: int) -> bool:
    """Whether the client's copy is current; dates count only where it names no ETag."""
    wanted = request.headers.get("if-none-match")
    if wanted is not None:
        return wanted.strip() == "*" or etag in [part.strip() for part in wanted.split(",")]
    since = request.headers.get("if-modified-since", "")
    try:
        return modified_at <= parsedate_to_datetime(since).timestamp()
    except (ValueError, OverflowError):
        return False
