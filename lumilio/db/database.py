"""Connections: one writer behind a lock, readers lent from a pool."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any, TypeVar

import apsw
import apsw.bestpractice

from lumilio.errors import LumilioError, StorageFull

T = TypeVar("T")
# Keys of the rows that a transaction wrote, by table, and the topics it notified.
Changes = Mapping[str, set[int]]
Value = None | int | float | str | bytes
Values = Sequence[Value] | Mapping[str, Value]

BUSY_TIMEOUT_MS = 10_000


class DamagedDatabase(LumilioError):
    """The file is not a database, or damaged beyond reading."""

    title = "The library's database file is damaged; a copy may lie in the backups folder"


class Connection:
    """A SQLite connection that fetches whole results, so that no cursor stays open."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def rows(self, decode: Callable[..., T], sql: str, values: Values = ()) -> list[T]:
        """All rows, each passed column by column to `decode`."""
        return [decode(*row) for row in self._connection.execute(sql, values)]

    def row(self, decode: Callable[..., T], sql: str, values: Values = ()) -> T | None:
        """The first row passed to `decode`, or None."""
        found = self.rows(decode, sql, values)
        return found[0] if found else None

    def value(self, sql: str, values: Values = ()) -> Any:
        """First column of the first row, or None when there is no row."""
        return self.row(lambda first, *_: first, sql, values)


class Transaction(Connection):
    """The writing connection inside one immediate transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        super().__init__(connection)
        self.topics: set[str] = set()

    def run(self, sql: str, values: Values = ()) -> int:
        """Execute a statement; returns how many rows it changed."""
        self._connection.execute(sql, values)
        return self._connection.changes()

    def run_many(self, sql: str, rows: Iterable[Values]) -> None:
        """Execute a statement once for each row of values."""
        self._connection.executemany(sql, rows)

    def insert(self, sql: str, values: Values = ()) -> int:
        """Execute an INSERT; returns the new integer key."""
        self._connection.execute(sql, values)
        return self._connection.last_insert_rowid()

    def notify(self, topic: str) -> None:
        """Tell the subscribers of `topic` once this transaction is committed."""
        self.topics.add(topic)


class Database:
    """The library's database file.

    Raises StorageFull when the disk has no room for a transaction; nothing of it is kept then.
    """

    def __init__(self, path: Path, *, readers: int = 8) -> None:
        self.path = path
        self._writing = threading.RLock()
        self._subscribers: dict[str, list[Callable[[], None]]] = defaultdict(list)
        self._observers: list[Callable[[Changes], None]] = []
        self._changes: defaultdict[str, set[int]] = defaultdict(set)
        try:
            self._writer = self._open(apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
        except (apsw.NotADBError, apsw.CorruptError) as error:
            raise DamagedDatabase(cause=f"{path}: {error}") from error
        self._readers: LifoQueue[apsw.Connection] = LifoQueue()
        self._reader_count = threading.BoundedSemaphore(readers)

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Transaction]:
        """One immediate transaction: committed on leaving, rolled back on any error.

        Without `durable` a power cut may undo it, but never part of it; for job states only.
        """
        with self._writing:
            transaction = Transaction(self._writer)
            self._changes = defaultdict(set)
            self._writer.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield transaction
                self._writer.execute("COMMIT")
            except BaseException as error:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                if isinstance(error, apsw.FullError):
                    raise StorageFull(cause=str(error)) from error
                raise
            changes = self._changes
        for topic in transaction.topics:
            changes[topic].update()
            for tell in self._subscribers[topic]:
                tell()
        for observe in self._observers:
            observe(changes)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only view that does not change while it is held."""
        with self._reader_count:
            try:
                reader = self._readers.get_nowait()
            except Empty:
                reader = self._open(apsw.SQLITE_OPEN_READONLY)
            try:
                reader.execute("BEGIN")
                yield Connection(reader)
            finally:
                reader.execute("ROLLBACK")
                self._readers.put(reader)

    def subscribe(self, topic: str, tell: Callable[[], None]) -> None:
        """Call `tell` after each commit that notified `topic`; it must return at once."""
        self._subscribers[topic].append(tell)

    def observe(self, observe: Callable[[Changes], None]) -> None:
        """Call `observe` after each commit with what it changed; it must return at once.

        Tables without integer keys are not seen; a transaction can notify their topic instead.
        """
        self._observers.append(observe)
        self._writer.set_update_hook(self._note_change)

    def _note_change(self, operation: int, schema: str, table: str, key: int) -> None:
        self._changes[table].add(key)

    def copy_to(self, target: Path) -> None:
        """Write a consistent copy of the whole database to `target`."""
        with self._writing:
            self._writer.execute("VACUUM INTO ?", (str(target),))

    def close(self) -> None:
        """Close all connections; harmless when called twice."""
        with self._writing:
            while not self._readers.empty():
                self._readers.get_nowait().close()
            self._writer.close()

    def _open(self, flags: int) -> apsw.Connection:
        connection = apsw.Connection(str(self.path), flags=flags)
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        if flags & apsw.SQLITE_OPEN_READWRITE:
            connection.pragma("journal_mode", "WAL")
            # A large library's indexes are written all over: pages that stay need not be read again,
            # and one that is written often goes to the file once.
            connection.pragma("cache_size", -32_768)
            connection.pragma("wal_autocheckpoint", 4_000)
            # Only macOS heeds this: a flush there does not reach the drive otherwise.
            connection.pragma("fullfsync", True)
        apsw.bestpractice.connection_enable_foreign_keys(connection)
        apsw.bestpractice.connection_dqs(connection)
        return connection
