"""Stacks of assets over HTTP."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from lumilio.api.auth import Message
from lumilio.api.typed import Router
from lumilio.errors import Conflict, Forbidden, NotFound
from lumilio.library import stacks
from lumilio.library.context import Context
from lumilio.library.stack_previews import StackKind
from lumilio.library.stacks import MOST_MEMBERS, Stack, StackMember

api = Router("assets", "Photos, videos and recordings.", gate="first")

_FOUND = (NotFound, Forbidden)


class StackCreate(Struct, frozen=True):
    """Assets in the order of the stack, the cover first."""

    asset_ids: Annotated[list[UUID], Meta(min_length=2, max_length=MOST_MEMBERS)]


class StackRestore(Struct, frozen=True):
    """A stack as it was shown before."""

    stack_kind: StackKind
    members: Annotated[list[StackMember], Meta(min_length=2, max_length=MOST_MEMBERS)]


class StackLeave(Struct, frozen=True):
    """How much is taken out."""

    everything: Annotated[bool, Meta(description="Take the whole stack apart (our addition).")] = (
        False
    )


class AssetStack(Struct):
    """An asset and the stack that it is in."""

    asset_id: UUID
    stack: Stack


@api.post("/assets/stacks", role="user", errors=(*_FOUND, Conflict), status=201)
def create_stack(ctx: Context, body: StackCreate) -> Stack:
    """Group assets into a manual stack.

    They have one owner and lie in one repository.
    """
    return stacks.create(ctx, body.asset_ids)


@api.get("/assets/{id}/stack", role="user", errors=_FOUND)
def get_asset_stack(ctx: Context, id: UUID) -> AssetStack:
    """Show the stack an asset belongs to.

    Members in the trash are included.
    """
    return AssetStack(id, stacks.get(ctx, id))


@api.put("/assets/{id}/stack", role="user", errors=(*_FOUND, Conflict))
def restore_asset_stack(ctx: Context, id: UUID, body: StackRestore) -> AssetStack:
    """Put a stack back as it was, with what was taken out since."""
    return AssetStack(id, stacks.restore(ctx, id, body.stack_kind, body.members))


@api.delete("/assets/{id}/stack", role="user", errors=_FOUND)
def remove_asset_from_stack(ctx: Context, id: UUID, query: StackLeave) -> Message:
    """Take an asset out of its stack.

    A stack of one is none any more. What was taken out is not stacked by itself again.
    """
    stacks.leave(ctx, id, everything=query.everything)
    return Message("The asset stands for itself now")


@api.put("/assets/{id}/stack/cover", role="user", errors=_FOUND)
def set_stack_cover(ctx: Context, id: UUID) -> AssetStack:
    """Make an asset the cover of its stack."""
    return AssetStack(id, stacks.choose_cover(ctx, id))
