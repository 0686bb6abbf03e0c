"""Reading the audit log."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.db import from_microseconds, to_microseconds
from lumilio.library.audit import Action, Detail
from lumilio.library.context import Context
from lumilio.library.users import Instant


class AuditEvent(Struct, omit_defaults=True, kw_only=True):
    """Who did what to whose account, from where; names are those of then."""

    event_id: int
    occurred_at: Instant
    action: Action
    count: Annotated[int, Meta(ge=1, description="How often within a minute from then.")]
    actor_id: int | UnsetType = UNSET
    actor: Annotated[
        str | UnsetType, Meta(description="Absent when it is unknown, or the program itself.")
    ] = UNSET
    subject_id: int | UnsetType = UNSET
    subject: str | UnsetType = UNSET
    address: str
    user_agent: str
    details: dict[str, Detail]


class AuditFilter(Struct, frozen=True, kw_only=True):
    """Which events; `since` is included and `until` is not."""

    action: Action | None = None
    actor: int | None = None
    subject: int | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_events(
    ctx: Context, wanted: AuditFilter, limit: int, before: int | None
) -> list[AuditEvent]:
    """The latest events, the newest first; `before` is the id that the page before ended with."""
    with ctx.db.read() as db:
        return db.rows(
            _decode,
            "SELECT id, occurred_at, action, count, actor_id, actor, subject_id, subject, address,"
            " user_agent, details FROM audit_events"
            " WHERE (?1 IS NULL OR action = ?1) AND (?2 IS NULL OR actor_id = ?2)"
            " AND (?3 IS NULL OR subject_id = ?3) AND (?4 IS NULL OR occurred_at >= ?4)"
            " AND (?5 IS NULL OR occurred_at < ?5) AND (?6 IS NULL OR id < ?6)"
            " ORDER BY id DESC LIMIT ?7",
            (
                wanted.action,
                wanted.actor,
                wanted.subject,
                to_microseconds(wanted.since),
                to_microseconds(wanted.until),
                before,
                limit,
            ),
        )


def _decode(
    key: int,
    occurred_at: int,
    action: Action,
    count: int,
    actor_id: int | None,
    actor: str | None,
    subject_id: int | None,
    subject: str | None,
    address: str,
    user_agent: str,
    details: str,
) -> AuditEvent:
    return AuditEvent(
        event_id=key,
        occurred_at=from_microseconds(occurred_at),
        action=action,
        count=count,
        actor_id=UNSET if actor_id is None else actor_id,
        actor=UNSET if actor is None else actor,
        subject_id=UNSET if subject_id is None else subject_id,
        subject=UNSET if subject is None else subject,
        address=address,
        user_agent=user_agent,
        details=msgspec.json.decode(details, type=dict[str, Detail]),
    )
