"""The audit log: who may come in and what is deleted for good, in the transaction that changes it.

Details never hold secrets, nor what somebody typed as a name: people type passwords there.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

import msgspec

from lumilio.db import Transaction, to_microseconds
from lumilio.library.context import Context

Action = Literal[
    "access_reset",
    "assets_deleted",
    "invite_created",
    "invite_revoked",
    "login",
    "login_failed",
    "logout",
    "passkey_deleted",
    "passkey_enrolled",
    "passkey_renamed",
    "password_changed",
    "recovery_codes_regenerated",
    "refresh_token_reused",
    "sessions_revoked",
    "settings_updated",
    "totp_disabled",
    "totp_enabled",
    "user_created",
    "user_registered",
    "user_updated",
]
Detail = str | int | bool | list[str]

KEPT = timedelta(days=400)
# Whoever has many addresses could fill the log in spite of the sums.
MOST_FAILED_LOGINS = 10_000
_SUMMED_WITHIN = timedelta(minutes=1)


def record(
    ctx: Context,
    tx: Transaction,
    action: Action,
    details: Mapping[str, Detail] | None = None,
    *,
    actor_id: int | None = None,
    subject_id: int | None = None,
) -> None:
    """Record what the caller, or who turned out to be `actor_id`, did; `subject_id` is whom to."""
    tx.run(
        "INSERT INTO audit_events (occurred_at, action, actor_id, actor, subject_id, subject,"
        " address, user_agent, details)"
        " VALUES (?1, ?2, ?3, (SELECT username FROM users WHERE id = ?3),"
        " ?4, (SELECT username FROM users WHERE id = ?4), ?5, ?6, ?7)",
        (
            to_microseconds(ctx.now()),
            action,
            actor_id or ctx.principal.user_id,
            subject_id,
            ctx.caller.address,
            ctx.caller.user_agent,
            msgspec.json.encode(details or {}).decode(),
        ),
    )


def record_failed_login(ctx: Context, tx: Transaction, subject_id: int | None, method: str) -> None:
    """Record a refused sign-in at an account, None for a name that nobody has.

    Those from one address at one account within a minute are one event.
    """
    now = ctx.now()
    counted = tx.run(
        "UPDATE audit_events SET count = count + 1 WHERE id ="
        " (SELECT max(id) FROM audit_events WHERE occurred_at > ? AND action = 'login_failed'"
        " AND subject_id IS ? AND address = ? AND details ->> 'method' = ?)",
        (to_microseconds(now - _SUMMED_WITHIN), subject_id, ctx.caller.address, method),
    )
    if not counted:
        record(ctx, tx, "login_failed", {"method": method}, subject_id=subject_id)


def delete_outdated(ctx: Context) -> None:
    """Forget events older than KEPT, and refused sign-ins beyond the latest MOST_FAILED_LOGINS."""
    with ctx.db.write() as tx:
        tx.run(
            "DELETE FROM audit_events WHERE occurred_at < ?", (to_microseconds(ctx.now() - KEPT),)
        )
        tx.run(
            "DELETE FROM audit_events WHERE id IN (SELECT id FROM audit_events"
            " WHERE action = 'login_failed' ORDER BY id DESC LIMIT -1 OFFSET ?)",
            (MOST_FAILED_LOGINS,),
        )
