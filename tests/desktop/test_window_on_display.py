"""The window for real: `lumilio` on a virtual display paints the client and closes in order."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import ImageGrab

from lumilio.api.server import WEB_ROOT
from tests.conftest import Running
from tests.support.contract import ROOT

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs a virtual X display"),
    pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is not installed"),
    pytest.mark.skipif(not (WEB_ROOT / "index.html").is_file(), reason="web client is not built"),
]

PAINT_SECONDS = 90


@pytest.fixture
def display() -> Iterator[str]:
    """A virtual display of its own, as the value of DISPLAY."""
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1300x900x24", "-nolisten", "tcp"],
        pass_fds=[writer],
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as number:
        yield f":{number.readline().strip()}"
    server.terminate()
    server.wait(10)


def colours(display: str) -> int:
    with ImageGrab.grab(xdisplay=display) as picture:
        found = picture.convert("RGB").getcolors(1 << 24)
    return len(found or [])


def wait_for_client(display: str) -> None:
    """An empty window has a handful of colours, the client's picture has thousands."""
    deadline = time.monotonic() + PAINT_SECONDS
    while colours(display) < 500:
        assert time.monotonic() < deadline, "the window stayed empty"
        time.sleep(0.5)


def test_the_window_shows_the_client_keeps_its_storage_and_closes_in_order(
    display: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    environment = os.environ | {"DISPLAY": display, "LUMILIO_PORT": "0"}
    environment.pop("WAYLAND_DISPLAY", None)
    program = subprocess.Popen(
        [sys.executable, "-m", "lumilio", "--home", str(home)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert program.stdout is not None
        assert program.stdout.readline().startswith("Lumilio is ready at http://localhost:")
        wait_for_client(display)
        program.send_signal(signal.SIGTERM)
        assert program.wait(30) == 0
    finally:
        program.kill()
        program.wait()
        assert program.stdout is not None
        program.stdout.close()
    assert (home / "webview" / "Local Storage").is_dir()
    assert not (home / "lumilio.url").exists()


@pytest.mark.timeout(300)
def test_who_signed_in_in_the_window_is_signed_in_at_the_next_start(
    display: str, running: Running, tmp_path: Path
) -> None:
    running.api.register("ada").create_primary()
    url = running.url.replace("127.0.0.1", "localhost")
    environment = os.environ | {"DISPLAY": display}
    environment.pop("WAYLAND_DISPLAY", None)

    def visit() -> str:
        command = [sys.executable, "-m", "tests.desktop.visitor", url, str(tmp_path / "storage")]
        visitor = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, cwd=ROOT
        )
        assert visitor.returncode == 0, visitor.stderr
        # Where pywebview or our page broke the policy, the console says so.
        assert "Content Security Policy" not in visitor.stderr
        return visitor.stdout.strip()

    assert visit() == "Account: ada typed"
    assert visit() == "Account: ada remembered"


def test_a_grab_of_an_empty_display_has_one_colour(display: str) -> None:
    assert colours(display) == 1
