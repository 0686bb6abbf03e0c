"""How Python values stand in the database: instants as whole microseconds since 1970, UTC."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import overload

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@overload
def to_microseconds(instant: datetime) -> int: ...
@overload
def to_microseconds(instant: None) -> None: ...
def to_microseconds(instant: datetime | None) -> int | None:
    """Microseconds since the epoch of an aware datetime; exact, without floating point."""
    return None if instant is None else (instant - EPOCH) // _MICROSECOND


@overload
def from_microseconds(value: int) -> datetime: ...
@overload
def from_microseconds(value: None) -> None: ...
def from_microseconds(value: int | None) -> datetime | None:
    """The UTC datetime of a stored instant."""
    return None if value is None else EPOCH + timedelta(microseconds=value)


def json_array(values: Iterable[int | str]) -> str:
    """Any number of values as one: `IN (SELECT value FROM json_each(?))`."""
    return msgspec.json.encode(list(values)).decode()
