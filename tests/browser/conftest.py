"""A server with an empty library, and the system's Chromium to walk through the client with."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from lumilio.api.server import WEB_ROOT
from tests.browser.accounts import client_of, household
from tests.browser.server import Server
from tests.browser.visits import Visit, watch
from tests.support.api import Api

CHROMIUM = Path("/usr/bin/chromium")
# The sandbox needs rights that containers lack; the rest keeps Chromium from calling home.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A wheel turn is over when it is over.
    "--disable-smooth-scrolling",
    # A name that is not this machine's, as other devices on the network use.
    "--host-resolver-rules=MAP photos.test 127.0.0.1",
]
# Patient, because decoding and the browser share the machine with other work.
WAIT_MS = 30_000
VIEWPORTS = {"desktop": (1440, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def make_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Servers with empty libraries and settings of their own, all stopped at the end."""
    if not (WEB_ROOT / "index.html").is_file():
        pytest.skip("the web client is not built (python3 build web)")
    servers: list[Server] = []

    def make(**settings: object) -> Server:
        server = Server(tmp_path_factory.mktemp("home"), **settings)
        servers.append(server)
        server.start()
        return server

    yield make
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(
    browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Visit]]:
    """Open a page of a server as a new visitor."""
    folder = Path(os.environ.get("LUMILIO_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    contexts: list[BrowserContext] = []

    def open_page(url: str, viewport: str) -> Visit:
        width, height = VIEWPORTS[viewport]
        phone = viewport == "phone"
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale="en-GB",
            timezone_id="Europe/Berlin",
            has_touch=phone,
            is_mobile=phone,
            color_scheme="light",
        )
        contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        # Playwright answers the choosers of inputs only; the page uses those where it has no other.
        context.add_init_script("delete window.showOpenFilePicker")
        name = re.sub(r"\W+", "-", request.node.originalname.removeprefix("test_"))
        visit = Visit(context, context.new_page(), url, folder, f"{name}-{viewport}")
        watch(visit)
        return visit

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def server(make_server: Callable[..., Server]) -> Server:
    """A library with an administrator and a user; modules with other wants have their own."""
    return household(make_server())


@pytest.fixture
def admin(server: Server) -> Iterator[Api]:
    """The administrator's client beside the browser."""
    with client_of(server.url) as api:
        yield api.login("ada")
