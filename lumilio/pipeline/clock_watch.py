"""Noticing that the clock was set, by comparing it with one that nobody can set."""

import time
from collections.abc import Callable
from datetime import timedelta

from lumilio.library.context import Clock

# So little is a correction, of which there are many in a day.
_TOLERANCE = timedelta(seconds=2)
# A computer that starts with a wrong clock is put right within minutes of being online.
_STEADY_AFTER = timedelta(minutes=10)


class ClockWatch:
    """Watches a clock for as long as the program runs; `monotonic` gives seconds."""

    def __init__(self, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._seen = clock()
        self._seen_at = self._steady_since = monotonic()

    def was_set(self) -> bool:
        """Whether the clock was set, in either direction, since the last look."""
        now, at = self._clock(), self._monotonic()
        expected = self._seen + timedelta(seconds=at - self._seen_at)
        self._seen, self._seen_at = now, at
        if abs(now - expected) <= _TOLERANCE:
            return False
        self._steady_since = at
        return True

    @property
    def is_steady(self) -> bool:
        """Whether the clock has not been set for so long that ages can be believed."""
        return self._monotonic() - self._steady_since >= _STEADY_AFTER.total_seconds()
