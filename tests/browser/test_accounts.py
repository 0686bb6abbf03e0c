"""Signing in with all factors, one's account page, and the pages of administrators."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accounts import client_of
from tests.browser.pictures import jpeg_bytes
from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support.api import PASSWORD, Api
from tests.support.models import language_model
from tests.support.waiting import wait_until

MakeServer = Callable[[], Server]
OpenPage = Callable[..., Visit]

NEW_PASSWORD = "Other-Horse-10"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


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


def sign_out(page: Page) -> None:
    """By the menu behind the avatar."""
    page.get_by_role("button", name=re.compile("^Account: ")).click()
    page.get_by_test_id("account-menu").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()


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


def expect_faults(visit: Visit, *statuses: int) -> None:
    """The browser itself reports each of these refusals in the console; there is nothing else."""
    assert [
        status
        for fault in visit.faults
        for status in re.findall(r"status of (\d+)", fault) or [fault]
    ] == [str(status) for status in statuses]


def user(page: Page, name: str) -> Locator:
    return page.get_by_test_id("user").and_(page.get_by_label(name, exact=True))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_administrators_look_after_users(server: Server, visit: OpenPage, viewport: str) -> None:
    """A name, a role, a door that closes and opens; the last administrator stays one."""
    seen = visit(server.url, viewport)
    page = seen.page
    page.goto(f"{server.url}/photos")
    fill_in(page, "ada")
    page.get_by_role("button", name="Account: ada").click()
    seen.shot("menu")
    page.get_by_test_id("account-menu").get_by_role("link", name="Users").click()
    expect(page.get_by_role("heading", name="Users")).to_be_visible()
    expect(page.get_by_test_id("account-menu")).to_be_hidden()
    expect(user(page, "ada")).to_contain_text("Administrator")
    expect(user(page, "ben")).to_contain_text("0 items")

    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="Edit ada").click()
    dialog.get_by_role("radio", name=re.compile("^User")).check()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The last active administrator")
    seen.shot("last-administrator")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Edit ada")).to_be_focused()

    page.get_by_role("button", name="Edit ben").click()
    dialog.get_by_label("Display name").fill("Ben of the Hills")
    dialog.get_by_role("radio", name="Administrator").check()
    dialog.get_by_role("button", name="Save").click()
    ben = user(page, "Ben of the Hills")
    expect(ben).to_contain_text("Administrator")
    ben.get_by_role("button", name="Deactivate").click()
    dialog.get_by_role("button", name="Deactivate").click()
    expect(ben).to_contain_text("Deactivated")
    seen.shot("users")
    with client_of(server.url) as api:
        assert api.post("/auth/login", {"username": "ben", "password": PASSWORD}).status_code == 401
        ben.get_by_role("button", name="Activate").click()
        dialog.get_by_role("button", name="Activate").click()
        expect(ben).not_to_contain_text("Deactivated")
        assert api.login("ben").ok("GET", "/auth/me")["role"] == "admin"

    # With another administrator there is no last one; who steps down sees no more of this.
    page.get_by_role("button", name="Edit ada").click()
    dialog.get_by_role("radio", name=re.compile("^User")).check()
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("This page is for administrators")).to_be_visible()
    expect_faults(seen, 400)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_a_reset_account_has_to_choose_a_password(
    server: Server, visit: OpenPage, viewport: str
) -> None:
    """An administrator hands over a one-time password, which opens nothing but another's choice."""
    seen = visit(server.url, viewport)
    page = seen.page
    page.goto(f"{server.url}/users")
    fill_in(page, "ada")
    page.get_by_role("button", name="Reset access of ben").click()
    dialog = page.get_by_role("dialog")
    seen.shot("reset")
    dialog.get_by_role("button", name="Reset access").click()
    once = dialog.get_by_test_id("temporary-password").text_content()
    assert once is not None
    seen.shot("one-time")
    dialog.get_by_role("button", name="Done").click()
    expect(user(page, "ben")).to_contain_text("Has to choose a password")
    sign_out(page)

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
    authenticator = seen.context.new_cdp_session(seen.page)
    authenticator.send("WebAuthn.enable")
    authenticator.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
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


@pytest.mark.timeout(300)
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_settings_of_the_system(server: Server, admin: Api, visit: OpenPage, viewport: str) -> None:
    """Switches keep at once; a language model is set up and checked, and its key never shown."""
    seen = visit(server.url, viewport)
    page = seen.page
    page.goto(f"{server.url}/settings")
    fill_in(page, "ada")
    faces = page.get_by_role("switch", name="Faces")
    expect(faces).to_be_checked()
    faces.uncheck()
    expect(faces).to_be_enabled()
    assert admin.ok("GET", "/settings/system")["ml"]["face_enabled"] is False

    expect(page.get_by_test_id("runtime")).to_contain_text(server.url.rpartition(":")[2])
    page.get_by_label("Provider").select_option("openai")
    page.get_by_label("Model", exact=True).fill("tiny")
    page.get_by_label("API key").fill("sk-secret")
    with language_model() as model:
        page.get_by_label("Address", exact=True).fill(f"http://127.0.0.1:{model.server_port}/v1")
        page.get_by_role("button", name="Save and check").click()
        refusal = page.get_by_role("region", name="Language model").get_by_role("alert")
        expect(refusal).to_contain_text("private")
        seen.shot("refused")
        page.get_by_role("switch", name="Allow an address in a private network").check()
        page.get_by_role("button", name="Save and check").click()
        expect(page.get_by_text("The language model answers.")).to_be_visible()
        assert [asked[1] for asked in model.asked] == ["Bearer sk-secret"]
    seen.shot("answered")
    page.reload()
    expect(page.get_by_text("A key is stored.")).to_be_visible()
    expect(page.get_by_label("API key")).to_have_value("")
    expect(page.get_by_label("Model", exact=True)).to_have_value("tiny")
    page.get_by_role("button", name="Delete the stored key").click()
    expect(page.get_by_text("No key is stored")).to_be_visible()
    assert admin.ok("GET", "/settings/system")["llm"]["api_key_configured"] is False
    expect_faults(seen, 400)


@pytest.mark.timeout(300)
def test_settings_of_the_system_are_for_administrators(server: Server, visit: OpenPage) -> None:
    """Others see neither them nor the users, and the page asks for nothing it may not have."""
    seen = visit(server.url, "desktop")
    page = seen.page
    page.goto(f"{server.url}/users")
    fill_in(page, "ben")
    expect(page.get_by_text("This page is for administrators")).to_be_visible()
    page.goto(f"{server.url}/settings")
    expect(page.get_by_role("heading", name="Appearance")).to_be_visible()
    expect(page.get_by_role("heading", name="Language model")).to_have_count(0)
    page.get_by_role("link", name="Manage").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    seen.expect_calm()
