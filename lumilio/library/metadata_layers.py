"""The metadata of an asset in two layers: what its file says, and what people typed over it.

The layers have tables of their own, so that reading a file again, or other content in its place,
never touches what was typed. `assets` holds what both come to, which lists and filters read.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.db import Transaction, to_microseconds
from lumilio.errors import BadRequest
from lumilio.library import assets
from lumilio.library.context import Context
from lumilio.library.photo_metadata import Offset
from lumilio.library.users import Instant

Text = str | UnsetType | None
Whole = int | UnsetType | None
Real = float | UnsetType | None
Time = Instant | UnsetType | None
Stars = Annotated[int, Meta(ge=0, le=5)]

Document = dict[str, Any]


class TypedMetadata(Struct, kw_only=True):
    """Metadata of a photo, a video or a recording as a person has it.

    A key that is left out is taken away, null gives back what the file says.
    """

    taken_time: Time = UNSET
    recorded_time: Time = UNSET
    capture_offset_minutes: Offset | UnsetType | None = UNSET
    camera_model: Text = UNSET
    lens_model: Text = UNSET
    exposure_time: Text = UNSET
    f_number: Real = UNSET
    focal_length: Real = UNSET
    iso_speed: Whole = UNSET
    exposure: Real = UNSET
    dimensions: Text = UNSET
    resolution: Text = UNSET
    gps_latitude: Annotated[Real, Meta(description="Beyond ±90 the position is dropped.")] = UNSET
    gps_longitude: Annotated[Real, Meta(description="Beyond ±180 the position is dropped.")] = UNSET
    description: Text = UNSET
    is_raw: bool | UnsetType | None = UNSET
    content_identifier: Text = UNSET
    has_gain_map: bool | UnsetType | None = UNSET
    codec: Text = UNSET
    bitrate: Whole = UNSET
    frame_rate: Real = UNSET
    sample_rate: Whole = UNSET
    channels: Whole = UNSET
    artist: Text = UNSET
    album: Text = UNSET
    title: Text = UNSET
    genre: Text = UNSET
    year: Whole = UNSET


def record_file(tx: Transaction, key: int, facts: Struct, document: Struct) -> None:
    """Note what a file says: all facts, and the document that clients see."""
    tx.run(
        "INSERT OR REPLACE INTO file_metadata (asset_id, facts, document) VALUES (?, ?, ?)",
        (key, _json(facts), _json(document)),
    )
    _merge(tx, key)


def forget_file(tx: Transaction, key: int) -> None:
    """Forget what the former content of a file said; what people typed stays."""
    tx.run("DELETE FROM file_metadata WHERE asset_id = ?", (key,))
    _merge(tx, key)


def replace(ctx: Context, asset_id: UUID, given: TypedMetadata | None) -> None:
    """Let exactly this be an asset's metadata; None forgets all that was typed.

    Only what differs from the file is typed. Raises NotFound, also for the trash, and Forbidden.
    """
    with ctx.db.write() as tx:
        key = _require_own(ctx, tx, asset_id)
        typed = {} if given is None else _differences(_document(given), _file_document(tx, key))
        _type(tx, key, typed)


def describe(ctx: Context, asset_id: UUID, description: str) -> None:
    """Type an asset's description; an empty one gives back the file's. Errors as in `replace`."""
    with ctx.db.write() as tx:
        key = _require_own(ctx, tx, asset_id)
        typed = _typed_document(tx, key)
        typed.pop("description", None)
        if description and description != _file_document(tx, key).get("description"):
            typed["description"] = description
        _type(tx, key, typed)


def rate(ctx: Context, asset_id: UUID, rating: int) -> None:
    """Give an asset 0 to 5 stars, whatever its file says. Errors as in `replace`."""
    with ctx.db.write() as tx:
        _rate(tx, _require_own(ctx, tx, asset_id), rating)


def like(ctx: Context, asset_id: UUID, *, liked: bool) -> None:
    """Like an asset or take that back. Errors as in `replace`."""
    with ctx.db.write() as tx:
        _like(tx, _require_own(ctx, tx, asset_id), liked=liked)


def like_all(ctx: Context, asset_ids: list[UUID], *, liked: bool) -> list[UUID]:
    """Like many assets or take that back, all or none; those that this changed.

    Errors as in `replace`.
    """
    with ctx.db.write() as tx:
        keys = {asset_id: _require_own(ctx, tx, asset_id) for asset_id in asset_ids}
        changed = [it for it, key in keys.items() if _is_liked(tx, key) is not liked]
        for asset_id in changed:
            _like(tx, keys[asset_id], liked=liked)
        return changed


def rate_and_like(ctx: Context, asset_id: UUID, rating: int, *, liked: bool) -> None:
    """Do both in one step. Errors as in `replace`."""
    with ctx.db.write() as tx:
        key = _require_own(ctx, tx, asset_id)
        _rate(tx, key, rating)
        _like(tx, key, liked=liked)


def _require_own(ctx: Context, tx: Transaction, asset_id: UUID) -> int:
    key, owner_id = assets.require_active(ctx, tx, asset_id)
    ctx.require_control(owner_id)
    return key


def _rate(tx: Transaction, key: int, rating: int) -> None:
    tx.run(
        "INSERT INTO typed_metadata (asset_id, rating) VALUES (?, ?)"
        " ON CONFLICT (asset_id) DO UPDATE SET rating = excluded.rating",
        (key, rating),
    )
    _merge(tx, key)


def _like(tx: Transaction, key: int, *, liked: bool) -> None:
    tx.run("UPDATE assets SET liked = ? WHERE id = ?", (int(liked), key))


def _is_liked(tx: Transaction, key: int) -> bool:
    return bool(tx.value("SELECT liked FROM assets WHERE id = ?", (key,)))


def _type(tx: Transaction, key: int, typed: Document) -> None:
    tx.run(
        "INSERT INTO typed_metadata (asset_id, document) VALUES (?, ?)"
        " ON CONFLICT (asset_id) DO UPDATE SET document = excluded.document",
        (key, _json(typed)),
    )
    _merge(tx, key)


def _document(given: TypedMetadata) -> Document:
    """What was given, in the form in which documents are stored."""
    for name in ("taken_time", "recorded_time"):
        moment = getattr(given, name)
        if isinstance(moment, datetime):
            setattr(given, name, _in_utc(moment))
    document: Document = msgspec.json.decode(msgspec.json.encode(given))
    latitude, longitude = document.get("gps_latitude"), document.get("gps_longitude")
    if abs(latitude or 0) > 90 or abs(longitude or 0) > 180:
        document.pop("gps_latitude", None)
        document.pop("gps_longitude", None)
    return document


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise BadRequest("That time is beyond the calendar", cause=str(error)) from error


def _differences(given: Document, file: Document) -> Document:
    changed = {
        name: value
        for name, value in given.items()
        if value is not None and value != file.get(name)
    }
    return changed | dict.fromkeys(name for name in file if name not in given)


def _file_document(tx: Transaction, key: int) -> Document:
    return _decoded(tx.value("SELECT document FROM file_metadata WHERE asset_id = ?", (key,)))


def _typed_document(tx: Transaction, key: int) -> Document:
    return _decoded(tx.value("SELECT document FROM typed_metadata WHERE asset_id = ?", (key,)))


def _merge(tx: Transaction, key: int) -> None:
    """Write what both layers come to where lists and filters read it.

    The time and offset columns fall back to the file's, and the time to that of the file itself in
    the user's area, so that an asset without any keeps its place in the timeline.
    """
    file, typed = _file_document(tx, key), _typed_document(tx, key)
    merged = {name: value for name, value in (file | typed).items() if value is not None}
    latitude, longitude = merged.get("gps_latitude"), merged.get("gps_longitude")
    is_placed = latitude is not None and longitude is not None
    tx.run(
        "UPDATE assets SET specific_metadata = ?, camera_model = ?, lens_model = ?,"
        " gps_latitude = ?, gps_longitude = ?, capture_offset_minutes = ?, taken_time ="
        " COALESCE(?, IIF(substr(storage_path, 1, 6) = 'inbox/', NULL, file_modified_at)),"
        " rating = COALESCE((SELECT rating FROM typed_metadata WHERE asset_id = assets.id),"
        " (SELECT facts ->> 'rating' FROM file_metadata WHERE asset_id = assets.id), 0)"
        " WHERE id = ?",
        (
            _json(merged),
            merged.get("camera_model"),
            merged.get("lens_model"),
            latitude if is_placed else None,
            longitude if is_placed else None,
            merged.get("capture_offset_minutes", file.get("capture_offset_minutes")),
            to_microseconds(_time_of(merged) or _time_of(file)),
            key,
        ),
    )


def _time_of(document: Document) -> datetime | None:
    text = document.get("taken_time") or document.get("recorded_time")
    return msgspec.convert(text, Instant) if text else None


def _json(document: Document | Struct) -> str:
    return msgspec.json.encode(document).decode()


def _decoded(text: str | None) -> Document:
    return msgspec.json.decode(text) if text else {}
