"""Photos that move: a motion photo holds its clip itself, a live photo's is a video beside it.

The still and the video of a live photo have one content identifier. Which of them comes first does
not matter, as nothing is noted of the pair: it is looked for whenever somebody asks.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from lumilio.db import Connection, Transaction
from lumilio.media.facts import EmbeddedVideo


class Motion(Struct, omit_defaults=True):
    """How a photo moves; `/assets/{id}/motion` has the film."""

    kind: Literal["motion_photo", "live_photo"]
    duration: Annotated[float | None, Meta(description="Seconds, once they are known.")] = None


# Two copies of a still may share a video, and of two videos it is the first.
_VIDEO = (
    "FROM assets AS video WHERE assets.type = 'PHOTO' AND video.type = 'VIDEO'"
    " AND video.content_identifier = assets.content_identifier"
    " AND video.repository_id = assets.repository_id AND video.owner_id IS assets.owner_id"
    " AND video.deleted_at IS NULL ORDER BY video.id LIMIT 1"
)
# The index holds nothing but photos that move; the facts themselves are long to read in a list.
_EMBEDDED = (
    "FROM file_metadata INDEXED BY motion_photos"
    " WHERE file_metadata.asset_id = assets.id AND embedded_video IS NOT NULL"
)
# For a row of assets: its Motion as JSON, or NULL.
COLUMN = (
    "COALESCE((SELECT json_object('kind', 'motion_photo', 'duration', embedded_video ->> 'duration')"
    f" {_EMBEDDED}), (SELECT json_object('kind', 'live_photo', 'duration', video.duration) {_VIDEO}))"
)


def decode(text: str) -> Motion:
    """What COLUMN says of a photo that moves."""
    return msgspec.json.decode(text, type=Motion)


def embedded_video(db: Connection, key: int) -> EmbeddedVideo | None:
    """Where the clip of a motion photo lies, None for all others."""
    text = db.value(f"SELECT (SELECT embedded_video {_EMBEDDED}) FROM assets WHERE id = ?", (key,))
    return None if text is None else msgspec.json.decode(text, type=EmbeddedVideo)


def video_of(db: Connection, key: int) -> int | None:
    """The key of a live photo's video, None for all others."""
    found: int | None = db.value(
        f"SELECT (SELECT video.id {_VIDEO}) FROM assets WHERE id = ?", (key,)
    )
    return found


def announce_stills(tx: Transaction, key: int) -> None:
    """Have the stills that a video belongs to told as changed: they move from now on."""
    tx.run(
        "UPDATE assets SET type = type WHERE type = 'PHOTO' AND (content_identifier, repository_id)"
        " = (SELECT content_identifier, repository_id FROM assets WHERE id = ?)",
        (key,),
    )
