"""Albums: a person's choice of assets, in an order of their own."""

from functools import partial
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.db import Connection, Transaction, from_microseconds, json_array, to_microseconds
from lumilio.errors import BadRequest, Forbidden, NotFound
from lumilio.library import assets
from lumilio.library.assets import LISTED, Asset
from lumilio.library.context import Context
from lumilio.library.users import Instant

AlbumType = Literal["default", "bio"]

_LONGEST_NAME = 100


class Album(Struct, omit_defaults=True, kw_only=True):
    """One album; counts and covers leave the trash out."""

    album_id: int
    user_id: int
    album_name: str
    created_at: Instant
    updated_at: Instant
    description: str | None
    cover_asset_id: Annotated[UUID | None, Meta(description="Chosen cover.")]
    album_type: AlbumType
    asset_count: Annotated[int, Meta(ge=0, description="Assets not in the trash.")]
    display_cover_asset_id: Annotated[
        UUID | UnsetType,
        Meta(description="Chosen cover, else the first asset; absent in an empty album."),
    ] = UNSET


class AssetAlbum(Album, omit_defaults=True, kw_only=True):
    """An album with an asset's place in it."""

    position: int | UnsetType = UNSET
    added_time: Instant | UnsetType = UNSET


class AlbumAsset(Asset, omit_defaults=True, kw_only=True):
    """An asset with its place in an album."""

    position: int | UnsetType = UNSET
    added_time: Instant | UnsetType = UNSET


class AlbumChange(Struct, frozen=True, kw_only=True):
    """New values for an album; None keeps what is, an empty description clears."""

    album_name: str | None = None
    description: str | None = None
    cover_asset_id: UUID | None = None
    album_type: AlbumType | None = None
    clear_cover: bool = False


def create(ctx: Context, wanted: AlbumChange) -> Album:
    """A new album of the caller's; raises BadRequest for a blank or long name or a wrong cover."""
    now = to_microseconds(ctx.now())
    with ctx.db.write() as tx:
        columns = {"album_name": _name(wanted.album_name or "")} | _columns(ctx, tx, wanted)
        columns |= {"user_id": ctx.principal.user_id, "created_at": now, "updated_at": now}
        album_id = tx.insert(
            f"INSERT INTO albums ({', '.join(columns)})"
            f" VALUES ({', '.join(f':{name}' for name in columns)})",
            columns,
        )
        return _one(tx, album_id)


def list_own(
    ctx: Context, limit: int, offset: int, repository_id: UUID | None
) -> tuple[list[Album], int]:
    """A page of the caller's albums, the newest first, and how many there are in all.

    With a repository only those with an asset or the cover in it, and what they hold there.
    """
    with ctx.db.read() as db:
        scope = _scope(db, repository_id)
        values = {"user": ctx.principal.user_id, "scope": scope}
        condition = "albums.user_id = :user"
        if scope is not None:
            condition += (
                f" AND (EXISTS (SELECT 1 FROM {_MEMBERS}) OR EXISTS (SELECT 1 FROM {_COVER}))"
            )
        total = int(db.value(f"SELECT count(*) FROM albums WHERE {condition}", values))
        page = db.rows(
            partial(_decode, kind=Album),
            f"SELECT {_COLUMNS} FROM albums WHERE {condition}"
            " ORDER BY created_at DESC, id DESC LIMIT :limit OFFSET :offset",
            values | {"limit": limit, "offset": offset},
        )
    return page, total


def get(ctx: Context, album_id: int, repository_id: UUID | None) -> Album:
    """One album; raises NotFound and Forbidden."""
    with ctx.db.read() as db:
        require(ctx, db, album_id)
        return _one(db, album_id, _scope(db, repository_id))


def change(ctx: Context, album_id: int, wanted: AlbumChange) -> Album:
    """Change an album; raises NotFound, Forbidden and BadRequest."""
    with ctx.db.write() as tx:
        require(ctx, tx, album_id)
        columns = _columns(ctx, tx, wanted) | {"updated_at": to_microseconds(ctx.now())}
        tx.run(
            f"UPDATE albums SET {', '.join(f'{name} = :{name}' for name in columns)}"
            " WHERE id = :id",
            columns | {"id": album_id},
        )
        return _one(tx, album_id)


def delete(ctx: Context, album_id: int) -> None:
    """Delete an album, whose assets stay; raises NotFound and Forbidden."""
    with ctx.db.write() as tx:
        require(ctx, tx, album_id)
        tx.run("DELETE FROM albums WHERE id = ?", (album_id,))


def members(ctx: Context, album_id: int, repository_id: UUID | None) -> list[AlbumAsset]:
    """All assets of an album in their order; raises NotFound and Forbidden."""
    with ctx.db.read() as db:
        require(ctx, db, album_id)
        return db.rows(
            _decode_member,
            f"SELECT album_assets.position, album_assets.added_time, {assets.COLUMNS}"
            " FROM album_assets JOIN assets ON assets.id = album_assets.asset_id"
            " JOIN repositories ON repositories.id = assets.repository_id"
            f" WHERE album_assets.album_id = :album AND {_IN_SCOPE} ORDER BY {_ORDER}",
            {"album": album_id, "scope": _scope(db, repository_id)},
        )


def add(ctx: Context, album_id: int, asset_id: UUID, position: int | None = None) -> None:
    """Put an asset into an album; one that is in it already stays where it is.

    Raises NotFound, also for the trash, and Forbidden, also when the two have different owners.
    """
    with ctx.db.write() as tx:
        owner_id = require(ctx, tx, album_id)
        key, asset_owner_id = assets.require_active(ctx, tx, asset_id)
        if asset_owner_id != owner_id and not ctx.principal.is_admin:
            raise Forbidden("Asset and album must belong to the same user")
        tx.run(
            "INSERT OR IGNORE INTO album_assets (album_id, asset_id, position, added_time)"
            " VALUES (?, ?, ?, ?)",
            (album_id, key, position, to_microseconds(ctx.now())),
        )
        touch(ctx, tx, album_id)


def remove(ctx: Context, album_id: int, asset_id: UUID) -> None:
    """Take an asset out of an album, also one in the trash; raises NotFound and Forbidden."""
    with ctx.db.write() as tx:
        require(ctx, tx, album_id)
        tx.run(
            "DELETE FROM album_assets WHERE album_id = ?"
            " AND asset_id = (SELECT id FROM assets WHERE asset_id = ?)",
            (album_id, asset_id.bytes),
        )
        touch(ctx, tx, album_id)


def move(ctx: Context, album_id: int, asset_id: UUID, position: int) -> None:
    """Give an asset another place in an album; raises NotFound and Forbidden."""
    with ctx.db.write() as tx:
        require(ctx, tx, album_id)
        moved = tx.run(
            "UPDATE album_assets SET position = ? WHERE album_id = ?"
            " AND asset_id = (SELECT id FROM assets WHERE asset_id = ?)",
            (position, album_id, asset_id.bytes),
        )
        if not moved:
            raise NotFound("This asset is not in the album")
        touch(ctx, tx, album_id)


def arrange(ctx: Context, album_id: int, asset_ids: list[UUID]) -> None:
    """Put the assets of an album into this order; those not named come after, as they were.

    Raises NotFound, also for one that is not in the album, and Forbidden.
    """
    wanted = json_array(asset_id.hex for asset_id in asset_ids)
    with ctx.db.write() as tx:
        require(ctx, tx, album_id)
        known = tx.rows(
            lambda key: (key,),
            "SELECT assets.id FROM json_each(?) AS wanted"
            " JOIN assets ON assets.asset_id = unhex(wanted.value)"
            " JOIN album_assets ON album_assets.asset_id = assets.id AND album_id = ?"
            " ORDER BY wanted.key",
            (wanted, album_id),
        )
        if len(set(known)) != len(asset_ids):
            raise NotFound("Not all of these assets are in the album, or one is named twice")
        rest = tx.rows(
            lambda key: (key,),
            "SELECT assets.id FROM album_assets JOIN assets ON assets.id = album_assets.asset_id"
            f" WHERE album_id = ? ORDER BY {_ORDER}",
            (album_id,),
        )
        named = set(known)
        order = [*known, *(key for key in rest if key not in named)]
        tx.run_many(
            "UPDATE album_assets SET position = ? WHERE album_id = ? AND asset_id = ?",
            [(position, album_id, *key) for position, key in enumerate(order)],
        )
        touch(ctx, tx, album_id)


def of_asset(ctx: Context, asset_id: UUID) -> list[AssetAlbum]:
    """The caller's albums that an asset is in, everybody's for administrators, by name.

    Raises NotFound, also for the trash, and Forbidden.
    """
    with ctx.db.read() as db:
        key, _ = assets.require_active(ctx, db, asset_id)
        return db.rows(
            _decode_place,
            f"SELECT place.position, place.added_time, {_COLUMNS} FROM albums"
            " JOIN album_assets AS place ON place.album_id = albums.id"
            " WHERE place.asset_id = :key AND (:is_admin OR albums.user_id = :user)"
            " ORDER BY album_name, albums.id",
            {
                "key": key,
                "is_admin": ctx.principal.is_admin,
                "user": ctx.principal.user_id,
                "scope": None,
            },
        )


_IN_SCOPE = (
    f"assets.deleted_at IS NULL AND {LISTED} AND (:scope IS NULL OR assets.repository_id = :scope)"
)
_ORDER = (
    "album_assets.position IS NULL, album_assets.position, album_assets.added_time, assets.asset_id"
)
_MEMBERS = (
    "album_assets JOIN assets ON assets.id = album_assets.asset_id"
    f" WHERE album_assets.album_id = albums.id AND {_IN_SCOPE}"
)
_COVER = f"assets WHERE assets.id = albums.cover_id AND {_IN_SCOPE}"
_COLUMNS = (
    "albums.id, albums.user_id, albums.album_name, albums.created_at, albums.updated_at,"
    " albums.description, (SELECT asset_id FROM assets WHERE id = albums.cover_id),"
    f" albums.album_type, (SELECT count(*) FROM {_MEMBERS}),"
    f" COALESCE((SELECT assets.asset_id FROM {_COVER}),"
    f" (SELECT assets.asset_id FROM {_MEMBERS} ORDER BY {_ORDER} LIMIT 1))"
)


AnyAlbum = TypeVar("AnyAlbum", bound=Album)
Member = TypeVar("Member", AssetAlbum, AlbumAsset)


def _decode(
    album_id: int,
    user_id: int,
    album_name: str,
    created_at: int,
    updated_at: int,
    description: str | None,
    cover: bytes | None,
    album_type: AlbumType,
    asset_count: int,
    display_cover: bytes | None,
    *,
    kind: type[AnyAlbum],
) -> AnyAlbum:
    return kind(
        album_id=album_id,
        user_id=user_id,
        album_name=album_name,
        created_at=from_microseconds(created_at),
        updated_at=from_microseconds(updated_at),
        description=description,
        cover_asset_id=UUID(bytes=cover) if cover else None,
        album_type=album_type,
        asset_count=asset_count,
        display_cover_asset_id=UUID(bytes=display_cover) if display_cover else UNSET,
    )


def _decode_place(position: int | None, added_time: int, *row: Any) -> AssetAlbum:
    return _placed(_decode(*row, kind=AssetAlbum), position, added_time)


def _decode_member(position: int | None, added_time: int, *row: Any) -> AlbumAsset:
    return _placed(assets.decode(*row, kind=AlbumAsset), position, added_time)


def _placed(found: Member, position: int | None, added_time: int) -> Member:
    found.position = UNSET if position is None else position
    found.added_time = from_microseconds(added_time)
    return found


def _one(db: Connection, album_id: int, scope: int | None = None) -> Album:
    found = db.row(
        partial(_decode, kind=Album),
        f"SELECT {_COLUMNS} FROM albums WHERE id = :album",
        {"album": album_id, "scope": scope},
    )
    assert isinstance(found, Album)
    return found


def require(ctx: Context, db: Connection, album_id: int) -> int:
    """Whose album it is; raises NotFound and Forbidden."""
    owner_id: int | None = db.value("SELECT user_id FROM albums WHERE id = ?", (album_id,))
    if owner_id is None:
        raise NotFound("There is no such album")
    ctx.require_sight(owner_id)
    return owner_id


def _scope(db: Connection, repository_id: UUID | None) -> int | None:
    """The key of the one repository to look at, -1 for one that is not there, None for all."""
    if repository_id is None:
        return None
    found: int | None = db.value(
        "SELECT id FROM repositories WHERE repository_id = ?", (repository_id.bytes,)
    )
    return -1 if found is None else found


def _columns(ctx: Context, db: Connection, wanted: AlbumChange) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    if wanted.album_name is not None:
        columns["album_name"] = _name(wanted.album_name)
    if wanted.description is not None:
        columns["description"] = wanted.description or None
    if wanted.album_type is not None:
        columns["album_type"] = wanted.album_type
    if wanted.cover_asset_id is not None:
        columns["cover_id"] = _cover(ctx, db, wanted.cover_asset_id)
    elif wanted.clear_cover:
        columns["cover_id"] = None
    return columns


def _name(text: str) -> str:
    name = text.strip()
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise BadRequest(f"An album's name has 1 to {_LONGEST_NAME} characters")
    return name


def _cover(ctx: Context, db: Connection, asset_id: UUID) -> int:
    try:
        return assets.require_active(ctx, db, asset_id)[0]
    except (NotFound, Forbidden) as error:
        # The same for both, as it names what may be somebody else's.
        raise BadRequest("The cover is none of your assets") from error


def touch(ctx: Context, tx: Transaction, album_id: int) -> None:
    """Note that the album has changed."""
    tx.run("UPDATE albums SET updated_at = ? WHERE id = ?", (to_microseconds(ctx.now()), album_id))
