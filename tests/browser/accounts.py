"""Accounts made over the API, and signing in with them on a page."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from playwright.sync_api import Page, expect

from tests.browser.visits import Visit
from tests.support.api import PASSWORD, Api


@contextmanager
def client_of(url: str) -> Iterator[Api]:
    """Somebody else's client of a server, not signed in."""
    with httpx2.Client(base_url=url, timeout=60) as http:
        yield Api(http)


def sign_in(visit: Visit, username: str, path: str) -> Page:
    """Sign in on the page and go to an address of the client."""
    page = visit.page
    page.goto(f"{visit.url}{path}")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{visit.url}{path}")
    return page


def stored_file(repository: dict[str, str], name: str) -> Path:
    """Where an upload lies in a repository."""
    (found,) = (Path(repository["path"]) / "inbox").rglob(name)
    return found
