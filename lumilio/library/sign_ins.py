"""Signing in: a password, and where an account has one, a second factor."""

from datetime import timedelta
from typing import Any, Literal

from msgspec import Struct

from lumilio.errors import Unauthorized
from lumilio.library import audit, challenges, passkeys, second_factors, sessions, throttling, users
from lumilio.library.context import Context
from lumilio.library.second_factors import Method
from lumilio.library.sessions import LoginMethod, SessionTokens
from lumilio.library.users import User

CHALLENGE_LIFETIME = timedelta(minutes=5)


class FactorRequest(Struct, frozen=True):
    """The password was right; `token` has to come back with a second factor."""

    user: User
    token: str
    methods: list[Method]


class _Nothing(Struct, frozen=True):
    """Who is asked is all there is to remember."""


def begin(ctx: Context, username: str, password: str) -> SessionTokens | FactorRequest:
    """Sign in with a password; raises Unauthorized, the same for every reason."""
    try:
        user = users.authenticate(ctx, username, password)
    except Unauthorized:
        with ctx.db.write(durable=False) as tx:
            audit.record_failed_login(ctx, tx, users.find_key(tx, username), "password")
        raise
    with ctx.db.read() as db:
        status = second_factors.status_of(db, user.user_id)
    if not status.totp_enabled:
        return _complete(ctx, user.user_id, "password")
    token = challenges.put(ctx, "sign-in", user.user_id, _Nothing(), CHALLENGE_LIFETIME)
    return FactorRequest(user, token, list(status.available_methods or ()))


def finish(
    ctx: Context, token: str, method: Literal["totp", "recovery_code"], code: str
) -> SessionTokens:
    """Sign in with the second factor.

    Raises Unauthorized, the same for every reason, and TooManyAttempts.
    """
    with ctx.db.read() as db:
        asked = challenges.find(ctx, db, "sign-in", token)
    account = "" if asked is None else str(asked.user_id)
    with throttling.attempt(ctx, "second factor", account=account):
        user_id = _answer(ctx, token, method, code)
    return _complete(ctx, user_id, method)


def finish_with_passkey(ctx: Context, token: str, credential: dict[str, Any]) -> SessionTokens:
    """Sign in with the passkey that answered; raises Unauthorized, the same for every reason."""
    try:
        user_id = passkeys.finish_sign_in(ctx, token, credential)
    except Unauthorized:
        with ctx.db.write(durable=False) as tx:
            audit.record_failed_login(ctx, tx, None, "passkey")
        raise
    return _complete(ctx, user_id, "passkey")


def _answer(ctx: Context, token: str, method: Literal["totp", "recovery_code"], code: str) -> int:
    with ctx.db.write() as tx:
        challenge = challenges.find(ctx, tx, "sign-in", token)
        user_id = challenge.user_id if challenge is not None else None
        is_right = user_id is not None and second_factors.is_right_answer(
            ctx, tx, user_id, method, code
        )
        if challenge is not None:
            answered = challenges.close if is_right else challenges.note_wrong_answer
            answered(tx, challenge)
        if not is_right:
            audit.record_failed_login(ctx, tx, user_id, method)
    if user_id is None or not is_right:
        raise Unauthorized("The code is wrong, or it took too long; please try again")
    return user_id


def _complete(ctx: Context, user_id: int, method: LoginMethod) -> SessionTokens:
    """Open a session for an account that has shown all its factors; raises Unauthorized."""
    return sessions.start(ctx, users.note_login(ctx, user_id), method)
