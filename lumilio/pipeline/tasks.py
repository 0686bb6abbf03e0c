"""What each kind of job does, how many run at once, and when trying again makes no sense."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from lumilio.errors import CannotDecode, DecoderFailed
from lumilio.library import (
    asset_records,
    assets,
    discoveries,
    jobs,
    placing,
    processing,
    repositories,
    stack_detection,
)
from lumilio.library.assets import StoredAsset
from lumilio.library.context import Context
from lumilio.library.jobs import Job
from lumilio.library.placing import UploadLost
from lumilio.media.facts import ALL_TASKS
from lumilio.media.facts import Task as Reading
from lumilio.media.pool import DecodePool
from lumilio.media.transcoder import Transcoder
from lumilio.pipeline import deleting, scan, transcodes

# A decoder that failed may have been the victim of something else; twice is the file's own fault.
_DECODER_ATTEMPTS = 2
_FILES_TOGETHER = 200
_METADATA_ONLY: frozenset[Reading] = frozenset({"metadata"})


class Task(Struct, frozen=True):
    """The work behind one kind of job."""

    run: Callable[[Context, Job], None]
    workers: int
    # Saves commits where jobs are small; returns those that are to be run one by one.
    run_together: Callable[[Context, Sequence[Job]], Sequence[Job]] | None = None
    most_together: int = 1

    def is_final(self, job: Job, error: Exception) -> bool:
        """Whether another attempt cannot succeed."""
        if isinstance(error, DecoderFailed):
            # An attempt that a power cut interrupted left no error and says nothing of the file.
            return job.attempt >= _DECODER_ATTEMPTS and bool(job.last_error)
        return isinstance(error, (CannotDecode, UploadLost))


def tasks(
    pool: DecodePool,
    decoders: int,
    transcoder: Transcoder,
    stopping: threading.Event | None = None,
) -> Mapping[str, Task]:
    """The work of every kind of job that this version knows; long scans end when `stopping`."""
    is_stopping = stopping or threading.Event()
    cores = os.cpu_count() or 1
    return {
        jobs.INGEST.name: Task(
            placing.place,
            workers=min(max((cores + 1) // 2, 2), 8),
        ),
        jobs.DISCOVER.name: Task(
            discoveries.examine,
            workers=min(cores, 4),
            run_together=discoveries.examine_together,
            most_together=_FILES_TOGETHER,
        ),
        jobs.THUMBNAIL.name: Task(
            lambda ctx, job: _develop(ctx, job, pool),
            # One waits for each decoder and one more prepares the next, so that none ever idles.
            workers=decoders + 1,
        ),
        jobs.METADATA.name: Task(lambda ctx, job: _develop(ctx, job, pool), workers=1),
        jobs.TRANSCODE.name: Task(
            lambda ctx, job: transcodes.run(ctx, job, transcoder),
            # One conversion takes all cores by itself.
            workers=1,
        ),
        jobs.DETECT_STACKS.name: Task(
            stack_detection.run,
            workers=1,
            run_together=stack_detection.run_together,
            most_together=_FILES_TOGETHER,
        ),
        jobs.SCAN.name: Task(lambda ctx, job: scan.run(ctx, job, is_stopping), workers=1),
        jobs.DELETE.name: Task(lambda ctx, job: deleting.run(ctx, job, is_stopping), workers=1),
    }


def _readings(stored: StoredAsset, steps: tuple[str, ...]) -> frozenset[Reading]:
    """A photo's metadata alone is read faster; a recording's cover comes along with it."""
    is_whole = processing.THUMBNAIL in steps or stored.type == "AUDIO"
    return ALL_TASKS if is_whole else _METADATA_ONLY


def _develop(ctx: Context, job: Job, pool: DecodePool) -> None:
    """Decode one file and write what it holds: metadata, thumbnails and fingerprints."""
    assert job.asset_key is not None
    with ctx.db.read() as db:
        stored = assets.by_key(db, job.asset_key)
        repository = repositories.by_key(db, stored.repository_key)
    repository.require_online()
    layout = repository.layout
    source = layout.file(stored.storage_path)
    if not source.is_file():
        raise CannotDecode(
            source, "The original file is no longer there. Put it back, then scan the repository"
        )
    steps = jobs.steps_of(job.kind)
    development = pool.develop(
        source,
        thumbnails_dir=layout.thumbnails,
        stem=stored.stem,
        tasks=_readings(stored, steps),
    )
    now = ctx.now()
    why = development.thumbnail_error if processing.THUMBNAIL in steps else ""
    failed = development.metadata_error and why is not None
    with ctx.db.write() as tx:
        current = assets.by_key(tx, stored.key)
        # Newer content has a job of its own.
        if current.hash == stored.hash:
            asset_records.record_development(tx, current, development, now, steps)
        if failed:
            jobs.fail(tx, job, why or development.metadata_error or "", now, final=True)
        else:
            jobs.complete(tx, job.id, now)
