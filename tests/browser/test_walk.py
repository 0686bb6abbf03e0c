"""The walk every new user takes, with a real browser: wizard, upload, timeline, viewer, sign-out."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.pictures import drop_files, jpeg_bytes, picture
from tests.browser.server import Server
from tests.browser.visits import Visit

PASSWORD = "Sunrise2031"
SETTLED_MS = 60_000

MakeServer = Callable[[], Server]
OpenPage = Callable[..., Visit]


def tiles(page: Page) -> Locator:
    return page.get_by_test_id("tile")


def developed(page: Page, count: int) -> None:
    """Wait until that many pictures are ready and shown."""
    ready = page.locator("[data-testid=tile]:not([data-state=processing])")
    expect(ready).to_have_count(count, timeout=SETTLED_MS)
    expect(page.locator("[data-testid=tile] img.shown")).to_have_count(count, timeout=SETTLED_MS)


def set_up(visit: Visit, *, shots: bool = False) -> None:
    """Walk the wizard to its end."""
    page = visit.page
    shot = visit.shot if shots else lambda *_: None
    page.goto(f"{visit.url}/photos")
    expect(page).to_have_url(f"{visit.url}/setup")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    shot("welcome")
    page.get_by_role("button", name="Set up Lumilio").click()

    page.get_by_label("User name").fill("a b")
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_label("Repeat the password").fill("other")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("Start with a letter")).to_be_visible()
    expect(page.get_by_text("The two passwords are not the same.")).to_be_visible()
    shot("account-hints")
    page.get_by_label("User name").fill("Ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Repeat the password").fill(PASSWORD)
    expect(page.locator("#rules li.met")).to_have_count(4)
    page.get_by_role("button", name="Create account").click()

    expect(page.get_by_role("heading", name="Protect your account")).to_be_visible()
    page.get_by_role("button", name="Skip for now").click()
    expect(page.get_by_label("Folder on this machine")).not_to_have_value("")
    shot("storage")
    page.get_by_text("Advanced").click()
    expect(page.get_by_role("radio", name=re.compile("By year and month"))).to_be_checked()
    page.get_by_role("button", name="Create library").click()
    expect(page.get_by_role("link", name="Add photos")).to_be_visible()
    shot("ready")


@pytest.fixture
def album(tmp_path: Path) -> dict[str, Path]:
    """Photos of three days: one at night far away, one lying on its side, one large with everything."""
    folder = tmp_path / "album"
    folder.mkdir()
    return {
        "night": picture(
            folder / "night.jpg", taken="2023:07:04 00:30:00", offset="+09:00", colour=(40, 30, 140)
        ),
        "noon": picture(folder / "noon.jpg", taken="2023:07:04 12:10:00", colour=(200, 160, 60)),
        "upright": picture(
            folder / "upright.jpg", taken="2023:05:01 08:00:00", offset="-03:30", orientation=6
        ),
        "tower": picture(
            folder / "tower.jpg",
            size=(2400, 1600),
            taken="2022:12:24 18:05:09",
            offset="+01:00",
            place=(48.85837, -2.294481),
            camera=True,
        ),
    }


@pytest.mark.timeout(300)
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_first_day(
    make_server: MakeServer, visit: OpenPage, album: dict[str, Path], tmp_path: Path, viewport: str
) -> None:
    """From an empty machine to looking at photos, and back after signing out."""
    seen = visit(make_server().url, viewport)
    page = seen.page
    set_up(seen, shots=True)

    page.get_by_role("link", name="Look around first").click()
    expect(page.get_by_text("Your first photo goes here")).to_be_visible()
    seen.shot("empty")
    page.get_by_role("main").get_by_role("link", name="Add photos").click()
    uploads_by_picker(seen, [album["night"], album["noon"], album["upright"]], tmp_path)
    uploads_by_drop(seen, [album["tower"]])
    timeline(seen)
    views(seen)
    swipes(seen, viewport)
    activity(seen)
    signs_out_and_in(seen)
    seen.expect_calm()


def uploads_by_picker(visit: Visit, files: list[Path], folder: Path) -> None:
    page = visit.page
    expect(page.get_by_role("heading", name="Add photos")).to_be_visible()
    visit.shot("upload")
    rows = page.get_by_test_id("upload-row")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(files)
    expect(rows.and_(page.locator("[data-state=added]"))).to_have_count(len(files))

    again = folder / "again.jpg"
    again.write_bytes(files[0].read_bytes())
    note = folder / "note.txt"
    note.write_text("not a photo")
    faults = len(visit.faults)
    page.get_by_test_id("pick-files").set_input_files([again, note])
    expect(rows.filter(has_text="again.jpg")).to_have_attribute("data-state", "duplicate")
    refused = rows.filter(has_text="note.txt")
    expect(refused).to_have_attribute("data-state", "failed")
    expect(refused).to_contain_text(".txt")
    expect(page.get_by_test_id("upload-summary")).to_have_text("5 files finished")
    visit.shot("uploaded")
    # The browser itself reports the refusal in the console.
    assert all("400" in fault for fault in visit.faults[faults:])
    del visit.faults[faults:]


def uploads_by_drop(visit: Visit, files: list[Path]) -> None:
    page = visit.page
    page.get_by_role("link", name="Settings", exact=True).locator("visible=true").click()
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    visit.shot("settings")
    let_go = drop_files(page, "main", files)
    expect(page.get_by_test_id("drop-overlay")).to_be_visible()
    visit.shot("drop")
    let_go()
    expect(page.get_by_test_id("drop-overlay")).to_be_hidden()
    expect(page.get_by_test_id("upload-pill")).to_be_visible()


def timeline(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("link", name="Photos", exact=True).locator("visible=true").click()
    developed(page, 4)
    days = page.get_by_test_id("day")
    expect(days).to_have_count(3)
    titles = [day.get_attribute("title") for day in days.all()]
    assert titles == ["Tuesday, 4 July 2023", "Monday, 1 May 2023", "Saturday, 24 December 2022"]
    sizes = [tile.bounding_box() for tile in tiles(page).all()]
    assert [box is not None and box["width"] > box["height"] for box in sizes] == [
        True,
        True,
        False,
        True,
    ]
    visit.shot("timeline")


def views(visit: Visit) -> None:
    page = visit.page
    tiles(page).last.click()
    viewer = page.get_by_test_id("viewer")
    stage = page.get_by_test_id("stage")
    expect(viewer.locator("img.over.shown").first).to_be_visible()
    expect(viewer).to_contain_text("tower.jpg · 4 of 4")
    visit.shot("viewer", dark=False)

    page.keyboard.press("i")
    info = page.get_by_test_id("info")
    expect(info).to_contain_text("Saturday, 24 December 2022")
    expect(info).to_contain_text("18:05:09 · UTC+01:00")
    expect(info).to_contain_text("Lumen One")
    expect(info).to_contain_text("Lumen 50mm F1.8")
    expect(info).to_contain_text("1/250 s · f/2.8 · ISO 100 · 50 mm")
    expect(info).to_contain_text("2,400 × 1,600 · 3.8 MP")
    expect(info).to_contain_text("48.85837° N, 2.29448° W")
    expect(info).to_contain_text("image/jpeg")
    visit.shot("information", dark=False)
    info.get_by_text("All metadata").click()
    info.get_by_role("searchbox").fill("offset")
    expect(info.get_by_role("row").first).to_contain_text("+01:00")
    visit.shot("metadata", dark=False)
    info.get_by_role("button", name="Close").click()

    page.keyboard.press("+")
    expect(stage).to_have_attribute("data-scale", "1.50")
    expect(page.get_by_test_id("original")).to_have_class(re.compile("shown"))
    visit.shot("zoomed", dark=False)
    page.keyboard.press("0")
    expect(stage).to_have_attribute("data-scale", "1.00")
    stage.dblclick(position={"x": 150, "y": 300})
    expect(stage).to_have_attribute("data-scale", "2.50")
    page.mouse.wheel(0, 3000)
    expect(stage).not_to_have_attribute("data-scale", "2.50")
    page.keyboard.press("0")

    with page.expect_download() as download:
        page.get_by_role("link", name="Download original").click()
    assert download.value.suggested_filename == "tower.jpg"
    page.keyboard.press("ArrowLeft")
    expect(viewer).to_contain_text("upright.jpg · 3 of 4")
    page.keyboard.press("Home")
    expect(viewer).to_contain_text("noon.jpg · 1 of 4")
    page.keyboard.press("ArrowRight")
    expect(viewer).to_contain_text("night.jpg · 2 of 4")
    page.keyboard.press("End")
    expect(viewer).to_contain_text("4 of 4")
    for _ in range(12):
        page.keyboard.press("Tab")
        assert viewer.evaluate("node => node.contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(page).to_have_url(f"{visit.url}/photos")
    expect(tiles(page).last).to_be_focused()


def swipes(visit: Visit, viewport: str) -> None:
    """A link opened from cold, and on the phone the fingers' ways to turn and to close."""
    page = visit.page
    address = tiles(page).first.get_attribute("href")
    page.goto(f"{visit.url}{address}")
    viewer = page.get_by_test_id("viewer")
    expect(viewer).to_contain_text("noon.jpg · 1 of 4")
    expect(viewer.locator("img.over.shown").first).to_be_visible()
    if viewport == "desktop":
        page.get_by_role("button", name="Next photo").click()
        expect(viewer).to_contain_text("2 of 4")
        page.keyboard.press("Escape")
    else:
        drag(page, (320, 420), (60, 425))
        expect(viewer).to_contain_text("2 of 4")
        drag(page, (60, 420), (320, 425))
        expect(viewer).to_contain_text("1 of 4")
        drag(page, (200, 300), (205, 620))
    expect(viewer).to_be_hidden()
    expect(page).to_have_url(f"{visit.url}/photos")


def drag(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    touch = page.context.new_cdp_session(page)
    steps = 6
    for i in range(steps + 1):
        x = start[0] + (end[0] - start[0]) * i / steps
        y = start[1] + (end[1] - start[1]) * i / steps
        kind = "touchMove" if i else "touchStart"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    touch.detach()


def open_page(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).locator("visible=true").click()


def activity(visit: Visit) -> None:
    page = visit.page
    open_page(page, "Activity")
    expect(page.get_by_text("All caught up")).to_be_visible()
    visit.shot("activity")
    open_page(page, "Repositories")
    scan = page.get_by_test_id("scan")
    expect(scan).to_be_visible()
    page.get_by_role("button", name="Scan now").click()
    expect(scan).to_contain_text("Last scan", timeout=SETTLED_MS)
    visit.shot("repositories")
    page.goto(f"{visit.url}/no/such/page")
    expect(page.get_by_text("Nothing to see at this address").last).to_be_visible()
    visit.shot("not-found")


def signs_out_and_in(visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.url}/settings")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{visit.url}/login")
    assert page.evaluate("Object.keys(localStorage).filter(key => /token/i.test(key))") == []
    visit.shot("login")
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    developed(page, 4)


@pytest.fixture(scope="module")
def crowded(make_server: MakeServer) -> Server:
    """A server for a library of several hundred photos; the first test fills it."""
    return make_server()


PHOTOS = 320


# The index of the tile nearest to the middle of the window, null until one is well inside it.
TILE_IN_THE_MIDDLE = """() => {
    const distance = (tile) => {
        const box = tile.getBoundingClientRect();
        return Math.abs((box.top + box.bottom) / 2 - 450);
    };
    const tiles = [...document.querySelectorAll('[data-testid=tile]')];
    const nearest = tiles.sort((a, b) => distance(a) - distance(b))[0];
    return nearest && distance(nearest) < 200 ? nearest.dataset.index : null;
}"""


@pytest.mark.timeout(300)
def test_long_timeline(crowded: Server, visit: OpenPage) -> None:
    """Only what is near the window is in the page, and the scroll position survives the viewer."""
    seen = visit(crowded.url, "desktop")
    page = seen.page
    set_up(seen)
    page.get_by_role("link", name="Add photos").click()
    many = [
        {"name": f"{i:04d}.jpg", "mimeType": "image/jpeg", "buffer": jpeg_bytes((96, 64), i)}
        for i in range(PHOTOS)
    ]
    page.get_by_test_id("pick-files").set_input_files(many)
    summary = page.get_by_test_id("upload-summary")
    expect(summary).to_have_text(f"{PHOTOS} files finished", timeout=SETTLED_MS)

    page.get_by_role("link", name="See photos").click()
    expect(page.locator("[data-state=processing]")).to_have_count(0, timeout=SETTLED_MS * 2)
    expect(page.get_by_text(f"{PHOTOS} items")).to_be_visible()
    reached = 0
    for _ in range(12):
        assert tiles(page).count() <= 90
        reached = max(reached, int(tiles(page).last.get_attribute("data-index") or 0))
        page.mouse.move(700, 500)
        page.mouse.wheel(0, 1200)
        expect(page.locator("[data-testid=tile] img.shown").first).to_be_attached()
    assert reached > 100
    seen.shot("scrolled")

    page.locator("main").evaluate("node => node.scrollTo(0, 2400)")
    middle = page.wait_for_function(TILE_IN_THE_MIDDLE).json_value()
    page.locator(f"[data-index='{middle}']").click()
    expect(page.get_by_test_id("viewer")).to_contain_text(f"{int(middle) + 1} of {PHOTOS}")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("viewer")).to_contain_text(f"{int(middle) + 2} of {PHOTOS}")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("viewer")).to_be_hidden()
    assert page.locator("main").evaluate("node => node.scrollTop") == 2400
    seen.expect_calm()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_placeholders_and_session(crowded: Server, visit: OpenPage, viewport: str) -> None:
    """Every tile has its blurred picture before the real one; an expired session renews once."""
    seen = visit(crowded.url, viewport)
    page = seen.page
    page.goto(crowded.url)
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    held = []
    page.route("**/thumbnail?**", lambda route: held.append(route))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(tiles(page).first).to_be_visible()
    blurred = page.locator("[data-testid=tile][style*='data:image/png']")
    expect(blurred).to_have_count(tiles(page).count())
    seen.shot("placeholders")
    for route in held:
        route.continue_()
    page.unroute("**/thumbnail?**")
    expect(page.locator("[data-testid=tile] img.shown")).to_have_count(tiles(page).count())
    seen.expect_calm()

    renewals = []
    page.on(
        "request",
        lambda request: renewals.append(request) if "/auth/refresh" in request.url else None,
    )
    page.evaluate("localStorage.setItem('lumilio.token', 'expired')")
    page.reload()
    expect(tiles(page).first).to_be_visible()
    assert len(renewals) == 1


@pytest.mark.timeout(300)
def test_server_goes_away(crowded: Server, visit: OpenPage) -> None:
    """A banner says so, and it goes by itself when the server is back."""
    seen = visit(crowded.url, "phone")
    page = seen.page
    page.goto(crowded.url)
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(tiles(page).first).to_be_visible()
    open_page(page, "Settings")
    expect(page.get_by_role("heading", name="New accounts")).to_be_visible()
    open_page(page, "Activity")
    expect(page.get_by_test_id("jobs-now")).to_be_visible()
    crowded.stop()
    expect(page.get_by_test_id("offline")).to_be_visible()
    seen.shot("offline")
    open_page(page, "Settings")
    expect(page.get_by_text("The settings of the system could not be loaded")).to_be_visible()
    crowded.start()
    expect(page.get_by_test_id("offline")).to_be_hidden()
    expect(page.get_by_text("Connected again")).to_be_visible()
    expect(page.get_by_role("heading", name="New accounts")).to_be_visible()

    crowded.stop()
    open_page(page, "Repositories")
    expect(page.get_by_text("This page could not be loaded")).to_be_visible()
    expect(page.get_by_role("main").get_by_text("Lumilio is not answering")).to_be_visible()
    seen.shot("page-missing")
    crowded.start()
    expect(page.get_by_test_id("repository")).to_be_visible()
