"""The asset filter: its fields as clients send them, and the SQL conditions they stand for."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from lumilio.db import to_microseconds
from lumilio.errors import BadRequest
from lumilio.library import trash
from lumilio.library.assets import LISTED, AssetType
from lumilio.library.context import Principal
from lumilio.library.file_names import folded
from lumilio.library.users import Instant

Condition = tuple[str, tuple[int | float | str | bytes | None, ...]]

# What SQLite takes for a number, and for a pattern even when every character is escaped.
Key = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
LONGEST_TEXT = 4096

_PATTERNS: dict[str, str] = {
    "contains": "%{}%",
    "matches": "{}",
    "starts_with": "{}%",
    "startswith": "{}%",
    "ends_with": "%{}",
    "endswith": "%{}",
}
_PLAIN_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LAST_MICROSECOND = time(23, 59, 59, 999999)


class FilenameFilter(Struct, frozen=True):
    """Part of a file name; letter case never matters."""

    value: Annotated[str, Meta(max_length=LONGEST_TEXT)] | None = None
    operator: Annotated[
        str | None, Meta(description="contains, matches, starts_with or ends_with.")
    ] = None
    mode: Annotated[str | None, Meta(description="Old name of operator.")] = None


class DateRange(Struct, frozen=True, rename={"from_": "from"}):
    """Days or instants, both included; a lone plain `from` means that day."""

    from_: str | None = None
    to: str | None = None


class GeoBounds(Struct, frozen=True):
    """A map rectangle in degrees; west greater than east crosses the 180th meridian."""

    north: float
    south: float
    east: float
    west: float


class AssetFilter(Struct, frozen=True):
    """Conditions that must all hold."""

    asset_ids: (
        Annotated[
            list[UUID], Meta(max_length=100, description="At most 100 assets (our addition).")
        ]
        | None
    ) = None
    repository_id: str | None = None
    album_id: Key | None = None
    type: AssetType | None = None
    types: list[AssetType] | None = None
    owner_id: Key | None = None
    raw: bool | None = None
    rating: Key | None = None
    liked: bool | None = None
    filename: FilenameFilter | None = None
    date: DateRange | None = None
    is_deleted: bool | None = None
    camera_model: str | None = None
    lens: str | None = None
    location: GeoBounds | None = None
    tag_name: str | None = None
    tag_source: str | None = None


def conditions(
    wanted: AssetFilter, query: str, principal: Principal, zone: ZoneInfo
) -> Iterator[Condition]:
    """The SQL conditions of a filter over `assets`, within what the principal may see.

    Raises BadRequest for a date or repository id that cannot be read.
    """
    yield (
        trash.IN_TRASH if wanted.is_deleted else "assets.deleted_at IS NULL",
        (),
    )
    yield (LISTED, ())
    owner_id = wanted.owner_id if principal.is_admin else principal.user_id
    yield from _equal("assets.owner_id", owner_id)
    if not principal.is_admin and owner_id is None:
        yield ("0", ())
    yield from _kind(wanted)
    yield from _marks(wanted)
    yield from _names(wanted, query)
    yield from _dates(wanted.date, zone)
    yield from _place(wanted.location)
    yield from _membership(wanted)


def takes_whole_stacks(wanted: AssetFilter, query: str) -> bool:
    """Whether of a stack's members all are chosen or none, as they share what is asked for."""
    shared = AssetFilter(
        repository_id=wanted.repository_id,
        owner_id=wanted.owner_id,
        is_deleted=wanted.is_deleted,
    )
    return wanted == shared and not query.strip()


def _kind(wanted: AssetFilter) -> Iterator[Condition]:
    if wanted.asset_ids is not None:
        ids = tuple(asset_id.bytes for asset_id in wanted.asset_ids)
        yield (f"assets.asset_id IN ({', '.join('?' * len(ids))})", ids)
    if wanted.repository_id:
        yield (
            "assets.repository_id = (SELECT id FROM repositories WHERE repository_id = ?)",
            (_uuid(wanted.repository_id).bytes,),
        )
    yield from _equal("assets.type", wanted.type)
    if wanted.types:
        types = tuple(set(wanted.types))
        yield (f"assets.type IN ({', '.join('?' * len(types))})", types)
    if wanted.raw is not None:
        yield ("assets.is_raw = ?", (int(wanted.raw),))


def _marks(wanted: AssetFilter) -> Iterator[Condition]:
    yield from _equal("assets.rating", wanted.rating)
    if wanted.liked is not None:
        yield ("assets.liked = ?", (int(wanted.liked),))
    yield from _equal("assets.camera_model", wanted.camera_model or None)
    yield from _equal("assets.lens_model", wanted.lens or None)


def _names(wanted: AssetFilter, query: str) -> Iterator[Condition]:
    if query.strip():
        yield _like("contains", query.strip())
    given = wanted.filename
    if given is not None and given.value and given.value.strip():
        operator = (given.operator or given.mode or "contains").strip().lower()
        yield _like(operator, given.value.strip())


def _like(operator: str, text: str) -> Condition:
    escaped = folded(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    pattern = _PATTERNS.get(operator, _PATTERNS["contains"]).format(escaped)
    return ("assets.folded_filename LIKE ? ESCAPE '\\'", (pattern,))


def _dates(wanted: DateRange | None, zone: ZoneInfo) -> Iterator[Condition]:
    if wanted is None:
        return
    column = "COALESCE(assets.taken_time, assets.upload_time)"
    start, end = wanted.from_ or None, wanted.to or None
    if start and not end and _is_plain_date(start):
        end = start
    if start:
        yield (f"{column} >= ?", (_instant(start, time.min, zone),))
    if end:
        yield (f"{column} <= ?", (_instant(end, _LAST_MICROSECOND, zone),))


def _place(wanted: GeoBounds | None) -> Iterator[Condition]:
    if wanted is None:
        return
    south, north = sorted((wanted.south, wanted.north))
    yield ("assets.gps_latitude BETWEEN ? AND ?", (south, north))
    if wanted.west <= wanted.east:
        yield ("assets.gps_longitude BETWEEN ? AND ?", (wanted.west, wanted.east))
    else:
        yield (
            "(assets.gps_longitude >= ? OR assets.gps_longitude <= ?)",
            (wanted.west, wanted.east),
        )


def _membership(wanted: AssetFilter) -> Iterator[Condition]:
    if wanted.album_id is not None:
        yield (
            "assets.id IN (SELECT asset_id FROM album_assets WHERE album_id = ?)",
            (wanted.album_id,),
        )
    if wanted.tag_name:
        source = " AND source = ?" if wanted.tag_source else ""
        yield (
            "assets.id IN (SELECT asset_id FROM asset_tags JOIN tags ON tags.id = tag_id"
            f" WHERE tag_name = ?{source})",
            (wanted.tag_name, *([wanted.tag_source] if wanted.tag_source else [])),
        )


def _equal(column: str, value: int | str | None) -> Iterator[Condition]:
    if value is not None:
        yield (f"{column} = ?", (value,))


def _uuid(text: str) -> UUID:
    try:
        return msgspec.convert(text, UUID)
    except msgspec.ValidationError as error:
        raise BadRequest("filter.repository_id is not an id", cause=str(error)) from error


def _is_plain_date(text: str) -> bool:
    return bool(_PLAIN_DATE.fullmatch(text))


def _instant(text: str, clock: time, zone: ZoneInfo) -> int:
    try:
        if _is_plain_date(text):
            return to_microseconds(datetime.combine(date.fromisoformat(text), clock, zone))
        return to_microseconds(msgspec.convert(text, Instant))
    except (ValueError, OverflowError) as error:
        raise BadRequest(
            "A date must be YYYY-MM-DD or a time with offset (RFC 3339)", cause=str(error)
        ) from error
