"""Making what browsers play, job by job: with progress in the ledger, and stopped when it is ended."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from lumilio.errors import CannotDecode
from lumilio.library import (
    asset_records,
    assets,
    jobs,
    motion,
    registrations,
    repositories,
    web_copies,
)
from lumilio.library.assets import StoredAsset
from lumilio.library.context import Context
from lumilio.library.jobs import Job
from lumilio.library.staging import flush_folder
from lumilio.media.motion_photos import clip_bytes, holds_clip
from lumilio.media.thumbnails import PART
from lumilio.media.transcoder import Transcoder, TranscodeStopped

_WAIT_AFTER_STOP = timedelta(seconds=1)


def run(ctx: Context, job: Job, transcoder: Transcoder) -> None:
    """Make the web copy of a video, a recording or a photo's clip unless browsers play it anyway.

    Safe to repeat. Raises CannotDecode, DecoderFailed, RepositoryOffline, and OSError when the disk fails.
    """
    assert job.asset_key is not None
    with ctx.db.read() as db:
        stored = assets.by_key(db, job.asset_key)
        repository = repositories.by_key(db, stored.repository_key)
    repository.require_online()
    source = repository.layout.file(stored.storage_path)
    if not source.is_file():
        raise CannotDecode(
            source, "The original file is no longer there. Put it back, then scan the repository"
        )
    target = web_copies.copy_of(repository.layout, stored)
    repository.layout.make_room(target)
    # Beside the folder that is looked into, so that nobody meets half a copy.
    part = target.parents[1] / f".{target.name}.{job.id}{PART}"
    kind = "AUDIO" if stored.type == "AUDIO" else "VIDEO"
    try:
        with _film(ctx, stored, source, part) as film:
            outcome = transcoder.run(kind, film, part, lambda done: _goes_on(ctx, job, done))
    except TranscodeStopped:
        _stop(ctx, job, transcoder)
        return
    if part.exists():
        _put(part, target)
    _record(ctx, job, stored, getattr(outcome, "peaks", None))


@contextmanager
def _film(ctx: Context, stored: StoredAsset, source: Path, part: Path) -> Iterator[Path]:
    """What is to be converted: the file itself, or for so long the clip of a photo beside `part`."""
    if stored.type != "PHOTO":
        yield source
        return
    with ctx.db.read() as db:
        clip = motion.embedded_video(db, stored.key)
    if clip is None or not holds_clip(source, clip):
        raise CannotDecode(source, "The photo holds no clip any more. Scan the repository")
    taken_out = part.with_name(f"{part.name.removesuffix(PART)}.clip{PART}")
    try:
        with taken_out.open("wb") as file:
            file.writelines(clip_bytes(source, clip))
        yield taken_out
    finally:
        taken_out.unlink(missing_ok=True)


def _goes_on(ctx: Context, job: Job, done: float) -> bool:
    """Note progress; whether the job is still wanted."""
    with ctx.db.write(durable=False) as tx:
        return jobs.note_progress(tx, job.id, done) and not registrations.is_let_go(tx, job.id)


def _stop(ctx: Context, job: Job, transcoder: Transcoder) -> None:
    """Let a job that the leaving program cut short begin anew; others were ended by somebody."""
    now = ctx.now()
    with ctx.db.write() as tx:
        if registrations.cancel_if_let_go(tx, job.id, now):
            return
        if transcoder.is_closed and jobs.is_running(tx, job.id):
            jobs.postpone(tx, job, _WAIT_AFTER_STOP, "The program was left", now)


def _put(part: Path, target: Path) -> None:
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(target)
    flush_folder(target.parent)


def _record(ctx: Context, job: Job, stored: StoredAsset, waveform: bytes | None) -> None:
    now = ctx.now()
    with ctx.db.write() as tx:
        current = assets.by_key(tx, stored.key)
        if not jobs.is_running(tx, job.id):
            return
        # Newer content has a job of its own.
        if current.hash == stored.hash:
            asset_records.record_web_copy(tx, current, waveform, now)
        jobs.complete(tx, job.id, now)
