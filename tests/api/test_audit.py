"""The audit log: what is recorded, what is not, who may read it, and that it stays small."""

from datetime import timedelta
from typing import Any

import pyotp
import pytest

from lumilio.library import audit, sessions
from tests.support.api import PASSWORD, Api
from tests.support.clock import START
from tests.support.library import Library

AGENT = {"user-agent": "Firefox of Alex"}


@pytest.fixture
def ben(library: Library) -> Api:
    return library.api.register("ben")


def _events(library: Library, **query: Any) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = library.admin.ok("GET", "/admin/audit", params=query)["events"]
    return events


def _told(event: dict[str, Any]) -> tuple[str, str | None, str | None, dict[str, Any]]:
    return event["action"], event.get("actor"), event.get("subject"), event["details"]


def _latest(library: Library) -> tuple[str, str | None, str | None, dict[str, Any]]:
    return _told(_events(library, limit=1)[0])


def _sign_in(library: Library, username: str, password: str, headers: dict[str, str]) -> Any:
    body = {"username": username, "password": password}
    return library.api.post("/auth/login", body, headers=headers)


def test_a_registration_and_its_session_are_recorded(library: Library, ben: Api) -> None:
    login, registered = _events(library, limit=2)
    assert _told(registered) == ("user_registered", "ben", None, {"role": "user"})
    assert _told(login) == ("login", "ben", None, {"method": "registration"})


def test_an_event_says_when_and_from_where(library: Library, ben: Api) -> None:
    assert _sign_in(library, "ben", PASSWORD, AGENT).status_code == 200
    event = _events(library, limit=1)[0]
    assert event.pop("event_id") > 0
    assert event == {
        "occurred_at": START.isoformat().replace("+00:00", "Z"),
        "action": "login",
        "count": 1,
        "actor_id": ben.user_id,
        "actor": "ben",
        "address": "127.0.0.1",
        "user_agent": AGENT["user-agent"],
        "details": {"method": "password"},
    }


def test_a_refused_sign_in_names_the_account_but_never_what_was_typed(
    library: Library, ben: Api
) -> None:
    _sign_in(library, " BEN ", "Wrong-Horse-99", AGENT)
    assert _latest(library) == ("login_failed", None, "ben", {"method": "password"})
    _sign_in(library, "My-Secret-Password-1", "x", AGENT)
    assert _latest(library) == ("login_failed", None, None, {"method": "password"})
    with library.db.read() as db:
        stored = db.rows(lambda *row: str(row), "SELECT * FROM audit_events")
    assert not [row for row in stored if "secret" in row.lower() or "horse" in row.lower()]


def test_refusals_within_a_minute_are_one_event_for_each_account_and_address(
    library: Library, ben: Api
) -> None:
    for _ in range(3):
        _sign_in(library, "ben", "Wrong-Horse-99", AGENT)
    other = Api(library.client(("192.168.1.20", 40000)))
    other.post("/auth/login", {"username": "ben", "password": "Wrong-Horse-99"})
    _sign_in(library, "nobody", "Wrong-Horse-99", AGENT)
    library.clock.advance(seconds=61)
    _sign_in(library, "ben", "Wrong-Horse-99", AGENT)
    found = [
        (event.get("subject"), event["address"], event["count"])
        for event in _events(library, action="login_failed")
    ]
    assert found == [
        ("ben", "127.0.0.1", 1),
        (None, "127.0.0.1", 1),
        ("ben", "192.168.1.20", 1),
        ("ben", "127.0.0.1", 3),
    ]


def test_a_second_factor_is_named_whether_right_or_wrong(library: Library, ben: Api) -> None:
    setup = ben.ok("POST", "/auth/mfa/totp/setup")
    totp = pyotp.TOTP(setup["secret"])
    body = {"setup_token": setup["setup_token"], "code": totp.at(library.clock())}
    codes = ben.ok("POST", "/auth/mfa/totp/enable", body)["recovery_codes"]
    assert _latest(library) == ("totp_enabled", "ben", None, {})
    library.clock.advance(seconds=90)
    token = _sign_in(library, "ben", PASSWORD, AGENT).json()["mfa_token"]
    # The password alone was no sign-in.
    assert _latest(library)[0] == "totp_enabled"
    library.api.post("/auth/mfa/verify", {"mfa_token": token, "code": "x", "method": "totp"})
    assert _latest(library) == ("login_failed", None, "ben", {"method": "totp"})
    body = {"mfa_token": token, "code": codes[0], "method": "recovery_code"}
    library.api.ok("POST", "/auth/mfa/verify", body)
    assert _latest(library) == ("login", "ben", None, {"method": "recovery_code"})
    ben.ok("POST", "/auth/mfa/recovery-codes/regenerate", {"current_password": PASSWORD})
    assert _latest(library)[0] == "recovery_codes_regenerated"
    ben.ok("POST", "/auth/mfa/totp/disable", {"current_password": PASSWORD})
    assert _latest(library) == ("totp_disabled", "ben", None, {})


def test_a_passkey_that_is_not_known_is_a_refused_sign_in(library: Library) -> None:
    response = {"clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA"}
    credential = {"id": "AA", "rawId": "AA", "type": "public-key", "response": response}
    body = {"challenge_token": "x", "credential": credential}
    assert library.api.post("/auth/passkeys/login/verify", body).status_code == 401
    assert _latest(library) == ("login_failed", None, None, {"method": "passkey"})


def test_the_ends_of_sessions_are_recorded(library: Library, ben: Api) -> None:
    second, third = library.api.login("ben"), library.api.login("ben")
    library.api.ok("POST", "/auth/logout", {"refreshToken": third.session["refreshToken"]})
    assert _latest(library) == ("logout", "ben", None, {})
    session_id = next(
        session["session_id"]
        for session in ben.ok("GET", "/auth/sessions")["sessions"]
        if not session["is_current"]
    )
    ben.ok("DELETE", f"/auth/sessions/{session_id}")
    assert second.get("/auth/me").status_code == 401
    assert _latest(library) == ("sessions_revoked", "ben", None, {"count": 1})
    library.api.login("ben")
    library.api.login("ben")
    ben.ok("DELETE", "/auth/sessions")
    assert _latest(library) == ("sessions_revoked", "ben", None, {"count": 2})
    before = len(_events(library))
    ben.ok("DELETE", "/auth/sessions")
    assert len(_events(library)) == before


def test_a_refresh_token_that_comes_back_is_recorded_as_reuse(library: Library, ben: Api) -> None:
    body = {"refreshToken": ben.session["refreshToken"]}
    library.api.ok("POST", "/auth/refresh", body)
    assert _latest(library)[0] == "login"
    library.clock.advance(minutes=1)
    assert library.api.post("/auth/refresh", body).status_code == 401
    assert _latest(library) == ("refresh_token_reused", None, "ben", {})


def test_changes_of_accounts_are_recorded_with_what_they_are_now(
    library: Library, ben: Api
) -> None:
    path = f"/users/{ben.user_id}"
    library.admin.ok("PATCH", path, {"role": "admin", "display_name": "Big Ben"})
    assert _latest(library) == ("user_updated", "admin", "ben", {"role": "admin"})
    library.admin.ok("PATCH", path, {"role": "admin", "display_name": "Ben"})
    assert len(_events(library, action="user_updated")) == 1
    library.admin.ok("PATCH", path, {"username": "benny", "is_active": False})
    latest = ("user_updated", "admin", "benny", {"username": "benny", "is_active": False})
    assert _latest(library) == latest
    library.admin.ok("POST", f"{path}/reset-access")
    assert _latest(library) == ("access_reset", "admin", "benny", {})


def test_a_change_that_is_refused_is_not_recorded(library: Library) -> None:
    before = _events(library)
    path = f"/users/{library.admin.user_id}"
    assert library.admin.call("PATCH", path, json={"role": "user"}).status_code == 400
    assert _events(library) == before


def test_a_new_password_is_recorded_without_it(library: Library, ben: Api) -> None:
    body = {"current_password": PASSWORD, "new_password": "Another-Horse-8"}
    ben.ok("PATCH", "/users/me/password", body)
    assert _latest(library) == ("password_changed", "ben", None, {})


def test_changed_settings_are_named_without_their_values(library: Library) -> None:
    llm = {"provider": "openai", "api_key": "sk-very-secret"}
    library.admin.ok("PATCH", "/settings/system", {"llm": llm, "ml": {"ocr_enabled": False}})
    changed = ["llm.provider", "llm.api_key", "ml.ocr_enabled"]
    assert _latest(library) == ("settings_updated", "admin", None, {"changed": changed})
    library.admin.ok("PATCH", "/settings/system", {"ml": {"ocr_enabled": False}})
    assert len(_events(library, action="settings_updated")) == 1


def test_events_are_filtered_by_action_account_and_time(library: Library, ben: Api) -> None:
    library.clock.advance(minutes=10)
    library.admin.ok("PATCH", f"/users/{ben.user_id}", {"role": "admin"})
    between = START + timedelta(minutes=5)
    assert {event["action"] for event in _events(library, actor=ben.user_id)} == {
        "login",
        "user_registered",
    }
    assert [event["actor"] for event in _events(library, subject=ben.user_id)] == ["admin"]
    assert [event["action"] for event in _events(library, **{"from": between.isoformat()})] == [
        "user_updated"
    ]
    assert len(_events(library, to=between.isoformat())) == 4
    assert len(_events(library, action="login", actor=ben.user_id)) == 1


def test_pages_follow_one_another_while_events_come_in(library: Library, ben: Api) -> None:
    first = library.admin.ok("GET", "/admin/audit", params={"limit": 3})
    assert first["has_more"] is True
    library.api.login("ben")
    query = {"limit": 3, "before": first["events"][-1]["event_id"]}
    second = library.admin.ok("GET", "/admin/audit", params=query)
    assert second["has_more"] is False
    assert [event["action"] for event in first["events"] + second["events"]] == [
        "login",
        "user_registered",
        "login",
        "user_registered",
    ]


@pytest.mark.parametrize(
    "query", [{"action": "sneezed"}, {"actor": "0"}, {"from": "yesterday"}, {"before": "x"}]
)
def test_a_filter_that_means_nothing_is_a_bad_request(
    library: Library, query: dict[str, str]
) -> None:
    assert library.admin.get("/admin/audit", params=query).status_code == 400


def test_only_administrators_read_the_log(library: Library, ben: Api) -> None:
    assert library.api.get("/admin/audit").status_code == 401
    assert ben.get("/admin/audit").status_code == 403


def test_the_log_forgets_after_its_time_and_keeps_a_flood_small(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST_FAILED_LOGINS", 2)
    library.clock.advance(days=300)
    for host in range(4):
        api = Api(library.client((f"10.0.0.{host + 1}", 40000)))
        api.post("/auth/login", {"username": "nobody", "password": "x"})
    library.clock.advance(days=101)
    admin = library.api.login("admin")
    library.dispatcher.delete_outdated()
    events = admin.ok("GET", "/admin/audit")["events"]
    assert [(event["action"], event["address"]) for event in events] == [
        ("login", "127.0.0.1"),
        ("login_failed", "10.0.0.4"),
        ("login_failed", "10.0.0.3"),
    ]


def test_a_program_of_this_machine_signs_in_under_its_own_name(library: Library) -> None:
    sessions.mint_local_token(library.ctx)
    event = _events(library, limit=1)[0]
    assert _told(event) == ("login", "admin", None, {"method": "command line"})
    assert (event["address"], event["user_agent"]) == ("", "lumilio command line")
