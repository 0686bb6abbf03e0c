"""Second factors: the authenticator app, recovery codes, and sign-ins that need them."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from tests.support.api import PASSWORD, Api
from tests.support.library import Library

Factors = tuple[Api, pyotp.TOTP, list[str]]


@pytest.fixture
def ben(library: Library) -> Api:
    return library.api.register("ben")


@pytest.fixture
def factors(library: Library, ben: Api) -> Factors:
    """Ben with an authenticator app, and his recovery codes."""
    setup = ben.ok("POST", "/auth/mfa/totp/setup")
    totp = pyotp.TOTP(setup["secret"])
    body = {"setup_token": setup["setup_token"], "code": totp.at(library.clock())}
    codes = ben.ok("POST", "/auth/mfa/totp/enable", body)["recovery_codes"]
    # The code that enabled the app does not sign in as well.
    library.clock.advance(seconds=90)
    return ben, totp, codes


def _status(api: Api, path: str, body: Any = None) -> int:
    return api.post(path, body).status_code


def _asked(api: Api) -> str:
    """The token of a sign-in that waits for its second factor."""
    answer = api.anonymous().ok("POST", "/auth/login", {"username": "ben", "password": PASSWORD})
    assert answer["requires_mfa"] is True
    assert {"token", "refreshToken", "expiresAt"}.isdisjoint(answer)
    return answer["mfa_token"]


def _verify(api: Api, token: str, code: str, method: str = "totp") -> Any:
    body = {"mfa_token": token, "code": code, "method": method}
    return api.anonymous().post("/auth/mfa/verify", body)


def test_a_fresh_account_has_no_second_factor(ben: Api) -> None:
    assert ben.ok("GET", "/auth/mfa") == {
        "totp_enabled": False,
        "passkey_count": 0,
        "recovery_codes_remaining": 0,
    }


def test_a_set_up_tells_apps_what_they_need(ben: Api) -> None:
    setup = ben.ok("POST", "/auth/mfa/totp/setup")
    assert re.fullmatch("[A-Z2-7]{32}", setup["secret"])
    assert (setup["issuer"], setup["account_name"]) == ("Lumilio Photos", "ben")
    uri = urlsplit(setup["otpauth_uri"])
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/Lumilio%20Photos:ben")
    assert parse_qs(uri.query) == {
        "secret": [setup["secret"]],
        "issuer": ["Lumilio Photos"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }
    assert pyotp.parse_uri(setup["otpauth_uri"]).secret == setup["secret"]


def test_nothing_changes_before_the_first_code(ben: Api) -> None:
    ben.ok("POST", "/auth/mfa/totp/setup")
    assert ben.ok("GET", "/auth/mfa")["totp_enabled"] is False
    ben.login("ben")


def test_enabling_gives_ten_recovery_codes(library: Library, factors: Factors) -> None:
    ben, _, codes = factors
    assert len(set(codes)) == 10
    assert all(re.fullmatch("[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}", code) for code in codes)
    status = ben.ok("GET", "/auth/mfa")
    assert status["totp_enabled"] is True
    assert status["recovery_codes_remaining"] == 10
    assert status["available_methods"] == ["totp", "recovery_code"]


def test_a_sign_in_needs_the_code(library: Library, factors: Factors) -> None:
    ben, totp, _ = factors
    token = _asked(ben)
    response = _verify(ben, token, totp.at(library.clock()))
    assert response.status_code == 200
    again = Api(ben.http, response.json())
    assert again.ok("GET", "/auth/me")["username"] == "ben"


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_clocks_may_differ_by_a_step(library: Library, factors: Factors, steps: int) -> None:
    ben, totp, _ = factors
    code = totp.at(library.clock(), counter_offset=steps)
    assert _verify(ben, _asked(ben), f" {code[:3]} {code[3:]} ").status_code == 200


@pytest.mark.parametrize("steps", [-3, -2, 2, 3])
def test_clocks_may_not_differ_by_more(library: Library, factors: Factors, steps: int) -> None:
    ben, totp, _ = factors
    assert (
        _verify(ben, _asked(ben), totp.at(library.clock(), counter_offset=steps)).status_code == 401
    )


def test_a_code_is_taken_once(library: Library, factors: Factors) -> None:
    ben, totp, _ = factors
    code = totp.at(library.clock())
    assert _verify(ben, _asked(ben), code).status_code == 200
    assert _verify(ben, _asked(ben), code).status_code == 401
    # An older one is not taken after a newer one either.
    assert _verify(ben, _asked(ben), totp.at(library.clock(), counter_offset=-1)).status_code == 401


def test_a_question_is_answered_once(library: Library, factors: Factors) -> None:
    ben, totp, codes = factors
    token = _asked(ben)
    assert _verify(ben, token, totp.at(library.clock())).status_code == 200
    assert _verify(ben, token, codes[0], "recovery_code").status_code == 401


def test_a_question_takes_five_wrong_answers(library: Library, factors: Factors) -> None:
    ben, totp, _ = factors
    token = _asked(ben)
    for _ in range(5):
        assert _verify(ben, token, "000000").status_code == 401
    assert _verify(ben, token, totp.at(library.clock())).status_code == 401


def test_guessing_over_many_questions_is_slowed_down(library: Library, factors: Factors) -> None:
    ben, totp, _ = factors
    answers = [_verify(ben, _asked(ben), "000000").status_code for _ in range(9)]
    assert answers == [401] * 8 + [429]
    assert _verify(ben, _asked(ben), totp.at(library.clock())).status_code == 429


def test_a_question_expires(library: Library, factors: Factors) -> None:
    ben, totp, _ = factors
    token = _asked(ben)
    library.clock.advance(minutes=5)
    assert _verify(ben, token, totp.at(library.clock())).status_code == 401


def test_a_recovery_code_stands_in_once(factors: Factors) -> None:
    ben, _, codes = factors
    typed = codes[0].lower().replace("-", " ")
    assert _verify(ben, _asked(ben), typed, "recovery_code").status_code == 200
    assert _verify(ben, _asked(ben), codes[0], "recovery_code").status_code == 401
    assert ben.ok("GET", "/auth/mfa")["recovery_codes_remaining"] == 9


def test_recovery_codes_and_secrets_are_not_kept_in_clear(
    library: Library, factors: Factors
) -> None:
    _, totp, codes = factors
    dump = b"".join(path.read_bytes() for path in library.home.root.glob("**/*.db*"))
    assert totp.secret.encode() not in dump
    assert not any(
        code.encode() in dump or code.replace("-", "").encode() in dump for code in codes
    )


def test_the_last_login_waits_for_the_second_factor(library: Library, factors: Factors) -> None:
    ben, totp, _ = factors
    before = ben.ok("GET", "/auth/me").get("last_login")
    token = _asked(ben)
    assert ben.ok("GET", "/auth/me").get("last_login") == before
    _verify(ben, token, totp.at(library.clock()))
    assert ben.ok("GET", "/auth/me")["last_login"] != before


@pytest.mark.parametrize("path", ["/auth/mfa/totp/disable", "/auth/mfa/recovery-codes/regenerate"])
def test_weakening_an_account_needs_its_password(factors: Factors, path: str) -> None:
    ben, _, _ = factors
    assert _status(ben, path, {"current_password": "wrong"}) == 401
    assert ben.ok("GET", "/auth/mfa")["recovery_codes_remaining"] == 10


@pytest.mark.parametrize("path", ["/auth/mfa/totp/disable", "/auth/mfa/recovery-codes/regenerate"])
def test_without_an_app_there_is_nothing_to_weaken(ben: Api, path: str) -> None:
    assert _status(ben, path, {"current_password": "wrong"}) == 401
    assert _status(ben, path, {"current_password": PASSWORD}) == 400


def test_new_recovery_codes_replace_the_old(factors: Factors) -> None:
    ben, _, codes = factors
    body = {"current_password": PASSWORD}
    fresh = ben.ok("POST", "/auth/mfa/recovery-codes/regenerate", body)
    assert set(fresh["recovery_codes"]).isdisjoint(codes)
    assert fresh["status"]["recovery_codes_remaining"] == 10
    assert _verify(ben, _asked(ben), codes[0], "recovery_code").status_code == 401


def test_disabling_takes_everything_away(factors: Factors) -> None:
    ben, _, _ = factors
    status = ben.ok("POST", "/auth/mfa/totp/disable", {"current_password": PASSWORD})
    assert status == {"totp_enabled": False, "passkey_count": 0, "recovery_codes_remaining": 0}
    ben.login("ben")


def test_a_reset_takes_the_second_factor_away(library: Library, factors: Factors) -> None:
    ben, _, _ = factors
    reset = library.admin.ok("POST", f"/users/{ben.user_id}/reset-access")
    ben = ben.login("ben", reset["temporary_password"])
    assert library.value("SELECT count(*) FROM totp_credentials") == 0
    assert library.value("SELECT count(*) FROM recovery_codes") == 0


def test_an_app_is_not_replaced_without_the_password(library: Library, factors: Factors) -> None:
    ben, _, _ = factors
    setup = ben.ok("POST", "/auth/mfa/totp/setup")
    code = pyotp.TOTP(setup["secret"]).at(library.clock())
    body = {"setup_token": setup["setup_token"], "code": code}
    assert _status(ben, "/auth/mfa/totp/enable", body) == 400


def test_a_set_up_belongs_to_whoever_began_it(library: Library, ben: Api) -> None:
    setup = library.admin.ok("POST", "/auth/mfa/totp/setup")
    code = pyotp.TOTP(setup["secret"]).at(library.clock())
    body = {"setup_token": setup["setup_token"], "code": code}
    assert _status(ben, "/auth/mfa/totp/enable", body) == 400
    assert _status(library.admin, "/auth/mfa/totp/enable", body) == 200
    # And is over after its first right code.
    body = {"current_password": PASSWORD}
    library.admin.ok("POST", "/auth/mfa/totp/disable", body)
    body = {"setup_token": setup["setup_token"], "code": code}
    assert _status(library.admin, "/auth/mfa/totp/enable", body) == 400


def test_a_set_up_expires(library: Library, ben: Api) -> None:
    setup = ben.ok("POST", "/auth/mfa/totp/setup")
    library.clock.advance(minutes=10)
    code = pyotp.TOTP(setup["secret"]).at(library.clock())
    body = {"setup_token": setup["setup_token"], "code": code}
    assert _status(ben, "/auth/mfa/totp/enable", body) == 400


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "00000０", "\x00"])
def test_rubbish_is_no_code(factors: Factors, code: str) -> None:
    ben, _, _ = factors
    for method in ("totp", "recovery_code"):
        assert _verify(ben, _asked(ben), code, method).status_code in (400, 401)


def test_a_token_of_one_purpose_serves_no_other(library: Library, factors: Factors) -> None:
    ben, totp, _ = factors
    setup = library.admin.ok("POST", "/auth/mfa/totp/setup")
    assert _verify(ben, setup["setup_token"], totp.at(library.clock())).status_code == 401
    assert _verify(ben, ben.token, totp.at(library.clock())).status_code == 401
    body = {"setup_token": _asked(ben), "code": totp.at(library.clock())}
    assert _status(library.admin, "/auth/mfa/totp/enable", body) == 400


ORIGINS = {
    "http://localhost:6680": 200,
    "http://localhost": 200,
    "https://photos.example": 200,
    "http://photos.example": 400,
    "http://127.0.0.1:6680": 400,
    "https://192.168.1.2": 400,
    "https://[::1]": 400,
    "null": 400,
    "https://": 400,
    "https://a:b:c": 400,
}


@pytest.mark.parametrize("origin", ORIGINS)
def test_passkeys_need_a_name_and_a_secure_page(factors: Factors, origin: str) -> None:
    ben, _, _ = factors
    response = ben.post("/auth/mfa/passkeys/options", headers={"origin": origin})
    assert response.status_code == ORIGINS[origin]


def test_the_options_are_those_of_the_contract(factors: Factors) -> None:
    ben, _, _ = factors
    asked = ben.ok("POST", "/auth/mfa/passkeys/options", headers={"origin": "https://a.example:8"})
    public_key = asked["options"]["publicKey"]
    assert public_key["rp"] == {"id": "a.example", "name": "Lumilio Photos"}
    assert (public_key["user"]["name"], public_key["user"]["displayName"]) == ("ben", "ben")
    assert public_key["timeout"] == 300_000
    assert public_key["extensions"] == {"credProps": True}
    assert public_key["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    asked = ben.ok("POST", "/auth/passkeys/login/options", {})
    public_key = asked["options"]["publicKey"]
    assert (public_key["rpId"], public_key["userVerification"]) == ("localhost", "required")


@pytest.mark.parametrize("body", [{"username": ""}, {"username": "  "}])
def test_a_blank_name_asks_for_nothing(library: Library, body: Any) -> None:
    assert _status(library.api, "/auth/passkeys/login/options", body) == 400


@pytest.mark.parametrize("name", ["nobody", "ben"])
def test_accounts_without_passkeys_are_not_told_apart(factors: Factors, name: str) -> None:
    ben, _, _ = factors
    assert _status(ben.anonymous(), "/auth/passkeys/login/options", {"username": name}) == 401


RUBBISH = {
    "id": "AAAA",
    "rawId": "AAAA",
    "type": "public-key",
    "response": {
        "clientDataJSON": "AAAA",
        "attestationObject": "AAAA",
        "authenticatorData": "AAAA",
        "signature": "AAAA",
    },
}


@pytest.mark.parametrize("raw_id", ["AAAA", "", "é", "=", "A" * 10_000])
def test_rubbish_is_no_passkey(factors: Factors, raw_id: str) -> None:
    ben, _, _ = factors
    asked = ben.ok("POST", "/auth/mfa/passkeys/options")
    body = {
        "challenge_token": asked["challenge_token"],
        "credential": RUBBISH | {"id": raw_id, "rawId": raw_id},
    }
    assert _status(ben, "/auth/mfa/passkeys/verify", body) == 400
    asked = ben.ok("POST", "/auth/passkeys/login/options", {})
    body["challenge_token"] = asked["challenge_token"]
    assert _status(ben.anonymous(), "/auth/passkeys/login/verify", body) == 401


def test_passkeys_of_others_are_out_of_reach(library: Library, factors: Factors) -> None:
    ben, _, _ = factors
    library.run(
        "INSERT INTO passkeys (user_id, credential_id, public_key, sign_count, transports, label,"
        " created_at) VALUES (?, x'00', x'00', 0, '[]', 'Phone', 0)",
        ben.user_id,
    )
    assert library.admin.call("DELETE", "/auth/mfa/passkeys/1").status_code == 404
    body = {"label": "Mine"}
    assert library.admin.call("PATCH", "/auth/mfa/passkeys/1", json=body).status_code == 404
    ben.ok("DELETE", "/auth/mfa/passkeys/1")
    assert ben.call("DELETE", "/auth/mfa/passkeys/1").status_code == 404
    assert ben.call("DELETE", "/auth/mfa/passkeys/x").status_code == 400
