"""Passkeys: enrolling them, and signing in with one instead of a password."""

import secrets
from datetime import timedelta
from typing import Annotated, Any

import apsw
import msgspec
import webauthn
from msgspec import UNSET, Meta, Struct, UnsetType
from webauthn.helpers import base64url_to_bytes, options_to_json_dict
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from lumilio.db import Connection, Transaction, from_microseconds, to_microseconds
from lumilio.errors import BadRequest, NotFound, Unauthorized
from lumilio.library import audit, challenges, second_factors, users
from lumilio.library.challenges import Purpose
from lumilio.library.context import Context
from lumilio.library.users import Instant

CHALLENGE_LIFETIME = timedelta(minutes=10)
_TIMEOUT_MS = 300_000
_LONGEST_LABEL = 64
_ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_512,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_384,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_512,
    COSEAlgorithmIdentifier.RSASSA_PSS_SHA_256,
]


class Origin(Struct, frozen=True):
    """The page that a ceremony belongs to; `host` is what passkeys are bound to."""

    url: str
    host: str


class Passkey(Struct, omit_defaults=True):
    """One enrolled passkey."""

    passkey_id: int
    label: str
    created_at: Instant
    transports: list[str] | UnsetType = UNSET
    last_used_at: Instant | UnsetType = UNSET


class PasskeyOptions(Struct, rename={"public_key": "publicKey"}):
    """WebAuthn options in JSON form."""

    public_key: dict[str, Any]


class PasskeyChallenge(Struct):
    """What the browser's authenticator is asked; the token comes back with its answer."""

    options: PasskeyOptions
    challenge_token: Annotated[str, Meta(description="Good for one answer within ten minutes.")]


class _Ceremony(Struct, frozen=True):
    challenge: bytes
    origin: Origin


class _StoredPasskey(Struct, frozen=True):
    key: int
    user_id: int
    public_key: bytes
    sign_count: int
    handle: bytes | None


def list_own(ctx: Context) -> list[Passkey]:
    """The caller's passkeys, oldest first."""
    with ctx.db.read() as db:
        return db.rows(
            _decode,
            f"SELECT {_COLUMNS} FROM passkeys WHERE user_id = ? ORDER BY id",
            (ctx.principal.user_id,),
        )


def begin_enrollment(ctx: Context, origin: Origin) -> PasskeyChallenge:
    """Ask the caller's authenticator for a new passkey; raises BadRequest without a TOTP app."""
    user = users.require_current(ctx)
    _require_app(ctx, user.user_id)
    challenge = secrets.token_bytes(32)
    options = webauthn.generate_registration_options(
        rp_id=origin.host,
        rp_name=second_factors.ISSUER,
        user_name=user.username,
        user_id=_handle(ctx, user.user_id),
        user_display_name=user.display_name,
        challenge=challenge,
        timeout=_TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(ctx, user.user_id),
        supported_pub_key_algs=_ALGORITHMS,
    )
    public_key = options_to_json_dict(options) | {"extensions": {"credProps": True}}
    return _asked(ctx, "passkey enrollment", user.user_id, public_key, _Ceremony(challenge, origin))


def finish_enrollment(ctx: Context, token: str, credential: dict[str, Any]) -> Passkey:
    """Enroll what the authenticator made; raises BadRequest."""
    user_id = ctx.principal.user_id or 0
    _require_app(ctx, user_id)
    ceremony = _answered(ctx, "passkey enrollment", token, user_id)
    if ceremony is None:
        raise BadRequest("This took too long; please try again")
    try:
        verified = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=ceremony.challenge,
            expected_rp_id=ceremony.origin.host,
            expected_origin=ceremony.origin.url,
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise BadRequest("The passkey cannot be used", cause=str(error)) from error
    transports = credential.get("response", {}).get("transports") or []
    with ctx.db.write() as tx:
        count = tx.value("SELECT count(*) FROM passkeys WHERE user_id = ?", (user_id,))
        try:
            key = tx.insert(
                "INSERT INTO passkeys (user_id, credential_id, public_key, sign_count, transports,"
                " label, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    user_id,
                    verified.credential_id,
                    verified.credential_public_key,
                    verified.sign_count,
                    msgspec.json.encode([str(name) for name in transports]).decode(),
                    f"Passkey {count + 1}",
                    to_microseconds(ctx.now()),
                ),
            )
        except apsw.ConstraintError as error:
            raise BadRequest("This passkey is enrolled already") from error
        passkey = _require_own(tx, ctx, key)
        audit.record(ctx, tx, "passkey_enrolled", {"label": passkey.label})
    return passkey


def rename(ctx: Context, key: int, label: str) -> Passkey:
    """Give one of the caller's passkeys a name; raises NotFound and BadRequest."""
    name = label.strip()
    if not 0 < len(name) <= _LONGEST_LABEL or not name.isprintable():
        raise BadRequest(f"A name has 1 to {_LONGEST_LABEL} characters")
    with ctx.db.write() as tx:
        tx.run(
            "UPDATE passkeys SET label = ? WHERE id = ? AND user_id = ?",
            (name, key, ctx.principal.user_id),
        )
        passkey = _require_own(tx, ctx, key)
        audit.record(ctx, tx, "passkey_renamed", {"label": name})
    return passkey


def delete(ctx: Context, key: int) -> None:
    """Forget one of the caller's passkeys; raises NotFound."""
    with ctx.db.write() as tx:
        passkey = _require_own(tx, ctx, key)
        tx.run("DELETE FROM passkeys WHERE id = ?", (key,))
        audit.record(ctx, tx, "passkey_deleted", {"label": passkey.label})


def begin_sign_in(ctx: Context, origin: Origin, username: str | None) -> PasskeyChallenge:
    """Ask for a passkey of an account, or without a name for any that the authenticator offers.

    Raises Unauthorized when the account has none.
    """
    user_id = None
    if username is not None:
        with ctx.db.read() as db:
            user_id = db.value(
                "SELECT id FROM users WHERE username = ? AND is_active",
                (users.normalize_username(username),),
            )
    allowed = [] if user_id is None else _descriptors(ctx, user_id)
    if username is not None and not allowed:
        raise Unauthorized("There is no passkey for this account")
    challenge = secrets.token_bytes(32)
    options = webauthn.generate_authentication_options(
        rp_id=origin.host,
        challenge=challenge,
        timeout=_TIMEOUT_MS,
        allow_credentials=allowed,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    public_key = options_to_json_dict(options)
    return _asked(ctx, "passkey sign-in", user_id, public_key, _Ceremony(challenge, origin))


def finish_sign_in(ctx: Context, token: str, credential: dict[str, Any]) -> int:
    """The key of the account whose passkey answered; raises Unauthorized."""
    refused = Unauthorized("The passkey was not accepted")
    found = _passkey_of(ctx, credential)
    ceremony = _answered(ctx, "passkey sign-in", token, None if found is None else found.user_id)
    if found is None or ceremony is None:
        raise refused
    try:
        claimed = credential["response"].get("userHandle")
        if claimed and base64url_to_bytes(claimed) != found.handle:
            raise refused
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=ceremony.challenge,
            expected_rp_id=ceremony.origin.host,
            expected_origin=ceremony.origin.url,
            credential_public_key=found.public_key,
            credential_current_sign_count=found.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unauthorized(refused.message, cause=str(error)) from error
    with ctx.db.write() as tx:
        tx.run(
            "UPDATE passkeys SET sign_count = ?, last_used_at = ? WHERE id = ?",
            (verified.new_sign_count, to_microseconds(ctx.now()), found.key),
        )
    return found.user_id


def _asked(
    ctx: Context,
    purpose: Purpose,
    user_id: int | None,
    public_key: dict[str, Any],
    ceremony: _Ceremony,
) -> PasskeyChallenge:
    token = challenges.put(ctx, purpose, user_id, ceremony, CHALLENGE_LIFETIME)
    return PasskeyChallenge(PasskeyOptions(public_key), token)


def _answered(ctx: Context, purpose: Purpose, token: str, user_id: int | None) -> _Ceremony | None:
    """The ceremony that a token names, which is over with that, if it was this account's."""
    with ctx.db.write() as tx:
        challenge = challenges.find(ctx, tx, purpose, token)
        if challenge is None:
            return None
        challenges.close(tx, challenge)
    is_theirs = challenge.user_id is None or challenge.user_id == user_id
    ceremony: _Ceremony = challenge.read(_Ceremony)
    return ceremony if is_theirs else None


def _passkey_of(ctx: Context, credential: dict[str, Any]) -> _StoredPasskey | None:
    try:
        credential_id = base64url_to_bytes(credential["rawId"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    with ctx.db.read() as db:
        return db.row(
            _StoredPasskey,
            "SELECT passkeys.id, user_id, public_key, sign_count, webauthn_handle"
            " FROM passkeys JOIN users ON users.id = user_id"
            " WHERE credential_id = ? AND is_active",
            (credential_id,),
        )


def _handle(ctx: Context, user_id: int) -> bytes:
    """What authenticators call an account, made when it is first needed."""
    with ctx.db.write() as tx:
        tx.run(
            "UPDATE users SET webauthn_handle = COALESCE(webauthn_handle, ?) WHERE id = ?",
            (secrets.token_bytes(32), user_id),
        )
        handle: bytes = tx.value("SELECT webauthn_handle FROM users WHERE id = ?", (user_id,))
    return handle


def _descriptors(ctx: Context, user_id: int) -> list[PublicKeyCredentialDescriptor]:
    with ctx.db.read() as db:
        return db.rows(
            lambda credential_id: PublicKeyCredentialDescriptor(id=credential_id),
            "SELECT credential_id FROM passkeys WHERE user_id = ? ORDER BY id",
            (user_id,),
        )


def _require_app(ctx: Context, user_id: int) -> None:
    with ctx.db.read() as db:
        if not second_factors.is_enabled(db, user_id):
            raise BadRequest("Enable an authenticator app first")


def _require_own(db: Connection | Transaction, ctx: Context, key: int) -> Passkey:
    found = db.row(
        _decode,
        f"SELECT {_COLUMNS} FROM passkeys WHERE id = ? AND user_id = ?",
        (key, ctx.principal.user_id),
    )
    if found is None:
        raise NotFound("There is no such passkey")
    return found


_COLUMNS = "id, label, created_at, transports, last_used_at"


def _decode(
    key: int, label: str, created_at: int, transports: str, last_used_at: int | None
) -> Passkey:
    return Passkey(
        key,
        label,
        from_microseconds(created_at),
        msgspec.json.decode(transports, type=list[str]) or UNSET,
        UNSET if last_used_at is None else from_microseconds(last_used_at),
    )
