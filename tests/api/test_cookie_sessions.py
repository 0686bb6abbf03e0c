"""Sessions of our own page: the refresh token in a cookie, and the token that goes with it."""

from http.cookies import SimpleCookie
from typing import Any

import pyotp
import pytest

from tests.support.api import PASSWORD, Api
from tests.support.library import Library

ORIGIN = "http://localhost"
PAGE = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}
WANTED = PAGE | {"x-session-transport": "cookie"}
CREDENTIALS = {"username": "ben", "password": PASSWORD}
COOKIE = "lumilio_refresh"


@pytest.fixture
def browser(library: Library) -> Api:
    """A browser with an empty cookie jar, on this server's page; ben has an account."""
    library.api.register("ben")
    return Api(library.client())


def _sign_in(browser: Api, **headers: str) -> Any:
    return browser.post("/auth/login", CREDENTIALS, headers=WANTED | headers)


def _refresh(browser: Api, csrf: str | None, **headers: str) -> Any:
    given = {} if csrf is None else {"x-csrf-token": csrf}
    return browser.post("/auth/refresh", headers=PAGE | given | headers)


def _cookie(response: Any) -> Any:
    return SimpleCookie(response.headers["set-cookie"])[COOKIE]


def test_our_page_gets_its_refresh_token_where_no_script_can_read_it(browser: Api) -> None:
    response = _sign_in(browser)
    assert "refreshToken" not in response.json()
    assert response.json()["token"]
    cookie = _cookie(response)
    assert len(cookie.value) == 64
    assert cookie.value not in response.text
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "strict"
    assert cookie["path"] == "/api/v1/auth"
    assert cookie["max-age"] == str(168 * 3600)
    assert cookie["secure"] == ""


def test_over_https_the_cookie_stays_there(browser: Api) -> None:
    response = _sign_in(browser, origin="https://localhost")
    assert _cookie(response)["secure"] is True


@pytest.mark.parametrize(
    "headers",
    [
        {"x-session-transport": "cookie"},
        {"x-session-transport": "json", **PAGE},
        PAGE,
        {},
        {"x-session-transport": "cookie", "origin": "http://localhost:6657"},
    ],
)
def test_programs_and_other_pages_get_it_in_the_answer(
    browser: Api, headers: dict[str, str]
) -> None:
    response = browser.post("/auth/login", CREDENTIALS, headers=headers)
    assert len(response.json()["refreshToken"]) == 64
    assert "csrf_token" not in response.json()
    assert "set-cookie" not in response.headers


def test_every_way_in_gives_the_cookie(library: Library, browser: Api) -> None:
    body = {"username": "eve", "password": PASSWORD}
    response = browser.post("/auth/register/start", body, headers=WANTED)
    eve = Api(browser.http, response.json())
    assert _cookie(response).value
    setup = eve.ok("POST", "/auth/mfa/totp/setup")
    totp = pyotp.TOTP(setup["secret"])
    body = {"setup_token": setup["setup_token"], "code": totp.at(library.clock())}
    eve.ok("POST", "/auth/mfa/totp/enable", body)
    library.clock.advance(seconds=90)
    asked = browser.post("/auth/login", {"username": "eve", "password": PASSWORD}, headers=WANTED)
    assert asked.json()["requires_mfa"] is True
    assert "set-cookie" not in asked.headers
    body = {
        "mfa_token": asked.json()["mfa_token"],
        "code": totp.at(library.clock()),
        "method": "totp",
    }
    response = browser.post("/auth/mfa/verify", body, headers=WANTED)
    assert response.status_code == 200
    assert _cookie(response).value
    assert response.json()["csrf_token"]


def test_the_cookie_and_its_token_renew_the_session(library: Library, browser: Api) -> None:
    session = _sign_in(browser).json()
    before = browser.http.cookies[COOKIE]
    library.clock.advance(minutes=20)
    response = _refresh(browser, session["csrf_token"])
    assert response.status_code == 200
    assert "refreshToken" not in response.json()
    # One for the whole session: other tabs know it already.
    assert response.json()["csrf_token"] == session["csrf_token"]
    assert browser.http.cookies[COOKIE] != before
    assert Api(browser.http, response.json()).get("/auth/me").status_code == 200


@pytest.mark.parametrize("call", ["refresh", "logout"])
@pytest.mark.parametrize("csrf", [None, "", "x", "0" * 64, b"\xc3\xa9"])
def test_the_cookie_alone_does_nothing(browser: Api, call: str, csrf: Any) -> None:
    session = _sign_in(browser).json()
    headers = PAGE if csrf is None else PAGE | {"x-csrf-token": csrf}
    response = browser.post(f"/auth/{call}", headers=headers)
    assert response.status_code == 403
    assert response.json()["error"] == "csrf_token"
    assert _refresh(browser, session["csrf_token"]).status_code == 200


def test_the_token_of_another_session_does_not_do(library: Library, browser: Api) -> None:
    _sign_in(browser)
    other = _sign_in(Api(library.client())).json()
    assert _refresh(browser, other["csrf_token"]).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"origin": "http://localhost:6657"}]
)
def test_no_other_page_acts_by_the_cookie(browser: Api, headers: dict[str, str]) -> None:
    csrf = _sign_in(browser).json()["csrf_token"]
    foreign = {"sec-fetch-site": "cross-site"} | headers
    for call in ("refresh", "logout"):
        response = browser.post(f"/auth/{call}", headers=foreign | {"x-csrf-token": csrf})
        assert response.status_code == 403
    assert browser.get("/auth/csrf", headers=foreign).status_code == 403
    assert _refresh(browser, csrf).status_code == 200


def test_a_new_tab_learns_the_token(library: Library, browser: Api) -> None:
    session = _sign_in(browser).json()
    answer = browser.ok("GET", "/auth/csrf", headers=PAGE)
    assert answer == {"csrf_token": session["csrf_token"]}
    stranger = Api(library.client())
    assert stranger.get("/auth/csrf", headers=PAGE).status_code == 401
    stranger.http.cookies.set(COOKIE, "0" * 64)
    assert stranger.get("/auth/csrf", headers=PAGE).status_code == 401


def test_signing_out_ends_the_session_and_the_cookie(browser: Api) -> None:
    session = _sign_in(browser).json()
    kept = browser.http.cookies[COOKIE]
    headers = PAGE | {"x-csrf-token": session["csrf_token"]}
    assert browser.post("/auth/logout", headers=headers).status_code == 200
    assert COOKIE not in browser.http.cookies
    assert Api(browser.http, session).get("/auth/me").status_code == 401
    assert browser.post("/auth/refresh", {"refreshToken": kept}).status_code == 401


def test_without_cookie_and_body_there_is_nothing_to_renew(browser: Api) -> None:
    for call in ("refresh", "logout"):
        assert browser.post(f"/auth/{call}", headers=PAGE).status_code == 400


def test_who_signs_in_anew_leaves_no_session_behind(library: Library, browser: Api) -> None:
    first = _sign_in(browser).json()
    second = _sign_in(browser).json()
    assert Api(browser.http, first).get("/auth/me").status_code == 401
    assert Api(browser.http, second).get("/auth/me").status_code == 200


def test_tabs_that_renew_at_once_all_stay_signed_in(library: Library, browser: Api) -> None:
    csrf = _sign_in(browser).json()["csrf_token"]
    stale = browser.http.cookies[COOKIE]
    assert _refresh(browser, csrf).status_code == 200
    browser.http.cookies.set(COOKIE, stale, domain="localhost.local", path="/api/v1/auth")
    assert _refresh(browser, csrf).status_code == 200


def test_an_older_sign_in_moves_into_the_cookie(library: Library, browser: Api) -> None:
    old = browser.post("/auth/login", CREDENTIALS).json()
    response = browser.post("/auth/refresh", {"refreshToken": old["refreshToken"]}, headers=WANTED)
    assert "refreshToken" not in response.json()
    assert _refresh(browser, response.json()["csrf_token"]).status_code == 200
