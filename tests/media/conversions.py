"""What conversions do at their worst; imported by the transcoder's processes in their place."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

_hoard: list[bytearray] = []


def act(deed: str, source: Path, target: Path, report: Callable[[float], None]) -> object:
    """Begin a copy and do one deed."""
    target.write_bytes(b"half a copy")
    report(0.25)
    match deed:
        case "finish":
            return os.getpid()
        case "hang":
            source.write_text(str(os.getpid()))
            threading.Event().wait()
        case "work on":
            source.write_text(str(os.getpid()))
            while True:
                threading.Event().wait(0.05)
                report(0.5)
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "raise":
            raise OSError(28, "No space left on device")
        case "eat":
            for _ in range(10_000):
                _hoard.append(bytearray(os.urandom(1 << 20)))
    raise AssertionError(deed)
