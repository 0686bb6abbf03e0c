"""The upload manager with a real browser: folders, duplicates, chunks, pauses, restarts, reloads."""

import base64
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.pictures import drop_files, jpeg_bytes, picture
from tests.browser.server import Server
from tests.browser.visits import Visit
from tests.support.api import Api

pytestmark = pytest.mark.timeout(300)

MakeServer = Callable[..., Server]
OpenPage = Callable[..., Visit]

CHUNK = 64 << 10
PATIENT_MS = 60_000


@pytest.fixture(scope="module")
def server(make_server: MakeServer, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server whose library is set up, with the accounts ada (administrator) and bob."""
    server = make_server(allowed_hosts="photos.test")
    with httpx2.Client(base_url=server.url) as http:
        ada = Api(http).register("ada")
        root = str(tmp_path_factory.mktemp("library"))
        ada.ok("POST", "/repositories", {"name": "Home", "role": "primary", "root": root})
        Api(http).register("bob")
    return server


@pytest.fixture
def ada(server: Server) -> Iterator[Api]:
    """The administrator over HTTP."""
    with httpx2.Client(base_url=server.url) as http:
        yield Api(http).login("ada")


def enter(visit: Visit, name: str) -> None:
    """Open the upload page as that account."""
    page = visit.page
    page.goto(f"{visit.url}/login")
    with httpx2.Client(base_url=visit.url.replace("photos.test", "localhost")) as http:
        session = Api(http).login(name).session
    page.evaluate(
        """([access, refresh]) => {
          localStorage.setItem('lumilio.token', access);
          localStorage.setItem('lumilio.refreshToken', refresh);
        }""",
        [session["token"], session["refreshToken"]],
    )
    page.goto(f"{visit.url}/upload")
    expect(page.get_by_role("heading", name="Add photos")).to_be_visible()


@pytest.fixture
def upload(server: Server, visit: OpenPage) -> Visit:
    """The upload page as ada on a wide screen."""
    seen = visit(server.url, "desktop")
    enter(seen, "ada")
    return seen


class Traffic:
    """Counts what the page sends, and holds chunks back when told to."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.whole = 0
        self.chunks = 0
        # So many more chunks may pass.
        self.passing = 1 << 30
        self._held: list[Route] = []
        page.route(
            "**/api/v1/assets/batch/config",
            lambda route: route.fulfill(
                json={
                    "chunk_size": CHUNK,
                    "max_concurrent": 2,
                    "memory_buffer": 1 << 20,
                    "merge_concurrency": 1,
                    "max_in_flight_requests": 3,
                }
            ),
        )
        page.route("**/api/v1/assets/batch", self._chunk)
        page.route("**/api/v1/assets", self._whole)

    def wait_for_held(self, count: int) -> None:
        """Wait until so many chunks are held back, which others before them have passed."""
        for _ in range(PATIENT_MS // 20):
            if len(self._held) >= count:
                return
            # Unlike a plain sleep, this lets the routes do their work.
            self._page.wait_for_timeout(20)
        pytest.fail(f"only {len(self._held)} chunks came to be held")

    def release(self) -> None:
        """Let everything pass from now on."""
        self.passing = 1 << 30
        held, self._held = self._held, []
        for route in held:
            self._chunk(route)

    def forget(self) -> None:
        """The page that sent what is held is gone."""
        self._held.clear()
        self.passing = 1 << 30
        self.whole = self.chunks = 0

    def _whole(self, route: Route) -> None:
        self.whole += 1
        route.continue_()

    def _chunk(self, route: Route) -> None:
        if self.passing <= 0:
            self._held.append(route)
            return
        self.passing -= 1
        self.chunks += 1
        route.continue_()


def rows(page: Page, state: str | None = None) -> Locator:
    """The rows of the list, all or those in one state."""
    suffix = f"[data-state={state}]" if state else ""
    return page.locator(f"[data-testid=upload-row]{suffix}")


def row(page: Page, name: str) -> Locator:
    return rows(page).filter(has_text=name)


def arrived(page: Page, name: str) -> None:
    """Wait until a file is in the library."""
    expect(row(page, name)).to_have_attribute(
        "data-state", re.compile("added|processing"), timeout=PATIENT_MS
    )


def large(path: Path, chunks: int, shade: int = 0) -> Path:
    """A photo that takes so many chunks: bytes after the end of a JPEG do not matter to it."""
    image = jpeg_bytes((320, 200), shade)
    path.write_bytes(image + os.urandom(CHUNK * chunks - len(image) - 100))
    return path


def original(api: Api, page: Page, name: str) -> bytes:
    """What the library has of an uploaded file."""
    href = row(page, name).get_by_role("link").last.get_attribute("href") or ""
    asset_id = href.rsplit("/", 1)[-1]
    token = api.ok("GET", "/auth/media-token")["token"]
    return api.get(f"/assets/{asset_id}/original", params={"mt": token}).content


def drag_folder(page: Page, folder: Path) -> None:
    """Drag a folder from the desktop onto the page and let it go."""
    devtools = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 500, "y": 400, "data": data})
    devtools.detach()


def test_a_folder_is_dropped_on_another_page(upload: Visit, tmp_path: Path) -> None:
    """Everything in it comes along, in order; what is no photo is counted and named on request."""
    page = upload.page
    trip = tmp_path / "Trip"
    (trip / "Day 1").mkdir(parents=True)
    for index in range(115):
        (trip / "Day 1" / f"img{index}.jpg").write_bytes(jpeg_bytes((64, 48), index))
    (trip / "cover.jpg").write_bytes(jpeg_bytes((64, 48), 900))
    (trip / "notes.txt").write_text("not a photo")
    (trip / ".hidden.jpg").write_bytes(b"")
    page.get_by_role("link", name="Settings", exact=True).locator("visible=true").click()
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    drag_folder(page, trip)
    expect(page.get_by_text("116 files are being added")).to_be_visible()
    page.get_by_test_id("upload-pill").click()
    summary = page.get_by_test_id("upload-summary")
    expect(summary).to_have_text("116 files finished", timeout=PATIENT_MS)
    expect(rows(page)).to_have_count(100)
    page.get_by_role("button", name="Show more").click()
    expect(rows(page)).to_have_count(116)
    expect(rows(page).filter(has_text="Trip/Day 1/img2.jpg")).to_have_count(1)
    transfers = page.get_by_role("region", name="Transfers")
    expect(transfers.get_by_text("1 file in the folder is no photo")).to_be_visible()
    upload.shot("folder")
    expect(page.get_by_text("Trip/notes.txt")).to_be_hidden()
    page.get_by_text("Show names").click()
    expect(page.get_by_text("Trip/notes.txt")).to_be_visible()
    upload.expect_calm()


@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_duplicates_are_named_and_not_sent(
    server: Server, visit: OpenPage, tmp_path: Path, viewport: str
) -> None:
    seen = visit(server.url, viewport)
    enter(seen, "ada")
    page = seen.page
    traffic = Traffic(page)
    shade = 40 if viewport == "desktop" else 80
    first = picture(tmp_path / f"first-{viewport}.jpg", colour=(shade, 120, 30))
    page.get_by_test_id("pick-files").set_input_files(first)
    arrived(page, first.name)
    assert traffic.whole == 1

    again = tmp_path / f"again-{viewport}.jpg"
    again.write_bytes(first.read_bytes())
    empty = tmp_path / "empty.jpg"
    empty.touch()
    page.get_by_test_id("pick-files").set_input_files([again, empty])
    duplicate = row(page, again.name)
    expect(duplicate).to_contain_text(f"Already in your library as {first.name}")
    expect(row(page, "empty.jpg")).to_have_attribute("data-state", "failed")
    expect(row(page, "empty.jpg")).to_contain_text("The file is empty")
    # The first one, and the empty one that was refused.
    assert (traffic.whole, traffic.chunks) == (2, 0)
    seen.shot("results")
    page.get_by_role("button", name=re.compile("Already there")).click()
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="All").click()

    page.get_by_role("button", name="Try empty.jpg again").click()
    expect(row(page, "empty.jpg")).to_have_attribute("data-state", "failed")
    assert traffic.whole == 3
    duplicate.get_by_role("link", name=first.name, exact=True).click()
    expect(page.get_by_test_id("viewer")).to_contain_text(first.name)


def test_a_large_file_goes_in_chunks(upload: Visit, ada: Api, tmp_path: Path) -> None:
    page = upload.page
    traffic = Traffic(page)
    file = large(tmp_path / "chunked.jpg", 7)
    page.get_by_test_id("pick-files").set_input_files(file)
    arrived(page, "chunked.jpg")
    assert (traffic.whole, traffic.chunks) == (0, 7)
    assert original(ada, page, "chunked.jpg") == file.read_bytes()
    upload.expect_calm()


def test_the_server_restarts_in_the_middle(
    upload: Visit, server: Server, ada: Api, tmp_path: Path
) -> None:
    """The upload waits, says so, and goes on by itself with what is missing."""
    page = upload.page
    traffic = Traffic(page)
    traffic.passing = 3
    file = large(tmp_path / "restart.jpg", 8)
    page.get_by_test_id("pick-files").set_input_files(file)
    traffic.wait_for_held(2)
    server.stop()
    traffic.release()
    expect(row(page, "restart.jpg")).to_contain_text("Connection lost")
    upload.shot("stalled")
    before = traffic.chunks
    server.start()
    arrived(page, "restart.jpg")
    assert before > 3
    assert original(ada, page, "restart.jpg") == file.read_bytes()


@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_pause_and_resume(server: Server, visit: OpenPage, tmp_path: Path, viewport: str) -> None:
    """One file alone, then all; after it only what is missing is sent."""
    seen = visit(server.url, viewport)
    enter(seen, "ada")
    page = seen.page
    traffic = Traffic(page)
    traffic.passing = 4
    files = [large(tmp_path / f"pause{i}-{viewport}.jpg", 6, i) for i in range(2)]
    names = [file.name for file in files]
    page.get_by_test_id("pick-files").set_input_files(files)
    traffic.wait_for_held(3)
    seen.shot("sending")
    page.get_by_role("button", name=f"Pause {names[0]}").click()
    expect(row(page, names[0])).to_have_attribute("data-state", "paused")
    expect(row(page, names[1])).to_have_attribute("data-state", "sending")
    page.get_by_role("button", name="Pause all").click()
    expect(rows(page, "paused")).to_have_count(2)
    expect(page.get_by_test_id("upload-summary")).to_contain_text("Paused")
    seen.shot("paused")
    traffic.forget()
    page.get_by_role("button", name=f"Resume {names[0]}").click()
    arrived(page, names[0])
    expect(row(page, names[1])).to_have_attribute("data-state", "paused")
    page.get_by_role("button", name="Resume all").click()
    arrived(page, names[1])
    assert traffic.chunks == 2 * 6 - 4


def unfinished(page: Page) -> Locator:
    return page.get_by_test_id("leftovers")


@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_reload_in_the_middle_and_choose_again(
    server: Server, visit: OpenPage, ada: Api, tmp_path: Path, viewport: str
) -> None:
    """The browser warns; afterwards the files are known again and only missing chunks are sent."""
    seen = visit(server.url, viewport)
    enter(seen, "ada")
    page = seen.page
    traffic = Traffic(page)
    traffic.passing = 2
    file = large(tmp_path / f"reload-{viewport}.jpg", 6)
    other = large(tmp_path / f"other-{viewport}.jpg", 2)
    page.get_by_test_id("pick-files").set_input_files(file)
    traffic.wait_for_held(2)
    page.get_by_test_id("pick-files").set_input_files(other)
    traffic.wait_for_held(3)
    leave_and_return(page, 2)
    traffic.forget()

    expect(unfinished(page)).to_contain_text("2 files are unfinished")
    page.get_by_text("Unfinished files", exact=True).click()
    expect(unfinished(page)).to_contain_text(file.name)
    seen.shot("unfinished")
    page.get_by_test_id("left-pick-files").set_input_files(file)
    arrived(page, file.name)
    assert original(ada, page, file.name) == file.read_bytes()
    assert traffic.chunks == 4
    expect(unfinished(page)).to_contain_text("1 file is unfinished")
    drop_files(page, "main", [other])()
    # Dropped by the test it has a time of its own, so it is another file.
    arrived(page, other.name)
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("button", name="Keep")).to_be_focused()
    seen.shot("discard")
    page.get_by_role("button", name="Forget").click()
    expect(unfinished(page)).to_be_hidden()
    page.reload()
    expect(page.get_by_role("heading", name="Add photos")).to_be_visible()
    expect(unfinished(page)).to_be_hidden()


def leave_and_return(page: Page, files: int) -> None:
    """Reload although the browser asks whether one really wants to leave."""
    asked = []

    def answer(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        dialog.accept()  # type: ignore[attr-defined]

    wait_for_memory(page, files)
    page.mouse.click(5, 5)
    page.once("dialog", answer)
    page.reload()
    assert asked == ["beforeunload"]
    expect(page.get_by_role("heading", name="Add photos")).to_be_visible()


def wait_for_memory(page: Page, files: int) -> None:
    """Wait until so many unfinished files are remembered, each with its session."""
    for _ in range(PATIENT_MS // 20):
        # It is a promise that `wait_for_function` would take for true.
        if page.evaluate(REMEMBERED) == files:
            return
        page.wait_for_timeout(20)
    pytest.fail(f"{files} files are not remembered")


REMEMBERED = """() => new Promise((resolve) => {
    const opening = indexedDB.open('lumilio-uploads');
    opening.onsuccess = () => {
        const asking = opening.result.transaction('files').objectStore('files').getAll();
        asking.onsuccess = () => {
            opening.result.close();
            resolve(asking.result.filter((file) => file.session).length);
        };
    };
})"""

# A picker whose handles are real ones, of a file in the browser's own storage.
PICKER = """() => {
    window.showOpenFilePicker = async () => {
        const root = await navigator.storage.getDirectory();
        return [await root.getFileHandle('handle.jpg')];
    };
}"""


def test_reload_with_a_handle_goes_on_by_itself(upload: Visit, ada: Api, tmp_path: Path) -> None:
    """Without a warning and without choosing again, where the browser lets the page read the file."""
    page = upload.page
    traffic = Traffic(page)
    traffic.passing = 2
    content = large(tmp_path / "handle.jpg", 5).read_bytes()
    page.evaluate(
        """async (text) => {
          const root = await navigator.storage.getDirectory();
          const handle = await root.getFileHandle('handle.jpg', { create: true });
          const out = await handle.createWritable();
          await out.write(Uint8Array.from(atob(text), char => char.charCodeAt(0)));
          await out.close();
        }""",
        base64.b64encode(content).decode(),
    )
    page.evaluate(f"({PICKER})()")
    page.get_by_role("button", name="Choose files").click()
    traffic.wait_for_held(2)
    wait_for_memory(page, 1)
    page.on("dialog", lambda dialog: pytest.fail(f"asked: {dialog.type}"))
    page.reload()
    traffic.forget()
    arrived(page, "handle.jpg")
    assert traffic.chunks == 3
    assert original(ada, page, "handle.jpg") == content


def test_accounts_do_not_see_each_others_leftovers(upload: Visit, tmp_path: Path) -> None:
    page = upload.page
    traffic = Traffic(page)
    traffic.passing = 1
    page.get_by_test_id("pick-files").set_input_files(large(tmp_path / "private.jpg", 4))
    traffic.wait_for_held(2)
    wait_for_memory(page, 1)
    page.get_by_role("link", name="Settings", exact=True).locator("visible=true").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{upload.url}/login")
    traffic.forget()
    enter(upload, "bob")
    mine = picture(tmp_path / "bob.jpg", colour=(7, 7, 200))
    page.get_by_test_id("pick-files").set_input_files(mine)
    arrived(page, "bob.jpg")
    expect(unfinished(page)).to_be_hidden()
    expect(page.get_by_text("private.jpg")).to_be_hidden()
    enter(upload, "ada")
    expect(unfinished(page)).to_contain_text("1 file is unfinished")
    expect(row(page, "bob.jpg")).to_have_count(0)
    page.get_by_test_id("left-pick-files").set_input_files(tmp_path / "private.jpg")
    arrived(page, "private.jpg")
    assert traffic.chunks == 3


def test_another_open_page_is_no_leftover(server: Server, upload: Visit, tmp_path: Path) -> None:
    """A second page of the same account does not offer what the first is busy with."""
    page = upload.page
    traffic = Traffic(page)
    traffic.passing = 1
    page.get_by_test_id("pick-files").set_input_files(large(tmp_path / "busy.jpg", 3))
    traffic.wait_for_held(2)
    wait_for_memory(page, 1)
    second = upload.context.new_page()
    second.goto(f"{server.url}/upload")
    expect(second.get_by_role("heading", name="Add photos")).to_be_visible()
    second.wait_for_timeout(800)
    expect(unfinished(second)).to_be_hidden()
    second.close()
    traffic.release()
    arrived(page, "busy.jpg")


def test_administrators_choose_the_repository(upload: Visit, ada: Api, tmp_path: Path) -> None:
    page = upload.page
    name = "Archive"
    made = ada.ok("POST", "/repositories", {"name": name, "root": str(tmp_path / "archive-root")})
    page.reload()
    page.get_by_label("Add to").select_option(label=name)
    upload.shot("target")
    page.get_by_test_id("pick-files").set_input_files(
        picture(tmp_path / "filed.jpg", colour=(200, 10, 10))
    )
    arrived(page, "filed.jpg")
    Traffic(page)
    page.get_by_test_id("pick-files").set_input_files(large(tmp_path / "filed-large.jpg", 2))
    arrived(page, "filed-large.jpg")
    for file in ("filed.jpg", "filed-large.jpg"):
        href = row(page, file).get_by_role("link").last.get_attribute("href") or ""
        asset = ada.ok("GET", f"/assets/{href.rsplit('/', 1)[-1]}")
        assert asset["repository_id"] == made["repository"]["id"]


def test_a_pasted_picture_is_added(upload: Visit) -> None:
    page = upload.page
    page.evaluate(
        """(text) => {
          const bytes = Uint8Array.from(atob(text), char => char.charCodeAt(0));
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([bytes], 'image.jpg', { type: 'image/jpeg' }));
          document.body.dispatchEvent(
            new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
        }""",
        base64.b64encode(jpeg_bytes((70, 70), 4321)).decode(),
    )
    arrived(page, "Pasted 20")


def test_a_cancelled_file_leaves_nothing_on_the_server(
    upload: Visit, ada: Api, tmp_path: Path
) -> None:
    """The chunks that are there are dropped, and sending it after all begins anew."""
    page = upload.page
    traffic = Traffic(page)
    traffic.passing = 2
    file = large(tmp_path / "regretted.jpg", 5, 77)
    page.get_by_test_id("pick-files").set_input_files(file)
    traffic.wait_for_held(2)

    def sessions() -> list[str]:
        return [s["session_id"] for s in ada.ok("GET", "/assets/batch/progress")["sessions"]]

    (begun,) = sessions()
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as dropped:
        row(page, "regretted.jpg").get_by_role("button", name="Cancel").click()
    assert dropped.value.status == 200
    assert sessions() == []
    traffic.forget()
    row(page, "regretted.jpg").get_by_role("button", name="Try regretted.jpg again").click()
    arrived(page, "regretted.jpg")
    assert traffic.chunks == 5
    assert original(ada, page, "regretted.jpg") == file.read_bytes()
    assert begun not in sessions()


def test_thousands_of_files_stay_a_short_list(upload: Visit, ada: Api) -> None:
    """Five thousand files at once: few rows, and every one of them counted."""
    page = upload.page
    page.route("**/api/v1/assets", lambda route: None)
    page.evaluate(
        """() => {
          const dataTransfer = new DataTransfer();
          for (let i = 0; i < 5000; i++)
            dataTransfer.items.add(new File([`not a picture ${i}`], `${i}.jpg`));
          document.querySelector('main').dispatchEvent(
            new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
        }"""
    )
    expect(page.get_by_test_id("upload-summary")).to_contain_text("of 5,000 files")
    expect(rows(page, "sending")).to_have_count(3)
    assert rows(page).count() == 100
    expect(page.get_by_text("4,900 more files")).to_be_visible()
    page.get_by_role("button", name="Cancel all").click()
    expect(page.get_by_test_id("upload-summary")).to_have_text("Nothing added")
    expect(page.get_by_role("link", name="See photos")).to_be_hidden()


def test_a_page_over_plain_http_lacks_nothing(
    server: Server, visit: OpenPage, tmp_path: Path
) -> None:
    """From another machine without TLS, browsers withhold much of what is there on localhost."""
    seen = visit(server.url.replace("localhost", "photos.test"), "desktop")
    enter(seen, "ada")
    page = seen.page
    assert page.evaluate("[isSecureContext, crypto.randomUUID]") == [False, None]
    traffic = Traffic(page)
    file = large(tmp_path / "remote.jpg", 3)
    page.get_by_test_id("pick-files").set_input_files(file)
    arrived(page, "remote.jpg")
    again = tmp_path / "remote-again.jpg"
    again.write_bytes(file.read_bytes())
    page.get_by_test_id("pick-files").set_input_files(again)
    expect(row(page, "remote-again.jpg")).to_contain_text("Already in your library as remote.jpg")
    assert traffic.chunks == 3
    seen.expect_calm()
