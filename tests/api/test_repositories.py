"""Repositories: where they may lie, what they are called, and what is never touched."""

import os
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.support.library import Library

MARKER = ".lumiliorepo"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "disk"
    folder.mkdir()
    return folder


def _create(library: Library, name: str, **wanted: Any) -> Any:
    return library.admin.post("/repositories", {"name": name} | wanted)


def _created(library: Library, name: str, **wanted: Any) -> Any:
    response = _create(library, name, **wanted)
    assert response.status_code == 200, response.text
    return response.json()["repository"]


def _tree(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def test_the_primary_repository_lies_in_a_folder_of_fixed_name(library: Library) -> None:
    repository = library.primary
    assert repository == {
        "id": repository["id"],
        "name": "Primary Storage",
        "path": str(library.home.root / "storage" / "primary"),
        "role": "primary",
        "is_primary": True,
        "status": "active",
        "default_owner_id": library.admin.user_id,
        "storage_strategy": "date",
        "local_settings": {"handle_duplicate_filenames": "rename"},
    }
    assert UUID(repository["id"]).version == 4


def test_a_repository_gets_its_folders_and_its_marker(library: Library) -> None:
    folder = library.folder()
    for inner in (
        "inbox",
        ".lumilio/assets/thumbnails/small",
        ".lumilio/assets/thumbnails/medium",
        ".lumilio/assets/thumbnails/large",
        ".lumilio/staging/incoming",
        ".lumilio/staging/failed",
        ".lumilio/temp",
    ):
        assert (folder / inner).is_dir()
    marker = msgspec.yaml.decode((folder / MARKER).read_bytes())
    assert marker == {
        "version": "1.0",
        "id": library.primary["id"],
        "name": "Primary Storage",
        "created_at": marker["created_at"],
        "storage_strategy": "date",
        "local_settings": {"handle_duplicate_filenames": "rename"},
    }


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
def test_staging_and_temporary_files_are_closed_to_other_accounts(library: Library) -> None:
    own = library.folder() / ".lumilio"
    for inner in ("staging", "staging/incoming", "temp"):
        assert (own / inner).stat().st_mode & 0o077 == 0


def test_a_regular_repository_needs_only_a_name(library: Library) -> None:
    repository = _created(library, "Second One")
    assert repository["path"] == str(library.home.root / "storage" / "second-one")
    assert repository["role"] == "regular"
    assert not repository["is_primary"]
    assert repository["storage_strategy"] == "date"


def test_empty_text_means_the_same_as_leaving_a_field_out(library: Library) -> None:
    empty = dict.fromkeys(
        ("role", "root", "storage_strategy", "duplicate_handling", "cloud_credential_id"), ""
    )
    assert _created(library, "Second", **empty)["role"] == "regular"


@pytest.mark.parametrize("strategy", ["date", "flat", "cas"])
@pytest.mark.parametrize("handling", ["rename", "uuid", "overwrite"])
def test_strategy_and_handling_are_kept(library: Library, strategy: str, handling: str) -> None:
    wanted = {"storage_strategy": strategy, "duplicate_handling": handling}
    repository = _created(library, "Second", **wanted)
    assert repository["storage_strategy"] == strategy
    assert repository["local_settings"]["handle_duplicate_filenames"] == handling
    assert library.admin.ok("GET", f"/repositories/{repository['id']}") == repository


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Family Photos", "family-photos"),
        ("  Trimmed  ", "trimmed"),
        ("UPPER", "upper"),
        ("a.b/c\\d", "a-b-c-d"),
        ("a   b", "a-b"),
        ("a!!!b", "a-b"),
        ("under_score-dash", "under_score-dash"),
        ("_-_lead", "lead"),
        ("trail-_", "trail"),
        ("Ünïcode Ñame", "ünïcode-ñame"),
        ("写真 2031", "写真-2031"),
        ("Фото", "фото"),
        ("../../etc", "etc"),
        ("..", None),
        (".", None),
        ("!!!", None),
        ("-_-", None),
        ("   ", None),
        ("", None),
        ("😀", None),
        ("con", None),
        ("CON", None),
        ("nul", None),
        ("COM1", None),
        ("lpt9", None),
        ("aux", None),
        ("x" * 240, "x" * 240),
        ("x" * 241, None),
        ("写" * 81, None),
    ],
)
def test_the_folder_follows_from_the_name(
    library: Library, root: Path, name: str, folder: str | None
) -> None:
    response = _create(library, name, root=str(root))
    if folder is None:
        assert response.status_code == 400
        assert _tree(root) == {}
    else:
        assert response.json()["repository"]["path"] == str(root / folder)
        assert response.json()["repository"]["name"] == name.strip()


@pytest.mark.parametrize(
    "wanted",
    [
        {"role": "secondary"},
        {"storage_strategy": "weekly"},
        {"duplicate_handling": "ask"},
        {"name": None},
        {"cloud_credential_id": "123e4567-e89b-42d3-a456-426614174000"},
        {"root": "relative/folder"},
        {"root": "."},
        {"root": "/dev/null"},
        {"root": "/dev/null/below"},
        {"root": "/proc/lumilio"},
        {"root": "/tmp/nul\x00byte"},
        {"root": "~nobody-of-this-name/photos"},
        {"root": "/" + "x" * 300},
        {"root": "/" + "x/" * 3000},
    ],
)
def test_what_cannot_be_a_repository_is_a_bad_request(library: Library, wanted: Any) -> None:
    body = {"name": "Second"} | wanted
    assert library.admin.post("/repositories", body).status_code == 400
    assert len(library.admin.ok("GET", "/repositories")["repositories"]) == 1


def test_a_second_primary_is_a_conflict(library: Library, root: Path) -> None:
    response = _create(library, "Another", role="primary", root=str(root))
    assert response.status_code == 409
    assert response.json()["message"] != "app_not_initialized"
    assert _tree(root) == {}


def test_a_regular_one_before_the_primary_is_a_conflict(fresh: Library, root: Path) -> None:
    admin = fresh.api.register("admin")
    response = admin.post("/repositories", {"name": "Second", "root": str(root)})
    assert response.status_code == 409
    assert _tree(root) == {}


def test_the_same_folder_twice_is_a_bad_request(library: Library) -> None:
    _created(library, "Second")
    assert _create(library, "Second").status_code == 400
    assert _create(library, "second!").status_code == 400


def test_folders_that_differ_by_case_alone_are_refused(library: Library, root: Path) -> None:
    upper = root / "Disk"
    upper.mkdir()
    lower = root / "disk"
    lower.mkdir(exist_ok=True)
    _created(library, "Second", root=str(upper))
    assert _create(library, "Second", root=str(lower)).status_code == 400


def test_a_repository_inside_another_is_refused(library: Library) -> None:
    inner = library.folder() / "holiday"
    inner.mkdir()
    for parent in (library.folder(), inner, library.folder() / "inbox"):
        assert _create(library, "Nested", root=str(parent)).status_code == 400
    assert not (inner / "nested").exists()


def test_a_repository_around_another_is_refused(library: Library, root: Path) -> None:
    (root / "outer").mkdir()
    _created(library, "Inner", root=str(root / "outer"))
    response = _create(library, "outer", root=str(root))
    assert response.status_code == 400
    assert not (root / "outer" / MARKER).exists()


def test_a_folder_inside_an_unregistered_repository_is_refused(
    library: Library, root: Path
) -> None:
    (root / MARKER).write_text("version: '1.0'\n")
    assert _create(library, "Nested", root=str(root)).status_code == 400
    assert not (root / "nested").exists()


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_does_not_hide_that_a_folder_lies_inside_a_repository(
    library: Library, root: Path
) -> None:
    (library.folder() / "holiday").mkdir()
    (root / "link").symlink_to(library.folder() / "holiday")
    assert _create(library, "Nested", root=str(root / "link")).status_code == 400


def test_a_folder_that_already_is_a_repository_keeps_its_own_settings(
    library: Library, root: Path
) -> None:
    repository = _created(
        library, "Old", root=str(root), storage_strategy="flat", duplicate_handling="uuid"
    )
    (root / "old" / "holiday.jpg").write_bytes(b"mine")
    before = _tree(root)
    library.run("DELETE FROM repositories WHERE name = 'Old'")
    again = _created(
        library, "old", root=str(root), storage_strategy="cas", duplicate_handling="rename"
    )
    assert again == repository | {"default_owner_id": library.admin.user_id}
    assert _tree(root) == before


def test_a_repository_in_a_folder_of_any_name_is_registered_by_its_path(
    library: Library, root: Path
) -> None:
    made = library.admin.ok("POST", "/repositories", {"name": "Holidays", "root": str(root)})
    library.admin.ok("DELETE", f"/repositories/{made['repository']['id']}")
    folder = Path(made["repository"]["path"]).rename(root / "Bilder & mehr")
    body = {"name": "whatever", "path": f" {folder} "}
    found = library.admin.ok("POST", "/repositories", body)["repository"]
    assert found == made["repository"] | {"path": str(folder)}
    assert not (root / "holidays").exists()
    assert not (root / "whatever").exists()
    again = library.admin.post("/repositories", body)
    assert again.status_code == 400
    assert again.json()["message"] == "This folder is already a repository of the library"


@pytest.mark.parametrize("path", ["plain", "missing", "file"])
def test_what_is_no_repository_is_not_registered_by_its_path(
    library: Library, root: Path, path: str
) -> None:
    (root / "plain").mkdir(parents=True)
    (root / "file").write_text("x")
    before = sorted(root.rglob("*"))
    response = library.admin.post("/repositories", {"name": "x", "path": str(root / path)})
    assert response.status_code == 400
    assert sorted(root.rglob("*")) == before
    assert library.admin.ok("GET", "/repositories")["repositories"] == [library.primary]


def test_a_path_is_whole(library: Library) -> None:
    for body in ({"path": "some/where"}, {"path": "\0"}):
        assert library.admin.post("/repositories", {"name": "x"} | body).status_code == 400


def test_the_primary_is_not_registered_by_its_path(fresh: Library, root: Path) -> None:
    admin = fresh.api.register("admin")
    body = {"name": "x", "role": "primary", "path": str(root)}
    response = admin.post("/repositories", body)
    assert response.status_code == 400
    assert "parent folder" in response.json()["message"]


def test_a_copy_of_a_registered_repository_is_refused(library: Library, root: Path) -> None:
    _created(library, "Original", root=str(root))
    (root / "copy").mkdir()
    (root / "copy" / MARKER).write_bytes((root / "original" / MARKER).read_bytes())
    assert _create(library, "Copy", root=str(root)).status_code in (400, 409)
    assert len(library.admin.ok("GET", "/repositories")["repositories"]) == 2


@pytest.mark.parametrize(
    "marker",
    [
        b"",
        b"\xff\xfe",
        b"just text",
        b"[1, 2]",
        b"version: '1.0'\nname: x\n",
        b"id: nonsense\nname: x\ncreated_at: 2031-07-04T09:15:00Z\nstorage_strategy: date\n"
        b"local_settings: {handle_duplicate_filenames: rename}\n",
        b"a: &a [*a]\n",
        b"!!python/object/apply:os.system ['true']",
    ],
)
def test_an_unreadable_marker_is_a_bad_request_and_stays_as_it_is(
    library: Library, root: Path, marker: bytes
) -> None:
    (root / "broken").mkdir()
    (root / "broken" / MARKER).write_bytes(marker)
    before = _tree(root)
    assert _create(library, "Broken", root=str(root)).status_code == 400
    assert _tree(root) == before


@pytest.mark.parametrize(
    "created_at",
    ["2020-01-02T03:04:05.123456789+02:00", "2020-01-02T03:04:05Z", "'2020-01-02T03:04:05Z'"],
)
def test_a_marker_with_unknown_keys_written_by_another_program_is_read(
    library: Library, root: Path, created_at: str
) -> None:
    (root / "old").mkdir()
    marker = f"""
version: "1.0"
id: 123e4567-e89b-42d3-a456-426614174000
name: From Elsewhere
created_at: {created_at}
storage_strategy: flat
local_settings:
    handle_duplicate_filenames: uuid
    compress_files: true
backup_path: /x
"""
    (root / "old" / MARKER).write_text(marker)
    repository = _created(library, "Old", root=str(root))
    assert repository["id"] == "123e4567-e89b-42d3-a456-426614174000"
    assert repository["name"] == "From Elsewhere"
    assert repository["storage_strategy"] == "flat"


def test_creating_leaves_the_files_of_a_person_alone(library: Library, root: Path) -> None:
    folder = root / "photos"
    (folder / "inbox").mkdir(parents=True)
    (folder / "2019" / "Rome").mkdir(parents=True)
    (folder / "2019" / "Rome" / "a.jpg").write_bytes(b"a")
    (folder / "inbox" / "b.jpg").write_bytes(b"b")
    (folder / "notes.txt").write_bytes(b"c")
    before = _tree(folder)
    _created(library, "Photos", root=str(root))
    assert before.items() <= _tree(folder).items()


@pytest.mark.parametrize(
    "obstacle", [".lumilio", ".lumilio/temp", "inbox", ".lumilio/assets/thumbnails/large"]
)
def test_a_failed_create_leaves_the_folder_as_it_was(
    library: Library, root: Path, obstacle: str
) -> None:
    folder = root / "photos"
    (folder / obstacle).parent.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"a")
    (folder / obstacle).write_bytes(b"a file where a folder is needed")
    before = _tree(root)
    assert _create(library, "Photos", root=str(root)).status_code == 400
    assert _tree(root) == before


@pytest.mark.parametrize("name", ["Photos", "Deep"])
def test_a_file_in_the_place_of_the_folder_is_a_bad_request(
    library: Library, root: Path, name: str
) -> None:
    (root / name.lower()).write_bytes(b"mine")
    assert _create(library, name, root=str(root)).status_code == 400
    assert (root / name.lower()).read_bytes() == b"mine"


def test_a_folder_that_cannot_be_written_is_a_bad_request(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "photos").mkdir()
    (root / "photos" / "a.jpg").write_bytes(b"a")
    real = Path.write_bytes

    def refuse(self: Path, data: bytes) -> int:
        if self.name == "permission_test":
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", refuse)
    assert _create(library, "Photos", root=str(root)).status_code == 400
    assert _tree(root) == {"photos": None, "photos/a.jpg": b"a"}


def test_missing_parents_of_the_root_are_made(library: Library, root: Path) -> None:
    repository = _created(library, "Deep", root=str(root / "a" / "b"))
    assert Path(repository["path"]).is_dir()


def test_the_primary_comes_first_in_the_list(library: Library) -> None:
    names = ["Zebra", "Ape"]
    ids = [_created(library, name)["id"] for name in names]
    found = library.admin.ok("GET", "/repositories")["repositories"]
    assert [repository["id"] for repository in found] == [library.primary["id"], *ids]


def test_an_unknown_repository_is_not_found(library: Library) -> None:
    unknown = "123e4567-e89b-42d3-a456-426614174000"
    assert library.admin.get(f"/repositories/{unknown}").status_code == 404
    assert library.admin.post(f"/repositories/{unknown}/scan").status_code == 400
    assert library.admin.get(f"/repositories/{unknown}/scans/latest").status_code == 404
    assert library.admin.ok("GET", f"/repositories/{unknown}/scans") == {"scans": []}


def test_a_scan_is_queued_once_while_it_waits(library: Library) -> None:
    path = f"/repositories/{library.primary['id']}"
    first = library.admin.ok("POST", f"{path}/scan")
    assert first == {
        "job_id": first["job_id"],
        "repository_id": library.primary["id"],
        "mode": "manual",
        "status": "queued",
    }
    for body in ({}, {"force": False}, {"force": None}):
        assert library.admin.ok("POST", f"{path}/scan", body) == first
    library.work()
    assert library.admin.ok("POST", f"{path}/scan")["job_id"] != first["job_id"]


def test_runs_are_told_latest_first_and_paged(library: Library) -> None:
    path = f"/repositories/{library.primary['id']}/scans"
    assert library.admin.get(f"{path}/latest").status_code == 404
    for _ in range(25):
        library.clock.advance(seconds=1)
        library.scan()
    everything = library.admin.ok("GET", path, params={"limit": 100})["scans"]
    assert len(everything) == 25
    assert [run["started_at"] for run in everything] == sorted(
        (run["started_at"] for run in everything), reverse=True
    )
    assert library.admin.ok("GET", f"{path}/latest") == everything[0]
    assert library.admin.ok("GET", path)["scans"] == everything[:20]
    page = library.admin.ok("GET", path, params={"limit": 3, "offset": 23})["scans"]
    assert page == everything[23:]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ({"limit": "0"}, 20),
        ({"limit": "-1"}, 20),
        ({"limit": "101"}, 20),
        ({"limit": "x"}, 20),
        ({"limit": ""}, 20),
        ({"limit": "1.5"}, 20),
        ({"limit": "9" * 30}, 20),
        ({"limit": "9" * 5000}, 20),
        ({"limit": "1"}, 1),
        ({"limit": "22"}, 22),
        ({"offset": "-1"}, 20),
        ({"offset": "x"}, 20),
        ({"offset": ""}, 20),
        ({"offset": "22"}, 0),
        ({"offset": "9" * 30}, 0),
        ({"unknown": "1"}, 20),
    ],
)
def test_paging_out_of_range_falls_back(library: Library, query: dict[str, str], rows: int) -> None:
    path = f"/repositories/{library.primary['id']}/scans"
    key = library.stored().key
    library.run(
        "INSERT INTO scan_runs (scan_id, repository_id, mode, status, started_at)"
        " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 22)"
        " SELECT randomblob(16), ?, 'manual', 'completed', i FROM n",
        key,
    )
    assert len(library.admin.ok("GET", path, params=query)["scans"]) == rows
