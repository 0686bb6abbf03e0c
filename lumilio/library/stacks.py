"""Stacks: several assets that lists show as one, by their cover.

An asset is in one stack at most, and a stack has two members at least. Who stands behind which cover
is noted at the assets by triggers of the database, whoever trashes, restores or deletes.
"""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID, uuid4

from msgspec import Meta, Struct

from lumilio.db import Connection, Transaction, json_array
from lumilio.errors import BadRequest, Conflict, NotFound
from lumilio.library import assets
from lumilio.library.context import Context
from lumilio.library.stack_previews import StackKind

Relation = Literal[
    "raw_original",
    "jpeg_original",
    "edited_version",
    "alternative",
    "live_photo_still",
    "live_photo_video",
]
# More are no stack anybody looks through.
MOST_MEMBERS = 1000


class StackMember(Struct, frozen=True):
    """An asset in a stack."""

    asset_id: UUID
    position: Annotated[int, Meta(ge=0, le=2**31 - 1, description="Lowest is the cover.")]
    relation: Relation


class Stack(Struct):
    """Assets that lists show as one."""

    stack_id: UUID
    stack_kind: Annotated[StackKind, Meta(description="`burst` is our addition.")]
    member_count: int
    members: list[StackMember]


class Member(Struct, frozen=True):
    """An asset's part in a stack, by its integer key."""

    key: int
    relation: Relation
    is_chosen_cover: bool = False


class StoredStack(Struct, frozen=True):
    """A stack with all its members, the cover first."""

    key: int
    kind: StackKind
    members: tuple[Member, ...]

    @property
    def keys(self) -> frozenset[int]:
        """The keys of the members."""
        return frozenset(member.key for member in self.members)


def get(ctx: Context, asset_id: UUID) -> Stack:
    """The stack of an asset, with members in the trash; raises NotFound and Forbidden."""
    key = assets.require(ctx, asset_id).key
    with ctx.db.read() as db:
        stored = of_asset(db, key)
        if stored is None:
            raise NotFound("This asset is in no stack")
        return _public(db, stored)


def create(ctx: Context, asset_ids: Sequence[UUID]) -> Stack:
    """Stack assets in this order.

    Raises BadRequest, NotFound, also for the trash, Forbidden, and Conflict for one that is in a
    stack already.
    """
    with ctx.db.write() as tx:
        keys = _require_own(ctx, tx, asset_ids)
        if of_assets(tx, keys):
            raise Conflict("One of these assets is in a stack already")
        return _public(tx, write(tx, None, "manual", [Member(key, "alternative") for key in keys]))


def restore(ctx: Context, asset_id: UUID, kind: StackKind, members: Sequence[StackMember]) -> Stack:
    """Put a stack back as it was, with what was taken out of it since.

    Errors as in `create`, but for the trash; Conflict for a stack that has other members now.
    """
    ordered = sorted(members, key=lambda member: member.position)
    if asset_id not in {member.asset_id for member in ordered}:
        raise BadRequest("The asset is not among the members")
    with ctx.db.write() as tx:
        asset_ids = [member.asset_id for member in ordered]
        keys = _require_own(ctx, tx, asset_ids, even_trashed=True)
        present = of_assets(tx, keys)
        if len(present) > 1 or any(not stack.keys <= set(keys) for stack in present):
            raise Conflict("Some of these assets are in another stack now")
        parts = [Member(key, member.relation) for key, member in zip(keys, ordered, strict=True)]
        return _public(tx, write(tx, present[0].key if present else None, kind, parts))


def choose_cover(ctx: Context, asset_id: UUID) -> Stack:
    """Make an asset the cover of its stack; raises NotFound, also for the trash, and Forbidden."""
    with ctx.db.write() as tx:
        (key,) = _require_own(ctx, tx, [asset_id])
        stored = of_asset(tx, key)
        if stored is None:
            raise NotFound("This asset is in no stack")
        chosen = [Member(key, m.relation, True) for m in stored.members if m.key == key]
        others = [Member(m.key, m.relation) for m in stored.members if m.key != key]
        return _public(tx, write(tx, stored.key, stored.kind, [*chosen, *others]))


def leave(ctx: Context, asset_id: UUID, *, everything: bool) -> None:
    """Take an asset, or everything, out of its stack; detection leaves it alone from now on.

    Raises NotFound, also for the trash, and Forbidden.
    """
    with ctx.db.write() as tx:
        (key,) = _require_own(ctx, tx, [asset_id])
        stored = of_asset(tx, key)
        if stored is None:
            return
        gone = sorted(stored.keys) if everything else [key]
        tx.run_many(
            "INSERT OR IGNORE INTO unstacked_assets (asset_id) VALUES (?)", [(it,) for it in gone]
        )
        if everything:
            tx.run("DELETE FROM stacks WHERE id = ?", (stored.key,))
        else:
            tx.run("DELETE FROM stack_members WHERE asset_id = ?", (key,))


def of_asset(db: Connection, key: int) -> StoredStack | None:
    """The stack of an asset, None for one that is in none."""
    return next(iter(of_assets(db, [key])), None)


def of_assets(db: Connection, keys: Sequence[int]) -> list[StoredStack]:
    """The stacks that have any of these assets, the oldest first."""
    rows = db.rows(
        lambda stack, kind, key, relation, chosen: (
            (stack, kind),
            Member(key, relation, bool(chosen)),
        ),
        "SELECT stacks.id, kind, assets.id, relation, is_chosen_cover FROM stacks"
        " JOIN stack_members ON stack_members.stack_id = stacks.id"
        " JOIN assets ON assets.id = stack_members.asset_id"
        " WHERE stacks.id IN (SELECT stack_id FROM stack_members"
        " WHERE stack_members.asset_id IN (SELECT value FROM json_each(?)))"
        " ORDER BY stacks.id, position, assets.asset_id",
        (json_array(keys),),
    )
    found: dict[tuple[int, StackKind], list[Member]] = {}
    for stack, member in rows:
        found.setdefault(stack, []).append(member)
    return [StoredStack(*stack, tuple(members)) for stack, members in found.items()]


def write(
    tx: Transaction, key: int | None, kind: StackKind, members: Sequence[Member]
) -> StoredStack:
    """Let a stack, or a new one, have exactly these members in this order."""
    if key is None:
        key = tx.insert("INSERT INTO stacks (stack_id, kind) VALUES (?, ?)", (uuid4().bytes, kind))
    tx.run_many(
        "INSERT INTO stack_members (asset_id, stack_id, position, relation, is_chosen_cover)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (asset_id) DO UPDATE SET stack_id = excluded.stack_id,"
        " position = excluded.position, relation = excluded.relation,"
        " is_chosen_cover = excluded.is_chosen_cover",
        [
            (member.key, key, position, member.relation, int(member.is_chosen_cover))
            for position, member in enumerate(members)
        ],
    )
    wanted = json_array(member.key for member in members)
    tx.run(
        "DELETE FROM stack_members WHERE stack_id = ?"
        " AND asset_id NOT IN (SELECT value FROM json_each(?))",
        (key, wanted),
    )
    tx.run(
        "DELETE FROM unstacked_assets WHERE asset_id IN (SELECT value FROM json_each(?))", (wanted,)
    )
    tx.run("UPDATE stacks SET kind = ? WHERE id = ?", (kind, key))
    return StoredStack(key, kind, tuple(members))


def _require_own(
    ctx: Context, tx: Transaction, asset_ids: Sequence[UUID], *, even_trashed: bool = False
) -> list[int]:
    """Keys of assets that may be in one stack; errors as in `create`."""
    found = [
        assets.require_active(ctx, tx, asset_id, even_trashed=even_trashed)
        for asset_id in asset_ids
    ]
    for _, owner_id in found:
        ctx.require_control(owner_id)
    keys = [key for key, _ in found]
    if len(set(keys)) < len(keys):
        raise BadRequest("An asset is named twice")
    homes = tx.value(
        "SELECT count(DISTINCT repository_id) FROM assets"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (json_array(keys),),
    )
    if homes > 1 or len({owner_id for _, owner_id in found}) > 1:
        raise BadRequest("The assets of a stack have one owner and lie in one repository")
    return keys


def _public(db: Connection, stored: StoredStack) -> Stack:
    members = db.rows(
        lambda asset_id, position, relation: StackMember(UUID(bytes=asset_id), position, relation),
        "SELECT assets.asset_id, position, relation FROM stack_members"
        " JOIN assets ON assets.id = stack_members.asset_id WHERE stack_id = ?"
        " ORDER BY position, assets.asset_id",
        (stored.key,),
    )
    stack_id = db.value("SELECT stack_id FROM stacks WHERE id = ?", (stored.key,))
    return Stack(UUID(bytes=stack_id), stored.kind, len(members), members)
