"""Albums: whose they are, what they hold and show, and in which order."""

from typing import Any
from uuid import UUID

import pytest

from tests.support.api import Api
from tests.support.library import Library

UNKNOWN = "123e4567-e89b-42d3-a456-426614174000"


def create(api: Api, name: str = "Summer", **more: Any) -> Any:
    return api.ok("POST", "/albums", {"album_name": name} | more)


def put_in(api: Api, album: Any, *asset_ids: object, **body: Any) -> None:
    for asset_id in asset_ids:
        api.ok("POST", f"/albums/{album['album_id']}/assets/{asset_id}", body or None)


def held(api: Api, album: Any, query: str = "") -> list[str]:
    answer = api.ok("GET", f"/albums/{album['album_id']}/assets{query}")
    assert answer["count"] == len(answer["assets"])
    return [asset["asset_id"] for asset in answer["assets"]]


def shown(api: Api, album: Any, query: str = "") -> Any:
    return api.ok("GET", f"/albums/{album['album_id']}{query}")


@pytest.fixture
def other(library: Library) -> Api:
    return library.api.register("other")


@pytest.fixture
def three(library: Library) -> list[str]:
    # The clock stands still, so that ids decide what came first.
    return [
        str(library.add_asset(f"{name}.jpg", asset_id=UUID(int=number)))
        for number, name in enumerate("abc", start=10)
    ]


def trash(library: Library, asset_id: str) -> None:
    library.run(
        "UPDATE assets SET deleted_at = 1, deleted_reason = 'trashed' WHERE asset_id = ?",
        bytes.fromhex(asset_id.replace("-", "")),
    )


def test_a_new_album_is_empty_and_the_callers(library: Library) -> None:
    album = create(library.admin, "  Summer  ", description="By the lake")
    assert album["album_name"] == "Summer"
    assert album["description"] == "By the lake"
    assert album["user_id"] == library.admin.user_id
    assert (album["album_type"], album["asset_count"]) == ("default", 0)
    assert album["cover_asset_id"] is None
    assert "display_cover_asset_id" not in album
    assert shown(library.admin, album) == album


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"album_name": ""},
        {"album_name": " \t "},
        {"album_name": "x" * 101},
        {"album_name": "a", "album_type": "smart"},
        {"album_name": "a", "cover_asset_id": ""},
        {"album_name": "a", "cover_asset_id": "7"},
        {"album_name": "a", "cover_asset_id": UNKNOWN},
    ],
)
def test_an_album_that_cannot_be_is_refused(library: Library, body: Any) -> None:
    assert library.admin.post("/albums", body).status_code == 400
    assert library.value("SELECT count(*) FROM albums") == 0


def test_only_ones_own_albums_are_listed_the_newest_first(library: Library, other: Api) -> None:
    names = []
    for number in range(3):
        library.clock.advance(seconds=1)
        names.insert(0, create(other, f"Album {number}")["album_name"])
    create(library.admin, "Not theirs")
    page = other.ok("GET", "/albums?limit=2")
    assert [album["album_name"] for album in page["albums"]] == names[:2]
    assert (page["total"], page["limit"], page["offset"]) == (3, 2, 0)
    rest = other.ok("GET", "/albums?limit=1000&offset=2")
    assert [album["album_name"] for album in rest["albums"]] == names[2:]
    assert rest["limit"] == 100


def test_assets_come_in_the_order_of_their_positions(library: Library, three: list[str]) -> None:
    album = create(library.admin)
    put_in(library.admin, album, three[0])
    library.clock.advance(seconds=1)
    put_in(library.admin, album, three[1])
    put_in(library.admin, album, three[2], position=7)
    assert held(library.admin, album) == [three[2], three[0], three[1]]
    path = f"/albums/{album['album_id']}/assets/{three[1]}/position"
    library.admin.ok("PUT", path, {"position": 0})
    assert held(library.admin, album) == [three[1], three[2], three[0]]


def test_all_assets_can_be_arranged_at_once(library: Library, three: list[str]) -> None:
    album = create(library.admin)
    put_in(library.admin, album, *three)
    path = f"/albums/{album['album_id']}/order"
    library.admin.ok("PUT", path, {"asset_ids": [three[2], three[0]]})
    assert held(library.admin, album) == [three[2], three[0], three[1]]
    for wrong in ([UNKNOWN], [three[0], three[0]]):
        assert library.admin.call("PUT", path, json={"asset_ids": wrong}).status_code == 404
    assert held(library.admin, album) == [three[2], three[0], three[1]]


def test_many_come_in_at_once_in_the_order_they_are_named(
    library: Library, other: Api, three: list[str]
) -> None:
    album = create(library.admin)
    put_in(library.admin, album, three[1])
    library.clock.advance(seconds=1)
    trashed = str(library.add_asset("t.jpg", deleted_at=1, deleted_reason="trashed"))
    path = f"/albums/{album['album_id']}/assets"
    wanted = [three[2], UNKNOWN, three[1], three[0], three[2], trashed]
    answer = library.admin.ok("POST", path, {"asset_ids": wanted})
    assert answer == {
        "added": [three[2], three[0]],
        "present": [three[1]],
        "refused": [UNKNOWN, trashed],
    }
    assert held(library.admin, album) == [three[1], three[2], three[0]]
    library.admin.ok("DELETE", path, {"asset_ids": [*answer["added"], UNKNOWN]})
    assert held(library.admin, album) == [three[1]]
    theirs = f"/albums/{create(other)['album_id']}/assets"
    assert other.ok("POST", theirs, {"asset_ids": three})["refused"] == three
    for body in ({"asset_ids": []}, {"asset_ids": ["7"]}, {}):
        assert library.admin.post(path, body).status_code == 400
        assert library.admin.call("DELETE", path, json=body).status_code == 400


def test_adding_twice_keeps_the_place(library: Library, three: list[str]) -> None:
    album = create(library.admin)
    put_in(library.admin, album, three[0], position=3)
    put_in(library.admin, album, three[0], position=9)
    (asset,) = library.admin.ok("GET", f"/albums/{album['album_id']}/assets")["assets"]
    assert asset["position"] == 3
    library.admin.ok("POST", f"/assets/{three[1]}/albums/{album['album_id']}")
    assert held(library.admin, album) == three[:2]


def test_taking_out_leaves_the_asset(library: Library, three: list[str]) -> None:
    album = create(library.admin)
    put_in(library.admin, album, *three[:2])
    path = f"/albums/{album['album_id']}/assets/{three[0]}"
    for _ in range(2):
        library.admin.ok("DELETE", path, {})
    assert held(library.admin, album) == [three[1]]
    library.admin.ok("GET", f"/assets/{three[0]}")
    moved = library.admin.call("PUT", f"{path}/position", json={"position": 0})
    assert moved.status_code == 404


def test_a_cover_is_chosen_or_the_first_asset(library: Library, three: list[str]) -> None:
    album = create(library.admin)
    put_in(library.admin, album, *three[:2])
    assert shown(library.admin, album)["display_cover_asset_id"] == three[0]
    path = f"/albums/{album['album_id']}"
    changed = library.admin.ok("PUT", path, {"cover_asset_id": three[2]})
    assert changed["cover_asset_id"] == changed["display_cover_asset_id"] == three[2]
    trash(library, three[2])
    found = shown(library.admin, album)
    assert (found["cover_asset_id"], found["display_cover_asset_id"]) == (three[2], three[0])
    cleared = library.admin.ok("PUT", path, {"clear_cover": True})
    assert cleared["cover_asset_id"] is None


def test_the_trash_neither_counts_nor_enters(library: Library, three: list[str]) -> None:
    album = create(library.admin)
    put_in(library.admin, album, *three)
    trash(library, three[0])
    assert shown(library.admin, album)["asset_count"] == 2
    assert held(library.admin, album) == three[1:]
    added = library.admin.post(f"/albums/{album['album_id']}/assets/{three[0]}")
    assert added.status_code == 404
    assert library.admin.get(f"/assets/{three[0]}/albums").status_code == 404
    library.run("UPDATE assets SET deleted_at = NULL, deleted_reason = NULL")
    assert held(library.admin, album) == three


def test_a_change_keeps_what_it_does_not_name(library: Library) -> None:
    album = create(library.admin, description="old", album_type="bio")
    path = f"/albums/{album['album_id']}"
    library.clock.advance(seconds=5)
    changed = library.admin.ok("PUT", path, {"album_name": "Winter", "description": None})
    assert changed["album_name"] == "Winter"
    assert (changed["description"], changed["album_type"]) == ("old", "bio")
    assert changed["updated_at"] > album["updated_at"]
    assert library.admin.ok("PUT", path, {"description": ""})["description"] is None


def test_a_repository_narrows_albums_counts_and_covers(library: Library, three: list[str]) -> None:
    second = library.admin.ok("POST", "/repositories", {"name": "Second"})["repository"]
    there = str(
        library.add_asset("d.jpg", asset_id=UUID(int=99), repository_id=library.stored(second).key)
    )
    album = create(library.admin)
    put_in(library.admin, album, three[0], there)
    create(library.admin, "Elsewhere")
    covered = create(library.admin, "Covered", cover_asset_id=there)
    query = f"?repository_id={second['id']}"
    page = library.admin.ok("GET", f"/albums{query}")
    assert [a["album_id"] for a in page["albums"]] == [covered["album_id"], album["album_id"]]
    assert page["total"] == 2
    narrowed = shown(library.admin, album, query)
    assert (narrowed["asset_count"], narrowed["display_cover_asset_id"]) == (1, there)
    assert held(library.admin, album, query) == [there]
    assert library.admin.ok("GET", f"/albums?repository_id={UNKNOWN}")["total"] == 0
    assert library.admin.get("/albums?repository_id=x").status_code == 400


def test_assets_of_a_repository_that_left_are_not_shown(library: Library, three: list[str]) -> None:
    second = library.admin.ok("POST", "/repositories", {"name": "Second"})["repository"]
    there = str(
        library.add_asset("d.jpg", asset_id=UUID(int=99), repository_id=library.stored(second).key)
    )
    album = create(library.admin)
    put_in(library.admin, album, three[0], there)
    library.admin.ok("DELETE", f"/repositories/{second['id']}")
    assert held(library.admin, album) == [three[0]]
    library.admin.ok("POST", "/repositories", {"name": "Second"})
    assert held(library.admin, album) == [three[0], there]


def test_an_asset_tells_the_albums_it_is_in(library: Library, other: Api, three: list[str]) -> None:
    for name in ("Zoo", "Alps"):
        put_in(library.admin, create(library.admin, name), three[0], position=4)
    answer = library.admin.ok("GET", f"/assets/{three[0]}/albums")
    assert [album["album_name"] for album in answer["albums"]] == ["Alps", "Zoo"]
    assert [album["position"] for album in answer["albums"]] == [4, 4]
    assert [album["asset_count"] for album in answer["albums"]] == [1, 1]
    detail = library.admin.ok("GET", f"/assets/{three[0]}")
    assert [album["album_name"] for album in detail["albums"]] == ["Alps", "Zoo"]
    without = library.admin.ok("GET", f"/assets/{three[0]}?include_albums=false")
    assert "albums" not in without
    assert other.get(f"/assets/{three[0]}/albums").status_code == 403


def test_somebody_elses_album_is_out_of_reach(
    library: Library, other: Api, three: list[str]
) -> None:
    album = create(library.admin)
    put_in(library.admin, album, three[0])
    path = f"/albums/{album['album_id']}"
    tries = [
        ("GET", path, None),
        ("PUT", path, {"album_name": "Mine"}),
        ("DELETE", path, None),
        ("GET", f"{path}/assets", None),
        ("PUT", f"{path}/order", {"asset_ids": [three[0]]}),
        ("POST", f"{path}/assets/{three[0]}", {}),
        ("DELETE", f"{path}/assets/{three[0]}", None),
        ("PUT", f"{path}/assets/{three[0]}/position", {"position": 1}),
    ]
    for method, address, body in tries:
        assert other.call(method, address, json=body).status_code == 403, (method, address)
        unknown = address.replace(path, "/albums/999")
        assert other.call(method, unknown, json=body).status_code == 404, (method, unknown)
    assert shown(library.admin, album) | {"updated_at": 0} == (
        shown(library.admin, album) | {"updated_at": 0, "album_name": "Summer", "asset_count": 1}
    )


def test_assets_and_albums_of_different_people_do_not_mix(
    library: Library, other: Api, three: list[str]
) -> None:
    theirs = create(other)
    mine = str(library.add_asset("mine.jpg", asset_id=UUID(int=1), owner_id=other.user_id))
    path = f"/albums/{theirs['album_id']}/assets"
    assert other.post(f"{path}/{three[0]}").status_code == 403
    assert other.post(f"/assets/{three[0]}/albums/{theirs['album_id']}").status_code == 403
    cover = other.call("PUT", f"/albums/{theirs['album_id']}", json={"cover_asset_id": three[0]})
    assert cover.status_code == 400
    put_in(other, theirs, mine)
    # An administrator may mix them, and the owner sees what is in the album.
    put_in(library.admin, theirs, three[0])
    assert held(library.admin, theirs) == [mine, three[0]]


def test_a_deleted_album_is_gone_and_its_assets_stay(library: Library, three: list[str]) -> None:
    album = create(library.admin)
    put_in(library.admin, album, *three)
    library.admin.ok("DELETE", f"/albums/{album['album_id']}")
    assert library.admin.get(f"/albums/{album['album_id']}").status_code == 404
    assert library.value("SELECT count(*) FROM album_assets") == 0
    assert len(library.admin.names()) == 3


def test_a_list_can_be_narrowed_to_an_album(library: Library, three: list[str]) -> None:
    album = create(library.admin)
    put_in(library.admin, album, three[1])
    assert library.admin.names({"album_id": album["album_id"]}) == ["b.jpg"]
