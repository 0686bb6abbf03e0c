"""The ASGI application: every operation, the document, the web client, and one error handler."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from importlib import resources
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from lumilio.api import (
    albums,
    asset_metadata,
    assets,
    audit,
    auth,
    batch,
    downloads,
    edits,
    events,
    health,
    invites,
    mfa,
    playback,
    precheck,
    queue,
    repositories,
    settings,
    setup,
    stacks,
    trash,
    uploads,
    users,
)
from lumilio.api.answers import error_answer, json_answer
from lumilio.api.dispatch import routes
from lumilio.api.door import Door
from lumilio.api.downloads import EXPORTS_AT_ONCE
from lumilio.api.events import Feed
from lumilio.api.incoming import UPLOADS_AT_ONCE
from lumilio.api.openapi import Error, document
from lumilio.api.security import SecurityHeaders
from lumilio.api.typed import Router, collect
from lumilio.errors import LumilioError
from lumilio.library.context import Context
from lumilio.library.upload_advice import UploadAdvice
from lumilio.media.pool import DecodePool

log = logging.getLogger(__name__)

ROUTERS: Sequence[Router] = (
    health.api,
    setup.api,
    auth.api,
    mfa.api,
    repositories.api,
    uploads.api,
    batch.api,
    precheck.api,
    trash.of_assets,
    trash.api,
    assets.api,
    asset_metadata.api,
    albums.api,
    albums.of_assets,
    stacks.api,
    edits.api,
    downloads.api,
    playback.api,
    queue.api,
    events.api,
    users.api,
    invites.api,
    audit.api,
    settings.api,
    settings.capabilities,
)

WEB_ROOT = Path(str(resources.files("lumilio"))) / "_web"


def build(ctx: Context, pool: DecodePool, web_root: Path = WEB_ROOT) -> Starlette:
    """The application over a context; raises WrongDeclaration for an unusable operation."""
    encoded = msgspec.json.encode(document(ROUTERS))
    every_route: list[BaseRoute] = [
        *routes(collect(ROUTERS), ctx),
        Route("/api/openapi.json", partial(_openapi, encoded)),
        Route("/api/docs", partial(_page, web_root / "docs" / "index.html")),
        Route("/{path:path}", partial(_client, web_root)),
    ]
    application = Starlette(
        routes=every_route,
        middleware=[Middleware(SecurityHeaders, ctx.settings), Middleware(Door, ctx.settings)],
        exception_handlers={
            LumilioError: _lumilio_error,
            HTTPException: _http_error,
            ClientDisconnect: _gone,
            Exception: _crash,
        },
    )
    application.state.pool = pool
    application.state.exporting = asyncio.Semaphore(EXPORTS_AT_ONCE)
    application.state.uploading = asyncio.Semaphore(UPLOADS_AT_ONCE)
    application.state.upload_advice = UploadAdvice()
    application.state.feed = Feed(ctx.db)
    return application


async def _openapi(encoded: bytes, request: Request) -> Response:
    return Response(encoded, media_type="application/json")


async def _page(path: Path, request: Request) -> Response:
    return FileResponse(path) if path.is_file() else _missing_client()


async def _client(web_root: Path, request: Request) -> Response:
    """A file of the web client, or its page for every address that the client routes itself."""
    path = request.path_params["path"]
    if path == "api" or path.startswith("api/"):
        return JSONResponse({"error": "not found"}, status_code=404)
    file = _web_file(web_root, path)
    if file is not None:
        # Names under assets/ carry a hash of their content.
        lasting = (
            "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
        )
        return FileResponse(file, headers={"cache-control": lasting})
    if path.startswith("assets/"):
        return Response(status_code=404)
    index = web_root / "index.html"
    if not index.is_file():
        return _missing_client()
    return FileResponse(index, headers={"cache-control": "no-cache"})


def _web_file(web_root: Path, path: str) -> Path | None:
    try:
        file = (web_root / path).resolve()
        return file if file.is_relative_to(web_root.resolve()) and file.is_file() else None
    except (OSError, ValueError):
        # No file has such a name.
        return None


def _missing_client() -> Response:
    return Response(
        "The web client is not built; `python3 build web` does it.",
        status_code=503,
        media_type="text/plain",
    )


async def _lumilio_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, LumilioError)
    if error.status >= 500 and error.status not in (503, 507):
        log.exception("%s %s failed", request.method, request.url.path, exc_info=error)
    return error_answer(error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    # A known path with a wrong method is not found either, as clients of the contract expect.
    return JSONResponse({"error": "not found"}, status_code=404)


async def _gone(request: Request, error: Exception) -> Response:
    """The client hung up; nobody reads this answer."""
    return Response(status_code=400)


async def _crash(request: Request, error: Exception) -> Response:
    """What nobody foresaw: logged in full, told without its inside."""
    return json_answer(Error(500, "Something went wrong inside Lumilio; its log says more"))
