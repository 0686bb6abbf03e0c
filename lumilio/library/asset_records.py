"""Writing what the pipeline finds out about an asset."""

from datetime import datetime
from pathlib import Path

import msgspec

from lumilio.db import Transaction
from lumilio.library import (
    metadata_layers,
    motion,
    photo_metadata,
    processing,
    recording_records,
    stack_detection,
)
from lumilio.library.assets import THUMBNAIL_SIZES, StoredAsset, by_key
from lumilio.library.processing import AssetProcessingStatus
from lumilio.library.repository_folders import Layout
from lumilio.media.facts import Development, PhotoFacts


def record_development(
    tx: Transaction,
    stored: StoredAsset,
    development: Development,
    now: datetime,
    steps: tuple[str, ...] = processing.PHOTO_TASKS,
) -> None:
    """Write what decoding a file has brought: facts, fingerprints, thumbnails, its new state.

    Steps that a file of its type does not have are no steps: a recording's cover is a gift.
    """
    status = processing.decode(stored.processing)
    told = {
        processing.METADATA: development.metadata_error,
        processing.THUMBNAIL: development.thumbnail_error,
    }
    outcomes = {step: told[step] for step in processing.tracked(status, steps)}
    _record_status(tx, stored.key, processing.after(status, outcomes, now))
    if isinstance(development.facts, PhotoFacts):
        _record_facts(tx, stored, development.facts, development)
    elif development.facts is not None:
        recording_records.record_facts(tx, stored.key, development.facts, development)
        motion.announce_stills(tx, stored.key)
    if development.facts is not None:
        stack_detection.queue(tx, stored.key, now)
    if development.thumbnails:
        _record_pictures(tx, stored, development)


def record_web_copy(
    tx: Transaction, stored: StoredAsset, waveform: bytes | None, now: datetime
) -> None:
    """Note that an asset can be played in browsers, and how loud a recording is over time.

    For a photo whose clip was converted that is no step.
    """
    status = processing.decode(stored.processing)
    steps = processing.tracked(status, (processing.TRANSCODE,))
    status = processing.after(status, dict.fromkeys(steps), now)
    _record_status(tx, stored.key, status)
    if waveform is not None:
        recording_records.record_waveform(tx, stored.key, waveform)


def record_failure(
    tx: Transaction, key: int, tasks: tuple[str, ...], reason: str, now: datetime
) -> None:
    """Note that steps of an asset have failed for good."""
    status = processing.decode(by_key(tx, key).processing)
    failed: dict[str, str | None] = dict.fromkeys(processing.tracked(status, tasks), reason)
    _record_status(tx, key, processing.after(status, failed, now))


def record_cancellation(
    tx: Transaction, key: int, tasks: tuple[str, ...], reason: str, now: datetime
) -> None:
    """Note that steps of an asset will not be done; what is done stays done."""
    status = processing.decode(by_key(tx, key).processing)
    outcomes: dict[str, str | None] = dict.fromkeys(processing.pending(status, tasks), reason)
    _record_status(tx, key, processing.after(status, outcomes, now))


def record_restart(tx: Transaction, key: int, tasks: tuple[str, ...], now: datetime) -> None:
    """Note that failed steps of an asset are to be done again."""
    status = processing.decode(by_key(tx, key).processing)
    _record_status(tx, key, processing.restarted(status, tasks, now))


def record_reset(tx: Transaction, key: int, steps: tuple[str, ...], now: datetime) -> None:
    """Note that steps of an asset are to be done again, also those that were done."""
    if steps:
        status = processing.decode(by_key(tx, key).processing)
        _record_status(tx, key, processing.reset(status, steps, now))


def _record_status(tx: Transaction, key: int, status: AssetProcessingStatus) -> None:
    tx.run("UPDATE assets SET processing = ? WHERE id = ?", (processing.encode(status), key))


def _record_facts(
    tx: Transaction, stored: StoredAsset, facts: PhotoFacts, development: Development
) -> None:
    document = photo_metadata.from_facts(
        facts, width=development.width, height=development.height, is_raw=bool(stored.is_raw)
    )
    metadata_layers.record_file(tx, stored.key, facts, document)
    tx.run(
        "UPDATE assets SET width = ?, height = ? WHERE id = ?",
        (development.width, development.height, stored.key),
    )
    tx.run(
        "INSERT OR REPLACE INTO asset_exif (asset_id, exif_raw) VALUES (?, ?)",
        (stored.key, msgspec.json.encode(development.exif_raw).decode()),
    )


def _record_pictures(tx: Transaction, stored: StoredAsset, development: Development) -> None:
    phash = development.perceptual_hash
    tx.run(
        "UPDATE assets SET thumbhash = ?, perceptual_hash = ?, width = ?, height = ? WHERE id = ?",
        (
            development.thumbhash,
            None if phash is None else phash.to_bytes(8, "big"),
            development.width,
            development.height,
            stored.key,
        ),
    )
    for size in THUMBNAIL_SIZES:
        path = Layout(Path()).thumbnail(stored.stem, size).as_posix()
        tx.run(
            "INSERT INTO thumbnails (asset_id, size, storage_path, mime_type)"
            " VALUES (?, ?, ?, 'image/webp')"
            " ON CONFLICT (asset_id, size) DO UPDATE SET storage_path = excluded.storage_path",
            (stored.key, size, path),
        )
