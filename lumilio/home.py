"""The home folder of an installation: where its files lie, and the lock that one process holds."""

import errno
import os
from pathlib import Path
from typing import IO

from lumilio.errors import LumilioError

_HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)


class AlreadyRunning(LumilioError):
    """Another process works in this home."""

    title = "Lumilio is already running"

    def __init__(self, url: str | None) -> None:
        super().__init__(f"Lumilio is already running{f' at {url}' if url else ''}")
        self.url = url


class Home:
    """Paths of one installation."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = root / "lumilio.db"
        self.queue = root / "queue.db"
        self.root_key = root / "secrets" / "root_key"
        self.backups = root / "backups"
        self.logs = root / "logs"
        self.temp = root / "temp"
        self.webview = root / "webview"
        self.lock = root / "lumilio.lock"
        self.address = root / "lumilio.url"

    def create(self) -> None:
        """Make the folder, closed to other accounts. Raises LumilioError."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise LumilioError(
                f"The folder {self.root} cannot be created: {error.strerror}"
            ) from error

    def running_url(self) -> str | None:
        """The address of the process that works in this home, None when there is none."""
        if not self.root.is_dir():
            return None
        lock = HomeLock(self)
        try:
            lock.acquire()
        except AlreadyRunning as running:
            return running.url
        lock.release()
        return None


class HomeLock:
    """An exclusive lock that the system drops when its process ends, however it ends."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._file: IO[bytes] | None = None

    def acquire(self) -> None:
        """Take the lock; raises AlreadyRunning with the address of its holder."""
        try:
            file = open(self._home.lock, "ab")  # noqa: SIM115 - held until release
        except OSError as error:
            raise LumilioError(f"{self._home.lock} cannot be opened: {error.strerror}") from error
        try:
            _lock(file)
        except OSError as error:
            file.close()
            if error.errno in _HELD:
                raise AlreadyRunning(self._read_address()) from error
            raise LumilioError(f"{self._home.lock} cannot be locked: {error.strerror}") from error
        # A holder that was killed left its address behind.
        self._home.address.unlink(missing_ok=True)
        self._file = file

    def announce(self, url: str) -> None:
        """Tell other programs of this account where to reach the holder."""
        self._home.address.write_text(url, encoding="utf-8")

    def release(self) -> None:
        """Let others in."""
        if self._file is not None:
            self._home.address.unlink(missing_ok=True)
            self._file.close()
            self._file = None

    def _read_address(self) -> str | None:
        try:
            return self._home.address.read_text(encoding="utf-8").strip() or None
        except OSError:
            return None


if os.name == "nt":  # pragma: no cover - exercised on Windows only
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
