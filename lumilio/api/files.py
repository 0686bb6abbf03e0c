"""Sending files: ranges, conditional requests, and names that any client can read."""

from pathlib import Path

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import FileResponse, Response


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
    if _has(request, etag):
        return Response(status_code=304, headers=headers)
    return FileResponse(
        answer.path,
        media_type=answer.media_type,
        headers=headers,
        filename=answer.filename,
        content_disposition_type="inline",
    )


def _has(request: Request, etag: str) -> bool:
    wanted = request.headers.get("if-none-match", "")
    return wanted.strip() == "*" or etag in [part.strip() for part in wanted.split(",")]
