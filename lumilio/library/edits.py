"""The edits of a photo, in a document beside the originals that travels with their repository.

`.lumilio/sidecars/<asset_id>.lumilio-sidecar` is JSON. A library that registers the folder anew gives
its files new ids, and a document that belongs to nobody any more goes with the content it was made for.
"""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.errors import LumilioError, NotFound
from lumilio.library import assets, repositories
from lumilio.library.assets import AssetDetail, StoredAsset
from lumilio.library.context import Context
from lumilio.library.repository_folders import SIDECAR_SUFFIX, Layout, write_whole
from lumilio.library.staging import explained
from lumilio.library.users import Instant
from lumilio.media.adjustments import NEUTRAL, Adjustments
from lumilio.media.thumbnails import PART

_LARGEST_BYTES = 1 << 20
_MOST_REMEMBERED = 50_000


class CannotReadEdits(LumilioError):
    """The document with the edits of a photo is damaged."""

    title = "The saved edits of this photo cannot be read. Save edits anew to replace them"


class SidecarSource(Struct, omit_defaults=True):
    """The file that was edited, as it was then."""

    original_filename: str
    storage_path: str
    mime_type: str
    file_size: Annotated[int, Meta(ge=0, description="Bytes.")]
    hash: Annotated[str | UnsetType, Meta(description="BLAKE3 in hex.")] = UNSET
    width: Annotated[int | UnsetType, Meta(description="Pixels.")] = UNSET
    height: Annotated[int | UnsetType, Meta(description="Pixels.")] = UNSET


class SidecarDocument(Struct):
    """The edits of one photo, as clients and files have them."""

    version: Literal[1]
    asset_id: UUID
    source: SidecarSource
    adjustments: Adjustments
    updated_at: Instant


class AssetSidecar(Struct):
    """The edits of an asset; a neutral document where none were saved."""

    asset_id: UUID
    exists: bool
    sidecar: SidecarDocument


def get(ctx: Context, asset_id: UUID) -> AssetSidecar:
    """The edits of an asset.

    Raises NotFound, also for the trash, Forbidden, RepositoryOffline and CannotReadEdits.
    """
    asset, layout = _require_active(ctx, asset_id)
    file = _file_of(ctx, layout, asset_id, str(asset.hash))
    if file is None:
        return AssetSidecar(asset_id, False, _document(ctx, asset, NEUTRAL))
    document = msgspec.structs.replace(_read(file), asset_id=asset_id)
    return AssetSidecar(asset_id, True, document)


def save(ctx: Context, asset_id: UUID, adjustments: Adjustments) -> AssetSidecar:
    """Replace the edits of an asset. Raises StorageFull, and otherwise as `get`."""
    asset, layout = _require_active(ctx, asset_id)
    ctx.require_control(asset.owner_id)
    document = _document(ctx, asset, adjustments)
    file = layout.sidecar(asset_id)
    try:
        layout.make_room(file)
        content = msgspec.json.format(msgspec.json.encode(document), indent=2)
        # Of two who save at once, each writes a draft of its own, and the last one stays as a whole.
        write_whole(file, content, file.with_name(f"{uuid4().hex}{PART}"))
    except OSError as error:
        raise explained(error) from error
    return AssetSidecar(asset_id, True, document)


def adjustments_of(ctx: Context, stored: StoredAsset) -> Adjustments | None:
    """What is to be done to a photo, in the trash too; raises CannotReadEdits."""
    with ctx.db.read() as db:
        layout = repositories.by_key(db, stored.repository_key).layout
    file = _file_of(ctx, layout, stored.asset_id, stored.stem)
    return None if file is None else _read(file).adjustments


def _require_active(ctx: Context, asset_id: UUID) -> tuple[AssetDetail, Layout]:
    asset = assets.get(ctx, asset_id, include_thumbnails=False)
    if asset.is_deleted:
        raise NotFound("There is no such asset")
    repository = repositories.require(ctx, asset.repository_id)
    # Without its folder nobody can tell whether there are edits.
    repository.require_online()
    return asset, repository.layout


def _document(ctx: Context, asset: AssetDetail, adjustments: Adjustments) -> SidecarDocument:
    source = SidecarSource(
        original_filename=asset.original_filename,
        storage_path=asset.storage_path,
        mime_type=asset.mime_type,
        file_size=asset.file_size,
        hash=asset.hash or UNSET,
        width=asset.width or UNSET,
        height=asset.height or UNSET,
    )
    return SidecarDocument(1, asset.asset_id, source, adjustments, ctx.now())


def _file_of(ctx: Context, layout: Layout, asset_id: UUID, content_hash: str) -> Path | None:
    own = layout.sidecar(asset_id)
    return own if own.exists() else _left_behind(ctx, layout, content_hash)


def _left_behind(ctx: Context, layout: Layout, content_hash: str) -> Path | None:
    """The newest document for this content that belongs to no asset of this library."""
    same: list[tuple[int, Path]] = []
    for file in layout.sidecars.glob(f"*{SIDECAR_SUFFIX}"):
        modified_at = file.stat().st_mtime_ns
        if _source_hash(file, modified_at) == content_hash and not _is_somebodys(ctx, file):
            same.append((modified_at, file))
    return max(same)[1] if same else None


def _is_somebodys(ctx: Context, file: Path) -> bool:
    try:
        asset_id = UUID(file.stem)
    except ValueError:
        return False
    with ctx.db.read() as db:
        return bool(db.value("SELECT 1 FROM assets WHERE asset_id = ?", (asset_id.bytes,)))


@lru_cache(maxsize=_MOST_REMEMBERED)
def _source_hash(file: Path, modified_at: int) -> str | None:
    """The content that a document was made for; every photo without edits asks for that of all."""
    try:
        return _read(file).source.hash or None
    except CannotReadEdits:
        return None


def _read(file: Path) -> SidecarDocument:
    try:
        with file.open("rb") as opened:
            return msgspec.json.decode(opened.read(_LARGEST_BYTES), type=SidecarDocument)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
        raise CannotReadEdits(cause=f"{file.name}: {error}") from error
