"""Comparing only the folders that were touched finds what a scan of everything finds."""

import os
import shutil
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from watchfiles import Change

from lumilio.errors import NotFound, RepositoryOffline
from lumilio.library import discoveries
from lumilio.pipeline import changes, scan, walk
from lumilio.pipeline.compare import Stopped
from lumilio.pipeline.walk import Region
from tests.support.library import Library

OLD = 1_600_000_000
FOLDERS = ("", "a", "a/b", "a-b", "c", "c/d e", "ignored", ".hidden", "a.jpg")
NAMES = ("1.jpg", "2.jpg", "10.JPG", "ü.png", "x.txt", ".dot.jpg")


@pytest.fixture
def photos(library: Library) -> Path:
    """The user area of the primary repository."""
    return library.folder()


def _put(folder: Path, path: str, content: str, *, at: int = OLD) -> Path:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    os.utime(file, (at, at))
    return file


def _look(
    library: Library, settled: dict[str, Iterable[Change]], unsettled: Iterable[str] = ()
) -> list[str]:
    """Look at changes as a guard does, and run what comes of it."""
    repository = library.stored()
    frozen = {
        path: frozenset(kinds) for path, kinds in settled.items() if changes.is_relevant(path)
    }
    with library.db.read() as db:
        was_folder = [
            path
            for path, kinds in frozen.items()
            if Change.deleted in kinds and discoveries.knows_below(db, repository.key, path)
        ]
    touched = changes.regions(repository.layout.root, frozen, was_folder)
    deferred = scan.look_again(library.ctx, repository, touched, unsettled, threading.Event())
    library.work("discover_asset")
    return deferred


def _added(library: Library, *paths: str) -> list[str]:
    return _look(library, {path: {Change.added} for path in paths})


def _deleted(library: Library, *paths: str) -> list[str]:
    return _look(library, {path: {Change.deleted} for path in paths})


def _scan(library: Library) -> tuple[int, int, int]:
    path = f"/repositories/{library.primary['id']}"
    library.admin.ok("POST", f"{path}/scan")
    library.work("scan_repository", "discover_asset")
    run = library.admin.ok("GET", f"{path}/scans/latest")
    assert run["status"] == "completed"
    return run["discovered_count"], run["updated_count"], run["deleted_count"]


def _assets(library: Library) -> dict[str, str]:
    """The ids of all assets in the lists by path."""
    page = library.admin.page(pagination={"limit": 100})
    return {i["asset"]["storage_path"]: i["asset"]["asset_id"] for i in page.get("items", [])}


def _snapshot(root: Path) -> dict[str, tuple[Any, ...]]:
    """Everything below a folder: what is a folder, and what every file looks like."""
    found: dict[str, tuple[Any, ...]] = {}
    for path in root.rglob("*"):
        status = path.lstat()
        name = path.relative_to(root).as_posix()
        # A folder moved onto the place of another is another.
        found[name] = (
            ("folder", status.st_ino)
            if path.is_dir()
            else (status.st_size, status.st_mtime_ns, status.st_ino)
        )
    return found


def _told(
    before: dict[str, tuple[Any, ...]], after: dict[str, tuple[Any, ...]]
) -> dict[str, set[Change]]:
    """What a system tells at most sparingly: of a folder that came or went only itself."""
    told: dict[str, set[Change]] = {}
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) == after.get(path):
            continue
        kinds = {Change.deleted} if path in before else set()
        kinds |= {Change.added} if path in after else set()
        above = [str(folder) for folder in Path(path).parents]
        if not any(kinds <= told.get(folder, set()) for folder in above):
            told[path] = kinds
    return told


_Operation = tuple[str, str, str, str, str]
_OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["put", "put", "put", "move", "remove", "move folder", "remove folder", "ignore"]
        ),
        st.sampled_from(FOLDERS),
        st.sampled_from(NAMES),
        st.sampled_from(FOLDERS),
        st.sampled_from(["one", "two", "three", "fourth"]),
    ),
    max_size=12,
)


def _apply(root: Path, operation: _Operation, at: int) -> None:
    kind, folder, name, target, content = operation
    source, destination = root / folder / name, root / target / name
    try:
        if kind == "put":
            _put(root, f"{folder}/{name}", content, at=at)
        elif kind == "move":
            destination.parent.mkdir(parents=True, exist_ok=True)
            source.replace(destination)
        elif kind == "remove":
            source.unlink()
        elif kind == "move folder" and folder:
            (root / folder).rename(root / target / "moved")
        elif kind == "remove folder" and folder:
            shutil.rmtree(root / folder)
        elif kind == "ignore":
            _put(root, f"{folder}/.lumilioignore", f"{name}\nignored/\n", at=at)
    except (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError, OSError):
        return


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=_OPERATIONS, second=_OPERATIONS)
def test_after_a_look_at_what_changed_a_scan_of_everything_finds_nothing(
    library: Library, photos: Path, first: list[_Operation], second: list[_Operation]
) -> None:
    for path in photos.iterdir():
        if path.name not in (".lumilio", ".lumiliorepo", "inbox"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    library.run("DELETE FROM jobs")
    library.run("DELETE FROM assets")
    for folder in FOLDERS:
        _put(photos, f"{folder}/1.jpg", f"one of {folder}")
    for number, operation in enumerate(first):
        _apply(photos, operation, OLD + number)
    _scan(library)
    before = _snapshot(photos)
    for number, operation in enumerate(second):
        _apply(photos, operation, OLD + 100 + number)
    _look(library, _told(before, _snapshot(photos)))
    assert _scan(library) == (0, 0, 0)


def test_new_changed_and_missing_files_of_a_touched_folder_are_noticed(
    library: Library, photos: Path
) -> None:
    for name in ("kept", "changed", "gone"):
        _put(photos, f"x/{name}.jpg", name)
    _put(photos, "elsewhere/gone.jpg", "elsewhere")
    _scan(library)
    before = _assets(library)
    _put(photos, "x/new.jpg", "new")
    _put(photos, "x/changed.jpg", "changed otherwise")
    (photos / "x/gone.jpg").unlink()
    (photos / "elsewhere/gone.jpg").unlink()
    _deleted(library, "x/gone.jpg")
    after = _assets(library)
    assert set(after) == {"x/kept.jpg", "x/changed.jpg", "x/new.jpg", "elsewhere/gone.jpg"}
    assert after["x/changed.jpg"] == before["x/changed.jpg"]
    _put(photos, "x/gone.jpg", "gone")
    _added(library, "x/gone.jpg")
    assert _assets(library)["x/gone.jpg"] == before["x/gone.jpg"]


def test_a_moved_folder_keeps_its_assets(library: Library, photos: Path) -> None:
    for number in range(30):
        _put(photos, f"old/deep/{number}.jpg", f"photo {number}")
    _scan(library)
    before = _assets(library)
    (photos / "new").mkdir()
    (photos / "old").rename(photos / "new/place")
    _look(library, {"old": {Change.deleted}, "new": {Change.added}, "new/place": {Change.added}})
    moved = {path.replace("old", "new/place"): asset for path, asset in before.items()}
    assert _assets(library) == moved
    assert library.value("SELECT count(*) FROM jobs WHERE kind = 'discover_asset'") == 30


def test_a_move_that_is_told_in_two_parts_keeps_its_asset(library: Library, photos: Path) -> None:
    _put(photos, "x/a.jpg", "a")
    _scan(library)
    before = _assets(library)
    (photos / "x/a.jpg").rename(photos / "b.jpg")
    _deleted(library, "x/a.jpg")
    assert _assets(library) == {}
    _added(library, "b.jpg")
    assert _assets(library) == {"b.jpg": before["x/a.jpg"]}


def test_a_removed_folder_takes_nothing_beside_it(library: Library, photos: Path) -> None:
    for path in ("x/1.jpg", "x/y/2.jpg", "x-y/3.jpg", "x.jpg", "xy/4.jpg"):
        _put(photos, path, path)
    _scan(library)
    shutil.rmtree(photos / "x")
    _deleted(library, "x")
    assert set(_assets(library)) == {"x-y/3.jpg", "x.jpg", "xy/4.jpg"}


def test_what_was_thrown_away_stays_away(library: Library, photos: Path) -> None:
    _put(photos, "x/a.jpg", "a")
    _scan(library)
    library.run("UPDATE assets SET deleted_at = 1, deleted_reason = 'trashed'")
    _put(photos, "x/a.jpg", "otherwise")
    _added(library, "x/a.jpg", "x")
    (photos / "x/a.jpg").unlink()
    _deleted(library, "x/a.jpg", "x")
    assert library.values("SELECT deleted_reason FROM assets") == ["trashed"]


def test_an_ignore_file_lets_in_and_keeps_out_as_in_a_scan(library: Library, photos: Path) -> None:
    _put(photos, "x/y/a.jpg", "a")
    _put(photos, "x/y/b.jpg", "b")
    _put(photos, "x/.lumilioignore", "b.jpg\n")
    _added(library, "x")
    assert set(_assets(library)) == {"x/y/a.jpg"}
    _put(photos, "x/.lumilioignore", "a.jpg\n")
    _look(library, {"x/.lumilioignore": {Change.modified}})
    assert set(_assets(library)) == {"x/y/a.jpg", "x/y/b.jpg"}
    (photos / "x/y/b.jpg").unlink()
    _put(photos, "x/y/a.jpg", "is ignored now", at=OLD + 5)
    _deleted(library, "x/y/b.jpg")
    assert set(_assets(library)) == {"x/y/a.jpg"}
    assert library.value("SELECT file_size FROM assets WHERE deleted_at IS NULL") == 1


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_to_a_folder_is_not_followed(library: Library, photos: Path, tmp_path: Path) -> None:
    _put(tmp_path, "elsewhere/x/a.jpg", "a")
    (photos / "link").symlink_to(tmp_path / "elsewhere")
    _added(library, "link", "link/x", "link/x/a.jpg")
    assert _assets(library) == {}


def test_a_folder_that_becomes_a_repository_of_its_own_is_left(
    library: Library, photos: Path
) -> None:
    _put(photos, "x/y/a.jpg", "a")
    _scan(library)
    (photos / "x/.lumiliorepo").write_text("anything")
    _added(library, "x/.lumiliorepo")
    assert _assets(library) == {}
    (photos / "x/.lumiliorepo").unlink()
    _deleted(library, "x/.lumiliorepo")
    assert set(_assets(library)) == {"x/y/a.jpg"}


def test_a_folder_that_cannot_be_read_lets_nothing_go_missing(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(photos, "x/a.jpg", "a")
    _put(photos, "x/y/b.jpg", "b")
    _scan(library)
    shutil.rmtree(photos / "x/y")
    (photos / "x/a.jpg").unlink()
    real: Callable[..., Any] = os.scandir

    def refuse(path: Any) -> Any:
        if Path(path).name == "x":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(walk.os, "scandir", refuse)
        _deleted(library, "x/a.jpg", "x/y")
    assert set(_assets(library)) == {"x/a.jpg", "x/y/b.jpg"}


def test_a_disk_that_is_away_lets_nothing_go_missing(library: Library, photos: Path) -> None:
    _put(photos, "x/a.jpg", "a")
    _scan(library)
    photos.rename(photos.with_name("away"))
    with pytest.raises(RepositoryOffline):
        _deleted(library, "x", "x/a.jpg")
    assert set(_assets(library)) == {"x/a.jpg"}


def test_files_that_are_still_written_are_left_and_told(library: Library, photos: Path) -> None:
    now = int(library.clock().timestamp())
    _put(photos, "x/young.jpg", "young", at=now - 4)
    _put(photos, "x/settled.jpg", "settled", at=now - 6)
    _put(photos, "x/future.jpg", "future", at=now + 3600)
    _put(photos, "x/touched.jpg", "touched")
    paths = {f"x/{name}.jpg": {Change.added} for name in ("young", "settled", "future")}
    deferred = _look(library, paths, unsettled={"x/touched.jpg"})
    assert sorted(deferred) == ["x/touched.jpg", "x/young.jpg"]
    assert set(_assets(library)) == {"x/settled.jpg", "x/future.jpg"}


def test_a_look_leaves_no_run_behind(library: Library, photos: Path) -> None:
    _put(photos, "a.jpg", "a")
    _added(library, "a.jpg")
    assert set(_assets(library)) == {"a.jpg"}
    assert library.value("SELECT count(*) FROM scan_runs") == 0


def test_a_stop_and_an_unregistered_repository_end_a_look(library: Library, photos: Path) -> None:
    _put(photos, "a.jpg", "a")
    repository = library.stored()
    stopping = threading.Event()
    stopping.set()
    with pytest.raises(Stopped):
        scan.look_again(library.ctx, repository, [Region("")], (), stopping)
    library.run("UPDATE repositories SET unregistered_at = 1")
    with pytest.raises(NotFound):
        scan.look_again(library.ctx, repository, [Region("")], (), threading.Event())
    assert library.value("SELECT count(*) FROM assets") == 0
