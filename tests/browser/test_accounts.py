"""Signing in with all factors, one's account page, and the pages of administrators."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accounts import client_of
from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support.api import PASSWORD, Api

MakeServer = Callable[[], Server]
OpenPage = Callable[..., Visit]

NEW_PASSWORD = "Other-Horse-10"


@pytest.fixture
def server(make_server: MakeServer) -> Server:
    """A library with an administrator, a user and a primary repository."""
    server = make_server()
    # Passkeys are bound to a name.
    server.url = server.url.replace("127.0.0.1", "localhost")
    with client_of(server.url) as api:
        api.register("ada").create_primary(name="Home")
        api.register("ben")
    return server


@pytest.fixture
def admin(server: Server) -> Iterator[Api]:
    """The administrator's client beside the browser."""
    with client_of(server.url) as api:
        yield api.login("ada")


def fill_in(page: Page, username: str, password: str = PASSWORD) -> None:
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def choose_password(page: Page, password: str) -> None:
    page.get_by_label("New password", exact=True).fill(password)
    page.get_by_label("Repeat the new password").fill(password)
    page.get_by_role("button", name="Save new password").click()


def expect_faults(visit: Visit, *statuses: int) -> None:
    """The browser itself reports each of these refusals in the console; there is nothing else."""
    assert [
        status
        for fault in visit.faults
        for status in re.findall(r"status of (\d+)", fault) or [fault]
    ] == [str(status) for status in statuses]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_a_reset_account_has_to_choose_a_password(
    server: Server, admin: Api, visit: OpenPage, viewport: str
) -> None:
    """The one-time password opens nothing but the choice of another."""
    ben = admin.login("ben").user_id
    once = admin.ok("POST", f"/users/{ben}/reset-access")["temporary_password"]
    seen = visit(server.url, viewport)
    page = seen.page
    page.goto(f"{server.url}/upload")
    fill_in(page, "ben", once)
    expect(page.get_by_role("heading", name="Choose a new password")).to_be_visible()
    seen.shot("choose")
    page.goto(f"{server.url}/settings")
    expect(page.get_by_role("heading", name="Choose a new password")).to_be_visible()
    # After a reload the page no longer knows what was typed.
    page.get_by_label("Password you were given").fill("wrong")
    choose_password(page, NEW_PASSWORD)
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    page.get_by_label("Password you were given").fill(once)
    page.get_by_role("button", name="Save new password").click()
    expect(page.get_by_text("Sign in with the new one")).to_be_visible()
    seen.shot("sign-in-again")
    fill_in(page, "ben", NEW_PASSWORD)
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.get_by_text("Your first photo goes here")).to_be_visible()
    expect_faults(seen, 401)


@pytest.mark.timeout(300)
def test_too_many_attempts_count_down(server: Server, visit: OpenPage) -> None:
    """After the last attempt the page says how long to wait, and offers no other."""
    seen = visit(server.url, "desktop")
    page = seen.page
    page.goto(f"{server.url}/login")
    with client_of(server.url) as api:
        for _ in range(8):
            body = {"username": "ben", "password": "wrong"}
            assert api.post("/auth/login", body).status_code == 401
    fill_in(page, "ben")
    expect(page.get_by_role("alert")).to_have_text(
        re.compile(r"Too many attempts\. Try again in 4:\d\d\.")
    )
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_disabled()
    seen.shot("wait")
    expect_faults(seen, 429)
