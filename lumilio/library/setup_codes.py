"""The code that lets another machine create the very first account.

Whoever reaches the port first would become administrator otherwise.
"""

from lumilio.db import Connection, Transaction
from lumilio.library import codes, users
from lumilio.library.context import Context

_PURPOSE = "setup code"


def renew(ctx: Context) -> str | None:
    """A new code in place of the last one; None once there is an account, which needs none."""
    code = codes.make()
    with ctx.db.write() as tx:
        if users.exist(tx):
            return None
        tx.run(
            "INSERT OR REPLACE INTO setup_code (id, code_hash) VALUES (1, ?)",
            (codes.hash_of(ctx, _PURPOSE, code),),
        )
    return code


def is_right(ctx: Context, db: Connection, code: str) -> bool:
    """Whether this is the code."""
    code_hash = codes.hash_of(ctx, _PURPOSE, code)
    return bool(db.value("SELECT 1 FROM setup_code WHERE code_hash = ?", (code_hash,)))


def void(tx: Transaction) -> None:
    """Let the code open nothing any more."""
    tx.run("DELETE FROM setup_code")
