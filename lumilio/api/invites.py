"""Invitations over HTTP, for administrators."""

from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from lumilio.api.auth import Message
from lumilio.api.typed import Router
from lumilio.errors import Conflict, NotFound
from lumilio.library import invites
from lumilio.library.context import Context
from lumilio.library.invites import Invite

api = Router("invites", "Invitations to create an account.", gate="after_role")

InviteId = Annotated[int, Meta(ge=1, le=2**63 - 1)]


class InviteRequest(Struct, frozen=True):
    """What a new invitation says and how long its link works."""

    note: Annotated[str, Meta(max_length=200, description="For administrators alone.")] = ""
    expires_in_days: Annotated[int, Meta(ge=1, le=365)] = 7


class IssuedInvite(Struct):
    """A new invitation with its token, which is told only now."""

    invite: Invite
    invite_token: str


class InviteList(Struct):
    """All invitations, the newest first."""

    invites: list[Invite]


@api.post("/invites", role="admin", errors=(Conflict,))
def create_invite(ctx: Context, body: InviteRequest) -> IssuedInvite:
    """Make a link with which one account can be created."""
    invite, token = invites.create(ctx, body.note, timedelta(days=body.expires_in_days))
    return IssuedInvite(invite, token)


@api.get("/invites", role="admin")
def list_invites(ctx: Context) -> InviteList:
    """List invitations: open, used and expired."""
    return InviteList(invites.list_all(ctx))


@api.delete("/invites/{id}", role="admin", errors=(NotFound,))
def revoke_invite(ctx: Context, id: InviteId) -> Message:
    """Remove an invitation; its link opens nothing any more."""
    invites.revoke(ctx, id)
    return Message("The invitation is withdrawn")
