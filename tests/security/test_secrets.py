"""Secrets stay where they belong: not in the log, in answers or in addresses."""

import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pyotp
import pytest

from lumilio.library import assets
from tests.conftest import Running
from tests.contract.calls import CALLS, OPERATIONS, send
from tests.contract.scene import Scene
from tests.support.api import PASSWORD, Api
from tests.support.photos import jpeg

API_KEY = "sk-key-of-the-model"
MISTYPED, IN_THE_WRONG_FIELD, NEXT = "Mistyped-Horse-8", "Horse-In-Name-7", "Other-Horse-6"


@pytest.fixture
def log() -> Iterator[StringIO]:
    """All that comes to the handlers of the program, down to the smallest detail."""
    root, out = logging.getLogger(), StringIO()
    handler, level = logging.StreamHandler(out), root.level
    # The client of the test runs in the same process.
    handler.addFilter(lambda record: not record.name.startswith(("httpx2", "httpcore2")))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield out
    root.setLevel(level)
    root.removeHandler(handler)


def test_no_secret_is_ever_logged(
    running: Running, log: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = running.api.register("admin")
    admin.create_primary()
    running.api.post("/auth/login", {"username": "admin", "password": MISTYPED})
    running.api.post("/auth/login", {"username": IN_THE_WRONG_FIELD, "password": "x"})
    refreshed = admin.ok("POST", "/auth/refresh", {"refreshToken": admin.session["refreshToken"]})
    admin.ok("PATCH", "/settings/system", {"llm": {"api_key": API_KEY}})
    admin.post("/settings/system/validate-llm")
    secrets = [PASSWORD, MISTYPED, IN_THE_WRONG_FIELD, NEXT, API_KEY]
    secrets += [*_tokens(admin.session), *_tokens(refreshed)]

    ben = running.api.register("ben")
    secrets += [*_tokens(ben.session), *_second_factor(running, ben)]
    change = {"current_password": PASSWORD, "new_password": NEXT}
    ben.ok("PATCH", "/users/me/password", change)
    reset = admin.ok("POST", f"/users/{ben.user_id}/reset-access")
    secrets.append(reset["temporary_password"])

    asset_id = admin.uploaded("a.jpg", jpeg())["asset_id"]
    media_token = admin.media_token()
    secrets.append(media_token)
    address = f"/assets/{asset_id}/original?mt={media_token}"
    assert admin.anonymous().get(address).status_code == 200
    assert admin.anonymous().get(f"{address}x").status_code == 401

    def broken(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(assets, "require", broken)
    assert admin.anonymous().get(address).status_code == 500
    running.stop()

    assert "ZeroDivisionError" in log.getvalue()
    assert [secret for secret in secrets if secret in log.getvalue()] == []


def _second_factor(running: Running, ben: Api) -> list[str]:
    """Enable an app, sign in with it; the secrets of all that."""
    setup = ben.ok("POST", "/auth/mfa/totp/setup")
    code = pyotp.TOTP(setup["secret"]).at(running.app.ctx.now())
    body = {"setup_token": setup["setup_token"], "code": code}
    codes: list[str] = ben.ok("POST", "/auth/mfa/totp/enable", body)["recovery_codes"]
    credentials = {"username": "ben", "password": PASSWORD}
    asked = running.api.ok("POST", "/auth/login", credentials)
    answer = {"mfa_token": asked["mfa_token"], "method": "recovery_code"}
    running.api.post("/auth/mfa/verify", answer | {"code": "WRONG-CODE"})
    session = running.api.ok("POST", "/auth/mfa/verify", answer | {"code": codes[0]})
    return [
        setup["secret"],
        setup["setup_token"],
        asked["mfa_token"],
        "WRONG-CODE",
        *codes,
        *_tokens(session),
    ]


def _tokens(session: dict[str, Any]) -> list[str]:
    return [session["token"], session["refreshToken"]]


def test_no_answer_brings_a_secret_back(scene: Scene) -> None:
    admin = scene.account("admin")
    admin.ok("PATCH", "/settings/system", {"llm": {"api_key": API_KEY}})
    codes = scene.enable_app(admin)
    secrets = [API_KEY, "$argon2", PASSWORD, *codes, *_tokens(admin.session)]
    texts = []
    for name, operation in OPERATIONS.items():
        call = CALLS[name]
        if operation.method == "GET" and call.method is None:
            thing_id = call.thing.of(scene, admin) if call.thing else ""
            texts.append(send(admin, name, thing_id, params=call.query).text)
    assert len(texts) > 20
    assert [secret for secret in secrets for text in texts if secret in text] == []


@pytest.mark.parametrize("name", ["mt", "token", "access_token", "authorization"])
def test_an_access_token_is_taken_from_its_header_alone(scene: Scene, name: str) -> None:
    """What stands in addresses and cookies is sent and kept by browsers without being asked."""
    user = scene.account()
    anonymous = user.anonymous()
    for value in (user.token, f"Bearer {user.token}"):
        assert anonymous.get("/auth/me", params={name: value}).status_code == 401
        assert anonymous.get("/auth/me", headers={"cookie": f"{name}={value}"}).status_code == 401
    photo = scene.give(scene.photo, user)
    address = f"/assets/{photo}/original"
    assert anonymous.get(address, params={name: user.token}).status_code == 401
