"""What browsers play of videos, recordings and photos that move: a copy, else the original itself."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

from msgspec import Struct

from lumilio.errors import BadRequest, NotFound
from lumilio.library import (
    assets,
    jobs,
    motion,
    processing,
    recording_records,
    repositories,
)
from lumilio.library.assets import AssetType, StoredAsset
from lumilio.library.context import Context
from lumilio.library.developments import Develop
from lumilio.library.jobs import NewJob
from lumilio.library.repository_folders import Layout
from lumilio.media.facts import EmbeddedVideo
from lumilio.media.motion_photos import holds_clip

_AGAIN_AFTER = timedelta(days=1)


class WebFile(Struct, frozen=True):
    """A file for a browser to play, or the part of it that is a film.

    `stem` is the hash of its original; one that is not final makes way for a copy.
    """

    path: Path
    mime_type: str
    stem: str
    part: EmbeddedVideo | None = None
    is_final: bool = True


class Waveform(Struct, frozen=True):
    """Seconds, and peaks from 0 to 1 in equal steps."""

    duration: float | None
    peaks: list[float]


def copy_of(layout: Layout, stored: StoredAsset) -> Path:
    """Where the web copy of a video, a recording or a photo's clip stands when there is one."""
    is_audio = stored.type == "AUDIO"
    return layout.web_audio(stored.stem) if is_audio else layout.web_video(stored.stem)


def video(ctx: Context, asset_id: UUID) -> WebFile:
    """The file of a video to play, always as MP4; raises BadRequest for other assets, NotFound."""
    return _web_file(ctx, _require(ctx, asset_id, "VIDEO"), "video/mp4", "video/mp4")


def audio(ctx: Context, asset_id: UUID) -> WebFile:
    """The file of a recording to play; raises BadRequest for other assets, NotFound."""
    stored = _require(ctx, asset_id, "AUDIO")
    # A finished step that left no copy found that browsers play the original.
    tasks = processing.decode(stored.processing).tasks or {}
    step = tasks.get(processing.TRANSCODE)
    is_ready = step is not None and step.state == "complete"
    return _web_file(ctx, stored, "audio/mpeg", stored.mime_type if is_ready else "audio/mpeg")


def clip(ctx: Context, asset_id: UUID) -> WebFile:
    """What plays when a photo moves; raises NotFound for one that does not.

    The clip of a motion photo is the part of its file, until there is a copy of one that not every
    browser plays; asking for it has that copy made.
    """
    stored = assets.require(ctx, asset_id)
    with ctx.db.read() as db:
        part = motion.embedded_video(db, stored.key)
        video_key = motion.video_of(db, stored.key) if part is None else None
        video = None if video_key is None else assets.by_key(db, video_key)
    if video is not None:
        return _web_file(ctx, video, "video/mp4", "video/mp4")
    if part is None:
        raise NotFound("This photo does not move")
    if copy := _copy(ctx, stored):
        return WebFile(copy, "video/mp4", stored.stem)
    file = _file_with_clip(ctx, stored, part)
    if part.needs_copy:
        _have_copied(ctx, stored)
    return WebFile(file, "video/mp4", stored.stem, part, is_final=not part.needs_copy)


def waveform(ctx: Context, asset_id: UUID) -> Waveform:
    """How loud a recording is over time; raises BadRequest for other assets, NotFound until read."""
    stored = _require(ctx, asset_id, "AUDIO")
    with ctx.db.read() as db:
        peaks = recording_records.waveform(db, stored.key)
        duration = db.value("SELECT duration FROM assets WHERE id = ?", (stored.key,))
    if peaks is None:
        raise NotFound("The recording has not been read yet")
    return Waveform(duration, peaks)


def _require(ctx: Context, asset_id: UUID, kind: AssetType) -> StoredAsset:
    stored = assets.require(ctx, asset_id)
    if stored.type != kind:
        raise BadRequest(f"The asset is of type {stored.type}, not {kind}")
    return stored


def _web_file(ctx: Context, stored: StoredAsset, copied_as: str, original_as: str) -> WebFile:
    if copy := _copy(ctx, stored):
        return WebFile(copy, copied_as, stored.stem)
    waiting = processing.pending(processing.decode(stored.processing), (processing.TRANSCODE,))
    original = assets.original_file(ctx, stored)
    return WebFile(original, original_as, stored.stem, is_final=not waiting)


def _copy(ctx: Context, stored: StoredAsset) -> Path | None:
    with ctx.db.read() as db:
        layout = repositories.by_key(db, stored.repository_key).layout
    copy = copy_of(layout, stored)
    # An empty file is what a power cut can leave of one that was not flushed.
    return copy if copy.is_file() and copy.stat().st_size else None


def _file_with_clip(ctx: Context, stored: StoredAsset, part: EmbeddedVideo) -> Path:
    file = assets.original_file(ctx, stored)
    try:
        if holds_clip(file, part):
            return file
    except OSError as error:
        raise NotFound("The photo cannot be read now", cause=error.strerror) from error
    raise NotFound("The clip is no longer in the photo; scan its repository")


def _have_copied(ctx: Context, stored: StoredAsset) -> None:
    """Queue the conversion of a photo's clip, unless that is under way or has just failed."""
    unique_key = f"clip:{stored.key}:{stored.stem}"
    now = ctx.now()
    with ctx.db.read() as db:
        if jobs.is_unfinished(db, unique_key):
            return
        if jobs.was_discarded(db, unique_key, now - _AGAIN_AFTER):
            return
    job = NewJob(jobs.TRANSCODE, Develop(), asset_key=stored.key, unique_key=unique_key)
    with ctx.db.write() as tx:
        jobs.enqueue(tx, job, now)
