"""Videos, recordings and photos that move over HTTP: what browsers play, and how it looks before."""

from uuid import UUID

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from lumilio.api.assets import MediaQuery
from lumilio.api.assets import api as assets_api
from lumilio.api.files import IF_NONE_MATCH, RANGE, FileAnswer, send_file, status_of
from lumilio.api.typed import Router
from lumilio.errors import BadRequest, Forbidden, NotFound
from lumilio.library import web_copies
from lumilio.library.context import Context
from lumilio.library.web_copies import WebFile

api = Router("assets", assets_api.description, gate="first")

_MEDIA = {
    "role": "user",
    "accepts_media_token": True,
    "errors": (NotFound, Forbidden),
    "headers": (RANGE, IF_NONE_MATCH),
}


class Waveform(Struct):
    """How loud a recording is over time."""

    asset_id: UUID
    duration: float | None
    peaks: list[float]


@api.get("/assets/{id}/video/web", media="video/mp4", **_MEDIA)
def get_asset_web_video(ctx: Context, request: Request, id: UUID, query: MediaQuery) -> Response:
    """Stream the browser-friendly version of a video.

    That is the original where browsers play it, and as long as there is no copy.
    """
    return _sent(request, web_copies.video(ctx, id))


@api.get("/assets/{id}/audio/web", media="audio/*", **_MEDIA)
def get_asset_web_audio(ctx: Context, request: Request, id: UUID, query: MediaQuery) -> Response:
    """Stream the browser-friendly version of a recording.

    That is the original, under its own type, where browsers play it; as long as there is no copy
    the original comes as audio/mpeg.
    """
    return _sent(request, web_copies.audio(ctx, id))


@api.get("/assets/{id}/motion", media="video/mp4", **_MEDIA)
def get_asset_motion(ctx: Context, request: Request, id: UUID, query: MediaQuery) -> Response:
    """Stream what plays when a photo moves (our addition).

    That is the clip inside a motion photo, straight out of its file, or the browser-friendly
    version of the video that belongs to a live photo. Where browsers do not play a clip, asking for
    it has a copy made, which takes its place.
    """
    return _sent(request, web_copies.clip(ctx, id))


@api.get("/assets/{id}/waveform", role="user", errors=(NotFound, Forbidden, BadRequest))
def get_asset_waveform(ctx: Context, id: UUID) -> Waveform:
    """Return how loud a recording is over time, from 0 to 1 in equal steps (our addition)."""
    found = web_copies.waveform(ctx, id)
    return Waveform(id, found.duration, found.peaks)


def _sent(request: Request, file: WebFile) -> Response:
    modified_at = status_of(file.path).st_mtime_ns
    answer = FileAnswer(
        path=file.path,
        media_type=file.mime_type,
        etag=f"{file.stem}-{'clip' if file.part else 'web'}-{modified_at}",
        cache_control="private, max-age=86400" if file.is_final else "private, no-cache",
        part=file.part,
    )
    return send_file(request, answer)
