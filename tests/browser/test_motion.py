"""Photos that move, held and let go, with a real browser."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accounts import client_of, sign_in
from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support import clips
from tests.support.api import Api
from tests.support.motion import live_still, live_video, motion_photo
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(300)

OpenPage = Callable[..., Visit]
SIZE = (640, 480)
PAIR = "9B539AB8-A668-4FA6-9207-EB653A5E7E3C"


@pytest.fixture(scope="module")
def server(make_server: Callable[[], Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server whose library has a motion photo and a live photo."""
    server = make_server()
    folder = tmp_path_factory.mktemp("media")
    clip = clips.video(
        folder / "clip.mp4",
        size=SIZE,
        times=range(30),
        channels=1,
        paint=lambda number: clips.pattern(number, SIZE),
    )
    video = live_video(folder / "IMG_1.mov", PAIR)
    with client_of(server.url) as http:
        ada = http.register("ada")
        ada.create_primary(root=str(tmp_path_factory.mktemp("library")))
        ada.uploaded("PXL.MP.jpg", motion_photo(clip.read_bytes(), 3, SIZE))
        ada.uploaded("IMG_1.jpg", live_still(PAIR, 5, SIZE))
        ada.uploaded("IMG_1.MOV", video.read_bytes())
        _wait_until_ready(ada)
    return server


@pytest.fixture
def ada(server: Server) -> Iterator[Api]:
    """The administrator over HTTP."""
    with client_of(server.url) as http:
        yield http.login("ada")


def _wait_until_ready(ada: Api) -> None:
    def ready() -> bool:
        items = ada.page(stack_mode="expanded").get("items", [])
        return {item["asset"]["processing"]["state"] for item in items} == {"complete"}

    wait_until(ready, what="all are ready")


def _id_of(ada: Api, name: str) -> str:
    found = {
        i["asset"]["original_filename"]: i["asset"]
        for i in ada.page(stack_mode="expanded")["items"]
    }
    asset_id: str = found[name]["asset_id"]
    return asset_id


def _opened(seen: Visit, ada: Api, name: str) -> tuple[Page, Locator]:
    """The viewer with a photo whose preview is there, and its clip."""
    page = sign_in(seen, "ada", f"/photos/{_id_of(ada, name)}")
    return page, _clip_of(page)


def _clip_of(page: Page) -> Locator:
    expect(page.locator("img.over.shown").first).to_be_visible()
    return page.get_by_test_id("motion")


def _has_moved(page: Page, seconds: float = 0.3) -> None:
    page.wait_for_function(
        "seconds => document.querySelector('[data-testid=motion]').currentTime > seconds",
        arg=seconds,
    )


def _expect_still(clip: Locator) -> None:
    """The still is on show again, and the clip is back at its beginning."""
    expect(clip).not_to_have_class(re.compile("running"))
    expect(clip).to_have_js_property("paused", True)
    expect(clip).to_have_js_property("currentTime", 0)
    expect(clip).to_have_css("opacity", "0")


def test_a_photo_moves_while_it_is_held(server: Server, visit: OpenPage, ada: Api) -> None:
    """Holding plays, letting go returns to the still, and a short press does nothing."""
    seen = visit(server.url, "desktop")
    page = sign_in(seen, "ada", "/photos")
    expect(page.get_by_test_id("moves")).to_have_count(2)
    tile = page.get_by_role("link", name=re.compile(r"^Photo.*\(moves\)")).first
    expect(tile.locator("img.shown")).to_be_visible()
    seen.shot("timeline")
    page.locator(f"a[href='/photos/{_id_of(ada, 'PXL.MP.jpg')}']").click()
    clip = _clip_of(page)
    assert clip.evaluate("node => node.src") == ""
    page.mouse.move(700, 450)
    page.mouse.down()
    _has_moved(page)
    expect(clip).to_have_css("opacity", "1")
    assert clip.evaluate("node => node.muted")
    seen.shot("held", dark=False)
    page.mouse.up()
    _expect_still(clip)
    page.mouse.click(700, 450)
    _expect_still(clip)
    expect(page.get_by_test_id("stage")).to_have_attribute("data-scale", "1.00")
    seen.shot("still", dark=False)
    seen.expect_calm()


def test_a_photo_moves_under_a_finger(server: Server, visit: OpenPage, ada: Api) -> None:
    """A finger that rests plays; one that moves at once turns to another photo."""
    seen = visit(server.url, "phone")
    page, clip = _opened(seen, ada, "PXL.MP.jpg")
    touch = seen.context.new_cdp_session(page)

    def put(kind: str, *points: tuple[int, int]) -> None:
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]},
        )

    put("touchStart", (200, 420))
    _has_moved(page)
    put("touchMove", (60, 420))
    expect(clip).to_have_css("opacity", "1")
    seen.shot("held", dark=False)
    put("touchEnd")
    _expect_still(clip)
    assert page.url.endswith(_id_of(ada, "PXL.MP.jpg"))
    seen.shot("still", dark=False)

    before = page.url
    put("touchStart", (60, 420))
    for x in range(90, 361, 30):
        put("touchMove", (x, 420))
    put("touchEnd")
    page.wait_for_url(lambda url: url != before)
    seen.expect_calm()


@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_a_live_photo_plays_to_its_end_by_its_badge(
    server: Server, visit: OpenPage, ada: Api, viewport: str
) -> None:
    """The badge and the keyboard play without holding, with sound if wanted."""
    seen = visit(server.url, viewport)
    page, clip = _opened(seen, ada, "IMG_1.jpg")
    badge = page.get_by_role("button", name="Let the photo move")
    expect(badge).to_have_attribute("aria-pressed", "false")
    box = badge.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 40
    badge.click()
    expect(badge).to_have_attribute("aria-pressed", "true")
    _has_moved(page)
    expect(badge).to_have_attribute("aria-pressed", "false")
    _expect_still(clip)

    page.get_by_test_id("viewer").focus()
    page.keyboard.press("m")
    assert not clip.evaluate("node => node.muted")
    expect(page.get_by_role("button", name="Sound")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press(" ")
    _has_moved(page)
    page.keyboard.press(" ")
    _expect_still(clip)
    seen.expect_calm()


def test_a_clip_that_waits_for_its_copy(
    server: Server, visit: OpenPage, ada: Api, tmp_path: Path
) -> None:
    """What the browser refuses says that a copy is on its way, and plays once that is there."""
    clip_file = clips.video(tmp_path / "old.mp4", codec="mpeg4", times=range(20), channels=1)
    ada.ok("POST", "/admin/river/queues/transcode_asset/pause")
    receipt = ada.uploaded("OLD.MP.jpg", motion_photo(clip_file.read_bytes(), 9, SIZE))
    _wait_until_ready(ada)
    seen = visit(server.url, "desktop")
    page, clip = _opened(seen, ada, "OLD.MP.jpg")
    page.get_by_role("button", name="Let the photo move").click()
    fault = page.get_by_test_id("motion-fault")
    expect(fault).to_have_text("A copy for browsers is being made…")
    seen.shot("preparing", dark=False)
    ada.ok("POST", "/admin/river/queues/transcode_asset/resume")
    _has_moved(page)
    expect(fault).to_be_empty()
    _expect_still(clip)
    assert ada.get(f"/assets/{receipt['asset_id']}/motion").status_code == 200
