"""Albums and selections: made of chosen photos, put in order, taken apart again."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.pictures import jpeg_bytes
from tests.browser.server import Server
from tests.browser.test_walk import PASSWORD, SETTLED_MS, developed, set_up, tiles
from tests.browser.visits import Visit

OpenPage = Callable[..., Visit]
PHOTOS = 8


@pytest.fixture(scope="module")
def filled(make_server: Callable[..., Server]) -> Server:
    """A server for eight photos; the first visit fills it."""
    return make_server()


@pytest.fixture(params=["desktop", "phone"])
def at_home(filled: Server, visit: OpenPage, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Somebody signed in, on the timeline."""
    seen = visit(filled.url, request.param)
    page = seen.page
    page.goto(filled.url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    if page.url.endswith("/setup"):
        set_up(seen)
        page.get_by_role("link", name="Add photos").click()
        many = [
            {"name": f"{i}.jpg", "mimeType": "image/jpeg", "buffer": jpeg_bytes((96, 64), i * 29)}
            for i in range(PHOTOS)
        ]
        page.get_by_test_id("pick-files").set_input_files(many)
        summary = page.get_by_test_id("upload-summary")
        expect(summary).to_have_text(f"{PHOTOS} files finished", timeout=SETTLED_MS)
        page.goto(f"{seen.url}/photos")
    else:
        page.get_by_label("User name").fill("ada")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
    developed(page, PHOTOS)
    yield seen
    seen.expect_calm()


def hold(page: Page, start: Locator, *others: Locator) -> None:
    """Hold a finger still until something begins, then move it over others, and lift it."""
    touch = page.context.new_cdp_session(page)

    def send(kind: str, points: list[dict[str, float]]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", [middle(start)])
    expect(page.locator(".grabbed")).to_be_attached()
    for other in others:
        send("touchMove", [middle(other)])
    send("touchEnd", [])
    touch.detach()


def middle(tile: Locator, part: float = 0.5) -> dict[str, float]:
    box: Any = tile.bounding_box()
    return {"x": box["x"] + box["width"] * part, "y": box["y"] + box["height"] / 2}


def names(page: Page) -> list[str]:
    """The addresses of all pictures in sight, in their order."""
    return [str(tile.get_attribute("href")).rsplit("/", 1)[1] for tile in tiles(page).all()]


def choose(seen: Visit, first: int, last: int) -> None:
    """Select from one picture to another, as each device has it."""
    page = seen.page
    if seen.name.endswith("phone"):
        hold(page, tiles(page).nth(first), tiles(page).nth(last))
    else:
        tiles(page).nth(first).hover()
        page.get_by_test_id("check").nth(first).click()
        tiles(page).nth(last).click(modifiers=["Shift"])
    bar = page.get_by_test_id("selection-bar")
    expect(bar).to_contain_text(f"{last - first + 1} selected")


def make_album(seen: Visit, name: str, first: int, last: int) -> list[str]:
    """Select pictures and put them into a new album, which is then on show."""
    page = seen.page
    choose(seen, first, last)
    chosen = names(page)[first : last + 1]
    page.get_by_test_id("selection-bar").get_by_role("button", name="Add to album").click()
    page.get_by_label("Find an album or name a new one").fill(name)
    new = page.get_by_role("button", name=f"New album “{name}”")
    expect(new).to_be_visible()
    seen.shot("add-to-album")
    new.click()
    expect(page.get_by_text(f"{len(chosen)} items added to “{name}”")).to_be_visible()
    expect(page.get_by_test_id("selection-bar")).to_be_hidden()
    page.get_by_role("link", name="Albums", exact=True).locator("visible=true").click()
    page.get_by_test_id("album").filter(has_text=name).click()
    expect(tiles(page)).to_have_count(len(chosen))
    assert names(page) == chosen
    return chosen


def order_is(page: Page, wanted: list[str]) -> None:
    for place, asset_id in enumerate(wanted):
        expect(tiles(page).nth(place)).to_have_attribute("href", re.compile(asset_id))


@pytest.mark.timeout(300)
def test_an_album_is_made_of_a_selection(at_home: Visit) -> None:
    """From the timeline into a new album, and through it with the viewer's own way on."""
    page = at_home.page
    page.get_by_role("link", name="Albums", exact=True).locator("visible=true").click()
    expect(page.get_by_role("button", name="New album")).to_be_visible()
    at_home.shot("albums")
    page.get_by_role("link", name="Photos", exact=True).locator("visible=true").click()
    choose(at_home, 1, 3)
    at_home.shot("selected")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("selection-bar")).to_be_hidden()
    chosen = make_album(at_home, f"Made on {at_home.name}", 1, 4)
    at_home.shot("album")
    tiles(page).first.click()
    viewer = page.get_by_test_id("viewer")
    expect(viewer).to_contain_text("1 of 4")
    page.keyboard.press("ArrowRight")
    expect(viewer).to_contain_text("2 of 4")
    expect(page).to_have_url(re.compile(rf"/albums/\d+/{chosen[1]}"))
    page.keyboard.press("i")
    listed = page.get_by_test_id("asset-albums")
    expect(listed).to_contain_text(f"Made on {at_home.name}")
    listed.scroll_into_view_if_needed()
    at_home.shot("albums-of-photo", dark=False)
    page.keyboard.press("i")
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/albums/\d+$"))


@pytest.mark.timeout(300)
def test_an_order_by_dragging_stays(at_home: Visit) -> None:
    """By mouse or finger, then by the keyboard, and all the same after a reload."""
    page = at_home.page
    a, b, c = make_album(at_home, f"Order on {at_home.name}", 0, 2)
    page.get_by_role("button", name="Arrange").click()
    if at_home.name.endswith("phone"):
        hold(page, tiles(page).nth(2), tiles(page).nth(0))
    else:
        page.mouse.move(**middle(tiles(page).nth(2)))
        page.mouse.down()
        page.mouse.move(**middle(tiles(page).nth(1)))
        page.mouse.move(**middle(tiles(page).nth(0), 0.2))
        expect(page.get_by_test_id("mark")).to_be_visible()
        at_home.shot("arranging", dark=False)
        page.mouse.up()
    order_is(page, [c, a, b])
    with page.expect_response(re.compile("/order")) as saved:
        tiles(page).nth(0).focus()
        page.keyboard.press("Alt+ArrowRight")
    assert saved.value.ok
    order_is(page, [a, c, b])
    expect(tiles(page).nth(1)).to_be_focused()
    page.reload()
    order_is(page, [a, c, b])


@pytest.mark.timeout(300)
def test_what_is_removed_comes_back_where_it_was(at_home: Visit) -> None:
    """The middle one leaves the album and comes back; another becomes the cover."""
    page = at_home.page
    held = make_album(at_home, f"Remove on {at_home.name}", 0, 2)
    choose(at_home, 1, 1)
    bar = page.get_by_test_id("selection-bar")
    bar.get_by_role("button", name="Remove from album").click()
    expect(tiles(page)).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    order_is(page, held)

    choose(at_home, 2, 2)
    bar.get_by_role("button", name="Use as cover").click()
    expect(page.get_by_text("Cover chosen")).to_be_visible()
    name = page.get_by_label("Name of the album")
    name.fill("  ")
    page.keyboard.press("Enter")
    expect(name).to_have_value(f"Remove on {at_home.name}")
    name.fill(f"Named on {at_home.name}")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="All albums").click()
    card = page.get_by_test_id("album").filter(has_text=f"Named on {at_home.name}")
    expect(card.locator(f"[data-cover='{held[2]}']")).to_be_visible()

    card.click()
    page.get_by_role("button", name="Delete album").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete album").click()
    expect(page).to_have_url(re.compile("/albums$"))
    expect(card).to_be_hidden()
    page.get_by_role("link", name="Photos", exact=True).locator("visible=true").click()
    expect(tiles(page)).to_have_count(PHOTOS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("at_home", ["desktop"], indirect=True)
def test_a_selection_by_mouse_and_keyboard(at_home: Visit) -> None:
    """Ranges, single ones, a rubber band, everything, and nothing."""
    page = at_home.page
    bar = page.get_by_test_id("selection-bar")
    choose(at_home, 0, 4)
    tiles(page).nth(2).click(modifiers=["ControlOrMeta"])
    expect(bar).to_contain_text("4 selected")
    checked = [
        check.get_attribute("aria-checked") == "true"
        for check in page.get_by_test_id("check").all()
    ]
    assert checked == [True, True, False, True, True, False, False, False]
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    page.mouse.move(**middle(tiles(page).nth(1)))
    page.mouse.down()
    page.mouse.move(**middle(tiles(page).nth(2)))
    page.mouse.move(**middle(tiles(page).nth(3)))
    expect(bar).to_contain_text("3 selected")
    page.mouse.up()
    expect(page.get_by_test_id("viewer")).to_be_hidden()
    page.keyboard.press("ControlOrMeta+a")
    expect(bar).to_contain_text(f"{PHOTOS} selected")
    with page.expect_download() as download:
        bar.get_by_role("button", name="Download as ZIP").click()
    assert download.value.suggested_filename == "Lumilio.zip"
    bar.get_by_role("button", name="Like").click()
    expect(page.get_by_text(f"Liked {PHOTOS} items")).to_be_visible()
    bar.get_by_role("button", name="End the selection").click()
    expect(bar).to_be_hidden()
    tiles(page).nth(5).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    expect(bar).to_contain_text("2 selected")


MAKE_ALBUMS = """async (count) => {
    const headers = {
        'Authorization': `Bearer ${localStorage.getItem('lumilio.token')}`,
        'Content-Type': 'application/json',
    };
    for (let i = 1; i <= count; i++) {
        const body = JSON.stringify({ album_name: `Elsewhere ${i}` });
        await fetch('/api/v1/albums', { method: 'POST', headers, body });
    }
}"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("at_home", ["desktop"], indirect=True)
def test_albums_made_elsewhere_appear_page_by_page(at_home: Visit) -> None:
    """The page hears of them by itself; more than a page of them are loaded when asked for."""
    page = at_home.page
    page.get_by_role("link", name="Albums", exact=True).locator("visible=true").click()
    page.get_by_role("button", name="New album").click()
    page.get_by_label("Name of the album").fill("By hand")
    page.get_by_role("button", name="Create album").click()
    expect(page.get_by_text("Nothing in this album yet")).to_be_visible()
    page.get_by_role("link", name="All albums").click()
    cards = page.get_by_test_id("album")
    expect(cards.first).to_contain_text("By hand")
    page.evaluate(MAKE_ALBUMS, 61)
    expect(cards.first).to_contain_text("Elsewhere 61")
    expect(cards).to_have_count(60)
    page.get_by_role("button", name="Show more").click()
    expect(cards.filter(has_text="By hand")).to_be_visible()
    shown = [card.get_attribute("href") for card in cards.all()]
    assert len(shown) == len(set(shown)) > 61
