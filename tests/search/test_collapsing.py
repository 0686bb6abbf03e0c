"""Pages with stacks against a model in plain Python."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lumilio.db import to_microseconds
from lumilio.media.pool import DecodePool
from tests.search.model import Row, collapsed
from tests.support.library import Library

DAY = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, pool: DecodePool) -> Iterator[Library]:
    library = Library(tmp_path_factory.mktemp("collapsing"), pool).set_up()
    yield library
    library.close()


@st.composite
def rows_in_stacks(draw: st.DrawFn) -> list[tuple[Row, int | None]]:
    """Assets, each with the number of its stack."""
    numbers = draw(st.lists(st.sampled_from([None, None, 1, 2, 3]), max_size=10))
    instants = st.integers(0, 4).map(lambda hours: DAY + timedelta(hours=hours))
    return [
        (
            Row(
                asset_id=str(UUID(int=draw(st.integers(0, 2**20)) * 100 + index)),
                type=draw(st.sampled_from(["PHOTO", "VIDEO"])),
                upload_time=draw(instants),
                taken_time=draw(st.none() | instants),
                rating=draw(st.sampled_from([0, 3])),
                is_deleted=draw(st.booleans()),
            ),
            number,
        )
        for index, number in enumerate(numbers)
    ]


QUERIES = st.builds(
    lambda order, filter: {"sort_by": order, "filter": filter},
    st.sampled_from(["date_captured", "recently_added"]),
    st.fixed_dictionaries(
        {},
        optional={
            "is_deleted": st.booleans(),
            "type": st.sampled_from(["PHOTO", "VIDEO"]),
            "rating": st.sampled_from([0, 3]),
        },
    ),
)


def fill(library: Library, rows: list[tuple[Row, int | None]]) -> None:
    """Let the library have exactly these assets, stacked in their order."""
    library.run("DELETE FROM assets")
    stacked: dict[int, list[Row]] = {}
    for row, number in rows:
        library.add_asset(
            asset_id=UUID(row.asset_id),
            type=row.type,
            rating=row.rating,
            upload_time=to_microseconds(row.upload_time),
            taken_time=to_microseconds(row.taken_time),
        )
        if number is not None:
            stacked.setdefault(number, []).append(row)
    for members in stacked.values():
        if len(members) > 1:
            body = {"asset_ids": [row.asset_id for row in members]}
            assert library.admin.post("/assets/stacks", body).status_code == 201
    for row, _ in rows:
        if row.is_deleted:
            library.run(
                "UPDATE assets SET deleted_at = 1, deleted_reason = 'trashed' WHERE asset_id = ?",
                UUID(row.asset_id).bytes,
            )


def shown(item: dict[str, Any]) -> tuple[str, list[str], list[str]]:
    """The cover of a row, its members, and those that were found."""
    if item["type"] == "asset":
        asset_id = item["asset"]["asset_id"]
        assert item["id"] == f"asset:{asset_id}"
        assert "stack" not in item["asset"]
        return asset_id, [asset_id], [asset_id]
    stack = item["stack"]
    assert item["id"] == f"stack:{stack['stack_id']}"
    cover = stack["cover_asset"]
    assert cover["asset_id"] == stack["cover_asset_id"] == stack["member_asset_ids"][0]
    assert stack["stack_size"] == len(stack["member_asset_ids"])
    assert cover["stack"] == {
        "stack_id": stack["stack_id"],
        "stack_kind": stack["stack_kind"],
        "stack_size": stack["stack_size"],
        "stack_cover": True,
    }
    return stack["cover_asset_id"], stack["member_asset_ids"], stack["matched_member_ids"]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=rows_in_stacks(), query=QUERIES, limit=st.integers(1, 4))
def test_pages_of_visible_rows_are_those_of_the_model(
    library: Library, rows: list[tuple[Row, int | None]], query: dict[str, Any], limit: int
) -> None:
    fill(library, rows)
    expected, found = collapsed(rows, query)
    items: list[dict[str, Any]] = []
    while True:
        page = library.admin.ok(
            "POST", "/assets/list", query | {"pagination": {"limit": limit, "offset": len(items)}}
        )
        assert (page["total_visible"], page["total_assets"]) == (len(expected), found)
        fresh = page.get("items", [])
        # A page is full while there is more.
        assert len(fresh) == min(limit, len(expected) - len(items))
        if not fresh:
            break
        items += fresh
    assert [shown(item) for item in items] == expected
