"""The metadata document of a photo, in the contract's fields, made from what its file says."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.library.users import Instant
from lumilio.media.facts import PhotoFacts

Offset = Annotated[int, Meta(ge=-840, le=840, description="Minutes east of UTC.")]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]


class PhotoMetadata(Struct, omit_defaults=True, kw_only=True):
    """What is known about a photo; unknown fields are absent."""

    taken_time: Instant | UnsetType = UNSET
    capture_offset_minutes: Offset | UnsetType = UNSET
    camera_model: str | UnsetType = UNSET
    lens_model: str | UnsetType = UNSET
    exposure_time: Annotated[str, Meta(examples=["1/250"])] | UnsetType = UNSET
    f_number: float | UnsetType = UNSET
    focal_length: Annotated[float, Meta(description="Millimetres.")] | UnsetType = UNSET
    iso_speed: int | UnsetType = UNSET
    exposure: Annotated[float, Meta(description="Exposure compensation in EV.")] | UnsetType = UNSET
    dimensions: (
        Annotated[str, Meta(description="Width x height in pixels after rotation.")] | UnsetType
    ) = UNSET
    resolution: Annotated[str, Meta(description="Whole megapixels.")] | UnsetType = UNSET
    gps_latitude: Latitude | UnsetType = UNSET
    gps_longitude: Longitude | UnsetType = UNSET
    description: str | UnsetType = UNSET
    is_raw: bool | UnsetType = UNSET
    content_identifier: str | UnsetType = UNSET
    has_gain_map: Annotated[
        bool | UnsetType, Meta(description="HDR beside what is shown (our addition).")
    ] = UNSET


def from_facts(
    facts: PhotoFacts, *, width: int | None, height: int | None, is_raw: bool
) -> PhotoMetadata:
    """The document for a file's facts; `width` and `height` are those of the displayed picture."""
    document = PhotoMetadata(
        **{
            name: value
            for name in PhotoMetadata.__struct_fields__
            if (value := getattr(facts, name, None)) is not None
        }
    )
    document.exposure = facts.exposure or 0.0
    if width and height:
        document.dimensions = f"{width}x{height}"
        document.resolution = f"{round(width * height / 1_000_000)}MP"
    if is_raw:
        document.is_raw = True
    return document
