"""Web copies in a process of their own: as long as it takes, with progress, and stopped at will.

The copy grows under a name of its own. Whoever called puts it into its place when it is whole.
"""

import multiprocessing
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import Lock
from typing import Any

from lumilio.errors import DecoderFailed, LumilioError
from lumilio.media import worker

MEMORY_LIMIT_BYTES = 4 * 1024**3
# A converter tells of every packet; one that is silent for so long hangs.
_SILENCE_S = 1800.0
_LOOK_S = 0.5
_MEGABYTE = 1024**2

OnProgress = Callable[[float], bool]
"""Is told the part done, 0 to 1, twice a second; False stops the conversion."""


class TranscodeStopped(LumilioError):
    """The conversion was stopped before it had a result."""

    title = "The conversion was stopped"


class Transcoder:
    """Runs conversions, each in a fresh process that ends with the program."""

    def __init__(
        self,
        *,
        memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
        silence_s: float = _SILENCE_S,
        convert: Callable[..., Any] = worker.make_web_copy,
    ) -> None:
        """`convert` replaces the real conversion in tests; it must be importable by a process."""
        self._memory_limit_bytes = memory_limit_bytes
        self._silence_s = silence_s
        self._convert = convert
        self._processes: set[SpawnProcess] = set()
        self._lock = Lock()
        self._is_closed = False

    def run(self, kind: str, source: Path, target: Path, on_progress: OnProgress) -> Any:
        """Convert a VIDEO or AUDIO file and wait; the result is `make_web_video`'s or audio's.

        An unfinished `target` is removed. Raises TranscodeStopped, CannotDecode and OSError, and
        DecoderFailed when the process crashed, hung or needed too much memory.
        """
        is_done = False
        receiver, sender = multiprocessing.Pipe(duplex=False)
        try:
            process = self._start(sender, (self._convert, kind, source, target))
            try:
                answer = self._awaited(process, receiver, on_progress)
            finally:
                self._end(process)
            if isinstance(answer, MemoryError):
                raise DecoderFailed(self._over_memory())
            if isinstance(answer, Exception):
                raise answer
            is_done = True
            return answer
        finally:
            receiver.close()
            if not is_done:
                with suppress(OSError):
                    target.unlink(missing_ok=True)

    @property
    def is_closed(self) -> bool:
        """Whether the program is leaving."""
        return self._is_closed

    def close(self) -> None:
        """Stop what runs and start nothing more; harmless when called twice."""
        with self._lock:
            self._is_closed = True
            for process in self._processes:
                process.kill()

    def _start(self, sender: Connection, call: tuple[object, ...]) -> SpawnProcess:
        process = multiprocessing.get_context("spawn").Process(
            target=worker.convert,
            args=(sender, self._memory_limit_bytes, *call),
            name="transcode",
            daemon=True,
        )
        with self._lock:
            if self._is_closed:
                sender.close()
                raise TranscodeStopped
            process.start()
            self._processes.add(process)
        # The other end is the child's alone now, so that its death ends the pipe.
        sender.close()
        return process

    def _awaited(self, process: SpawnProcess, receiver: Connection, on_progress: OnProgress) -> Any:
        part, heard_at = 0.0, time.monotonic()
        looked_at = 0.0
        while True:
            if receiver in wait([receiver, process.sentinel], _LOOK_S):
                try:
                    word = receiver.recv()
                except EOFError:
                    return self._death_of(process)
                heard_at = time.monotonic()
                if not isinstance(word, float):
                    return word[0]
                part = word
            elif process.exitcode is not None and not receiver.poll():
                return self._death_of(process)
            if time.monotonic() - heard_at > self._silence_s:
                return DecoderFailed(
                    f"The converter was silent for {self._silence_s:g} s. Process the file again when"
                    " the computer has less to do"
                )
            if time.monotonic() - looked_at >= _LOOK_S:
                looked_at = time.monotonic()
                if not on_progress(part):
                    return TranscodeStopped()

    def _death_of(self, process: SpawnProcess) -> Exception:
        process.join()
        if self._is_closed:
            return TranscodeStopped()
        if process.exitcode == worker.EXIT_OVER_MEMORY:
            return DecoderFailed(self._over_memory())
        return DecoderFailed(worker.crash(process.exitcode))

    def _end(self, process: SpawnProcess) -> None:
        process.kill()
        process.join()
        with self._lock:
            self._processes.discard(process)

    def _over_memory(self) -> str:
        return (
            f"The converter needed more than {self._memory_limit_bytes // _MEGABYTE} MB of memory."
            " Add a smaller copy of the file"
        )
