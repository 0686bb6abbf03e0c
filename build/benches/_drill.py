"""One round of the `faults` drill: its server, its files, what was acknowledged, and its fault."""

import random
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from _support import Refused, Server, Unreachable
from blake3 import blake3

T = TypeVar("T")

# How the server tells that it is broken itself, which no fault excuses.
_CRASH = "went wrong inside Lumilio"


class Fault:
    """Something bad that happens at a moment and is over some time later.

    `prepare` comes before the server's first start, `clear` after its end in any case.
    """

    name: ClassVar[str] = "none"
    # With which statuses the server may refuse requests meanwhile.
    refusals: ClassVar[frozenset[int]] = frozenset()
    longest_s: ClassVar[float] = 3.0

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.breaks_connections = False
        self.variant = ""

    @classmethod
    def missing(cls) -> str:
        """Why this machine cannot drill it, "" when it can."""
        return ""

    def prepare(self, drill: "Drill") -> None:
        """Set up what the fault needs."""

    def strike(self, drill: "Drill") -> None:
        """Let it happen."""

    def heal(self, drill: "Drill") -> None:
        """Let it be over."""

    def clear(self) -> None:
        """Leave nothing behind."""


@dataclass
class Drill:
    """One round: its home, its files, what was acknowledged, and what is wrong at the end."""

    server: Server
    files: list[Path]
    corrupt: set[Path]
    fault: Fault
    repository_id: str = ""
    acknowledged: dict[Path, str] = field(default_factory=dict)
    chunks: dict[Path, set[int]] = field(default_factory=dict)
    command: subprocess.Popen[str] | None = None
    strikes: list[str] = field(default_factory=list)
    refused: int = 0
    killed_marks: dict[str, float] = field(default_factory=dict)
    sending: float = 0.0
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)
    is_struck: bool = False
    healed_at: float = 0.0

    def __post_init__(self) -> None:
        self._hashes = self._sources()

    @property
    def repository(self) -> Path:
        """The folder of the primary repository."""
        return self.server.home / "storage" / "primary"

    @property
    def waiting(self) -> list[Path]:
        """The files that were not acknowledged yet."""
        return [file for file in self.files if file not in self.acknowledged]

    def attempt(self, what: str, action: Callable[[], T]) -> T | None:
        """The result of a request, None when the fault kept it from success."""
        begun = time.monotonic()
        try:
            return action()
        except Unreachable as error:
            if not self.fault.breaks_connections:
                self.violations.append(f"{what} got no answer, {error}")
        except Refused as error:
            self.refused += 1
            if (
                self.is_calm_since(begun)
                or error.status not in self.fault.refusals
                or _CRASH in str(error)
            ):
                self.violations.append(f"{what} was refused, {error}")
        return None

    def is_calm_since(self, instant: float) -> bool:
        """Whether no fault has lasted since an instant of the monotonic clock."""
        return not self.is_struck and instant >= self.healed_at

    def altered_sources(self) -> list[str]:
        """Every source that is not what it was."""
        now = self._sources()
        return [
            f"CHANGED: the source {file.name}"
            for file in self.files
            if now[file] != self._hashes[file]
        ]

    def _sources(self) -> dict[Path, str]:
        hashes = dict.fromkeys(self.files, "")
        for file in self.files:
            with suppress(OSError):
                hashes[file] = blake3(file.read_bytes()).hexdigest()
        return hashes

    def call(self, method: str, path: str, content: object = None) -> Any:
        """Call an operation as `Client.call` does."""
        return self.server.client.call(method, path, content)
