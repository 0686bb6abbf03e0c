"""Passkeys with a real browser and a virtual authenticator."""

from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Page

from tests.browser.accounts import give_authenticator
from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support.api import PASSWORD

CALL = """async ([method, path, body, token]) => {
  const headers = { 'content-type': 'application/json' };
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch('/api/v1' + path, { method, headers, body: body && JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}"""
ENROLL = """async (options) => {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return (await navigator.credentials.create({ publicKey })).toJSON();
}"""
SIGN_IN = """async (options) => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await navigator.credentials.get({ publicKey })).toJSON();
}"""


class _Account:
    """An account in a browser page, with an authenticator that says yes to everything."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.token = ""
        give_authenticator(page)

    def call(self, path: str, body: Any = None, method: str = "POST") -> dict[str, Any]:
        return self.page.evaluate(CALL, [method, path, body, self.token])

    def ok(self, path: str, body: Any = None, method: str = "POST") -> Any:
        answer = self.call(path, body, method)
        assert answer["status"] == 200, answer
        return answer["body"]

    def register(self) -> None:
        body = {"username": "admin", "password": PASSWORD}
        self.token = self.ok("/auth/register/start", body)["token"]

    def enable_app(self) -> None:
        setup = self.ok("/auth/mfa/totp/setup")
        code = pyotp.TOTP(setup["secret"]).now()
        self.ok("/auth/mfa/totp/enable", {"setup_token": setup["setup_token"], "code": code})

    def enrollment(self) -> dict[str, Any]:
        asked = self.ok("/auth/mfa/passkeys/options")
        credential = self.page.evaluate(ENROLL, asked["options"]["publicKey"])
        return {"challenge_token": asked["challenge_token"], "credential": credential}

    def assertion(self, body: dict[str, Any]) -> dict[str, Any]:
        asked = self.ok("/auth/passkeys/login/options", body)
        credential = self.page.evaluate(SIGN_IN, asked["options"]["publicKey"])
        return {"challenge_token": asked["challenge_token"], "credential": credential}


@pytest.fixture
def account(make_server: Callable[[], Server], visit: Callable[..., Visit]) -> _Account:
    url = make_server().url.replace("127.0.0.1", "localhost")
    page = visit(url, "desktop").page
    page.goto(f"{url}/api/docs")
    return _Account(page)


def test_a_passkey_signs_in_instead_of_a_password(account: _Account) -> None:
    account.register()
    assert account.call("/auth/mfa/passkeys/options")["status"] == 400
    account.enable_app()
    enrollment = account.enrollment()
    passkey = account.ok("/auth/mfa/passkeys/verify", enrollment)
    assert passkey["label"] == "Passkey 1"
    assert account.call("/auth/mfa/passkeys/verify", enrollment)["status"] == 400
    listed = account.ok("/auth/mfa/passkeys", method="GET")
    assert (listed["total"], listed["credentials"]) == (1, [passkey])
    assert account.ok("/auth/mfa", method="GET")["available_methods"] == [
        "passkey",
        "totp",
        "recovery_code",
    ]
    account.token = ""
    # By name, and then with no name at all.
    for body in ({"username": " ADMIN "}, {}):
        assertion = account.assertion(body)
        signed_in = account.ok("/auth/passkeys/login/verify", assertion)
        assert signed_in["requires_mfa"] is False
        assert signed_in["user"]["username"] == "admin"
        # The same signed answer does not open a second session.
        assert account.call("/auth/passkeys/login/verify", assertion)["status"] == 401
    account.token = signed_in["token"]
    path = f"/auth/mfa/passkeys/{passkey['passkey_id']}"
    assert account.ok(path, {"label": " Phone "}, "PATCH")["label"] == "Phone"
    assert "last_used_at" in account.ok("/auth/mfa/passkeys", method="GET")["credentials"][0]


def test_an_answer_that_was_changed_does_not_sign_in(account: _Account) -> None:
    account.register()
    account.enable_app()
    passkey = account.ok("/auth/mfa/passkeys/verify", account.enrollment())
    token, account.token = account.token, ""
    for field in ("clientDataJSON", "authenticatorData", "signature"):
        assertion = account.assertion({})
        value = assertion["credential"]["response"][field]
        assertion["credential"]["response"][field] = value[:-4] + (
            "AAAA" if value[-4:] != "AAAA" else "BBBB"
        )
        assert account.call("/auth/passkeys/login/verify", assertion)["status"] == 401
    stolen = account.assertion({})
    account.token = token
    account.ok(f"/auth/mfa/passkeys/{passkey['passkey_id']}", method="DELETE")
    account.token = ""
    assert account.call("/auth/passkeys/login/verify", stolen)["status"] == 401
    assert account.call("/auth/passkeys/login/options", {"username": "admin"})["status"] == 401
