"""The door in the browser: the log of who came through."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.accounts import client_of, household, sign_in
from tests.browser.server import Server
from tests.browser.visits import Visit

MakeServer = Callable[[], Server]
OpenPage = Callable[..., Visit]


@pytest.fixture(scope="module")
def server(make_server: MakeServer) -> Server:
    """A library with an administrator and a user."""
    return household(make_server())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_administrators_read_who_came_through(
    server: Server, visit: OpenPage, viewport: str
) -> None:
    with client_of(server.url) as api:
        ada = api.login("ada")
        ben = api.login("ben")
        for _ in range(3):
            api.post("/auth/login", {"username": "ben", "password": "Wrong-Horse-99"})
        ada.ok("PATCH", f"/users/{ben.user_id}", {"role": "admin"})
        ada.ok("PATCH", f"/users/{ben.user_id}", {"role": "user"})
    seen = visit(server.url, viewport)
    page = sign_in(seen, "ada", "/settings")
    page.get_by_role("link", name="Open the log").click()
    expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
    events = page.get_by_test_id("audit-event")
    expect(events.first).to_contain_text("ada signed in (password)")
    expect(events.filter(has_text="ada made ben an administrator").first).to_be_visible()
    expect(events.filter(has_text="sign-ins as ben were refused (password)").first).to_be_visible()
    seen.shot("log")

    page.get_by_label("What").select_option("Changed accounts")
    expect(events.first).to_contain_text("ada made ben an ordinary user")
    page.get_by_label("Done by").select_option("ben")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    seen.shot("nothing", dark=False)
    page.get_by_role("button", name="Clear filters").click()
    expect(events.first).to_contain_text("ada signed in (password)")
    page.get_by_label("From").fill("2031-01-01")
    page.get_by_label("From").dispatch_event("change")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    seen.expect_calm()


def test_the_log_is_for_administrators(server: Server, visit: OpenPage) -> None:
    seen = visit(server.url, "desktop")
    page = sign_in(seen, "ben", "/audit")
    expect(page.get_by_text("This page is for administrators")).to_be_visible()
    seen.expect_calm()


@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_administrators_let_the_network_in(server: Server, visit: OpenPage, viewport: str) -> None:
    seen = visit(server.url, viewport)
    page = sign_in(seen, "ada", "/settings")
    network = page.get_by_role("region", name="Phones and other computers")
    switch = network.get_by_role("switch", name="Let other devices on the network in")
    expect(network).to_contain_text("This machine only")
    switch.click()
    expect(network).to_contain_text("as soon as Lumilio is started anew")
    network.scroll_into_view_if_needed()
    seen.shot("asked")
    page.reload()
    expect(switch).to_be_checked()
    switch.click()
    expect(network).not_to_contain_text("started anew")
    seen.expect_calm()
