"""From one schema to the next, and never back."""

from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from lumilio.db import Database, NewerDatabase, migrate
from lumilio.db.migrations import Migration, known

FIRST = Migration(1, "0001_first", "CREATE TABLE one (id INTEGER); INSERT INTO one VALUES (1);")
SECOND = Migration(2, "0002_second", "CREATE TABLE two (id INTEGER); INSERT INTO one VALUES (2);")
BROKEN = Migration(3, "0003_broken", "CREATE TABLE three (id); INSERT INTO nowhere VALUES (1);")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Database]]:
    made: list[Database] = []

    def open_(path: Path = tmp_path / "test.db") -> Database:
        made.append(Database(path))
        return made[-1]

    yield open_
    for database in made:
        database.close()


def _tables(database: Database) -> set[str]:
    with database.read() as db:
        return set(db.rows(str, "SELECT name FROM sqlite_schema WHERE type = 'table'"))


def test_the_steps_that_ship_are_numbered_without_gaps() -> None:
    names = [step.name for step in known()]
    assert names
    for position, name in enumerate(names, start=1):
        assert name.startswith(f"{position:04}_")


def test_a_fresh_database_gets_every_step_once(
    opened: Callable[..., Database], tmp_path: Path
) -> None:
    database = opened()
    assert migrate(database, tmp_path / "copies") == [step.name for step in known()]
    assert migrate(database, tmp_path / "copies") == []
    assert {"users", "assets", "jobs", "scan_runs"} <= _tables(database)
    with database.read() as db:
        assert db.value("PRAGMA integrity_check") == "ok"
        assert db.rows(lambda *row: row, "PRAGMA foreign_key_check") == []


def test_the_first_step_of_a_fresh_database_is_not_copied(
    opened: Callable[..., Database], tmp_path: Path
) -> None:
    migrate(opened(), tmp_path / "copies", [FIRST])
    assert not (tmp_path / "copies").exists()


def test_a_copy_is_made_before_each_later_step(
    opened: Callable[..., Database], tmp_path: Path
) -> None:
    database = opened()
    migrate(database, tmp_path / "copies", [FIRST])
    assert migrate(database, tmp_path / "copies", [FIRST, SECOND]) == ["0002_second"]
    copy = opened(tmp_path / "copies" / "before-0002_second.db")
    assert "two" not in _tables(copy)
    assert "one" in _tables(copy)
    assert "two" in _tables(database)


def test_a_half_written_copy_of_an_earlier_attempt_is_replaced(
    opened: Callable[..., Database], tmp_path: Path
) -> None:
    database = opened()
    migrate(database, tmp_path / "copies", [FIRST])
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies" / "before-0002_second.db").write_bytes(b"half")
    migrate(database, tmp_path / "copies", [FIRST, SECOND])
    assert "one" in _tables(opened(tmp_path / "copies" / "before-0002_second.db"))


def test_a_failing_step_leaves_the_old_state_and_can_be_repeated(
    opened: Callable[..., Database], tmp_path: Path
) -> None:
    database = opened()
    with pytest.raises(apsw.SQLError):
        migrate(database, tmp_path / "copies", [FIRST, SECOND, BROKEN])
    assert "three" not in _tables(database)
    with database.read() as db:
        assert db.rows(str, "SELECT name FROM migrations") == ["0001_first", "0002_second"]
    mended = Migration(3, "0003_mended", "CREATE TABLE three (id)")
    assert migrate(database, tmp_path / "copies", [FIRST, SECOND, mended]) == ["0003_mended"]


def test_a_database_of_a_newer_program_is_refused_and_untouched(
    opened: Callable[..., Database], tmp_path: Path
) -> None:
    database = opened()
    migrate(database, tmp_path / "copies", [FIRST, SECOND])
    with pytest.raises(NewerDatabase):
        migrate(database, tmp_path / "copies", [FIRST])
    assert "two" in _tables(database)


def test_a_step_that_was_another_one_is_refused(
    opened: Callable[..., Database], tmp_path: Path
) -> None:
    database = opened()
    migrate(database, tmp_path / "copies", [FIRST])
    changed = Migration(1, "0001_first", FIRST.sql + " ")
    with pytest.raises(NewerDatabase):
        migrate(database, tmp_path / "copies", [changed, SECOND])
    assert "two" not in _tables(database)
