"""Transactions, readers, notifications and stored instants."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumilio.db import Database, from_microseconds, to_microseconds
from lumilio.errors import StorageFull


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "test.db", readers=3)
    with database.write() as tx:
        tx.run("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT UNIQUE) STRICT")
    yield database
    database.close()


def _texts(database: Database) -> list[str]:
    with database.read() as db:
        return db.rows(str, "SELECT text FROM t ORDER BY id")


def _insert(database: Database, text: str) -> None:
    with database.write() as tx:
        tx.insert("INSERT INTO t (text) VALUES (?)", (text,))


def test_what_is_written_is_read(database: Database) -> None:
    with database.write() as tx:
        assert tx.insert("INSERT INTO t (text) VALUES (?)", ("a",)) == 1
        tx.run_many("INSERT INTO t (text) VALUES (?)", [("b",), ("c",)])
        assert tx.run("UPDATE t SET text = text || '!' WHERE id > 1") == 2
        assert tx.value("SELECT count(*) FROM t") == 3
    assert _texts(database) == ["a", "b!", "c!"]


def test_no_row_is_none(database: Database) -> None:
    with database.read() as db:
        assert db.row(str, "SELECT text FROM t") is None
        assert db.value("SELECT text FROM t") is None
        assert db.rows(str, "SELECT text FROM t") == []


def test_an_error_rolls_everything_back(database: Database) -> None:
    def fail() -> None:
        with database.write() as tx:
            tx.run("INSERT INTO t (text) VALUES ('a')")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert _texts(database) == []
    _insert(database, "b")
    assert _texts(database) == ["b"]


def test_a_broken_constraint_undoes_only_its_statement(database: Database) -> None:
    with database.write() as tx:
        tx.run("INSERT INTO t (text) VALUES ('a')")
        with pytest.raises(apsw.ConstraintError):
            tx.run("INSERT INTO t (text) VALUES ('a')")
    assert _texts(database) == ["a"]


def test_a_write_inside_a_write_is_refused_and_nothing_of_both_is_kept(
    database: Database,
) -> None:
    def nest() -> None:
        with database.write() as tx:
            tx.run("INSERT INTO t (text) VALUES ('outer')")
            _insert(database, "inner")

    with pytest.raises(apsw.Error):
        nest()
    assert _texts(database) == []
    _insert(database, "later")
    assert _texts(database) == ["later"]


def test_readers_see_nothing_of_an_open_transaction(database: Database) -> None:
    with database.write() as tx:
        tx.run("INSERT INTO t (text) VALUES ('a')")
        assert _texts(database) == []
    assert _texts(database) == ["a"]


def test_what_a_reader_sees_does_not_change_while_it_looks(database: Database) -> None:
    _insert(database, "a")
    with database.read() as db:
        assert db.value("SELECT count(*) FROM t") == 1
        _insert(database, "b")
        assert db.value("SELECT count(*) FROM t") == 1
    assert _texts(database) == ["a", "b"]


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(apsw.ReadOnlyError), database.read() as db:
        db.rows(str, "INSERT INTO t (text) VALUES ('a') RETURNING text")


def test_a_failed_read_gives_its_connection_back(database: Database) -> None:
    for _ in range(10):
        with pytest.raises(apsw.SQLError), database.read() as db:
            db.rows(str, "SELECT nothing FROM nowhere")
    assert _texts(database) == []


def test_many_threads_write_and_read_without_losing_anything(database: Database) -> None:
    def work(number: int) -> None:
        for step in range(20):
            _insert(database, f"{number}.{step}")
            assert f"{number}.{step}" in _texts(database)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(_texts(database)) == 120


def test_subscribers_hear_of_a_topic_once_and_only_after_the_commit(database: Database) -> None:
    heard: list[list[str]] = []
    database.subscribe("topic", lambda: heard.append(_texts(database)))
    with database.write() as tx:
        tx.run("INSERT INTO t (text) VALUES ('a')")
        tx.notify("topic")
        tx.notify("topic")
        tx.notify("another")
        assert heard == []
    assert heard == [["a"]]
    _insert(database, "b")
    assert len(heard) == 1


def test_subscribers_hear_nothing_of_a_rolled_back_change(database: Database) -> None:
    heard: list[int] = []
    database.subscribe("topic", lambda: heard.append(1))

    def fail() -> None:
        with database.write() as tx:
            tx.notify("topic")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert heard == []


def test_a_full_disk_is_told_and_nothing_is_kept(database: Database) -> None:
    with database.write() as tx:
        pages = tx.value("PRAGMA page_count")
        tx.rows(int, f"PRAGMA max_page_count = {pages + 2}")
    rows = [(f"{number}" * 1000,) for number in range(1000)]
    with pytest.raises(StorageFull), database.write() as tx:
        tx.run_many("INSERT INTO t (text) VALUES (?)", rows)
    assert _texts(database) == []
    _insert(database, "small")
    assert _texts(database) == ["small"]


@pytest.mark.parametrize(("durable", "level"), [(True, 2), (False, 1)])
def test_only_what_may_be_lost_is_not_flushed(
    database: Database, durable: bool, level: int
) -> None:
    with database.write(durable=not durable):
        pass
    with database.write(durable=durable) as tx:
        assert tx.value("PRAGMA synchronous") == level


def test_foreign_keys_are_enforced(database: Database) -> None:
    with database.write() as tx:
        tx.run("CREATE TABLE child (t INTEGER REFERENCES t (id))")
    with pytest.raises(apsw.ConstraintError), database.write() as tx:
        tx.run("INSERT INTO child VALUES (77)")


def test_a_misspelt_column_is_no_text(database: Database) -> None:
    with pytest.raises(apsw.SQLError), database.read() as db:
        db.rows(str, 'SELECT text FROM t WHERE "txet" = 1')


def test_a_copy_holds_what_was_committed(database: Database, tmp_path: Path) -> None:
    _insert(database, "a")
    database.copy_to(tmp_path / "copy.db")
    copy = Database(tmp_path / "copy.db")
    assert _texts(copy) == ["a"]
    copy.close()


def test_closing_twice_is_harmless(database: Database) -> None:
    _texts(database)
    database.close()
    database.close()


_INSTANTS = st.datetimes(
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=30))])
)


@given(_INSTANTS)
def test_an_instant_comes_back_exactly(instant: datetime) -> None:
    try:
        as_utc = instant.astimezone(UTC)
    except OverflowError:
        return
    stored = to_microseconds(instant)
    assert from_microseconds(stored) == as_utc
    assert -(2**63) <= stored < 2**63


@given(_INSTANTS, _INSTANTS)
def test_stored_instants_sort_like_instants(first: datetime, second: datetime) -> None:
    assert (to_microseconds(first) < to_microseconds(second)) == (first < second)


def test_no_instant_stays_none() -> None:
    assert to_microseconds(None) is None
    assert from_microseconds(None) is None


def _observed(database: Database) -> list[dict[str, set[int]]]:
    seen: list[dict[str, set[int]]] = []
    database.observe(lambda changes: seen.append(dict(changes)))
    return seen


def test_observers_learn_which_rows_a_commit_changed(database: Database) -> None:
    seen = _observed(database)
    with database.write() as tx:
        tx.run_many("INSERT INTO t (text) VALUES (?)", [("a",), ("b",), ("c",)])
    with database.write() as tx:
        tx.run("UPDATE t SET text = 'd' WHERE id = 2")
        tx.run("DELETE FROM t WHERE id = 3")
        tx.notify("topic")
    assert seen == [{"t": {1, 2, 3}}, {"t": {2, 3}, "topic": set()}]


def test_observers_learn_nothing_of_what_was_rolled_back(database: Database) -> None:
    def fail() -> None:
        with database.write() as tx:
            tx.run("INSERT INTO t (text) VALUES ('a')")
            raise RuntimeError

    seen = _observed(database)
    with pytest.raises(RuntimeError):
        fail()
    _insert(database, "b")
    assert seen == [{"t": {1}}]
