"""From the one large picture of a file to everything that is kept of its looks."""

from pathlib import Path

import msgspec
from PIL import Image

from lumilio.media.facts import Development
from lumilio.media.fingerprints import perceptual_hash_of, thumbhash_of
from lumilio.media.thumbnails import scaled, write_thumbnails


def pictured(
    development: Development, large: Image.Image, thumbnails_dir: Path, stem: str
) -> Development:
    """Add thumbnails, written now, and fingerprints of a picture; OSError when disks fail."""
    pictures = scaled(large)
    return msgspec.structs.replace(
        development,
        thumbnails=write_thumbnails(pictures, thumbnails_dir, stem),
        thumbhash=thumbhash_of(pictures["small"]),
        perceptual_hash=perceptual_hash_of(pictures["small"]),
    )
