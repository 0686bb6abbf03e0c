"""Changes wait until nothing touches them, and become the fewest folders to compare."""

from pathlib import Path

import pytest
from watchfiles import Change

from lumilio.pipeline.changes import Changes, is_relevant, regions
from lumilio.pipeline.walk import Region

ADDED, MODIFIED, DELETED = Change.added, Change.modified, Change.deleted


def _shallow(folder: str) -> Region:
    return Region(folder, is_deep=False)


def test_a_path_is_looked_at_once_nothing_has_touched_it_for_the_settle_time() -> None:
    changes = Changes(5)
    changes.note([(ADDED, "a.jpg"), (ADDED, "b.jpg")], 100)
    changes.note([(MODIFIED, "b.jpg")], 103)
    assert changes.take(104.9) == {}
    assert changes.take(105) == {"a.jpg": {ADDED}}
    assert changes.unsettled == {"b.jpg"}
    assert changes.take(105) == {}
    assert changes.take(108) == {"b.jpg": {ADDED, MODIFIED}}
    assert changes.is_empty


def test_a_file_that_is_written_for_long_holds_up_no_other() -> None:
    changes = Changes(5)
    changes.note([(ADDED, "slow.jpg"), (ADDED, "quick.jpg")], 0)
    for second in range(1, 60):
        changes.note([(MODIFIED, "slow.jpg")], second)
        assert "slow.jpg" not in changes.take(second)
    assert changes.take(64) == {"slow.jpg": {ADDED, MODIFIED}}


def test_a_flood_is_one_look_at_everything_once_it_is_quiet() -> None:
    changes = Changes(5, most_paths=3)
    changes.note([(ADDED, f"{number}.jpg") for number in range(9)], 10)
    assert changes.is_empty
    changes.note([(ADDED, "another.jpg")], 14)
    changes.note([(ADDED, ".lumilio/assets/thumbnails/small/a.webp")], 18)
    assert not changes.is_flood_over(18.9)
    assert changes.is_flood_over(19)
    changes.forget()
    assert not changes.is_flood_over(100)
    changes.note([(ADDED, "a.jpg")], 101)
    assert changes.take(106) == {"a.jpg": {ADDED}}


def test_a_flood_that_does_not_end_is_looked_at_after_a_minute() -> None:
    changes = Changes(5)
    changes.flood(0)
    for second in range(60):
        changes.note([(ADDED, "a.jpg")], second)
        assert not changes.is_flood_over(second)
    assert changes.is_flood_over(60)


@pytest.mark.parametrize(
    ("path", "matters"),
    [
        ("a.jpg", True),
        ("x/y/a.jpg", True),
        ("x", True),
        (".lumilioignore", True),
        ("x/.lumilioignore", True),
        ("x/.lumiliorepo", True),
        ("x/inbox/a.jpg", True),
        ("", False),
        (".lumiliorepo", False),
        (".lumilio", False),
        (".lumilio/staging/incoming/1", False),
        ("inbox", False),
        ("inbox/2020/a.jpg", False),
        (".a.jpg", False),
        ("x/.hidden/a.jpg", False),
        ("x/@eaDir/a.jpg", False),
    ],
)
def test_only_what_a_scan_could_see_matters(path: str, matters: bool) -> None:
    assert is_relevant(path) == matters


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "x/y").mkdir(parents=True)
    for path in ("a.jpg", "x/b.jpg", "x/y/c.jpg"):
        (tmp_path / path).write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    ("settled", "was_folder", "expected"),
    [
        ({"a.jpg": {ADDED}}, [], [_shallow("")]),
        ({"x/b.jpg": {MODIFIED}, "x/other.jpg": {DELETED}}, [], [_shallow("x")]),
        ({"x": {ADDED}}, [], [_shallow(""), Region("x")]),
        ({"x": {MODIFIED}}, [], [_shallow(""), _shallow("x")]),
        ({"x": {ADDED}, "x/y": {ADDED}, "x/y/c.jpg": {ADDED}}, [], [_shallow(""), Region("x")]),
        ({"gone": {DELETED}}, ["gone"], [_shallow(""), Region("gone")]),
        ({"gone": {DELETED}}, [], [_shallow("")]),
        ({"x/.lumilioignore": {MODIFIED}}, [], [Region("x")]),
        ({".lumilioignore": {DELETED}, "x/b.jpg": {ADDED}}, [], [Region("")]),
        ({"x/y/.lumiliorepo": {DELETED}}, [], [Region("x/y")]),
        ({}, [], []),
    ],
)
def test_the_fewest_folders_are_compared(
    tree: Path, settled: dict[str, set[Change]], was_folder: list[str], expected: list[Region]
) -> None:
    frozen = {path: frozenset(changes) for path, changes in settled.items()}
    assert regions(tree, frozen, was_folder) == sorted(expected)
