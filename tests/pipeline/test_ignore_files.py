"""Ignore files: what a scan passes over, and that nothing goes missing by it."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.library import Library
from tests.support.photos import jpeg

IGNORE = ".lumilioignore"


@pytest.fixture
def photos(library: Library) -> Path:
    """The user area of the primary repository."""
    return library.folder()


def _put(folder: Path, *paths: str) -> None:
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(jpeg(sum(path.encode()), (8, 8)) + path.encode())


def _ignore(folder: Path, *lines: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / IGNORE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _paths(library: Library, **wanted: Any) -> list[str]:
    page = library.admin.page(wanted, pagination={"limit": 100})
    return sorted(item["asset"]["storage_path"] for item in page.get("items", []))


def _missing(library: Library) -> list[str]:
    return library.values("SELECT storage_path FROM assets WHERE deleted_reason = 'missing'")


@pytest.mark.parametrize(
    ("lines", "ignored"),
    [
        (["a.jpg"], {"a.jpg", "x/a.jpg", "x/y/a.jpg"}),
        (["/a.jpg"], {"a.jpg"}),
        (["x"], {"x/a.jpg", "x/b.jpg", "x/y/a.jpg"}),
        (["x/"], {"x/a.jpg", "x/b.jpg", "x/y/a.jpg"}),
        (["a.jpg/"], set()),
        (["y/"], {"x/y/a.jpg"}),
        (["/y"], set()),
        (["x/*.jpg"], {"x/a.jpg", "x/b.jpg"}),
        (["x/**"], {"x/a.jpg", "x/b.jpg", "x/y/a.jpg"}),
        (["**/a.jpg"], {"a.jpg", "x/a.jpg", "x/y/a.jpg"}),
        (["*.jpg"], {"a.jpg", "b.jpg", "x/a.jpg", "x/b.jpg", "x/y/a.jpg"}),
        (["*.jpg", "!a.jpg"], {"b.jpg", "x/b.jpg"}),
        (["!a.jpg", "*.jpg"], {"a.jpg", "b.jpg", "x/a.jpg", "x/b.jpg", "x/y/a.jpg"}),
        (["*", "!*/", "!b.jpg"], {"a.jpg", "x/a.jpg", "x/y/a.jpg"}),
        (["**", "!x", "!b.jpg"], {"a.jpg", "x/a.jpg", "x/y/a.jpg"}),
        (["x/*", "!y/"], {"x/a.jpg", "x/b.jpg"}),
        (["x/", "!x/a.jpg"], {"x/a.jpg", "x/b.jpg", "x/y/a.jpg"}),
        (["x/*", "!x/a.jpg"], {"x/b.jpg", "x/y/a.jpg"}),
        (["[ab].jpg"], {"a.jpg", "b.jpg", "x/a.jpg", "x/b.jpg", "x/y/a.jpg"}),
        (["?.jpg", "!/b.jpg"], {"a.jpg", "x/a.jpg", "x/b.jpg", "x/y/a.jpg"}),
        (["# a.jpg", "", "   "], set()),
        (["a.jpg   "], {"a.jpg", "x/a.jpg", "x/y/a.jpg"}),
        (["A.JPG"], set()),
        (["!", "\\", "b.jpg\\", "a.jpg"], {"a.jpg", "x/a.jpg", "x/y/a.jpg"}),
        ([], set()),
    ],
    ids=lambda names: " ".join(sorted(names) if isinstance(names, set) else names),
)
def test_patterns_mean_what_they_mean_to_git(
    library: Library, photos: Path, lines: list[str], ignored: set[str]
) -> None:
    everything = {"a.jpg", "b.jpg", "x/a.jpg", "x/b.jpg", "x/y/a.jpg"}
    _put(photos, *everything)
    _ignore(photos, *lines)
    run = library.scan()
    assert run["status"] == "completed"
    assert run["skipped_count"] == 0
    assert set(_paths(library)) == everything - ignored


def test_a_file_holds_for_its_own_folder_and_below(library: Library, photos: Path) -> None:
    _put(photos, "a.jpg", "x/a.jpg", "x/y/a.jpg", "z/a.jpg", "z/x/a.jpg")
    _ignore(photos / "x", "/a.jpg", "y/")
    library.scan()
    assert _paths(library) == ["a.jpg", "z/a.jpg", "z/x/a.jpg"]


def test_the_deeper_file_decides(library: Library, photos: Path) -> None:
    _put(photos, "a.jpg", "x/a.jpg", "x/b.jpg", "x/y/a.jpg", "x/y/b.jpg")
    _ignore(photos, "*.jpg")
    _ignore(photos / "x", "!a.jpg")
    _ignore(photos / "x" / "y", "*.jpg", "!b.jpg")
    library.scan()
    assert _paths(library) == ["x/a.jpg", "x/y/b.jpg"]


def test_a_file_in_an_ignored_folder_has_no_say(library: Library, photos: Path) -> None:
    _put(photos, "x/a.jpg")
    _ignore(photos, "x/")
    _ignore(photos / "x", "!a.jpg")
    library.scan()
    assert _paths(library) == []


def test_names_of_any_script_and_a_byte_order_mark_are_read(library: Library, photos: Path) -> None:
    _put(photos, "写真/a.jpg", "Ördner/b.jpg", "c.jpg")
    (photos / IGNORE).write_bytes("\ufeff写真/\r\nÖrdner/\r\n".encode())
    library.scan()
    assert _paths(library) == ["c.jpg"]


def test_bytes_that_are_no_text_spoil_no_other_line(library: Library, photos: Path) -> None:
    _put(photos, "a.jpg", "b.jpg")
    (photos / IGNORE).write_bytes(b"\xff\xfe\x00\na.jpg\n")
    library.scan()
    assert _paths(library) == ["b.jpg"]


def test_what_becomes_ignored_stays_as_it_is(library: Library, photos: Path) -> None:
    _put(photos, "a.jpg", "b.jpg", "x/c.jpg", "x/y/d.jpg", "z/e.jpg")
    library.scan()
    (photos / "b.jpg").unlink()
    library.scan()
    before = library.admin.page()
    _ignore(photos, "a.jpg", "b.jpg", "x/")
    run = library.scan()
    assert (run["deleted_count"], run["updated_count"], run["status"]) == (0, 0, "completed")
    assert library.admin.page() == before
    assert _missing(library) == ["b.jpg"]
    _put(photos, "b.jpg")
    (photos / "x/c.jpg").write_bytes(jpeg(77))
    os.utime(photos / "a.jpg", (1, 1))
    library.scan(force=True)
    assert _missing(library) == ["b.jpg"]


def test_beside_ignored_files_others_go_missing_as_ever(library: Library, photos: Path) -> None:
    _put(photos, "a.jpg", "b.jpg", "x/c.jpg", "xy.jpg")
    library.scan()
    _ignore(photos, "a.jpg", "x")
    for path in ("b.jpg", "xy.jpg"):
        (photos / path).unlink()
    assert library.scan()["deleted_count"] == 2
    assert _paths(library) == ["a.jpg", "x/c.jpg"]


def test_what_is_no_longer_ignored_is_found(library: Library, photos: Path) -> None:
    _put(photos, "a.jpg", "x/b.jpg")
    _ignore(photos, "*")
    assert library.scan()["discovered_count"] == 0
    _ignore(photos, "a.jpg")
    assert library.scan()["discovered_count"] == 1
    (photos / IGNORE).unlink()
    assert library.scan()["discovered_count"] == 1
    assert _paths(library) == ["a.jpg", "x/b.jpg"]


def test_a_file_that_leaves_an_ignored_folder_is_followed(library: Library, photos: Path) -> None:
    _put(photos, "x/a.jpg")
    library.scan()
    asset_id = library.admin.page()["items"][0]["id"]
    _ignore(photos, "x/")
    (photos / "x/a.jpg").rename(photos / "b.jpg")
    library.scan()
    assert _paths(library) == ["b.jpg"]
    assert library.admin.page()["items"][0]["id"] == asset_id


def test_a_copy_outside_takes_nothing_from_an_ignored_file(library: Library, photos: Path) -> None:
    _put(photos, "x/a.jpg")
    library.scan()
    _ignore(photos, "x/")
    (photos / "b.jpg").write_bytes((photos / "x/a.jpg").read_bytes())
    library.scan()
    assert _paths(library) == ["b.jpg", "x/a.jpg"]


def test_an_ignore_file_that_cannot_be_read_lets_nothing_in_and_nothing_go(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(photos, "x/a.jpg", "b.jpg", "c.jpg")
    library.scan()
    _put(photos, "x/new.jpg")
    (photos / "b.jpg").unlink()
    _ignore(photos / "x", "new.jpg")
    real = Path.read_text

    def refuse(self: Path, *arguments: Any, **options: Any) -> str:
        if self.name == IGNORE:
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", refuse)
        run = library.scan()
    assert "x: Permission denied" in run["error"]
    assert _paths(library) == ["b.jpg", "c.jpg", "x/a.jpg"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_only_a_plain_file_is_an_ignore_file(library: Library, photos: Path) -> None:
    _put(photos, "a.jpg", "x/b.jpg", "y/c.jpg")
    (photos / IGNORE).mkdir()
    (photos / "patterns").write_text("*")
    (photos / "x" / IGNORE).symlink_to(photos / "patterns")
    os.mkfifo(photos / "y" / IGNORE)
    library.scan()
    assert _paths(library) == ["a.jpg", "x/b.jpg", "y/c.jpg"]


def test_no_pattern_lets_hidden_and_own_places_in(library: Library, photos: Path) -> None:
    _put(photos, ".hidden/a.jpg", ".b.jpg", "inbox/c.jpg", ".lumilio/d.jpg", "@eaDir/e.jpg")
    _ignore(photos, "!*", "!.hidden/", "!.b.jpg", "!inbox/", "!.lumilio/", "!@eaDir/")
    assert library.scan()["discovered_count"] == 0
