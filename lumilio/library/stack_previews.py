"""What an asset itself says of the stack that it is in."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

StackKind = Literal["raw_jpeg", "live_photo", "burst", "manual"]


class StackPreview(Struct, omit_defaults=True):
    """The stack of an asset; of its members those count that are in the trash, or not, as it is."""

    stack_id: UUID
    stack_kind: Annotated[StackKind, Meta(description="`burst` is our addition.")]
    stack_size: int
    stack_cover: Annotated[bool, Meta(description="Absent means false.")] = False


# For a row of assets: its StackPreview as JSON, or NULL.
COLUMN = (
    "(SELECT json_object('stack_id', lower(hex(stacks.stack_id)), 'stack_kind', kind,"
    " 'stack_cover', json(IIF(assets.stack_cover_id IS NULL, 'true', 'false')),"
    " 'stack_size', (SELECT count(*) FROM stack_members AS other"
    " JOIN assets AS sibling ON sibling.id = other.asset_id WHERE other.stack_id = stacks.id"
    " AND (sibling.deleted_at IS NULL) = (assets.deleted_at IS NULL)))"
    " FROM stack_members JOIN stacks ON stacks.id = stack_members.stack_id"
    " WHERE stack_members.asset_id = assets.id)"
)


def decode(text: str) -> StackPreview:
    """What COLUMN says of an asset in a stack."""
    return msgspec.json.decode(text, type=StackPreview)
