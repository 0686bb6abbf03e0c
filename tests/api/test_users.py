"""Accounts: one's own profile, password and sessions, and what administrators do to others."""

import threading
from typing import Any

import pytest

from lumilio.library import accounts
from tests.support.api import PASSWORD, Api
from tests.support.library import Library

NEW_PASSWORD = "Another-Horse-7"


@pytest.fixture
def ben(library: Library) -> Api:
    return library.api.register("ben")


def _status(api: Api, method: str, path: str, body: Any = None) -> int:
    options = {} if body is None else {"json": body}
    return api.call(method, path, **options).status_code


def _change(api: Api, user: Api, **change: Any) -> Any:
    return api.call("PATCH", f"/users/{user.user_id}", json=change)


def test_a_profile_is_changed_and_shown(library: Library, ben: Api) -> None:
    changed = ben.ok("PATCH", "/users/me/profile", {"display_name": "  Ben the 2nd  "})
    assert changed["display_name"] == "Ben the 2nd"
    assert ben.ok("GET", "/auth/me") == changed


def test_an_empty_display_name_falls_back_to_the_account_name(ben: Api) -> None:
    ben.ok("PATCH", "/users/me/profile", {"display_name": "Ben"})
    assert ben.ok("PATCH", "/users/me/profile", {"display_name": " "})["display_name"] == "ben"


def test_what_is_absent_or_null_stays(ben: Api) -> None:
    ben.ok("PATCH", "/users/me/profile", {"display_name": "Ben"})
    for body in ({}, {"display_name": None, "avatar_asset_id": None}):
        assert ben.ok("PATCH", "/users/me/profile", body)["display_name"] == "Ben"


@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "\x7f", "x" * 65])
def test_a_display_name_against_the_rules_is_refused(ben: Api, name: str) -> None:
    body = {"display_name": f"a{name}"}
    assert _status(ben, "PATCH", "/users/me/profile", body) == 400
    assert ben.ok("GET", "/auth/me")["display_name"] == "ben"


@pytest.mark.parametrize("name", ["ünï 📷 👩‍👩‍👧", "x" * 64, "‮rtl"])
def test_a_display_name_may_be_in_any_script(ben: Api, name: str) -> None:
    assert ben.ok("PATCH", "/users/me/profile", {"display_name": name})["display_name"] == name


def test_an_avatar_is_a_photo_of_ones_own(library: Library, ben: Api) -> None:
    mine = str(library.add_asset(owner_id=ben.user_id))
    changed = ben.ok("PATCH", "/users/me/profile", {"avatar_asset_id": mine})
    assert changed["avatar_asset_id"] == mine
    assert ben.ok("GET", "/auth/me")["avatar_asset_id"] == mine
    cleared = ben.ok("PATCH", "/users/me/profile", {"avatar_asset_id": ""})
    assert "avatar_asset_id" not in cleared


def test_what_is_no_photo_in_sight_is_no_avatar(library: Library, ben: Api) -> None:
    refused = [
        "x",
        "123e4567-e89b-42d3-a456-426614174000",
        str(library.add_asset()),
        str(library.add_asset("b.mp4", owner_id=ben.user_id, type="VIDEO")),
        str(
            library.add_asset("c.jpg", owner_id=ben.user_id, deleted_at=1, deleted_reason="trashed")
        ),
    ]
    for avatar in refused:
        body = {"avatar_asset_id": avatar}
        assert _status(ben, "PATCH", "/users/me/profile", body) == 400


def test_a_new_password_ends_every_session(library: Library, ben: Api) -> None:
    elsewhere = ben.login("ben")
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    ben.ok("PATCH", "/users/me/password", body)
    for api in (ben, elsewhere):
        assert _status(api, "GET", "/auth/me") == 401
        token = {"refreshToken": api.session["refreshToken"]}
        assert _status(api.anonymous(), "POST", "/auth/refresh", token) == 401
    assert _status(ben.anonymous(), "POST", "/auth/login", _login("ben", PASSWORD)) == 401
    ben.login("ben", NEW_PASSWORD)


def _login(username: str, password: str) -> dict[str, str]:
    return {"username": username, "password": password}


def test_the_current_password_is_looked_at_first(ben: Api) -> None:
    body = {"current_password": "wrong", "new_password": "too simple"}
    response = ben.call("PATCH", "/users/me/password", json=body)
    assert response.status_code == 401
    # A client must not take this for an expired token.
    assert "invalid_token" not in response.headers["www-authenticate"]
    body["current_password"] = PASSWORD
    assert _status(ben, "PATCH", "/users/me/password", body) == 400
    ben.login("ben")


def test_sessions_are_listed_and_ended(ben: Api) -> None:
    phone = ben.login("ben")
    sessions = ben.ok("GET", "/auth/sessions")["sessions"]
    assert [session["is_current"] for session in sessions].count(True) == 1
    other = next(session for session in sessions if not session["is_current"])
    ben.ok("DELETE", f"/auth/sessions/{other['session_id']}")
    assert _status(phone, "GET", "/auth/me") == 401
    assert len(ben.ok("GET", "/auth/sessions")["sessions"]) == 1
    assert _status(ben, "DELETE", f"/auth/sessions/{other['session_id']}") == 404


def test_a_media_token_ends_with_its_session(library: Library, ben: Api) -> None:
    phone = ben.login("ben")
    token = phone.media_token()
    path = f"/assets/{library.add_asset(owner_id=ben.user_id)}/thumbnail"
    assert ben.anonymous().get(path, params={"mt": token}).status_code == 404
    ben.ok("DELETE", "/auth/sessions")
    assert ben.anonymous().get(path, params={"mt": token}).status_code == 401
    assert len(ben.ok("GET", "/auth/sessions")["sessions"]) == 1


def test_sessions_of_others_are_out_of_reach(library: Library, ben: Api) -> None:
    session_id = library.admin.ok("GET", "/auth/sessions")["sessions"][0]["session_id"]
    assert _status(ben, "DELETE", f"/auth/sessions/{session_id}") == 404
    ben.ok("DELETE", "/auth/sessions")
    assert _status(library.admin, "GET", "/auth/me") == 200


def test_accounts_are_listed_with_what_belongs_to_them(library: Library, ben: Api) -> None:
    library.add_asset(owner_id=ben.user_id)
    library.add_asset(owner_id=ben.user_id, deleted_at=1, deleted_reason="trashed")
    library.run("INSERT INTO albums (user_id, album_name) VALUES (?, 'a')", ben.user_id)
    page = library.admin.ok("GET", "/users")
    assert page["total"] == 2
    assert [user["username"] for user in page["users"]] == ["ben", "admin"]
    assert (page["users"][0]["asset_count"], page["users"][0]["album_count"]) == (1, 1)
    second = library.admin.ok("GET", "/users", params={"limit": 1, "offset": 1})
    assert [user["username"] for user in second["users"]] == ["admin"]
    assert (second["limit"], second["offset"], second["total"]) == (1, 1, 2)


@pytest.mark.parametrize(
    ("query", "limit"), [({}, 20), ({"limit": 0}, 20), ({"limit": 101}, 100), ({"limit": "x"}, 20)]
)
def test_pages_of_accounts_have_limits(library: Library, query: Any, limit: int) -> None:
    assert library.admin.ok("GET", "/users", params=query)["limit"] == limit


def test_an_administrator_changes_an_account(library: Library, ben: Api) -> None:
    changed = _change(
        library.admin, ben, username=" Benjamin ", display_name="B", role="admin"
    ).json()
    assert (changed["username"], changed["display_name"]) == ("benjamin", "B")
    assert ben.ok("GET", "/users")["total"] == 2


def test_a_changed_role_counts_at_once(library: Library, ben: Api) -> None:
    _change(library.admin, ben, role="admin")
    assert _status(ben, "GET", "/users") == 200
    _change(library.admin, ben, role="user")
    assert _status(ben, "GET", "/users") == 403


def test_a_deactivated_account_is_out_at_once_and_for_good(library: Library, ben: Api) -> None:
    media_token = ben.media_token()
    _change(library.admin, ben, is_active=False)
    path = f"/assets/{library.add_asset(owner_id=ben.user_id)}/thumbnail"
    assert ben.anonymous().get(path, params={"mt": media_token}).status_code == 401
    assert _status(ben, "GET", "/auth/me") == 401
    assert _status(ben.anonymous(), "POST", "/auth/login", _login("ben", PASSWORD)) == 401
    _change(library.admin, ben, is_active=True)
    assert _status(ben, "GET", "/auth/me") == 401
    token = {"refreshToken": ben.session["refreshToken"]}
    assert _status(ben.anonymous(), "POST", "/auth/refresh", token) == 401
    ben.login("ben")


@pytest.mark.parametrize("change", [{"role": "user"}, {"is_active": False}])
def test_the_last_administrator_stays(library: Library, ben: Api, change: Any) -> None:
    assert _change(library.admin, library.admin, **change).status_code == 400
    _change(library.admin, ben, role="admin")
    assert _change(library.admin, library.admin, **change).status_code == 200
    assert _change(ben, ben, **change).status_code == 400


def test_two_administrators_cannot_remove_each_other(library: Library, ben: Api) -> None:
    _change(library.admin, ben, role="admin")
    start = threading.Barrier(2)

    def remove(api: Api, other: Api) -> None:
        start.wait()
        _change(api, other, role="user")

    threads = [
        threading.Thread(target=remove, args=pair)
        for pair in ((library.admin, ben), (ben, library.admin))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert library.value("SELECT count(*) FROM users WHERE role = 'admin' AND is_active") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"role": "owner"},
        {"role": ""},
        {"username": "a"},
        {"username": "no spaces"},
        {"display_name": "\x00"},
        {"avatar_asset_id": "x"},
        {"is_active": "yes"},
    ],
)
def test_a_change_against_the_rules_changes_nothing(
    library: Library, ben: Api, change: Any
) -> None:
    before = ben.ok("GET", "/auth/me")
    assert _change(library.admin, ben, **({"display_name": "x"} | change)).status_code == 400
    assert ben.ok("GET", "/auth/me") == before


def test_a_name_belongs_to_one_account(library: Library, ben: Api) -> None:
    assert _change(library.admin, ben, username="ADMIN").status_code == 409


def test_who_is_not_there_cannot_be_changed(library: Library) -> None:
    assert _status(library.admin, "PATCH", "/users/999", {"display_name": "x"}) == 404
    assert _status(library.admin, "POST", "/users/999/reset-access") == 404
    assert _status(library.admin, "PATCH", "/users/x", {}) == 400


def test_a_reset_account_can_only_choose_a_new_password(library: Library, ben: Api) -> None:
    reset = library.admin.ok("POST", f"/users/{ben.user_id}/reset-access")
    password = reset["temporary_password"]
    assert len(password) == 24
    assert (reset["cleared_passkeys"], reset["cleared_totp"]) == (True, True)
    assert _status(ben, "GET", "/auth/me") == 401
    assert _status(ben.anonymous(), "POST", "/auth/login", _login("ben", PASSWORD)) == 401
    ben = ben.login("ben", password)
    assert ben.ok("GET", "/auth/me")["must_change_password"] is True
    assert ben.post("/assets/list", {}).status_code == 403
    assert ben.get("/assets/batch/config").status_code == 403
    assert ben.upload("a.jpg", b"x").status_code == 403
    body = {"current_password": password, "new_password": NEW_PASSWORD}
    ben.ok("PATCH", "/users/me/password", body)
    ben = ben.login("ben", NEW_PASSWORD)
    assert "must_change_password" not in ben.ok("GET", "/auth/me")
    assert ben.post("/assets/list", {}).status_code == 200


def test_temporary_passwords_follow_the_rules_and_differ(library: Library, ben: Api) -> None:
    made = {accounts.reset_access(library.ctx, ben.user_id) for _ in range(20)}
    assert len(made) == 20
    assert {len(password) for password in made} == {24}


def test_guessing_a_password_is_slowed_down(library: Library, ben: Api) -> None:
    guess = _login("ben", "Wrong-Horse-1")
    stranger = ben.anonymous()
    answers = [_status(stranger, "POST", "/auth/login", guess) for _ in range(10)]
    assert answers == [401] * 8 + [429] * 2
    refused = stranger.post("/auth/login", _login("ben", PASSWORD))
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == 300
    # Others are not locked out with him, and he still is after a restart.
    library.api.login("admin")
    library.clock.advance(minutes=5)
    ben.login("ben")


def test_unknown_names_are_slowed_down_alike(library: Library) -> None:
    guess = _login("nobody", "Wrong-Horse-1")
    answers = [_status(library.api, "POST", "/auth/login", guess) for _ in range(9)]
    assert answers == [401] * 8 + [429]


def test_names_are_not_kept_in_clear(library: Library) -> None:
    library.api.post("/auth/login", _login("MySecretPassword1", "x"))
    rows = library.values("SELECT hex(subject) FROM attempts")
    assert rows
    assert not any(b"secret" in bytes.fromhex(row).lower() for row in rows)


def test_one_address_cannot_guess_at_many_accounts(library: Library) -> None:
    answers = [
        _status(library.api, "POST", "/auth/login", _login(f"user{number}", "x"))
        for number in range(61)
    ]
    assert answers == [401] * 60 + [429]


def test_right_passwords_are_never_too_many(library: Library) -> None:
    for _ in range(70):
        library.api.login("admin")


def test_a_window_of_attempts_ends(library: Library, ben: Api) -> None:
    guess = _login("ben", "Wrong-Horse-1")
    for _ in range(8):
        ben.anonymous().post("/auth/login", guess)
    library.clock.advance(minutes=1)
    assert _status(ben.anonymous(), "POST", "/auth/login", guess) == 401


def test_a_clock_set_back_locks_nobody_out(library: Library, ben: Api) -> None:
    guess = _login("ben", "Wrong-Horse-1")
    for _ in range(9):
        ben.anonymous().post("/auth/login", guess)
    library.clock.advance(days=-400)
    ben.login("ben")


def test_guessing_the_current_password_is_slowed_down(ben: Api) -> None:
    body = {"current_password": "wrong", "new_password": NEW_PASSWORD}
    answers = [_status(ben, "PATCH", "/users/me/password", body) for _ in range(9)]
    assert answers == [401] * 8 + [429]


def test_guessing_refresh_tokens_is_slowed_down(library: Library) -> None:
    body = {"refreshToken": "0" * 64}
    answers = {_status(library.api, "POST", "/auth/refresh", body) for _ in range(61)}
    assert answers == {401, 429}
