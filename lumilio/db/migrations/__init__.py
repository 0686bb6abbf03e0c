"""Numbered SQL migrations: `NNNN_name.sql`, applied in order, each in its own transaction.

A copy of the file is made before each one, and a database written by a newer Lumilio is refused.
"""

import hashlib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from msgspec import Struct

from lumilio.db.database import Database
from lumilio.errors import LumilioError

_RECORD = """
CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT
"""


class NewerDatabase(LumilioError):
    """The database was written by a newer program, or its history is not ours."""

    title = "This library was last opened by a newer Lumilio"


class Migration(Struct, frozen=True):
    """One step of the schema."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the SQL text, in hex."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def known() -> list[Migration]:
    """The migrations that ship with this program, in order."""
    files = sorted(
        (entry for entry in resources.files(__name__).iterdir() if entry.name.endswith(".sql")),
        key=lambda entry: entry.name,
    )
    return [
        Migration(number, entry.name.removesuffix(".sql"), entry.read_text(encoding="utf-8"))
        for number, entry in enumerate(files, start=1)
    ]


def migrate(
    database: Database, copies: Path, migrations: Sequence[Migration] | None = None
) -> list[str]:
    """Bring the database up to date; returns the names of the steps taken.

    `copies` is the folder for the copy made before each step. Raises NewerDatabase.
    """
    steps = known() if migrations is None else migrations
    with database.write() as tx:
        tx.run(_RECORD)
        applied: list[tuple[int, str]] = tx.rows(
            lambda *row: row, "SELECT number, checksum FROM migrations ORDER BY number"
        )
    for number, checksum in applied:
        if number > len(steps) or steps[number - 1].checksum != checksum:
            raise NewerDatabase(cause=f"unknown migration {number} in {database.path}")
    pending = steps[len(applied) :]
    for step in pending:
        if step.number > 1:
            _copy(database, copies / f"before-{step.name}.db")
        with database.write() as tx:
            tx.run(step.sql)
            tx.run(
                "INSERT INTO migrations (number, name, checksum) VALUES (?, ?, ?)",
                (step.number, step.name, step.checksum),
            )
    return [step.name for step in pending]


def _copy(database: Database, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # An interrupted earlier attempt leaves a copy of the same state, which may be half written.
    target.unlink(missing_ok=True)
    database.copy_to(target)
