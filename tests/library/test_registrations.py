"""Letting a repository go and taking it in again: nothing of it is lost in between."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lumilio.library import placing, repositories
from lumilio.library.jobs import Job
from lumilio.media.pool import DecodePool
from lumilio.pipeline.tasks import Task, tasks
from lumilio.pipeline.walk import Region, Walk
from tests.support.library import Library
from tests.support.photos import jpeg

UNKNOWN = "123e4567-e89b-42d3-a456-426614174000"


@pytest.fixture
def second(library: Library) -> dict[str, Any]:
    """A regular repository beside the primary."""
    return library.admin.ok("POST", "/repositories", {"name": "Second"})["repository"]


def _unregister(library: Library, repository: dict[str, Any]) -> None:
    answer = library.admin.ok("DELETE", f"/repositories/{repository['id']}")
    assert set(answer) == {"message"}


def _register(library: Library, folder: Path) -> dict[str, Any]:
    wanted = {"name": folder.name, "root": str(folder.parent)}
    return library.admin.ok("POST", "/repositories", wanted)["repository"]


def _upload(library: Library, name: str, seed: int, repository: dict[str, Any]) -> str:
    return library.admin.uploaded(name, jpeg(seed), repository_id=repository["id"])["asset_id"]


def _state(library: Library, asset_id: str) -> str:
    return library.admin.ok("GET", f"/assets/{asset_id}")["processing"]["state"]


def test_the_primary_stays(library: Library) -> None:
    response = library.admin.call("DELETE", f"/repositories/{library.primary['id']}")
    assert response.status_code == 409
    assert response.json()["message"] != "app_not_initialized"
    assert library.admin.ok("GET", "/repositories")["repositories"] == [library.primary]


def test_an_unknown_repository_or_one_let_go_already_is_not_found(
    library: Library, second: dict[str, Any]
) -> None:
    assert library.admin.call("DELETE", f"/repositories/{UNKNOWN}").status_code == 404
    _unregister(library, second)
    assert library.admin.call("DELETE", f"/repositories/{second['id']}").status_code == 404


def test_files_stay_as_they_are(library: Library, second: dict[str, Any]) -> None:
    _upload(library, "a.jpg", 1, second)
    library.work()
    folder = library.folder(second)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    _unregister(library, second)
    placing.delete_abandoned(library.ctx)
    repositories.repair_folders(library.ctx)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_a_repository_let_go_is_nowhere_to_be_seen(
    library: Library, second: dict[str, Any]
) -> None:
    asset_id = _upload(library, "a.jpg", 1, second)
    library.scan(second)
    _unregister(library, second)
    path = f"/repositories/{second['id']}"
    assert library.admin.ok("GET", "/repositories")["repositories"] == [library.primary]
    assert library.admin.get(path).status_code == 404
    assert library.admin.call("PATCH", path, json={"name": "x"}).status_code == 404
    assert library.admin.post(f"{path}/scan").status_code == 400
    assert library.admin.ok("GET", f"{path}/scans") == {"scans": []}
    assert library.admin.get(f"{path}/scans/latest").status_code == 404
    for part in ("", "/original", "/thumbnail", "/exif"):
        assert library.admin.get(f"/assets/{asset_id}{part}").status_code == 404
    response = library.admin.upload("b.jpg", jpeg(2), repository_id=second["id"])
    assert response.status_code == 404


@pytest.mark.parametrize("user", ["admin", "owner"])
def test_its_assets_leave_every_list_and_others_stay(
    library: Library, second: dict[str, Any], user: str
) -> None:
    api = library.admin if user == "admin" else library.api.register("visitor")
    api.uploaded("kept.jpg", jpeg(9))
    for seed in range(3):
        api.uploaded(f"{seed}.jpg", jpeg(seed), repository_id=second["id"])
    library.work()
    library.run("UPDATE assets SET deleted_at = 1, deleted_reason = 'trashed' WHERE id = 2")
    _unregister(library, second)
    assert api.names() == ["kept.jpg"]
    assert api.page()["total_assets"] == 1
    assert api.names({"is_deleted": True}) == []
    assert api.names({"repository_id": second["id"]}) == []
    assert api.names(query="1") == []


@pytest.mark.parametrize("place", ["where it was", "elsewhere"])
def test_registered_again_everything_comes_back(
    library: Library, second: dict[str, Any], tmp_path: Path, place: str
) -> None:
    ids = [_upload(library, f"{seed}.jpg", seed, second) for seed in range(3)]
    (library.folder(second) / "d.jpg").write_bytes(jpeg(7))
    library.scan(second)
    library.run("UPDATE assets SET rating = 4, liked = 1")
    library.run("UPDATE assets SET deleted_at = 7, deleted_reason = 'trashed' WHERE id = 2")
    library.run(
        "INSERT INTO albums (user_id, album_name) VALUES (?, 'Rome')", library.admin.user_id
    )
    library.run("INSERT INTO album_assets SELECT 1, id, NULL, 1 FROM assets")
    before = library.admin.page()
    trash = library.admin.page({"is_deleted": True})
    runs = library.admin.ok("GET", f"/repositories/{second['id']}/scans")
    _unregister(library, second)
    folder = library.folder(second)
    if place == "elsewhere":
        (tmp_path / "disk").mkdir()
        folder = Path(shutil.move(folder, tmp_path / "disk" / "renamed"))
    again = _register(library, folder)
    assert again == second | {"path": str(folder)}
    assert library.admin.page() == before
    assert library.admin.page({"is_deleted": True}) == trash
    assert len(library.admin.names({"album_id": 1})) == 3
    assert library.admin.ok("GET", f"/repositories/{second['id']}/scans") == runs
    assert library.admin.get(f"/assets/{ids[0]}/thumbnail").status_code == 200
    assert library.admin.get(f"/assets/{ids[0]}/original").content == jpeg(0)
    run = library.scan(again)
    assert (run["discovered_count"], run["updated_count"], run["deleted_count"]) == (0, 0, 0)
    assert library.work() == 0


def test_settings_in_the_marker_hold_when_it_comes_back(
    library: Library, second: dict[str, Any]
) -> None:
    _unregister(library, second)
    marker = library.folder(second) / ".lumiliorepo"
    marker.write_text(marker.read_text().replace("Second", "Third").replace(": date", ": flat"))
    again = _register(library, library.folder(second))
    assert (again["name"], again["storage_strategy"]) == ("Third", "flat")
    assert again["default_owner_id"] == library.admin.user_id


def test_it_may_come_and_go_many_times(library: Library, second: dict[str, Any]) -> None:
    asset_id = _upload(library, "a.jpg", 1, second)
    library.work()
    for _ in range(3):
        _unregister(library, second)
        assert library.admin.names() == []
        assert _register(library, library.folder(second)) == second
        assert library.admin.ok("GET", f"/assets/{asset_id}")["asset_id"] == asset_id
    assert library.value("SELECT count(*) FROM repositories") == 2


def test_another_repository_may_stand_where_one_stood(
    library: Library, second: dict[str, Any], tmp_path: Path
) -> None:
    old = _upload(library, "a.jpg", 1, second)
    library.work()
    _unregister(library, second)
    moved = Path(shutil.move(library.folder(second), tmp_path / "moved"))
    other = _register(library, library.folder(second))
    assert other["id"] != second["id"]
    assert other["path"] == second["path"]
    _upload(library, "b.jpg", 2, other)
    library.work()
    assert library.admin.names() == ["b.jpg"]
    assert _register(library, moved)["id"] == second["id"]
    assert sorted(library.admin.names()) == ["a.jpg", "b.jpg"]
    assert library.admin.get(f"/assets/{old}/original").status_code == 200


def test_a_copy_of_one_that_came_back_is_refused(
    library: Library, second: dict[str, Any], tmp_path: Path
) -> None:
    _unregister(library, second)
    _register(library, library.folder(second))
    shutil.copytree(library.folder(second), tmp_path / "copy")
    response = library.admin.post("/repositories", {"name": "copy", "root": str(tmp_path)})
    assert response.status_code == 409


def test_one_whose_disk_is_away_can_be_let_go(library: Library, second: dict[str, Any]) -> None:
    shutil.move(library.folder(second), library.folder(second).with_name("away"))
    _unregister(library, second)
    assert library.admin.ok("GET", "/repositories")["repositories"] == [library.primary]


def test_waiting_jobs_are_cancelled_and_those_of_others_are_not(
    library: Library, second: dict[str, Any]
) -> None:
    library.admin.uploaded("kept.jpg", jpeg(9))
    _upload(library, "a.jpg", 1, second)
    (library.folder(second) / "b.jpg").write_bytes(jpeg(2))
    library.admin.ok("POST", f"/repositories/{second['id']}/scan")
    library.work("scan_repository")
    library.admin.ok("POST", f"/repositories/{second['id']}/scan")
    _unregister(library, second)
    kinds = library.values("SELECT kind FROM jobs WHERE state = 'cancelled' ORDER BY kind")
    assert kinds == ["discover_asset", "ingest_asset", "scan_repository"]
    assert library.values("SELECT kind FROM jobs WHERE state = 'available'") == ["ingest_asset"]
    library.work()
    assert library.admin.names() == ["kept.jpg"]


def test_an_upload_that_was_on_its_way_arrives_when_it_comes_back(
    library: Library, second: dict[str, Any]
) -> None:
    asset_id = _upload(library, "a.jpg", 1, second)
    _unregister(library, second)
    library.clock.advance(days=30)
    library.admin = library.api.login("admin")
    library.dispatcher.delete_outdated()
    placing.delete_abandoned(library.ctx)
    _register(library, library.folder(second))
    placing.delete_abandoned(library.ctx)
    library.work()
    assert _state(library, asset_id) == "complete"
    assert library.admin.get(f"/assets/{asset_id}/original").content == jpeg(1)


def test_development_that_was_outstanding_is_done_when_it_comes_back(
    library: Library, second: dict[str, Any]
) -> None:
    asset_id = _upload(library, "a.jpg", 1, second)
    library.work("ingest_asset")
    _unregister(library, second)
    library.clock.advance(days=30)
    library.admin = library.api.login("admin")
    library.dispatcher.delete_outdated()
    assert library.states() == {}
    _register(library, library.folder(second))
    assert library.work() == 1
    assert _state(library, asset_id) == "complete"


def test_an_upload_in_transit_while_it_is_let_go_is_refused(
    library: Library, second: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = repositories.require

    def require(*arguments: Any) -> Any:
        found = real(*arguments)
        if library.value("SELECT unregistered_at IS NULL FROM repositories WHERE id = 2"):
            library.run("UPDATE repositories SET unregistered_at = 1, path = 'gone' WHERE id = 2")
        return found

    monkeypatch.setattr(repositories, "require", require)
    response = library.admin.upload("a.jpg", jpeg(1), repository_id=second["id"])
    assert response.status_code == 404
    assert library.value("SELECT count(*) FROM assets") == 0
    assert list((library.folder(second) / ".lumilio/staging/incoming").iterdir()) == []


def _interrupting(library: Library, pool: DecodePool, kind: str, act: Callable[[], None]) -> None:
    """Let something happen just after a job of this kind has begun."""
    work = dict(tasks(pool, 2))
    task = work[kind]

    def run(ctx: Any, job: Job) -> None:
        act()
        task.run(ctx, job)

    work[kind] = Task(run, task.workers)
    library.dispatcher_of(work)


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("kind", ["ingest_asset", "thumbnail_asset"])
def test_a_running_job_ends_without_harm(
    library: Library, second: dict[str, Any], pool: DecodePool, kind: str, moved: bool
) -> None:
    def let_go() -> None:
        _unregister(library, second)
        if moved:
            shutil.move(library.folder(second), library.folder(second).with_name("away"))

    _interrupting(library, pool, kind, let_go)
    asset_id = _upload(library, "a.jpg", 1, second)
    library.work()
    assert set(library.states()) <= {"completed", "cancelled"}
    folder = library.folder(second)
    library.restarted()
    _register(library, folder.with_name("away") if moved else folder)
    library.work()
    assert _state(library, asset_id) == "complete"
    assert library.admin.get(f"/assets/{asset_id}/original").content == jpeg(1)


def test_a_job_that_loses_its_folder_midway_says_nothing_bad_of_the_asset(
    library: Library, second: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = repositories.StoredRepository.require_online

    def require_online(self: repositories.StoredRepository) -> None:
        real(self)
        _unregister(library, second)
        shutil.move(library.folder(second), library.folder(second).with_name("away"))

    asset_id = _upload(library, "a.jpg", 1, second)
    library.work("ingest_asset")
    with monkeypatch.context() as patch:
        patch.setattr(repositories.StoredRepository, "require_online", require_online)
        library.work("thumbnail_asset")
    assert library.states() == {"completed": 1, "cancelled": 1}
    _register(library, library.folder(second).with_name("away"))
    library.work()
    assert _state(library, asset_id) == "complete"


def test_a_scan_under_way_changes_nothing_for_the_worse(
    library: Library, second: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(3):
        (library.folder(second) / f"{seed}.jpg").write_bytes(jpeg(seed))
    library.scan(second)
    before = library.admin.page()
    (library.folder(second) / "new.jpg").write_bytes(jpeg(8))
    real = Walk.entries

    def entries(self: Walk, region: Region) -> Any:
        _unregister(library, second)
        return real(self, region)

    with monkeypatch.context() as patch:
        patch.setattr(Walk, "entries", entries)
        library.admin.ok("POST", f"/repositories/{second['id']}/scan")
        library.work()
    assert set(library.states()) == {"completed", "cancelled"}
    assert library.values("SELECT status FROM scan_runs") == ["completed", "cancelled"]
    again = _register(library, library.folder(second))
    assert library.admin.page() == before
    assert library.scan(again)["discovered_count"] == 1
