"""Waiting for something without sleeping a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(probe: Callable[[], T], *, seconds: float = 20.0, what: str = "") -> T:
    """Poll until `probe` returns something true; fails after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what or probe}"
        time.sleep(0.01)
