"""What people say about an asset, over what its file says: metadata, description, stars, likes."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from lumilio.api.auth import Message
from lumilio.api.typed import Router
from lumilio.errors import Forbidden, NotFound
from lumilio.library import metadata_layers
from lumilio.library.context import Context
from lumilio.library.metadata_layers import Stars, TypedMetadata

api = Router("assets", "Photos, videos and recordings.", gate="first")


class AssetMetadataUpdate(Struct):
    """The whole metadata; null or left out forgets all that was typed."""

    specific_metadata: TypedMetadata | None = None


class DescriptionUpdate(Struct):
    """An empty description gives back the file's."""

    description: str = ""


class RatingUpdate(Struct):
    """0 stars count as a person's word, too."""

    rating: Stars = 0


class LikeUpdate(Struct):
    """Whether the asset is liked."""

    liked: bool = False


class LikesUpdate(Struct):
    """Whether these assets are liked."""

    asset_ids: Annotated[list[UUID], Meta(min_length=1, max_length=10_000)]
    liked: bool


class LikesChanged(Struct):
    """The assets of which that was not so before."""

    changed: list[UUID]


class RatingAndLikeUpdate(Struct):
    """What is left out is written as 0 or false."""

    rating: Stars = 0
    liked: bool = False


@api.put("/assets/{id}", role="user", errors=(NotFound, Forbidden))
def update_asset_metadata(ctx: Context, id: UUID, body: AssetMetadataUpdate) -> Message:
    """Replace an asset's type-specific metadata.

    What differs from the file is kept apart from it and survives that the file is read again.
    """
    metadata_layers.replace(ctx, id, body.specific_metadata)
    return Message("Asset updated successfully")


@api.put("/assets/{id}/description", role="user", errors=(NotFound, Forbidden))
def set_asset_description(ctx: Context, id: UUID, body: DescriptionUpdate) -> Message:
    """Set the free-text description of an asset."""
    metadata_layers.describe(ctx, id, body.description)
    return Message("Description updated successfully")


@api.put("/assets/{id}/rating", role="user", errors=(NotFound, Forbidden))
def set_asset_rating(ctx: Context, id: UUID, body: RatingUpdate) -> Message:
    """Set an asset's star rating."""
    metadata_layers.rate(ctx, id, body.rating)
    return Message("Rating updated successfully")


@api.put("/assets/{id}/like", role="user", errors=(NotFound, Forbidden))
def set_asset_like(ctx: Context, id: UUID, body: LikeUpdate) -> Message:
    """Like or unlike an asset."""
    metadata_layers.like(ctx, id, liked=body.liked)
    return Message("Like updated successfully")


@api.post("/assets/likes", role="user", body_limit=1 << 20, errors=(NotFound, Forbidden))
def set_asset_likes(ctx: Context, body: LikesUpdate) -> LikesChanged:
    """Like or unlike many assets at once, all or none (our addition)."""
    return LikesChanged(metadata_layers.like_all(ctx, body.asset_ids, liked=body.liked))


@api.put("/assets/{id}/rating-and-like", role="user", errors=(NotFound, Forbidden))
def set_asset_rating_and_like(ctx: Context, id: UUID, body: RatingAndLikeUpdate) -> Message:
    """Set star rating and like in one step."""
    metadata_layers.rate_and_like(ctx, id, body.rating, liked=body.liked)
    return Message("Rating and like updated successfully")
