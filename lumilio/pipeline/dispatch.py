"""Between the ledger and Huey: ids are handed over in small portions and never lost on the way."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from lumilio.db import to_microseconds
from lumilio.errors import (
    CannotDecode,
    CannotRead,
    DecoderFailed,
    LumilioError,
    RepositoryOffline,
)
from lumilio.library import (
    asset_records,
    audit,
    deletions,
    invites,
    jobs,
    merging,
    placing,
    registrations,
    reprocessing,
    sessions,
    staging,
    throttling,
)
from lumilio.library.context import Context
from lumilio.library.jobs import Job
from lumilio.pipeline.clock_watch import ClockWatch
from lumilio.pipeline.compare import Stopped
from lumilio.pipeline.queues import JobQueue
from lumilio.pipeline.tasks import Task

log = logging.getLogger(__name__)

T = TypeVar("T")

# For a disk that is away or full.
PUT_OFF = timedelta(seconds=15)
NOTE_AGAIN_SECONDS = 2.0
RECONCILE_EVERY = timedelta(minutes=1)
# How soon it is noticed that the clock was set.
_LOOK_SECONDS = 10.0
# Enough to keep every worker busy; the rest stays in the ledger, where a restart costs nothing.
_PORTION = 32


class GaveUp(LumilioError):
    """A job was interrupted as often as it may be tried."""


class Dispatcher:
    """Runs the jobs of the ledger until stopped."""

    def __init__(
        self,
        ctx: Context,
        tasks: Mapping[str, Task],
        queue_file: Path,
        stopping: threading.Event | None = None,
    ) -> None:
        self._ctx = ctx
        self._tasks = tasks
        # The ledger knows everything that this file ever carried, and more surely.
        for leftover in (queue_file, Path(f"{queue_file}-wal"), Path(f"{queue_file}-shm")):
            leftover.unlink(missing_ok=True)
        self._queues = [
            JobQueue(name, queue_file, task.workers, self.run_jobs) for name, task in tasks.items()
        ]
        self._watch = ClockWatch(ctx.clock)
        self._wake = threading.Event()
        self._stopping = stopping or threading.Event()
        self._thread = threading.Thread(target=self._loop, name="dispatch", daemon=True)
        ctx.db.subscribe(jobs.TOPIC, self._wake.set)

    def start(self) -> None:
        """Make everything unfinished wait again, then start workers and dispatch."""
        with self._ctx.db.write() as tx:
            jobs.recover(tx)
            jobs.bring_forward(tx, self._ctx.now())
        deletions.resume(self._ctx)
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
        """Hand ids back to the ledger that Huey does not carry although it should.

        Jobs wait no longer for an instant that only a wrong clock could name.
        """
        with self._ctx.db.write() as tx:
            jobs.bring_forward(tx, self._ctx.now())
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
            most = self._tasks[queue.name].most_together
            with self._ctx.db.write(durable=False) as tx:
                ids = jobs.take_waiting(tx, queue.name, room * most, self._ctx.now())
            # A few jobs are still work for all workers.
            size = min(most, -(-len(ids) // queue.workers))
            for start in range(0, len(ids), size or 1):
                portion = ids[start : start + size]
                self._insist(
                    f"jobs {portion} could not be handed over", partial(queue.put, portion)
                )

    def run_jobs(self, ids: Sequence[int]) -> None:
        """Run jobs of one kind that still wait; their outcome is in the ledger afterwards."""
        if self._stopping.is_set():
            return
        claimed = self._insist(f"jobs {ids} could not be begun", partial(self._claim, ids))
        try:
            left = self._run_together(claimed or [])
            while left and not self._stopping.is_set():
                self._run(left.pop(0))
            self._take_back(left)
        finally:
            self._wake.set()

    def _run_together(self, claimed: list[Job]) -> list[Job]:
        """Run first attempts with as few commits as possible; returns what is left to run alone.

        Whatever went wrong before or goes wrong here is not known to be one file's fault.
        """
        task = self._tasks[claimed[0].kind] if claimed else None
        fresh = [job for job in claimed if job.attempt == 1]
        if task is None or task.run_together is None or len(fresh) < 2:
            return claimed
        again = [job for job in claimed if job.attempt > 1]
        try:
            return [*task.run_together(self._ctx, fresh), *again]
        except Exception as error:
            log.debug("%d jobs failed together, now one by one: %s", len(fresh), error)
            return claimed

    def _run(self, job: Job) -> None:
        task = self._tasks[job.kind]
        try:
            if job.attempt > job.max_attempts:
                what = "Scan the repository" if job.asset_key is None else "Process the asset"
                raise GaveUp(
                    f"Given up after {job.max_attempts} attempts that were interrupted. {what} again"
                )
            task.run(self._ctx, job)
        except Stopped:
            self._take_back([job])
        except Exception as error:
            self._insist(
                f"the failure of job {job.id} could not be noted",
                partial(self._record_failure, task, job, error),
            )

    def _take_back(self, unfinished: Sequence[Job]) -> None:
        """Let jobs wait for the next start that this one did not get to."""
        if unfinished:
            with self._ctx.db.write(durable=False) as tx:
                jobs.unclaim(tx, [job.id for job in unfinished])

    def _claim(self, ids: Sequence[int]) -> list[Job]:
        with self._ctx.db.write(durable=False) as tx:
            return jobs.claim(tx, ids, self._ctx.now())

    def _insist(self, failure: str, write: Callable[[], T]) -> T | None:
        """Write something, however often a full disk refuses it; None when the program stops."""
        # While stopping, whatever broke did so for want of tools; the next start repeats it.
        while not self._stopping.is_set():
            try:
                return write()
            except Exception:
                log.exception("%s; trying again", failure)
                self._stopping.wait(NOTE_AGAIN_SECONDS)
        return None

    def _record_failure(self, task: Task, job: Job, error: Exception) -> None:
        now = self._ctx.now()
        with self._ctx.db.read() as db:
            # Whatever broke, it did so for want of its disk.
            is_away = isinstance(error, RepositoryOffline) or not registrations.is_online(
                db, job.id
            )
        with self._ctx.db.write() as tx:
            if registrations.cancel_if_let_go(tx, job.id, now):
                return
            if is_away or staging.is_out_of_space(error):
                jobs.postpone(tx, job, PUT_OFF, str(error), now)
                return
        known = isinstance(error, (CannotDecode, CannotRead, DecoderFailed))
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
                told = _sentence(error) or reason
                asset_records.record_failure(tx, job.asset_key, steps, told, now)

    def _loop(self) -> None:
        next_reconcile = time.monotonic() + RECONCILE_EVERY.total_seconds()
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._heed_clock()
                self.dispatch()
                if time.monotonic() >= next_reconcile:
                    next_reconcile = time.monotonic() + RECONCILE_EVERY.total_seconds()
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
        return min([*waits, _LOOK_SECONDS])

    def _heed_clock(self) -> None:
        """Let no job wait for an instant of a clock that has been put back since."""
        if self._watch.was_set():
            with self._ctx.db.write() as tx:
                count = jobs.bring_forward(tx, self._ctx.now())
            log.info("the clock was set or the computer slept; %d jobs wait no longer", count)

    def _next_due(self) -> dict[str, int]:
        """For each queue with waiting jobs, when the earliest is due, in microseconds."""
        with self._ctx.db.read() as db:
            found = {queue.name: jobs.next_due(db, queue.name) for queue in self._queues}
        return {name: due for name, due in found.items() if due is not None}

    def _tidy(self) -> None:
        merging.finish_interrupted(self._ctx)
        deletions.resume(self._ctx)
        if forgotten := reprocessing.resume_forgotten(self._ctx):
            log.warning("%d assets waited for nothing; they are processed again", forgotten)
        # A clock that is wrong makes everything look old.
        self._heed_clock()
        if self._watch.is_steady:
            self.delete_outdated()

    def delete_outdated(self) -> None:
        """Forget what ended, expired or was set aside long enough ago."""
        with self._ctx.db.write() as tx:
            jobs.delete_finished(tx, self._ctx.now())
        sessions.delete_expired(self._ctx)
        throttling.forget_old(self._ctx)
        invites.forget_old(self._ctx)
        audit.delete_outdated(self._ctx)
        merging.delete_expired(self._ctx)
        placing.delete_outdated(self._ctx)
        deletions.expire(self._ctx)


def _sentence(error: Exception) -> str | None:
    """Cause and next step for people, without paths of this machine; None when there is no telling."""
    if isinstance(error, OSError) and error.strerror:
        return f"A disk refused the work ({error.strerror}). Make room or mend it, then try again"
    return getattr(error, "message", None)
