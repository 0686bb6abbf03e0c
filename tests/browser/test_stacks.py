"""Stacks on the timeline and in the viewer, with a real browser."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accounts import client_of, sign_in
from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support.api import Api
from tests.support.photos import jpeg
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(300)

OpenPage = Callable[..., Visit]
SIZE = (640, 480)
NAMES = ("IMG_1.jpg", "IMG_1-edited.jpg", "IMG_E1.jpg")


@pytest.fixture
def server(make_server: Callable[[], Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server with a photo, two edited versions of it that were found, and another photo."""
    server = make_server()
    with client_of(server.url) as http:
        ada = http.register("ada")
        ada.create_primary(root=str(tmp_path_factory.mktemp("library")))
        for seed, name in enumerate(("other.jpg", *NAMES)):
            ada.uploaded(name, jpeg(seed, SIZE, taken="2026:05:01 12:00:00"))
        wait_until(lambda: _rows(ada) == ["asset", "stack"], what="the stack is found")
        wait_until(lambda: _is_ready(ada), what="all are ready")
    return server


@pytest.fixture
def ada(server: Server) -> Iterator[Api]:
    """The administrator over HTTP."""
    with client_of(server.url) as http:
        yield http.login("ada")


def _rows(ada: Api) -> list[str]:
    return sorted(item["type"] for item in ada.page().get("items", []))


def _assets(ada: Api) -> list[dict[str, dict[str, str]]]:
    return [item["asset"] for item in ada.page(stack_mode="expanded").get("items", [])]


def _is_ready(ada: Api) -> bool:
    return {asset["processing"]["state"] for asset in _assets(ada)} == {"complete"}


def _cover(ada: Api) -> str:
    (stack,) = [item["stack"] for item in ada.page()["items"] if item["type"] == "stack"]
    name: str = stack["cover_asset"]["original_filename"]
    return name


def _member(page: Page, name: str) -> str:
    return f"[data-testid=strip] button[title='{name}']"


def _viewer_shows(page: Page, name: str) -> None:
    expect(page.get_by_test_id("viewer")).to_have_attribute("aria-label", f"Viewer: {name}")
    expect(page.locator(_member(page, name))).to_have_attribute("aria-pressed", "true")


def _undo(page: Page) -> None:
    page.get_by_role("button", name="Undo", exact=True).click()


@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_a_stack_is_looked_through_and_changed(
    server: Server, visit: OpenPage, ada: Api, viewport: str
) -> None:
    seen = visit(server.url, viewport)
    page = sign_in(seen, "ada", "/photos")
    tiles = page.get_by_test_id("tile")
    expect(tiles).to_have_count(2)
    expect(page.get_by_test_id("stack")).to_have_text("3")
    expect(page.locator("[data-testid=tile] img.shown")).to_have_count(2)
    seen.shot("timeline")
    page.get_by_role("link", name=re.compile(r"\(3 in a stack\)")).click()
    strip = page.get_by_test_id("strip")
    expect(strip.locator(".member")).to_have_count(3)
    _viewer_shows(page, "IMG_1.jpg")
    expect(page.locator("img.over.shown").first).to_be_visible()
    seen.shot("viewer", dark=False)

    page.locator(_member(page, "IMG_E1.jpg")).click()
    _viewer_shows(page, "IMG_E1.jpg")
    page.get_by_role("button", name="Make this the cover").click()
    expect(page.get_by_role("button", name="Make this the cover")).to_be_disabled()
    assert _cover(ada) == "IMG_E1.jpg"
    _viewer_shows(page, "IMG_E1.jpg")
    _undo(page)
    wait_until(lambda: _cover(ada) == "IMG_1.jpg", what="the former cover is back")

    page.get_by_role("button", name="Take out of the stack").click()
    expect(page.get_by_role("status").get_by_text("Taken out of the stack")).to_be_visible()
    wait_until(lambda: _rows(ada) == ["asset", "asset", "stack"], what="one stands for itself")
    _undo(page)
    wait_until(lambda: _rows(ada) == ["asset", "stack"], what="it is back in its stack")

    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stack")).to_have_text("3")
    page.get_by_role("link", name=re.compile(r"\(3 in a stack\)")).click()
    page.get_by_role("button", name="Take the stack apart").click()
    expect(strip).to_be_hidden()
    page.keyboard.press("Escape")
    expect(tiles).to_have_count(4)
    expect(page.get_by_test_id("stack")).to_have_count(0)
    _undo(page)
    expect(tiles).to_have_count(2)
    expect(page.get_by_test_id("stack")).to_have_text("3")
    seen.expect_calm()
