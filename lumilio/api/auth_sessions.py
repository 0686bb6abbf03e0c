"""What a sign-in hands out: all tokens in the answer, or the refresh token in a cookie.

The cookie is for our own pages. No script can read it, so one that slips in cannot carry the
sign-in away. Browsers send it by themselves, though: what acts by it needs the CSRF token as well.
"""

import hmac
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from lumilio.api.origins import is_own_page, origin_of
from lumilio.api.typed import API_PREFIX, JSON, Header
from lumilio.errors import BadRequest, Forbidden, Unauthorized
from lumilio.library import sessions
from lumilio.library.context import Context
from lumilio.library.sessions import SessionTokens
from lumilio.library.users import Instant, User

COOKIE = "lumilio_refresh"
_COOKIE_PATH = f"{API_PREFIX}/auth"
TRANSPORT = Header(
    "X-Session-Transport", "`cookie` puts the refresh token into a cookie; for our own pages only."
)
CSRF = Header("X-CSRF-Token", "Needed with the cookie, which alone proves nothing.")
# Three historic names; all others are snake_case.
_CAMEL = {"refresh_token": "refreshToken", "expires_at": "expiresAt"}


class RefreshTokenRequest(Struct, frozen=True, rename="camel"):
    """A refresh token, 64 hex digits."""

    refresh_token: Annotated[str, Meta(min_length=1)]


class AuthSession(Struct, omit_defaults=True, kw_only=True, rename=_CAMEL):
    """A full session, or with `requires_mfa` a request for the second factor."""

    user: User
    requires_mfa: bool
    token: str | UnsetType = UNSET
    refresh_token: str | UnsetType = UNSET
    csrf_token: Annotated[
        str | UnsetType, Meta(description="With a cookie, in place of the refresh token (ours).")
    ] = UNSET
    expires_at: Instant | UnsetType = UNSET
    mfa_token: str | UnsetType = UNSET
    mfa_methods: list[Literal["passkey", "totp", "recovery_code"]] | UnsetType = UNSET
    bootstrap_admin: bool | UnsetType = UNSET


def session_answer(
    ctx: Context, request: Request, tokens: SessionTokens, *, bootstrap_admin: bool = False
) -> Response:
    """A new session, in the way that the request wants it."""
    session = _session_of(tokens)
    session.bootstrap_admin = bootstrap_admin or UNSET
    if not _wants_cookie(request):
        return _answer(session)
    # The cookie of whoever was signed in before is about to be overwritten.
    if previous := request.cookies.get(COOKIE):
        sessions.end_if_open(ctx, previous)
    return _cookie_answer(ctx, request, session)


def renewed_answer(ctx: Context, request: Request, body: RefreshTokenRequest | None) -> Response:
    """The session of the refresh token that was sent, renewed; raises as `presented` does."""
    session = _session_of(sessions.refresh(ctx, presented(ctx, request, body)))
    if body is None or _wants_cookie(request):
        return _cookie_answer(ctx, request, session)
    return _answer(session)


def presented(ctx: Context, request: Request, body: RefreshTokenRequest | None) -> str:
    """The refresh token of a request: in its body, or in the cookie of our own page.

    Raises BadRequest without either, Unauthorized, and Forbidden without the right CSRF token.
    """
    if body is not None:
        return body.refresh_token
    refresh_token = request.cookies.get(COOKIE)
    if not refresh_token:
        raise BadRequest("The request body is not valid", cause="there is no refresh token")
    expected = csrf_token(ctx, request)
    if not hmac.compare_digest(request.headers.get(CSRF.name, "").encode(), expected.encode()):
        raise Forbidden("Please reload the page", cause="csrf_token")
    return refresh_token


def csrf_token(ctx: Context, request: Request) -> str:
    """What our own page has to send along with its cookie; raises Unauthorized and Forbidden."""
    if not is_own_page(request):
        raise Forbidden("Pages of other sites may not do this", cause="foreign_request_origin")
    refresh_token = request.cookies.get(COOKIE)
    if not refresh_token:
        raise Unauthorized()
    return sessions.csrf_token(ctx, refresh_token)


def without_cookie(request: Request, body: Struct) -> Response:
    """An answer after which the browser has no cookie of ours."""
    answer = _answer(body)
    if COOKIE in request.cookies:
        answer.delete_cookie(COOKIE, path=_COOKIE_PATH, httponly=True, samesite="strict")
    return answer


def _wants_cookie(request: Request) -> bool:
    is_asked = request.headers.get(TRANSPORT.name) == "cookie"
    return is_asked and origin_of(request) is not None and is_own_page(request)


def _cookie_answer(ctx: Context, request: Request, session: AuthSession) -> Response:
    refresh_token, session.refresh_token = str(session.refresh_token), UNSET
    session.csrf_token = sessions.csrf_token(ctx, refresh_token)
    answer = _answer(session)
    answer.set_cookie(
        COOKIE,
        refresh_token,
        max_age=ctx.settings.refresh_token_hours * 3600,
        path=_COOKIE_PATH,
        # The page knows best: a proxy may have ended its TLS.
        secure=(origin_of(request) or "").startswith("https:"),
        httponly=True,
        samesite="strict",
    )
    return answer


def _session_of(tokens: SessionTokens) -> AuthSession:
    return AuthSession(
        user=tokens.user,
        token=tokens.token,
        refresh_token=tokens.refresh_token,
        expires_at=tokens.expires_at,
        requires_mfa=False,
    )


def _answer(body: Struct) -> Response:
    return Response(msgspec.json.encode(body), media_type=f"{JSON}; charset=utf-8")
