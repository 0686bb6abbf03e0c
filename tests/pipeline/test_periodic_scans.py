"""Scans that nobody asked for: what they leave alone, and that they do not bury the history."""

import os
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from lumilio.library import discoveries, jobs, scans
from tests.support.library import Library
from tests.support.photos import jpeg


@pytest.fixture
def photos(library: Library) -> Path:
    """The user area of the primary repository."""
    return library.folder()


def _put(library: Library, path: str, seed: int = 1, *, age: float = 1000) -> Path:
    file = library.folder() / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(jpeg(seed))
    at = library.clock().timestamp() - age
    os.utime(file, (at, at))
    return file


def _runs(library: Library) -> list[dict[str, Any]]:
    return library.admin.ok("GET", f"/repositories/{library.primary['id']}/scans")["scans"]


def _periodic(library: Library) -> dict[str, Any]:
    """Let a periodic scan and what it queues run; returns the latest run."""
    assert scans.queue_periodic(library.ctx, library.stored().key)
    library.work()
    return _runs(library)[0]


def _pass_time(library: Library) -> None:
    """Let everything be tried as often as it will be."""
    for _ in range(5):
        library.clock.advance(minutes=20)
        library.work()
    library.admin = library.admin.login("admin")


def _found(run: dict[str, Any]) -> tuple[int, int, int, int]:
    names = ("discovered", "updated", "deleted", "skipped")
    discovered, updated, deleted, skipped = (run[f"{name}_count"] for name in names)
    return discovered, updated, deleted, skipped


def _paths(library: Library) -> list[str]:
    page = library.admin.page(pagination={"limit": 100})
    return sorted(item["asset"]["storage_path"] for item in page.get("items", []))


def test_a_periodic_scan_says_so(library: Library, photos: Path) -> None:
    _put(library, "a.jpg")
    run = _periodic(library)
    assert run["mode"] == "periodic"
    assert "requested_by" not in run
    assert _found(run) == (1, 0, 0, 0)


def test_files_that_changed_a_moment_ago_are_left_for_the_next_time(
    library: Library, photos: Path
) -> None:
    _put(library, "new.jpg", 1, age=4.9)
    _put(library, "settled.jpg", 2, age=5)
    assert _found(_periodic(library)) == (1, 0, 0, 1)
    assert _paths(library) == ["settled.jpg"]
    library.clock.advance(seconds=1)
    assert _found(_periodic(library)) == (1, 0, 0, 0)
    _put(library, "settled.jpg", 3, age=1)
    assert _found(_periodic(library)) == (0, 0, 0, 1)
    assert _paths(library) == ["new.jpg", "settled.jpg"]
    library.clock.advance(seconds=5)
    assert _found(_periodic(library)) == (0, 1, 0, 0)


def test_a_manual_scan_waits_for_nothing(library: Library, photos: Path) -> None:
    _put(library, "a.jpg", age=0)
    assert _found(library.scan()) == (1, 0, 0, 0)


def test_a_time_in_the_future_defers_no_file_for_ever(library: Library, photos: Path) -> None:
    _put(library, "far.jpg", 1, age=-86_400)
    _put(library, "near.jpg", 2, age=-3)
    assert _found(_periodic(library)) == (1, 0, 0, 1)
    library.clock.advance(seconds=8)
    assert _found(_periodic(library)) == (1, 0, 0, 0)
    library.clock.advance(days=-400)
    assert _found(_periodic(library)) == (0, 0, 0, 0)


def test_quiet_days_leave_one_run_beside_those_that_found_something(
    library: Library, photos: Path
) -> None:
    _put(library, "a.jpg", 1)
    _periodic(library)
    library.scan()
    for _ in range(5):
        _periodic(library)
    (photos / "a.jpg").unlink()
    _periodic(library)
    for _ in range(5):
        latest = _periodic(library)
    told = [(run["mode"], *_found(run)[:3]) for run in _runs(library)]
    assert told == [
        ("periodic", 0, 0, 0),
        ("periodic", 0, 0, 1),
        ("manual", 0, 0, 0),
        ("periodic", 1, 0, 0),
    ]
    assert _runs(library)[0] == latest


def test_the_same_trouble_is_told_once_and_another_anew(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("x", "y"):
        _put(library, f"{name}/a.jpg")
    real = os.scandir

    def refuse(folder: str) -> None:
        def scandir(path: Any) -> Any:
            if Path(path).name == folder:
                raise PermissionError(13, "Permission denied", str(path))
            return real(path)

        monkeypatch.setattr("lumilio.pipeline.walk.os.scandir", scandir)

    _periodic(library)
    for folder in ("x", "x", "y", "y"):
        refuse(folder)
        _periodic(library)
    told = [run.get("error", "")[-20:] for run in _runs(library)]
    assert told == ["y: Permission denied", "x: Permission denied", ""]


def test_a_disk_that_is_away_is_no_failure_of_a_periodic_scan(
    library: Library, photos: Path
) -> None:
    _put(library, "a.jpg")
    _periodic(library)
    photos.rename(photos.with_name("away"))
    _periodic(library)
    assert [run["status"] for run in _runs(library)] == ["completed"]
    assert library.states().keys() == {"completed"}
    assert _paths(library) == ["a.jpg"]


def test_only_one_scan_waits_that_nobody_asked_for(library: Library, photos: Path) -> None:
    key = library.stored().key
    assert scans.queue_periodic(library.ctx, key)
    assert not scans.queue_periodic(library.ctx, key)
    library.work()
    library.admin.ok("POST", f"/repositories/{library.primary['id']}/scan")
    assert not scans.queue_periodic(library.ctx, key)
    library.work()
    assert scans.queue_periodic(library.ctx, key)


def test_who_asks_during_a_periodic_scan_gets_a_scan_of_their_own(
    library: Library, photos: Path
) -> None:
    scans.queue_periodic(library.ctx, library.stored().key)
    (periodic,) = library.due("scan_repository")
    with library.db.write() as tx:
        jobs.claim(tx, [periodic], library.clock())
    assert scans.is_running(library.ctx, library.stored().key)
    asked = library.admin.ok("POST", f"/repositories/{library.primary['id']}/scan")["job_id"]
    assert asked != periodic
    assert library.work() == 1
    (run,) = _runs(library)
    assert (run["mode"], run["status"]) == ("manual", "completed")


def test_a_file_that_cannot_be_read_is_tried_again_by_hand_or_after_a_day(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(library, "bad.jpg", 1)
    _put(library, "good.jpg", 2)
    real = discoveries.blake3_of

    def broken(file: BinaryIO) -> str:
        if Path(file.name).name == "bad.jpg":
            raise PermissionError(13, "Permission denied")
        return real(file)

    monkeypatch.setattr(discoveries, "blake3_of", broken)
    assert _found(_periodic(library)) == (2, 0, 0, 0)
    _pass_time(library)
    assert library.states()["discarded"] == 1
    assert _found(_periodic(library)) == (0, 0, 0, 1)
    assert _found(library.scan()) == (1, 0, 0, 0)
    _pass_time(library)
    assert _found(_periodic(library)) == (0, 0, 0, 1)
    library.clock.advance(hours=25)
    library.admin = library.admin.login("admin")
    monkeypatch.undo()
    assert _found(_periodic(library)) == (1, 0, 0, 0)
    assert _paths(library) == ["bad.jpg", "good.jpg"]
