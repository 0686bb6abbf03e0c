"""The trash: assets that people threw away, which come back as they were until they are deleted.

Whatever happens to a file, what a person put into the trash stays in it.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from lumilio.db import Connection, Transaction, json_array, to_microseconds
from lumilio.errors import Conflict, NotFound
from lumilio.library import assets, system_settings
from lumilio.library.assets import LISTED
from lumilio.library.context import Context

Obstacle = Literal["not_found", "forbidden", "being_deleted", "offline"]
Problem = Literal["changed", "no_bin", "not_removable"]

# As a condition on a row of assets.
BEING_DELETED = "assets.id IN (SELECT asset_id FROM deletions WHERE problem IS NULL)"
IN_TRASH = f"assets.deleted_reason = 'trashed' AND NOT {BEING_DELETED}"
# So many of those that stay are named.
_MOST_NAMED = 100


class NotDone(Struct):
    """An asset that was left as it is, and why."""

    asset_id: UUID
    reason: Annotated[
        Obstacle,
        Meta(
            description="not_found: there is none, or it is not where it would have to be;"
            " being_deleted: it is going for good; offline: its repository is not reachable."
        ),
    ]


class BulkOutcome(Struct):
    """What changed, which the inverse call takes back, and what could not be done."""

    asset_ids: list[UUID]
    not_done: list[NotDone]


class KeptAsset(Struct):
    """An asset that was to be deleted and stays in the trash."""

    asset_id: UUID
    original_filename: str
    problem: Annotated[
        Problem,
        Meta(
            description="changed: its file is not what the library knows; no_bin: its disk has no"
            " bin; not_removable: the system does not let its file be removed."
        ),
    ]


class TrashSummary(Struct):
    """What the caller's trash holds; all of the library's for administrators."""

    count: int
    bytes: Annotated[int, Meta(description="Of the original files.")]
    being_deleted: Annotated[int, Meta(description="Assets that are going for good just now.")]
    retention_days: Annotated[int, Meta(description="Days until things are deleted; 0 is never.")]
    kept: Annotated[
        list[KeptAsset], Meta(description="Assets that could not be deleted, 100 at most.")
    ]


class Candidate(Struct, frozen=True):
    """What matters of an asset that is to be moved."""

    key: int
    asset_id: bytes
    repository_key: int
    owner_id: int | None
    deleted_reason: str | None
    is_being_deleted: int


def put(ctx: Context, asset_id: UUID) -> None:
    """Move an asset to the trash; raises NotFound, also for what is there already, and Forbidden."""
    with ctx.db.write() as tx:
        key, owner_id = assets.require_active(ctx, tx, asset_id)
        ctx.require_control(owner_id)
        _mark(ctx, tx, [key])


def restore(ctx: Context, asset_id: UUID) -> None:
    """Bring an asset back; harmless for one that is not in the trash.

    Raises NotFound, Forbidden, and Conflict for one that is being deleted for good.
    """
    with ctx.db.write() as tx:
        found = next(iter(candidates(tx, [asset_id])), None)
        if found is None:
            raise NotFound("There is no such asset")
        ctx.require_sight(found.owner_id)
        ctx.require_control(found.owner_id)
        if found.is_being_deleted:
            raise Conflict("The asset is being deleted for good")
        _unmark(tx, [found.key])


def put_all(ctx: Context, asset_ids: Sequence[UUID]) -> BulkOutcome:
    """Move many assets to the trash at once."""
    with ctx.db.write() as tx:
        chosen, not_done = sorted_out(ctx, tx, asset_ids, where=None)
        _mark(ctx, tx, [found.key for found in chosen])
    return outcome(chosen, not_done)


def restore_all(ctx: Context, asset_ids: Sequence[UUID]) -> BulkOutcome:
    """Bring many assets back at once."""
    with ctx.db.write() as tx:
        chosen, not_done = sorted_out(ctx, tx, asset_ids, where="trashed")
        _unmark(tx, [found.key for found in chosen])
    return outcome(chosen, not_done)


def summary(ctx: Context) -> TrashSummary:
    """What the caller's trash holds."""
    scope, values = own(ctx)
    with ctx.db.read() as db:
        count, size = db.rows(
            lambda *row: row,
            f"SELECT count(*), COALESCE(sum(file_size), 0) FROM assets WHERE {IN_TRASH} AND {scope}",
            values,
        )[0]
        return TrashSummary(
            count,
            size,
            db.value(f"SELECT count(*) FROM assets WHERE {BEING_DELETED} AND {scope}", values),
            system_settings.read(db).trash_retention_days,
            _kept(db, scope, values),
        )


def own(ctx: Context) -> tuple[str, tuple[int | None, ...]]:
    """The condition on assets that the caller's trash is made of, and its values."""
    who = ctx.principal
    return (LISTED, ()) if who.is_admin else (f"{LISTED} AND owner_id = ?", (who.user_id,))


def candidates(db: Connection, asset_ids: Sequence[UUID]) -> list[Candidate]:
    """Those of these assets that there are."""
    wanted = json_array(asset_id.hex for asset_id in asset_ids)
    return db.rows(
        Candidate,
        f"SELECT {CANDIDATE} FROM assets"
        f" WHERE asset_id IN (SELECT unhex(value) FROM json_each(?)) AND {LISTED}",
        (wanted,),
    )


def sorted_out(
    ctx: Context, tx: Transaction, asset_ids: Sequence[UUID], *, where: str | None
) -> tuple[list[Candidate], list[NotDone]]:
    """Those the caller may move from where they have to be, and why not the others."""
    found = {candidate.asset_id: candidate for candidate in candidates(tx, asset_ids)}
    chosen: list[Candidate] = []
    not_done: list[NotDone] = []
    for asset_id in dict.fromkeys(asset_ids):
        candidate = found.get(asset_id.bytes)
        obstacle = _obstacle(ctx, candidate, where)
        if candidate is None or obstacle:
            not_done.append(NotDone(asset_id, obstacle or "not_found"))
        else:
            chosen.append(candidate)
    return chosen, not_done


def outcome(chosen: Sequence[Candidate], not_done: list[NotDone]) -> BulkOutcome:
    """What to answer."""
    return BulkOutcome([UUID(bytes=found.asset_id) for found in chosen], not_done)


CANDIDATE = f"id, asset_id, repository_id, owner_id, deleted_reason, {BEING_DELETED}"


def _obstacle(ctx: Context, found: Candidate | None, where: str | None) -> Obstacle | None:
    if found is None:
        return "not_found"
    if not ctx.principal.may_change(found.owner_id):
        return "forbidden"
    if found.is_being_deleted:
        return "being_deleted"
    return None if found.deleted_reason == where else "not_found"


def _mark(ctx: Context, tx: Transaction, keys: Sequence[int]) -> None:
    tx.run(
        "UPDATE assets SET deleted_at = ?, deleted_reason = 'trashed'"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (to_microseconds(ctx.now()), json_array(keys)),
    )


def _unmark(tx: Transaction, keys: Sequence[int]) -> None:
    wanted = (json_array(keys),)
    tx.run("DELETE FROM deletions WHERE asset_id IN (SELECT value FROM json_each(?))", wanted)
    # One whose file is missing comes back with its file.
    tx.run(
        "UPDATE assets SET deleted_at = NULL, deleted_reason = NULL"
        " WHERE id IN (SELECT value FROM json_each(?)) AND deleted_reason = 'trashed'",
        wanted,
    )


def _kept(db: Connection, scope: str, values: tuple[Any, ...]) -> list[KeptAsset]:
    return db.rows(
        lambda asset_id, name, problem: KeptAsset(UUID(bytes=asset_id), name, problem),
        "SELECT assets.asset_id, original_filename, problem FROM deletions"
        " JOIN assets ON assets.id = deletions.asset_id"
        f" WHERE problem IS NOT NULL AND {scope} ORDER BY begun_at, assets.id LIMIT {_MOST_NAMED}",
        values,
    )
