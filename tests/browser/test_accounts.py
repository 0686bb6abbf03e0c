"""Signing in with all factors, and one's own account page."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accounts import (
    choose_password,
    client_of,
    expect_faults,
    fill_in,
    give_authenticator,
    set_up_app,
    sign_out,
)
from tests.browser.pictures import jpeg_bytes
from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support.api import PASSWORD, Api
from tests.support.waiting import wait_until

OpenPage = Callable[..., Visit]

NEW_PASSWORD = "Other-Horse-10"


def is_developed(api: Api) -> bool:
    """Whether the only photo of an account is ready."""
    (row,) = api.page()["items"]
    return row["asset"]["processing"]["state"] == "complete"


def account_page(visit: Visit, username: str) -> Page:
    """The account page of somebody who just signed in with a password."""
    page = visit.page
    page.goto(f"{visit.url}/account")
    fill_in(page, username)
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    return page


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


@pytest.mark.timeout(300)
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_a_second_step_by_app_and_by_recovery_code(
    server: Server, visit: OpenPage, viewport: str
) -> None:
    """Set up on the account page, asked for at the next sign-ins, and turned off again."""
    seen = visit(server.url, viewport)
    page = account_page(seen, "ben")
    seen.shot("account")
    app, codes = set_up_app(seen, shots=True)
    sign_out(page)

    fill_in(page, "ben")
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    recovery = page.get_by_role("button", name="Use a recovery code instead")
    seen.shot("second-step")
    field = page.get_by_label("Code from your authenticator app")
    expect(field).to_be_focused()
    # The code of the set-up is spent; the next one counts already.
    field.fill(app.at(datetime.now(UTC) + timedelta(seconds=app.interval)))
    expect(page.get_by_text("Your first photo goes here")).to_be_visible()
    sign_out(page)

    fill_in(page, "ben")
    recovery.click()
    page.get_by_label("Recovery code").fill(codes[0].lower())
    seen.shot("recovery")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("Your first photo goes here")).to_be_visible()
    page.goto(f"{server.url}/account")
    expect(page.get_by_text("9 recovery codes left")).to_be_visible()

    page.get_by_role("button", name="New recovery codes").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Current password").fill("wrong")
    dialog.get_by_role("button", name="Make new codes").click()
    expect(dialog.get_by_role("alert")).to_contain_text("wrong")
    dialog.get_by_label("Current password").fill(PASSWORD)
    dialog.get_by_role("button", name="Make new codes").click()
    fresh = dialog.get_by_test_id("recovery-codes").get_by_role("listitem")
    expect(fresh).to_have_count(10)
    assert not set(fresh.all_text_contents()) & set(codes)
    dialog.get_by_label("I have kept them").check()
    dialog.get_by_role("button", name="Done").click()

    page.get_by_role("button", name="Turn off").click()
    seen.shot("turn-off")
    dialog.get_by_label("Current password").fill(PASSWORD)
    dialog.get_by_role("button", name="Turn off").click()
    expect(page.get_by_role("button", name="Set up", exact=True)).to_be_visible()
    # A wrong first code, and a wrong password.
    expect_faults(seen, 400, 401)


@pytest.mark.timeout(300)
def test_a_passkey_is_added_and_signs_in(server: Server, visit: OpenPage) -> None:
    """Added on the account page, named, used instead of a password, and removed."""
    seen = visit(server.url, "desktop")
    give_authenticator(seen.page)
    page = account_page(seen, "ben")
    expect(page.get_by_text("Set up two-step sign-in first")).to_be_visible()
    set_up_app(seen)
    passkey = page.get_by_test_id("passkey")
    page.get_by_role("button", name="Add a passkey").click()
    expect(passkey).to_contain_text("Passkey 1")
    # The same authenticator has no use for a second one.
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("This device has a passkey for this account already.")).to_be_visible()
    page.get_by_role("button", name="Rename Passkey 1").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(" Desk ")
    dialog.get_by_role("button", name="Save").click()
    expect(passkey).to_contain_text("Desk")
    expect(passkey).to_contain_text("not used yet")
    seen.shot("passkey")
    sign_out(page)

    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("Your first photo goes here")).to_be_visible()
    page.goto(f"{server.url}/account")
    expect(passkey).to_contain_text("used just now")
    page.get_by_role("button", name="Remove Desk").click()
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(passkey).to_have_count(0)
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("passkey was not accepted")
    expect_faults(seen, 400, 401)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_profile_password_and_sessions(
    server: Server, admin: Api, visit: OpenPage, viewport: str
) -> None:
    """A name and a picture, an end to other sessions, and to all with a new password."""
    seen = visit(server.url, viewport)
    others = [admin.login("ben") for _ in range(2)]
    others[0].uploaded("sky.jpg", jpeg_bytes((320, 240), 7))
    wait_until(lambda: is_developed(others[0]), what="the picture")
    page = account_page(seen, "ben")
    page.get_by_label("Display name").fill("  Ben of the Hills ")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("Display name")).to_have_value("Ben of the Hills")
    expect(page.get_by_role("button", name="Account: Ben of the Hills")).to_be_visible()

    def choose_picture() -> None:
        page.get_by_role("button", name="Change picture").click()
        expect(page.get_by_role("dialog").get_by_role("button", name="Photo of")).to_be_visible()

    choose_picture()
    seen.shot("avatar")
    page.get_by_role("dialog").get_by_role("button", name="Photo of").click()
    picture = page.get_by_role("main").locator("img[src*=thumbnail]")
    expect(picture).to_be_visible()

    sessions = page.get_by_test_id("session")
    expect(sessions).to_have_count(4)
    expect(sessions.first).to_contain_text("Chrome on")
    expect(sessions.first).to_contain_text("This device")
    seen.shot("sessions")
    sessions.last.get_by_role("button", name="Sign out").click()
    expect(sessions).to_have_count(3)
    page.get_by_role("button", name="Sign out everywhere else").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out", exact=True).click()
    expect(sessions).to_have_count(1)
    assert [other.get("/auth/me").status_code for other in others] == [401] * 2

    page.get_by_role("button", name="Change password").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Current password").fill("wrong")
    choose_password(page, NEW_PASSWORD)
    expect(dialog.get_by_role("alert")).to_contain_text("The current password is wrong")
    seen.shot("password")
    dialog.get_by_label("Current password").fill(PASSWORD)
    dialog.get_by_role("button", name="Save new password").click()
    expect(page.get_by_text("Sign in with the new one")).to_be_visible()
    fill_in(page, "ben", NEW_PASSWORD)
    expect(page.get_by_role("button", name="Account: Ben of the Hills")).to_be_visible()
    expect_faults(seen, 401)
