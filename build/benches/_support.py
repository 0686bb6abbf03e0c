"""Shared by the benches: a real server on its own home, a lean client, tables.

The server is the installed program in a process of its own, reached over HTTP as a user's browser
would reach it.
"""

import http.client
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import apsw
from _processes import MARK

ROOT = Path(__file__).resolve().parents[2]
IMPORT = (sys.executable, "-m", "lumilio", "import")
REMAINING = ("available", "scheduled", "running", "retryable")
READY_SECONDS = 60
STOP_SECONDS = 30
PAGE = 100

_READY = re.compile(r"Lumilio is ready at (\S+)")


class Unreachable(Exception):
    """The server broke a connection off or did not answer at all."""


class Refused(Exception):
    """The server answered with an error; the text is its message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


ACCOUNT = {"username": "bench", "password": "Only4thisBench"}


@dataclass
class Client:
    """Calls operations over HTTP with as little work of its own as possible.

    Signs in again when its session has ended.
    """

    url: str
    token: str = ""

    def call(self, method: str, path: str, content: object = None) -> Any:
        """The JSON answer of an operation; raises Refused and Unreachable."""
        body = b"" if content is None else json.dumps(content).encode()
        return self._answer(method, path, [body], len(body), "application/json")

    def upload(self, file: Path, repository_id: str = "") -> Any:
        """Send one file by POST /assets; raises Refused and Unreachable."""
        with file.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            return self._send("/assets", "file", file.name, stream, size, repository_id)

    def send_chunk(self, field: str, name: str, chunk: bytes, repository_id: str = "") -> Any:
        """Send one chunk by POST /assets/batch; raises Refused and Unreachable."""
        answer = self._send("/assets/batch", field, name, chunk, len(chunk), repository_id)
        (result,) = answer["results"]
        if not result["success"]:
            raise Refused(200, result["error"])
        return result

    def _send(
        self, path: str, field: str, name: str, content: Any, size: int, repository_id: str
    ) -> Any:
        boundary = secrets.token_hex(16)
        head = (
            f'--{boundary}\r\ncontent-disposition: form-data; name="repository_id"\r\n\r\n'
            f'{repository_id}\r\n--{boundary}\r\ncontent-disposition: form-data; name="{field}";'
            f' filename="{name}"\r\ncontent-type: application/octet-stream\r\n\r\n'
        ).encode()
        tail = f"\r\n--{boundary}--\r\n".encode()
        length = len(head) + size + len(tail)
        kind = f"multipart/form-data; boundary={boundary}"
        return self._answer("POST", path, [head, content, tail], length, kind)

    def assets(self) -> list[dict[str, Any]]:
        """Every asset of the library, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            page = {"limit": PAGE, "offset": len(found)}
            wanted = {"pagination": page, "sort_by": "recently_added", "stack_mode": "expanded"}
            answer = self.call("POST", "/assets/list", wanted)
            found += [item["asset"] for item in answer.get("items", [])]
            if len(found) >= answer["total_assets"] or not answer.get("items"):
                return found

    def remaining(self) -> dict[str, int]:
        """How many jobs are not finished, by state."""
        counts = self.call("GET", "/admin/river/stats")
        return {state: counts[state] for state in REMAINING if counts[state]}

    def wait_until_idle(self, seconds: float, *, every: float = 0.25) -> dict[str, int]:
        """Wait until no job is left or nothing has moved for `seconds`; returns what is left."""
        left, moved = self.remaining(), time.monotonic()
        while left and time.monotonic() - moved < seconds:
            time.sleep(every)
            now = self.remaining()
            moved = moved if now == left else time.monotonic()
            left = now
        return left

    def sign_in(self) -> None:
        """Get a token; raises Refused and Unreachable."""
        body = json.dumps(ACCOUNT).encode()
        self.token = self._once("POST", "/auth/login", [body], len(body), "application/json")[
            "token"
        ]

    def _answer(self, method: str, path: str, parts: Sequence[Any], length: int, kind: str) -> Any:
        try:
            return self._once(method, path, parts, length, kind)
        except Refused as error:
            if error.status != 401 or not self.token:
                raise
        self.sign_in()
        for part in parts:
            if not isinstance(part, bytes):
                part.seek(0)
        return self._once(method, path, parts, length, kind)

    def _once(self, method: str, path: str, parts: Sequence[Any], length: int, kind: str) -> Any:
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(
            "127.0.0.1", address.port, timeout=120, blocksize=1 << 20
        )
        try:
            connection.putrequest(method, f"/api/v1{path}")
            for name, value in (
                ("content-type", kind),
                ("content-length", str(length)),
                ("authorization", f"Bearer {self.token}"),
            ):
                connection.putheader(name, value)
            connection.endheaders()
            # Who is refused early may find the connection closed before the last byte is sent.
            with suppress(BrokenPipeError, ConnectionResetError):
                for part in parts:
                    connection.send(part)
            answer = connection.getresponse()
            status, content = answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(f"{method} {path}: {error or type(error).__name__}") from error
        finally:
            connection.close()
        if status >= 400:
            raise Refused(status, str(content.get("message") or content.get("error")))
        return content


@dataclass
class Server:
    """`lumilio serve` on a home; `start` after `kill` or `stop` goes on with the same home.

    It stays in the bench's session: Linux shares processors out by session first.
    """

    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    # What else its environment holds.
    variables: dict[str, str] = field(default_factory=dict)
    client: Client = field(default_factory=lambda: Client(""))
    process: subprocess.Popen[str] | None = None
    mark: str = ""

    def start(self) -> None:
        """Start the program and wait until it says that it is ready."""
        self.mark = secrets.token_hex(8)
        log = self.home.with_name(f"{self.home.name}.log").open("a")
        with log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lumilio", "serve", "--home", str(self.home), "--port=0"],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment(self.mark, self.settings) | self.variables,
                cwd=self.home.parent,
            )
        watchdog = threading.Timer(READY_SECONDS, self.process.kill)
        watchdog.start()
        assert self.process.stdout is not None
        ready = _READY.search(self.process.stdout.readline())
        watchdog.cancel()
        if ready is None:
            self.kill()
            raise RuntimeError(f"The server did not start; see {log.name}")
        self.client.url = ready[1]

    def set_up(self) -> str:
        """Create the owner's account and the primary repository; returns the repository's id."""
        session = self.client.call("POST", "/auth/register/start", ACCOUNT)
        self.client.token = session["token"]
        wanted = {"name": "Primary", "role": "primary"}
        return str(self.client.call("POST", "/repositories", wanted)["repository"]["id"])

    @property
    def is_running(self) -> bool:
        """Whether the main process is there."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """End the main process as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self._reap()

    def stop(self) -> None:
        """Ask the program to end, and wait for it."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._reap()

    def _reap(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.wait()
        self.process.stdout.close()


@contextmanager
def serving(home: Path, **settings: str) -> Iterator[tuple[Server, str]]:
    """A server on a fresh home with an account, and the id of its primary repository."""
    server = Server(home, settings)
    server.start()
    try:
        yield server, server.set_up()
    finally:
        server.stop()


def environment(mark: str, settings: dict[str, str]) -> dict[str, str]:
    """The environment without a user's own settings, with the bench's and a mark to find it by."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LUMILIO_")}
    # A long drill must not end because its token did, and every scan is the bench's own.
    usual = {"access_token_minutes": "600", "scan_enabled": "false", "watch_folders": "false"}
    chosen = usual | settings
    return kept | {MARK: mark} | {f"LUMILIO_{n.upper()}": value for n, value in chosen.items()}


def rows(home: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the library's database, read past the program."""
    database = apsw.Connection(str(home / "lumilio.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return list(database.execute(sql))
    finally:
        database.close()


def megabytes(size: int) -> str:
    """A size as people read it."""
    return f"{size / 1e6:.0f} MB" if size else "not known here"


def print_table(lines: Sequence[Sequence[object]]) -> None:
    """Print lines of cells in aligned columns, the first line as heading."""
    texts = [[str(cell) for cell in line] for line in lines]
    widths = [max(len(cell) for cell in column) for column in zip(*texts, strict=True)]
    for number, line in enumerate(texts):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("─" * width for width in widths))


def verdict(broken: Sequence[str]) -> int:
    """Print the broken promises; returns the exit status."""
    for promise in broken:
        print(f"BROKEN: {promise}")
    if not broken:
        print("Every promise is kept.")
    return 1 if broken else 0
