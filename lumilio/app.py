"""The composition root: the one place where the parts are created, wired, started and stopped.

Start: settings → home → keys → database → decoders → jobs → watching → HTTP. Stop: the same in
reverse, each step with a time limit, written out in `App.stop`.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable

import uvicorn
from msgspec import structs

from lumilio.api import server
from lumilio.api.addresses import network_urls
from lumilio.db import Database, migrate
from lumilio.errors import LumilioError
from lumilio.home import Home, HomeLock
from lumilio.library import exports, keys, placing, repositories, setup_codes, system_settings
from lumilio.library.context import Clock, Context, utc_now
from lumilio.media.pool import DecodePool
from lumilio.media.transcoder import Transcoder
from lumilio.pipeline.dispatch import Dispatcher
from lumilio.pipeline.tasks import tasks
from lumilio.pipeline.watching import Watcher
from lumilio.settings import ALL_ADDRESSES, Settings

log = logging.getLogger(__name__)

STOP_SECONDS = 10.0
# It has nothing to finish, and a dead network share may hold it up for ever.
WATCHER_STOP_SECONDS = 1.0
_THIS_MACHINE = ("127.0.0.1", ALL_ADDRESSES, "::")


class CannotListen(LumilioError):
    """The port is taken or the address is not ours."""

    title = "Lumilio cannot listen on this address"


class App:
    """A running Lumilio: everything but the window."""

    def __init__(self, settings: Settings, *, clock: Clock = utc_now) -> None:
        self.settings = settings
        self.home = Home(settings.home_path)
        self.home.create()
        self._lock = HomeLock(self.home)
        self._lock.acquire()
        try:
            self._database = Database(self.home.database)
        except BaseException:
            self._lock.release()
            raise
        try:
            self._wire(clock)
        except BaseException:
            self._database.close()
            self._lock.release()
            raise

    def _wire(self, clock: Clock) -> None:
        migrate(self._database, self.home.backups)
        with self._database.read() as db:
            lan = self.settings.lan or system_settings.read(db).lan_enabled
        settings = self.settings = structs.replace(self.settings, lan=lan)
        root_keys = keys.load_or_create(self.home.root_key)
        self.ctx = Context(self._database, clock, settings, root_keys)
        if not settings.storage_root:
            # What stands elsewhere may be a disk that is away; nothing is made in its place.
            settings.storage_path.mkdir(exist_ok=True)
        self.setup_code = setup_codes.renew(self.ctx)
        repositories.repair_folders(self.ctx)
        placing.delete_abandoned(self.ctx)
        exports.delete_leftovers(self.ctx)
        self._pool = DecodePool(
            settings.decoders,
            timeout_s=settings.decode_timeout_seconds,
            memory_limit_bytes=settings.decode_memory_mb << 20,
        )
        self._transcoder = Transcoder()
        stopping = threading.Event()
        work = tasks(self._pool, settings.decoders, self._transcoder, stopping)
        self._dispatcher = Dispatcher(self.ctx, work, self.home.queue, stopping)
        self._watcher = Watcher(self.ctx)
        self._application = server.build(self.ctx, self._pool)
        self.network_urls: list[str] = []
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Start working and listening; returns the address to open. Raises CannotListen."""
        host = self.settings.listening_host
        listener = _listen(host, self.settings.port)
        self._dispatcher.start()
        self._watcher.start()
        self._server, self._thread = _serve(self._application, listener)
        port = listener.getsockname()[1]
        url = _url(host, port)
        self.network_urls = network_urls(self.settings, port)
        self._lock.announce(url)
        return url

    def stop(self) -> None:
        """Take no more requests, finish what runs, leave; what is unfinished goes on next time."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._application.state.feed.close()
            self._thread.join(STOP_SECONDS)
        self._watcher.stop(WATCHER_STOP_SECONDS)
        self._dispatcher.request_stop()
        # A conversion may have hours to go; it begins anew next time.
        self._transcoder.close()
        self._dispatcher.stop(STOP_SECONDS)
        self._pool.close()
        self.ctx.db.close()
        self._lock.release()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches Nagle's delay off, which costs 45 ms an answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name != "nt":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if host == "::":
        # Windows would otherwise leave IPv4 out.
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise CannotListen(
            f"Cannot listen on {host}:{port}: {error.strerror}", cause=str(error)
        ) from error
    listener.listen(128)
    return listener


def _serve(
    application: Callable[..., object], listener: socket.socket
) -> tuple[uvicorn.Server, threading.Thread]:
    config = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        # Nobody in between is trusted to say who is calling.
        proxy_headers=False,
        timeout_graceful_shutdown=int(STOP_SECONDS / 2),
    )
    server_ = uvicorn.Server(config)
    thread = threading.Thread(
        target=server_.run, kwargs={"sockets": [listener]}, name="http", daemon=True
    )
    thread.start()
    return server_, thread


def _url(host: str, port: int) -> str:
    shown = "localhost" if host in _THIS_MACHINE else host
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
