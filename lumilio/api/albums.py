"""Albums over HTTP."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, structs

from lumilio.api.auth import Message
from lumilio.api.parameters import OutOfRange
from lumilio.api.typed import Router
from lumilio.errors import Forbidden, NotFound
from lumilio.library import album_contents, albums
from lumilio.library.album_contents import AlbumAdditions
from lumilio.library.albums import Album, AlbumAsset, AlbumChange, AlbumType, AssetAlbum
from lumilio.library.context import Context

api = Router("albums", "Choices of assets in an order of their own.", gate="after_role")
of_assets = Router("assets", "Photos, videos and recordings.", gate="first")

AlbumId = Annotated[int, Meta(ge=1, le=2**31 - 1)]
AlbumName = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"\S")]
Position = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
AssetIds = Annotated[list[UUID], Meta(min_length=1, max_length=10_000)]

_MEMBERS = "/albums/{id}/assets"
_MEMBER = f"{_MEMBERS}/{{assetId}}"
_BODY_LIMIT = 1 << 20
_FOUND = (NotFound, Forbidden)


class AlbumCreate(Struct, frozen=True):
    """What is wanted of a new album."""

    album_name: AlbumName
    description: str | None = None
    cover_asset_id: UUID | None = None
    album_type: AlbumType | None = None


class AlbumUpdate(Struct, frozen=True):
    """What changes of an album; what is absent or null stays, an empty description clears."""

    album_name: AlbumName | None = None
    description: str | None = None
    cover_asset_id: UUID | None = None
    album_type: AlbumType | None = None
    clear_cover: Annotated[
        bool, Meta(description="Go back to the first asset as cover (our addition).")
    ] = False


class ListAlbums(Struct, frozen=True):
    """Which albums to list."""

    limit: Annotated[int, Meta(ge=1, le=100), OutOfRange("default", "clamp", "default")] = 20
    offset: Annotated[int, Meta(ge=0, le=2**63 - 1), OutOfRange("default", "clamp", "default")] = 0
    repository_id: UUID | None = None


class InRepository(Struct, frozen=True):
    """Whether to look at one repository only."""

    repository_id: UUID | None = None


class AlbumPage(Struct):
    """One page of albums, the newest first."""

    albums: list[Album]
    total: int
    limit: int
    offset: int


class AlbumAssetList(Struct):
    """All assets of an album in their order."""

    album_id: int
    assets: list[AlbumAsset]
    count: int


class AssetAlbumList(Struct):
    """The albums that an asset is in."""

    asset_id: UUID
    albums: list[AssetAlbum]
    count: int


class AlbumAssetAdd(Struct, frozen=True):
    """Where the asset comes; without a position after those that have one."""

    position: Position | None = None


class AlbumAssetPosition(Struct, frozen=True):
    """The new place, counted from 0."""

    position: Position


class AlbumOrder(Struct, frozen=True):
    """Assets of the album in their new order; the others follow as they were."""

    asset_ids: AssetIds


class AlbumAssets(Struct, frozen=True):
    """Assets to put into an album or to take out of it."""

    asset_ids: AssetIds


@api.get("/albums", role="user")
def list_albums(ctx: Context, query: ListAlbums) -> AlbumPage:
    """List one's own albums, the newest first.

    With a repository those with an asset or the cover in it, and what they hold there.
    """
    page, total = albums.list_own(ctx, query.limit, query.offset, query.repository_id)
    return AlbumPage(page, total, query.limit, query.offset)


@api.post("/albums", role="user")
def create_album(ctx: Context, body: AlbumCreate) -> Album:
    """Create an album."""
    return albums.create(ctx, AlbumChange(**structs.asdict(body)))


@api.get("/albums/{id}", role="user", errors=_FOUND)
def get_album(ctx: Context, id: AlbumId, query: InRepository) -> Album:
    """Fetch one album."""
    return albums.get(ctx, id, query.repository_id)


@api.put("/albums/{id}", role="user", errors=_FOUND)
def update_album(ctx: Context, id: AlbumId, body: AlbumUpdate) -> Album:
    """Change an album's name, description, cover or kind."""
    return albums.change(ctx, id, AlbumChange(**structs.asdict(body)))


@api.delete("/albums/{id}", role="user", errors=_FOUND)
def delete_album(ctx: Context, id: AlbumId) -> Message:
    """Delete an album; its assets stay."""
    albums.delete(ctx, id)
    return Message("The album is deleted")


@api.get(_MEMBERS, role="user", errors=_FOUND)
def list_album_assets(ctx: Context, id: AlbumId, query: InRepository) -> AlbumAssetList:
    """List all assets of an album in their order."""
    found = albums.members(ctx, id, query.repository_id)
    return AlbumAssetList(id, found, len(found))


@api.put("/albums/{id}/order", role="user", body_limit=_BODY_LIMIT, errors=_FOUND)
def arrange_album_assets(ctx: Context, id: AlbumId, body: AlbumOrder) -> Message:
    """Put the assets of an album into an order (our addition)."""
    albums.arrange(ctx, id, body.asset_ids)
    return Message("The order is changed")


@api.post(_MEMBERS, role="user", body_limit=_BODY_LIMIT, errors=_FOUND)
def add_album_assets(ctx: Context, id: AlbumId, body: AlbumAssets) -> AlbumAdditions:
    """Put many assets into an album at once (our addition).

    They come last, in the order they are named. What cannot be added is refused by itself.
    """
    return album_contents.add_all(ctx, id, body.asset_ids)


@api.delete(_MEMBERS, role="user", body_limit=_BODY_LIMIT, errors=_FOUND)
def remove_album_assets(ctx: Context, id: AlbumId, body: AlbumAssets) -> Message:
    """Take many assets out of an album at once (our addition)."""
    removed = album_contents.remove_all(ctx, id, body.asset_ids)
    return Message(f"{removed} assets are no longer in the album")


@api.post(_MEMBER, role="user", errors=_FOUND)
def add_album_asset(
    ctx: Context, id: AlbumId, assetId: UUID, body: AlbumAssetAdd | None = None
) -> Message:
    """Put an asset into an album."""
    albums.add(ctx, id, assetId, body.position if body else None)
    return Message("The asset is in the album")


@api.delete(_MEMBER, role="user", errors=_FOUND)
def remove_album_asset(ctx: Context, id: AlbumId, assetId: UUID) -> Message:
    """Take an asset out of an album."""
    albums.remove(ctx, id, assetId)
    return Message("The asset is no longer in the album")


@api.put(f"{_MEMBER}/position", role="user", errors=_FOUND)
def move_album_asset(ctx: Context, id: AlbumId, assetId: UUID, body: AlbumAssetPosition) -> Message:
    """Give an asset another place in an album."""
    albums.move(ctx, id, assetId, body.position)
    return Message("The asset has moved")


@of_assets.get("/assets/{id}/albums", role="user", errors=_FOUND)
def list_asset_albums(ctx: Context, id: UUID) -> AssetAlbumList:
    """List one's albums that an asset is in; administrators see everybody's."""
    found = albums.of_asset(ctx, id)
    return AssetAlbumList(id, found, len(found))


@of_assets.post("/assets/{id}/albums/{albumId}", role="user", errors=_FOUND)
def add_asset_to_album(ctx: Context, id: UUID, albumId: AlbumId) -> Message:
    """Put an asset into an album."""
    albums.add(ctx, albumId, id)
    return Message("The asset is in the album")
