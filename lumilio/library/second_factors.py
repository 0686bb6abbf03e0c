"""The authenticator app and the recovery codes that stand in for it."""

import hmac
from datetime import timedelta
from typing import Literal

import pyotp
from msgspec import UNSET, Struct, UnsetType

from lumilio.db import Connection, Transaction, from_microseconds, to_microseconds
from lumilio.errors import BadRequest
from lumilio.library import audit, challenges, codes, users
from lumilio.library.context import Context
from lumilio.library.users import Instant

Method = Literal["passkey", "totp", "recovery_code"]

ISSUER = "Lumilio Photos"
SETUP_LIFETIME = timedelta(minutes=10)
_STEP = timedelta(seconds=30)
_CODE_COUNT = 10
_PURPOSE = "totp secret"
_CODES = "recovery codes"


class MfaStatus(Struct, omit_defaults=True, kw_only=True):
    """Which second factors an account has."""

    totp_enabled: bool
    passkey_count: int
    recovery_codes_remaining: int
    recovery_codes_generated_at: Instant | UnsetType = UNSET
    available_methods: list[Method] | UnsetType = UNSET


class TotpSetup(Struct):
    """What an authenticator app needs; `otpauth_uri` is the content of the QR code."""

    setup_token: str
    secret: str
    issuer: str
    account_name: str
    otpauth_uri: str


class RecoveryCodes(Struct):
    """Fresh recovery codes, shown only now."""

    recovery_codes: list[str]
    generated_at: Instant
    status: MfaStatus


class _Secret(Struct, frozen=True):
    """What a set-up remembers until its first code."""

    sealed: bytes


def status(ctx: Context) -> MfaStatus:
    """The caller's second factors."""
    with ctx.db.read() as db:
        return status_of(db, ctx.principal.user_id or 0)


def status_of(db: Connection, user_id: int) -> MfaStatus:
    """The second factors of an account."""
    enabled = is_enabled(db, user_id)
    passkeys = db.value("SELECT count(*) FROM passkeys WHERE user_id = ?", (user_id,))
    left, generated_at = db.row(
        lambda *row: row,
        "SELECT total(used_at IS NULL), max(created_at) FROM recovery_codes WHERE user_id = ?",
        (user_id,),
    ) or (0, None)
    methods: list[Method] = []
    if passkeys:
        methods.append("passkey")
    if enabled:
        methods.append("totp")
    if enabled and left:
        methods.append("recovery_code")
    return MfaStatus(
        totp_enabled=enabled,
        passkey_count=passkeys,
        recovery_codes_remaining=int(left),
        recovery_codes_generated_at=UNSET
        if generated_at is None
        else from_microseconds(generated_at),
        available_methods=methods or UNSET,
    )


def is_enabled(db: Connection, user_id: int) -> bool:
    """Whether an account signs in with an authenticator app."""
    return bool(db.value("SELECT 1 FROM totp_credentials WHERE user_id = ?", (user_id,)))


def begin_setup(ctx: Context) -> TotpSetup:
    """A new secret for the caller's authenticator app; nothing changes before its first code."""
    secret = pyotp.random_base32()
    sealed = ctx.keys.seal(_PURPOSE, secret.encode())
    token = challenges.put(
        ctx, "totp set-up", ctx.principal.user_id, _Secret(sealed), SETUP_LIFETIME
    )
    name = ctx.principal.username
    uri = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)
    # What is left out is understood, but not by every app.
    return TotpSetup(token, secret, ISSUER, name, f"{uri}&algorithm=SHA1&digits=6&period=30")


def enable(ctx: Context, setup_token: str, code: str) -> RecoveryCodes:
    """Turn the authenticator app on with its first code; raises BadRequest."""
    user_id = ctx.principal.user_id or 0
    with ctx.db.write() as tx:
        if is_enabled(tx, user_id):
            raise BadRequest("An authenticator app is enabled already; disable it first")
        challenge = challenges.find(ctx, tx, "totp set-up", setup_token)
        is_own = challenge is not None and challenge.user_id == user_id
        step = None
        if challenge is not None and is_own:
            sealed: bytes = challenge.read(_Secret).sealed
            step = _matching_step(ctx, sealed, code)
            if step is None:
                challenges.note_wrong_answer(tx, challenge)
            else:
                challenges.close(tx, challenge)
                tx.run(
                    "INSERT INTO totp_credentials (user_id, sealed_secret, enabled_at, last_step)"
                    " VALUES (?, ?, ?, ?)",
                    (user_id, sealed, to_microseconds(ctx.now()), step),
                )
                replaced = _replace_codes(ctx, tx, user_id)
                audit.record(ctx, tx, "totp_enabled")
    if step is None:
        raise BadRequest("The code is wrong, or the set-up has expired; please try again")
    return replaced


def disable(ctx: Context, current_password: str) -> MfaStatus:
    """Remove the caller's authenticator app, recovery codes and passkeys.

    Raises Unauthorized for a wrong password, TooManyAttempts, then BadRequest when there is no app.
    """
    user_id = _require_app(ctx, current_password)
    with ctx.db.write() as tx:
        remove_all(tx, user_id)
        audit.record(ctx, tx, "totp_disabled")
        return status_of(tx, user_id)


def regenerate_codes(ctx: Context, current_password: str) -> RecoveryCodes:
    """Replace the caller's recovery codes; errors as in `disable`."""
    user_id = _require_app(ctx, current_password)
    with ctx.db.write() as tx:
        audit.record(ctx, tx, "recovery_codes_regenerated")
        return _replace_codes(ctx, tx, user_id)


def remove_all(tx: Transaction, user_id: int) -> None:
    """Leave an account with its password alone."""
    for table in ("totp_credentials", "recovery_codes", "passkeys"):
        tx.run(f"DELETE FROM {table} WHERE user_id = ?", (user_id,))


def is_right_answer(
    ctx: Context, tx: Transaction, user_id: int, method: Literal["totp", "recovery_code"], code: str
) -> bool:
    """Whether a code is the account's second factor now; it is used up by that."""
    if method == "recovery_code":
        return bool(
            tx.run(
                "UPDATE recovery_codes SET used_at = ?"
                " WHERE user_id = ? AND code_hash = ? AND used_at IS NULL",
                (to_microseconds(ctx.now()), user_id, codes.hash_of(ctx, _CODES, code)),
            )
        )
    sealed: bytes | None = tx.value(
        "SELECT sealed_secret FROM totp_credentials WHERE user_id = ?", (user_id,)
    )
    step = None if sealed is None else _matching_step(ctx, sealed, code)
    return step is not None and bool(
        tx.run(
            "UPDATE totp_credentials SET last_step = ?1 WHERE user_id = ?2 AND last_step < ?1",
            (step, user_id),
        )
    )


def _require_app(ctx: Context, current_password: str) -> int:
    user_id = users.require_own_password(ctx, current_password)
    with ctx.db.read() as db:
        if not is_enabled(db, user_id):
            raise BadRequest("No authenticator app is enabled")
    return user_id


def _matching_step(ctx: Context, sealed: bytes, code: str) -> int | None:
    """The step whose code this is, now or one before or after, as clocks differ."""
    digits = "".join(character for character in code if character in "0123456789")
    totp = pyotp.TOTP(ctx.keys.unseal(_PURPOSE, sealed).decode())
    now = int(ctx.now().timestamp() // _STEP.total_seconds())
    steps = (now - 1, now, now + 1)
    matches = [step for step in steps if hmac.compare_digest(totp.generate_otp(step), digits)]
    return matches[0] if matches else None


def _replace_codes(ctx: Context, tx: Transaction, user_id: int) -> RecoveryCodes:
    now = ctx.now()
    made: set[str] = set()
    while len(made) < _CODE_COUNT:
        made.add(codes.make())
    tx.run("DELETE FROM recovery_codes WHERE user_id = ?", (user_id,))
    tx.run_many(
        "INSERT INTO recovery_codes (user_id, code_hash, created_at) VALUES (?, ?, ?)",
        [(user_id, codes.hash_of(ctx, _CODES, code), to_microseconds(now)) for code in made],
    )
    return RecoveryCodes(sorted(made), now, status_of(tx, user_id))
