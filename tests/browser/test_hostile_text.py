"""Text that wants to be a program, in every place that people or files can fill."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accounts import client_of, sign_in
from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support.api import Api
from tests.support.photos import jpeg
from tests.support.waiting import wait_until

OpenPage = Callable[..., Visit]

# The visit complains about every request to another host.
HOSTILE = "<img src=//evil.test/x onerror=hacked=1>"
NAME = f"{HOSTILE}.jpg".replace("/", "∕")
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg"><script>hacked=1</script></svg>'


class House(Api):
    """The administrator's client, and assets with hostile text."""

    photo: str
    drawing: str


@pytest.fixture(scope="module")
def house(
    make_server: Callable[[], Server], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, House]]:
    root = str(tmp_path_factory.mktemp("library"))
    server = make_server()
    with client_of(server.url) as api:
        house = House(api.http, api.register("ada").session)
        repository = house.create_primary(name="Home", root=root)
        content = jpeg(1, model=HOSTILE, lens=HOSTILE, taken="2024:05:02 10:00:00")
        house.photo = house.uploaded(NAME, content)["asset_id"]
        house.drawing = house.uploaded("drawing.svg", DRAWING)["asset_id"]
        wait_until(lambda: _settled(house), what="all is read")
        typed = {"title": HOSTILE, "description": HOSTILE, "camera_model": HOSTILE}
        house.ok("PUT", f"/assets/{house.photo}", {"specific_metadata": typed})
        house.ok("PATCH", "/users/me/profile", {"display_name": HOSTILE})
        house.ok("PATCH", f"/repositories/{repository['id']}", {"name": HOSTILE})
        house.ok("PATCH", "/settings/system", {"llm": {"model_name": HOSTILE}})
        yield server, house


def _settled(api: Api) -> bool:
    states = {item["asset"]["processing"]["state"] for item in api.page().get("items", [])}
    return states <= {"complete", "warning", "failed"}


def _harmless(page: Page) -> None:
    assert page.evaluate("typeof hacked") == "undefined"
    assert page.locator("img[src*='evil.test'], [onerror]").count() == 0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_hostile_text_is_shown_and_never_run(
    house: tuple[Server, House], visit: OpenPage, viewport: str
) -> None:
    """Names, titles, cameras and models are words on every page."""
    server, api = house
    seen = visit(server.url, viewport)
    page = sign_in(seen, "ada", "/photos")
    expect(page.get_by_role("button", name=f"Account: {HOSTILE}")).to_be_visible()
    seen.shot("photos", dark=False)
    _harmless(page)

    page.goto(f"{server.url}/photos/{api.photo}")
    page.get_by_role("button", name="Information").click()
    info = page.get_by_test_id("info")
    expect(info.get_by_label("Title")).to_have_value(HOSTILE)
    expect(info.get_by_label("Description")).to_have_value(HOSTILE)
    expect(info).to_contain_text(HOSTILE)
    seen.shot("info", dark=False)
    _harmless(page)

    for path in ("/users", "/repositories"):
        page.goto(f"{server.url}{path}")
        expect(page.get_by_role("main")).to_contain_text(HOSTILE)
        seen.shot(path.strip("/"), dark=False)
        _harmless(page)
    for path, label in (("/account", "Display name"), ("/settings", "Model")):
        page.goto(f"{server.url}{path}")
        expect(page.get_by_label(label, exact=True)).to_have_value(HOSTILE)
        seen.shot(path.strip("/"), dark=False)
        _harmless(page)
    seen.expect_calm()


def test_a_drawing_with_a_script_is_saved(house: tuple[Server, House], visit: OpenPage) -> None:
    server, api = house
    seen = visit(server.url, "desktop")
    page = sign_in(seen, "ada", "/photos")
    address = f"/api/v1/assets/{api.drawing}/original?mt={api.media_token()}"
    with page.expect_download() as download:
        page.evaluate("address => { location.href = address }", address)
    assert Path(download.value.path()).read_bytes() == DRAWING
    _harmless(page)
