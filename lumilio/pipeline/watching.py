"""Repositories looked after by themselves: scanned regularly, and as soon as something changes.

Every registered repository has a guard, a thread of its own, so that a dead network share holds up
nobody else. It tells when the folder goes away or comes back, queues the periodic scans, and
compares the folders in which something changed. All of it runs on the monotonic clock: changing the
time of day neither stops nor hurries it.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue

import psutil
import watchfiles
from watchfiles import Change

from lumilio.errors import LumilioError
from lumilio.library import discoveries, repositories, scans
from lumilio.library.context import Context
from lumilio.library.repositories import StoredRepository
from lumilio.pipeline import changes, scan
from lumilio.pipeline.changes import Changes
from lumilio.pipeline.compare import Stopped

log = logging.getLogger(__name__)

CHECK_SECONDS = 10.0
_REGISTERED_SECONDS = 60.0
_LONGEST_STEP_SECONDS = 1.0
_WATCH_STEP_MS = 100
_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "webdav", "9p"}

Monotonic = Callable[[], float]


class Watcher:
    """Gives every registered repository its guard, until stopped."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._guards: dict[tuple[int, str], Guard] = {}
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="watcher", daemon=True)
        # The library it uses tells of every batch of changes.
        logging.getLogger("watchfiles").setLevel(logging.WARNING)
        ctx.db.subscribe(repositories.TOPIC, self._wake.set)

    def start(self) -> None:
        """Begin to look after all repositories."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """End within `seconds`; what has not been looked at is found by the scan at the start."""
        deadline = time.monotonic() + seconds
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        for guard in self._guards.values():
            guard.request_stop()
        for guard in self._guards.values():
            guard.wait_stopped(max(deadline - time.monotonic(), 0.0))

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._follow_registrations()
            except Exception:
                log.exception("looking for repositories failed; trying again")
            self._wake.wait(_REGISTERED_SECONDS)

    def _follow_registrations(self) -> None:
        with self._ctx.db.read() as db:
            registered = {(found.key, found.path): found for found in repositories.registered(db)}
        for identity in self._guards.keys() - registered.keys():
            self._guards.pop(identity).request_stop()
        for identity in registered.keys() - self._guards.keys():
            self._guards[identity] = Guard(self._ctx, registered[identity])
            self._guards[identity].start()


class Guard:
    """Looks after one repository."""

    def __init__(
        self, ctx: Context, repository: StoredRepository, monotonic: Monotonic = time.monotonic
    ) -> None:
        settings = ctx.settings
        self._ctx = ctx
        self._repository = repository
        self._monotonic = monotonic
        self._changes = Changes(settings.scan_settle_seconds)
        self._stopping = threading.Event()
        self._is_online: bool | None = None
        self._place: tuple[int, int] | None = None
        self._next_check = self._next_scan = self._next_watch = monotonic()
        self._watch: Watch | None = None
        self._last_complaint = ""
        self._pause = min(_LONGEST_STEP_SECONDS, max(settings.scan_settle_seconds / 5, 0.05))
        name = f"guard-{repository.key}"
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    def start(self) -> None:
        """Begin in a thread of its own."""
        self._thread.start()

    def request_stop(self) -> None:
        """End as soon as possible."""
        self._stopping.set()

    def wait_stopped(self, seconds: float) -> None:
        """Wait for the end, for at most `seconds`."""
        self._thread.join(seconds)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                self.step()
            except Stopped:
                break
            except LumilioError as error:
                # The disk went away or the repository was unregistered; the next step notices.
                log.debug("repository %s: %s", self._repository.name, error)
            except Exception:
                if not self._stopping.is_set():
                    log.exception("repository %s cannot be looked after", self._repository.name)
            self._stopping.wait(self._pause)
        self._unwatch()

    def step(self) -> None:
        """Do what is due now."""
        now = self._monotonic()
        if now >= self._next_check:
            self._next_check = now + CHECK_SECONDS
            self._check()
        if not self._is_online:
            return
        self._keep_watching(now)
        if self._watch is not None and not self._watch.is_settled:
            # Whatever changes after the scan must not escape the watch.
            return
        if self._ctx.settings.scan_enabled and now >= self._next_scan:
            self._next_scan = now + self._ctx.settings.scan_interval_seconds
            scans.queue_periodic(self._ctx, self._repository.key)
        self._look_at_changes(now)

    def _check(self) -> None:
        """Notice when the folder has gone away, has come back or has become another one."""
        place = _place_of(self._repository)
        is_online = place is not None
        if is_online and place != self._place:
            self._unwatch()
            self._next_scan = self._next_watch = self._monotonic()
        if not is_online:
            self._unwatch()
        self._place = place
        was_online, self._is_online = self._is_online, is_online
        if was_online is not None and was_online != is_online:
            words = "is back" if is_online else "is not reachable"
            log.info("repository %s %s", self._repository.name, words)
            repositories.announce(self._ctx)

    def _keep_watching(self, now: float) -> None:
        if not self._ctx.settings.watch_folders or now < self._next_watch:
            return
        if self._watch is not None and self._watch.is_over:
            self._complain(self._watch.error)
            was_watching = self._watch.was_watching
            self._unwatch()
            if was_watching:
                # Something may have been missed.
                self._changes.flood(now)
            self._next_watch = now + self._ctx.settings.scan_interval_seconds
        elif self._watch is None:
            if kind := _network_share(self._repository.layout.root):
                self._complain(f"it lies on a network share ({kind})")
                self._next_watch = now + self._ctx.settings.scan_interval_seconds
            else:
                self._watch = Watch(self._repository.layout.root)

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        self._changes.forget()

    def _complain(self, reason: str) -> None:
        if reason != self._last_complaint:
            log.warning(
                "repository %s cannot be watched, changes are found by its periodic scans: %s",
                self._repository.name,
                reason,
            )
        self._last_complaint = reason

    def _look_at_changes(self, now: float) -> None:
        if self._watch is not None:
            self._watch.pass_on(self._changes, now)
        key = self._repository.key
        if self._changes.is_flood_over(now) and scans.queue_periodic(self._ctx, key):
            self._changes.forget()
        # One at a time: what a scan under way has passed already is looked at after it.
        if self._changes.is_empty or scans.is_running(self._ctx, key):
            return
        if not (settled := self._changes.take(now)):
            return
        root = self._repository.layout.root
        with self._ctx.db.read() as db:
            # One that changed its path or name is looked at as it is now.
            repository = repositories.by_key(db, key)
            was_folder = [
                path
                for path, kinds in settled.items()
                if Change.deleted in kinds and discoveries.knows_below(db, key, path)
            ]
        touched = changes.regions(root, settled, was_folder)
        deferred = scan.look_again(
            self._ctx, repository, touched, self._changes.unsettled, self._stopping
        )
        self._changes.note([(Change.modified, path) for path in deferred], now)


class Watch:
    """Collects the changes below a folder until stopped or failed."""

    def __init__(self, root: Path) -> None:
        self.error = ""
        self._root = os.path.realpath(root)
        self._found: SimpleQueue[set[tuple[Change, str]]] = SimpleQueue()
        self._is_watching = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="watch", daemon=True)
        self._thread.start()

    @property
    def was_watching(self) -> bool:
        """Whether it has got as far as watching."""
        return self._is_watching.is_set()

    @property
    def is_settled(self) -> bool:
        """Whether it is watching or will not be."""
        return self.was_watching or self.is_over

    @property
    def is_over(self) -> bool:
        """Whether it has ended by itself, for the reason in `error`."""
        return not self._thread.is_alive()

    def pass_on(self, changes: Changes, now: float) -> None:
        """Hand over what has changed since the last time."""
        while True:
            try:
                found = self._found.get_nowait()
            except Empty:
                return
            start = len(self._root.rstrip(os.sep)) + 1
            changes.note(
                [(change, path[start:].replace(os.sep, "/")) for change, path in found], now
            )

    def stop(self) -> None:
        """End soon; does not wait for it."""
        self._stopping.set()

    def _loop(self) -> None:
        # The library stops all threads while it goes through the folders, which may take minutes
        # on a slow disk. What has just been read is in the system's memory and takes no time.
        for _ in os.walk(self._root):
            if self._stopping.is_set():
                return
        try:
            for found in watchfiles.watch(
                self._root,
                # Filtered later: while everything is filtered out here, nothing would come back.
                watch_filter=None,
                stop_event=self._stopping,
                step=_WATCH_STEP_MS,
                debounce=1000,
                rust_timeout=2 * _WATCH_STEP_MS,
                yield_on_timeout=True,
                force_polling=False,
                ignore_permission_denied=True,
            ):
                self._is_watching.set()
                if found:
                    self._found.put(found)
        except (OSError, RuntimeError) as error:
            self.error = str(error)


def _place_of(repository: StoredRepository) -> tuple[int, int] | None:
    """What the folder is on its device, so that another disk in its place is noticed."""
    if not repository.is_online:
        return None
    try:
        status = repository.layout.root.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _network_share(folder: Path) -> str | None:
    """The kind of network file system that a folder lies on, if it does."""
    path = os.path.realpath(folder)
    kind, longest = "", -1
    for partition in psutil.disk_partitions(all=True):
        mount = partition.mountpoint.rstrip(os.sep)
        if (path == mount or path.startswith(mount + os.sep)) and len(mount) >= longest:
            kind, longest = partition.fstype, len(mount)
    is_remote = kind in _NETWORK_FILE_SYSTEMS or kind == "fuse.sshfs"
    return kind if is_remote else None
