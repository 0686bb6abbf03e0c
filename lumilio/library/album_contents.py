"""Many assets in and out of an album at once, each way in one transaction."""

from uuid import UUID

from msgspec import Struct

from lumilio.db import Transaction, json_array, to_microseconds
from lumilio.library import albums
from lumilio.library.assets import LISTED
from lumilio.library.context import Context


class AlbumAdditions(Struct, kw_only=True):
    """What became of each asset that was to go into an album, in the order they were named."""

    added: list[UUID]
    present: list[UUID]
    refused: list[UUID]


def add_all(ctx: Context, album_id: int, asset_ids: list[UUID]) -> AlbumAdditions:
    """Put assets into an album after those that are in it, in the order they are named.

    Refused is what is not there, in the trash, or of another owner than the album, which only
    administrators may mix. Raises NotFound and Forbidden for the album.
    """
    wanted = list(dict.fromkeys(asset_ids))
    now = to_microseconds(ctx.now())
    with ctx.db.write() as tx:
        owner_id = albums.require(ctx, tx, album_id)
        eligible = _eligible(ctx, tx, wanted, owner_id)
        present = _present(tx, album_id, wanted)
        added = [it for it, key in eligible.items() if key not in present]
        # A microsecond apart, as those without a position stand in the order they came.
        tx.run_many(
            "INSERT INTO album_assets (album_id, asset_id, added_time) VALUES (?, ?, ?)",
            [(album_id, eligible[it], now + place) for place, it in enumerate(added)],
        )
        if added:
            albums.touch(ctx, tx, album_id)
    return AlbumAdditions(
        added=added,
        present=[it for it, key in eligible.items() if key in present],
        refused=[it for it in wanted if it not in eligible],
    )


def remove_all(ctx: Context, album_id: int, asset_ids: list[UUID]) -> int:
    """Take assets out of an album, also those in the trash; how many were in it.

    Raises NotFound and Forbidden.
    """
    with ctx.db.write() as tx:
        albums.require(ctx, tx, album_id)
        removed = tx.run(
            "DELETE FROM album_assets WHERE album_id = ?"
            f" AND asset_id IN (SELECT assets.id FROM {_CHOSEN})",
            (album_id, _named(asset_ids)),
        )
        if removed:
            albums.touch(ctx, tx, album_id)
    return removed


_CHOSEN = "json_each(?) AS wanted JOIN assets ON assets.asset_id = unhex(wanted.value)"


def _eligible(ctx: Context, tx: Transaction, wanted: list[UUID], owner_id: int) -> dict[UUID, int]:
    """The keys of those that may be in an album of this owner, in the order they are named."""
    return dict(
        tx.rows(
            lambda asset_id, key: (UUID(bytes=asset_id), key),
            f"SELECT assets.asset_id, assets.id FROM {_CHOSEN}"
            f" WHERE deleted_at IS NULL AND {LISTED} AND (? OR assets.owner_id = ?)"
            " ORDER BY wanted.key",
            (_named(wanted), ctx.principal.is_admin, owner_id),
        )
    )


def _present(tx: Transaction, album_id: int, wanted: list[UUID]) -> set[int]:
    """The keys of those that are in the album."""
    return set(
        tx.rows(
            lambda key: key,
            "SELECT asset_id FROM album_assets WHERE album_id = ?"
            f" AND asset_id IN (SELECT assets.id FROM {_CHOSEN})",
            (album_id, _named(wanted)),
        )
    )


def _named(asset_ids: list[UUID]) -> str:
    return json_array(asset_id.hex for asset_id in asset_ids)
