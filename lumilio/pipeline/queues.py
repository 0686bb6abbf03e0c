"""Huey's part: named queues in one SQLite file, and consumer threads inside this process."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from huey import Huey
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import SqliteStorage

RunJobs = Callable[[list[int]], None]

_IDLE_SECONDS = 1.0


class _JsonIds(Serializer):  # type: ignore[misc]
    """Messages as JSON instead of pickle: whoever can write the file can still not run code."""

    def _serialize(self, data: Any) -> bytes:
        return msgspec.json.encode(data)

    def _deserialize(self, data: bytes) -> Any:
        return Message(*msgspec.json.decode(bytes(data)))


class _WakingStorage(SqliteStorage):  # type: ignore[misc]
    """Workers sleep until something is put into their queue, instead of polling."""

    blocking = True

    def __init__(self, name: str, filename: str, **options: Any) -> None:
        self._filled = threading.Condition()
        super().__init__(name, filename=filename, **options)

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        super().enqueue(data, priority)
        with self._filled:
            self._filled.notify()

    def wake_all(self) -> None:
        """Let sleeping workers notice that they shall stop."""
        with self._filled:
            self._filled.notify_all()

    def dequeue(self) -> bytes | None:
        # Looked at under the lock, so that nothing is put in unnoticed between look and sleep.
        with self._filled:
            data: bytes | None = super().dequeue()
            if data is None and self._filled.wait(_IDLE_SECONDS):
                data = super().dequeue()
        return data


class _QuietConsumer(Consumer):  # type: ignore[misc]
    """A consumer that lives in a program with its own signal handling."""

    def _set_signal_handlers(self) -> None:
        pass


class JobQueue:
    """One named queue with its worker threads; it carries job ids, nothing else."""

    def __init__(self, name: str, file: Path, workers: int, run_jobs: RunJobs) -> None:
        self.name = name
        self.workers = workers
        # The ledger outlives a power cut and refills this file, which therefore need not be flushed.
        self._huey = Huey(
            name,
            storage_class=_WakingStorage,
            filename=str(file),
            fsync=False,
            serializer=_JsonIds(),
            results=False,
            store_none=False,
            utc=True,
        )
        self._task = self._huey.task(name=name)(run_jobs)
        self._is_started = False
        self._consumer = _QuietConsumer(self._huey, workers=workers, periodic=False)

    def start(self) -> None:
        """Start the workers."""
        self._consumer.start()
        self._is_started = True

    def put(self, ids: Sequence[int]) -> None:
        """Hand jobs to the workers, of which one takes them all."""
        self._task(list(ids))

    def carried(self) -> set[int]:
        """Ids that wait in this queue."""
        return {job_id for task in self._huey.pending() for job_id in task.args[0]}

    @property
    def size(self) -> int:
        """How many portions of ids wait in this queue."""
        return int(self._huey.storage.queue_size())

    def request_stop(self) -> None:
        """Take no more jobs; running ones go on."""
        self._consumer.stop_flag.set()
        self._huey.storage.wake_all()

    def wait_stopped(self, seconds: float) -> None:
        """Let running jobs finish, for at most `seconds`."""
        if self._is_started:
            self._consumer.shutdown_timeout = seconds
            self._consumer.stop(graceful=True)
        self._huey.storage.close()
