"""Questions that take one right answer: second factors at sign-in, set-ups, passkey ceremonies.

A token names a row, so that what was answered cannot be answered again, and a handful of wrong
answers ends the question.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Any, Literal

import msgspec
from msgspec import Struct

from lumilio.db import Connection, Transaction, to_microseconds
from lumilio.library.context import Context

Purpose = Literal["sign-in", "totp set-up", "passkey enrollment", "passkey sign-in"]

MOST_WRONG_ANSWERS = 5


class Challenge(Struct, frozen=True):
    """An open question, and the account it was put to, if to one."""

    token_hash: bytes
    user_id: int | None
    payload: str

    def read(self, payload_type: type[Any]) -> Any:
        """The payload as the Struct it was written from."""
        return msgspec.json.decode(self.payload, type=payload_type)


def put(
    ctx: Context, purpose: Purpose, user_id: int | None, payload: Struct, lifetime: timedelta
) -> str:
    """Put a question; returns the token that its answer has to bring."""
    token = secrets.token_urlsafe(32)
    now = ctx.now()
    with ctx.db.write() as tx:
        tx.run("DELETE FROM challenges WHERE expires_at <= ?", (to_microseconds(now),))
        tx.run(
            "INSERT INTO challenges (token_hash, purpose, user_id, payload, expires_at)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                _hash(token),
                purpose,
                user_id,
                msgspec.json.encode(payload).decode(),
                to_microseconds(now + lifetime),
            ),
        )
    return token


def find(ctx: Context, db: Connection, purpose: Purpose, token: str) -> Challenge | None:
    """The open question that a token names."""
    return db.row(
        Challenge,
        "SELECT token_hash, user_id, payload FROM challenges"
        " WHERE token_hash = ? AND purpose = ? AND expires_at > ?",
        (_hash(token), purpose, to_microseconds(ctx.now())),
    )


def close(tx: Transaction, challenge: Challenge) -> None:
    """Take the question back: it has been answered."""
    tx.run("DELETE FROM challenges WHERE token_hash = ?", (challenge.token_hash,))


def note_wrong_answer(tx: Transaction, challenge: Challenge) -> None:
    """Count a wrong answer; after MOST_WRONG_ANSWERS the question is closed."""
    tx.run(
        "UPDATE challenges SET wrong_answers = wrong_answers + 1 WHERE token_hash = ?",
        (challenge.token_hash,),
    )
    tx.run(
        "DELETE FROM challenges WHERE token_hash = ? AND wrong_answers >= ?",
        (challenge.token_hash, MOST_WRONG_ANSWERS),
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
