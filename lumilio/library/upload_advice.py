"""How much a client had better send at once, by the memory that is free."""

from datetime import datetime, timedelta
from typing import Annotated

import psutil
from msgspec import Meta, Struct

from lumilio.library.merging import MERGES_AT_ONCE

_MIB = 1 << 20
_VALID = timedelta(seconds=30)
# (more free MiB than, MiB in each chunk, chunks at once)
_STEPS = ((4096, 20, 8), (2048, 10, 5), (1024, 5, 3), (-1, 2, 2))
_REQUESTS_IN_FLIGHT = 3


class UploadConfig(Struct, frozen=True):
    """Sizes and limits for clients."""

    chunk_size: Annotated[int, Meta(description="Bytes.")]
    max_concurrent: int
    memory_buffer: Annotated[int, Meta(description="Bytes.")]
    merge_concurrency: int
    max_in_flight_requests: int


class UploadAdvice:
    """Looks at the memory at most every 30 seconds."""

    def __init__(self) -> None:
        self._config = advise(None)
        self._until: datetime | None = None

    def current(self, now: datetime) -> UploadConfig:
        """What to advise at this instant."""
        if self._until is None or now >= self._until:
            self._config = advise(_available())
            self._until = now + _VALID
        return self._config


def advise(available: int | None) -> UploadConfig:
    """The advice for so many free bytes of memory, None when unknown."""
    size, count, buffer = 5, 3, 100 * _MIB
    if available is not None:
        buffer = available // 10
        size, count = next(
            (size, count) for above, size, count in _STEPS if available > above * _MIB
        )
    return UploadConfig(size * _MIB, count, buffer, MERGES_AT_ONCE, _REQUESTS_IN_FLIGHT)


def _available() -> int | None:
    try:
        return int(psutil.virtual_memory().available)
    except (OSError, RuntimeError, psutil.Error):
        return None
