"""The decode pool: worker processes that may crash, hang or overeat without harm to the program.

Every decoder is a pebble pool of one worker. Workers that share a pebble pool share its locks, and
one that is killed while it holds them stops the others for good (seen in the tests); a pool of one
is thrown away with its locks whenever its worker fails.
"""

import contextlib
import math
import multiprocessing
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from queue import LifoQueue
from threading import Event
from typing import Any, Self

from pebble import ProcessExpired, ProcessPool

from lumilio.errors import DecoderFailed
from lumilio.media import worker
from lumilio.media.facts import ALL_TASKS, Development, Task

DEFAULT_TIMEOUT_S = 60.0
DEFAULT_MEMORY_LIMIT_BYTES = 2 * 1024**3

# Decoders leak a little; a worker that starts afresh now and then stays small.
_CALLS_PER_WORKER = 2000
_STARTS = 3
_LOOK_S = 0.25
_CLOSE_TIMEOUT_S = 10.0
_MEGABYTE = 1024**2


class DecodePool:
    """Runs `develop` in worker processes, which start with the first photos.

    May be called from any number of threads at once; `workers` calls run at a time, the others
    wait. `timeout_s` counts from the moment a worker takes a call up. A worker that fails is
    replaced, and no other call notices. Use as a context manager or call `close`.
    """

    def __init__(
        self,
        workers: int,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        memory_limit_bytes: int = DEFAULT_MEMORY_LIMIT_BYTES,
        function: Callable[..., Any] = worker.develop_photo,
    ) -> None:
        """`function` replaces `develop` in tests; it must be importable by the workers."""
        self._closed = Event()
        self._function = function
        self._decoders = [_Decoder(timeout_s, memory_limit_bytes) for _ in range(workers)]
        # Last in, first out: a quiet library keeps one worker busy instead of starting all.
        self._free: LifoQueue[_Decoder] = LifoQueue()
        for decoder in self._decoders:
            self._free.put(decoder)

    def develop(
        self,
        source: Path,
        *,
        thumbnails_dir: Path,
        stem: str,
        tasks: frozenset[Task] = ALL_TASKS,
    ) -> Development:
        """Develop one photo in a worker and wait for the outcome; see `develop.develop`.

        DecoderFailed when the worker crashed, took too long or needed too much memory.
        """
        development: Development = self.call(
            source, thumbnails_dir=thumbnails_dir, stem=stem, tasks=tasks
        )
        return development

    def call(self, *args: object, **kwargs: object) -> Any:
        """Call the pool's function in a worker; its own errors come through, others as in `develop`."""
        decoder = self._free.get()
        try:
            if self._closed.is_set():
                raise DecoderFailed(_STOPPED)
            return decoder.call(self._function, args, kwargs)
        finally:
            self._free.put(decoder)

    def close(self, timeout_s: float = _CLOSE_TIMEOUT_S) -> None:
        """Refuse new calls, let running ones finish within the time limit, then end all workers."""
        self._closed.set()
        deadline = time.monotonic() + timeout_s
        for decoder in self._decoders:
            decoder.close(max(deadline - time.monotonic(), 0.1))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_STOPPED = "The decoder was stopped"


class _Decoder:
    """One worker process, started with its first call and replaced when it fails."""

    def __init__(self, timeout_s: float, memory_limit_bytes: int) -> None:
        self._timeout_s = timeout_s
        self._memory_limit_bytes = memory_limit_bytes
        self._pool: ProcessPool | None = None
        self._is_closed = False

    def call(
        self, function: Callable[..., Any], args: tuple[object, ...], kwargs: dict[str, object]
    ) -> Any:
        """Make one call; DecoderFailed when the worker failed."""
        call = (function, self._timeout_s, *args)
        for _ in range(_STARTS):
            try:
                return self._result(call, kwargs)
            except BrokenProcessPool:
                # The worker died before it took the call, which therefore is not to blame.
                self._discard()
        raise DecoderFailed("The decoder does not start")

    def close(self, timeout_s: float) -> None:
        """Let a running call finish within the time limit, then end the worker."""
        self._is_closed = True
        pool = self._pool
        if pool is not None:
            pool.close()  # type: ignore[no-untyped-call]
            with contextlib.suppress(TimeoutError):
                pool.join(timeout_s)
            self._discard()

    def _result(self, call: tuple[object, ...], kwargs: dict[str, object]) -> Any:
        if self._is_closed:
            raise DecoderFailed(_STOPPED)
        pool = self._pool = self._pool or self._started()
        if not pool.active:
            raise BrokenProcessPool
        try:
            future = pool.schedule(worker.run, call, kwargs)
            self._wait(pool, future)
            return future.result()
        except TimeoutError:
            why = f"The decoder took longer than {self._timeout_s:g} s"
        except MemoryError:
            why = self._over_memory()
        except ProcessExpired as error:
            is_over_memory = error.exitcode == worker.EXIT_OVER_MEMORY
            why = self._over_memory() if is_over_memory else _crash(error.exitcode)
        self._discard()
        raise DecoderFailed(_STOPPED if self._is_closed else why)

    def _wait(self, pool: ProcessPool, future: Future[Any]) -> None:
        """Wait until a call is done; raises TimeoutError and BrokenProcessPool."""
        # Measured here, for pebble's own limit follows the clock that people can set.
        ends = math.inf
        while not wait([future], min(_LOOK_S, self._timeout_s)).done:
            # A pool that is stopped or breaks forgets the calls that no worker has taken.
            if not pool.active:
                raise BrokenProcessPool
            if future.running():
                ends = min(ends, time.monotonic() + self._timeout_s)
            if time.monotonic() > ends:
                raise TimeoutError

    def _started(self) -> ProcessPool:
        return ProcessPool(
            max_workers=1,
            max_tasks=_CALLS_PER_WORKER,
            initializer=worker.set_limits,
            initargs=(self._memory_limit_bytes,),
            context=multiprocessing.get_context("spawn"),
        )

    def _discard(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()

    def _over_memory(self) -> str:
        return f"The decoder needed more than {self._memory_limit_bytes // _MEGABYTE} MB of memory"


def _crash(exit_code: int | None) -> str:
    """Name the signal that ended a worker, which is what a bug report needs."""
    try:
        cause = signal.Signals(-(exit_code or 0)).name
    except ValueError:
        cause = f"exit code {exit_code}"
    return f"The decoder crashed on this file ({cause})"
