"""Two fingerprints of a picture: ThumbHash, its blurred placeholder, and a perceptual hash."""

import imagehash
import thash
from PIL import Image

_THUMBHASH_SIDE = 100


def thumbhash_of(picture: Image.Image) -> bytes:
    """Return the ThumbHash (about 25 bytes) of an sRGB picture of any size."""
    tiny = picture.convert("RGBA")
    # The encoder would turn it once more by the EXIF orientation that the picture came with.
    tiny.info.clear()
    tiny.thumbnail((_THUMBHASH_SIDE, _THUMBHASH_SIDE), Image.Resampling.BOX)
    return bytes(thash.encode(tiny, resize=False))


def perceptual_hash_of(small: Image.Image) -> int:
    """Return the 64-bit DCT hash of the small thumbnail; its first bit is bit 63.

    Bit = coefficient above the median, 8 × 8 lowest frequencies of 64 × 64 grey pixels, row by
    row. Transparent pixels count as white, as people see them on a page.
    """
    opaque = small
    if small.mode == "RGBA":
        opaque = Image.new("RGB", small.size, "white")
        opaque.paste(small, mask=small.getchannel("A"))
    bits = imagehash.phash(opaque, hash_size=8, highfreq_factor=8).hash
    return int("".join("1" if bit else "0" for bit in bits.flat), 2)
