"""A pywebview window with storage that outlives the program."""

import importlib.util
import os
import signal
import sys
from pathlib import Path

TITLE = "Lumilio"


def missing_display() -> str | None:
    """Why no window can be shown here, None when one can."""
    if importlib.util.find_spec("webview") is None:
        return "pywebview is not installed"
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return "there is no display"
    return None


def open_window(url: str, storage: Path) -> None:
    """Show the client until the window is closed; sign-ins are kept in `storage`."""
    import webview

    storage.mkdir(parents=True, exist_ok=True)
    if sys.platform.startswith("linux") and os.geteuid() == 0:
        # Chromium refuses to sandbox the superuser's processes and would show nothing.
        os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")
    # Unless text can be selected, pywebview adds a style that the policy of our pages refuses.
    window = webview.create_window(
        TITLE, url, width=1280, height=860, min_size=(360, 480), text_select=True
    )
    # Whoever ends the program from outside closes the window, so that everything stops in order.
    signal.signal(signal.SIGTERM, lambda number, frame: window and window.destroy())
    on_linux = sys.platform.startswith("linux")
    webview.start(gui="qt" if on_linux else None, private_mode=False, storage_path=str(storage))
