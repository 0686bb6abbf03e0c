"""How accounts come to be, on pages: the first one from another machine, invitations, added users."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accounts import (
    choose_password,
    client_of,
    expect_faults,
    fill_in,
    give_authenticator,
    household,
    set_up_app,
    sign_out,
)
from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support.api import PASSWORD, Api

MakeServer = Callable[..., Server]
OpenPage = Callable[..., Visit]

NEW_PASSWORD = "Other-Horse-10"
BOTH = pytest.mark.parametrize("viewport", ["desktop", "phone"])


def elsewhere(server: Server) -> str:
    """The address by which another device reaches a server."""
    return re.sub("127.0.0.1|localhost", "photos.test", server.url)


def sign_up(page: Page, username: str) -> None:
    """Fill in the form of a new account, and send it."""
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Repeat the password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()


@pytest.fixture
def server(make_server: MakeServer) -> Server:
    """A library with an administrator and a user."""
    return household(make_server(allowed_hosts="photos.test"))


@pytest.mark.timeout(300)
@BOTH
def test_another_machine_sets_up_a_server_with_the_code_it_shows(
    make_server: MakeServer, visit: OpenPage, viewport: str
) -> None:
    """The wizard asks for the code, offers the second step, and goes on to the storage."""
    server = make_server(allowed_hosts="photos.test")
    code = server.next_line().split()[-1]
    seen = visit(elsewhere(server), viewport)
    page = seen.page
    page.goto(seen.url)
    page.get_by_role("button", name="Set up Lumilio").click()
    sign_up(page, "ada")
    expect(page.get_by_text("Enter the setup code.")).to_be_visible()
    page.get_by_label("Setup code").fill("AAAA-AAAA")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("alert").first).to_contain_text("The setup code is wrong")
    seen.shot("code")
    page.get_by_label("Setup code").fill(code.lower())
    page.get_by_role("button", name="Create account").click()

    expect(page.get_by_role("heading", name="Protect your account")).to_be_visible()
    expect(page.get_by_role("button", name="Skip for now")).to_be_visible()
    # Passkeys need a secure connection, which this address has not.
    expect(page.get_by_role("heading", name="Passkeys")).to_have_count(0)
    set_up_app(seen, shots=True)
    seen.shot("protected")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Create library").click()
    page.get_by_role("link", name="Look around first").click()
    expect(page).to_have_url(f"{seen.url}/photos")
    with client_of(server.url) as api:
        answer = api.ok("POST", "/auth/login", {"username": "ada", "password": PASSWORD})
        assert answer["mfa_methods"] == ["totp", "recovery_code"]
    # A wrong setup code, and a wrong first code of the app.
    expect_faults(seen, 401, 400)


@pytest.mark.timeout(300)
def test_the_wizard_on_the_machine_itself_offers_passkeys_too(
    make_server: MakeServer, visit: OpenPage
) -> None:
    """No code is asked for, and a passkey that follows the app opens the account."""
    server = make_server()
    server.url = server.url.replace("127.0.0.1", "localhost")
    seen = visit(server.url, "desktop")
    page = seen.page
    give_authenticator(page)
    page.goto(seen.url)
    page.get_by_role("button", name="Set up Lumilio").click()
    expect(page.get_by_label("Setup code")).to_have_count(0)
    sign_up(page, "ada")
    expect(page.get_by_role("heading", name="Passkeys")).to_be_visible()
    expect(page.get_by_text("Set up two-step sign-in first")).to_be_visible()
    set_up_app(seen)
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_test_id("passkey")).to_contain_text("Passkey 1")
    seen.shot("passkey")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Create library").click()
    page.get_by_role("link", name="Look around first").click()
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(f"{seen.url}/photos")
    expect_faults(seen, 400)


@pytest.mark.timeout(300)
@BOTH
def test_an_invitation_link_makes_one_account(
    server: Server, admin: Api, visit: OpenPage, viewport: str
) -> None:
    """An administrator allows invitations and makes a link; a guest on another device uses it."""
    hosts = visit(server.url, viewport)
    page = hosts.page
    page.goto(f"{server.url}/users")
    fill_in(page, "ada")
    expect(page.get_by_text("Other devices may not create accounts now.")).to_be_visible()
    page.get_by_role("link", name="Change this in the settings").click()
    page.get_by_role("radio", name=re.compile("^Who has an invitation")).check()
    hosts.shot("mode")
    page.go_back()
    page.get_by_role("button", name="Invite somebody").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("For whom").fill("Sam next door")
    hosts.shot("invite")
    dialog.get_by_role("button", name="Make the link").click()
    link = dialog.get_by_test_id("invite-link").text_content() or ""
    expect(dialog.get_by_text("This address works on this machine only.")).to_be_visible()
    hosts.shot("link")
    dialog.get_by_role("button", name="Done").click()
    row = page.get_by_test_id("invite")
    expect(row).to_contain_text("works until")

    guests = visit(elsewhere(server), viewport)
    guest = guests.page
    guest.goto(f"{guests.url}/login")
    expect(guest.get_by_role("heading", name="Welcome back")).to_be_visible()
    expect(guest.get_by_role("link", name="Create an account")).to_have_count(0)
    guest.goto(f"{guests.url}/register")
    expect(guest.get_by_text("You need an invitation.")).to_be_visible()
    guests.shot("not-invited")
    guest.goto(f"{guests.url}{link.removeprefix(server.url)}")
    expect(guest.get_by_text("You are invited")).to_be_visible()
    guests.shot("invited")
    sign_up(guest, "sam")
    expect(guest).to_have_url(f"{guests.url}/photos")
    sign_out(guest)
    guest.goto(f"{guests.url}{link.removeprefix(server.url)}")
    sign_up(guest, "tom")
    expect(guest.get_by_role("alert").first).to_contain_text("cannot be used any more")

    page.reload()
    expect(row).to_contain_text("used by sam")
    hosts.shot("used")
    page.get_by_role("button", name="Remove the invitation “Sam next door”").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    names = [user["username"] for user in admin.ok("GET", "/users")["users"]]
    assert names == ["sam", "ben", "ada"]
    hosts.expect_calm()
    expect_faults(guests, 401)


@pytest.mark.timeout(300)
def test_open_registration_shows_its_way_in(server: Server, admin: Api, visit: OpenPage) -> None:
    """The sign-in page leads to new accounts exactly where the server makes them."""
    seen = visit(elsewhere(server), "phone")
    page = seen.page
    page.goto(f"{seen.url}/register")
    expect(page.get_by_role("heading", name="No new accounts here")).to_be_visible()
    page.get_by_role("link", name="Back to sign-in").click()
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    expect(page.get_by_role("link", name="Create an account")).to_have_count(0)
    admin.ok("PATCH", "/settings/system", {"registration_mode": "open"})
    page.reload()
    page.get_by_role("link", name="Create an account").click()
    sign_up(page, "sam")
    expect(page).to_have_url(f"{seen.url}/photos")
    seen.expect_calm()


@pytest.mark.timeout(300)
@BOTH
def test_an_added_user_has_to_choose_a_password(
    server: Server, visit: OpenPage, viewport: str
) -> None:
    """An administrator hands over a one-time password, which opens nothing but another's choice."""
    seen = visit(server.url, viewport)
    page = seen.page
    page.goto(f"{server.url}/users")
    fill_in(page, "ada")
    page.get_by_role("button", name="Add user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Create account").click()
    expect(dialog.get_by_text("Start with a letter")).to_be_visible()
    dialog.get_by_label("User name").fill("Ben")
    dialog.get_by_role("button", name="Create account").click()
    expect(dialog.get_by_role("alert")).to_contain_text("taken")
    dialog.get_by_label("User name").fill("Kim")
    dialog.get_by_label("Display name").fill("Kim of the Hills")
    seen.shot("add")
    dialog.get_by_role("button", name="Create account").click()
    once = dialog.get_by_test_id("temporary-password").text_content()
    assert once is not None
    expect(dialog.get_by_role("heading")).to_contain_text("Kim of the Hills")
    seen.shot("one-time")
    dialog.get_by_role("button", name="Done").click()
    added = page.get_by_test_id("user").and_(page.get_by_label("Kim of the Hills", exact=True))
    expect(added).to_contain_text("Has to choose a password")
    sign_out(page)

    fill_in(page, "kim", once)
    expect(page.get_by_role("heading", name="Choose a new password")).to_be_visible()
    choose_password(page, NEW_PASSWORD)
    expect(page.get_by_text("Sign in with the new one")).to_be_visible()
    fill_in(page, "kim", NEW_PASSWORD)
    expect(page).to_have_url(f"{server.url}/photos")
    expect_faults(seen, 409)
