"""The page of the repositories: adding, changing, scanning, letting go and getting back."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accounts import client_of, sign_in
from tests.browser.pictures import picture
from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support.api import Api
from tests.support.streams import Stream
from tests.support.waiting import wait_until

MakeServer = Callable[[], Server]
OpenPage = Callable[..., Visit]

SETTLED_MS = 60_000


@pytest.fixture(scope="module")
def server(make_server: MakeServer) -> Server:
    """A library with an administrator, a user and a primary repository."""
    server = make_server()
    with client_of(server.url) as api:
        api.register("ada").create_primary(name="Home")
        api.register("ben")
    return server


@pytest.fixture
def admin(server: Server) -> Iterator[Api]:
    """The administrator's client beside the browser."""
    with client_of(server.url) as api:
        yield api.login("ada")


def card(page: Page, name: str) -> Locator:
    return page.get_by_test_id("repository").and_(page.get_by_label(name, exact=True))


def fill_in(page: Page, name: str, root: Path | str) -> Locator:
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_label("Parent folder on this machine").fill(str(root))
    return dialog


def add(page: Page, name: str, root: Path) -> None:
    page.get_by_role("button", name="Add repository").click()
    dialog = fill_in(page, name, root)
    dialog.get_by_role("button", name="Add repository").click()
    expect(dialog).to_be_hidden()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_a_repository_comes_and_goes(
    server: Server, visit: OpenPage, tmp_path: Path, viewport: str
) -> None:
    """A folder with photos is added, changed, scanned, let go and brought back."""
    folder = tmp_path / "holiday"
    folder.mkdir()
    for day in range(1, 4):
        picture(folder / f"{day}.jpg", taken=f"2023:07:0{day} 12:00:00", colour=(60 * day, 90, 40))
    seen = visit(server.url, viewport)
    page = sign_in(seen, "ada", "/photos")
    page.get_by_role("link", name="Repositories", exact=True).locator("visible=true").click()
    expect(card(page, "Home")).to_contain_text("Primary")
    expect(card(page, "Home").get_by_role("button", name="Remove Home")).to_have_count(0)
    seen.shot("repositories")

    says_what_is_wrong(seen, tmp_path)
    add(page, "Holiday", tmp_path)
    holiday = card(page, "Holiday")
    expect(holiday.get_by_test_id("repository-photos")).to_have_text("3 items", timeout=SETTLED_MS)
    expect(holiday.get_by_test_id("scan")).to_contain_text("3 new")
    expect(holiday.get_by_test_id("scan")).to_have_attribute("data-status", "completed")
    expect(holiday).to_contain_text(str(folder))
    seen.shot("added")

    changes(seen)
    scans(seen, folder)
    lets_go_and_gets_back(seen, folder)
    seen.expect_calm()


def says_what_is_wrong(visit: Visit, folder: Path) -> None:
    """The dialog keeps the focus, goes with Escape, and shows every fault beside its field."""
    page = visit.page
    opener = page.get_by_role("button", name="Add repository")
    opener.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Add a repository")).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body") or dialog.evaluate(
            "node => node.contains(document.activeElement)"
        )
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()

    opener.click()
    submit = dialog.get_by_role("button", name="Add repository")
    fill_in(page, " !? ", "")
    submit.click()
    expect(dialog.get_by_label("Name", exact=True)).to_have_accessible_description(
        re.compile("at least one letter or digit")
    )
    expect(dialog.get_by_label("Parent folder on this machine")).to_have_accessible_description(
        re.compile("full path of a folder")
    )
    faults = len(visit.faults)
    fill_in(page, "Holiday", "holiday")
    submit.click()
    root = dialog.get_by_label("Parent folder on this machine")
    expect(root).to_have_accessible_description(re.compile("must be given with its full path"))
    fill_in(page, "con", folder)
    submit.click()
    name = dialog.get_by_label("Name", exact=True)
    expect(name).to_have_accessible_description(re.compile("No folder can have this name"))
    expect(name).to_be_focused()
    visit.shot("refused")
    fill_in(page, "Holiday", folder)
    expect(dialog).to_contain_text(f"The repository is “{folder / 'holiday'}”.")
    expect(name).not_to_have_attribute("aria-invalid", "true")
    dialog.get_by_text("Advanced").click()
    visit.shot("adding")
    page.keyboard.press("Escape")
    # The browser itself reports the two refusals in the console.
    assert [fault for fault in visit.faults[faults:] if "400" not in fault] == []
    assert len(visit.faults) == faults + 2
    del visit.faults[faults:]


def changes(visit: Visit) -> None:
    page = visit.page
    card(page, "Holiday").get_by_role("button", name="Edit Holiday").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("radio", name=re.compile("By year and month"))).to_be_checked()
    dialog.get_by_label("Name", exact=True).fill("Trips")
    dialog.get_by_role("radio", name=re.compile("All in one folder")).check()
    dialog.get_by_role("radio", name=re.compile("Use a random name")).check()
    visit.shot("editing")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(card(page, "Trips")).to_contain_text("All in one folder")
    expect(card(page, "Trips")).to_contain_text("Use a random name")
    expect(card(page, "Holiday")).to_have_count(0)


def scans(visit: Visit, folder: Path) -> None:
    """One new file is found; looking at all of them again finds nothing new but touches each."""
    page = visit.page
    trips = card(page, "Trips")
    state = trips.get_by_test_id("scan")
    picture(folder / "late.jpg", taken="2023:07:09 12:00:00", colour=(10, 90, 140))
    trips.get_by_role("button", name="Scan now: Trips").click()
    expect(state).to_contain_text("1 new · 0 changed · 0 gone", timeout=SETTLED_MS)
    expect(trips.get_by_test_id("repository-photos")).to_have_text("4 items", timeout=SETTLED_MS)
    again = trips.get_by_role("button", name="Look at every file again")
    expect(again).to_be_enabled()
    again.click()
    expect(state).to_contain_text("0 new · 4 changed · 0 gone", timeout=SETTLED_MS)

    trips.get_by_text("Earlier scans").click()
    runs = trips.get_by_test_id("scan-run")
    expect(runs).to_have_count(3)
    expect(runs.first).to_contain_text("asked for by ada")
    expect(runs.first).to_contain_text("Completed")
    expect(runs.last).to_contain_text("3 new")
    trips.scroll_into_view_if_needed()
    visit.shot("scanned")


def lets_go_and_gets_back(visit: Visit, folder: Path) -> None:
    page = visit.page
    trips = card(page, "Trips")
    trips.get_by_role("button", name="Remove Trips").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("All files stay in their folder")
    expect(dialog).to_contain_text("Its 4 items leave the timeline.")
    expect(dialog).to_contain_text("Add this folder again as one that has been a repository before")
    visit.shot("removing")
    dialog.get_by_role("button", name="Cancel").click()
    expect(trips).to_be_visible()
    trips.get_by_role("button", name="Remove Trips").click()
    dialog.get_by_role("button", name="Remove from library").click()
    expect(trips).to_have_count(0)
    expect(page.get_by_role("status").filter(has_text="its files stay")).to_be_visible()
    assert len(list(folder.glob("*.jpg"))) == 4

    add(page, "Holiday", folder.parent)
    expect(page.get_by_text("“Trips” is part of the library now.")).to_be_visible()
    expect(trips.get_by_test_id("repository-photos")).to_have_text("4 items")
    expect(trips).to_contain_text("All in one folder")
    page.get_by_role("link", name="Photos", exact=True).locator("visible=true").click()
    expect(page.locator("[data-testid=tile] img.shown")).to_have_count(4)
    page.get_by_role("link", name="Repositories", exact=True).locator("visible=true").click()
    trips.get_by_role("button", name="Remove Trips").click()
    dialog.get_by_role("button", name="Remove from library").click()
    expect(trips).to_have_count(0)


@pytest.mark.timeout(300)
def test_a_folder_that_is_taken_already(
    server: Server, admin: Api, visit: OpenPage, tmp_path: Path
) -> None:
    """The server's reason stands beside the field."""
    admin.ok("POST", "/repositories", {"name": "Taken", "root": str(tmp_path)})
    seen = visit(server.url, "desktop")
    page = sign_in(seen, "ada", "/repositories")
    expect(card(page, "Taken")).to_be_visible()
    page.get_by_role("button", name="Add repository").click()
    dialog = fill_in(page, "Taken", tmp_path)
    dialog.get_by_role("button", name="Add repository").click()
    expect(dialog.get_by_label("Parent folder on this machine")).to_have_accessible_description(
        re.compile("already a repository of the library")
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_a_repository_in_a_folder_of_another_name(
    server: Server, admin: Api, visit: OpenPage, tmp_path: Path, viewport: str
) -> None:
    """It is added by its path alone, and keeps its name."""
    name = f"Alps {viewport}"
    made = admin.ok("POST", "/repositories", {"name": name, "root": str(tmp_path)})["repository"]
    picture(Path(made["path"]) / "1.jpg")
    admin.ok("DELETE", f"/repositories/{made['id']}")
    folder = Path(made["path"]).rename(tmp_path / "Old disk")
    seen = visit(server.url, viewport)
    page = sign_in(seen, "ada", "/repositories")
    page.get_by_role("button", name="Add repository").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("The folder has been a repository before").check()
    field = dialog.get_by_label("Folder on this machine", exact=True)
    submit = dialog.get_by_role("button", name="Add repository")
    submit.click()
    expect(field).to_have_accessible_description(re.compile("full path of a folder"))
    field.fill(str(tmp_path))
    submit.click()
    expect(field).to_have_accessible_description(re.compile("is no repository"))
    seen.shot("by-path")
    field.fill(str(folder))
    submit.click()
    expect(dialog).to_be_hidden()
    expect(card(page, name)).to_contain_text("Old disk")
    expect(card(page, name).get_by_test_id("repository-photos")).to_have_text(
        "1 item", timeout=SETTLED_MS
    )


@pytest.mark.timeout(300)
def test_pictures_come_back_with_their_disk_on_everybody_s_page(
    server: Server, admin: Api, visit: OpenPage, tmp_path: Path
) -> None:
    """What a page could not load while the disk was away is there without a reload."""
    body = {"name": "Of Ben", "root": str(tmp_path)}
    repository = admin.ok("POST", "/repositories", body)["repository"]
    with client_of(server.url) as http:
        ben = http.login("ben")
        admin.ok("PATCH", f"/repositories/{repository['id']}", {"default_owner_id": ben.user_id})
        path = Path(repository["path"])
        picture(path / "1.jpg", colour=(10, 200, 90))
        admin.ok("POST", f"/repositories/{repository['id']}/scan")
        wait_until(lambda: ben.names(), what="the photo is listed")
        wait_until(lambda: _is_ready(ben), what="it has a preview")
        stream = Stream(ben)
    away = path.rename(path.with_name("away"))
    seen = visit(server.url, "desktop")
    failed: list[str] = []
    seen.page.on("response", lambda answer: failed.append(answer.url) if not answer.ok else None)
    page = sign_in(seen, "ben", "/photos")
    expect(page.get_by_test_id("tile")).to_have_count(1)
    # The page has given up.
    wait_until(lambda: page.wait_for_timeout(100) or len(failed) >= 4, what="four tries failed")
    wait_until(lambda: stream.data_of("repositories"), what="the server has noticed")
    stream.close()
    assert page.locator("[data-testid=tile] img.shown").count() == 0
    away.rename(path)
    expect(page.locator("[data-testid=tile] img.shown")).to_have_count(1)


def _is_ready(api: Api) -> bool:
    (item,) = api.page()["items"]
    return item["asset"]["processing"]["state"] == "complete"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_a_disk_that_goes_and_comes(
    server: Server, admin: Api, visit: OpenPage, tmp_path: Path, viewport: str
) -> None:
    """A repository whose folder is away says that nothing is lost, and heals when it is back."""
    body = {"name": f"Disk {viewport}", "root": str(tmp_path)}
    path = Path(admin.ok("POST", "/repositories", body)["repository"]["path"])
    seen = visit(server.url, viewport)
    page = sign_in(seen, "ada", "/repositories")
    disk = card(page, f"Disk {viewport}")
    expect(disk).to_have_attribute("data-status", "active")
    away = path.rename(path.with_name("away"))
    expect(disk).to_have_attribute("data-status", "offline")
    expect(disk).to_contain_text("Nothing is lost")
    for name in ("Scan now", "Look at every file again", "Edit"):
        expect(disk.get_by_role("button", name=re.compile(name))).to_be_disabled()
    disk.scroll_into_view_if_needed()
    seen.shot("offline")
    away.rename(path)
    disk.get_by_role("button", name="Look again").click()
    expect(disk).to_have_attribute("data-status", "active")
    expect(disk.get_by_role("button", name=re.compile("Scan now"))).to_be_enabled()
    seen.expect_calm()


@pytest.mark.timeout(300)
def test_scans_of_others_show_up(
    server: Server, admin: Api, visit: OpenPage, tmp_path: Path
) -> None:
    """What another administrator adds and scans is there without a reload, page after page."""
    seen = visit(server.url, "desktop")
    page = sign_in(seen, "ada", "/repositories")
    expect(card(page, "Home")).to_be_visible()
    body = {"name": "Shared", "root": str(tmp_path)}
    repository = admin.ok("POST", "/repositories", body)["repository"]
    shared = card(page, "Shared")
    expect(shared.get_by_test_id("scan")).to_contain_text("Not scanned yet")
    state = shared.get_by_test_id("scan")
    for number in range(12):
        picture(Path(repository["path"]) / f"{number}.jpg", colour=(20 * number, 90, 140))
        admin.ok("POST", f"/repositories/{repository['id']}/scan")
        expect(shared.get_by_test_id("repository-photos")).to_have_text(
            "1 item" if not number else f"{number + 1} items", timeout=SETTLED_MS
        )
    expect(state).to_contain_text("1 new")
    shared.get_by_text("Earlier scans").click()
    runs = shared.get_by_test_id("scan-run")
    expect(runs).to_have_count(10)
    shared.get_by_role("button", name="Show more").click()
    expect(runs).to_have_count(12)
    expect(shared.get_by_role("button", name="Show more")).to_have_count(0)
    admin.ok("POST", f"/repositories/{repository['id']}/scan")
    expect(runs).to_have_count(13)
    seen.expect_calm()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("address", ["/repositories", "/activity"])
def test_only_administrators_may(server: Server, visit: OpenPage, address: str) -> None:
    """Others are told so, ask the server for nothing, and see no way there."""
    seen = visit(server.url, "phone")
    asked = []
    seen.page.on("request", lambda request: asked.append(request.url))
    page = sign_in(seen, "ben", address)
    expect(page.get_by_text("This page is for administrators")).to_be_visible()
    expect(page.get_by_role("link", name="Repositories")).to_have_count(0)
    expect(page.get_by_role("link", name="Activity")).to_have_count(0)
    assert not [url for url in asked if "/api/v1/repositories" in url or "/admin/" in url]
    seen.shot(f"no{address.replace('/', '-')}", dark=False)
    seen.expect_calm()
