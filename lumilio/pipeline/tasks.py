"""What each kind of job does, how many run at once, and when trying again makes no sense."""

import os
from collections.abc import Callable, Mapping

from msgspec import Struct

from lumilio.errors import CannotDecode, DecoderFailed
from lumilio.library import (
    asset_records,
    assets,
    discoveries,
    jobs,
    placing,
    repositories,
)
from lumilio.library.context import Context
from lumilio.library.jobs import Job
from lumilio.library.placing import UploadLost
from lumilio.media.pool import DecodePool
from lumilio.media.transcoder import Transcoder
from lumilio.pipeline import scan, transcodes

# A decoder that failed may have been the victim of something else; twice is the file's own fault.
_DECODER_ATTEMPTS = 2


class Task(Struct, frozen=True):
    """The work behind one kind of job."""

    run: Callable[[Context, Job], None]
    workers: int

    def is_final(self, job: Job, error: Exception) -> bool:
        """Whether another attempt cannot succeed."""
        if isinstance(error, DecoderFailed):
            # An attempt that a power cut interrupted left no error and says nothing of the file.
            return job.attempt >= _DECODER_ATTEMPTS and bool(job.last_error)
        return isinstance(error, (CannotDecode, UploadLost))


def tasks(pool: DecodePool, decoders: int, transcoder: Transcoder) -> Mapping[str, Task]:
    """The work of every kind of job that this version knows."""
    cores = os.cpu_count() or 1
    return {
        jobs.INGEST.name: Task(
            placing.place,
            workers=min(max((cores + 1) // 2, 2), 8),
        ),
        jobs.DISCOVER.name: Task(discoveries.examine, workers=min(cores, 4)),
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
        jobs.SCAN.name: Task(scan.run, workers=1),
    }


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
        raise CannotDecode(source, "The original file is no longer there")
    development = pool.develop(source, thumbnails_dir=layout.thumbnails, stem=stored.stem)
    now = ctx.now()
    # A recording without a cover lacks nothing.
    failed = development.metadata_error and (development.thumbnail_error or stored.type == "AUDIO")
    with ctx.db.write() as tx:
        current = assets.by_key(tx, stored.key)
        # Newer content has a job of its own.
        if current.hash == stored.hash:
            asset_records.record_development(tx, current, development, now)
        if failed:
            why = development.thumbnail_error or development.metadata_error or ""
            jobs.fail(tx, job, why, now, final=True)
        else:
            jobs.complete(tx, job.id, now)
