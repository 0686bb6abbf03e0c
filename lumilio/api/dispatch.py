"""From operations to routes: who may call, what was sent, and how the answer goes out."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lumilio.api.origins import require_own_page
from lumilio.api.parameters import read_path, read_query
from lumilio.api.typed import JSON, Operation
from lumilio.errors import BadRequest, Forbidden, NotInitialized, TooLarge, Unauthorized
from lumilio.library import sessions, setup
from lumilio.library.context import Caller, Context, Principal
from lumilio.library.sessions import Purpose

Endpoint = Callable[[Request], Awaitable[Response]]

_encoder = msgspec.json.Encoder()
_BEARER = "Bearer "
_LONGEST_AGENT = 300
# Public operations ignore credentials and act with nobody's rights.
NOBODY = Principal(user_id=None, username="", role="user")


def routes(operations: Sequence[Operation], ctx: Context) -> list[Route]:
    """Starlette routes for all operations; each is compiled once, here."""
    return [
        Route(operation.path, _endpoint(operation, ctx), methods=[operation.method])
        for operation in operations
    ]


def _endpoint(operation: Operation, ctx: Context) -> Endpoint:
    decode_body = _body_decoder(operation)
    is_async = inspect.iscoroutinefunction(operation.handler)

    async def endpoint(request: Request) -> Response:
        principal = await run_in_threadpool(_admit, operation, ctx, request)
        caller = ctx.acting_as(principal).called_from(_caller(request))
        arguments = _arguments(operation, request, caller)
        if operation.body_type is not None:
            arguments["body"] = decode_body(await _body(request, operation.body_limit))
        if is_async:
            result = await operation.handler(**arguments)
        else:
            result = await run_in_threadpool(operation.handler, **arguments)
        if isinstance(result, Response):
            return result
        return Response(
            _encoder.encode(result), operation.status, media_type=f"{JSON}; charset=utf-8"
        )

    return endpoint


def _admit(operation: Operation, ctx: Context, request: Request) -> Principal:
    """Who is calling; raises in the order of checks that the contract states."""
    if operation.is_for_own_pages:
        require_own_page(request, ctx.settings.cors_allowed_origins)
    if operation.gate == "first":
        _require_setup(ctx)
    principal = NOBODY if operation.role == "public" else _principal(operation, ctx, request)
    if principal.must_change_password and not operation.restricted:
        raise Forbidden("Choose a new password first", cause="password_change_required")
    if operation.role == "admin" and not principal.is_admin:
        raise Forbidden("Only an administrator may do this")
    # Who was given the first account chooses a password before anything can be set up.
    if operation.gate == "after_role" and not principal.must_change_password:
        _require_setup(ctx)
    return principal


def _caller(request: Request) -> Caller:
    """Nobody in between is believed about the address."""
    address = request.client.host if request.client is not None else ""
    return Caller(address, request.headers.get("user-agent", "")[:_LONGEST_AGENT])


def _principal(operation: Operation, ctx: Context, request: Request) -> Principal:
    header, media_token = bearer_token(request), request.query_params.get("mt")
    try:
        return _who(ctx, header, "access token")
    except Unauthorized:
        if not operation.accepts_media_token or not media_token:
            raise
    return _who(ctx, media_token, "media token")


def _who(ctx: Context, token: str | None, purpose: Purpose) -> Principal:
    if not token:
        raise Unauthorized(cause="no token was sent")
    return sessions.principal_of(ctx, token, purpose)


def bearer_token(request: Request) -> str | None:
    """The access token of a request, None when there is none or the header is malformed."""
    header = request.headers.get("authorization", "")
    token = header.removeprefix(_BEARER)
    return token if header.startswith(_BEARER) and token and " " not in token else None


def _require_setup(ctx: Context) -> None:
    with ctx.db.read() as db:
        if not setup.is_finished(db):
            raise NotInitialized()


def _arguments(operation: Operation, request: Request, ctx: Context) -> dict[str, Any]:
    supplied: dict[str, Any] = {
        "ctx": ctx,
        "request": request,
        "access_token": bearer_token(request),
    }
    arguments = {name: supplied[name] for name in operation.supplied}
    for name, kind in operation.path_types.items():
        arguments[name] = read_path(kind, name, request.path_params[name])
    if operation.query_type is not None:
        arguments["query"] = read_query(operation.query_type, request.query_params)
    return arguments


def _body_decoder(operation: Operation) -> Callable[[bytes], Struct | None]:
    decoder = msgspec.json.Decoder(operation.body_type or Struct)

    def decode(body: bytes) -> Struct | None:
        if not body.strip() and not operation.body_required:
            return None
        try:
            decoded: Struct = decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadRequest("The request body is not valid", cause=str(error)) from error
        except RecursionError as error:
            raise BadRequest("The request body is nested too deeply") from error
        return decoded

    return decode


async def _body(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"The request body is larger than {limit} bytes")
    return bytes(body)
