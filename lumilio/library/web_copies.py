"""What browsers play of videos and recordings: a copy made for them, else the original itself."""

from pathlib import Path
from uuid import UUID

from msgspec import Struct

from lumilio.errors import BadRequest, NotFound
from lumilio.library import assets, processing, recording_records, repositories
from lumilio.library.assets import AssetType, StoredAsset
from lumilio.library.context import Context
from lumilio.library.repository_folders import Layout


class WebFile(Struct, frozen=True):
    """A file for a browser to play; `stem` is the hash of its original."""

    path: Path
    mime_type: str
    stem: str


class Waveform(Struct, frozen=True):
    """Seconds, and peaks from 0 to 1 in equal steps."""

    duration: float | None
    peaks: list[float]


def copy_of(layout: Layout, stored: StoredAsset) -> Path:
    """Where the web copy of a video or recording stands when there is one."""
    is_video = stored.type == "VIDEO"
    return layout.web_video(stored.stem) if is_video else layout.web_audio(stored.stem)


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
    with ctx.db.read() as db:
        layout = repositories.by_key(db, stored.repository_key).layout
    copy = copy_of(layout, stored)
    # An empty file is what a power cut can leave of one that was not flushed.
    if copy.is_file() and copy.stat().st_size:
        return WebFile(copy, copied_as, stored.stem)
    return WebFile(assets.original_file(ctx, stored), original_as, stored.stem)
