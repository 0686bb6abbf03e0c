"""Entering a file as an asset, or as the new content of one."""

from datetime import datetime

from msgspec import Struct
from uuid_utils.compat import uuid7

from lumilio.db import Transaction, to_microseconds
from lumilio.library import file_names, metadata_layers, processing
from lumilio.media.formats import Format, MediaType


class NewAsset(Struct, frozen=True, kw_only=True):
    """A file that becomes an asset; `taken_time` only where the file system tells a likely one."""

    repository_key: int
    owner_id: int | None
    form: Format
    name: str
    storage_path: str
    size: int
    modified_at: int
    content_hash: bytes
    at: datetime
    taken_time: int | None = None


def insert(tx: Transaction, new: NewAsset) -> int:
    """Write the row of a new asset, none of whose steps has run; returns its key."""
    return tx.insert(
        "INSERT INTO assets (asset_id, repository_id, owner_id, type, original_filename,"
        " folded_filename, storage_path, mime_type, file_size, file_modified_at, hash,"
        " upload_time, taken_time, is_raw, processing)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            # Ids in the order of time end up side by side in every index, whose pages stay few.
            uuid7().bytes,
            new.repository_key,
            new.owner_id,
            new.form.type,
            new.name,
            file_names.folded(new.name),
            new.storage_path,
            new.form.mime,
            new.size,
            new.modified_at,
            new.content_hash,
            to_microseconds(new.at),
            new.taken_time,
            int(new.form.is_raw),
            processing.encode(processing.begin(new.at, processing.TASKS[new.form.type])),
        ),
    )


def replace_content(tx: Transaction, key: int, content_hash: bytes, now: datetime) -> None:
    """Forget what was read from the former content; what a person chose stays."""
    kind: MediaType = tx.value("SELECT type FROM assets WHERE id = ?", (key,))
    status = processing.begin(now, processing.TASKS[kind])
    tx.run(
        "UPDATE assets SET hash = ?, thumbhash = NULL, duration = NULL, processing = ?"
        " WHERE id = ?",
        (content_hash, processing.encode(status), key),
    )
    tx.run("DELETE FROM thumbnails WHERE asset_id = ?", (key,))
    tx.run("DELETE FROM waveforms WHERE asset_id = ?", (key,))
    metadata_layers.forget_file(tx, key)
