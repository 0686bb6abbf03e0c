"""Assets over HTTP: browsing, details and files."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from lumilio.api.files import IF_NONE_MATCH, RANGE, FileAnswer, send_file, status_of
from lumilio.api.parameters import KEEP_EMPTY
from lumilio.api.typed import Router
from lumilio.errors import BadRequest, Forbidden, NotFound, Unavailable
from lumilio.library import assets, reprocessing
from lumilio.library.assets import ASSET_TYPES, AssetDetail, AssetType
from lumilio.library.context import Context
from lumilio.library.reprocessing import ReprocessResult, RetryTask
from lumilio.media.thumbnails import ThumbnailSize
from lumilio.search import listing
from lumilio.search.listing import AssetQuery, BrowsePage

api = Router("assets", "Photos, videos and recordings.", gate="first")


_REVALIDATED = "private, max-age=86400, must-revalidate"
_LASTING = "private, max-age=31536000, immutable"


class AssetTypeList(Struct):
    """The known types."""

    types: list[AssetType]


class AssetDetailQuery(Struct, frozen=True):
    """Which parts to add; only the text `true` switches one on."""

    include_thumbnails: bool = True
    include_tags: bool = True
    include_albums: bool = True
    include_species: bool = True
    include_ocr: bool = False
    include_faces: bool = False


class AssetExif(Struct):
    """All tags that were read from a file."""

    asset_id: UUID
    exif_raw: dict[str, Any]


class ReprocessRequest(Struct, frozen=True):
    """Which steps to run again."""

    tasks: list[RetryTask] | None = None
    force_full_retry: Annotated[
        bool | None, Meta(description="Do everything even when tasks are named.")
    ] = None


class MediaQuery(Struct, frozen=True):
    """Parameters of media addresses."""

    mt: Annotated[str, Meta(description="Media token, for elements without headers.")] = ""


class ThumbnailQuery(Struct, frozen=True):
    """Which preview to send."""

    size: Annotated[ThumbnailSize, KEEP_EMPTY] = "medium"
    v: Annotated[
        str,
        Meta(description="Content hash of the asset; the answer may then be kept for a year."),
    ] = ""
    mt: Annotated[str, Meta(description="Media token, for elements without headers.")] = ""


@api.post("/assets/list", role="user", errors=(Unavailable,))
def query_assets(ctx: Context, body: AssetQuery) -> BrowsePage:
    """Browse or filter the library page by page."""
    return listing.browse(ctx, body)


@api.get("/assets/types", role="public")
def list_asset_types() -> AssetTypeList:
    """List the known asset types."""
    return AssetTypeList(ASSET_TYPES)


@api.get("/assets/{id}", role="user", errors=(NotFound, Forbidden))
def get_asset(ctx: Context, id: UUID, query: AssetDetailQuery) -> AssetDetail:
    """Fetch one asset with its related data."""
    return assets.get(
        ctx,
        id,
        include_thumbnails=query.include_thumbnails,
        include_albums=query.include_albums,
    )


@api.get("/assets/{id}/exif", role="user", errors=(NotFound, Forbidden))
def get_asset_exif(ctx: Context, id: UUID) -> AssetExif:
    """Return the raw metadata dump of a file."""
    return AssetExif(id, assets.exif(ctx, id))


@api.post("/assets/{id}/reprocess", role="user", errors=(BadRequest, NotFound, Forbidden))
def reprocess_asset(
    ctx: Context, id: UUID, body: ReprocessRequest | None = None
) -> ReprocessResult:
    """Run all or some processing steps of an asset again.

    Everything, when no step is named.
    """
    request = body or ReprocessRequest()
    return reprocessing.reprocess(
        ctx, id, request.tasks or [], force=request.force_full_retry or False
    )


@api.get(
    "/assets/{id}/original",
    role="user",
    accepts_media_token=True,
    media="*/*",
    errors=(NotFound, Forbidden),
    headers=(RANGE, IF_NONE_MATCH),
)
def get_asset_original(ctx: Context, request: Request, id: UUID, query: MediaQuery) -> Response:
    """Serve the original file."""
    stored = assets.require(ctx, id)
    path = assets.original_file(ctx, stored)
    answer = FileAnswer(
        path=path,
        media_type=stored.mime_type,
        # The time, too: a file in the user's area may change before a scan tells.
        etag=f"{stored.stem}-{status_of(path).st_mtime_ns}",
        cache_control="private, max-age=86400",
        filename=stored.original_filename,
    )
    return send_file(request, answer)


@api.get(
    "/assets/{id}/thumbnail",
    role="user",
    accepts_media_token=True,
    media="image/webp",
    errors=(NotFound, Forbidden),
    headers=(RANGE, IF_NONE_MATCH),
)
def get_asset_thumbnail(
    ctx: Context, request: Request, id: UUID, query: ThumbnailQuery
) -> Response:
    """Serve a thumbnail image."""
    stored = assets.require(ctx, id)
    path = assets.thumbnail_file(ctx, stored, query.size)
    answer = FileAnswer(
        path=path,
        media_type="image/webp",
        etag=f"{str(id)[:8]}-{query.size}-{status_of(path).st_mtime_ns}",
        cache_control=_LASTING if query.v == stored.stem else _REVALIDATED,
    )
    return send_file(request, answer)
