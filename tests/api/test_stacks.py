"""Stacks: made by hand, taken apart, put back, and what the trash does to them."""

from typing import Any
from uuid import UUID

import pytest

from tests.support.api import Api
from tests.support.library import Library

UNKNOWN = "123e4567-e89b-42d3-a456-426614174000"


def create(api: Api, *asset_ids: str) -> Any:
    answer = api.post("/assets/stacks", {"asset_ids": asset_ids})
    assert answer.status_code == 201, answer.text
    return answer.json()


def stack_of(api: Api, asset_id: str) -> Any:
    return api.ok("GET", f"/assets/{asset_id}/stack")["stack"]


def members(stack: Any) -> list[str]:
    assert stack["member_count"] == len(stack["members"])
    assert [member["position"] for member in stack["members"]] == list(range(len(stack["members"])))
    return [member["asset_id"] for member in stack["members"]]


def is_stacked(api: Api, asset_id: str) -> bool:
    return "stack" in api.ok("GET", f"/assets/{asset_id}")


def trash(library: Library, asset_id: str, *, back: bool = False) -> None:
    library.run(
        "UPDATE assets SET deleted_at = ?, deleted_reason = ? WHERE asset_id = ?",
        None if back else 1,
        None if back else "trashed",
        UUID(asset_id).bytes,
    )


def shown(api: Api, **query: Any) -> list[Any]:
    """What a collapsed page shows: an asset's id, or those of a stack's members."""
    return [
        item["asset"]["asset_id"] if item["type"] == "asset" else item["stack"]["member_asset_ids"]
        for item in api.page(query or None).get("items", [])
    ]


@pytest.fixture
def four(library: Library) -> list[str]:
    return [str(library.add_asset(f"{n}.jpg", asset_id=UUID(int=n))) for n in range(10, 14)]


def test_a_stack_has_its_members_in_the_order_given(library: Library, four: list[str]) -> None:
    a, b, c, d = four
    stack = create(library.admin, c, a, b)
    assert members(stack) == [c, a, b]
    assert stack["stack_kind"] == "manual"
    assert {member["relation"] for member in stack["members"]} == {"alternative"}
    for asset_id in (a, b, c):
        assert stack_of(library.admin, asset_id) == stack
    assert library.admin.get(f"/assets/{d}/stack").status_code == 404
    detail = library.admin.ok("GET", f"/assets/{c}")["stack"]
    known = {"stack_id": stack["stack_id"], "stack_kind": "manual", "stack_size": 3}
    assert detail == known | {"stack_cover": True}
    assert library.admin.ok("GET", f"/assets/{a}")["stack"] == known
    assert shown(library.admin) == [d, [c, a, b]]
    assert shown(library.admin, filename={"value": "10"}) == [[c, a, b]]


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ([], 400),
        ([0], 400),
        ([0, 0], 400),
        ([0, "7"], 400),
        ([0, UNKNOWN], 404),
        ([0, 3], 404),
        ([0, 1], 409),
    ],
)
def test_a_stack_that_cannot_be_is_refused_as_a_whole(
    library: Library, four: list[str], wanted: list[Any], status: int
) -> None:
    create(library.admin, four[1], four[2])
    trash(library, four[3])
    asset_ids = [four[it] if isinstance(it, int) else it for it in wanted]
    answer = library.admin.post("/assets/stacks", {"asset_ids": asset_ids})
    assert answer.status_code == status
    assert library.value("SELECT count(*) FROM stack_members") == 2


def test_a_stack_is_of_one_owner_and_one_repository(library: Library, four: list[str]) -> None:
    other = library.api.register("other")
    theirs = [str(library.add_asset("x", owner_id=other.user_id)) for _ in range(2)]
    assert other.post("/assets/stacks", {"asset_ids": [theirs[0], four[0]]}).status_code == 403
    body = {"asset_ids": [four[0], theirs[0]]}
    assert library.admin.post("/assets/stacks", body).status_code == 400
    attic = library.admin.ok("POST", "/repositories", {"name": "Attic"})["repository"]
    away = str(library.add_asset("y", repository_id=library.stored(attic).key))
    body = {"asset_ids": [four[0], away]}
    assert library.admin.post("/assets/stacks", body).status_code == 400
    stack = create(other, *theirs)
    assert members(stack_of(library.admin, theirs[0])) == theirs
    create(library.admin, *four[:2])
    for method, path in (("GET", ""), ("DELETE", ""), ("PUT", "/cover")):
        assert other.call(method, f"/assets/{four[0]}/stack{path}").status_code == 403
    assert members(stack) == theirs


def test_taking_one_out_leaves_the_others(library: Library, four: list[str]) -> None:
    a, b, c, _ = four
    create(library.admin, a, b, c)
    library.admin.ok("DELETE", f"/assets/{a}/stack")
    assert not is_stacked(library.admin, a)
    assert [m["asset_id"] for m in stack_of(library.admin, b)["members"]] == [b, c]
    assert library.admin.ok("GET", f"/assets/{b}")["stack"]["stack_cover"]
    # Once more does no harm.
    library.admin.ok("DELETE", f"/assets/{a}/stack")


def test_a_stack_of_one_is_none(library: Library, four: list[str]) -> None:
    create(library.admin, *four[:2])
    library.admin.ok("DELETE", f"/assets/{four[1]}/stack")
    assert not is_stacked(library.admin, four[0])
    assert library.value("SELECT count(*) FROM stacks") == 0
    create(library.admin, *four[:2])


def test_a_whole_stack_is_taken_apart_and_put_back(library: Library, four: list[str]) -> None:
    a, b, c, d = four
    before = create(library.admin, a, b, c)
    library.admin.ok("DELETE", f"/assets/{b}/stack?everything=true")
    assert sorted(shown(library.admin)) == four
    body = {"stack_kind": before["stack_kind"], "members": before["members"]}
    after = library.admin.ok("PUT", f"/assets/{b}/stack", body)["stack"]
    assert after["members"] == before["members"]
    assert shown(library.admin) == [d, [a, b, c]]
    assert library.value("SELECT count(*) FROM unstacked_assets") == 0


def test_one_that_was_taken_out_is_put_back(library: Library, four: list[str]) -> None:
    before = create(library.admin, *four)
    trash(library, four[3])
    library.admin.ok("DELETE", f"/assets/{four[0]}/stack")
    body = {"stack_kind": before["stack_kind"], "members": before["members"]}
    assert library.admin.ok("PUT", f"/assets/{four[0]}/stack", body)["stack"] == before


def test_what_has_another_stack_now_is_not_put_back(library: Library, four: list[str]) -> None:
    a, b, c, d = four
    before = create(library.admin, a, b)
    body = {"stack_kind": "manual", "members": before["members"]}
    assert library.admin.call("PUT", f"/assets/{c}/stack", json=body).status_code == 400
    library.admin.ok("DELETE", f"/assets/{a}/stack?everything=true")
    create(library.admin, b, c)
    assert library.admin.call("PUT", f"/assets/{a}/stack", json=body).status_code == 409
    create(library.admin, a, d)
    assert library.admin.call("PUT", f"/assets/{a}/stack", json=body).status_code == 409
    assert members(stack_of(library.admin, c)) == [b, c]


def test_the_chosen_cover_stands_for_its_stack(library: Library, four: list[str]) -> None:
    a, b, c, d = four
    create(library.admin, a, b, c)
    stack = library.admin.ok("PUT", f"/assets/{c}/stack/cover")["stack"]
    assert members(stack) == [c, a, b]
    assert shown(library.admin) == [d, [c, a, b]]
    assert library.admin.call("PUT", f"/assets/{d}/stack/cover").status_code == 404
    trash(library, b)
    assert library.admin.call("PUT", f"/assets/{b}/stack/cover").status_code == 404


def test_the_trash_has_a_cover_of_its_own(library: Library, four: list[str]) -> None:
    a, b, c, d = four
    create(library.admin, a, b, c, d)
    for asset_id in (a, c):
        trash(library, asset_id)
    assert shown(library.admin) == [[b, d]]
    assert shown(library.admin, is_deleted=True) == [[a, c]]
    # Members in the trash are told of nevertheless, and come back to their places.
    assert members(stack_of(library.admin, b)) == four
    trash(library, a, back=True)
    assert shown(library.admin) == [[a, b, d]]
    assert shown(library.admin, is_deleted=True) == [[c]]


def test_what_is_deleted_for_good_leaves_no_stack_of_one(library: Library, four: list[str]) -> None:
    a, b, c, d = four
    create(library.admin, a, b, c)
    library.run("DELETE FROM assets WHERE asset_id = ?", UUID(a).bytes)
    assert shown(library.admin) == [d, [b, c]]
    library.run("DELETE FROM assets WHERE asset_id = ?", UUID(c).bytes)
    assert shown(library.admin) == [d, b]


def test_an_expanded_list_has_every_asset_and_no_stack(library: Library, four: list[str]) -> None:
    create(library.admin, *four)
    page = library.admin.page(stack_mode="expanded")
    assert page["total_visible"] == page["total_assets"] == 4
    assert [item["type"] for item in page["items"]] == ["asset"] * 4
    assert not any("stack" in item["asset"] for item in page["items"])
