"""The door in the browser: sessions in cookies, the log of who came through, policies of pages."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accounts import client_of, expect_faults, fill_in, household, sign_in, sign_out
from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support.photos import png

MakeServer = Callable[..., Server]
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


def stored(page: Page) -> dict[str, str]:
    """What the page keeps about its session."""
    return page.evaluate(
        "Object.fromEntries(Object.entries(localStorage).filter(([k]) => /token/i.test(k)))"
    )


def cookie(seen: Visit) -> dict[str, object] | None:
    """The cookie of the session, which no script of the page sees."""
    assert "lumilio_refresh" not in seen.page.evaluate("document.cookie")
    found = [c for c in seen.context.cookies() if c["name"] == "lumilio_refresh"]
    return dict(found[0]) if found else None


def expire(page: Page) -> None:
    """Let the access token be one that the server refuses."""
    page.evaluate("localStorage.setItem('lumilio.token', 'expired')")


def test_a_session_lives_in_a_cookie_through_reloads_and_tabs(
    server: Server, visit: OpenPage
) -> None:
    seen = visit(server.url, "desktop")
    page = sign_in(seen, "ada", "/settings")
    held = cookie(seen)
    assert held is not None
    assert (held["httpOnly"], held["sameSite"], held["path"]) == (True, "Strict", "/api/v1/auth")
    assert set(stored(page)) == {"lumilio.token", "lumilio.csrfToken"}
    assert held["value"] not in stored(page).values()

    expire(page)
    page.reload()
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    renewed = cookie(seen)
    assert renewed is not None
    assert renewed["value"] != held["value"]

    # Two tabs that both find their token expired renew the session once between them.
    second = seen.context.new_page()
    second.goto(f"{server.url}/settings")
    expect(second.get_by_role("heading", name="Settings")).to_be_visible()
    renewals: list[str] = []
    for tab in (page, second):
        tab.on("request", lambda r: renewals.append(r.url) if "/auth/refresh" in r.url else None)
    expire(page)
    page.evaluate("location.reload()")
    second.evaluate("location.reload()")
    for tab in (page, second):
        expect(tab.get_by_role("heading", name="Settings")).to_be_visible()
        expect(tab.get_by_role("button", name="Account: ada")).to_be_visible()
    assert len(renewals) == 1

    sign_out(second)
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert cookie(seen) is None
    assert stored(page) == {}
    expect_faults(seen, 401, 401)


def test_a_sign_in_of_an_older_version_moves_into_the_cookie(
    server: Server, visit: OpenPage
) -> None:
    with client_of(server.url) as api:
        refresh_token = api.login("ben").session["refreshToken"]
    seen = visit(server.url, "desktop")
    page = seen.page
    page.goto(f"{server.url}/login")
    page.evaluate("token => localStorage.setItem('lumilio.refreshToken', token)", refresh_token)
    expire(page)
    page.goto(f"{server.url}/photos")
    expect(page.get_by_role("button", name="Account: ben")).to_be_visible()
    assert set(stored(page)) == {"lumilio.token", "lumilio.csrfToken"}
    assert cookie(seen) is not None
    expect_faults(seen, 401)


def test_whoever_holds_the_token_of_another_session_recovers(
    server: Server, visit: OpenPage
) -> None:
    seen = visit(server.url, "desktop")
    page = sign_in(seen, "ada", "/settings")
    page.evaluate("localStorage.setItem('lumilio.csrfToken', 'of another session')")
    expire(page)
    page.reload()
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    expect_faults(seen, 401, 403)


PAGES = {
    "/photos": "Photos",
    "/upload": "Add photos",
    "/settings": "Settings",
    "/account": "Account",
    "/users": "Users",
    "/audit": "Audit log",
    "/repositories": "Repositories",
    "/activity": "Activity",
    "/nowhere": "",
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["localhost", "photos.test"])
def test_no_page_breaks_the_policy_that_protects_it(
    make_server: MakeServer, visit: OpenPage, name: str
) -> None:
    server = household(make_server(allowed_hosts="photos.test"))
    with client_of(server.url) as api:
        api.login("ada").uploaded("a.png", png())
    seen = visit(server.url.replace("localhost", name), "desktop")
    page = seen.page
    page.add_init_script(
        "addEventListener('securitypolicyviolation', e => console.error('violation',"
        " e.violatedDirective, e.blockedURI, e.sourceFile))"
    )
    page.goto(f"{seen.url}/login")
    fill_in(page, "ada")
    expect(page.locator("[data-testid=tile] img.shown")).to_have_count(1)
    page.get_by_test_id("tile").click()
    expect(page.get_by_test_id("viewer").locator("img").first).to_be_visible()
    for path, heading in PAGES.items():
        page.goto(f"{seen.url}{path}")
        expect(page.get_by_role("heading", name=heading).first).to_be_visible()
    page.goto(f"{seen.url}/api/docs")
    page.locator("#operations-auth-login").get_by_role("button").first.click()
    expect(page.get_by_text("Sign in with name and password").first).to_be_visible()
    page.goto(f"{seen.url}/settings")
    sign_out(page)
    seen.expect_calm()
    # What broke it would have been noticed.
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    expect(page.locator("body")).to_have_css("color", "rgb(29, 26, 22)")
    assert any("violation style-src" in fault for fault in seen.faults)
