"""The listing in plain Python, to compare the real one with."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

MICROSECOND = timedelta(microseconds=1)


class Row(Struct, frozen=True, kw_only=True):
    """One asset of the model."""

    asset_id: str
    name: str = "a.jpg"
    type: str = "PHOTO"
    owner_id: int | None = None
    upload_time: datetime
    taken_time: datetime | None = None
    offset: int | None = None
    rating: int = 0
    liked: bool = False
    is_raw: bool = False
    is_deleted: bool = False
    camera_model: str | None = None
    lens_model: str | None = None
    latitude: float | None = None
    longitude: float | None = None

    @property
    def instant(self) -> datetime:
        return self.taken_time or self.upload_time

    @property
    def wall_clock(self) -> datetime:
        if self.taken_time is None:
            return self.upload_time
        return self.taken_time + timedelta(minutes=self.offset or 0)


def listed(rows: list[Row], query: dict[str, Any]) -> list[str]:
    """Ids of the rows that a query shows, in order."""
    wanted = query.get("filter") or {}
    zone = ZoneInfo(query.get("viewer_timezone") or "UTC")
    kept = [row for row in rows if _matches(row, wanted, query.get("query") or "", zone)]
    by_upload = query.get("sort_by") == "recently_added"
    kept.sort(
        key=lambda row: (row.upload_time if by_upload else row.wall_clock, row.asset_id),
        reverse=True,
    )
    return [row.asset_id for row in kept]


def _matches(row: Row, wanted: dict[str, Any], text: str, zone: ZoneInfo) -> bool:
    simple = {
        "type": row.type,
        "owner_id": row.owner_id,
        "rating": row.rating,
        "liked": row.liked,
        "raw": row.is_raw,
        "camera_model": row.camera_model,
        "lens": row.lens_model,
    }
    return (
        row.is_deleted == bool(wanted.get("is_deleted"))
        and all(wanted.get(name) in (None, value) for name, value in simple.items())
        and (not wanted.get("types") or row.type in wanted["types"])
        and text.strip().lower() in row.name.lower()
        and _name_matches(row.name.lower(), wanted.get("filename") or {})
        and _in_range(row.instant, wanted.get("date") or {}, zone)
        and _in_box(row, wanted.get("location"))
    )


def _name_matches(name: str, wanted: dict[str, str]) -> bool:
    value = (wanted.get("value") or "").strip().lower()
    operator = wanted.get("operator") or "contains"
    return {
        "contains": value in name,
        "matches": not value or value == name,
        "starts_with": name.startswith(value),
        "ends_with": name.endswith(value),
    }[operator]


def _in_range(instant: datetime, wanted: dict[str, str], zone: ZoneInfo) -> bool:
    start, end = wanted.get("from"), wanted.get("to")
    if start and not end and len(start) == 10:
        end = start
    after = not start or instant >= _instant(start, zone, time.min)
    return after and (not end or instant <= _instant(end, zone, time.max))


def _instant(text: str, zone: ZoneInfo, clock: time) -> datetime:
    if len(text) == 10:
        return datetime.combine(date.fromisoformat(text), clock, zone)
    return datetime.fromisoformat(text)


def _in_box(row: Row, box: dict[str, float] | None) -> bool:
    if box is None:
        return True
    if row.latitude is None or row.longitude is None:
        return False
    south, north = sorted((box["south"], box["north"]))
    if box["west"] <= box["east"]:
        fits = box["west"] <= row.longitude <= box["east"]
    else:
        fits = row.longitude >= box["west"] or row.longitude <= box["east"]
    return south <= row.latitude <= north and fits


def collapsed(
    rows: list[tuple[Row, int | None]], query: dict[str, Any]
) -> tuple[list[tuple[str, list[str], list[str]]], int]:
    """What a collapsed list shows of rows in numbered stacks, and how many rows a query finds.

    Each is shown by its cover, with all members of the cover's stack and those that were found.
    """
    found = listed([row for row, _ in rows], query)
    stacks: dict[str, list[Row]] = {row.asset_id: [row] for row, _ in rows}
    for number in {number for _, number in rows} - {None}:
        members = [row for row, its in rows if its == number]
        for row in members:
            stacks[row.asset_id] = [r for r in members if r.is_deleted == row.is_deleted]
    covers = {stacks[asset_id][0].asset_id for asset_id in found}
    everything = query | {"filter": {"is_deleted": query["filter"].get("is_deleted")}}
    ordered = [
        asset_id for asset_id in listed([r for r, _ in rows], everything) if asset_id in covers
    ]
    return [
        (cover, members, [it for it in members if it in found])
        for cover in ordered
        for members in [[row.asset_id for row in stacks[cover]]]
    ], len(found)
