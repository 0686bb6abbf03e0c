"""Signing up, in and out over HTTP."""

from typing import Annotated

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from lumilio.api.auth_sessions import (
    CSRF,
    TRANSPORT,
    AuthSession,
    RefreshTokenRequest,
    csrf_token,
    presented,
    renewed_answer,
    session_answer,
    without_cookie,
)
from lumilio.api.origins import is_on_this_machine
from lumilio.api.typed import Header, Router
from lumilio.errors import Conflict, Forbidden, NotFound, TooManyAttempts, Unauthorized
from lumilio.library import sessions, sign_ins, sign_ups, throttling, users
from lumilio.library.context import Context
from lumilio.library.sessions import MediaToken, Session
from lumilio.library.sign_ins import FactorRequest
from lumilio.library.sign_ups import Applicant
from lumilio.library.users import User

api = Router("auth", "Sign-in, sessions and second factors.")

SessionId = Annotated[int, Meta(ge=1, le=2**63 - 1)]
_SETUP_CODE = Header("X-Setup-Code", "For the first account; the same as in the body.")


class RegistrationRequest(Struct, frozen=True):
    """Name and password of a new account, and what creating it takes from another machine."""

    username: Annotated[str, Meta(min_length=3, max_length=50)]
    password: Annotated[str, Meta(min_length=6)]
    invite_token: Annotated[str, Meta(description="Of an invitation (ours).")] = ""
    setup_code: Annotated[str, Meta(description="For the first account (ours).")] = ""


class LoginRequest(Struct, frozen=True):
    """Name and password of an account."""

    username: Annotated[str, Meta(min_length=1)]
    password: Annotated[str, Meta(min_length=1)]


class SessionList(Struct):
    """One's open sessions."""

    sessions: list[Session]


class CsrfToken(Struct):
    """The header `X-CSRF-Token` of whoever is signed in by the cookie."""

    csrf_token: str


class Message(Struct):
    """A sentence about what was done."""

    message: str


@api.post(
    "/auth/register/start",
    role="public",
    errors=(Conflict, Forbidden, Unauthorized, TooManyAttempts),
    headers=(_SETUP_CODE, TRANSPORT),
    answer=AuthSession,
)
def register_account(ctx: Context, request: Request, body: RegistrationRequest) -> Response:
    """Create an account and sign it in; the first account becomes administrator.

    From the machine that Lumilio runs on nothing more is needed. From elsewhere `GET /setup/status`
    tells what it takes.
    """
    applicant = Applicant(
        is_on_this_machine=is_on_this_machine(request),
        setup_code=body.setup_code or request.headers.get(_SETUP_CODE.name, ""),
        invite_token=body.invite_token,
    )
    user = sign_ups.register(ctx, body.username, body.password, applicant)
    tokens = sessions.start(ctx, user, "registration")
    return session_answer(ctx, request, tokens, bootstrap_admin=user.role == "admin")


@api.post(
    "/auth/login",
    role="public",
    errors=(Unauthorized, TooManyAttempts),
    headers=(TRANSPORT,),
    answer=AuthSession,
)
def login(ctx: Context, request: Request, body: LoginRequest) -> AuthSession | Response:
    """Sign in with name and password."""
    account = users.normalize_username(body.username)
    with throttling.attempt(ctx, "password", account=account):
        begun = sign_ins.begin(ctx, body.username, body.password)
    if isinstance(begun, FactorRequest):
        return AuthSession(
            user=begun.user, requires_mfa=True, mfa_token=begun.token, mfa_methods=begun.methods
        )
    return session_answer(ctx, request, begun)


@api.post(
    "/auth/refresh",
    role="public",
    errors=(Unauthorized, TooManyAttempts),
    headers=(TRANSPORT, CSRF),
    answer=AuthSession,
)
def refresh_session(
    ctx: Context, request: Request, body: RefreshTokenRequest | None = None
) -> Response:
    """Trade a refresh token for a new session; without a body it is that of the cookie."""
    with throttling.attempt(ctx, "refresh token"):
        return renewed_answer(ctx, request, body)


@api.post(
    "/auth/logout",
    role="public",
    errors=(Unauthorized, TooManyAttempts),
    headers=(CSRF,),
    answer=Message,
)
def logout(ctx: Context, request: Request, body: RefreshTokenRequest | None = None) -> Response:
    """Revoke a refresh token, and every token of its session; as in `refresh_session`."""
    with throttling.attempt(ctx, "refresh token"):
        sessions.end(ctx, presented(ctx, request, body))
    return without_cookie(request, Message("You are signed out"))


@api.get("/auth/csrf", role="public", errors=(Unauthorized, Forbidden, TooManyAttempts))
def get_csrf_token(ctx: Context, request: Request) -> CsrfToken:
    """Return what our own page has to send along with its cookie."""
    with throttling.attempt(ctx, "refresh token"):
        return CsrfToken(csrf_token(ctx, request))


@api.get("/auth/me", role="user", restricted=True)
def get_current_user(ctx: Context) -> User:
    """Return the signed-in account."""
    return users.require_current(ctx)


@api.get("/auth/sessions", role="user")
def list_sessions(ctx: Context) -> SessionList:
    """List one's open sessions, the latest used first."""
    return SessionList(sessions.list_own(ctx))


@api.delete("/auth/sessions/{id}", role="user", errors=(NotFound,))
def revoke_session(ctx: Context, id: SessionId) -> Message:
    """End one of one's sessions, with all its tokens."""
    sessions.revoke_own(ctx, id)
    return Message("The session has ended")


@api.delete("/auth/sessions", role="user")
def revoke_other_sessions(ctx: Context) -> Message:
    """End all of one's sessions but this one."""
    count = sessions.revoke_others(ctx)
    return Message(f"{count} other sessions have ended")


@api.get("/auth/media-token", role="user", restricted=True)
def issue_media_token(ctx: Context, access_token: str) -> MediaToken:
    """Issue a short-lived token for media URLs."""
    return sessions.issue_media_token(ctx, access_token)
