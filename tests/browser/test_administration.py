"""The pages of administrators: users, and settings of the system."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accounts import (
    choose_password,
    client_of,
    expect_faults,
    fill_in,
    sign_out,
)
from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support.api import PASSWORD, Api
from tests.support.models import language_model

OpenPage = Callable[..., Visit]

NEW_PASSWORD = "Other-Horse-10"


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
        model_settings = page.get_by_role("region", name="Language model")
        model_settings.get_by_role("button", name="Check").click()
        refusal = model_settings.get_by_role("alert")
        expect(refusal).to_contain_text("private")
        seen.shot("refused")
        page.get_by_role("switch", name="Allow an address in a private network").check()
        model_settings.get_by_role("button", name="Check").click()
        expect(page.get_by_text("The language model answers.")).to_be_visible()
        assert [asked[1] for asked in model.asked] == ["Bearer sk-secret"]
    assert admin.ok("GET", "/settings/system")["llm"]["model_name"] == ""
    model_settings.get_by_role("button", name="Save").click()
    expect(page.get_by_text("A key is stored.")).to_be_visible()
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
