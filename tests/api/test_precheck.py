"""Asking before uploading."""

from uuid import uuid4

import blake3
import pytest

from tests.support.api import Api
from tests.support.library import Library
from tests.support.photos import jpeg


def _hash(seed: int) -> str:
    return blake3.blake3(jpeg(seed)).hexdigest()


def _exists(api: Api, seed: int, **body: str) -> bool:
    answer = api.ok("POST", "/assets/precheck", {"hashes": [_hash(seed)]} | body)
    exists: bool = answer["results"][0]["exists"]
    return exists


def test_what_is_there_is_named_and_the_rest_is_wanted(library: Library) -> None:
    receipt = library.admin.uploaded("a.jpg", jpeg(1))
    hashes = [_hash(2), _hash(1), _hash(1).upper(), _hash(2)]
    answer = library.admin.ok("POST", "/assets/precheck", {"hashes": hashes})
    there = {"exists": True, "asset_id": receipt["asset_id"]}
    assert answer["results"] == [
        {"hash": hashes[0], "exists": False},
        {"hash": hashes[1]} | there,
        {"hash": hashes[2]} | there,
        {"hash": hashes[3], "exists": False},
    ]
    library.work()
    assert _exists(library.admin, 1)
    assert library.admin.ok("POST", "/assets/precheck", {"hashes": []}) == {"results": []}


def test_only_the_callers_own_in_that_repository_count(library: Library) -> None:
    sam = library.api.register("sam")
    second = library.admin.ok("POST", "/repositories", {"name": "Second"})["repository"]
    library.admin.uploaded("a.jpg", jpeg(1))
    assert not _exists(sam, 1)
    assert not _exists(library.admin, 1, repository_id=second["id"])
    assert _exists(library.admin, 1, repository_id=library.primary["id"])
    assert _exists(library.admin, 1, repository_id="")


def test_what_was_trashed_or_lost_is_wanted_again(library: Library) -> None:
    for seed in (1, 2):
        library.admin.uploaded(f"{seed}.jpg", jpeg(seed))
    library.work()
    (original,) = (library.folder() / "inbox").rglob("1.jpg")
    original.unlink()
    library.run(
        "UPDATE assets SET deleted_at = 1, deleted_reason = 'trashed'"
        " WHERE original_filename = '2.jpg'"
    )
    assert not _exists(library.admin, 1)
    assert not _exists(library.admin, 2)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"hashes": None},
        {"hashes": "0" * 64},
        {"hashes": ["0" * 63]},
        {"hashes": ["0" * 65]},
        {"hashes": ["0" * 63 + "g"]},
        {"hashes": ["0" * 63 + "\n"]},
        {"hashes": ["٠" * 64]},
        {"hashes": [""]},
        {"hashes": [7]},
        {"hashes": ["0" * 64] * 1001},
        {"hashes": [], "repository_id": "x"},
    ],
)
def test_a_malformed_question_is_a_bad_request(library: Library, body: object) -> None:
    assert library.admin.post("/assets/precheck", body).status_code == 400


def test_a_thousand_hashes_are_answered_at_once(library: Library) -> None:
    hashes = [f"{number:064x}" for number in range(1000)]
    answer = library.admin.ok("POST", "/assets/precheck", {"hashes": hashes})
    assert [result["hash"] for result in answer["results"]] == hashes


def test_a_repository_that_is_unknown_or_away_cannot_tell(library: Library) -> None:
    unknown = {"hashes": [], "repository_id": str(uuid4())}
    assert library.admin.post("/assets/precheck", unknown).status_code == 404
    away = library.folder().rename(library.folder().with_name("away"))
    assert library.admin.post("/assets/precheck", {"hashes": [_hash(1)]}).status_code == 503
    away.rename(library.folder())
