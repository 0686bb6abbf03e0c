"""Sign-ins: signed access and media tokens, and rotating refresh tokens kept as hashes."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Literal

import jwt
from msgspec import Struct

from lumilio.db import EPOCH, Connection, Transaction, from_microseconds, to_microseconds
from lumilio.errors import NotFound, Unauthorized
from lumilio.library import audit, users
from lumilio.library.context import COMMAND_LINE, Context, Principal
from lumilio.library.users import Instant, User

Purpose = Literal["access token", "media token"]
LoginMethod = Literal[
    "password", "totp", "recovery_code", "passkey", "registration", "command line"
]

ISSUER = "lumilio-photos"
# Parallel tabs meet an expired access token together and all present the same refresh token.
ROTATION_GRACE = timedelta(seconds=30)
# A longer text cannot be one of ours; it is not worth hashing or parsing.
_LONGEST_TOKEN = 4096


class SessionTokens(Struct, frozen=True):
    """What a successful sign-in hands out."""

    user: User
    token: str
    refresh_token: str
    expires_at: datetime


class Session(Struct):
    """One sign-in that has not ended."""

    session_id: int
    user_agent: str
    created_at: Instant
    last_used_at: Instant
    is_current: bool


class MediaToken(Struct, frozen=True):
    """A token for addresses that media elements load."""

    token: str
    expires_at: Instant


def start(ctx: Context, user: User, method: LoginMethod) -> SessionTokens:
    """Open a new session for an account that has proven who it is."""
    now = to_microseconds(ctx.now())
    with ctx.db.write() as tx:
        session_id = tx.insert(
            "INSERT INTO sessions (user_id, user_agent, created_at, last_used_at)"
            " VALUES (?, ?, ?, ?)",
            (user.user_id, ctx.caller.user_agent, now, now),
        )
        refresh_token = _issue_refresh_token(ctx, tx, session_id)
        audit.record(ctx, tx, "login", {"method": method}, actor_id=user.user_id)
    return _tokens(ctx, user, session_id, refresh_token)


def refresh(ctx: Context, refresh_token: str) -> SessionTokens:
    """Trade a refresh token for new tokens; the old one is spent.

    A spent token is accepted again within ROTATION_GRACE; later it is taken as stolen and ends the
    session. Raises Unauthorized.
    """
    now = to_microseconds(ctx.now())
    grace = now - ROTATION_GRACE // timedelta(microseconds=1)
    with ctx.db.write() as tx:
        found = tx.row(
            lambda *columns: columns,
            "SELECT sessions.id, user_id, expires_at, rotated_at FROM refresh_tokens"
            " JOIN sessions ON sessions.id = session_id"
            " WHERE token_hash = ? AND revoked_at IS NULL",
            (_hash(refresh_token),),
        )
        session_id, user_id, expires_at, rotated_at = found or (0, 0, 0, None)
        user = users.find_active(tx, user_id) if expires_at > now else None
        stolen = rotated_at is not None and rotated_at < grace
        if user is None or stolen:
            _revoke(tx, session_id, now)
            if stolen:
                audit.record(ctx, tx, "refresh_token_reused", subject_id=user_id)
        else:
            tx.run("UPDATE sessions SET last_used_at = ? WHERE id = ?", (now, session_id))
            tx.run(
                "UPDATE refresh_tokens SET rotated_at = COALESCE(rotated_at, ?)"
                " WHERE token_hash = ?",
                (now, _hash(refresh_token)),
            )
            successor = _issue_refresh_token(ctx, tx, session_id)
    if user is None or stolen:
        raise Unauthorized("Please sign in again", cause="the refresh token is not valid")
    return _tokens(ctx, user, session_id, successor)


def end(ctx: Context, refresh_token: str) -> None:
    """Sign out: the session of this refresh token ends, with all its tokens.

    Raises Unauthorized for a token that opens no session.
    """
    if not end_if_open(ctx, refresh_token):
        raise Unauthorized(cause="the refresh token is not valid")


def end_if_open(ctx: Context, refresh_token: str) -> bool:
    """As `end`; whether there was such a session."""
    with ctx.db.write() as tx:
        session_id, user_id = _open_session(tx, refresh_token)
        if session_id is None:
            return False
        _revoke(tx, session_id, to_microseconds(ctx.now()))
        audit.record(ctx, tx, "logout", actor_id=user_id)
    return True


def csrf_token(ctx: Context, refresh_token: str) -> str:
    """The token that pages prove themselves with; one for all refresh tokens of a session.

    So tabs that did not renew it themselves know it, too. Raises Unauthorized.
    """
    with ctx.db.read() as db:
        session_id, _ = _open_session(db, refresh_token)
    if session_id is None:
        raise Unauthorized(cause="the refresh token is not valid")
    return hmac.new(ctx.keys.derive("csrf"), str(session_id).encode(), "sha256").hexdigest()


def issue_media_token(ctx: Context, access_token: str) -> MediaToken:
    """A media token for the session of an access token, for a while the same each time.

    Media addresses carry it, and a browser finds in its cache only what has the same address.
    """
    claims = _claims(ctx, access_token, "access token")
    lifetime = timedelta(minutes=ctx.settings.media_token_minutes)
    began_at = ctx.now() - (ctx.now() - EPOCH) % lifetime
    extra = {"scope": "media", "user_id": claims["user_id"], "sid": claims.get("sid")}
    expires_at = began_at + 2 * lifetime
    return MediaToken(_sign(ctx, "media token", extra, began_at, expires_at), expires_at)


def principal_of(ctx: Context, token: str, purpose: Purpose) -> Principal:
    """Who a signed token speaks for, if account and session are still good.

    Raises Unauthorized.
    """
    claims = _claims(ctx, token, purpose)
    with ctx.db.read() as db:
        user = users.find_active(db, claims["user_id"])
        session_id = claims.get("sid")
        if user is None or not _is_open(db, session_id):
            raise Unauthorized(cause="the session has ended", expired_token=True)
    return Principal(user.user_id, user.username, user.role, session_id, user.must_change_password)


def list_own(ctx: Context) -> list[Session]:
    """The caller's open sessions, the latest used first."""
    current = ctx.principal.session_id
    with ctx.db.read() as db:
        return db.rows(
            lambda key, agent, created_at, last_used_at: Session(
                key,
                agent,
                from_microseconds(created_at),
                from_microseconds(last_used_at),
                key == current,
            ),
            "SELECT id, user_agent, created_at, last_used_at FROM sessions"
            " WHERE user_id = ? AND revoked_at IS NULL ORDER BY last_used_at DESC, id DESC",
            (ctx.principal.user_id,),
        )


def revoke_own(ctx: Context, session_id: int) -> None:
    """End one of the caller's sessions; raises NotFound."""
    with ctx.db.write() as tx:
        ended = tx.run(
            "UPDATE sessions SET revoked_at = ?"
            " WHERE id = ? AND user_id = ? AND revoked_at IS NULL",
            (to_microseconds(ctx.now()), session_id, ctx.principal.user_id),
        )
        if not ended:
            raise NotFound("There is no such session")
        audit.record(ctx, tx, "sessions_revoked", {"count": 1})


def revoke_others(ctx: Context) -> int:
    """End all of the caller's sessions but this one; returns how many."""
    with ctx.db.write() as tx:
        count = tx.run(
            "UPDATE sessions SET revoked_at = ?"
            " WHERE user_id = ? AND id IS NOT ? AND revoked_at IS NULL",
            (to_microseconds(ctx.now()), ctx.principal.user_id, ctx.principal.session_id),
        )
        if count:
            audit.record(ctx, tx, "sessions_revoked", {"count": count})
    return count


def revoke_all(tx: Transaction, user_id: int, now: datetime) -> None:
    """End every session of an account, with all its tokens."""
    tx.run(
        "UPDATE sessions SET revoked_at = ? WHERE user_id = ? AND revoked_at IS NULL",
        (to_microseconds(now), user_id),
    )


def mint_local_token(ctx: Context) -> str:
    """An access token for the installation's owner, for programs that can read its secrets.

    Raises Unauthorized when there is no administrator yet.
    """
    with ctx.db.read() as db:
        admin = users.first_admin(db)
    if admin is None:
        raise Unauthorized("Set up Lumilio first: open it in the browser")
    return start(ctx.called_from(COMMAND_LINE), admin, "command line").token


def delete_expired(ctx: Context) -> None:
    """Drop refresh tokens past their time, and sessions that have none left."""
    with ctx.db.write() as tx:
        tx.run("DELETE FROM refresh_tokens WHERE expires_at < ?", (to_microseconds(ctx.now()),))
        tx.run(
            "DELETE FROM sessions WHERE NOT EXISTS"
            " (SELECT 1 FROM refresh_tokens WHERE session_id = sessions.id)"
        )


def _tokens(ctx: Context, user: User, session_id: int, refresh_token: str) -> SessionTokens:
    expires_at = ctx.now() + timedelta(minutes=ctx.settings.access_token_minutes)
    extra = {
        "user_id": user.user_id,
        "username": user.username,
        "role": user.role,
        "sub": str(user.user_id),
        "sid": session_id,
    }
    return SessionTokens(
        user,
        _sign(ctx, "access token", extra, ctx.now(), expires_at),
        refresh_token,
        expires_at,
    )


def _sign(
    ctx: Context,
    purpose: Purpose,
    extra: dict[str, object],
    began_at: datetime,
    expires_at: datetime,
) -> str:
    claims = {"iss": ISSUER, "iat": began_at, "nbf": began_at, "exp": expires_at} | extra
    return jwt.encode(claims, ctx.keys.derive(purpose), algorithm="HS256")


def _claims(ctx: Context, token: str, purpose: Purpose) -> dict[str, int]:
    try:
        claims: dict[str, int] = jwt.decode(
            token[:_LONGEST_TOKEN],
            ctx.keys.derive(purpose),
            algorithms=["HS256"],
            issuer=ISSUER,
            options={
                "require": ["exp", "user_id"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except jwt.InvalidTokenError as error:
        raise Unauthorized(cause="the token is not valid", expired_token=True) from error
    # Judged by our own clock, which tests move.
    if claims["exp"] <= ctx.now().timestamp():
        raise Unauthorized(cause="the token has expired", expired_token=True)
    return claims


def _open_session(db: Connection, refresh_token: str) -> tuple[int | None, int | None]:
    """The keys of the open session and the account that a refresh token belongs to."""
    return db.row(
        lambda *columns: columns,
        "SELECT sessions.id, user_id FROM refresh_tokens JOIN sessions ON sessions.id = session_id"
        " WHERE token_hash = ? AND revoked_at IS NULL",
        (_hash(refresh_token),),
    ) or (None, None)


def _is_open(db: Connection, session_id: int | None) -> bool:
    return bool(
        db.value("SELECT 1 FROM sessions WHERE id = ? AND revoked_at IS NULL", (session_id,))
    )


def _issue_refresh_token(ctx: Context, tx: Transaction, session_id: int) -> str:
    refresh_token = secrets.token_hex(32)
    expires_at = ctx.now() + timedelta(hours=ctx.settings.refresh_token_hours)
    tx.run(
        "INSERT INTO refresh_tokens (token_hash, session_id, expires_at) VALUES (?, ?, ?)",
        (_hash(refresh_token), session_id, to_microseconds(expires_at)),
    )
    return refresh_token


def _revoke(tx: Transaction, session_id: int, now: int) -> None:
    tx.run(
        "UPDATE sessions SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (now, session_id)
    )


def _hash(refresh_token: str) -> bytes:
    # A random 256-bit token needs no slow hash.
    return hashlib.sha256(refresh_token[:_LONGEST_TOKEN].encode()).digest()
