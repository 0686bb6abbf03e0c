"""Scanning the user area: what is new, changed, moved, missing and back again."""

import contextlib
import itertools
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from lumilio.library import deletions, discoveries, jobs
from lumilio.pipeline import walk
from lumilio.pipeline.compare import Comparison
from lumilio.pipeline.tasks import tasks
from lumilio.pipeline.walk import Region, Walk
from tests.support.library import Library
from tests.support.photos import jpeg, png


@pytest.fixture
def photos(library: Library) -> Path:
    """The user area of the primary repository."""
    return library.folder()


def _put(folder: Path, path: str, seed: int = 1, *, at: int = 1_700_000_000) -> Path:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(jpeg(seed))
    os.utime(file, (at, at))
    return file


def _counts(run: dict[str, Any]) -> tuple[int, int, int, int]:
    names = ("discovered", "updated", "deleted", "skipped")
    discovered, updated, deleted, skipped = (run[f"{name}_count"] for name in names)
    return discovered, updated, deleted, skipped


def _paths(library: Library, **wanted: Any) -> list[str]:
    page = library.admin.page(wanted, pagination={"limit": 100})
    return sorted(item["asset"]["storage_path"] for item in page.get("items", []))


def _missing(library: Library) -> list[str]:
    return library.values("SELECT storage_path FROM assets WHERE deleted_reason = 'missing'")


def _ids(library: Library) -> dict[str, str]:
    page = library.admin.page(pagination={"limit": 100})
    return {i["asset"]["storage_path"]: i["asset"]["asset_id"] for i in page.get("items", [])}


def test_new_files_are_indexed_where_they_lie(library: Library, photos: Path) -> None:
    _put(photos, "2019/Rome/a.jpg", 1)
    _put(photos, "b.JPG", 2)
    before = {path: path.read_bytes() for path in photos.rglob("*.[jJ]*")}
    run = library.scan()
    assert run["status"] == "completed"
    assert run["mode"] == "manual"
    assert run["requested_by"] == "admin"
    assert _counts(run) == (2, 0, 0, 0)
    assert _paths(library) == ["2019/Rome/a.jpg", "b.JPG"]
    assert {path: path.read_bytes() for path in before} == before
    (item, _) = library.admin.page()["items"]
    assert item["asset"]["owner_id"] == library.admin.user_id
    assert item["asset"]["processing"]["state"] == "complete"
    assert item["asset"]["taken_time"] == "2023-11-14T22:13:20Z"


def test_a_second_scan_finds_nothing_to_do(library: Library, photos: Path) -> None:
    for path in ("a.jpg", "Inbox/b.jpg", "INBOX/c.jpg", "inbox2/d.jpg", "x/inbox/e.jpg"):
        _put(photos, path, len(path) + ord(path[-5]))
    assert _counts(library.scan()) == (5, 0, 0, 0)
    before = library.value("SELECT count(*) FROM jobs")
    assert _counts(library.scan()) == (0, 0, 0, 0)
    assert library.value("SELECT count(*) FROM jobs") == before + 1


def test_a_changed_file_is_read_again_and_keeps_what_a_person_chose(
    library: Library, photos: Path
) -> None:
    file = _put(photos, "a.jpg", 1)
    library.scan()
    ids = _ids(library)
    chosen = {"rating": 4, "liked": True}
    library.admin.ok("PUT", f"/assets/{ids['a.jpg']}/rating-and-like", chosen)
    file.write_bytes(jpeg(2, model="Another Camera"))
    assert _counts(library.scan()) == (0, 1, 0, 0)
    asset = library.admin.ok("GET", f"/assets/{ids['a.jpg']}")
    assert asset["specific_metadata"]["camera_model"] == "Another Camera"
    assert (asset["rating"], asset["liked"]) == (4, True)
    assert asset["file_size"] == file.stat().st_size
    assert library.admin.get(f"/assets/{ids['a.jpg']}/original").content == file.read_bytes()
    assert len(asset["thumbnails"]) == 3


def test_a_touched_file_of_the_same_content_is_not_developed_again(
    library: Library, photos: Path
) -> None:
    _put(photos, "a.jpg", 1)
    library.scan()
    before = library.value("SELECT count(*) FROM jobs WHERE kind = 'thumbnail_asset'")
    _put(photos, "a.jpg", 1, at=1_800_000_000)
    assert _counts(library.scan()) == (0, 1, 0, 0)
    assert library.value("SELECT count(*) FROM jobs WHERE kind = 'thumbnail_asset'") == before
    assert _counts(library.scan()) == (0, 0, 0, 0)


def test_a_missing_file_goes_and_comes_back_with_everything(library: Library, photos: Path) -> None:
    file = _put(photos, "a.jpg", 1)
    _put(photos, "b.jpg", 2)
    library.scan()
    ids = _ids(library)
    library.run("UPDATE assets SET rating = 5")
    file.unlink()
    assert _counts(library.scan()) == (0, 0, 1, 0)
    assert _paths(library) == ["b.jpg"]
    assert _missing(library) == ["a.jpg"]
    assert _counts(library.scan()) == (0, 0, 0, 0)
    _put(photos, "a.jpg", 1)
    assert _counts(library.scan()) == (0, 1, 0, 0)
    assert _ids(library) == ids
    assert library.values("SELECT rating FROM assets") == [5, 5]


def test_what_a_person_threw_away_stays_away_whatever_its_file_does(
    library: Library, photos: Path
) -> None:
    _put(photos, "a.jpg", 1)
    library.scan()
    library.run("UPDATE assets SET deleted_at = 1, deleted_reason = 'trashed'")
    assert _counts(library.scan()) == (0, 0, 0, 0)
    _put(photos, "a.jpg", 2, at=1_800_000_000)
    library.scan()
    library.scan(force=True)
    (photos / "a.jpg").unlink()
    library.scan()
    _put(photos, "a.jpg", 1)
    library.scan()
    assert _paths(library) == []
    assert library.values("SELECT deleted_reason FROM assets") == ["trashed"]


def test_what_a_person_threw_away_stays_away_wherever_its_file_goes(
    library: Library, photos: Path
) -> None:
    file = _put(photos, "a.jpg", 1)
    _put(photos, "b.jpg", 2)
    library.scan()
    trashed = _ids(library)["a.jpg"]
    library.admin.ok("DELETE", f"/assets/{trashed}")
    (photos / "deep").mkdir()
    file.rename(photos / "deep/a.jpg")
    library.scan()
    assert _paths(library) == ["b.jpg"]
    assert _paths(library, is_deleted=True) == ["deep/a.jpg"]
    library.admin.ok("POST", f"/assets/{trashed}/restore")
    assert _ids(library)["deep/a.jpg"] == trashed


@pytest.mark.parametrize("is_known_gone", [True, False])
def test_a_file_that_is_put_there_anew_is_not_taken_into_the_trash(
    library: Library, photos: Path, is_known_gone: bool
) -> None:
    file = _put(photos, "a.jpg", 1)
    library.scan()
    trashed = _ids(library)["a.jpg"]
    library.admin.ok("DELETE", f"/assets/{trashed}")
    file.unlink()
    if is_known_gone:
        library.scan()
    _put(photos, "again.jpg", 1, at=1_800_000_000)
    library.scan()
    assert _paths(library) == ["again.jpg"]
    assert _paths(library, is_deleted=True) == ["a.jpg"]


def test_what_is_being_deleted_takes_no_other_file_along(library: Library, photos: Path) -> None:
    file = _put(photos, "a.jpg", 1)
    library.scan()
    asset_id = _ids(library)["a.jpg"]
    library.admin.ok("DELETE", f"/assets/{asset_id}")
    library.admin.ok("POST", "/trash/empty", {"count": 1})
    # The file went, and then the power.
    file.unlink()
    library.run("UPDATE jobs SET state = 'cancelled' WHERE kind = 'delete_assets'")
    _put(photos, "b.jpg", 1)
    library.scan()
    deletions.resume(library.ctx)
    library.work()
    assert (photos / "b.jpg").exists()
    assert _paths(library) == ["b.jpg"]


@pytest.mark.parametrize("target", ["renamed.jpg", "deep/er/a.jpg", "A.jpg"])
def test_a_moved_file_is_followed_with_everything(
    library: Library, photos: Path, target: str
) -> None:
    file = _put(photos, "a.jpg", 1)
    library.scan()
    (asset_id,) = _ids(library).values()
    library.run("UPDATE assets SET rating = 5")
    (photos / target).parent.mkdir(parents=True, exist_ok=True)
    file.rename(photos / target)
    library.scan()
    assert _ids(library) == {target: asset_id}
    asset = library.admin.ok("GET", f"/assets/{asset_id}")
    assert asset["rating"] == 5
    assert asset["original_filename"] == Path(target).name
    assert not asset["is_deleted"]
    assert _counts(library.scan()) == (0, 0, 0, 0)


def test_a_move_is_counted_as_an_update(library: Library, photos: Path) -> None:
    file = _put(photos, "a.jpg", 1)
    library.scan()
    file.rename(photos / "b.jpg")
    assert _counts(library.scan()) == (0, 1, 0, 0)


def test_a_moved_folder_is_followed(library: Library, photos: Path) -> None:
    for seed in range(5):
        _put(photos, f"old/{seed}.jpg", seed)
    library.scan()
    before = set(_ids(library).values())
    (photos / "old").rename(photos / "new")
    library.scan()
    assert set(_ids(library).values()) == before
    assert _paths(library) == [f"new/{seed}.jpg" for seed in range(5)]


def test_of_two_equal_files_one_that_moves_becomes_a_new_one_rather_than_the_wrong_one(
    library: Library, photos: Path
) -> None:
    first = _put(photos, "a.jpg", 1)
    _put(photos, "b.jpg", 1)
    library.scan()
    ids = _ids(library)
    assert len(set(ids.values())) == 2
    first.rename(photos / "c.jpg")
    library.scan()
    assert _ids(library)["b.jpg"] == ids["b.jpg"]
    assert set(_ids(library)) == {"b.jpg", "c.jpg"}


def test_two_files_that_change_places_both_keep_their_asset(library: Library, photos: Path) -> None:
    first, second = _put(photos, "a.jpg", 1), _put(photos, "b.jpg", 2)
    library.scan()
    first.rename(photos / "swap")
    second.rename(first)
    (photos / "swap").rename(second)
    library.scan()
    for path, asset_id in _ids(library).items():
        answer = library.admin.get(f"/assets/{asset_id}/original")
        assert answer.content == (photos / path).read_bytes()
        asset = library.admin.ok("GET", f"/assets/{asset_id}")
        assert asset["processing"]["state"] == "complete"


@pytest.mark.parametrize(
    "path",
    [
        ".hidden/a.jpg",
        ".a.jpg",
        "x/.hidden/a.jpg",
        "@eaDir/a.jpg",
        "x/@eaDir/a.jpg",
        "#recycle/a.jpg",
        "$RECYCLE.BIN/a.jpg",
        "System Volume Information/a.jpg",
        "__MACOSX/a.jpg",
        "inbox/a.jpg",
        ".lumilio/a.jpg",
        "._a.jpg",
    ],
)
def test_hidden_and_system_places_are_not_visited(
    library: Library, photos: Path, path: str
) -> None:
    _put(photos, path)
    assert _counts(library.scan()) == (0, 0, 0, 0)


def test_another_repository_inside_is_not_visited(library: Library, photos: Path) -> None:
    _put(photos, "nested/a.jpg")
    (photos / "nested" / ".lumiliorepo").write_text("anything")
    assert _counts(library.scan()) == (0, 0, 0, 0)


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_are_not_followed(library: Library, photos: Path, tmp_path: Path) -> None:
    _put(tmp_path, "elsewhere/a.jpg")
    (photos / "link").symlink_to(tmp_path / "elsewhere")
    (photos / "link.jpg").symlink_to(tmp_path / "elsewhere" / "a.jpg")
    (photos / "loop").symlink_to(photos)
    assert _counts(library.scan()) == (0, 0, 0, 0)


def test_a_file_that_is_not_what_its_name_says_is_told_once_and_left_alone(
    library: Library, photos: Path
) -> None:
    (photos / "note.jpg").write_bytes(b"this is no picture")
    assert _counts(library.scan()) == (1, 0, 0, 0)
    library.work()
    (item,) = library.admin.page()["items"]
    assert item["asset"]["processing"]["state"] == "failed"
    assert "not a picture" in item["asset"]["processing"]["errors"][0]["error"]
    assert _counts(library.scan()) == (0, 0, 0, 0)


def test_the_content_tells_the_type_of_a_file_with_a_wrong_extension(
    library: Library, photos: Path
) -> None:
    file = _put(photos, "a.png")
    library.scan()
    library.work()
    (item,) = library.admin.page()["items"]
    assert item["asset"]["mime_type"] == "image/jpeg"
    file.write_bytes(png(5))
    library.scan()
    library.work()
    (item,) = library.admin.page()["items"]
    assert item["asset"]["mime_type"] == "image/png"


def test_files_of_other_kinds_are_counted_and_passed_over(library: Library, photos: Path) -> None:
    for name in ("a.txt", "b.xmp", "c", "d.m2v"):
        (photos / name).write_bytes(b"x")
    _put(photos, "e.jpg")
    assert _counts(library.scan()) == (1, 0, 0, 4)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_that_is_no_text_is_passed_over(library: Library, photos: Path) -> None:
    try:
        with open(os.fsencode(photos) + b"/caf\xe9.jpg", "wb") as file:
            file.write(jpeg(1))
    except OSError:
        pytest.skip("this file system refuses such names")
    assert _counts(library.scan()) == (0, 0, 0, 1)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes in folders")
def test_what_is_neither_file_nor_folder_is_passed_over(library: Library, photos: Path) -> None:
    os.mkfifo(photos / "pipe.jpg")
    assert _counts(library.scan()) == (0, 0, 0, 0)


def test_a_folder_that_cannot_be_read_lets_nothing_go_missing(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(photos, "locked/a.jpg", 1)
    gone = _put(photos, "b.jpg", 2)
    library.scan()
    gone.unlink()
    _put(photos, "c.jpg", 3)
    real: Callable[..., Any] = os.scandir

    def refuse(path: Any) -> Any:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(walk.os, "scandir", refuse)
        run = library.scan()
    assert _counts(run) == (1, 0, 0, 1)
    assert "locked" in run["error"]
    assert _paths(library) == ["b.jpg", "c.jpg", "locked/a.jpg"]
    assert _counts(library.scan()) == (0, 0, 1, 0)


def test_a_disk_that_is_away_lets_nothing_go_missing(library: Library, photos: Path) -> None:
    _put(photos, "a.jpg")
    library.scan()
    away = photos.rename(photos.with_name("away"))
    run = library.scan()
    assert run["status"] == "failed"
    assert "not reachable" in run["error"]
    assert _paths(library) == ["a.jpg"]
    photos.mkdir()
    library.clock.advance(minutes=2)
    library.work()
    assert _paths(library) == ["a.jpg"]
    photos.rmdir()
    away.rename(photos)
    assert library.scan()["status"] == "completed"
    assert _paths(library) == ["a.jpg"]


def test_an_empty_folder_without_its_marker_is_no_empty_library(
    library: Library, photos: Path
) -> None:
    _put(photos, "a.jpg")
    library.scan()
    (photos / ".lumiliorepo").unlink()
    (photos / "a.jpg").unlink()
    assert library.scan()["status"] == "failed"
    assert _paths(library) == ["a.jpg"]


def test_an_empty_place_that_was_walked_while_its_disk_was_away_lets_nothing_go_missing(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(photos, "a.jpg", 1)
    library.scan()
    away = photos.with_name("away")
    scandir = os.scandir

    def empty_for_a_moment(path: Any) -> Any:
        photos.rename(away)
        photos.mkdir()
        with scandir(path) as found:
            entries = list(found)
        photos.rmdir()
        away.rename(photos)
        return contextlib.nullcontext(entries)

    monkeypatch.setattr(os, "scandir", empty_for_a_moment)
    run = library.scan()
    assert run["status"] == "failed"
    assert _paths(library) == ["a.jpg"]


def test_a_disk_that_goes_away_during_the_walk_lets_nothing_go_missing(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(photos, "a.jpg")
    library.scan()

    def empty(self: Walk, region: Region) -> Any:
        shutil.move(photos, photos.with_name("away"))
        return iter(())

    with monkeypatch.context() as patch:
        patch.setattr(Walk, "entries", empty)
        assert library.scan()["status"] == "failed"
    assert _paths(library) == ["a.jpg"]


def test_force_develops_everything_again(library: Library, photos: Path) -> None:
    for seed in range(3):
        _put(photos, f"{seed}.jpg", seed)
    library.scan()
    for path in (photos / ".lumilio/assets/thumbnails").rglob("*.webp"):
        path.unlink()
    assert _counts(library.scan()) == (0, 0, 0, 0)
    assert _counts(library.scan(force=True)) == (0, 3, 0, 0)
    assert len(list((photos / ".lumilio/assets/thumbnails").rglob("*.webp"))) == 9
    assert library.states().keys() == {"completed"}


def test_a_file_that_vanishes_after_it_was_seen_is_no_failure(
    library: Library, photos: Path
) -> None:
    file = _put(photos, "a.jpg")
    library.admin.ok("POST", f"/repositories/{library.primary['id']}/scan")
    library.work("scan_repository")
    file.unlink()
    library.work()
    assert library.states() == {"completed": 2}
    assert _paths(library) == []


def test_files_of_the_inbox_are_none_of_a_scans_business(library: Library) -> None:
    library.admin.uploaded("a.jpg", jpeg(1))
    library.work()
    assert _counts(library.scan()) == (0, 0, 0, 0)
    for path in (library.folder() / "inbox").rglob("a.jpg"):
        path.unlink()
    assert _counts(library.scan()) == (0, 0, 0, 0)
    assert len(_paths(library)) == 1


def test_an_upload_that_a_person_moves_out_of_the_inbox_is_followed(
    library: Library, photos: Path
) -> None:
    asset_id = library.admin.uploaded("a.jpg", jpeg(1))["asset_id"]
    library.work()
    (file,) = (photos / "inbox").rglob("a.jpg")
    (photos / "Rome").mkdir()
    file.rename(photos / "Rome" / "a.jpg")
    library.scan()
    assert _ids(library) == {"Rome/a.jpg": asset_id}


def _interrupted(library: Library, monkeypatch: pytest.MonkeyPatch, after: int) -> dict[str, Any]:
    """The run of a scan that a power cut interrupts before its so many'th batch is queued."""
    flush, batches = Comparison._flush, itertools.count()

    def cut(self: Comparison) -> None:
        if next(batches) == after:
            raise KeyboardInterrupt
        flush(self)

    with monkeypatch.context() as patch:
        patch.setattr(Comparison, "_flush", cut)
        with pytest.raises(KeyboardInterrupt):
            library.work("scan_repository")
    with library.db.write() as tx:
        jobs.recover(tx)
    return library.admin.ok("GET", f"/repositories/{library.primary['id']}/scans/latest")


@pytest.mark.parametrize("work_between", [True, False])
@pytest.mark.parametrize("force", [True, False])
def test_a_scan_that_a_restart_interrupted_goes_on_with_the_same_run(
    library: Library,
    photos: Path,
    monkeypatch: pytest.MonkeyPatch,
    force: bool,
    work_between: bool,
) -> None:
    monkeypatch.setattr("lumilio.pipeline.compare._BATCH", 2)
    for seed in range(7):
        _put(photos, f"{seed}.jpg", seed)
    if force:
        library.scan()
    path = f"/repositories/{library.primary['id']}"
    library.admin.ok("POST", f"{path}/scan", {"force": force})
    interrupted = _interrupted(library, monkeypatch, after=2)
    assert interrupted["status"] == "running"
    assert _counts(interrupted) == ((0, 4, 0, 0) if force else (4, 0, 0, 0))
    if work_between:
        library.work("discover_asset")
    library.work()
    latest, *others = library.admin.ok("GET", f"{path}/scans")["scans"]
    assert latest["scan_id"] == interrupted["scan_id"]
    assert latest["status"] == "completed"
    assert _counts(latest) == ((0, 7, 0, 0) if force else (7, 0, 0, 0))
    assert len(others) == force
    assert len(_paths(library)) == 7


def test_a_stop_interrupts_a_scan_which_the_next_start_finishes(
    library: Library, photos: Path
) -> None:
    _put(photos, "a.jpg")
    stopping = threading.Event()
    library.dispatcher_of(tasks(library.pool, 2, library.transcoder, stopping))
    stopping.set()
    library.admin.ok("POST", f"/repositories/{library.primary['id']}/scan")
    library.dispatcher.run_jobs(library.due("scan_repository"))
    assert library.values("SELECT state FROM jobs") == ["available"]
    assert library.value("SELECT attempt FROM jobs") == 0
    library.restarted().work()
    assert _paths(library) == ["a.jpg"]
    assert library.values("SELECT status FROM scan_runs") == ["completed"]


def test_a_run_ends_with_its_job_however_that_ends(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(photos, "a.jpg")
    path = f"/repositories/{library.primary['id']}"
    for _ in range(2):
        library.admin.ok("POST", f"{path}/scan")
        _interrupted(library, monkeypatch, after=0)
        (job_id,) = library.values("SELECT id FROM jobs WHERE state = 'available'")
        library.run("UPDATE jobs SET attempt = 99 WHERE id = ?", job_id)
        if _ == 0:
            library.admin.ok("POST", f"/admin/river/jobs/{job_id}/cancel")
        else:
            library.work()
    given_up, cancelled = library.admin.ok("GET", f"{path}/scans")["scans"]
    assert cancelled["status"] == "cancelled"
    assert cancelled["error"] == "Cancelled by an administrator"
    assert cancelled["finished_at"]
    assert given_up["status"] == "failed"
    assert "Given up" in given_up["error"]


def test_a_scan_that_fails_closes_its_run_and_says_why(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Comparison, regions: Any) -> None:
        raise ValueError("something broke")

    with monkeypatch.context() as patch:
        patch.setattr(Comparison, "run", broken)
        run = library.scan()
    assert (run["status"], run["error"]) == ("failed", "something broke")
    library.clock.advance(seconds=2)
    library.work()
    assert library.values("SELECT status FROM scan_runs") == ["failed", "completed"]


def test_counters_are_told_while_a_scan_is_at_work(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lumilio.pipeline.compare._BATCH", 2)
    for seed in range(6):
        _put(photos, f"{seed}.jpg", seed)
    (photos / "0.txt").write_bytes(b"")
    seen: list[tuple[int, int, int, int]] = []
    flush = Comparison._flush

    def watched(self: Comparison) -> None:
        flush(self)
        path = f"/repositories/{library.primary['id']}/scans/latest"
        seen.append(_counts(library.admin.ok("GET", path)))

    monkeypatch.setattr(Comparison, "_flush", watched)
    library.scan()
    assert seen[:3] == [(2, 0, 0, 1), (4, 0, 0, 1), (6, 0, 0, 1)]


def test_each_repository_is_scanned_by_itself(library: Library, photos: Path) -> None:
    second = library.admin.ok("POST", "/repositories", {"name": "Second"})["repository"]
    _put(photos, "a.jpg", 1)
    _put(library.folder(second), "b.jpg", 2)
    assert _counts(library.scan(second)) == (1, 0, 0, 0)
    assert _paths(library) == ["b.jpg"]
    assert _counts(library.scan()) == (1, 0, 0, 0)


def test_names_of_any_script_come_back_as_they_are(library: Library, photos: Path) -> None:
    names = ["Ä 写真 Ω.jpg", "e\u0301.jpg", "100% sure_.jpg", "a'b\"c.jpg"]
    for seed, name in enumerate(names):
        _put(photos, f"Ördner/{name}", seed)
    library.scan()
    assert _paths(library) == sorted(f"Ördner/{name}" for name in names)
    assert _counts(library.scan()) == (0, 0, 0, 0)


def test_a_file_of_the_same_content_takes_no_upload_that_is_on_its_way(
    library: Library, photos: Path
) -> None:
    asset_id = library.admin.uploaded("up.jpg", jpeg(3))["asset_id"]
    _put(photos, "mine.jpg", seed=3)
    library.admin.ok("POST", f"/repositories/{library.primary['id']}/scan")
    library.work("scan_repository", "discover_asset")
    library.work()
    asset = library.admin.ok("GET", f"/assets/{asset_id}")
    assert asset["storage_path"].startswith("inbox/")
    assert (library.folder() / asset["storage_path"]).read_bytes() == jpeg(3)
    assert _paths(library) == [asset["storage_path"], "mine.jpg"]


def test_a_photo_that_moves_before_it_is_developed_is_developed_at_its_new_place(
    library: Library, photos: Path
) -> None:
    _put(photos, "a.jpg")
    library.admin.ok("POST", f"/repositories/{library.primary['id']}/scan")
    library.work("scan_repository", "discover_asset")
    (photos / "later").mkdir()
    (photos / "a.jpg").rename(photos / "later" / "a.jpg")
    library.work()
    library.scan()
    (item,) = library.admin.page()["items"]
    assert item["asset"]["storage_path"] == "later/a.jpg"
    assert item["asset"]["processing"]["state"] == "complete"


def test_a_file_that_cannot_be_read_does_not_stop_the_scan(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(photos, "a.jpg", seed=1)
    library.scan()
    _put(photos, "b.jpg", seed=1)
    _put(photos, "c.jpg", seed=2)
    read = discoveries.blake3_of

    def broken(file: BinaryIO) -> str:
        if Path(file.name).name == "b.jpg":
            raise PermissionError(13, "Permission denied")
        return read(file)

    monkeypatch.setattr(discoveries, "blake3_of", broken)
    run = library.scan()
    assert run["status"] == "completed"
    assert _paths(library) == ["a.jpg", "c.jpg"]


def test_facts_of_former_content_do_not_overwrite_those_of_the_present(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(photos, "a.jpg", seed=1)
    library.admin.ok("POST", f"/repositories/{library.primary['id']}/scan")
    library.work("scan_repository", "discover_asset")
    develop = library.pool.develop

    def overtaken(source: Path, **options: Any) -> Any:
        monkeypatch.undo()
        development = develop(source, **options)
        _put(photos, "a.jpg", seed=2, at=1_700_000_100)
        library.admin.ok("POST", f"/repositories/{library.primary['id']}/scan")
        library.work()
        return development

    monkeypatch.setattr(library.pool, "develop", overtaken)
    library.work()
    (item,) = library.admin.page()["items"]
    asset = item["asset"]
    detail = library.admin.ok("GET", f"/assets/{asset['asset_id']}")
    assert all(asset["hash"] in found["storage_path"] for found in detail["thumbnails"])
    assert asset["processing"]["state"] == "complete"
    assert library.admin.get(f"/assets/{asset['asset_id']}/thumbnail").is_success
