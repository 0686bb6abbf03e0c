"""The edits of a photo: what the studio saves, and restores when the photo is opened again."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from lumilio.api.typed import Router
from lumilio.errors import Forbidden, NotFound, RepositoryOffline, StorageFull
from lumilio.library import edits
from lumilio.library.context import Context
from lumilio.library.edits import AssetSidecar
from lumilio.library.users import Instant
from lumilio.media.adjustments import Adjustments, Crop

api = Router("assets", "Photos, videos and recordings.", gate="first")


class EditAdjustmentsInput(Struct, rename="camel"):
    """Zero is neutral and the default; values are kept as given."""

    exposure: float = 0.0
    contrast: float = 0.0
    highlights: float = 0.0
    shadows: float = 0.0
    whites: float = 0.0
    blacks: float = 0.0
    temperature: float = 0.0
    tint: float = 0.0
    vibrance: float = 0.0
    saturation: float = 0.0
    clarity: float = 0.0
    sharpness: float = 0.0
    noise_reduction: float = 0.0
    rotation: Annotated[float, Meta(description="Degrees clockwise.")] = 0.0
    flip_horizontal: bool = False
    flip_vertical: bool = False
    crop: Crop | None = None

    @property
    def complete(self) -> Adjustments:
        """What is stored."""
        return Adjustments(**structs.asdict(self) | {"crop": self.crop or UNSET})


class SidecarSourceInput(Struct):
    """What clients send back of the file; the server knows it better."""

    original_filename: str = ""
    storage_path: str = ""
    mime_type: str = ""
    file_size: int = 0
    hash: str | None = None
    width: int | None = None
    height: int | None = None


class SidecarWrite(Struct):
    """Edits to save. Only the adjustments count, the rest is rewritten."""

    version: int = 1
    asset_id: UUID | UnsetType = UNSET
    source: SidecarSourceInput | UnsetType = UNSET
    adjustments: EditAdjustmentsInput | UnsetType = UNSET
    updated_at: Instant | UnsetType = UNSET


@api.get("/assets/{id}/sidecar", role="user", errors=(NotFound, Forbidden, RepositoryOffline))
def get_asset_sidecar(ctx: Context, id: UUID) -> AssetSidecar:
    """Read the saved photo edits of an asset.

    With nothing saved it answers `exists` false and a neutral document.
    """
    return edits.get(ctx, id)


@api.put(
    "/assets/{id}/sidecar",
    role="user",
    errors=(NotFound, Forbidden, RepositoryOffline, StorageFull),
)
def put_asset_sidecar(ctx: Context, id: UUID, body: SidecarWrite) -> AssetSidecar:
    """Save the photo edits of an asset.

    The original stays as it is; an export applies the edits on request.
    """
    given = EditAdjustmentsInput() if body.adjustments is UNSET else body.adjustments
    return edits.save(ctx, id, given.complete)
