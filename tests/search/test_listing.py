"""Browsing: filters, order, paging and totals."""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lumilio.db import to_microseconds
from lumilio.media.pool import DecodePool
from tests.search.model import Row, listed
from tests.support.library import Library


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, pool: DecodePool) -> Iterator[Library]:
    library = Library(tmp_path_factory.mktemp("listing"), pool).set_up()
    yield library
    library.close()


@pytest.fixture
def library(shared: Library) -> Library:
    """One library for all tests here, emptied for each."""
    with shared.db.write() as tx:
        for table in ("album_assets", "albums", "asset_tags", "tags", "assets"):
            tx.run(f"DELETE FROM {table}")
    return shared


def _micros(text: str) -> int:
    return to_microseconds(datetime.fromisoformat(text))


def _status(library: Library, **query: Any) -> int:
    return library.admin.post("/assets/list", query).status_code


def test_an_empty_library_is_a_page_without_items(library: Library) -> None:
    assert library.admin.ok("POST", "/assets/list", {}) == {
        "total_visible": 0,
        "total_assets": 0,
        "stack_mode": "collapsed",
        "limit": 20,
        "offset": 0,
    }


def test_an_item_is_named_by_type_and_id(library: Library) -> None:
    asset_id = library.add_asset()
    (item,) = library.admin.page()["items"]
    assert item["type"] == "asset"
    assert item["id"] == f"asset:{asset_id}"
    assert item["asset"]["asset_id"] == str(asset_id)


@pytest.mark.parametrize("wanted", [{"types": []}, {"types": None}, {"type": None}, {}])
def test_no_types_at_all_means_every_type(library: Library, wanted: Any) -> None:
    for kind in ("PHOTO", "VIDEO", "AUDIO"):
        library.add_asset(f"{kind}.x", type=kind)
    assert len(library.admin.names(wanted)) == 3


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"type": "PHOTO"}, ["PHOTO.x"]),
        ({"types": ["VIDEO", "AUDIO"]}, ["AUDIO.x", "VIDEO.x"]),
        ({"types": ["VIDEO"] * 3}, ["VIDEO.x"]),
        ({"type": "PHOTO", "types": ["PHOTO", "VIDEO"]}, ["PHOTO.x"]),
        ({"type": "PHOTO", "types": ["VIDEO"]}, []),
    ],
)
def test_type_and_types_must_both_hold(library: Library, wanted: Any, names: list[str]) -> None:
    for kind in ("PHOTO", "VIDEO", "AUDIO"):
        library.add_asset(f"{kind}.x", type=kind)
    assert sorted(library.admin.names(wanted)) == names


@pytest.mark.parametrize(
    "wanted", [{"type": "photo"}, {"types": ["PICTURE"]}, {"types": [None]}, {"types": "PHOTO"}]
)
def test_an_unknown_type_is_a_bad_request(library: Library, wanted: Any) -> None:
    assert _status(library, filter=wanted) == 400


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"rating": 0}, ["plain"]),
        ({"rating": 3}, ["rated"]),
        ({"rating": 5}, []),
        ({"rating": 99}, []),
        ({"rating": -1}, []),
        ({"liked": True}, ["liked"]),
        ({"liked": False}, ["rated", "plain"]),
        ({"raw": True}, ["rated"]),
        ({"raw": False}, ["liked", "plain"]),
        ({"rating": 3, "liked": True}, []),
        ({"rating": 4, "liked": True, "raw": False}, ["liked"]),
        ({"owner_id": 999}, []),
    ],
)
def test_marks_are_matched_exactly_and_all_must_hold(
    library: Library, wanted: Any, names: list[str]
) -> None:
    library.add_asset("plain", asset_id=UUID(int=1))
    library.add_asset("rated", asset_id=UUID(int=2), rating=3, is_raw=1)
    library.add_asset("liked", asset_id=UUID(int=3), rating=4, liked=1)
    assert library.admin.names(wanted) == [n for n in ("liked", "rated", "plain") if n in names]


def test_owner_narrows_for_administrators(library: Library) -> None:
    library.add_asset("mine")
    library.add_asset("nobody's", owner_id=None)
    assert library.admin.names({"owner_id": library.admin.user_id}) == ["mine"]
    assert len(library.admin.names()) == 2


def test_the_trash_is_apart(library: Library) -> None:
    library.add_asset("living")
    library.add_asset("trashed", deleted_at=1, deleted_reason="trashed")
    assert library.admin.names() == ["living"]
    assert library.admin.names({"is_deleted": False}) == ["living"]
    assert library.admin.names({"is_deleted": True}) == ["trashed"]


def test_camera_and_lens_match_exactly(library: Library) -> None:
    library.add_asset("one", camera_model="X100", lens_model="23mm")
    library.add_asset("two", camera_model="X100V", lens_model="23mm")
    assert library.admin.names({"camera_model": "X100"}) == ["one"]
    assert library.admin.names({"camera_model": "x100"}) == []
    assert len(library.admin.names({"lens": "23mm"})) == 2
    assert library.admin.names({"lens": "23mm", "camera_model": "X100V"}) == ["two"]


def test_a_repository_narrows_in_any_spelling_of_its_id(library: Library) -> None:
    library.add_asset("one")
    repository_id = library.primary["id"]
    for form in (repository_id, repository_id.upper()):
        assert library.admin.names({"repository_id": form}) == ["one"]
    assert library.admin.names({"repository_id": str(uuid4())}) == []
    assert _status(library, filter={"repository_id": "nonsense"}) == 400


def test_named_assets_alone_are_listed(library: Library) -> None:
    one, two, binned = (library.add_asset(name) for name in ("one", "two", "binned"))
    library.run(
        "UPDATE assets SET deleted_at = 1, deleted_reason = 'trashed' WHERE asset_id = ?",
        binned.bytes,
    )
    wanted = [str(two).upper(), str(binned), str(uuid4()), str(two)]
    assert library.admin.names({"asset_ids": wanted}) == ["two"]
    assert library.admin.names({"asset_ids": [str(one)], "raw": True}) == []
    assert library.admin.names({"asset_ids": []}) == []
    assert len(library.admin.names({"asset_ids": None})) == 2


def test_too_many_or_broken_asset_ids_are_refused(library: Library) -> None:
    assert _status(library, filter={"asset_ids": [str(uuid4())] * 100}) == 200
    for ids in ([str(uuid4())] * 101, ["nonsense"], [7]):
        assert _status(library, filter={"asset_ids": ids}) == 400


def test_albums_and_tags_narrow(library: Library) -> None:
    library.add_asset("one")
    library.add_asset("two")
    key = library.value("SELECT id FROM assets WHERE original_filename = 'one'")
    library.run(
        "INSERT INTO albums (id, user_id, album_name) VALUES (7, ?, 'Album')", library.admin.user_id
    )
    library.run("INSERT INTO album_assets VALUES (7, ?, NULL, 1)", key)
    library.run("INSERT INTO tags VALUES (1, 'Cat')")
    library.run("INSERT INTO asset_tags VALUES (?, 1, 0.5, 'ai')", key)
    assert library.admin.names({"album_id": 7}) == ["one"]
    assert library.admin.names({"album_id": 8}) == []
    assert library.admin.names({"tag_name": "Cat"}) == ["one"]
    assert library.admin.names({"tag_name": "cat"}) == []
    assert library.admin.names({"tag_name": "Cat", "tag_source": "ai"}) == ["one"]
    assert library.admin.names({"tag_name": "Cat", "tag_source": "user"}) == []
    assert len(library.admin.names({"tag_source": "user"})) == 2


NAMES = ["IMG_1.JPG", "IMGX1.jpg", "100%.png", "100x.png", "a\\b.jpg", "Äpfel.jpg", "été.jpg"]


@pytest.mark.parametrize(
    ("value", "operator", "found"),
    [
        ("img_", None, ["IMG_1.JPG"]),
        ("IMG", "contains", ["IMGX1.jpg", "IMG_1.JPG"]),
        ("%", None, ["100%.png"]),
        ("100%", "starts_with", ["100%.png"]),
        ("_", "contains", ["IMG_1.JPG"]),
        ("\\", None, ["a\\b.jpg"]),
        ("img_1.jpg", "matches", ["IMG_1.JPG"]),
        ("img", "matches", []),
        ("img*", "matches", []),
        ("IMG", "startswith", ["IMGX1.jpg", "IMG_1.JPG"]),
        (".PNG", "ends_with", ["100%.png", "100x.png"]),
        (".png", "endswith", ["100%.png", "100x.png"]),
        ("  img_1 ", " STARTS_WITH ", ["IMG_1.JPG"]),
        ("img_1", "unknown", ["IMG_1.JPG"]),
        ("äpfel", None, ["Äpfel.jpg"]),
        ("ÉTÉ", "starts_with", ["été.jpg"]),
        ("e\u0301te\u0301", None, ["été.jpg"]),
        ("", "matches", NAMES),
        ("   ", "matches", NAMES),
        (None, "matches", NAMES),
    ],
)
def test_a_name_is_matched_literally_and_without_regard_to_case(
    library: Library, value: str | None, operator: str | None, found: list[str]
) -> None:
    for name in NAMES:
        library.add_asset(name)
    wanted = {"filename": {"value": value, "operator": operator}}
    assert sorted(library.admin.names(wanted)) == sorted(found)
    older = {"filename": {"value": value, "mode": operator}}
    assert sorted(library.admin.names(older)) == sorted(found)


def test_the_operator_wins_over_its_old_name(library: Library) -> None:
    library.add_asset("abc")
    wanted = {"value": "bc", "operator": "ends_with", "mode": "starts_with"}
    assert library.admin.names({"filename": wanted}) == ["abc"]


def test_query_and_name_filter_must_both_hold(library: Library) -> None:
    for name in ("rome 1.jpg", "rome 2.png", "oslo 1.jpg"):
        library.add_asset(name)
    assert library.admin.names({"filename": {"value": ".jpg"}}, query=" ROME ") == ["rome 1.jpg"]
    assert library.admin.names(query="%") == []
    assert len(library.admin.names(query="  ")) == 3


@pytest.mark.parametrize(
    "query",
    [
        {"query": "x" * 60_000},
        {"query": "%" * 300_000},
        {"filter": {"filename": {"value": "_" * 100_000}}},
        {"filter": {"types": ["PHOTO"] * 40_000}},
        {"filter": {"rating": 10**30}},
        {"filter": {"album_id": -(10**30)}},
        {"filter": {"owner_id": 2**63}},
        {"pagination": {"offset": 10**30}},
        {"pagination": {"limit": 10**30}},
        {"viewer_timezone": "x" * 10_000},
        {"viewer_timezone": "a\x00b"},
        {"filter": {"location": {"north": 1e308, "south": -1e308, "east": 1e308, "west": -1e308}}},
        {"filter": {"camera_model": "x" * 900_000}},
    ],
    ids=range(13),
)
def test_absurd_values_are_answered_in_order(library: Library, query: Any) -> None:
    library.add_asset()
    assert _status(library, **query) in (200, 400)


DATES = {
    "2024-03-01T23:30:00+00:00": "a",
    "2024-03-02T00:00:00+00:00": "b",
    "2024-03-02T12:00:00+00:00": "c",
    "2024-03-02T23:59:59.999999+00:00": "d",
    "2024-03-03T00:00:00+00:00": "e",
    "2024-03-03T04:30:00+00:00": "f",
}


@pytest.mark.parametrize(
    ("zone", "start", "end", "found"),
    [
        (None, "2024-03-02", None, "dcb"),
        (None, "2024-03-02", "2024-03-02", "dcb"),
        (None, "2024-03-02", "2024-03-03", "fedcb"),
        (None, None, "2024-03-02", "dcba"),
        (None, "2024-03-03", "2024-03-02", ""),
        (None, "2024-03-02T00:00:00Z", None, "fedcb"),
        (None, "2024-03-02T12:00:00Z", "2024-03-02T12:00:00Z", "c"),
        (None, "2024-03-02T13:00:00+01:00", "2024-03-02", "dc"),
        (None, None, "2024-03-02T12:00:00.000000Z", "cba"),
        (None, "2024-03-02T23:59:59.999999Z", None, "fed"),
        ("Europe/Berlin", "2024-03-02", None, "cba"),
        ("America/New_York", "2024-03-02", None, "fedc"),
        ("Asia/Tokyo", "2024-03-02", None, "cba"),
        ("Nowhere/Land", "2024-03-02", None, "dcb"),
        ("", "2024-03-02", None, "dcb"),
        ("  Europe/Berlin ", "2024-03-02", None, "cba"),
        ("../UTC", "2024-03-02", None, "dcb"),
        ("Europe", "2024-03-02", None, "dcb"),
        (None, "", "", "fedcba"),
        (None, "0001-01-01", "9999-12-31", "fedcba"),
        ("Pacific/Kiritimati", "0001-01-01", "9999-12-31", "fedcba"),
        ("Pacific/Pago_Pago", "0001-01-01", "9999-12-31", "fedcba"),
    ],
)
def test_days_are_cut_in_the_zone_of_the_viewer_and_instants_are_taken_as_they_are(
    library: Library, zone: str | None, start: str | None, end: str | None, found: str
) -> None:
    for text, name in DATES.items():
        library.add_asset(name, taken_time=_micros(text))
    wanted = {"date": {"from": start, "to": end}}
    assert "".join(library.admin.names(wanted, viewer_timezone=zone)) == found


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        ("2024-03-31", "Europe/Berlin", 23),
        ("2024-10-27", "Europe/Berlin", 25),
        ("2024-03-10", "America/New_York", 23),
        ("2018-11-04", "America/Sao_Paulo", 23),
    ],
)
def test_a_day_on_which_clocks_change_is_shorter_or_longer(
    library: Library, day: str, zone: str, hours: int
) -> None:
    start = datetime.fromisoformat(f"{day}T00:00:00+00:00") - timedelta(hours=15)
    for hour in range(50):
        at = to_microseconds(start + timedelta(hours=hour, minutes=30))
        library.add_asset(f"{hour}", taken_time=at)
    assert len(library.admin.names({"date": {"from": day}}, viewer_timezone=zone)) == hours


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2024-13-01",
        "2024-02-30",
        "2024-3-1",
        "02.03.2024",
        "2024-03-02T12:00:00",
        "2024-03-02T25:00:00Z",
        "1709337600",
        "2024-03-02 ",
        "2024-W09-6",
        "20240302T120000Z",
        "２０２４-03-02",
    ],
)
@pytest.mark.parametrize("side", ["from", "to"])
def test_what_is_no_date_is_a_bad_request(library: Library, text: str, side: str) -> None:
    assert _status(library, filter={"date": {side: text}}) == 400


def test_an_asset_without_capture_time_counts_by_its_upload(library: Library) -> None:
    library.add_asset("old", upload_time=_micros("2024-03-02T12:00:00+00:00"))
    assert library.admin.names({"date": {"from": "2024-03-02"}}) == ["old"]


@pytest.mark.skipif(not zoneinfo.TZPATH, reason="the system has no time zones to take away")
def test_listing_needs_no_time_zones_of_the_system(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.add_asset("a", taken_time=_micros("2024-03-02T12:00:00+00:00"))
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([])
    zoneinfo.ZoneInfo.clear_cache()
    try:
        assert library.admin.names({"date": {"from": "2024-03-02"}}) == ["a"]
    finally:
        zoneinfo.reset_tzpath(before)
        zoneinfo.ZoneInfo.clear_cache()


PLACES = {"berlin": (52.5, 13.4), "fiji": (-17.7, 178.1), "samoa": (-13.8, -171.8), "none": None}


@pytest.mark.parametrize(
    ("north", "south", "east", "west", "found"),
    [
        (60, 40, 20, 0, ["berlin"]),
        (40, 60, 20, 0, ["berlin"]),
        (0, -30, -160, 170, ["fiji", "samoa"]),
        (0, -30, 180, 170, ["fiji"]),
        (90, -90, 180, -180, ["berlin", "fiji", "samoa"]),
        (52.5, 52.5, 13.4, 13.4, ["berlin"]),
        (10, 5, 20, 0, []),
        (90, -90, -179.9, 179.9, []),
    ],
)
def test_a_box_may_cross_the_antimeridian_and_its_edges_belong_to_it(
    library: Library, north: float, south: float, east: float, west: float, found: list[str]
) -> None:
    for name, place in PLACES.items():
        latitude, longitude = place or (None, None)
        library.add_asset(name, gps_latitude=latitude, gps_longitude=longitude)
    box = {"north": north, "south": south, "east": east, "west": west}
    assert sorted(library.admin.names({"location": box})) == found


def test_a_box_needs_all_its_edges(library: Library) -> None:
    assert _status(library, filter={"location": {"north": 1, "south": 0, "east": 1}}) == 400


def test_captured_photos_come_by_the_wall_clock_at_their_place(library: Library) -> None:
    # At 10:00 in Tokyo it was 01:00 UTC, before the photo of 08:00 in London.
    library.add_asset(
        "tokyo", taken_time=_micros("2024-03-02T01:00:00+00:00"), capture_offset_minutes=540
    )
    library.add_asset(
        "london", taken_time=_micros("2024-03-02T08:00:00+00:00"), capture_offset_minutes=0
    )
    library.add_asset("unknown zone", taken_time=_micros("2024-03-02T09:00:00+00:00"))
    library.add_asset("uploaded", upload_time=_micros("2024-03-02T08:30:00+00:00"))
    assert library.admin.names() == ["tokyo", "unknown zone", "uploaded", "london"]


def test_recently_added_comes_by_upload(library: Library) -> None:
    library.add_asset("old photo", taken_time=1, upload_time=3)
    library.add_asset("new photo", taken_time=9, upload_time=2)
    assert library.admin.names(sort_by="recently_added") == ["old photo", "new photo"]
    assert library.admin.names() == ["new photo", "old photo"]
    assert library.admin.names(sort_by=" Date_Captured ") == ["new photo", "old photo"]


@pytest.mark.parametrize("order", ["date_captured", "recently_added"])
def test_equal_times_are_ordered_by_id_descending(library: Library, order: str) -> None:
    ids = [UUID(int=number) for number in (3, 1, 2**127, 2**63, 255, 256)]
    for asset_id in ids:
        library.add_asset(asset_id=asset_id, taken_time=5, upload_time=5)
    found = [item["asset"]["asset_id"] for item in library.admin.page(sort_by=order)["items"]]
    assert found == sorted((str(asset_id) for asset_id in ids), reverse=True)


@pytest.mark.parametrize(
    ("pagination", "limit", "offset"),
    [
        (None, 20, 0),
        ({}, 20, 0),
        ({"limit": 1}, 1, 0),
        ({"limit": 100}, 100, 0),
        ({"limit": 101}, 20, 0),
        ({"limit": 0}, 20, 0),
        ({"limit": -5}, 20, 0),
        ({"limit": None, "offset": None}, 20, 0),
        ({"offset": 3}, 20, 3),
        ({"offset": -1}, 20, 0),
        ({"limit": 7, "offset": 9}, 7, 9),
        ({"offset": 1000}, 20, 1000),
    ],
)
def test_the_page_in_force_is_echoed_and_full_while_there_is_more(
    library: Library, pagination: Any, limit: int, offset: int
) -> None:
    for number in range(30):
        library.add_asset(f"{number}", taken_time=number)
    page = library.admin.page(pagination=pagination)
    assert (page["limit"], page["offset"]) == (limit, offset)
    assert (page["total_visible"], page["total_assets"]) == (30, 30)
    assert len(page.get("items", [])) == max(min(limit, 30 - offset), 0)
    assert ("items" in page) is (offset < 30)


@pytest.mark.parametrize("pagination", [{"limit": "5"}, {"offset": 1.5}, {"limit": True}, 7, []])
def test_a_page_of_a_wrong_type_is_a_bad_request(library: Library, pagination: Any) -> None:
    assert _status(library, pagination=pagination) == 400


def test_only_the_body_pages_and_not_the_address(library: Library) -> None:
    for number in range(3):
        library.add_asset(f"{number}", taken_time=number)
    answer = library.admin.ok("POST", "/assets/list?offset=2&limit=1", {})
    assert (answer["offset"], len(answer["items"])) == (0, 3)


@pytest.mark.parametrize(
    "query",
    [
        {"sort_by": "name"},
        {"stack_mode": "folded"},
        {"search_type": "magic"},
        {"sort_by": "date captured"},
    ],
)
def test_unknown_words_are_bad_requests(library: Library, query: Any) -> None:
    assert _status(library, **query) == 400


@pytest.mark.parametrize("mode", ["collapsed", "expanded", " EXPANDED ", "", None])
def test_the_stack_mode_in_force_is_echoed(library: Library, mode: str | None) -> None:
    expected = "expanded" if "expanded" in (mode or "").lower() else "collapsed"
    assert library.admin.page(stack_mode=mode)["stack_mode"] == expected


def test_searching_by_meaning_is_not_there_yet(library: Library) -> None:
    library.add_asset()
    assert _status(library, search_type="semantic", query="a cat") == 503
    assert library.admin.page(search_type="semantic", query="  ")["total_assets"] == 1
    assert library.admin.page(search_type="filename", query="a.j")["total_assets"] == 1


_TIMES = st.integers(0, 6).map(lambda n: datetime(2024, 3, 1, tzinfo=UTC) + timedelta(hours=7 * n))
_NAMES = st.sampled_from(["a.jpg", "A_1.JPG", "b%.png", "ab.jpg", "1.jpg"])
ROWS = st.lists(
    st.builds(
        Row,
        asset_id=st.uuids().map(str),
        name=_NAMES,
        type=st.sampled_from(["PHOTO", "VIDEO"]),
        upload_time=_TIMES,
        taken_time=st.none() | _TIMES,
        offset=st.sampled_from([None, -600, 0, 330, 840]),
        rating=st.integers(0, 2),
        liked=st.booleans(),
        is_raw=st.booleans(),
        is_deleted=st.booleans(),
        camera_model=st.sampled_from([None, "X", "Y"]),
        latitude=st.sampled_from([None, -10.0, 0.0, 50.0]),
        longitude=st.sampled_from([-179.0, 0.0, 179.0]),
    ),
    max_size=25,
    unique_by=lambda row: row.asset_id,
)
_DAYS = st.sampled_from(["2024-02-29", "2024-03-01", "2024-03-02", "2024-03-01T14:00:00Z"])
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["PHOTO", "VIDEO"]),
        "types": st.lists(st.sampled_from(["PHOTO", "VIDEO", "AUDIO"]), max_size=2),
        "rating": st.integers(0, 3),
        "liked": st.booleans(),
        "raw": st.booleans(),
        "is_deleted": st.booleans(),
        "camera_model": st.sampled_from(["X", "Z"]),
        "filename": st.fixed_dictionaries(
            {"value": st.sampled_from(["a", "_", "%", ".jpg", "A_1.jpg"])},
            optional={
                "operator": st.sampled_from(["contains", "matches", "starts_with", "ends_with"])
            },
        ),
        "date": st.fixed_dictionaries({}, optional={"from": _DAYS, "to": _DAYS}),
        "location": st.fixed_dictionaries(
            {
                edge: st.sampled_from([-180.0, -10.0, 0.0, 60.0, 179.0])
                for edge in ("north", "south", "east", "west")
            }
        ),
    },
)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rows=ROWS,
    filters=FILTERS,
    query=st.sampled_from(["", "a", "1"]),
    order=st.sampled_from([None, "date_captured", "recently_added"]),
    zone=st.sampled_from([None, "America/New_York", "Asia/Kolkata"]),
    limit=st.integers(1, 9),
)
def test_paging_shows_each_asset_once_in_the_order_of_the_model(
    library: Library,
    rows: list[Row],
    filters: dict[str, Any],
    query: str,
    order: str | None,
    zone: str | None,
    limit: int,
) -> None:
    library.run("DELETE FROM assets")
    for row in rows:
        _insert(library, row)
    wanted = {"query": query, "sort_by": order, "viewer_timezone": zone}
    expected = listed(rows, wanted | {"filter": filters})
    found: list[str] = []
    while True:
        page = library.admin.page(
            filters, pagination={"limit": limit, "offset": len(found)}, **wanted
        )
        assert page["total_visible"] == page["total_assets"] == len(expected)
        if "items" not in page:
            break
        found += [item["asset"]["asset_id"] for item in page["items"]]
    assert found == expected


def _insert(library: Library, row: Row) -> None:
    library.add_asset(
        row.name,
        asset_id=UUID(row.asset_id),
        type=row.type,
        upload_time=to_microseconds(row.upload_time),
        taken_time=to_microseconds(row.taken_time),
        capture_offset_minutes=row.offset,
        rating=row.rating,
        liked=row.liked,
        is_raw=row.is_raw,
        deleted_at=1 if row.is_deleted else None,
        deleted_reason="trashed" if row.is_deleted else None,
        camera_model=row.camera_model,
        gps_latitude=row.latitude,
        gps_longitude=None if row.latitude is None else row.longitude,
    )
