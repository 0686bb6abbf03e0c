"""Repositories that are looked after by themselves."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from lumilio.library import repositories
from lumilio.pipeline import watching
from lumilio.pipeline.watching import CHECK_SECONDS, Guard
from tests.conftest import Running
from tests.support.api import Api
from tests.support.library import Library
from tests.support.photos import XMP, jpeg
from tests.support.waiting import wait_until


class Seconds:
    """A monotonic clock that only tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def quiet(make_library: Callable[..., Library]) -> Library:
    """A library whose folders are not watched."""
    return make_library(watch_folders=False).set_up()


def _scans(library: Library) -> int:
    """Run what waits; returns how many scans there have been."""
    library.work()
    return library.value("SELECT count(*) FROM jobs WHERE kind = 'scan_repository'")


def test_a_repository_is_scanned_at_the_start_and_every_interval(
    quiet: Library, seconds: Seconds
) -> None:
    guard = Guard(quiet.ctx, quiet.stored(), seconds)
    guard.step()
    assert _scans(quiet) == 1
    seconds.now += 299
    guard.step()
    assert _scans(quiet) == 1
    seconds.now += 1
    guard.step()
    guard.step()
    assert _scans(quiet) == 2


@pytest.mark.parametrize("hours", [-30, 30])
def test_changing_the_time_of_day_neither_stops_nor_hurries_scans(
    quiet: Library, seconds: Seconds, hours: int
) -> None:
    guard = Guard(quiet.ctx, quiet.stored(), seconds)
    guard.step()
    assert _scans(quiet) == 1
    quiet.clock.advance(hours=hours)
    for _ in range(3):
        seconds.now += 90
        guard.step()
    assert _scans(quiet) == 1
    seconds.now += 90
    guard.step()
    assert _scans(quiet) == 2


def test_no_scan_runs_by_itself_where_that_is_switched_off(
    make_library: Callable[..., Library], seconds: Seconds
) -> None:
    library = make_library(watch_folders=False, scan_enabled=False).set_up()
    guard = Guard(library.ctx, library.stored(), seconds)
    for _ in range(3):
        guard.step()
        seconds.now += 1000
    assert _scans(library) == 0


def test_a_folder_that_goes_away_is_told_left_alone_and_scanned_when_it_is_back(
    quiet: Library, seconds: Seconds
) -> None:
    told: list[str] = []
    quiet.db.subscribe(repositories.TOPIC, lambda: told.append("repositories"))
    guard = Guard(quiet.ctx, quiet.stored(), seconds)
    guard.step()
    assert _scans(quiet) == 1
    folder = quiet.folder()
    away = folder.rename(folder.with_name("away"))
    for _ in range(100):
        seconds.now += CHECK_SECONDS
        guard.step()
    assert _scans(quiet) == 1
    assert told == ["repositories"]
    away.rename(folder)
    seconds.now += CHECK_SECONDS
    guard.step()
    assert _scans(quiet) == 2
    assert told == ["repositories"] * 2


def test_another_disk_in_the_place_of_a_folder_is_scanned_at_once(
    quiet: Library, seconds: Seconds, tmp_path: Path
) -> None:
    guard = Guard(quiet.ctx, quiet.stored(), seconds)
    guard.step()
    assert _scans(quiet) == 1
    folder = quiet.folder()
    shutil.copytree(folder, tmp_path / "copy")
    folder.rename(folder.with_name("former"))
    (tmp_path / "copy").rename(folder)
    seconds.now += CHECK_SECONDS
    guard.step()
    assert _scans(quiet) == 2


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "OS file watch limit reached"),
        watchfiles._rust_notify.WatchfilesRustInternalError("no such luck"),
    ],
)
def test_a_folder_that_cannot_be_watched_is_told_once_and_scanned_still(
    library: Library,
    seconds: Seconds,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    def fail(*paths: Any, **options: Any) -> Iterator[Any]:
        raise error
        yield

    monkeypatch.setattr(watching.watchfiles, "watch", fail)
    guard = Guard(library.ctx, library.stored(), seconds)
    for wanted in range(1, 4):
        guard.step()
        wait_until(lambda: guard._watch is None or guard._watch.is_over)
        guard.step()
        assert _scans(library) == wanted
        seconds.now += 300
    complaints = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(complaints) == 1
    assert str(error) in complaints[0].getMessage()


def test_a_network_share_is_left_to_the_periodic_scans(
    library: Library,
    seconds: Seconds,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    root = library.folder()

    class Partition:
        mountpoint = str(root)
        fstype = "nfs4"

    monkeypatch.setattr(watching.psutil, "disk_partitions", lambda all: [Partition()])
    guard = Guard(library.ctx, library.stored(), seconds)
    for _ in range(3):
        guard.step()
        seconds.now += 300
    assert guard._watch is None
    assert [r.levelname for r in caplog.records].count("WARNING") == 1
    assert "nfs4" in caplog.text
    assert _scans(library) == 1


@pytest.fixture
def watched(make_running: Callable[..., Running]) -> Running:
    """A whole program that looks after its repositories without waiting long."""
    return make_running(scan_enabled=True, watch_folders=True, scan_settle_seconds=0)


@pytest.fixture
def admin(watched: Running) -> Api:
    return watched.api.register("admin")


def _is_scanned(admin: Api, repository: dict[str, Any]) -> bool:
    """Whether the scan at the start is over, which comes after the watch."""
    runs = admin.ok("GET", f"/repositories/{repository['id']}/scans")["scans"]
    return bool(runs) and runs[-1]["status"] == "completed"


@pytest.fixture
def photos(watched: Running, admin: Api) -> Path:
    """The user area of a repository that is being watched."""
    primary = admin.create_primary()
    wait_until(lambda: _is_scanned(admin, primary))
    return Path(primary["path"])


def _ids(admin: Api) -> dict[str, str]:
    page = admin.page(pagination={"limit": 100})
    return {i["asset"]["storage_path"]: i["asset"]["asset_id"] for i in page.get("items", [])}


def _add(folder: Path, path: str, seed: int) -> Path:
    """Put a file in its place at once, as a program does that takes care."""
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}")
    draft.write_bytes(jpeg(seed))
    return draft.rename(file)


def test_what_happens_in_a_folder_is_noticed(admin: Api, photos: Path) -> None:
    _add(photos, "a.jpg", 1)
    _add(photos, "x/y/b.jpg", 2)
    wait_until(lambda: set(_ids(admin)) == {"a.jpg", "x/y/b.jpg"})
    before = _ids(admin)
    (photos / "x").rename(photos / "z")
    wait_until(lambda: set(_ids(admin)) == {"a.jpg", "z/y/b.jpg"})
    assert _ids(admin)["z/y/b.jpg"] == before["x/y/b.jpg"]
    (photos / "a.jpg").unlink()
    wait_until(lambda: set(_ids(admin)) == {"z/y/b.jpg"})
    _add(photos, "z/y/c.jpg", 3)
    wait_until(lambda: set(_ids(admin)) == {"z/y/b.jpg", "z/y/c.jpg"})
    shutil.rmtree(photos / "z")
    wait_until(lambda: not _ids(admin))
    _add(photos, "z/y/b.jpg", 2)
    wait_until(lambda: _ids(admin) == {"z/y/b.jpg": before["x/y/b.jpg"]})


def test_a_sidecar_is_noticed(admin: Api, photos: Path) -> None:
    _add(photos, "x/a.jpg", 1)
    wait_until(lambda: set(_ids(admin)) == {"x/a.jpg"})
    asset_id = _ids(admin)["x/a.jpg"]

    def stars() -> int:
        return int(admin.ok("GET", f"/assets/{asset_id}")["rating"])

    sidecar = photos / "x" / "a.xmp"
    sidecar.write_text(XMP.format(4))
    wait_until(lambda: stars() == 4)
    sidecar.unlink()
    wait_until(lambda: stars() == 0)


def test_repositories_are_followed_as_they_come_and_go(
    watched: Running, admin: Api, photos: Path
) -> None:
    second = admin.ok("POST", "/repositories", {"name": "Second"})["repository"]
    folder = Path(second["path"])
    wait_until(lambda: _is_scanned(admin, second))
    _add(folder, "a.jpg", 1)
    wait_until(lambda: set(_ids(admin)) == {"a.jpg"})
    admin.ok("DELETE", f"/repositories/{second['id']}")
    wait_until(lambda: len(watched.app._watcher._guards) == 1)
    _add(folder, "b.jpg", 2)
    again = admin.ok("POST", "/repositories", {"name": "Second"})["repository"]
    assert again["id"] == second["id"]
    wait_until(lambda: set(_ids(admin)) == {"a.jpg", "b.jpg"})


def test_a_flood_of_changes_becomes_one_scan(
    admin: Api, photos: Path, monkeypatch: pytest.MonkeyPatch, watched: Running
) -> None:
    (guard,) = watched.app._watcher._guards.values()
    monkeypatch.setattr(guard._changes, "_most_paths", 3)
    staging = photos.with_name("staging")
    for seed in range(8):
        _add(staging, f"{seed}.jpg", seed)
    for seed in range(8):
        (staging / f"{seed}.jpg").rename(photos / f"{seed}.jpg")
    wait_until(lambda: len(_ids(admin)) == 8)
    path = f"/repositories/{admin.ok('GET', '/repositories')['repositories'][0]['id']}/scans"
    wait_until(lambda: sum(s["discovered_count"] for s in admin.ok("GET", path)["scans"]) == 8)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_that_is_no_text_does_not_end_the_watch_for_others(
    watched: Running, admin: Api, photos: Path
) -> None:
    try:
        with open(os.fsencode(photos) + b"/caf\xe9.jpg", "wb") as file:
            file.write(jpeg(1))
    except OSError:
        pytest.skip("this file system refuses such names")
    _add(photos, "a.jpg", 2)
    wait_until(lambda: set(_ids(admin)) == {"a.jpg"})
