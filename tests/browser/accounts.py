"""Accounts made over the API, and signing in with them on a page."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pyotp
from playwright.sync_api import Page, expect

from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support.api import PASSWORD, Api

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


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


def give_authenticator(page: Page) -> None:
    """Let the browser of a page hold passkeys, and say yes to everything."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


def set_up_app(visit: Visit, *, shots: bool = False) -> tuple[pyotp.TOTP, list[str]]:
    """Walk through the dialog; returns the app and the recovery codes."""
    page = visit.page
    page.get_by_role("button", name="Set up", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    app = pyotp.TOTP((dialog.get_by_test_id("secret").text_content() or "").replace(" ", ""))
    field = dialog.get_by_label("Type the six digits that the app shows")
    expect(field).to_be_focused()
    if shots:
        visit.shot("app")
    wrong = f"{(int(app.now()) + 1) % 1_000_000:06}"
    field.press_sequentially(wrong)
    expect(dialog.get_by_role("alert")).to_contain_text("The code is wrong")
    expect(field).to_have_value("")
    # Sends itself, with the spaces that apps show.
    code = app.now()
    field.press_sequentially(f"{code[:3]} {code[3:]}")
    listed = dialog.get_by_test_id("recovery-codes").get_by_role("listitem")
    expect(listed).to_have_count(10)
    if shots:
        visit.shot("codes")
    codes = listed.all_text_contents()
    page.keyboard.press("Escape")
    expect(dialog.get_by_role("button", name="Done")).to_be_disabled()
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Download").click()
    assert download.value.path().read_text().split()[-10:] == codes
    dialog.get_by_label("I have kept them").check()
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("10 recovery codes left")).to_be_visible()
    return app, codes
