"""The page of the jobs: live figures, reasons of failures, and the levers."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accounts import client_of, sign_in, stored_file
from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support.api import Api
from tests.support.photos import jpeg
from tests.support.waiting import wait_until

MakeServer = Callable[[], Server]
OpenPage = Callable[..., Visit]

SETTLED_MS = 60_000


class Hall(Api):
    """The administrator's client of a library, and where its files lie."""

    repository: dict[str, str]

    def processing(self, asset_id: str) -> dict[str, str]:
        return dict(self.ok("GET", f"/assets/{asset_id}")["processing"])

    def state(self, asset_id: str) -> str:
        return self.processing(asset_id)["state"]


@pytest.fixture
def server(make_server: MakeServer) -> Server:
    """A server with an empty library for each test, as jobs of others would show up."""
    return make_server()


@pytest.fixture
def hall(server: Server) -> Iterator[Hall]:
    with client_of(server.url) as api:
        hall = Hall(api.http, api.register("ada").session)
        hall.repository = hall.create_primary(name="Home")
        yield hall


def queue(page: Page, name: str) -> Locator:
    return page.locator(f"[data-testid=queue][data-queue={name}]")


def now(page: Page) -> Locator:
    return page.get_by_test_id("jobs-now")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_a_corrupt_picture(server: Server, hall: Hall, visit: OpenPage, viewport: str) -> None:
    """It shows up with its reason while the page is open, and goes once it can be read."""
    seen = visit(server.url, viewport)
    page = sign_in(seen, "ada", "/activity")
    expect(now(page)).to_contain_text("All caught up")
    expect(page.get_by_text("No work has been recorded yet")).to_be_visible()
    asset_id = hall.uploaded("broken.jpg", b"\xff\xd8\xff this is no picture")["asset_id"]

    previews = queue(page, "thumbnail_asset")
    expect(previews).to_contain_text("1 job needs attention", timeout=SETTLED_MS)
    expect(now(page)).to_contain_text("1 job failed")
    expect(previews).to_contain_text("Previews and details")
    expect(queue(page, "ingest_asset")).to_contain_text("1 of 1 done")
    expect(queue(page, "ingest_asset")).to_contain_text(re.compile(r"Takes [\d.,]+ m?s on average"))
    previews.get_by_text("1 job needs attention").click()
    fault = previews.get_by_test_id("job-fault")
    expect(fault).to_have_attribute("data-state", "discarded")
    expect(fault).to_contain_text("after 1 attempt")
    expect(fault.locator("code")).to_contain_text("not a picture")
    fault.scroll_into_view_if_needed()
    seen.shot("failed")

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    fault.get_by_role("button", name=re.compile("Copy the reason")).click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == fault.locator("code").text_content()
    fault.get_by_role("link", name="Show photo").click()
    expect(page).to_have_url(f"{server.url}/photos/{asset_id}")
    expect(page.get_by_text("no preview could be made")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Activity", exact=True).locator("visible=true").click()

    previews.get_by_text("1 job needs attention").click()
    before = hall.processing(asset_id)
    fault.get_by_role("button", name=re.compile("Try job")).click()
    wait_until(
        lambda: (after := hall.processing(asset_id)) != before and after["state"] == "failed"
    )
    stored_file(hall.repository, "broken.jpg").write_bytes(jpeg(1))
    expect(fault).to_have_attribute("data-state", "discarded")
    fault.get_by_role("button", name=re.compile("Try job")).click()
    expect(previews).to_contain_text("1 of 1 done", timeout=SETTLED_MS)
    expect(fault).to_have_count(0)
    expect(now(page)).to_contain_text("All caught up")
    assert hall.state(asset_id) == "complete"
    seen.expect_calm()


@pytest.mark.timeout(300)
def test_all_failed_at_once(server: Server, hall: Hall, visit: OpenPage) -> None:
    """More failures than are listed go with one press."""
    count = 22
    names = [f"{number}.jpg" for number in range(count)]
    for name in names:
        hall.uploaded(name, b"\xff\xd8\xff" + name.encode())
    seen = visit(server.url, "desktop")
    page = sign_in(seen, "ada", "/activity")
    previews = queue(page, "thumbnail_asset")
    expect(previews).to_contain_text(f"{count} jobs need attention", timeout=SETTLED_MS)
    previews.get_by_text(f"{count} jobs need attention").click()
    expect(previews.get_by_test_id("job-fault")).to_have_count(20)
    expect(previews).to_contain_text("2 more are not listed.")
    for shade, name in enumerate(names):
        stored_file(hall.repository, name).write_bytes(jpeg(shade))
    previews.get_by_role("button", name="Try all failed again").click()
    expect(previews).to_contain_text(f"{count} of {count} done", timeout=SETTLED_MS)
    expect(now(page)).to_contain_text("All caught up")
    seen.expect_calm()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_pause_and_go_on(server: Server, hall: Hall, visit: OpenPage, viewport: str) -> None:
    """A queue without jobs can be paused; what comes waits until it goes on."""
    seen = visit(server.url, viewport)
    page = sign_in(seen, "ada", "/activity")
    page.get_by_text("kinds of work without jobs").click()
    page.get_by_role("button", name="Pause: Previews and details").click()
    previews = queue(page, "thumbnail_asset")
    expect(previews).to_contain_text("Paused")
    for shade in range(3):
        hall.uploaded(f"{shade}.jpg", jpeg(shade))
    expect(previews).to_contain_text("3 waiting", timeout=SETTLED_MS)
    expect(now(page)).to_contain_text("3 jobs wait behind a pause")
    page.locator("main").evaluate("node => node.scrollTo(0, 0)")
    seen.shot("paused")
    page.reload()
    expect(previews).to_contain_text("Paused")
    page.get_by_role("button", name="Go on: Previews and details").click()
    expect(previews).to_contain_text("3 of 3 done", timeout=SETTLED_MS)
    expect(previews).not_to_contain_text("Paused")
    expect(now(page)).to_contain_text("All caught up")
    seen.shot("gone-on")
    seen.expect_calm()


@pytest.mark.timeout(300)
def test_a_job_that_waits_for_another_attempt(server: Server, hall: Hall, visit: OpenPage) -> None:
    """It is cancelled, says so, and completes after all once its obstacle is gone."""
    inbox = Path(hall.repository["path"]) / "inbox"
    away = inbox.rename(inbox.with_name("away"))
    inbox.write_text("in the way")
    seen = visit(server.url, "desktop")
    page = sign_in(seen, "ada", "/activity")
    asset_id = hall.uploaded("late.jpg", jpeg(1))["asset_id"]
    uploads = queue(page, "ingest_asset")
    uploads.get_by_text("1 job needs attention").click(timeout=SETTLED_MS)
    fault = uploads.get_by_test_id("job-fault")
    expect(fault).to_contain_text("Will be tried again")
    # After the third attempt it waits for a minute and more.
    expect(fault).to_contain_text("attempt 3 of 5", timeout=SETTLED_MS)
    seen.shot("retryable")
    fault.get_by_role("button", name=re.compile("Cancel job")).click()
    expect(fault).to_have_attribute("data-state", "cancelled")
    expect(fault.locator("code")).to_contain_text("Cancelled by an administrator")
    expect(uploads.get_by_role("button", name="Try all failed again")).to_have_count(0)
    assert hall.state(asset_id) == "failed"

    inbox.unlink()
    away.rename(inbox)
    fault.get_by_role("button", name=re.compile("Try job")).click()
    expect(uploads).to_contain_text("1 of 1 done", timeout=SETTLED_MS)
    wait_until(lambda: hall.state(asset_id) == "complete")
    seen.expect_calm()


@pytest.mark.timeout(300)
def test_a_refusal_is_shown(server: Server, hall: Hall, visit: OpenPage) -> None:
    """A job that somebody else has retried meanwhile is not retried twice, and the reason is said."""
    hall.uploaded("broken.jpg", b"\xff\xd8\xff this is no picture")
    seen = visit(server.url, "desktop")
    page = sign_in(seen, "ada", "/activity")
    previews = queue(page, "thumbnail_asset")
    previews.get_by_text("1 job needs attention").click(timeout=SETTLED_MS)
    hall.ok("POST", "/admin/river/queues/thumbnail_asset/pause")
    page.route("**/queue-summary?*", lambda route: route.abort())
    (sample,) = summary_of(hall, "thumbnail_asset")["error_samples"]
    hall.ok("POST", f"/admin/river/jobs/{sample['job_id']}/retry")
    previews.get_by_role("button", name=re.compile("Try job")).click()
    expect(previews.get_by_role("alert")).to_contain_text("only a failed or cancelled one")


def summary_of(hall: Hall, name: str) -> dict[str, list[dict[str, int]]]:
    queues = hall.ok("GET", "/admin/river/queue-summary")["queues"]
    (found,) = [queue for queue in queues if queue["name"] == name]
    return dict(found)
