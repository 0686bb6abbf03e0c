"""The decode pool: worker processes that may crash, hang or overeat without harm to the program.

Every caller holds one worker and waits for its pipe and its end at once, so a death is known with
its exit code in the same instant and belongs to exactly one call. Ready-made pools share a queue
among their workers: pebble 5.2 (tried) gives itself up with all its calls when an idle worker is
killed, and the standard library's can neither end a hanging worker nor outlive a crash.
"""

import multiprocessing
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Self

from lumilio.errors import DecoderFailed
from lumilio.media import worker
from lumilio.media.facts import ALL_TASKS, Development, Task
from lumilio.media.worker import Call, Outcome

DEFAULT_TIMEOUT_S = 60.0
DEFAULT_MEMORY_LIMIT_BYTES = 2 * 1024**3

# Decoders leak a little; a worker that starts afresh now and then stays small.
_CALLS_PER_WORKER = 2000
_START_TIMEOUT_S = 60.0
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
        self._size = workers
        self._timeout_s = timeout_s
        self._memory_limit_bytes = memory_limit_bytes
        self._function = function
        self._changed = threading.Condition()
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
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
        """Call the pool's function in a worker; its own errors come through, others as in `develop`."""
        decoder = self._take()
        try:
            outcome = decoder.call(Call(self._function, args, kwargs, self._timeout_s))
        except TimeoutError:
            raise DecoderFailed(f"The decoder took longer than {self._timeout_s:g} s") from None
        except EOFError:
            raise DecoderFailed(self._why_ended(decoder)) from None
        finally:
            self._give_back(decoder)
        if isinstance(outcome.error, MemoryError):
            raise DecoderFailed(self._why_over_memory()) from None
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    def close(self, timeout_s: float = _CLOSE_TIMEOUT_S) -> None:
        """Refuse new calls, let running ones finish within the time limit, then end all workers."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._busy, timeout_s)
            for decoder in (*self._idle, *self._busy):
                decoder.end()
            self._idle.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self) -> "_Worker":
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or len(self._busy) < self._size)
            if self._is_closed:
                raise DecoderFailed("The decoder was stopped")
            usable = [found for found in self._idle if found.is_usable()]
            decoder = usable.pop() if usable else _Worker(self._memory_limit_bytes)
            self._idle = usable
            self._busy.add(decoder)
            return decoder

    def _give_back(self, decoder: "_Worker") -> None:
        with self._changed:
            self._busy.discard(decoder)
            if decoder.is_usable() and not self._is_closed:
                self._idle.append(decoder)
            else:
                decoder.end()
            self._changed.notify_all()

    def _why_ended(self, decoder: "_Worker") -> str:
        if self._is_closed:
            return "The decoder was stopped"
        exit_code = decoder.end()
        if exit_code == worker.EXIT_OVER_MEMORY:
            return self._why_over_memory()
        return f"The decoder crashed on this file ({_cause(exit_code)})"

    def _why_over_memory(self) -> str:
        return f"The decoder needed more than {self._memory_limit_bytes // _MEGABYTE} MB of memory"


class _Worker:
    """One process and the program's end of the pipe to it."""

    def __init__(self, memory_limit_bytes: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=worker.serve, args=(theirs, memory_limit_bytes), name="decoder", daemon=True
        )
        self._process.start()
        theirs.close()
        self._calls = 0
        self._is_spent = False

    def is_usable(self) -> bool:
        """Whether another call may be made: the process lives and has not failed or aged."""
        return not self._is_spent and not wait([self._process.sentinel], 0)

    def call(self, call: Call) -> Outcome:
        """Make one call. TimeoutError, and EOFError when the process ends, spend this worker."""
        try:
            if not self._calls:
                self._receive(_START_TIMEOUT_S)
            self._pipe.send(call)
            outcome: Outcome = self._receive(call.timeout_s)
        except (BrokenPipeError, ConnectionResetError):
            self._is_spent = True
            raise EOFError from None
        except BaseException:
            self._is_spent = True
            raise
        self._calls += 1
        self._is_spent = self._calls >= _CALLS_PER_WORKER or isinstance(outcome.error, MemoryError)
        return outcome

    def end(self) -> int | None:
        """End the process, which has nothing to lose; return its exit code."""
        self._process.kill()
        self._process.join()
        return self._process.exitcode

    def _receive(self, timeout_s: float) -> Any:
        ready = wait([self._pipe, self._process.sentinel], timeout_s)
        if not ready:
            raise TimeoutError
        return self._pipe.recv()


def _cause(exit_code: int | None) -> str:
    """Name the signal that ended a worker, which is what a bug report needs."""
    try:
        return signal.Signals(-(exit_code or 0)).name
    except ValueError:
        return f"exit code {exit_code}"
