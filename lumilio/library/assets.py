"""Assets: one row for each media file, as lists and clients see it."""

from base64 import b64encode
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.db import Connection, from_microseconds
from lumilio.errors import NotFound
from lumilio.library import motion, processing, repositories, stack_previews
from lumilio.library.asset_metadata import AssetMetadata
from lumilio.library.context import Context
from lumilio.library.motion import Motion
from lumilio.library.processing import AssetProcessingStatus
from lumilio.library.stack_previews import StackPreview
from lumilio.library.users import Instant
from lumilio.media.thumbnails import ThumbnailSize

AssetType = Literal["PHOTO", "VIDEO", "AUDIO"]
ASSET_TYPES: list[AssetType] = ["PHOTO", "VIDEO", "AUDIO"]
THUMBNAIL_SIZES: tuple[ThumbnailSize, ...] = ("small", "medium", "large")

COLUMNS = (
    "assets.asset_id, assets.owner_id, repositories.repository_id, assets.type,"
    " assets.original_filename, assets.storage_path, assets.mime_type, assets.file_size,"
    " assets.hash, assets.width, assets.height, assets.duration, assets.upload_time,"
    " assets.taken_time, assets.capture_offset_minutes, assets.rating, assets.liked,"
    " assets.deleted_at, assets.specific_metadata, assets.processing, assets.thumbhash,"
    f" {motion.COLUMN}, {stack_previews.COLUMN}"
)
# Holds of assets whose repository is registered; while all of them are, no row is read for it.
LISTED = (
    "(NOT EXISTS (SELECT 1 FROM repositories WHERE unregistered_at IS NOT NULL)"
    " OR assets.repository_id IN (SELECT id FROM repositories WHERE unregistered_at IS NULL))"
)
FROM = "assets JOIN repositories ON repositories.id = assets.repository_id"


class Asset(Struct, omit_defaults=True, kw_only=True):
    """One media file."""

    asset_id: UUID
    owner_id: int | None
    repository_id: UUID
    type: AssetType
    original_filename: str
    storage_path: Annotated[
        str, Meta(description="Path inside the repository with forward slashes.")
    ]
    mime_type: str
    file_size: Annotated[int, Meta(ge=0, description="Bytes.")]
    hash: Annotated[str | None, Meta(description="BLAKE3 in hex.")]
    width: Annotated[int | None, Meta(description="Pixels.")]
    height: Annotated[int | None, Meta(description="Pixels.")]
    duration: Annotated[float | None, Meta(description="Seconds.")]
    upload_time: Instant
    taken_time: Instant | UnsetType = UNSET
    capture_offset_minutes: int | UnsetType = UNSET
    rating: int
    liked: bool
    is_deleted: bool
    deleted_at: Instant | UnsetType = UNSET
    specific_metadata: AssetMetadata
    status: Annotated[
        list[int], Meta(description="The bytes of the processing state as JSON; see `processing`.")
    ]
    processing: AssetProcessingStatus
    thumbhash: Annotated[
        str | UnsetType, Meta(description="ThumbHash in base64 (our addition).")
    ] = UNSET
    motion: Annotated[Motion | UnsetType, Meta(description="How a photo moves (our addition).")] = (
        UNSET
    )
    stack: Annotated[StackPreview | UnsetType, Meta(description="Left out of expanded lists.")] = (
        UNSET
    )


class AssetThumbnail(Struct):
    """One stored preview."""

    thumbnail_id: str
    size: ThumbnailSize
    storage_path: str
    mime_type: str


class AlbumRef(Struct, omit_defaults=True):
    """An album that an asset is in."""

    album_id: int
    album_name: str
    position: int | UnsetType = UNSET
    added_time: Instant | UnsetType = UNSET


class AssetDetail(Asset, omit_defaults=True, kw_only=True):
    """An asset plus the parts asked for."""

    thumbnails: list[AssetThumbnail] | UnsetType = UNSET
    albums: list[AlbumRef] | UnsetType = UNSET
    file_metadata: Annotated[
        AssetMetadata | UnsetType,
        Meta(description="What the file says, where people typed other things (our addition)."),
    ] = UNSET


AnyAsset = TypeVar("AnyAsset", bound=Asset)


class StoredAsset(Struct, frozen=True):
    """What file operations need to know of an asset."""

    key: int
    asset_id: UUID
    repository_key: int
    type: AssetType
    owner_id: int | None
    storage_path: str
    original_filename: str
    mime_type: str
    hash: bytes
    is_raw: int
    processing: str

    @property
    def stem(self) -> str:
        """Name of derived files: the content hash in hex."""
        return self.hash.hex()


def get(
    ctx: Context, asset_id: UUID, *, include_thumbnails: bool = True, include_albums: bool = True
) -> AssetDetail:
    """One asset, trashed ones too; raises NotFound and Forbidden."""
    with ctx.db.read() as db:
        found = db.row(
            partial(decode, kind=AssetDetail),
            f"SELECT {COLUMNS} FROM {FROM} WHERE assets.asset_id = ? AND {LISTED}",
            (asset_id.bytes,),
        )
        if found is None:
            raise NotFound("There is no such asset")
        ctx.require_sight(found.owner_id)
        if include_thumbnails:
            found.thumbnails = _thumbnails(db, asset_id) or UNSET
        if include_albums:
            found.albums = _albums(ctx, db, asset_id) or UNSET
        found.file_metadata = _overlaid(db, asset_id)
    return found


def exif(ctx: Context, asset_id: UUID) -> dict[str, Any]:
    """The whole dump of a file's metadata; raises NotFound when none was read."""
    stored = require(ctx, asset_id)
    with ctx.db.read() as db:
        text = db.value("SELECT exif_raw FROM asset_exif WHERE asset_id = ?", (stored.key,))
    if text is None:
        raise NotFound("No metadata was read from this file")
    return dict(msgspec.json.decode(text))


def require(ctx: Context, asset_id: UUID) -> StoredAsset:
    """What is stored about an asset the caller may see; raises NotFound and Forbidden."""
    with ctx.db.read() as db:
        found = db.row(
            _decode_stored,
            f"SELECT {_STORED} FROM assets WHERE asset_id = ? AND {LISTED}",
            (asset_id.bytes,),
        )
    if found is None:
        raise NotFound("There is no such asset")
    ctx.require_sight(found.owner_id)
    return found


def require_active(
    ctx: Context, db: Connection, asset_id: UUID, *, even_trashed: bool = False
) -> tuple[int, int | None]:
    """Key and owner of an asset the caller may see.

    Raises NotFound, also for the trash unless that is wanted, and Forbidden.
    """
    found: tuple[int, int | None] | None = db.row(
        lambda *row: row,
        f"SELECT id, owner_id FROM assets WHERE asset_id = ? AND (? OR deleted_at IS NULL)"
        f" AND {LISTED}",
        (asset_id.bytes, even_trashed),
    )
    if found is None:
        raise NotFound("There is no such asset")
    ctx.require_sight(found[1])
    return found


def by_key(db: Connection, key: int) -> StoredAsset:
    """What is stored about the asset with this integer key; raises NotFound."""
    found = db.row(_decode_stored, f"SELECT {_STORED} FROM assets WHERE id = ?", (key,))
    if found is None:
        raise NotFound("There is no such asset")
    return found


def original_file(ctx: Context, stored: StoredAsset) -> Path:
    """Where the bytes of an asset lie; raises NotFound when they are not there now."""
    with ctx.db.read() as db:
        layout = repositories.by_key(db, stored.repository_key).layout
    path = layout.held_file(stored.storage_path)
    if path is None:
        raise NotFound("The original file is not there; its disk may be disconnected")
    return path


def thumbnail_file(ctx: Context, stored: StoredAsset, size: ThumbnailSize) -> Path:
    """Where a preview lies; raises NotFound until it has been made."""
    with ctx.db.read() as db:
        layout = repositories.by_key(db, stored.repository_key).layout
        found = db.value(
            "SELECT 1 FROM thumbnails WHERE asset_id = ? AND size = ?", (stored.key, size)
        )
    path = layout.thumbnail(stored.stem, size)
    # An empty file is what a power cut can leave of one that was not flushed.
    if not found or not path.is_file() or not path.stat().st_size:
        raise NotFound("There is no thumbnail yet")
    return path


def _overlaid(db: Connection, asset_id: UUID) -> AssetMetadata | UnsetType:
    text = db.value(
        "SELECT file_metadata.document FROM assets"
        " JOIN file_metadata ON file_metadata.asset_id = assets.id"
        " JOIN typed_metadata ON typed_metadata.asset_id = assets.id"
        " WHERE assets.asset_id = ? AND typed_metadata.document != '{}'",
        (asset_id.bytes,),
    )
    return UNSET if text is None else msgspec.json.decode(text, type=AssetMetadata)


def _thumbnails(db: Connection, asset_id: UUID) -> list[AssetThumbnail]:
    found = db.rows(
        lambda key, size, path, mime: AssetThumbnail(str(key), size, path, mime),
        "SELECT thumbnails.id, size, thumbnails.storage_path, thumbnails.mime_type FROM thumbnails"
        " JOIN assets ON assets.id = thumbnails.asset_id WHERE assets.asset_id = ?",
        (asset_id.bytes,),
    )
    return sorted(found, key=lambda thumbnail: THUMBNAIL_SIZES.index(thumbnail.size))


def _albums(ctx: Context, db: Connection, asset_id: UUID) -> list[AlbumRef]:
    return db.rows(
        lambda album_id, name, position, added_time: AlbumRef(
            album_id, name, UNSET if position is None else position, from_microseconds(added_time)
        ),
        "SELECT albums.id, album_name, album_assets.position, added_time FROM album_assets"
        " JOIN assets ON assets.id = album_assets.asset_id"
        " JOIN albums ON albums.id = album_assets.album_id"
        " WHERE assets.asset_id = ? AND (? OR albums.user_id = ?) ORDER BY album_name, albums.id",
        (asset_id.bytes, ctx.principal.is_admin, ctx.principal.user_id),
    )


_STORED = (
    "id, asset_id, repository_id, type, owner_id, storage_path, original_filename, mime_type, hash,"
    " is_raw, processing"
)


def _decode_stored(key: int, asset_id: bytes, *rest: Any) -> StoredAsset:
    return StoredAsset(key, UUID(bytes=asset_id), *rest)


def decode(
    asset_id: bytes,
    owner_id: int | None,
    repository_id: bytes,
    asset_type: AssetType,
    original_filename: str,
    storage_path: str,
    mime_type: str,
    file_size: int,
    content_hash: bytes,
    width: int | None,
    height: int | None,
    duration: float | None,
    upload_time: int,
    taken_time: int | None,
    capture_offset_minutes: int | None,
    rating: int,
    liked: int,
    deleted_at: int | None,
    metadata: str | None,
    state: str,
    thumbhash: bytes | None,
    moves: str | None,
    stack: str | None,
    *,
    kind: type[AnyAsset],
) -> AnyAsset:
    """A row of COLUMNS as an Asset, or as a Struct that extends it."""
    return kind(
        asset_id=UUID(bytes=asset_id),
        owner_id=owner_id,
        repository_id=UUID(bytes=repository_id),
        type=asset_type,
        original_filename=original_filename,
        storage_path=storage_path,
        mime_type=mime_type,
        file_size=file_size,
        hash=content_hash.hex(),
        width=width,
        height=height,
        duration=duration,
        upload_time=from_microseconds(upload_time),
        taken_time=_optional_instant(taken_time),
        capture_offset_minutes=(
            UNSET if capture_offset_minutes is None else capture_offset_minutes
        ),
        rating=rating,
        liked=bool(liked),
        is_deleted=deleted_at is not None,
        deleted_at=_optional_instant(deleted_at),
        specific_metadata=(
            msgspec.json.decode(metadata, type=AssetMetadata) if metadata else AssetMetadata()
        ),
        status=list(state.encode()),
        processing=processing.decode(state),
        thumbhash=UNSET if thumbhash is None else b64encode(thumbhash).decode(),
        motion=UNSET if moves is None else motion.decode(moves),
        stack=UNSET if stack is None else stack_previews.decode(stack),
    )


def _optional_instant(value: int | None) -> datetime | UnsetType:
    return UNSET if value is None else from_microseconds(value)
