"""Scanning the user area of a repository: all of it as a job, or a few folders at once.

A scan of all is a run with its counters. A restart interrupts it, and the next start goes on with
the same run: it compares from the beginning, but counts what it queues only once.
"""

import logging
import threading
from collections.abc import Iterable

from lumilio.db import Transaction
from lumilio.errors import NotFound, RepositoryOffline
from lumilio.library import jobs, repositories, scans
from lumilio.library.context import Context
from lumilio.library.jobs import Job
from lumilio.library.repositories import StoredRepository
from lumilio.library.scans import OpenRun, ScanCounts, ScanJob
from lumilio.pipeline.compare import Comparison, Stopped, Terms
from lumilio.pipeline.walk import EVERYTHING, Region

log = logging.getLogger(__name__)


def run(ctx: Context, job: Job, stopping: threading.Event) -> None:
    """Scan a repository once; safe to repeat after an interruption."""
    request: ScanJob = job.read(ScanJob)
    with ctx.db.read() as db:
        repository = repositories.by_key(db, request.repository_key)
    try:
        if request.mode == "periodic":
            # Nobody asked, so a disk that is away is nothing to tell.
            repository.require_online()
        with ctx.db.write() as tx:
            opened = scans.start(tx, job, request, ctx.now())
        repository.require_online()
        fault = _compare(ctx, repository, job, opened, stopping)
    except RepositoryOffline as error:
        with ctx.db.write() as tx:
            scans.finish(tx, job, error.message, ctx.now())
            if request.mode == "periodic":
                jobs.complete(tx, job.id, ctx.now())
            else:
                # Whoever asked wants to know now; the next scan is theirs to ask for.
                jobs.fail(tx, job, error.message, ctx.now(), final=True)
        return
    except (Stopped, NotFound):
        # The run goes on after the next start, or ends with the job of an unregistered repository.
        raise
    except Exception as error:
        with ctx.db.write() as tx:
            scans.finish(tx, job, str(error) or type(error).__name__, ctx.now())
        raise
    with ctx.db.write() as tx:
        scans.record(tx, job, opened.counts, opened.reached)
        scans.finish(tx, job, fault, ctx.now())
        jobs.complete(tx, job.id, ctx.now())


def _compare(
    ctx: Context, repository: StoredRepository, job: Job, opened: OpenRun, stopping: threading.Event
) -> str | None:
    request: ScanJob = job.read(ScanJob)
    is_periodic = request.mode == "periodic"
    terms = Terms(
        settle_seconds=ctx.settings.scan_settle_seconds if is_periodic else 0,
        force=request.force,
        resume_after=opened.reached,
        let_rest=is_periodic,
    )

    def record(tx: Transaction, counts: ScanCounts, reached: str) -> None:
        scans.record(tx, job, counts, reached)

    return Comparison(ctx, repository, terms, opened.counts, record, stopping).run([EVERYTHING])


def look_again(
    ctx: Context,
    repository: StoredRepository,
    regions: Iterable[Region],
    unsettled: Iterable[str],
    stopping: threading.Event,
) -> list[str]:
    """Compare some folders, without a run in the history; returns files that need more time.

    Nothing is lost when it is interrupted: the next scan of the whole repository finds it all.
    Raises Stopped, RepositoryOffline and NotFound.
    """
    repository.require_online()
    terms = Terms(
        settle_seconds=ctx.settings.scan_settle_seconds,
        is_partial=True,
        unsettled=frozenset(unsettled),
    )
    counts = ScanCounts()
    comparison = Comparison(ctx, repository, terms, counts, lambda *_: None, stopping)
    fault = comparison.run(regions)
    if fault:
        log.info("repository %s: %s", repository.name, fault)
    log.debug("repository %s: looked at changes: %s", repository.name, counts)
    return comparison.deferred
