"""Taking photos away over HTTP: one converted, or many originals in one archive."""

import asyncio
from threading import Event
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from lumilio.api.assets import MediaQuery
from lumilio.api.files import INERT, MadeWhileSent, PassingFile
from lumilio.api.parameters import ANY_CASE, OutOfRange
from lumilio.api.typed import Router
from lumilio.errors import CannotDecode, Forbidden, NotFound, StorageFull
from lumilio.library import archives, assets, exports
from lumilio.library.context import Context
from lumilio.media.export_options import LONGEST_SIDE, ExportFormat, ExportOptions

api = Router("assets", "Photos, videos and recordings.", gate="first")

# The decoders take turns anyway; what waits for one should not fill the pool of threads.
EXPORTS_AT_ONCE = 8

_FORMATS: dict[str, tuple[ExportFormat, str]] = {
    "jpeg": ("jpeg", "jpg"),
    "jpg": ("jpeg", "jpg"),
    "png": ("png", "png"),
    "webp": ("webp", "webp"),
    "avif": ("avif", "avif"),
}
_CLAMPED = OutOfRange("clamp", "clamp", "default")
_Bound = Annotated[int, Meta(ge=0, le=LONGEST_SIDE, description="Pixels; 0 is no limit."), _CLAMPED]


class ExportQuery(Struct, frozen=True, kw_only=True):
    """Into what to convert a photo."""

    format: Annotated[Literal["jpeg", "jpg", "png", "webp", "avif"], ANY_CASE]
    quality: Annotated[Annotated[int, Meta(ge=1, le=100)] | None, _CLAMPED] = None
    max_width: _Bound = 0
    max_height: _Bound = 0
    filename: Annotated[str, Meta(description="Name of the download, without extension.")] = ""
    strip_location: Annotated[
        bool, Meta(description="Leave coordinates and names of places out (our addition).")
    ] = False
    apply_edits: Annotated[
        bool, Meta(description="Apply the edits of the sidecar, if there are any (our addition).")
    ] = False
    mt: Annotated[str, Meta(description="Media token, for elements without headers.")] = ""


class DownloadRequest(Struct, frozen=True):
    """Whose originals to put into the archive."""

    asset_ids: Annotated[list[UUID], Meta(min_length=1)]


@api.get(
    "/assets/{id}/export",
    role="user",
    accepts_media_token=True,
    media="image/*",
    errors=(NotFound, Forbidden, CannotDecode, StorageFull),
)
async def export_asset(ctx: Context, request: Request, id: UUID, query: ExportQuery) -> Response:
    """Convert a photo and send it as a download.

    The photo is turned upright, never enlarged, and keeps its metadata, and unless its tones are
    edited its colour profile.
    """
    stored = await run_in_threadpool(assets.require, ctx, id)
    format_, extension = _FORMATS[query.format]
    name = exports.download_name(stored, query.filename, extension)
    options = ExportOptions(
        format=format_,
        quality=query.quality,
        max_width=query.max_width,
        max_height=query.max_height,
        strip_location=query.strip_location,
    )
    gone = Event()
    watch = asyncio.create_task(_tell_when_gone(request, gone))
    try:
        async with request.app.state.exporting:
            pool = request.app.state.pool
            path = await run_in_threadpool(
                exports.export,
                ctx,
                pool,
                stored,
                options,
                apply_edits=query.apply_edits,
                cancelled=gone,
            )
    except CannotDecode as error:
        if gone.is_set():
            raise ClientDisconnect() from error
        raise
    finally:
        # Also when the server stops: the thread would otherwise outlast this.
        gone.set()
        watch.cancel()
    return PassingFile(
        path,
        media_type=f"image/{format_}",
        filename=name,
        headers={"cache-control": "private, max-age=0", "accept-ranges": "none", **INERT},
    )


@api.post(
    "/assets/download",
    role="user",
    accepts_media_token=True,
    media="application/zip",
    body_limit=2 << 20,
    errors=(NotFound, Forbidden),
)
def download_assets_zip(ctx: Context, body: DownloadRequest, query: MediaQuery) -> Response:
    """Download several originals as one ZIP.

    Every asset is checked before the first byte is sent. What cannot be read later on is named in
    an entry `skipped.txt`. Equal names get a number before the extension.
    """
    contents = archives.members(ctx, body.asset_ids)
    name = f"lumilio-assets-{ctx.now().astimezone():%Y%m%d-%H%M%S}.zip"
    return MadeWhileSent(
        archives.stream(contents),
        media_type="application/zip",
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            "cache-control": "no-store",
        },
    )


async def _tell_when_gone(request: Request, gone: Event) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    gone.set()
