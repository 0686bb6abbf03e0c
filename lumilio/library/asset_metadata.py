"""The metadata document of any asset: a photo's fields, and those of videos and recordings."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.library.photo_metadata import PhotoMetadata
from lumilio.library.users import Instant
from lumilio.media.facts import AudioFacts, VideoFacts


class AssetMetadata(PhotoMetadata, omit_defaults=True, kw_only=True):
    """What is known about a media file; unknown fields and those of other types are absent."""

    recorded_time: Instant | UnsetType = UNSET
    codec: str | UnsetType = UNSET
    bitrate: Annotated[int, Meta(description="Bits per second.")] | UnsetType = UNSET
    frame_rate: Annotated[float, Meta(description="Frames per second.")] | UnsetType = UNSET
    sample_rate: Annotated[int, Meta(description="Hertz.")] | UnsetType = UNSET
    channels: int | UnsetType = UNSET
    artist: str | UnsetType = UNSET
    album: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    genre: str | UnsetType = UNSET
    year: int | UnsetType = UNSET


def from_facts(facts: VideoFacts | AudioFacts) -> AssetMetadata:
    """The document for what a video or recording says of itself."""
    return AssetMetadata(**_known(facts))


def _known(facts: Struct) -> dict[str, Any]:
    return {
        name: value
        for name in AssetMetadata.__struct_fields__
        if (value := getattr(facts, name, None)) is not None
    }
