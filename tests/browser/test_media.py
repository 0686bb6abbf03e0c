"""Videos and recordings on the timeline and in the viewer, with a real browser."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.accounts import client_of, sign_in
from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support import clips, photos
from tests.support.api import Api
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(300)

OpenPage = Callable[..., Visit]


@pytest.fixture(scope="module")
def server(make_server: Callable[[], Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server whose library has a video and a recording, both ready."""
    server = make_server()
    folder = tmp_path_factory.mktemp("media")
    waves = clips.video(
        folder / "waves.mp4",
        size=(640, 360),
        times=range(120),
        channels=1,
        tags={"creation_time": "2024-05-02T10:00:00Z"},
        paint=lambda number: clips.pattern(number // 10, (640, 360)),
    )
    song = clips.recording(
        folder / "song.mp3",
        seconds=20,
        tags={"title": "Morning", "artist": "The Larks", "album": "Fields"},
    )
    with client_of(server.url) as http:
        ada = http.register("ada")
        root = str(tmp_path_factory.mktemp("library"))
        ada.create_primary(root=root)
        for path in (waves, song):
            ada.uploaded(path.name, path.read_bytes())
        wait_until(lambda: _states(ada) == ["complete", "complete"], what="both are ready")
    return server


def _states(api: Api) -> list[str]:
    return [item["asset"]["processing"]["state"] for item in api.page().get("items", [])]


@pytest.fixture
def ada(server: Server) -> Iterator[Api]:
    """The administrator over HTTP."""
    with client_of(server.url) as http:
        yield http.login("ada")


def _tile(page: Page, kind: str) -> Locator:
    return page.get_by_role("link", name=re.compile(f"^{kind}"))


def _playing_at(page: Page, element: str) -> float:
    time = page.locator(element).evaluate("node => node.currentTime")
    assert isinstance(time, int | float)
    return time


@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_a_video_is_played(server: Server, visit: OpenPage, viewport: str) -> None:
    """It plays on a press or a key, at the chosen speed, from where it was moved to."""
    seen = visit(server.url, viewport)
    page = sign_in(seen, "ada", "/photos")
    tile = _tile(page, "Video, 0:12")
    expect(tile.locator("img.shown")).to_be_visible()
    expect(tile.get_by_test_id("length")).to_have_text("0:12")
    seen.shot("timeline")

    tile.click()
    video = page.locator("video")
    expect(page.get_by_test_id("time")).to_have_text("0:00 / 0:12")
    seen.shot("video", dark=False)
    page.get_by_test_id("stage").click(position={"x": 180, "y": 300})
    page.wait_for_function("() => document.querySelector('video').currentTime > 0.3")
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    seen.shot("paused", dark=False)

    page.get_by_label("Speed").select_option("2×")
    assert video.evaluate("node => node.playbackRate") == 2
    page.get_by_role("slider", name="Position").fill("9")
    page.wait_for_function("() => document.querySelector('video').currentTime === 9")
    page.get_by_test_id("viewer").focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.wait_for_function("() => document.querySelector('video').currentTime === 4")
    page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelector('video').currentTime > 4.3")
    page.keyboard.press("m")
    assert video.evaluate("node => node.muted")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("viewer")).to_be_hidden()
    seen.expect_calm()


@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_a_recording_is_played(server: Server, visit: OpenPage, viewport: str) -> None:
    """Its waveform tells where one is and takes one elsewhere; its tags are shown."""
    seen = visit(server.url, viewport)
    page = sign_in(seen, "ada", "/photos")
    tile = _tile(page, "Recording song.mp3, 0:20")
    expect(tile).to_contain_text("Morning")
    tile.click()
    sheet = page.get_by_test_id("audio")
    expect(sheet).to_contain_text("The Larks · Fields")
    wave = page.get_by_test_id("waveform")
    expect(wave.locator("path.played")).to_be_attached()
    box = wave.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    expect(page.get_by_test_id("time")).to_contain_text(re.compile("0:1[45] / 0:20"))
    assert _playing_at(page, "audio") == pytest.approx(15, abs=0.3)
    seen.shot("recording", dark=False)
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => document.querySelector('audio').currentTime > 15.5")
    page.get_by_role("button", name="Pause").click()
    page.keyboard.press("ArrowRight")
    expect(page.locator("video")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(sheet).to_be_visible()
    seen.expect_calm()


def test_a_video_that_waits_for_its_copy(server: Server, visit: OpenPage, ada: Api) -> None:
    """What the browser refuses says that a copy is on its way, and plays once that is there."""
    (video,) = [
        item["asset"] for item in ada.page({"types": ["VIDEO"]})["items"] if item["asset"]["hash"]
    ]
    pending = video["processing"] | {
        "state": "processing",
        "tasks": video["processing"]["tasks"]
        | {"transcode_asset": {"state": "processing", "updated_at": video["upload_time"]}},
    }
    seen = visit(server.url, "desktop")
    page = seen.page
    is_ready = False

    def listed(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        for item in body.get("items", []):
            if item["asset"]["asset_id"] == video["asset_id"] and not is_ready:
                item["asset"]["processing"] = pending
        route.fulfill(response=answer, json=body)

    page.route("**/api/v1/assets/list", listed)
    page.route(
        "**/video/web?**",
        lambda route: (
            route.continue_() if is_ready else route.fulfill(body="no", content_type="video/mp4")
        ),
    )
    sign_in(seen, "ada", "/photos")
    _tile(page, "Video").click()
    expect(page.get_by_test_id("player-fault")).to_contain_text("A copy for browsers is being made")
    seen.shot("converting", dark=False)
    is_ready = True
    ada.ok("PUT", f"/assets/{video['asset_id']}/like", {"liked": True})
    expect(page.get_by_test_id("player-fault")).to_be_hidden()
    expect(page.get_by_test_id("time")).to_have_text("0:00 / 0:12")


@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_facts_are_typed_over_the_file(
    server: Server, visit: OpenPage, ada: Api, viewport: str
) -> None:
    """Title, description, stars, time and place stay after a reload and are taken back one by one."""
    seen = visit(server.url, viewport)
    photo = photos.jpeg(
        len(viewport), taken="2023:06:01 12:00:07", offset="+02:00", gps=(48.5, 2.25)
    )
    receipt = ada.uploaded(f"{viewport}.jpg", photo)
    wait_until(lambda: set(_states(ada)) == {"complete"}, what="the photo is ready")
    page = sign_in(seen, "ada", f"/photos/{receipt['asset_id']}")
    page.get_by_role("button", name="Information").click()
    info = page.get_by_test_id("info")
    info.get_by_label("Title").fill("Noon")
    info.get_by_label("Description").fill("By the river")
    info.get_by_role("button", name="4 stars").click()
    expect(info.get_by_test_id("rating")).to_have_attribute("data-rating", "4")
    info.get_by_role("button", name="Like").click()
    expect(info.get_by_role("button", name="Like")).to_have_attribute("aria-pressed", "true")
    seen.shot("typed", dark=False)

    info.get_by_role("button", name="Edit date and time").click()
    expect(info.get_by_label("Date and time there")).to_have_value("2023-06-01T12:00:07")
    seen.shot("time", dark=False)
    info.get_by_label("Date and time there").fill("2022-01-31T23:59:58")
    info.get_by_label("Time zone").select_option("UTC−03:30")
    info.get_by_role("button", name="Save").click()
    expect(info).to_contain_text("Monday, 31 January 2022")
    expect(info).to_contain_text("In the file: Thursday, 1 June 2023 · 12:00:07 · UTC+02:00")

    info.get_by_role("button", name="Edit place").click()
    info.get_by_label("Latitude, longitude").fill("Paris")
    info.get_by_role("button", name="Save").click()
    expect(info).to_contain_text("Two numbers are needed")
    seen.shot("place", dark=False)
    info.get_by_label("Latitude, longitude").fill("-33.9, 18.4")
    info.get_by_role("button", name="Save").click()
    expect(info).to_contain_text("33.90000° S, 18.40000° E")

    page.reload()
    if viewport == "phone":
        page.get_by_role("button", name="Information").click()
    expect(info.get_by_label("Title")).to_have_value("Noon")
    expect(info.get_by_label("Description")).to_have_value("By the river")
    expect(info.get_by_test_id("rating")).to_have_attribute("data-rating", "4")
    expect(info).to_contain_text("23:59:58 · UTC-03:30".replace("-", "−"))
    expect(info).to_contain_text("33.90000° S, 18.40000° E")
    expect(info).to_contain_text("In the file: 48.50000° N, 2.25000° E")
    seen.shot("reloaded", dark=False)

    info.get_by_label("Description").fill("")
    info.get_by_label("Title").focus()
    page.get_by_role("button", name="Undo").click()
    expect(info.get_by_label("Description")).to_have_value("By the river")
    place = info.get_by_test_id("info.place")
    place.get_by_role("button", name="Use the file’s").click()
    expect(place).to_contain_text("48.50000° N, 2.25000° E")
    info.get_by_test_id("info.taken").get_by_role("button", name="Use the file’s").click()
    expect(info).to_contain_text("12:00:07 · UTC+02:00")
    info.get_by_label("Title").fill("Nothing")
    page.keyboard.press("Escape")
    expect(info.get_by_label("Title")).to_have_value("Noon")
    seen.expect_calm()
