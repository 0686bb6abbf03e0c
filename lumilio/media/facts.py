"""What leaves the decoder: the facts of a file and the outcome of its development.

Free of decoders, so that the program can receive results without loading any.
"""

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from lumilio.media.exif_names import Printed
from lumilio.media.thumbnails import Thumbnail

Task = Literal["metadata", "thumbnails"]
ALL_TASKS: frozenset[Task] = frozenset({"metadata", "thumbnails"})


class FaceRegion(Struct, frozen=True):
    """A face that another program marked, in parts of the stored picture's sides (0 to 1).

    `kind` is Face or Pet, `left` and `top` tell the upper left corner.
    """

    name: str | None
    kind: str
    left: float
    top: float
    width: float
    height: float


class EmbeddedVideo(Struct, frozen=True, omit_defaults=True):
    """Where in a picture file its clip lies, in bytes; how many seconds it plays, and where.

    `needs_copy` holds of one that not every browser plays.
    """

    offset: int
    length: int
    duration: float | None = None
    needs_copy: bool = False


class PhotoFacts(Struct, frozen=True, omit_defaults=True):
    """What the metadata of one photo says; None where it is silent.

    `taken_time` is aware and in UTC. `exposure_time` is seconds as printed ("1/125"),
    `focal_length` millimetres, `exposure` EV, latitude and longitude signed decimal degrees,
    altitude metres. `orientation` is the EXIF value 1–8 as written; `width` × `height` is the
    displayed size, already turned.
    `content_identifier` joins the parts of an Apple Live Photo, `burst_id` the photos of a burst,
    `embedded_video` is the clip of a
    motion photo, `has_gain_map` True where HDR screens could show more. `rating` is 0–5 stars; `keyword_paths` are keywords with those above them,
    "Places|Italy|Rome".
    """

    taken_time: datetime | None = None
    capture_offset_minutes: int | None = None
    camera_make: str | None = None
    camera_model: str | None = None
    lens_model: str | None = None
    exposure_time: str | None = None
    f_number: float | None = None
    iso_speed: int | None = None
    focal_length: float | None = None
    exposure: float = 0.0
    description: str | None = None
    gps_latitude: float | None = None
    gps_longitude: float | None = None
    gps_altitude: float | None = None
    orientation: int = 1
    width: int | None = None
    height: int | None = None
    content_identifier: str | None = None
    burst_id: str | None = None
    rating: int | None = None
    keywords: tuple[str, ...] = ()
    keyword_paths: tuple[str, ...] = ()
    title: str | None = None
    faces: tuple[FaceRegion, ...] = ()
    embedded_video: EmbeddedVideo | None = None
    has_gain_map: bool | None = None

    @property
    def wall_time(self) -> datetime | None:
        """What the clock of the camera showed, naive."""
        if self.taken_time is None:
            return None
        offset = timedelta(minutes=self.capture_offset_minutes or 0)
        return (self.taken_time + offset).replace(tzinfo=None)


class VideoFacts(Struct, frozen=True):
    """What one video says of itself; None where it is silent.

    `recorded_time` is aware and in UTC, `bitrate` bits and `frame_rate` frames a second, places as
    in `PhotoFacts`. `codec` is the container's own code ("avc1"), else FFmpeg's name ("vp9").
    """

    recorded_time: datetime | None = None
    capture_offset_minutes: int | None = None
    codec: str | None = None
    bitrate: int | None = None
    frame_rate: float | None = None
    camera_make: str | None = None
    camera_model: str | None = None
    description: str | None = None
    gps_latitude: float | None = None
    gps_longitude: float | None = None
    gps_altitude: float | None = None
    content_identifier: str | None = None


class AudioFacts(Struct, frozen=True):
    """What one recording says of itself: bits a second, hertz, and the tags of its music."""

    codec: str | None = None
    bitrate: int | None = None
    sample_rate: int | None = None
    channels: int | None = None
    artist: str | None = None
    album: str | None = None
    title: str | None = None
    genre: str | None = None
    year: int | None = None
    description: str | None = None


class Development(Struct, frozen=True):
    """What became of one file. A task that was not asked for leaves its fields empty.

    `width` × `height` is the displayed size in pixels, None when no header could be read;
    `duration` is seconds. A recording has pictures only when it brings a cover.
    An error is a sentence for people; one task's fault leaves the other's results intact.
    """

    facts: PhotoFacts | VideoFacts | AudioFacts | None = None
    exif_raw: dict[str, Printed] | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    thumbnails: tuple[Thumbnail, ...] = ()
    thumbhash: bytes | None = None
    perceptual_hash: int | None = None
    metadata_error: str | None = None
    thumbnail_error: str | None = None
