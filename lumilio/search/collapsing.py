"""Stacks on a page of the library: one row each, by the cover, as soon as one member is found."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.db import Connection, Value, json_array
from lumilio.library.assets import Asset
from lumilio.library.stack_previews import StackKind


class Selection(Struct, frozen=True):
    """A condition over `assets`, as SQL and its values."""

    where: str
    values: tuple[Value, ...]


class BrowseStack(Struct, kw_only=True):
    """A stack as a row of a page."""

    stack_id: UUID
    stack_kind: Annotated[StackKind, Meta(description="`burst` is our addition.")]
    cover_asset_id: Annotated[
        UUID, Meta(description="Lowest position; it may lie outside the filter.")
    ]
    cover_asset: Asset
    stack_size: Annotated[int, Meta(ge=1, description="Number of member_asset_ids.")]
    member_asset_ids: Annotated[list[UUID], Meta(description="Cover first.")]
    matched_member_ids: Annotated[list[UUID], Meta(description="Members that satisfy the filter.")]


class BrowseItem(Struct, omit_defaults=True):
    """A row of a page: an asset, or a whole stack."""

    type: Literal["asset", "stack"]
    id: Annotated[str, Meta(pattern="^(asset|stack):[0-9a-f-]{36}$")]
    asset: Asset | UnsetType = UNSET
    stack: BrowseStack | UnsetType = UNSET


def covers_of_others(db: Connection, chosen: Selection) -> list[int]:
    """Keys of covers that are not chosen themselves, but stand for a member that is."""
    return db.rows(
        int,
        "WITH stand_ins AS MATERIALIZED (SELECT DISTINCT stack_cover_id AS key"
        " FROM assets INDEXED BY assets_behind_covers"
        f" WHERE stack_cover_id IS NOT NULL AND {chosen.where})"
        " SELECT key FROM stand_ins WHERE key NOT IN (SELECT assets.id FROM assets"
        f" WHERE assets.id IN (SELECT key FROM stand_ins) AND {chosen.where})",
        (*chosen.values, *chosen.values),
    )


def rows(db: Connection, chosen: Selection, shown: Sequence[Asset]) -> list[BrowseItem]:
    """The assets of a page as its rows: those in a stack are its cover."""
    members = _members(db, chosen, [asset.asset_id for asset in shown if asset.stack])
    return [
        BrowseItem("asset", f"asset:{asset.asset_id}", asset)
        if asset.stack is UNSET
        else _row(asset, members[asset.stack.stack_id])
        for asset in shown
    ]


def _row(cover: Asset, members: Sequence[tuple[UUID, bool]]) -> BrowseItem:
    assert cover.stack is not UNSET
    stack = BrowseStack(
        stack_id=cover.stack.stack_id,
        stack_kind=cover.stack.stack_kind,
        cover_asset_id=cover.asset_id,
        cover_asset=cover,
        stack_size=len(members),
        member_asset_ids=[asset_id for asset_id, _ in members],
        matched_member_ids=[asset_id for asset_id, is_match in members if is_match],
    )
    return BrowseItem("stack", f"stack:{stack.stack_id}", stack=stack)


def _members(
    db: Connection, chosen: Selection, covers: Sequence[UUID]
) -> dict[UUID, list[tuple[UUID, bool]]]:
    """The members of the stacks of covers in their order, with whether they are chosen."""
    found: dict[UUID, list[tuple[UUID, bool]]] = defaultdict(list)
    if covers:
        for stack_id, asset_id, is_match in db.rows(
            lambda *row: row,
            f"SELECT stacks.stack_id, assets.asset_id, ({chosen.where}) FROM json_each(?) AS wanted"
            " JOIN assets AS cover ON cover.asset_id = unhex(wanted.value)"
            " JOIN stack_members AS place ON place.asset_id = cover.id"
            " JOIN stacks ON stacks.id = place.stack_id"
            " JOIN stack_members AS part ON part.stack_id = stacks.id"
            " JOIN assets ON assets.id = part.asset_id"
            " AND (assets.deleted_at IS NULL) = (cover.deleted_at IS NULL)"
            " ORDER BY part.position, assets.asset_id",
            (*chosen.values, json_array(cover.hex for cover in covers)),
        ):
            found[UUID(bytes=stack_id)].append((UUID(bytes=asset_id), bool(is_match)))
    return found
