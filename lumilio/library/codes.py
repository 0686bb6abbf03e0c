"""Codes that people type: eight symbols that do not look alike, and their keyed hashes."""

import secrets

from lumilio.library.context import Context

# Without I and O, 0 and 1, which look alike on paper.
_SYMBOLS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def make() -> str:
    """A random code of forty bits, such as `K7QF-2MXB`."""
    symbols = "".join(secrets.choice(_SYMBOLS) for _ in range(8))
    return f"{symbols[:4]}-{symbols[4:]}"


def hash_of(ctx: Context, purpose: str, code: str) -> bytes:
    """What is stored of a code, however it is written."""
    # Forty bits can be guessed by whoever steals the database, unless the hash needs a key.
    symbols = "".join(symbol for symbol in code.upper() if symbol in _SYMBOLS)
    return ctx.keys.digest(purpose, symbols.encode())
