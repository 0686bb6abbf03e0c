"""The decode pool: worker processes that may crash, hang or overeat without harm to the program."""

import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import CancelledError, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from pebble import ProcessExpired, ProcessPool

from lumilio.errors import DecoderFailed
from lumilio.media import worker
from lumilio.media.facts import ALL_TASKS, Development, Task

DEFAULT_TIMEOUT_S = 60.0
DEFAULT_MEMORY_LIMIT_BYTES = 2 * 1024**3

# Decoders leak a little; a worker that starts afresh now and then stays small.
_TASKS_PER_WORKER = 2000
_HEALTH_CHECK_S = 0.5
_CLOSE_TIMEOUT_S = 10.0


class DecodePool:
    """Runs `develop` in worker processes, which start with the first photo.

    May be called from any number of threads at once; `workers` tasks run at a time, the others
    wait. `timeout_s` counts from the moment a worker takes a task up. A worker that fails is
    replaced, and no other task notices. Use as a context manager or call `close`.
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
        self._workers = workers
        self._timeout_s = timeout_s
        self._memory_limit_bytes = memory_limit_bytes
        self._function = function
        self._lock = Lock()
        self._pool: ProcessPool | None = None
        self._is_closed = False

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
        """Run the pool's function with these arguments in a worker; errors as in `develop`."""
        try:
            return self._attempt(*args, **kwargs)
        except BrokenProcessPool:
            # The pool gives itself up when an idle worker dies, by the system's hand perhaps.
            try:
                return self._attempt(*args, **kwargs)
            except BrokenProcessPool:
                raise DecoderFailed("The decoder crashed on this file") from None

    def close(self, timeout_s: float = _CLOSE_TIMEOUT_S) -> None:
        """Let running tasks finish within the time limit, then end all workers."""
        with self._lock:
            self._is_closed = True
            pool, self._pool = self._pool, None
        if pool is None:
            return
        pool.close()  # type: ignore[no-untyped-call]
        try:
            pool.join(timeout_s)
        except TimeoutError:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _attempt(self, *args: object, **kwargs: object) -> Any:
        task = (self._function, self._timeout_s, *args)
        try:
            pool = self._running_pool()
            future = pool.schedule(worker.run, task, kwargs, self._timeout_s)
            while not wait([future], _HEALTH_CHECK_S).done:
                if not pool.active and not future.done():
                    raise BrokenProcessPool("gone")
            return future.result()
        except TimeoutError:
            why = f"The decoder took longer than {self._timeout_s:g} s"
        except MemoryError:
            why = self._over_memory()
        except ProcessExpired as error:
            is_over_memory = error.exitcode == worker.EXIT_OVER_MEMORY
            why = self._over_memory() if is_over_memory else _crash(error.exitcode)
        except CancelledError:
            why = "The decoder was stopped"
        raise DecoderFailed(why)

    def _running_pool(self) -> ProcessPool:
        with self._lock:
            if self._is_closed:
                raise DecoderFailed("The decoder was stopped")
            if self._pool is not None and not self._pool.active:
                self._pool.join()
                self._pool = None
            if self._pool is None:
                self._pool = ProcessPool(
                    max_workers=self._workers,
                    max_tasks=_TASKS_PER_WORKER,
                    initializer=worker.set_up,
                    initargs=(self._memory_limit_bytes,),
                    context=multiprocessing.get_context("spawn"),
                )
            return self._pool

    def _over_memory(self) -> str:
        return f"The decoder needed more than {self._memory_limit_bytes // 1024**2} MB of memory"


def _crash(exit_code: int) -> str:
    """Name the signal that ended a worker, which is what a bug report needs."""
    try:
        cause = signal.Signals(-exit_code).name
    except ValueError:
        cause = f"exit code {exit_code}"
    return f"The decoder crashed on this file ({cause})"
