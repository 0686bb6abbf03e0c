"""The database: one SQLite file in WAL mode, one writer, a pool of readers.

`Database.write()` is a short immediate transaction on the only writing connection; `read()` lends
a read-only connection. Both yield a `Connection` whose rows come back as Structs. Nothing outside
this package opens SQLite.
"""

from lumilio.db.database import (
    Changes,
    Connection,
    DamagedDatabase,
    Database,
    Transaction,
    Value,
    Values,
)
from lumilio.db.migrations import NewerDatabase, migrate
from lumilio.db.values import EPOCH, from_microseconds, json_array, to_microseconds

__all__ = [
    "EPOCH",
    "Changes",
    "Connection",
    "DamagedDatabase",
    "Database",
    "NewerDatabase",
    "Transaction",
    "Value",
    "Values",
    "from_microseconds",
    "json_array",
    "migrate",
    "to_microseconds",
]
