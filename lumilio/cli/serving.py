"""Serving: the server until a signal, or the window over it."""

import json
import logging
import logging.handlers
import signal
import sys
import threading
from types import FrameType

from lumilio import desktop
from lumilio.api import openapi, server
from lumilio.app import App
from lumilio.home import AlreadyRunning, Home
from lumilio.settings import Settings

log = logging.getLogger(__name__)

_LOG_BYTES = 10_000_000


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; prints one line with the address when ready.

    Where other machines are let in, a line for each address tells how they find it. While there is
    no account, another line has the code that lets another machine create it.
    """
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    app = App(settings)
    log_to_file(app.home)
    try:
        url = app.start()
        print(f"Lumilio is ready at {url}", flush=True)
        for address in app.network_urls:
            print(f"On the network it is {address}", flush=True)
        if app.setup_code is not None:
            print(f"To set it up from another machine: setup code {app.setup_code}", flush=True)
        # Waiting in slices lets Windows deliver the signals, too.
        while not stopping.wait(1):
            pass
    finally:
        app.stop()


def open_app(settings: Settings) -> None:
    """Open the window, or serve and say so where there is no display."""
    reason = desktop.missing_display()
    if reason is not None:
        print(f"No window: {reason}. Serving instead; open the address in a browser.", flush=True)
        serve(settings)
        return
    try:
        app = App(settings)
    except AlreadyRunning as running:
        if running.url is None:
            raise
        desktop.open_window(running.url, Home(settings.home_path).webview)
        return
    log_to_file(app.home)
    try:
        url = app.start()
        print(f"Lumilio is ready at {url}", flush=True)
        desktop.open_window(url, app.home.webview)
    finally:
        app.stop()


def print_openapi() -> None:
    """Write the OpenAPI document to standard output."""
    json.dump(openapi.document(server.ROUTERS), sys.stdout, indent=2)
    print()


def configure_logging(settings: Settings) -> None:
    """Warnings to standard error, everything from the chosen level to a file in the home."""
    root = logging.getLogger()
    root.setLevel(settings.log_level.upper())
    logging.getLogger("huey").setLevel(logging.WARNING)
    console = logging.StreamHandler()
    console.setLevel(logging.WARNING)
    console.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root.addHandler(console)


def log_to_file(home: Home) -> None:
    """Keep a log in the home, of bounded size."""
    home.logs.mkdir(exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        home.logs / "lumilio.log", maxBytes=_LOG_BYTES, backupCount=3, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
