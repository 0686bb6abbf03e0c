"""Deleting for good what was noted in a repository, some assets at a time."""

import threading

from lumilio.library import deletions, jobs, repositories
from lumilio.library.context import Context
from lumilio.library.deletions import DeleteTrashed
from lumilio.library.jobs import Job
from lumilio.pipeline.compare import Stopped


def run(ctx: Context, job: Job, stopping: threading.Event) -> None:
    """Delete all that was noted, telling how far it is; safe to repeat.

    Raises RepositoryOffline: what is left then goes once the disk is back.
    """
    request: DeleteTrashed = job.read(DeleteTrashed)
    with ctx.db.read() as db:
        repository = repositories.by_key(db, request.repository_key)
    done = 0
    while True:
        repository.require_online()
        portion = deletions.next_begun(ctx, repository)
        if not portion:
            deletions.finish(ctx, repository, job)
            return
        ended = [(begun, deletions.remove_file(repository, begun)) for begun in portion]
        left = deletions.conclude(ctx, repository, ended)
        done += len(ended)
        with ctx.db.write(durable=False) as tx:
            jobs.note_progress(tx, job.id, done / (done + left))
        if stopping.is_set():
            raise Stopped
