"""Changing a repository's settings, and telling whether its folder is there."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.library import Library
from tests.support.photos import jpeg

MARKER = ".lumiliorepo"
UNKNOWN = "123e4567-e89b-42d3-a456-426614174000"


def _patch(library: Library, body: Any, repository_id: str | None = None) -> Any:
    path = f"/repositories/{repository_id or library.primary['id']}"
    return library.admin.call("PATCH", path, json=body)


def _marker(library: Library) -> dict[str, Any]:
    return msgspec.yaml.decode((library.folder() / MARKER).read_bytes())


def _shown(library: Library) -> dict[str, Any]:
    return library.admin.ok("GET", f"/repositories/{library.primary['id']}")


def test_every_setting_changes_in_the_library_and_in_the_folder(library: Library) -> None:
    owner = library.api.register("visitor")
    before = _marker(library)
    body = {
        "name": "  Family Photos ",
        "storage_strategy": "flat",
        "local_settings": {"handle_duplicate_filenames": "uuid"},
        "default_owner_id": owner.user_id,
    }
    changed = _patch(library, body).json()
    expected = body | {"name": "Family Photos"}
    assert changed == library.primary | expected
    assert _shown(library) == changed
    del expected["default_owner_id"]
    assert _marker(library) == before | expected


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": None},
        {
            "name": None,
            "storage_strategy": None,
            "local_settings": None,
            "default_owner_id": None,
        },
        {"unknown": 1, "path": "/elsewhere", "role": "regular", "id": UNKNOWN},
    ],
)
def test_what_is_absent_null_or_unknown_stays(library: Library, body: Any) -> None:
    before = _marker(library)
    assert _patch(library, body).json() == library.primary
    assert _marker(library) == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "Other"}, "name"),
        ({"storage_strategy": "cas"}, "storage_strategy"),
        ({"local_settings": {"handle_duplicate_filenames": "overwrite"}}, "local_settings"),
    ],
)
def test_one_setting_changes_alone(library: Library, body: Any, field: str) -> None:
    changed = _patch(library, body).json()
    assert changed == library.primary | {field: body[field]}


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": " \t"},
        {"storage_strategy": "weekly"},
        {"storage_strategy": ""},
        {"local_settings": {}},
        {"local_settings": {"handle_duplicate_filenames": "ask"}},
        {"local_settings": {"handle_duplicate_filenames": None}},
        {"default_owner_id": 0},
        {"default_owner_id": -1},
        {"default_owner_id": 999},
        {"default_owner_id": 2**63},
        {"name": "Fine", "default_owner_id": 999},
    ],
)
def test_a_wrong_setting_is_a_bad_request_and_changes_nothing(library: Library, body: Any) -> None:
    before = (library.folder() / MARKER).read_bytes()
    assert _patch(library, body).status_code == 400
    assert _shown(library) == library.primary
    assert (library.folder() / MARKER).read_bytes() == before


def test_an_unknown_repository_cannot_be_changed(library: Library) -> None:
    assert _patch(library, {"name": "x"}, UNKNOWN).status_code == 404


def test_a_new_name_renames_no_folder_and_moves_no_file(library: Library) -> None:
    library.admin.uploaded("a.jpg", jpeg(1))
    library.work()
    before = sorted(path.name for path in library.folder().rglob("*"))
    _patch(library, {"name": "Other", "storage_strategy": "flat"})
    assert sorted(path.name for path in library.folder().rglob("*")) == before
    library.admin.uploaded("b.jpg", jpeg(2))
    library.work()
    assert (library.folder() / "inbox" / "b.jpg").is_file()


def test_keys_that_other_programs_wrote_into_the_marker_stay(library: Library) -> None:
    marker = library.folder() / MARKER
    content = _marker(library)
    content["local_settings"]["compress_files"] = True
    content["backup_path"] = "/x"
    marker.write_bytes(msgspec.yaml.encode(content))
    _patch(library, {"local_settings": {"handle_duplicate_filenames": "uuid"}})
    content["local_settings"]["handle_duplicate_filenames"] = "uuid"
    assert _marker(library) == content


def test_a_repository_whose_disk_is_away_is_not_changed(library: Library) -> None:
    away = library.folder().rename(library.folder().with_name("away"))
    response = _patch(library, {"name": "Other", "default_owner_id": library.admin.user_id})
    assert response.status_code == 503
    away.rename(library.folder())
    assert _shown(library) == library.primary
    assert _marker(library)["name"] == library.primary["name"]


@pytest.mark.parametrize("step", ["open", "replace"])
def test_a_marker_that_cannot_be_written_undoes_the_change(
    library: Library, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = (library.folder() / MARKER).read_bytes()

    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        if step == "open":
            patch.setattr("builtins.open", refuse)
        else:
            patch.setattr(Path, "replace", refuse)
        assert _patch(library, {"name": "Other"}).status_code == 503
    assert _shown(library) == library.primary
    assert (library.folder() / MARKER).read_bytes() == before
    assert [path.name for path in library.folder().glob(f"{MARKER}*")] == [MARKER]


def test_the_leftover_of_an_interrupted_change_is_no_obstacle(library: Library) -> None:
    (library.folder() / f"{MARKER}.new").write_bytes(b"half")
    assert _patch(library, {"name": "Other"}).status_code == 200
    assert not (library.folder() / f"{MARKER}.new").exists()


def test_an_unreadable_marker_is_not_written_over(library: Library) -> None:
    (library.folder() / MARKER).write_bytes(b"a slip: [")
    assert _shown(library)["status"] == "active"
    assert _patch(library, {"name": "Other"}).status_code == 400
    assert (library.folder() / MARKER).read_bytes() == b"a slip: ["
    assert _shown(library)["name"] == library.primary["name"]


def test_the_status_follows_the_disk_and_the_assets_stay(library: Library) -> None:
    library.admin.uploaded("a.jpg", jpeg(1))
    library.work()
    assert _shown(library)["status"] == "active"
    away = library.folder().rename(library.folder().with_name("away"))
    assert _shown(library)["status"] == "offline"
    assert library.admin.ok("GET", "/repositories")["repositories"][0]["status"] == "offline"
    assert library.admin.names() == ["a.jpg"]
    library.folder().mkdir()
    assert _shown(library)["status"] == "offline"
    library.folder().rmdir()
    away.rename(library.folder())
    assert _shown(library)["status"] == "active"
    assert library.admin.names() == ["a.jpg"]


def test_another_disk_in_its_place_does_not_count_as_the_repository(library: Library) -> None:
    (library.folder() / "a.jpg").write_bytes(jpeg(1))
    library.scan()
    marker = _marker(library) | {"id": UNKNOWN}
    away = library.folder().rename(library.folder().with_name("away"))
    library.folder().mkdir()
    (library.folder() / MARKER).write_bytes(msgspec.yaml.encode(marker))
    assert _shown(library)["status"] == "offline"
    assert library.scan()["status"] == "failed"
    assert _patch(library, {"name": "Other"}).status_code == 503
    assert library.admin.names() == ["a.jpg"]
    assert away.is_dir()
