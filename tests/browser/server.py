"""The real server as a process of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
STOP_SECONDS = 30


class Server:
    """`lumilio serve` as a process, which can be stopped and started again."""

    def __init__(self, home: Path, **settings: object) -> None:
        self.home = home
        # Scans that run by themselves would be news in tests of everything else.
        quiet = {"scan_enabled": False, "watch_folders": False}
        self._environment = {
            f"LUMILIO_{name.upper()}": str(value).lower()
            for name, value in (quiet | settings).items()
        }
        self.url = ""
        self._process: subprocess.Popen[str] | None = None
        self._lines: Queue[str] = Queue()

    def start(self) -> None:
        """Start it and wait for its ready line; a second start takes the port of the first."""
        port = urlsplit(self.url).port or 0
        command = [sys.executable, "-m", "lumilio", "serve", "--port", str(port)]
        self._process = subprocess.Popen(
            [*command, "--home", str(self.home)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **self._environment, "PYTHONUNBUFFERED": "1"},
        )
        self._lines = Queue()
        Thread(target=self._read, args=(self._process, self._lines), daemon=True).start()
        seen = []
        try:
            while True:
                line = self.next_line()
                seen.append(line)
                if found := re.search(r"https?://\S+", line):
                    self.url = found.group().rstrip("/")
                    return
        except Empty:
            self.stop()
            pytest.fail("The server did not become ready:\n" + "".join(seen))

    def next_line(self) -> str:
        """What it prints next; raises Empty when that takes too long."""
        return self._lines.get(timeout=START_SECONDS)

    def stop(self) -> None:
        """Ask it to end; kill it only if it does not."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @staticmethod
    def _read(process: subprocess.Popen[str], lines: "Queue[str]") -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                lines.put(line)
