"""Deleting for good: which files and rows go, which stay, and what an interruption leaves."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from lumilio.db import Transaction
from lumilio.library import deletions, jobs, system_bin
from lumilio.library.repository_folders import Layout
from tests.support.api import Api
from tests.support.library import Library
from tests.support.photos import jpeg


@pytest.fixture(autouse=True)
def bin_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bin of its own in the place of the system's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr(system_bin, "send2trash", lambda file: shutil.move(file, folder))
    return folder


@pytest.fixture
def photos(library: Library) -> Path:
    return library.folder()


def _uploaded(library: Library, seed: int = 1, api: Api | None = None) -> str:
    asset_id = (api or library.admin).uploaded(f"{seed}.jpg", jpeg(seed))["asset_id"]
    library.work()
    return str(asset_id)


def _scanned(library: Library, photos: Path, name: str = "a.jpg", seed: int = 1) -> str:
    (photos / name).write_bytes(jpeg(seed))
    library.scan()
    (found,) = library.values("SELECT asset_id FROM assets WHERE storage_path = ?", name)
    return str(UUID(bytes=found))


def _original(library: Library, asset_id: str) -> Path:
    asset = library.admin.ok("GET", f"/assets/{asset_id}")
    return library.folder() / asset["storage_path"]


def _trash(library: Library, *asset_ids: str) -> None:
    for asset_id in asset_ids:
        library.admin.ok("DELETE", f"/assets/{asset_id}")


def _delete(library: Library, *asset_ids: str, **options: Any) -> Any:
    body = {"asset_ids": asset_ids, "count": len(asset_ids)} | options
    outcome = library.admin.ok("POST", "/trash/delete", body)
    library.work()
    return outcome


def _derived(library: Library) -> list[str]:
    folder = Layout(library.folder()).derived
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def _kept(library: Library) -> list[tuple[str, str]]:
    return [(it["asset_id"], it["problem"]) for it in library.admin.ok("GET", "/trash")["kept"]]


def _count(library: Library) -> int:
    return int(library.value("SELECT count(*) FROM assets"))


def _restart(library: Library) -> None:
    """The process dies, starts again, and works."""
    with library.db.write() as tx:
        jobs.recover(tx)
    deletions.resume(library.ctx)
    library.work()


def _is_gone(library: Library, asset_id: str) -> None:
    assert library.admin.get(f"/assets/{asset_id}").status_code == 404
    assert library.values("SELECT 1 FROM jobs WHERE asset_id IS NOT NULL") == []
    assert library.values("SELECT 1 FROM deletions") == []
    assert _derived(library) == []


def test_a_file_of_the_inbox_goes_with_all_that_was_made_from_it(
    library: Library, bin_: Path
) -> None:
    asset_id = _uploaded(library)
    file = _original(library, asset_id)
    album = library.admin.ok("POST", "/albums", {"album_name": "Summer"})["album_id"]
    library.admin.ok("POST", f"/albums/{album}/assets/{asset_id}")
    library.admin.ok("PUT", f"/assets/{asset_id}/sidecar", {"adjustments": {"contrast": 5}})
    assert len(_derived(library)) == 3
    _trash(library, asset_id)
    assert _delete(library, asset_id) == {"asset_ids": [asset_id], "not_done": []}
    assert not file.exists()
    assert list(bin_.iterdir()) == []
    assert list(Layout(library.folder()).sidecars.iterdir()) == []
    assert library.values("SELECT 1 FROM album_assets") == []
    _is_gone(library, asset_id)


def test_a_file_of_the_user_area_goes_to_the_bin_and_no_scan_brings_it_back(
    library: Library, photos: Path, bin_: Path
) -> None:
    asset_id = _scanned(library, photos)
    _trash(library, asset_id)
    _delete(library, asset_id)
    assert (bin_ / "a.jpg").read_bytes() == jpeg(1)
    assert not (photos / "a.jpg").exists()
    _is_gone(library, asset_id)
    library.scan()
    assert _count(library) == 0


def test_what_somebody_takes_out_of_the_bin_is_found_as_new(
    library: Library, photos: Path, bin_: Path
) -> None:
    asset_id = _scanned(library, photos)
    _trash(library, asset_id)
    _delete(library, asset_id)
    (bin_ / "a.jpg").rename(photos / "a.jpg")
    library.scan()
    assert library.admin.names() == ["a.jpg"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the bin of the desktops on Linux")
def test_the_bin_is_that_of_the_system(
    library: Library, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import send2trash
    from send2trash import plat_other

    monkeypatch.setattr(system_bin, "send2trash", send2trash.send2trash)
    monkeypatch.setattr(plat_other, "HOMETRASH_B", os.fsencode(tmp_path / "Trash"))
    monkeypatch.setattr(plat_other, "get_dev", lambda path: 1)
    asset_id = _scanned(library, photos)
    _trash(library, asset_id)
    _delete(library, asset_id)
    assert (tmp_path / "Trash/files/a.jpg").read_bytes() == jpeg(1)
    assert str(photos / "a.jpg") in (tmp_path / "Trash/info/a.jpg.trashinfo").read_text()
    _is_gone(library, asset_id)


def test_what_another_asset_of_this_content_needs_stays(library: Library, photos: Path) -> None:
    first = _uploaded(library)
    (photos / "copy.jpg").write_bytes(jpeg(1))
    library.scan()
    made = _derived(library)
    _trash(library, first)
    _delete(library, first)
    assert _derived(library) == made
    (item,) = library.admin.page()["items"]
    copy = item["asset"]["asset_id"]
    assert library.admin.get(f"/assets/{copy}/thumbnail").status_code == 200
    _trash(library, copy)
    _delete(library, copy)
    _is_gone(library, copy)


def test_both_copies_at_once_take_everything_along(library: Library, photos: Path) -> None:
    first = _uploaded(library)
    second = _scanned(library, photos, "copy.jpg")
    _trash(library, first, second)
    _delete(library, first, second)
    _is_gone(library, first)
    _is_gone(library, second)


def test_edits_of_a_deleted_copy_do_not_become_those_of_another(
    library: Library, photos: Path
) -> None:
    first = _uploaded(library)
    second = _scanned(library, photos, "copy.jpg")
    library.admin.ok("PUT", f"/assets/{first}/sidecar", {"adjustments": {"contrast": 5}})
    _trash(library, first)
    _delete(library, first)
    assert library.admin.ok("GET", f"/assets/{second}/sidecar")["exists"] is False


def test_only_what_is_in_the_trash_is_deleted(library: Library) -> None:
    asset_id = _uploaded(library)
    assert _delete(library, asset_id)["not_done"] == [{"asset_id": asset_id, "reason": "not_found"}]
    assert _original(library, asset_id).exists()


def test_a_wrong_number_deletes_nothing(library: Library) -> None:
    asset_id = _uploaded(library)
    _trash(library, asset_id)
    body = {"asset_ids": [asset_id], "count": 2}
    assert library.admin.post("/trash/delete", body).status_code == 400
    assert library.admin.post("/trash/delete", {"asset_ids": [asset_id]}).status_code == 400
    for count in (2, 17):
        assert library.admin.post("/trash/empty", {"count": count}).status_code == 409
    assert library.admin.post("/trash/empty", {}).status_code == 400
    library.work()
    assert _original(library, asset_id).exists()
    assert library.admin.names({"is_deleted": True}) == ["1.jpg"]


def test_people_empty_their_own_trash_and_administrators_all(library: Library) -> None:
    ben = library.api.register("ben")
    theirs = [_uploaded(library, 2, ben), _uploaded(library, 3, ben)]
    mine, kept = _uploaded(library, 4), _uploaded(library, 5)
    _trash(library, *theirs, mine)
    refused = ben.ok("POST", "/trash/delete", {"asset_ids": [mine], "count": 1})
    assert refused["not_done"] == [{"asset_id": mine, "reason": "forbidden"}]
    assert set(ben.ok("POST", "/trash/empty", {"count": 2})["asset_ids"]) == set(theirs)
    library.work()
    assert library.admin.names({"is_deleted": True}) == ["4.jpg"]
    library.admin.ok("POST", "/trash/empty", {"count": 1})
    library.work()
    assert library.admin.names() == ["5.jpg"]
    assert _original(library, kept).exists()
    assert _count(library) == 1


def test_each_deletion_is_recorded(library: Library) -> None:
    first, second = _uploaded(library, 1), _uploaded(library, 2)
    _trash(library, first, second)
    _delete(library, first)
    library.admin.ok("POST", "/trash/empty", {"count": 1})
    events = library.admin.ok("GET", "/admin/audit", params={"action": "assets_deleted"})
    found = [(it["actor"], it["details"]) for it in events["events"]]
    assert found == [
        ("admin", {"count": 1, "why": "emptied"}),
        ("admin", {"count": 1, "why": "chosen"}),
    ]


def test_a_file_with_other_content_is_left_alone(library: Library, photos: Path) -> None:
    asset_id = _scanned(library, photos)
    _trash(library, asset_id)
    (photos / "a.jpg").write_bytes(b"something of mine")
    _delete(library, asset_id, without_bin=True)
    assert (photos / "a.jpg").read_bytes() == b"something of mine"
    assert _kept(library) == [(asset_id, "changed")]
    assert library.admin.names({"is_deleted": True}) == ["a.jpg"]


def test_without_a_bin_a_file_goes_only_when_somebody_insists(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(file: Path) -> None:
        raise PermissionError(13, "no folder for a bin", str(file))

    monkeypatch.setattr(system_bin, "send2trash", none)
    asset_id = _scanned(library, photos)
    _trash(library, asset_id)
    _delete(library, asset_id)
    assert (photos / "a.jpg").exists()
    assert _kept(library) == [(asset_id, "no_bin")]
    assert library.admin.names({"is_deleted": True}) == ["a.jpg"]
    _delete(library, asset_id, without_bin=True)
    assert not (photos / "a.jpg").exists()
    _is_gone(library, asset_id)


def test_what_could_not_be_deleted_is_forgotten_when_it_is_restored(
    library: Library, photos: Path
) -> None:
    asset_id = _scanned(library, photos)
    _trash(library, asset_id)
    (photos / "a.jpg").write_bytes(jpeg(2))
    _delete(library, asset_id)
    library.admin.ok("POST", f"/assets/{asset_id}/restore")
    assert _kept(library) == []
    library.scan()
    assert library.admin.ok("GET", f"/assets/{asset_id}")["hash"] is not None
    assert library.admin.names() == ["a.jpg"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_link_that_leads_elsewhere_takes_nothing_away(
    library: Library, photos: Path, tmp_path: Path
) -> None:
    (photos / "x").mkdir()
    asset_id = _scanned(library, photos, "x/a.jpg")
    (photos / "x").rename(tmp_path / "elsewhere")
    (photos / "x").symlink_to(tmp_path / "elsewhere")
    _trash(library, asset_id)
    _delete(library, asset_id, without_bin=True)
    assert (tmp_path / "elsewhere/a.jpg").exists()
    assert _kept(library) == [(asset_id, "not_removable")]


def test_a_file_that_is_gone_takes_its_asset_along(library: Library, photos: Path) -> None:
    asset_id = _scanned(library, photos)
    _trash(library, asset_id)
    (photos / "a.jpg").unlink()
    _delete(library, asset_id)
    _is_gone(library, asset_id)


def test_on_a_disk_that_is_away_nothing_is_deleted(library: Library) -> None:
    asset_id = _uploaded(library)
    _trash(library, asset_id)
    away = library.folder().rename(library.folder().with_name("away"))
    offline = [{"asset_id": asset_id, "reason": "offline"}]
    assert _delete(library, asset_id) == {"asset_ids": [], "not_done": offline}
    emptied = library.admin.ok("POST", "/trash/empty", {"count": 1})
    assert emptied == {"asset_ids": [], "not_done": offline}
    away.rename(library.folder())
    library.admin.ok("POST", f"/assets/{asset_id}/restore")
    assert library.admin.names() == ["1.jpg"]
    assert _original(library, asset_id).exists()


def test_a_disk_that_goes_away_meanwhile_is_waited_for(library: Library) -> None:
    asset_id = _uploaded(library)
    file = _original(library, asset_id)
    _trash(library, asset_id)
    library.admin.ok("POST", "/trash/empty", {"count": 1})
    away = library.folder().rename(library.folder().with_name("away"))
    library.work()
    assert _count(library) == 1
    assert library.admin.ok("GET", "/trash")["being_deleted"] == 1
    away.rename(library.folder())
    library.clock.advance(minutes=5)
    library.work()
    assert not file.exists()
    assert _count(library) == 0


def test_what_is_being_deleted_is_out_of_the_trash_and_cannot_be_taken_back(
    library: Library,
) -> None:
    asset_id = _uploaded(library)
    _trash(library, asset_id)
    library.admin.ok("POST", "/trash/empty", {"count": 1})
    assert library.admin.names({"is_deleted": True}) == []
    assert library.admin.post(f"/assets/{asset_id}/restore").status_code == 409
    outcome = library.admin.ok("POST", "/assets/bulk/restore", {"asset_ids": [asset_id]})
    assert outcome["not_done"] == [{"asset_id": asset_id, "reason": "being_deleted"}]


class _Killed(BaseException):
    """The process dies here."""


def _kill(*_: object, **__: object) -> None:
    raise _Killed


@pytest.mark.parametrize("area", ["inbox", "user"])
@pytest.mark.parametrize(
    "step", ["before the file", "after the file", "before the commit", "before the job is done"]
)
def test_killed_at_any_moment_the_next_start_finishes_what_was_begun(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch, area: str, step: str
) -> None:
    asset_id = _uploaded(library) if area == "inbox" else _scanned(library, photos)
    file = _original(library, asset_id)
    _trash(library, asset_id)
    library.admin.ok("POST", "/trash/empty", {"count": 1})
    target, name = {
        "before the file": (deletions, "remove_file"),
        "after the file": (deletions, "conclude"),
        "before the commit": (deletions, "_left"),
        "before the job is done": (deletions, "finish"),
    }[step]
    with monkeypatch.context() as patch:
        patch.setattr(target, name, _kill)
        with pytest.raises(_Killed):
            library.work()
    assert file.exists() == (step == "before the file")
    assert _count(library) == (0 if step == "before the job is done" else 1)
    _restart(library)
    assert not file.exists()
    _is_gone(library, asset_id)


def test_killed_before_the_request_is_committed_nothing_is_deleted(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset_id = _uploaded(library)
    _trash(library, asset_id)
    with monkeypatch.context() as patch:
        patch.setattr(deletions, "_queue", _kill)
        with pytest.raises(_Killed):
            deletions.empty(library.ctx, count=1, without_bin=False)
    _restart(library)
    assert library.admin.names({"is_deleted": True}) == ["1.jpg"]
    assert _original(library, asset_id).exists()


def test_an_asset_that_is_being_worked_on_is_waited_for(library: Library) -> None:
    asset_id = _uploaded(library)
    file = _original(library, asset_id)
    library.run(
        "INSERT INTO jobs (kind, queue, state, max_attempts, payload, asset_id, created_at,"
        " scheduled_at) SELECT 'thumbnail_asset', 'thumbnail_asset', 'running', 5, '{}', id, 0, 0"
        " FROM assets"
    )
    _trash(library, asset_id)
    library.admin.ok("POST", "/trash/empty", {"count": 1})
    library.work()
    assert file.exists()
    library.run("UPDATE jobs SET state = 'completed' WHERE state = 'running'")
    library.clock.advance(minutes=1)
    library.work()
    assert not file.exists()
    _is_gone(library, asset_id)


def test_an_upload_that_is_on_its_way_gets_its_place_first(library: Library) -> None:
    asset_id = library.admin.uploaded("1.jpg", jpeg(1))["asset_id"]
    _trash(library, asset_id)
    library.admin.ok("POST", "/trash/empty", {"count": 1})
    library.work("delete_assets")
    assert _count(library) == 1
    library.work()
    library.clock.advance(minutes=1)
    library.work()
    _is_gone(library, asset_id)
    assert [path for path in library.folder().rglob("*.jpg") if path.is_file()] == []


def test_more_than_one_portion_is_deleted_by_one_job(
    library: Library, photos: Path, bin_: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletions, "_AT_ONCE", 2)
    told: list[float] = []
    note = jobs.note_progress

    def noting(tx: Transaction, job_id: int, progress: float) -> bool:
        told.append(progress)
        return note(tx, job_id, progress)

    monkeypatch.setattr(jobs, "note_progress", noting)
    for number in range(5):
        (photos / f"{number}.jpg").write_bytes(jpeg(number))
    library.scan()
    outcome = library.admin.ok(
        "POST",
        "/assets/bulk/trash",
        {"asset_ids": [it["asset"]["asset_id"] for it in library.admin.page()["items"]]},
    )
    _delete(library, *outcome["asset_ids"])
    assert told == [0.4, 0.8, 1.0]
    assert len(list(bin_.iterdir())) == 5
    assert _count(library) == 0


def _expire(library: Library, days: int) -> None:
    library.clock.advance(days=days)
    library.dispatcher.delete_outdated()
    library.work()
    library.admin = library.api.login("admin")


def test_after_thirty_days_things_go_by_themselves(library: Library) -> None:
    asset_id = _uploaded(library)
    file = _original(library, asset_id)
    _trash(library, asset_id)
    _expire(library, 29)
    assert library.admin.names({"is_deleted": True}) == ["1.jpg"]
    _expire(library, 2)
    assert not file.exists()
    _is_gone(library, asset_id)
    events = library.admin.ok("GET", "/admin/audit", params={"action": "assets_deleted"})
    assert [it["details"] for it in events["events"]] == [{"count": 1, "why": "retention"}]


@pytest.mark.parametrize(("days", "passed", "is_kept"), [(0, 4000, True), (3, 4, False)])
def test_the_days_are_a_setting_and_never_is_one(
    library: Library, days: int, passed: int, is_kept: bool
) -> None:
    settings = library.admin.ok("PATCH", "/settings/system", {"trash_retention_days": days})
    assert settings["trash_retention_days"] == days
    _trash(library, _uploaded(library))
    _expire(library, passed)
    assert _count(library) == is_kept


def test_what_is_missing_is_never_deleted_by_itself(library: Library, photos: Path) -> None:
    _scanned(library, photos)
    (photos / "a.jpg").unlink()
    library.scan()
    _expire(library, 4000)
    assert library.values("SELECT deleted_reason FROM assets") == ["missing"]


def test_what_could_not_be_deleted_is_not_tried_every_minute(
    library: Library, photos: Path
) -> None:
    asset_id = _scanned(library, photos)
    _trash(library, asset_id)
    (photos / "a.jpg").write_bytes(b"mine")
    _expire(library, 31)
    _expire(library, 1)
    assert _kept(library) == [(asset_id, "changed")]
    assert library.value("SELECT count(*) FROM jobs WHERE kind = 'delete_assets'") == 1
