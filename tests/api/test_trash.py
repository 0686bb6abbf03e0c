"""Into the trash and back, one and many, for all kinds of owners."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.support.api import Api
from tests.support.library import Library
from tests.support.photos import jpeg


@pytest.fixture
def asset_id(library: Library) -> str:
    return str(library.admin.uploaded("a.jpg", jpeg(1))["asset_id"])


def _trash(api: Api, *asset_ids: object) -> Any:
    return api.ok("POST", "/assets/bulk/trash", {"asset_ids": [str(it) for it in asset_ids]})


def _restore(api: Api, *asset_ids: object) -> Any:
    return api.ok("POST", "/assets/bulk/restore", {"asset_ids": [str(it) for it in asset_ids]})


def test_what_is_deleted_leaves_the_lists_and_comes_back(library: Library, asset_id: str) -> None:
    library.work()
    before = library.admin.page()
    assert library.admin.ok("DELETE", f"/assets/{asset_id}")["message"]
    assert library.admin.names() == []
    (item,) = library.admin.page({"is_deleted": True})["items"]
    assert item["asset"]["is_deleted"] is True
    assert item["asset"]["deleted_at"] == "2031-07-04T09:15:00.123456Z"
    assert library.admin.call("DELETE", f"/assets/{asset_id}").status_code == 404
    for _ in range(2):
        assert library.admin.ok("POST", f"/assets/{asset_id}/restore", {})["message"]
    assert library.admin.page() == before
    assert library.admin.names({"is_deleted": True}) == []


def test_no_file_is_touched(library: Library, asset_id: str) -> None:
    library.work()
    files = {path: path.read_bytes() for path in library.folder().rglob("*") if path.is_file()}
    library.admin.ok("DELETE", f"/assets/{asset_id}")
    library.work()
    assert {p: p.read_bytes() for p in library.folder().rglob("*") if p.is_file()} == files


def test_work_that_waits_is_done_in_the_trash_too(library: Library, asset_id: str) -> None:
    library.admin.ok("DELETE", f"/assets/{asset_id}")
    library.work()
    assert library.states() == {"completed": 2}
    assert library.admin.names() == []
    library.admin.ok("POST", f"/assets/{asset_id}/restore")
    (item,) = library.admin.page()["items"]
    assert item["asset"]["processing"]["state"] == "complete"


def test_only_owners_and_administrators_move_it(library: Library, asset_id: str) -> None:
    ben = library.api.register("ben")
    assert ben.call("DELETE", f"/assets/{asset_id}").status_code == 403
    library.admin.ok("DELETE", f"/assets/{asset_id}")
    assert ben.post(f"/assets/{asset_id}/restore").status_code == 403
    bens = library.add_asset("b.jpg", owner_id=ben.user_id)
    ben.ok("DELETE", f"/assets/{bens}")
    assert ben.names({"is_deleted": True}) == ["b.jpg"]
    library.admin.ok("POST", f"/assets/{bens}/restore")
    nobodys = library.add_asset("c.jpg", owner_id=None)
    assert ben.call("DELETE", f"/assets/{nobodys}").status_code == 403
    library.admin.ok("DELETE", f"/assets/{nobodys}")
    assert ben.post(f"/assets/{nobodys}/restore").status_code == 403


@pytest.mark.parametrize("call", [("DELETE", ""), ("POST", "/restore")])
def test_what_is_not_there_is_not_found(library: Library, call: tuple[str, str]) -> None:
    assert library.admin.call(call[0], f"/assets/{uuid4()}{call[1]}").status_code == 404


def test_a_missing_file_is_not_in_the_trash_and_not_restored(library: Library) -> None:
    lost = library.add_asset("a.jpg", deleted_at=1, deleted_reason="missing")
    assert library.admin.names({"is_deleted": True}) == []
    assert library.admin.call("DELETE", f"/assets/{lost}").status_code == 404
    library.admin.ok("POST", f"/assets/{lost}/restore")
    assert library.values("SELECT deleted_reason FROM assets") == ["missing"]


def test_albums_stars_and_likes_come_back(library: Library, asset_id: str) -> None:
    album = library.admin.ok("POST", "/albums", {"album_name": "Summer"})["album_id"]
    library.admin.ok("POST", f"/albums/{album}/assets/{asset_id}", {"position": 1})
    library.admin.ok("PUT", f"/assets/{asset_id}/rating-and-like", {"rating": 4, "liked": True})
    before = library.admin.ok("GET", f"/albums/{album}/assets")
    library.admin.ok("DELETE", f"/assets/{asset_id}")
    assert library.admin.ok("GET", f"/albums/{album}/assets")["count"] == 0
    library.admin.ok("POST", f"/assets/{asset_id}/restore")
    assert library.admin.ok("GET", f"/albums/{album}/assets") == before


def test_many_are_moved_at_once_and_the_inverse_call_takes_it_back(library: Library) -> None:
    ben = library.api.register("ben")
    mine = [library.add_asset(f"{number}.jpg", owner_id=ben.user_id) for number in range(3)]
    other = library.add_asset("other.jpg")
    already = library.add_asset(
        "d.jpg", owner_id=ben.user_id, deleted_at=1, deleted_reason="trashed"
    )
    unknown = uuid4()
    outcome = _trash(ben, *mine, other, already, unknown, mine[0])
    assert {UUID(it) for it in outcome["asset_ids"]} == set(mine)
    assert outcome["not_done"] == [
        {"asset_id": str(other), "reason": "forbidden"},
        {"asset_id": str(already), "reason": "not_found"},
        {"asset_id": str(unknown), "reason": "not_found"},
    ]
    assert ben.names() == []
    assert library.admin.names() == ["other.jpg"]
    back = _restore(ben, *outcome["asset_ids"])
    assert back == {"asset_ids": outcome["asset_ids"], "not_done": []}
    assert sorted(ben.names()) == ["0.jpg", "1.jpg", "2.jpg"]
    assert ben.names({"is_deleted": True}) == ["d.jpg"]


def test_more_than_ten_thousand_are_refused(library: Library) -> None:
    asset_ids = [str(uuid4()) for _ in range(10_001)]
    for path in ("/assets/bulk/trash", "/assets/bulk/restore"):
        assert library.admin.post(path, {"asset_ids": asset_ids}).status_code == 400
    assert len(_trash(library.admin, *asset_ids[1:])["not_done"]) == 10_000


def test_the_summary_counts_what_the_caller_may_empty(library: Library) -> None:
    ben = library.api.register("ben")
    for owner_id in (ben.user_id, ben.user_id, library.admin.user_id, None):
        library.add_asset(owner_id=owner_id, file_size=10, deleted_at=1, deleted_reason="trashed")
    library.add_asset(owner_id=ben.user_id, deleted_at=1, deleted_reason="missing")
    library.add_asset(owner_id=ben.user_id)
    expected = {"being_deleted": 0, "retention_days": 30, "kept": []}
    assert ben.ok("GET", "/trash") == {"count": 2, "bytes": 20} | expected
    assert library.admin.ok("GET", "/trash") == {"count": 4, "bytes": 40} | expected
