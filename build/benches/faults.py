"""Kill the server again and again in the middle of an import: nothing may be lost or doubled.

Each round has a fresh home and 200 files, some corrupt. They come in by upload, by a scan in place
or by `lumilio import`; at a random moment the main process gets SIGKILL, the program is started
anew on the same home, and clients send again what was not acknowledged. Then everything is counted.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import _library_check
from _pictures import small_files
from _support import (
    Refused,
    Server,
    Unreachable,
    environment,
    marked_processes,
    print_table,
    verdict,
)

PARALLEL_UPLOADS = 4
# Longer than the second delay before a repeated attempt; what waits longer counts as stuck.
STUCK_SECONDS = 40
DECODERS_GONE_SECONDS = 10


@dataclass
class Drill:
    """One round: its home, its files, and what the server has acknowledged so far."""

    server: Server
    repository_id: str
    files: list[Path]
    corrupt: set[Path]
    acknowledged: dict[Path, str] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    @property
    def repository(self) -> Path:
        """The folder of the primary repository."""
        return self.server.home / "storage" / "primary"


class Way(Protocol):
    """A way into the library: `begin` starts it, `again` ends what the kill has left undone."""

    def begin(self, drill: Drill) -> None: ...
    def again(self, drill: Drill) -> None: ...


class Uploads:
    """Four clients send files; whatever was not acknowledged is sent again."""

    def begin(self, drill: Drill) -> None:
        with ThreadPoolExecutor(PARALLEL_UPLOADS) as pool:
            list(pool.map(lambda file: self._send(drill, file), drill.files))

    def again(self, drill: Drill) -> None:
        self.begin(drill)

    def _send(self, drill: Drill, file: Path) -> None:
        if file not in drill.acknowledged:
            with suppress(Unreachable):
                receipt = drill.server.client.upload(file, drill.repository_id)
                drill.acknowledged[file] = receipt["asset_id"]


class Scan:
    """One scan of files that lie in the repository; an acknowledged one goes on by itself."""

    def begin(self, drill: Drill) -> None:
        folder = drill.repository / "Photos"
        if not folder.exists():
            shutil.copytree(drill.files[0].parent, folder)
        if not drill.acknowledged:
            with suppress(Unreachable):
                path = f"/repositories/{drill.repository_id}/scan"
                drill.server.client.call("POST", path, {})
                drill.acknowledged = dict.fromkeys(drill.files, "")

    def again(self, drill: Drill) -> None:
        self.begin(drill)


class CommandLine:
    """`lumilio import` through the running server, repeated after the kill."""

    def begin(self, drill: Drill) -> None:
        home = ["--home", str(drill.server.home)]
        paths = [str(drill.files[0].parent)]
        subprocess.run(
            [sys.executable, "-m", "lumilio", "import", *paths, *home],
            env=environment("", {}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )

    def again(self, drill: Drill) -> None:
        self.begin(drill)
        drill.acknowledged = dict.fromkeys(drill.files, "")


class PrivateServer(CommandLine):
    """`lumilio import` without a server: the kill hits the command itself."""

    def begin(self, drill: Drill) -> None:
        ...


WAYS: dict[str, Way] = {"upload": Uploads(), "scan": Scan(), "import": CommandLine()}
