"""Accounts made over the API, and signing in with them on a page."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from playwright.sync_api import Page, expect

from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support.api import PASSWORD, Api


@contextmanager
def client_of(url: str) -> Iterator[Api]:
    """Somebody else's client of a server, not signed in."""
    with httpx2.Client(base_url=url, timeout=60) as http:
        yield Api(http)


def household(server: Server) -> Server:
    """Give a server an administrator, a user and a primary repository, and a name in its address."""
    # Passkeys are bound to a name.
    server.url = server.url.replace("127.0.0.1", "localhost")
    with client_of(server.url) as api:
        api.register("ada").create_primary(name="Home")
        api.register("ben")
    return server


def fill_in(page: Page, username: str, password: str = PASSWORD) -> None:
    """Send the form of the sign-in page."""
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_in(visit: Visit, username: str, path: str) -> Page:
    """Sign in on the page and go to an address of the client."""
    page = visit.page
    page.goto(f"{visit.url}{path}")
    fill_in(page, username)
    expect(page).to_have_url(f"{visit.url}{path}")
    return page


def sign_out(page: Page) -> None:
    """By the menu behind the avatar."""
    page.get_by_role("button", name=re.compile("^Account: ")).click()
    page.get_by_test_id("account-menu").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()


def choose_password(page: Page, password: str) -> None:
    """Type a new password, and save it."""
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


def stored_file(repository: dict[str, str], name: str) -> Path:
    """Where an upload lies in a repository."""
    (found,) = (Path(repository["path"]) / "inbox").rglob(name)
    return found
