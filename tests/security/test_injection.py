"""Text stays text: in SQL, in answers, in lists."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumilio.library.assets import ASSET_TYPES
from tests.contract.scene import Scene
from tests.support.api import Api
from tests.support.photos import jpeg

INJECTIONS = (
    "' OR 1=1 --",
    "a.jpg' OR assets.owner_id IS NOT NULL --",
    '") OR ("1"="1',
    "%' ESCAPE '\\' OR 1=1 --",
    "x) UNION SELECT * FROM users --",
    "0 OR 1=1",
    "assets.upload_time DESC; DROP TABLE assets",
    "CASE WHEN 1=1 THEN owner_id END",
    "a OR b",
    '"a" NEAR("b")',
    "*",
    "%",
    "_",
    "\\",
    "?1",
    ":id",
    "\x00",
)
TEXTS = st.sampled_from(INJECTIONS) | st.text(max_size=12)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 5)
EDGES = st.floats(-180, 180)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "owner_id": NUMBERS,
        "album_id": NUMBERS,
        "rating": NUMBERS,
        "type": st.sampled_from(ASSET_TYPES),
        "types": st.lists(st.sampled_from(ASSET_TYPES), max_size=3),
        "liked": st.booleans(),
        "raw": st.booleans(),
        "is_deleted": st.booleans(),
        "camera_model": TEXTS,
        "lens": TEXTS,
        "tag_name": TEXTS,
        "tag_source": TEXTS,
        "repository_id": TEXTS,
        "filename": st.fixed_dictionaries({"value": TEXTS, "operator": TEXTS}),
        "date": st.fixed_dictionaries({"from": TEXTS, "to": TEXTS}),
        "location": st.fixed_dictionaries(dict.fromkeys(("north", "south", "east", "west"), EDGES)),
    },
)


@pytest.fixture(scope="module")
def people(scene: Scene) -> tuple[Api, Api]:
    """Two users, each with photos, some of them like those of the other."""
    both = scene.account(), scene.account()
    for number, api in enumerate(both):
        for name in ("a.jpg", f"b{number}.jpg"):
            api.uploaded(name, jpeg(10 + number, (48 + len(name), 32)))
    return both


@given(wanted=FILTERS, query=TEXTS, order=TEXTS | st.none(), zone=TEXTS | st.none())
def test_no_filter_shows_what_belongs_to_somebody_else(
    scene: Scene,
    people: tuple[Api, Api],
    wanted: dict[str, Any],
    query: str,
    order: str | None,
    zone: str | None,
) -> None:
    user, other = people
    before = scene.value("SELECT count(*) FROM assets")
    body = {"filter": wanted, "query": query, "sort_by": order, "viewer_timezone": zone}
    for body_ in (body, body | {"sort_by": None}, {"filter": {"owner_id": other.user_id}}):
        answer = user.post("/assets/list", body_ | {"pagination": {"limit": 100}})
        assert answer.status_code in (200, 400)
        owners = {item["asset"]["owner_id"] for item in answer.json().get("items", [])}
        assert owners <= {user.user_id}
    assert scene.value("SELECT count(*) FROM assets") == before


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_order_but_those_of_the_contract(people: tuple[Api, Api], text: str) -> None:
    user, _ = people
    for name in ("sort_by", "stack_mode", "search_type"):
        assert user.post("/assets/list", {name: text}).status_code == 400


@pytest.mark.parametrize("text", INJECTIONS)
def test_parameters_of_lists_are_numbers_or_nothing(scene: Scene, text: str) -> None:
    scans = f"/repositories/{scene.primary_id}/scans"
    for path, name in [
        ("/users", "limit"),
        ("/users", "offset"),
        ("/admin/river/queue-summary", "error_limit"),
        (scans, "limit"),
        (scans, "offset"),
    ]:
        answer = scene.admin.get(path, params={name: text})
        if answer.status_code != 400:
            wanted = scene.admin.ok("GET", path)
            found = answer.json()
            assert {key: found[key] for key in found if key != "generated_at"} == {
                key: wanted[key] for key in wanted if key != "generated_at"
            }


@pytest.mark.parametrize("text", INJECTIONS)
def test_the_name_of_a_queue_is_one_or_none(scene: Scene, text: str) -> None:
    before = scene.state()
    for word in ("pause", "resume", "retry"):
        address = f"/admin/river/queues/{quote(text, safe='')}/{word}"
        assert scene.admin.post(address).status_code == 404
    assert scene.state() == before


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "</title><svg onload=alert(1)>",
    "]]>\u2028\u2029",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_back_as_the_data_it_is(scene: Scene, text: str) -> None:
    user = scene.account()
    photo = scene.give(scene.photo, user)
    repository = scene.repository()
    passkey = scene.passkey_of(user)
    answers = [
        (user.call("PATCH", "/users/me/profile", json={"display_name": text}), "display_name"),
        (user.call("PATCH", f"/auth/mfa/passkeys/{passkey}", json={"label": text}), "label"),
        (scene.admin.call("PATCH", f"/repositories/{repository}", json={"name": text}), "name"),
    ]
    document = {"title": text, "description": text, "camera_model": text, "artist": text}
    user.ok("PUT", f"/assets/{photo}", {"specific_metadata": document})
    shown = user.get(f"/assets/{photo}")
    assert document.items() <= shown.json()["specific_metadata"].items()
    for answer, field in [*answers, (shown, "")]:
        assert answer.status_code == 200
        assert not field or answer.json()[field] == text.strip()
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"
