"""Sidecars that appear, change and go are read without anybody asking, and only they."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.support.library import Library
from tests.support.photos import XMP, jpeg

AT = 1_700_000_000


@pytest.fixture
def photos(library: Library) -> Path:
    """A folder of the user area with two photos that have been scanned."""
    folder = library.folder() / "2026"
    folder.mkdir()
    for seed, name in enumerate(("a.jpg", "b.jpg")):
        (folder / name).write_bytes(jpeg(seed))
        os.utime(folder / name, (AT, AT))
    library.scan()
    return folder


def _rate(file: Path, stars: int, at: int = AT) -> None:
    file.write_text(XMP.format(stars))
    os.utime(file, (at, at))


def _stars(library: Library) -> list[int]:
    items = library.admin.page(pagination={"limit": 100})["items"]
    found = {i["asset"]["original_filename"]: i["asset"]["rating"] for i in items}
    return [found[name] for name in sorted(found)]


def _jobs(library: Library) -> list[str]:
    """The kinds of all jobs but scans, in their order."""
    return library.values("SELECT kind FROM jobs WHERE kind <> 'scan_repository' ORDER BY id")


def _of_one_scan(library: Library) -> tuple[dict[str, Any], list[str]]:
    """A scan and the jobs that came of it."""
    before = _jobs(library)
    run = library.scan()
    return run, _jobs(library)[len(before) :]


@pytest.mark.parametrize("name", ["a.jpg.xmp", "a.xmp", "a.XMP"])
def test_a_sidecar_that_appears_changes_and_goes(library: Library, photos: Path, name: str) -> None:
    for act, stars in (
        (lambda: _rate(photos / name, 3), [3, 0]),
        (lambda: _rate(photos / name, 5, AT + 60), [5, 0]),
        # As a copy with the times of the original does.
        (lambda: _rate(photos / name, 2, AT - 60), [2, 0]),
        ((photos / name).unlink, [0, 0]),
    ):
        act()
        run, jobs = _of_one_scan(library)
        assert jobs == ["metadata_asset"]
        assert run["updated_count"] == 1
        assert _stars(library) == stars
        assert _of_one_scan(library)[1] == []


def test_a_sidecar_of_several_files_is_read_for_each(library: Library, photos: Path) -> None:
    (photos / "a.png").write_bytes((photos / "a.jpg").read_bytes())
    library.scan()
    _rate(photos / "a.xmp", 4)
    assert _of_one_scan(library)[1] == ["metadata_asset"] * 2
    assert _stars(library) == [4, 4, 0]


def test_the_sidecar_of_the_file_alone_is_the_one_that_counts(
    library: Library, photos: Path
) -> None:
    _rate(photos / "a.jpg.xmp", 3)
    _rate(photos / "a.xmp", 1, AT + 60)
    library.scan()
    assert _stars(library) == [3, 0]
    (photos / "a.xmp").unlink()
    assert _of_one_scan(library)[1] == []
    _rate(photos / "a.xmp", 1)
    (photos / "a.jpg.xmp").unlink()
    os.utime(photos / "a.xmp", (AT + 60, AT + 60))
    library.scan()
    assert _stars(library) == [1, 0]


def test_a_new_file_is_read_once_together_with_its_sidecar(library: Library, photos: Path) -> None:
    (photos / "c.jpg").write_bytes(jpeg(3))
    _rate(photos / "c.jpg.xmp", 5)
    assert _of_one_scan(library)[1] == ["discover_asset", "thumbnail_asset"]
    assert _stars(library) == [0, 0, 5]
    assert _of_one_scan(library)[1] == []
    (photos / "c.jpg").write_bytes(jpeg(4, (60, 40)))
    _rate(photos / "c.jpg.xmp", 1, AT + 60)
    assert _of_one_scan(library)[1] == ["discover_asset", "thumbnail_asset"]
    assert _stars(library) == [0, 0, 1]
    assert _of_one_scan(library)[1] == []


def test_a_file_that_was_only_touched_does_not_hide_its_sidecar(
    library: Library, photos: Path
) -> None:
    os.utime(photos / "a.jpg", (AT + 60, AT + 60))
    _rate(photos / "a.jpg.xmp", 3)
    library.scan()
    library.scan()
    assert _stars(library) == [3, 0]


def test_a_file_that_moves_with_its_sidecar_is_not_read_again(
    library: Library, photos: Path
) -> None:
    _rate(photos / "a.jpg.xmp", 3)
    library.scan()
    for name in ("a.jpg", "a.jpg.xmp"):
        (photos / name).rename(library.folder() / name)
    assert _of_one_scan(library)[1] == []
    assert _of_one_scan(library)[1] == []
    (library.folder() / "a.jpg").rename(photos / "a.jpg")
    library.scan()
    library.scan()
    assert _stars(library) == [0, 0]


def test_what_a_person_typed_stays(library: Library, photos: Path) -> None:
    items: Iterable[dict[str, Any]] = library.admin.page()["items"]
    (asset_id,) = [
        i["asset"]["asset_id"] for i in items if i["asset"]["original_filename"] == "a.jpg"
    ]
    library.admin.ok("PUT", f"/assets/{asset_id}/rating", {"rating": 2})
    _rate(photos / "a.jpg.xmp", 5)
    assert _of_one_scan(library)[1] == ["metadata_asset"]
    assert _stars(library) == [2, 0]


def test_a_sidecar_that_changes_while_it_is_read_is_read_again(
    library: Library, photos: Path
) -> None:
    _rate(photos / "a.jpg.xmp", 3)
    path = f"/repositories/{library.primary['id']}/scan"
    library.admin.ok("POST", path)
    library.work("scan_repository")
    # It waits, so that a second change needs no second job.
    library.clock.advance(minutes=2)
    _rate(photos / "a.jpg.xmp", 4, AT + 60)
    library.admin.ok("POST", path)
    library.work("scan_repository")
    assert len(library.due("metadata_asset")) == 1
    library.run("UPDATE jobs SET state = 'running' WHERE kind = 'metadata_asset'")
    library.clock.advance(minutes=2)
    _rate(photos / "a.jpg.xmp", 5, AT + 120)
    library.scan()
    assert _stars(library) == [5, 0]


@pytest.mark.parametrize("name", ["a.mp4", "a.mp3"])
def test_only_photos_have_sidecars(library: Library, name: str) -> None:
    file = library.folder() / name
    file.write_bytes(b"no media")
    library.scan()
    _rate(file.with_name(f"{name}.xmp"), 5)
    assert _of_one_scan(library)[1] == []


def test_a_folder_or_a_dead_link_of_that_name_is_no_sidecar(library: Library, photos: Path) -> None:
    (photos / "a.jpg.xmp").mkdir()
    if os.name != "nt":
        (photos / "b.jpg.xmp").symlink_to(photos / "nowhere")
    run, jobs = _of_one_scan(library)
    assert (run["status"], jobs) == ("completed", [])


def test_what_is_in_the_trash_is_left_alone(library: Library, photos: Path) -> None:
    library.run("UPDATE assets SET deleted_at = 1, deleted_reason = 'trashed'")
    _rate(photos / "a.jpg.xmp", 5)
    assert _of_one_scan(library)[1] == []
