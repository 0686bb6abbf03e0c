"""The audit log over HTTP, for administrators."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from lumilio.api.parameters import OutOfRange
from lumilio.api.typed import Router
from lumilio.library import audit_events
from lumilio.library.audit import Action
from lumilio.library.audit_events import AuditEvent, AuditFilter
from lumilio.library.context import Context
from lumilio.library.users import Instant

api = Router("audit", "Who came in, and who changed who may.")

Key = Annotated[int, Meta(ge=1, le=2**63 - 1)]


class ListAuditEvents(Struct, frozen=True):
    """Which events to list."""

    action: Action | None = None
    actor: Annotated[Key | None, Meta(description="Account that did it.")] = None
    subject: Annotated[Key | None, Meta(description="Account that it was done to.")] = None
    since: Annotated[Instant | None, Meta(description="Not before this.")] = msgspec.field(
        name="from", default=None
    )
    until: Annotated[Instant | None, Meta(description="Before this.")] = msgspec.field(
        name="to", default=None
    )
    limit: Annotated[int, Meta(ge=1, le=200), OutOfRange("default", "clamp", "default")] = 50
    before: Annotated[Key | None, Meta(description="Id of the last event of the page before.")] = (
        None
    )


class AuditPage(Struct):
    """One page of events, the newest first."""

    events: list[AuditEvent]
    has_more: bool


@api.get("/admin/audit", role="admin")
def list_audit_events(ctx: Context, query: ListAuditEvents) -> AuditPage:
    """List sign-ins, and changes of accounts and settings."""
    wanted = AuditFilter(
        action=query.action,
        actor=query.actor,
        subject=query.subject,
        since=query.since,
        until=query.until,
    )
    found = audit_events.list_events(ctx, wanted, query.limit + 1, query.before)
    return AuditPage(found[: query.limit], has_more=len(found) > query.limit)
