"""The trash over HTTP: into it, back, and for good."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from lumilio.api.auth import Message
from lumilio.api.typed import Router
from lumilio.errors import BadRequest, Conflict, Forbidden, NotFound
from lumilio.library import deletions, trash
from lumilio.library.context import Context
from lumilio.library.trash import BulkOutcome, TrashSummary

of_assets = Router("assets", "Photos, videos and recordings.", gate="first")
api = Router("trash", "What was thrown away (our addition).", gate="first")

Assets = Annotated[list[UUID], Meta(max_length=10_000, description="At most 10,000 assets.")]
Count = Annotated[
    int, Meta(ge=1, description="How many assets these are; with any other number nothing is done.")
]
WithoutBin = Annotated[
    bool,
    Meta(description="Delete files of the user's own folders even where their disk has no bin."),
]


class AssetSelection(Struct):
    """Assets to change in one step."""

    asset_ids: Assets


class AssetDeletion(Struct):
    """Trashed assets to delete for good, and their number once more."""

    asset_ids: Assets
    count: Count
    without_bin: WithoutBin = False


class TrashEmptying(Struct):
    """The number that the trash's summary told."""

    count: Count
    without_bin: WithoutBin = False


@of_assets.delete("/assets/{id}", role="user", errors=(NotFound, Forbidden))
def delete_asset(ctx: Context, id: UUID) -> Message:
    """Move an asset to the trash.

    No file is touched. An asset already in the trash answers 404.
    """
    trash.put(ctx, id)
    return Message("Asset deleted successfully")


@of_assets.post("/assets/bulk/trash", role="user", errors=(BadRequest,))
def trash_assets(ctx: Context, body: AssetSelection) -> BulkOutcome:
    """Move many assets to the trash in one step."""
    return trash.put_all(ctx, body.asset_ids)


@of_assets.post("/assets/bulk/restore", role="user", errors=(BadRequest,))
def restore_assets(ctx: Context, body: AssetSelection) -> BulkOutcome:
    """Bring many assets back from the trash in one step."""
    return trash.restore_all(ctx, body.asset_ids)


@of_assets.post("/assets/{id}/restore", role="user", errors=(NotFound, Forbidden, Conflict))
def restore_asset(ctx: Context, id: UUID) -> Message:
    """Bring an asset back from the trash.

    Harmless on an asset that is not in the trash.
    """
    trash.restore(ctx, id)
    return Message("Asset restored successfully")


@api.get("/trash", role="user")
def get_trash(ctx: Context) -> TrashSummary:
    """Tell what the trash holds, and what could not be deleted."""
    return trash.summary(ctx)


@api.post("/trash/delete", role="user", errors=(BadRequest,))
def delete_trashed_assets(ctx: Context, body: AssetDeletion) -> BulkOutcome:
    """Delete trashed assets for good, in the background.

    Files of the inbox are deleted, those of the user's own folders go to the system's bin.
    """
    return deletions.delete(ctx, body.asset_ids, count=body.count, without_bin=body.without_bin)


@api.post("/trash/empty", role="user", errors=(Conflict,))
def empty_trash(ctx: Context, body: TrashEmptying) -> BulkOutcome:
    """Delete everything in the caller's trash for good, in the background.

    Administrators empty the trash of all.
    """
    return deletions.empty(ctx, count=body.count, without_bin=body.without_bin)
