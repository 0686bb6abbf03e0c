"""Writing and reading what is special to videos and recordings: facts, lengths and waveforms."""

import sys
from array import array

import msgspec

from lumilio.db import Connection, Transaction
from lumilio.library import asset_metadata, metadata_layers
from lumilio.media.facts import AudioFacts, Development, VideoFacts

_LOUDEST = 65535


def record_facts(
    tx: Transaction, key: int, facts: VideoFacts | AudioFacts, development: Development
) -> None:
    """Write what a video or recording says of itself, beside its size and its length."""
    document = asset_metadata.from_facts(facts)
    metadata_layers.record_file(tx, key, facts, document)
    tx.run(
        "UPDATE assets SET width = ?, height = ?, duration = ? WHERE id = ?",
        (development.width, development.height, development.duration, key),
    )
    tx.run(
        "INSERT OR REPLACE INTO asset_exif (asset_id, exif_raw) VALUES (?, ?)",
        (key, msgspec.json.encode(development.exif_raw).decode()),
    )


def record_waveform(tx: Transaction, key: int, peaks: bytes) -> None:
    """Write how loud a recording is over time."""
    tx.run("INSERT OR REPLACE INTO waveforms (asset_id, peaks) VALUES (?, ?)", (key, peaks))


def waveform(db: Connection, key: int) -> list[float] | None:
    """How loud a recording is over time, from 0 to 1; None until it has been read."""
    stored: bytes | None = db.value("SELECT peaks FROM waveforms WHERE asset_id = ?", (key,))
    if stored is None:
        return None
    peaks = array("H", stored)
    if sys.byteorder == "big":
        peaks.byteswap()
    return [round(peak / _LOUDEST, 4) for peak in peaks]
