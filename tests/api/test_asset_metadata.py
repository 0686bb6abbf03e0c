"""What people type over what a file says, and what becomes of both."""

from typing import Any

import pytest

from tests.support.library import Library
from tests.support.photos import XMP, jpeg

UNKNOWN = "123e4567-e89b-42d3-a456-426614174000"
PHOTO = jpeg(
    1, taken="2024:05:06 07:08:09", offset="+02:00", model="Camera One", gps=(48.137, -11.575)
)
ALL = [
    ("", {"specific_metadata": {"description": "typed"}}),
    ("/description", {"description": "typed"}),
    ("/rating", {"rating": 3}),
    ("/like", {"liked": True}),
    ("/rating-and-like", {"rating": 3, "liked": True}),
]


@pytest.fixture
def asset_id(library: Library) -> str:
    found = library.admin.uploaded("a.jpg", PHOTO)["asset_id"]
    library.work()
    return str(found)


def asset(library: Library, asset_id: str) -> Any:
    return library.admin.ok("GET", f"/assets/{asset_id}")


def metadata(library: Library, asset_id: str) -> Any:
    return asset(library, asset_id)["specific_metadata"]


def put(library: Library, asset_id: str, document: Any) -> None:
    library.admin.ok("PUT", f"/assets/{asset_id}", {"specific_metadata": document})


def read_again(library: Library, asset_id: str) -> None:
    """Develop the file anew, as a forced scan does."""
    library.run(
        "INSERT INTO jobs (kind, queue, state, max_attempts, payload, asset_id, created_at,"
        " scheduled_at) SELECT kind, queue, 'available', 3, payload, asset_id, created_at,"
        " scheduled_at FROM jobs WHERE kind = 'thumbnail_asset' AND asset_id = (SELECT id FROM"
        " assets WHERE asset_id = ?) ORDER BY id LIMIT 1",
        bytes.fromhex(asset_id.replace("-", "")),
    )
    assert library.work() == 1


def listed(library: Library, **wanted: Any) -> list[str]:
    page = library.admin.ok("POST", "/assets/list", {"filter": wanted})
    return [item["asset"]["asset_id"] for item in page.get("items", [])]


def test_the_whole_document_is_replaced(library: Library, asset_id: str) -> None:
    put(library, asset_id, {"description": "At the lake", "camera_model": "Typed"})
    assert metadata(library, asset_id) == {
        "description": "At the lake",
        "camera_model": "Typed",
    }


def test_time_offset_and_place_follow_at_once(library: Library, asset_id: str) -> None:
    document = {
        "taken_time": "2001-02-03T04:05:06+01:00",
        "capture_offset_minutes": 60,
        "gps_latitude": 10,
        "gps_longitude": 20.5,
        "camera_model": "Typed",
    }
    put(library, asset_id, document)
    found = asset(library, asset_id)
    assert found["taken_time"] == "2001-02-03T03:05:06Z"
    assert found["capture_offset_minutes"] == 60
    assert listed(library, camera_model="Typed") == [asset_id]
    assert listed(library, camera_model="Camera One") == []
    bounds = {"north": 11, "south": 9, "east": 21, "west": 20}
    assert listed(library, location=bounds) == [asset_id]
    assert listed(library, date={"from": "2001-02-03"}) == [asset_id]


def test_the_timeline_is_in_the_order_of_typed_times(library: Library, asset_id: str) -> None:
    other = library.admin.uploaded("b.jpg", jpeg(2, taken="2020:01:01 00:00:00"))["asset_id"]
    library.work()
    assert listed(library) == [asset_id, other]
    put(library, other, {"taken_time": "2030-01-01T00:00:00Z"})
    assert listed(library) == [other, asset_id]


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(91, 0), (0, 180.5), (-90.1, 5), (5, None), (1e300, 1)]
)
def test_an_impossible_place_is_dropped(
    library: Library, asset_id: str, latitude: float, longitude: float | None
) -> None:
    given = {"gps_latitude": latitude, "gps_longitude": longitude, "description": "x"}
    put(library, asset_id, {name: value for name, value in given.items() if value is not None})
    everywhere = {"north": 90, "south": -90, "east": 180, "west": -180}
    assert listed(library, location=everywhere) == []
    if longitude is not None:
        assert metadata(library, asset_id) == {"description": "x"}


def test_reading_the_file_again_keeps_what_was_typed(library: Library, asset_id: str) -> None:
    put(library, asset_id, metadata(library, asset_id) | {"description": "mine"})
    library.admin.ok("PUT", f"/assets/{asset_id}/rating", {"rating": 4})
    library.admin.ok("PUT", f"/assets/{asset_id}/like", {"liked": True})
    before = asset(library, asset_id)
    read_again(library, asset_id)
    after = asset(library, asset_id)
    assert after["specific_metadata"] == before["specific_metadata"]
    assert (after["rating"], after["liked"]) == (4, True)
    assert after["specific_metadata"]["description"] == "mine"


def test_what_was_taken_away_stays_away(library: Library, asset_id: str) -> None:
    rest = metadata(library, asset_id)
    del rest["gps_latitude"], rest["gps_longitude"]
    put(library, asset_id, rest)
    read_again(library, asset_id)
    assert metadata(library, asset_id) == rest
    everywhere = {"north": 90, "south": -90, "east": 180, "west": -180}
    assert listed(library, location=everywhere) == []


def test_null_gives_back_what_the_file_says(library: Library, asset_id: str) -> None:
    file = metadata(library, asset_id)
    typed = file | {"camera_model": "Typed", "description": "x"}
    put(library, asset_id, typed)
    put(library, asset_id, typed | {"camera_model": None})
    assert metadata(library, asset_id) == file | {"description": "x"}


@pytest.mark.parametrize("body", [{"specific_metadata": None}, {}])
def test_no_document_forgets_all_that_was_typed(
    library: Library, asset_id: str, body: dict[str, Any]
) -> None:
    before = asset(library, asset_id)
    put(library, asset_id, {"description": "x", "taken_time": "2001-01-01T00:00:00Z"})
    library.admin.ok("PUT", f"/assets/{asset_id}", body)
    assert asset(library, asset_id) == before


def test_an_empty_document_takes_everything_away(library: Library, asset_id: str) -> None:
    before = asset(library, asset_id)
    put(library, asset_id, {})
    after = asset(library, asset_id)
    assert after["specific_metadata"] == {}
    # The asset keeps its place in the timeline.
    for name in ("taken_time", "capture_offset_minutes"):
        assert after[name] == before[name]


def test_only_differences_are_typed(library: Library, asset_id: str) -> None:
    put(library, asset_id, metadata(library, asset_id) | {"description": "mine"})
    assert library.values("SELECT document FROM typed_metadata") == ['{"description":"mine"}']


def test_a_description_leaves_the_rest_and_can_be_given_back(
    library: Library, asset_id: str
) -> None:
    before = metadata(library, asset_id)
    path = f"/assets/{asset_id}/description"
    answer = library.admin.ok("PUT", path, {"description": "Öl & Wasser 🏞"})
    assert answer == {"message": "Description updated successfully"}
    assert metadata(library, asset_id) == before | {"description": "Öl & Wasser 🏞"}
    for body in ({"description": ""}, {}):
        library.admin.ok("PUT", path, body)
        assert metadata(library, asset_id) == before


def test_the_file_is_told_only_where_people_typed_over_it(library: Library, asset_id: str) -> None:
    file = metadata(library, asset_id)
    library.admin.ok("PUT", f"/assets/{asset_id}/rating", {"rating": 2})
    assert "file_metadata" not in asset(library, asset_id)
    put(library, asset_id, file | {"title": "typed", "camera_model": "typed"})
    assert asset(library, asset_id)["file_metadata"] == file
    put(library, asset_id, file)
    assert "file_metadata" not in asset(library, asset_id)


def test_metadata_typed_before_the_file_is_read_survives_that(library: Library) -> None:
    asset_id = library.admin.uploaded("a.jpg", PHOTO)["asset_id"]
    library.admin.ok("PUT", f"/assets/{asset_id}/description", {"description": "early"})
    library.work()
    found = metadata(library, asset_id)
    assert (found["description"], found["camera_model"]) == ("early", "Camera One")


def rated(seed: int, stars: int) -> bytes:
    """A JPEG whose file carries stars in XMP."""
    segment = b"http://ns.adobe.com/xap/1.0/\0" + XMP.format(stars).encode()
    photo = jpeg(seed)
    return photo[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + photo[2:]


def test_the_files_stars_count_until_a_person_gives_some(library: Library) -> None:
    asset_id = library.admin.uploaded("a.jpg", rated(5, 3))["asset_id"]
    library.work()
    assert asset(library, asset_id)["rating"] == 3
    assert listed(library, rating=3) == [asset_id]
    for stars in (5, 0):
        library.admin.ok("PUT", f"/assets/{asset_id}/rating", {"rating": stars})
        read_again(library, asset_id)
        assert asset(library, asset_id)["rating"] == stars
        assert listed(library, rating=stars) == [asset_id]


def test_many_are_liked_at_once_and_what_changed_is_told(library: Library, asset_id: str) -> None:
    second = str(library.add_asset("b.jpg"))
    library.admin.ok("PUT", f"/assets/{second}/like", {"liked": True})
    body = {"asset_ids": [asset_id, second], "liked": True}
    assert library.admin.ok("POST", "/assets/likes", body) == {"changed": [asset_id]}
    assert asset(library, asset_id)["liked"]
    body = {"asset_ids": [asset_id, "123e4567-e89b-42d3-a456-426614174000"], "liked": False}
    assert library.admin.post("/assets/likes", body).status_code == 404
    assert asset(library, asset_id)["liked"]


def test_stars_and_likes_that_are_left_out_are_taken_back(library: Library, asset_id: str) -> None:
    path = f"/assets/{asset_id}/rating-and-like"
    library.admin.ok("PUT", path, {"rating": 2, "liked": True})
    assert (asset(library, asset_id)["rating"], asset(library, asset_id)["liked"]) == (2, True)
    library.admin.ok("PUT", path, {})
    assert (asset(library, asset_id)["rating"], asset(library, asset_id)["liked"]) == (0, False)


def test_other_content_keeps_what_was_typed_and_forgets_what_was_read(library: Library) -> None:
    file = library.folder() / "photos" / "a.jpg"
    file.parent.mkdir()
    file.write_bytes(PHOTO)
    library.scan()
    (asset_id,) = listed(library)
    put(library, asset_id, metadata(library, asset_id) | {"description": "mine"})
    library.admin.ok("PUT", f"/assets/{asset_id}/rating", {"rating": 4})
    file.write_bytes(jpeg(9, (40, 40), taken="2022:02:02 02:02:02", model="Camera Two"))
    library.scan()
    found = asset(library, asset_id)
    assert found["specific_metadata"]["camera_model"] == "Camera Two"
    assert found["specific_metadata"]["description"] == "mine"
    assert "gps_latitude" not in found["specific_metadata"]
    assert found["taken_time"] == "2022-02-02T02:02:02Z"
    assert "capture_offset_minutes" not in found
    assert found["rating"] == 4


def test_a_forced_scan_keeps_what_was_typed_and_reads_the_sidecar(library: Library) -> None:
    file = library.folder() / "photos" / "a.jpg"
    file.parent.mkdir()
    file.write_bytes(rated(5, 3))
    library.scan()
    (asset_id,) = listed(library)
    library.admin.ok("PUT", f"/assets/{asset_id}/description", {"description": "mine"})
    file.with_name("a.jpg.xmp").write_text(XMP.format(1))
    library.scan(force=True)
    found = asset(library, asset_id)
    assert found["rating"] == 1
    assert found["specific_metadata"]["description"] == "mine"


def test_an_asset_without_any_time_keeps_that_of_its_file(library: Library) -> None:
    file = library.folder() / "photos" / "a.jpg"
    file.parent.mkdir()
    file.write_bytes(jpeg(4))
    library.scan()
    (asset_id,) = listed(library)
    before = asset(library, asset_id)["taken_time"]
    put(library, asset_id, {"taken_time": "2001-01-01T00:00:00Z"})
    assert asset(library, asset_id)["taken_time"] == "2001-01-01T00:00:00Z"
    put(library, asset_id, None)
    assert asset(library, asset_id)["taken_time"] == before


@pytest.mark.parametrize(("part", "body"), ALL)
def test_owners_and_administrators_may_and_nobody_else(
    library: Library, part: str, body: dict[str, Any]
) -> None:
    sam, kim = library.api.register("sam"), library.api.register("kim")
    asset_id = sam.uploaded("a.jpg", jpeg(3))["asset_id"]
    path = f"/assets/{asset_id}{part}"
    assert kim.call("PUT", path, json=body).status_code == 403
    for allowed in (sam, library.admin):
        assert allowed.call("PUT", path, json=body).status_code == 200


@pytest.mark.parametrize(("part", "body"), ALL)
def test_the_unknown_and_the_trash_are_not_found(
    library: Library, asset_id: str, part: str, body: dict[str, Any]
) -> None:
    def status(which: str) -> int:
        return int(library.admin.call("PUT", f"/assets/{which}{part}", json=body).status_code)

    assert status(UNKNOWN) == 404
    library.run("UPDATE assets SET deleted_at = 1, deleted_reason = 'trashed'")
    assert status(asset_id) == 404


@pytest.mark.parametrize(
    ("part", "body"),
    [
        ("", {"specific_metadata": []}),
        ("", {"specific_metadata": {"taken_time": "yesterday"}}),
        ("", {"specific_metadata": {"taken_time": "2024-01-01T00:00:00"}}),
        ("", {"specific_metadata": {"taken_time": "0001-01-01T00:00:00+14:00"}}),
        ("", {"specific_metadata": {"capture_offset_minutes": 841}}),
        ("", {"specific_metadata": {"capture_offset_minutes": 1.5}}),
        ("", {"specific_metadata": {"iso_speed": "100"}}),
        ("", {"specific_metadata": {"gps_latitude": "48"}}),
        ("/description", {"description": 7}),
        ("/description", {"description": None}),
        ("/rating", {"rating": 6}),
        ("/rating", {"rating": -1}),
        ("/rating", {"rating": 2.5}),
        ("/like", {"liked": "yes"}),
        ("/rating-and-like", {"rating": 6, "liked": True}),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(
    library: Library, asset_id: str, part: str, body: dict[str, Any]
) -> None:
    before = asset(library, asset_id)
    answer = library.admin.call("PUT", f"/assets/{asset_id}{part}", json=body)
    assert answer.status_code == 400
    assert asset(library, asset_id) == before
