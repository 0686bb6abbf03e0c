"""Videos and recordings on the timeline and in the viewer, with a real browser."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.accounts import client_of, sign_in
from tests.browser.pictures import picture
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


@pytest.mark.parametrize("codec", ["mpeg4", None])
def test_a_video_that_waits_for_its_copy(
    server: Server, visit: OpenPage, ada: Api, tmp_path: Path, codec: str | None
) -> None:
    """What the browser refuses, or has but the sound of, says that a copy is on its way, and plays once that is there."""
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
    refused = b"no"
    if codec:
        refused = clips.video(tmp_path / "a.mp4", codec=codec, channels=1).read_bytes()

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
            route.continue_() if is_ready else route.fulfill(body=refused, content_type="video/mp4")
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


@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_a_photo_is_exported(
    server: Server, visit: OpenPage, ada: Api, tmp_path: Path, viewport: str
) -> None:
    """It is converted as chosen, without its place on request, and the choice is kept."""
    seen = visit(server.url, viewport)
    path = picture(
        tmp_path / f"Beach {viewport}.jpg",
        size=(3000, 2000),
        colour=(180, 90, 20 * len(viewport)),
        place=(48.5, 2.25),
        camera=True,
    )
    receipt = ada.uploaded(path.name, path.read_bytes())
    wait_until(lambda: set(_states(ada)) == {"complete"}, what="the photo is ready")
    page = sign_in(seen, "ada", f"/photos/{receipt['asset_id']}")
    page.get_by_role("button", name="Export").click()
    dialog = page.get_by_role("dialog", name="Export")
    seen.shot("export", dark=False)
    dialog.get_by_role("radio", name="WebP").check(force=True)
    dialog.get_by_role("slider", name="Quality").fill("60")
    dialog.get_by_label("Size").select_option("At most 1,280 pixels on a side")
    dialog.get_by_label("Without location").check()
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Export").click()
    assert download.value.suggested_filename == f"Beach {viewport}.webp"
    with Image.open(download.value.path()) as made:
        assert (made.format, made.size) == ("WEBP", (1280, 853))
        assert dict(made.getexif().get_ifd(0x8825)) == {}
        assert made.getexif()[0x0110] == "Lumen One"
    expect(dialog).to_be_hidden()

    page.get_by_role("button", name="Export").click()
    expect(dialog.get_by_role("radio", name="WebP")).to_be_checked()
    dialog.get_by_role("radio", name="PNG").check(force=True)
    expect(dialog.get_by_role("slider", name="Quality")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_test_id("viewer")).to_be_visible()
    seen.expect_calm()


@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_a_photo_is_exported_with_or_without_its_edits(
    server: Server, visit: OpenPage, ada: Api, tmp_path: Path, viewport: str
) -> None:
    """Edits are offered where there are some, and applied unless they are not wanted."""
    seen = visit(server.url, viewport)
    colour = (90, 90, 20 * len(viewport))
    path = picture(tmp_path / f"edited {viewport}.jpg", size=(600, 400), colour=colour)
    asset_id = ada.uploaded(path.name, path.read_bytes())["asset_id"]
    wait_until(lambda: set(_states(ada)) == {"complete"}, what="the photo is ready")
    page = sign_in(seen, "ada", f"/photos/{asset_id}")
    dialog = page.get_by_role("dialog", name="Export")

    def exported() -> Image.Image:
        with page.expect_download() as download:
            dialog.get_by_role("button", name="Export").click()
        expect(dialog).to_be_hidden()
        with Image.open(download.value.path()) as made:
            made.load()
        return made

    with page.expect_response(re.compile("/sidecar$")):
        page.get_by_role("button", name="Export").click()
    expect(dialog.get_by_label("With my edits")).to_be_hidden()
    assert exported().size == (600, 400)
    edits = {"rotation": 90, "saturation": -100}
    ada.ok("PUT", f"/assets/{asset_id}/sidecar", {"adjustments": edits})
    page.get_by_role("button", name="Export").click()
    expect(dialog.get_by_label("With my edits")).to_be_checked()
    seen.shot("edits")
    made = exported()
    assert made.size == (400, 600)
    low, high = zip(*made.getextrema(), strict=True)
    assert max(low) - min(low) < 12
    assert max(high) - min(high) < 12
    page.get_by_role("button", name="Export").click()
    dialog.get_by_label("With my edits").uncheck()
    assert exported().size == (600, 400)
    seen.expect_calm()


def test_a_photo_is_seen_pixel_by_pixel(
    server: Server, visit: OpenPage, ada: Api, tmp_path: Path
) -> None:
    """Actual size brings the original; previews come once and are kept for good."""
    seen = visit(server.url, "desktop")
    path = picture(tmp_path / "wide.jpg", size=(4000, 2600))
    receipt = ada.uploaded(path.name, path.read_bytes())
    wait_until(lambda: set(_states(ada)) == {"complete"}, what="the photo is ready")
    previews: list[str] = []
    seen.page.on(
        "response",
        lambda answer: (
            previews.append(answer.headers.get("cache-control", ""))
            if "/thumbnail?" in answer.url
            else None
        ),
    )
    page = sign_in(seen, "ada", f"/photos/{receipt['asset_id']}")
    expect(page.locator("img.over.shown").first).to_be_visible()
    assert page.get_by_test_id("original").count() == 0
    page.get_by_role("button", name="Actual size").click()
    original = page.get_by_test_id("original")
    expect(original).to_have_class(re.compile("shown"))
    box = original.bounding_box()
    assert box is not None
    assert box["width"] == pytest.approx(4000, abs=1)
    seen.shot("actual", dark=False)
    page.keyboard.press("1")
    expect(page.get_by_test_id("stage")).to_have_attribute("data-scale", "1.00")
    assert previews
    assert all("immutable" in told for told in previews)
    seen.expect_calm()


def test_a_small_photo_offers_no_more_pixels(
    server: Server, visit: OpenPage, ada: Api, tmp_path: Path
) -> None:
    seen = visit(server.url, "desktop")
    path = picture(tmp_path / "small.jpg", size=(320, 200))
    receipt = ada.uploaded(path.name, path.read_bytes())
    wait_until(lambda: set(_states(ada)) == {"complete"}, what="the photo is ready")
    page = sign_in(seen, "ada", f"/photos/{receipt['asset_id']}")
    expect(page.locator("img.over.shown").first).to_be_visible()
    expect(page.get_by_role("button", name="Actual size")).to_be_disabled()
    expect(page.get_by_role("button", name="Zoom in")).to_be_enabled()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "AVIF"])
def test_what_moves_is_shown_moving(
    server: Server, visit: OpenPage, ada: Api, kind: str, tmp_path: Path
) -> None:
    """The original is shown, for previews are still."""
    seen = visit(server.url, "desktop")
    path = tmp_path / f"moving.{kind.lower()}"
    frames = [Image.new("RGB", (120, 80), (shade, 90, 40)) for shade in (0, 120, 240)]
    frames[0].save(path, kind, save_all=True, append_images=frames[1:], duration=200, loop=0)
    receipt = ada.uploaded(path.name, path.read_bytes())
    wait_until(lambda: set(_states(ada)) == {"complete"}, what="the picture is ready")
    page = sign_in(seen, "ada", f"/photos/{receipt['asset_id']}")
    original = page.get_by_test_id("original")
    expect(original).to_have_class(re.compile("shown"))
    assert original.evaluate("node => node.naturalWidth") == 120
    seen.expect_calm()
