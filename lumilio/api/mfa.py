"""Second factors and passkeys over HTTP."""

from ipaddress import ip_address
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from lumilio.api.auth import Message
from lumilio.api.auth_sessions import TRANSPORT, AuthSession, session_answer
from lumilio.api.typed import Router
from lumilio.errors import BadRequest, NotFound, TooManyAttempts, Unauthorized
from lumilio.library import passkeys, second_factors, sign_ins, throttling
from lumilio.library.context import Context
from lumilio.library.passkeys import Origin, Passkey, PasskeyChallenge
from lumilio.library.second_factors import MfaStatus, RecoveryCodes, TotpSetup

api = Router("auth", "Sign-in, sessions and second factors.")

PasskeyId = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Text = Annotated[str, Meta(min_length=1)]


class TotpEnableRequest(Struct, frozen=True):
    """The first code of a new authenticator app."""

    setup_token: Text
    code: Text


class CurrentPasswordRequest(Struct, frozen=True):
    """The password, so that an open browser alone cannot weaken an account."""

    current_password: Text


class MfaVerifyRequest(Struct, frozen=True):
    """The second factor of a sign-in."""

    mfa_token: Text
    code: Annotated[str, Meta(min_length=1, description="Six digits, or a recovery code.")]
    method: Literal["totp", "recovery_code"]


class PasskeyLoginStart(Struct, frozen=True):
    """Whose passkey shall sign in; without a name whichever the authenticator offers."""

    username: Annotated[str, Meta(min_length=1, pattern=r"\S")] | None = None


class AuthenticatorResponse(
    Struct,
    frozen=True,
    kw_only=True,
    rename={
        "client_data_json": "clientDataJSON",
        "attestation_object": "attestationObject",
        "authenticator_data": "authenticatorData",
        "user_handle": "userHandle",
    },
):
    """What the authenticator says; binary values are base64url."""

    client_data_json: str
    attestation_object: str | UnsetType = UNSET
    authenticator_data: str | UnsetType = UNSET
    signature: str | UnsetType = UNSET
    user_handle: str | UnsetType | None = UNSET
    transports: list[str] | UnsetType = UNSET


class PasskeyCredential(
    Struct,
    frozen=True,
    kw_only=True,
    rename={
        "raw_id": "rawId",
        "authenticator_attachment": "authenticatorAttachment",
        "client_extension_results": "clientExtensionResults",
    },
):
    """A PublicKeyCredential in the JSON form of WebAuthn: of an enrollment or of a sign-in."""

    id: str
    raw_id: str
    type: Literal["public-key"]
    response: AuthenticatorResponse
    authenticator_attachment: str | UnsetType | None = UNSET
    client_extension_results: dict[str, Any] | UnsetType = UNSET


class PasskeyVerifyRequest(Struct, frozen=True):
    """What the authenticator answered."""

    challenge_token: Text
    credential: PasskeyCredential


class PasskeyPatch(Struct, frozen=True):
    """A new name."""

    label: str


class PasskeyList(Struct):
    """One's passkeys, oldest first."""

    credentials: list[Passkey]
    total: int


@api.get("/auth/mfa", role="user")
def get_mfa_status(ctx: Context) -> MfaStatus:
    """Tell which second factors one has."""
    return second_factors.status(ctx)


@api.post("/auth/mfa/totp/setup", role="user")
def begin_totp_setup(ctx: Context) -> TotpSetup:
    """Make a secret for an authenticator app."""
    return second_factors.begin_setup(ctx)


@api.post("/auth/mfa/totp/enable", role="user")
def enable_totp(ctx: Context, body: TotpEnableRequest) -> RecoveryCodes:
    """Turn the authenticator app on with its first code; answers the recovery codes."""
    return second_factors.enable(ctx, body.setup_token, body.code)


@api.post("/auth/mfa/totp/disable", role="user", errors=(TooManyAttempts,))
def disable_totp(ctx: Context, body: CurrentPasswordRequest) -> MfaStatus:
    """Remove the authenticator app, and recovery codes and passkeys with it."""
    return second_factors.disable(ctx, body.current_password)


@api.post("/auth/mfa/recovery-codes/regenerate", role="user", errors=(TooManyAttempts,))
def regenerate_recovery_codes(ctx: Context, body: CurrentPasswordRequest) -> RecoveryCodes:
    """Replace all recovery codes."""
    return second_factors.regenerate_codes(ctx, body.current_password)


@api.post(
    "/auth/mfa/verify",
    role="public",
    errors=(Unauthorized, TooManyAttempts),
    headers=(TRANSPORT,),
    answer=AuthSession,
)
def verify_mfa_login(ctx: Context, request: Request, body: MfaVerifyRequest) -> Response:
    """Finish a sign-in with the second factor."""
    tokens = sign_ins.finish(ctx, body.mfa_token, body.method, body.code)
    return session_answer(ctx, request, tokens)


@api.get("/auth/mfa/passkeys", role="user")
def list_passkeys(ctx: Context) -> PasskeyList:
    """List one's passkeys."""
    listed = passkeys.list_own(ctx)
    return PasskeyList(listed, len(listed))


@api.post("/auth/mfa/passkeys/options", role="user", errors=(BadRequest,))
def begin_passkey_enrollment(ctx: Context, request: Request) -> PasskeyChallenge:
    """Ask for a new passkey; an authenticator app must be enabled first."""
    return passkeys.begin_enrollment(ctx, _origin(request))


@api.post("/auth/mfa/passkeys/verify", role="user")
def finish_passkey_enrollment(ctx: Context, body: PasskeyVerifyRequest) -> Passkey:
    """Enroll the passkey that the authenticator made."""
    return passkeys.finish_enrollment(
        ctx, body.challenge_token, msgspec.to_builtins(body.credential)
    )


@api.patch("/auth/mfa/passkeys/{id}", role="user", errors=(NotFound,))
def rename_passkey(ctx: Context, id: PasskeyId, body: PasskeyPatch) -> Passkey:
    """Give a passkey a name."""
    return passkeys.rename(ctx, id, body.label)


@api.delete("/auth/mfa/passkeys/{id}", role="user", errors=(NotFound,))
def delete_passkey(ctx: Context, id: PasskeyId) -> Message:
    """Forget a passkey."""
    passkeys.delete(ctx, id)
    return Message("The passkey was removed")


@api.post("/auth/passkeys/login/options", role="public", errors=(Unauthorized, TooManyAttempts))
def begin_passkey_login(
    ctx: Context, request: Request, body: PasskeyLoginStart
) -> PasskeyChallenge:
    """Ask for a passkey to sign in with."""
    with throttling.attempt(ctx, "passkey"):
        return passkeys.begin_sign_in(ctx, _origin(request), body.username)


@api.post(
    "/auth/passkeys/login/verify",
    role="public",
    errors=(Unauthorized, TooManyAttempts),
    headers=(TRANSPORT,),
    answer=AuthSession,
)
def finish_passkey_login(ctx: Context, request: Request, body: PasskeyVerifyRequest) -> Response:
    """Sign in with the passkey that answered."""
    with throttling.attempt(ctx, "passkey"):
        tokens = sign_ins.finish_with_passkey(
            ctx, body.challenge_token, msgspec.to_builtins(body.credential)
        )
    return session_answer(ctx, request, tokens)


def _origin(request: Request) -> Origin:
    """The page that asks; passkeys work on https and on http://localhost only.

    Raises BadRequest.
    """
    sent = request.headers.get("origin")
    try:
        parts = urlsplit(sent or f"{request.url.scheme}://{request.headers.get('host', '')}")
        host = (parts.hostname or "").lower()
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise BadRequest("The origin of the page is not valid") from error
    if not host or _is_address(host):
        raise BadRequest("Passkeys need a name in the address; open http://localhost instead")
    if parts.scheme != "https" and host != "localhost":
        raise BadRequest("Passkeys need https, or http://localhost")
    return Origin(f"{parts.scheme}://{host}{port}", host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
