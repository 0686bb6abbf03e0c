"""Between the ledger and Huey: ids are handed over in small portions and never lost on the way."""

import logging
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from lumilio.db import to_microseconds
from lumilio.errors import CannotDecode, DecoderFailed, LumilioError, RepositoryOffline
from lumilio.library import asset_records, jobs, merging, registrations, sessions
from lumilio.library.context import Context
from lumilio.library.jobs import Job
from lumilio.pipeline.queues import JobQueue
from lumilio.pipeline.tasks import Task

log = logging.getLogger(__name__)

OFFLINE_DELAY = timedelta(minutes=1)
NOTE_AGAIN_SECONDS = 5.0
RECONCILE_EVERY = timedelta(minutes=1)
# Enough to keep every worker busy; the rest stays in the ledger, where a restart costs nothing.
_PORTION = 32


class GaveUp(LumilioError):
    """A job was interrupted as often as it may be tried."""


class Dispatcher:
    """Runs the jobs of the ledger until stopped."""

    def __init__(self, ctx: Context, tasks: Mapping[str, Task], queue_file: Path) -> None:
        self._ctx = ctx
        self._tasks = tasks
        # The ledger knows everything that this file ever carried, and more surely.
        for leftover in (queue_file, Path(f"{queue_file}-wal"), Path(f"{queue_file}-shm")):
            leftover.unlink(missing_ok=True)
        self._queues = [
            JobQueue(name, queue_file, task.workers, self.run_job) for name, task in tasks.items()
        ]
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="dispatch", daemon=True)
        ctx.db.subscribe(jobs.TOPIC, self._wake.set)

    def start(self) -> None:
        """Make everything unfinished wait again, then start workers and dispatch."""
        with self._ctx.db.write() as tx:
            jobs.recover(tx)
        for queue in self._queues:
            queue.start()
        self._wake.set()
        self._thread.start()

    def request_stop(self) -> None:
        """Hand out no more jobs; running ones go on."""
        self._stopping.set()
        self._wake.set()
        for queue in self._queues:
            queue.request_stop()

    def stop(self, seconds: float) -> None:
        """Stop handing out jobs and give running ones `seconds` to finish."""
        deadline = time.monotonic() + seconds
        self.request_stop()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        for queue in self._queues:
            queue.wait_stopped(max(deadline - time.monotonic(), 0.1))

    def reconcile(self) -> None:
        """Hand ids back to the ledger that Huey does not carry although it should."""
        before = self._ctx.now() - RECONCILE_EVERY
        for queue in self._queues:
            with self._ctx.db.read() as db:
                expected = jobs.dispatched(db, queue.name, before)
            lost = set(expected) - queue.carried() if expected else set()
            if lost:
                log.warning("queue %s lost %d jobs; they wait again", queue.name, len(lost))
                with self._ctx.db.write() as tx:
                    jobs.hand_back(tx, sorted(lost))

    def dispatch(self) -> None:
        """Fill every queue up with due jobs."""
        now = to_microseconds(self._ctx.now())
        due = self._next_due()
        for queue in self._queues:
            room = _PORTION + queue.workers - queue.size
            if due.get(queue.name, now + 1) > now or room < _PORTION // 2:
                continue
            with self._ctx.db.write(durable=False) as tx:
                ids = jobs.take_waiting(tx, queue.name, room, self._ctx.now())
            for job_id in ids:
                queue.put(job_id)

    def run_job(self, job_id: int) -> None:
        """Run one job if it still waits; its outcome is in the ledger afterwards."""
        if self._stopping.is_set():
            return
        with self._ctx.db.write(durable=False) as tx:
            job = jobs.claim(tx, job_id, self._ctx.now())
        if job is None:
            return
        task = self._tasks[job.kind]
        try:
            if job.attempt > job.max_attempts:
                raise GaveUp(f"Given up after {job.max_attempts} attempts that were interrupted")
            task.run(self._ctx, job)
        except Exception as error:
            self._note_failure(task, job, error)
        finally:
            self._wake.set()

    def _note_failure(self, task: Task, job: Job, error: Exception) -> None:
        """Record a failure, however often a full disk refuses the record."""
        # While stopping, whatever broke did so for want of tools; the next start repeats it.
        while not self._stopping.is_set():
            try:
                self._record_failure(task, job, error)
                return
            except Exception:
                log.exception("the failure of job %d could not be noted; trying again", job.id)
                self._stopping.wait(NOTE_AGAIN_SECONDS)

    def _record_failure(self, task: Task, job: Job, error: Exception) -> None:
        now = self._ctx.now()
        with self._ctx.db.write() as tx:
            if registrations.cancel_if_let_go(tx, job.id, now):
                return
            if isinstance(error, RepositoryOffline):
                jobs.postpone(tx, job, OFFLINE_DELAY, str(error), now)
                return
        known = isinstance(error, (CannotDecode, DecoderFailed))
        log.log(
            logging.WARNING if known else logging.ERROR,
            "job %d (%s) failed: %s",
            job.id,
            job.kind,
            error,
            exc_info=None if known else error,
        )
        reason = str(error) or type(error).__name__
        with self._ctx.db.write() as tx:
            last = jobs.fail(tx, job, reason, now, final=task.is_final(job, error))
            steps = jobs.steps_of(job.kind)
            if last and job.asset_key is not None and steps:
                told = getattr(error, "message", None) or reason
                asset_records.record_failure(tx, job.asset_key, steps, told, now)

    def _loop(self) -> None:
        next_reconcile = self._ctx.now() + RECONCILE_EVERY
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self.dispatch()
                if self._ctx.now() >= next_reconcile:
                    next_reconcile = self._ctx.now() + RECONCILE_EVERY
                    self.reconcile()
                    self._tidy()
                self._wake.wait(self._pause())
            except Exception:
                log.exception("dispatching jobs failed; trying again")
                self._stopping.wait(1)

    def _pause(self) -> float:
        """Seconds until something may be due again."""
        now = to_microseconds(self._ctx.now())
        # Jobs that are due already wait for room, which a finished job announces.
        waits = [(due - now) / 1e6 for due in self._next_due().values() if due > now]
        return min([*waits, RECONCILE_EVERY.total_seconds()])

    def _next_due(self) -> dict[str, int]:
        """For each queue with waiting jobs, when the earliest is due, in microseconds."""
        with self._ctx.db.read() as db:
            found = {queue.name: jobs.next_due(db, queue.name) for queue in self._queues}
        return {name: due for name, due in found.items() if due is not None}

    def _tidy(self) -> None:
        with self._ctx.db.write() as tx:
            jobs.delete_finished(tx, self._ctx.now())
        sessions.delete_expired(self._ctx)
        merging.finish_interrupted(self._ctx)
        merging.delete_expired(self._ctx)
