"""Attempts at secrets are counted, and too many of them close the door for a while.

The counts are rows, so that a restart opens nothing. Every attempt counts before it is looked at,
so that a burst of them gets no further than its limit; only what turned out wrong stays counted.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from msgspec import Struct

from lumilio.db import Transaction, from_microseconds, to_microseconds
from lumilio.errors import TooManyAttempts, Unauthorized
from lumilio.library.context import Context

_FORGET_AFTER = timedelta(days=1)


class Limit(Struct, frozen=True):
    """So many attempts within `window`; one more closes the door for `lockout`."""

    attempts: int
    window: timedelta
    lockout: timedelta


# A household shares one address; an account has one owner.
BY_ADDRESS = Limit(60, timedelta(minutes=1), timedelta(minutes=5))
BY_ACCOUNT = Limit(8, timedelta(minutes=1), timedelta(minutes=5))
NEW_BY_ADDRESS = Limit(20, timedelta(hours=1), timedelta(hours=1))


@contextmanager
def attempt(ctx: Context, scope: str, *, account: str = "") -> Iterator[None]:
    """Count an attempt by the caller's address at an account, unless it turns out not to be Unauthorized.

    Raises TooManyAttempts.
    """
    subjects = {_subject(ctx, scope, "address", ctx.caller.address): BY_ADDRESS}
    if account:
        subjects[_subject(ctx, scope, "account", account)] = BY_ACCOUNT
    _begin(ctx, subjects)
    is_wrong = False
    try:
        yield
    except Unauthorized:
        is_wrong = True
        raise
    finally:
        if not is_wrong:
            _take_back(ctx, subjects)


def count(ctx: Context, scope: str) -> None:
    """Count what the caller's address may do only so often even when nothing about it is wrong.

    Raises TooManyAttempts.
    """
    _begin(ctx, {_subject(ctx, scope, "address", ctx.caller.address): NEW_BY_ADDRESS})


def forget_old(ctx: Context) -> None:
    """Drop counts that matter no more."""
    before = to_microseconds(ctx.now() - _FORGET_AFTER)
    with ctx.db.write() as tx:
        tx.run("DELETE FROM attempts WHERE window_began_at < ?", (before,))


def _begin(ctx: Context, subjects: Mapping[bytes, Limit]) -> None:
    with ctx.db.write(durable=False) as tx:
        waits = [_count(tx, subject, limit, ctx.now()) for subject, limit in subjects.items()]
    if any(waits):
        raise TooManyAttempts(-(-max(waits) // timedelta(seconds=1)))


def _subject(ctx: Context, *parts: str) -> bytes:
    # People type passwords into the field of the name; what is stored must not show them.
    return ctx.keys.digest("throttling", "\0".join(parts).encode())


def _take_back(ctx: Context, subjects: Iterable[bytes]) -> None:
    with ctx.db.write(durable=False) as tx:
        tx.run_many(
            "UPDATE attempts SET count = count - 1 WHERE subject = ? AND count > 0",
            [(subject,) for subject in subjects],
        )


def _count(tx: Transaction, subject: bytes, limit: Limit, now: datetime) -> timedelta:
    """Count one more attempt; returns how long the door stays closed."""
    began_at, count, blocked_until = tx.row(
        lambda began_at, count, until: (
            from_microseconds(began_at),
            count,
            None if until is None else from_microseconds(until),
        ),
        "SELECT window_began_at, count, blocked_until FROM attempts WHERE subject = ?",
        (subject,),
    ) or (now, 0, None)
    # A clock that was set back must not close the door for longer than a lockout.
    if blocked_until is not None and now < blocked_until <= now + limit.lockout:
        return blocked_until - now
    if blocked_until is not None or not began_at <= now < began_at + limit.window:
        began_at, count = now, 0
    count += 1
    blocked_until = now + limit.lockout if count > limit.attempts else None
    tx.run(
        "INSERT OR REPLACE INTO attempts (subject, count, window_began_at, blocked_until)"
        " VALUES (?, ?, ?, ?)",
        (subject, count, to_microseconds(began_at), to_microseconds(blocked_until)),
    )
    return limit.lockout if blocked_until else timedelta()
