"""Throwing photos away and getting them back, with a real browser."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accounts import client_of, sign_in
from tests.browser.pictures import picture
from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(300)

OpenPage = Callable[..., Visit]
NAMES = ("lake.jpg", "tree.jpg", "gate.jpg")


@pytest.fixture
def server(
    make_server: Callable[[], Server], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Server:
    """A server with three photos."""
    server = make_server()
    with client_of(server.url) as http:
        ada = http.register("ada")
        ada.create_primary(root=str(tmp_path_factory.mktemp("library")))
        for number, name in enumerate(NAMES):
            taken = f"2023:07:0{number + 1} 12:00:00"
            path = picture(tmp_path / name, taken=taken, colour=(60 * number, 120, 160))
            ada.uploaded(name, path.read_bytes())
        wait_until(
            lambda: (
                [it["asset"]["processing"]["state"] for it in ada.page().get("items", [])]
                == ["complete"] * len(NAMES)
            ),
            what="all are ready",
        )
    return server


def _tiles(page: Page) -> Locator:
    return page.get_by_test_id("tile")


def _trashed(page: Page) -> Locator:
    return page.get_by_test_id("trash-tile")


def _throw_away(page: Page, key: str) -> None:
    """Open the newest photo and delete it by a key."""
    _tiles(page).first.click()
    expect(page.get_by_test_id("viewer")).to_be_visible()
    page.keyboard.press(key)


@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_a_photo_is_deleted_in_the_viewer_and_comes_back_at_once(
    server: Server, visit: OpenPage, viewport: str
) -> None:
    seen = visit(server.url, viewport)
    page = sign_in(seen, "ada", "/photos")
    expect(_tiles(page)).to_have_count(3)
    _throw_away(page, "Delete")
    expect(page.get_by_text("Moved to the trash")).to_be_visible()
    # The next one is shown, and nobody is told that the former has left.
    expect(page.get_by_role("dialog", name=re.compile("tree.jpg"))).to_be_visible()
    seen.shot("viewer", dark=False)
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Close").click()
    expect(_tiles(page)).to_have_count(3)

    _tiles(page).last.click()
    page.get_by_role("button", name="Move to the trash").click()
    expect(page.get_by_role("dialog", name=re.compile("tree.jpg"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(_tiles(page)).to_have_count(2)
    expect(page.get_by_text("has left the library")).to_have_count(0)
    seen.expect_calm()


@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_the_trash_gives_back_and_is_emptied_after_being_asked_twice(
    server: Server, visit: OpenPage, viewport: str
) -> None:
    seen = visit(server.url, viewport)
    page = sign_in(seen, "ada", "/photos")
    for left in (2, 1, 0):
        _throw_away(page, "Backspace")
        if left:
            page.keyboard.press("Escape")
        expect(_tiles(page)).to_have_count(left)
    page.goto(f"{server.url}/trash")
    expect(page.get_by_role("heading", name="Trash", level=1)).to_be_visible()
    expect(_trashed(page)).to_have_count(3)
    expect(page.get_by_text("30 days left")).to_have_count(3)
    expect(_trashed(page).locator("img")).to_have_count(3)
    seen.shot("full")

    lake = page.get_by_role("button", name=re.compile("lake.jpg"))
    lake.click()
    expect(lake).to_have_attribute("aria-pressed", "true")
    seen.shot("chosen")
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Back in the library")).to_be_visible()
    expect(_trashed(page)).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(_trashed(page)).to_have_count(3)
    lake.click()
    page.get_by_role("button", name="Restore").click()
    expect(_trashed(page)).to_have_count(2)

    page.get_by_role("button", name=re.compile("tree.jpg")).click()
    page.get_by_role("button", name="Delete for good").click()
    dialog = page.get_by_role("dialog", name="Delete 1 item for good?")
    confirm = dialog.get_by_role("button", name="Delete for good")
    expect(confirm).to_be_disabled()
    dialog.get_by_role("switch", name="Yes, delete 1 item").click()
    confirm.click()
    expect(_trashed(page)).to_have_count(1)

    page.get_by_role("button", name="Empty the trash").click()
    dialog = page.get_by_role("dialog", name="Delete 1 item for good?")
    seen.shot("asks")
    dialog.get_by_role("button", name="Cancel").click()
    expect(_trashed(page)).to_have_count(1)
    page.get_by_role("button", name="Empty the trash").click()
    dialog.get_by_role("switch").click()
    dialog.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("The trash is empty")).to_be_visible()
    seen.shot("empty")
    with client_of(server.url) as http:
        ada = http.login("ada")
        wait_until(lambda: ada.ok("GET", "/trash")["being_deleted"] == 0, what="all are deleted")
        assert ada.names() == ["lake.jpg"]
        assert ada.names({"is_deleted": True}) == []
    seen.expect_calm()


def test_what_could_not_be_deleted_is_told_and_the_days_are_a_setting(
    server: Server, visit: OpenPage
) -> None:
    with client_of(server.url) as http:
        ada = http.login("ada")
        (lake,) = [
            it["asset"]
            for it in ada.page()["items"]
            if it["asset"]["original_filename"] == "lake.jpg"
        ]
        (repository,) = ada.ok("GET", "/repositories")["repositories"]
        (Path(repository["path"]) / lake["storage_path"]).write_bytes(b"something else")
        ada.ok("DELETE", f"/assets/{lake['asset_id']}")
        ada.ok("POST", "/trash/empty", {"count": 1})
        wait_until(lambda: ada.ok("GET", "/trash")["kept"], what="it could not be deleted")
    seen = visit(server.url, "desktop")
    page = sign_in(seen, "ada", "/photos")
    page.get_by_role("link", name="Trash").click()
    kept = page.get_by_test_id("kept")
    expect(kept).to_contain_text("lake.jpg")
    expect(kept).to_contain_text("Its file has changed")
    seen.shot("kept")

    page.get_by_role("link", name="Settings").click()
    days = page.get_by_label("Delete for good")
    expect(days).to_have_value("30")
    days.scroll_into_view_if_needed()
    seen.shot("days")
    days.select_option("Never")
    page.get_by_role("link", name="Trash").click()
    expect(page.get_by_text("until you delete it for good")).to_be_visible()
    expect(page.get_by_text("days left")).to_have_count(0)
    seen.expect_calm()
