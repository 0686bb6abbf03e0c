"""An open page follows the library: nothing here reloads it, and nothing is asked for by a timer."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accounts import client_of, sign_in
from tests.browser.pictures import jpeg_bytes, picture
from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support.api import Api
from tests.support.waiting import wait_until

MakeServer = Callable[..., Server]
OpenPage = Callable[..., Visit]

SETTLED_MS = 60_000
CROWD = 150
# A page may ask for two lists and a count in a second, and a few at its start.
MOST_ASKED_EACH_SECOND = 3
MOST_ASKED_AT_START = 12


@pytest.fixture
def server(make_server: MakeServer) -> Server:
    """A server with an empty library for each test."""
    return make_server()


@pytest.fixture
def other(server: Server) -> Iterator[Api]:
    """Somebody else's client, signed in as the same person."""
    with client_of(server.url) as api:
        yield api.register("ada")


@pytest.fixture
def repository(other: Api) -> dict[str, Any]:
    return other.create_primary(name="Home")


def tiles(page: Page) -> Locator:
    return page.get_by_test_id("tile")


def shown(page: Page) -> Locator:
    return page.locator("[data-testid=tile] img.shown")


def upload(api: Api, folder: Path, name: str, **how: Any) -> str:
    content = picture(folder / name, **how).read_bytes()
    return str(api.uploaded(name, content)["asset_id"])


def scan(api: Api, repository: dict[str, Any], **how: Any) -> None:
    api.ok("POST", f"/repositories/{repository['id']}/scan", how)


def lists_asked(page: Page) -> list[str]:
    asked: list[str] = []

    def note(request: Any) -> None:
        if "/api/v1/assets/list" in request.url:
            asked.append(request.post_data or "")

    page.on("request", note)
    return asked


def hide(page: Page, hidden: bool) -> None:
    """As if another tab came before this one, or it came back."""
    page.evaluate(
        """hidden => {
          Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
          document.dispatchEvent(new Event('visibilitychange'));
        }""",
        hidden,
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_an_upload_by_another_client(
    server: Server,
    other: Api,
    repository: dict[str, Any],
    visit: OpenPage,
    tmp_path: Path,
    viewport: str,
) -> None:
    """Its thumbnail shows up at its place in every open timeline."""
    visits = [visit(server.url, viewport) for _ in range(2)]
    pages = [sign_in(seen, "ada", "/photos") for seen in visits]
    for page in pages:
        expect(page.get_by_text("Your first photo goes here")).to_be_visible()
        page.evaluate("window.isSamePage = true")
    upload(other, tmp_path, "new.jpg", taken="2024:05:05 12:00:00")
    for page in pages:
        expect(shown(page)).to_have_count(1, timeout=SETTLED_MS)
        expect(page.get_by_text("1 item", exact=True)).to_be_visible()
    upload(other, tmp_path, "old.jpg", taken="2020:02:02 12:00:00", colour=(20, 120, 60))
    upload(other, tmp_path, "middle.jpg", taken="2022:03:03 12:00:00", colour=(90, 20, 160))
    for seen, page in zip(visits, pages, strict=True):
        expect(shown(page)).to_have_count(3, timeout=SETTLED_MS)
        titles = [day.get_attribute("title") for day in page.get_by_test_id("day").all()]
        assert [str(title)[-4:] for title in titles] == ["2024", "2022", "2020"]
        expect(page.get_by_text("3 items", exact=True)).to_be_visible()
        assert page.evaluate("window.isSamePage")
        seen.expect_calm()
    visits[0].shot("timeline", dark=False)


TILE_IN_SIGHT = """() => {
    const tiles = [...document.querySelectorAll('[data-testid=tile]')];
    const top = tile => tile.getBoundingClientRect().top;
    return tiles.find(tile => top(tile) > 300 && top(tile) < 600)?.getAttribute('href');
}"""


@pytest.mark.timeout(300)
def test_many_uploads_while_somebody_reads(
    server: Server, other: Api, repository: dict[str, Any], visit: OpenPage, tmp_path: Path
) -> None:
    """What is looked at stays where it is with its focus, and requests stay few."""
    for day in range(1, 29):
        for month in (1, 2):
            upload(
                other,
                tmp_path,
                f"{month}-{day}.jpg",
                size=(240, 160),
                colour=(9 * day, 80, 100 * month),
                taken=f"2021:0{month}:{day:02d} 12:00:00",
            )
    wait_until(lambda: _all_done(other), seconds=120)
    seen = visit(server.url, "desktop")
    page = sign_in(seen, "ada", "/photos")
    expect(shown(page).first).to_be_visible()
    page.locator("main").evaluate("node => node.scrollTo(0, 700)")
    address = page.wait_for_function(TILE_IN_SIGHT).json_value()
    same = page.locator(f"[data-testid=tile][href='{address}']")
    same.focus()
    before = same.bounding_box()
    asked = lists_asked(page)

    started = page.evaluate("performance.now()")
    for number in range(CROWD):
        other.uploaded(f"crowd-{number}.jpg", jpeg_bytes((96, 64), number))
    expect(page.get_by_text(f"{CROWD + 56} items", exact=True)).to_be_visible(timeout=SETTLED_MS)
    wait_until(lambda: _all_done(other), seconds=120)
    seconds = (page.evaluate("performance.now()") - started) / 1000
    assert len(asked) <= MOST_ASKED_AT_START + MOST_ASKED_EACH_SECOND * seconds
    # Nothing that was loaded is read again in whole.
    assert not [body for body in asked if '"date_captured"' in body and '"offset"' in body]
    after = same.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) <= 2
    expect(same).to_be_focused()

    page.locator("main").evaluate("node => node.scrollTo(0, 0)")
    expect(page.locator("[data-state=processing]")).to_have_count(0, timeout=SETTLED_MS)
    expect(shown(page)).to_have_count(tiles(page).count())
    seen.expect_calm()


def _all_done(api: Api) -> bool:
    stats = api.ok("GET", "/admin/river/stats")
    return not any(stats[state] for state in ("available", "scheduled", "running", "retryable"))


@pytest.mark.timeout(300)
def test_pictures_that_change_and_go(
    server: Server, other: Api, repository: dict[str, Any], visit: OpenPage
) -> None:
    """The viewer shows new content, and moves on when its picture is gone."""
    root = Path(repository["path"])
    for day in range(1, 4):
        picture(root / f"{day}.jpg", taken=f"2023:07:0{day} 12:00:00", colour=(60 * day, 90, 40))
    scan(other, repository)
    seen = visit(server.url, "desktop")
    page = sign_in(seen, "ada", "/photos")
    expect(shown(page)).to_have_count(3, timeout=SETTLED_MS)

    tiles(page).nth(1).click()
    viewer = page.get_by_test_id("viewer")
    expect(viewer).to_contain_text("2.jpg · 2 of 3")
    over = viewer.locator("img.over.shown").first
    expect(over).to_be_visible()
    source = over.get_attribute("src")
    picture(root / "2.jpg", taken="2023:07:02 12:00:00", size=(1200, 600), colour=(10, 10, 250))
    scan(other, repository)
    expect(over).not_to_have_attribute("src", str(source), timeout=SETTLED_MS)
    width, height = over.evaluate("node => [node.naturalWidth, node.naturalHeight]")
    assert width == 2 * height

    (root / "2.jpg").unlink()
    scan(other, repository)
    expect(viewer).to_contain_text("1.jpg · 2 of 2", timeout=SETTLED_MS)
    expect(page.get_by_text("has left the library")).to_be_visible()
    (root / "1.jpg").unlink()
    scan(other, repository)
    expect(viewer).to_contain_text("3.jpg · 1 of 1", timeout=SETTLED_MS)
    (root / "3.jpg").unlink()
    scan(other, repository)
    expect(viewer).to_be_hidden(timeout=SETTLED_MS)
    expect(page).to_have_url(f"{server.url}/photos")
    expect(page.get_by_text("Your first photo goes here")).to_be_visible()
    seen.expect_calm()


@pytest.mark.timeout(300)
def test_a_repository_comes_and_goes_under_an_open_timeline(
    server: Server, other: Api, repository: dict[str, Any], visit: OpenPage, tmp_path: Path
) -> None:
    """Its photos come and go with it."""
    second = other.ok("POST", "/repositories", {"name": "Disk", "root": str(tmp_path)})[
        "repository"
    ]
    picture(Path(second["path"]) / "a.jpg", taken="2023:07:01 12:00:00")
    picture(Path(repository["path"]) / "b.jpg", taken="2023:07:02 12:00:00")
    scan(other, second)
    scan(other, repository)
    seen = visit(server.url, "phone")
    page = sign_in(seen, "ada", "/photos")
    expect(shown(page)).to_have_count(2, timeout=SETTLED_MS)
    other.ok("DELETE", f"/repositories/{second['id']}")
    expect(shown(page)).to_have_count(1)
    other.ok("POST", "/repositories", {"name": "Disk", "root": str(tmp_path)})
    expect(shown(page)).to_have_count(2)
    seen.expect_calm()


@pytest.mark.timeout(300)
def test_one_stream_while_somebody_looks(
    server: Server, other: Api, repository: dict[str, Any], visit: OpenPage, tmp_path: Path
) -> None:
    """Closed while hidden and after signing out; back with a fresh token, and nothing is missed."""
    seen = visit(server.url, "desktop")
    opened: list[Any] = []
    closed: list[Any] = []
    seen.page.on("request", lambda r: opened.append(r) if r.url.endswith("/events") else None)
    seen.page.on("requestfailed", lambda r: closed.append(r) if r.url.endswith("/events") else None)
    page = sign_in(seen, "ada", "/photos")
    upload(other, tmp_path, "first.jpg", taken="2023:07:01 12:00:00")
    expect(shown(page)).to_have_count(1, timeout=SETTLED_MS)
    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_role("link", name="Photos", exact=True).click()
    expect(shown(page)).to_have_count(1)
    assert (len(opened), len(closed)) == (1, 0)

    hide(page, True)
    page.wait_for_function("document.hidden")
    upload(other, tmp_path, "second.jpg", taken="2023:07:02 12:00:00", colour=(10, 200, 90))
    wait_until(lambda: _all_done(other))
    assert (len(opened), len(closed)) == (1, 1)
    expect(tiles(page)).to_have_count(1)
    page.evaluate("localStorage.setItem('lumilio.token', 'expired')")
    with page.expect_request("**/auth/refresh"):
        hide(page, False)
    expect(shown(page)).to_have_count(2, timeout=SETTLED_MS)
    upload(other, tmp_path, "third.jpg", taken="2023:07:03 12:00:00", colour=(200, 10, 90))
    expect(shown(page)).to_have_count(3, timeout=SETTLED_MS)
    # Refused with the old token, then accepted.
    assert len(opened) == 3

    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{server.url}/login")
    assert (len(opened), len(closed)) == (3, 2)
    # The browser itself reports the calls that the old token was refused for.
    assert [fault for fault in seen.faults if "401" not in fault] == []


@pytest.mark.timeout(300)
def test_a_file_in_a_watched_folder(make_server: MakeServer, visit: OpenPage) -> None:
    """A file that a person drops into the folder shows its thumbnail, with no scan asked for."""
    server = make_server(watch_folders=True, scan_settle_seconds=1)
    with client_of(server.url) as api:
        repository = api.register("ada").create_primary(name="Home")
    seen = visit(server.url, "desktop")
    page = sign_in(seen, "ada", "/photos")
    expect(page.get_by_text("Your first photo goes here")).to_be_visible()
    picture(Path(repository["path"]) / "dropped.jpg", taken="2023:07:01 12:00:00")
    expect(shown(page)).to_have_count(1, timeout=SETTLED_MS)
    expect(tiles(page)).to_have_accessible_name(re.compile("1 July 2023"))
    seen.expect_calm()
