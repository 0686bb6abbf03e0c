"""Any colour mode and profile → 8-bit sRGB, with alpha only where something is transparent."""

from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageChops, ImageCms

from lumilio.media import hdr

_SRGB = ImageCms.createProfile("sRGB")
_ALPHA_MODES = {"LA": "L", "La": "L", "RGBA": "RGB", "RGBa": "RGB", "PA": "RGB"}
_PROFILE_SPACES = {"RGB": "RGB ", "CMYK": "CMYK", "L": "GRAY", "LAB": "Lab "}
_PROBE = [
    (r, g, b) for r in range(0, 256, 51) for g in range(0, 256, 51) for b in range(0, 256, 51)
]


def to_8_bit(image: Image.Image) -> Image.Image:
    """Return the picture in a mode that can be resized: no palette, no bitmap, 8 bits a channel."""
    if image.mode.startswith("I;16"):
        return _upper_bytes(image)
    if image.mode in ("I", "F"):
        return _stretched(image)
    if image.mode in ("P", "PA") or "transparency" in image.info:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode == "1":
        return image.convert("L")
    return image


def to_srgb(image: Image.Image) -> Image.Image:
    """Return the picture as sRGB in mode RGB, or RGBA if a pixel is not opaque.

    An embedded profile is applied when it fits the mode; a damaged one is ignored. `info["cicp"]`,
    where there are code points, goes before it.
    """
    code = image.info.get("cicp")
    profile = image.info.get("icc_profile")
    alpha = _alpha(image)
    opaque = image.convert(_ALPHA_MODES[image.mode]) if image.mode in _ALPHA_MODES else image
    colour = None
    if code is not None and hdr.differs_from_srgb(code):
        colour = hdr.to_srgb(np.asarray(opaque.convert("RGB")), code)
    elif profile or opaque.mode == "LAB":
        colour = _by_profile(opaque, profile)
    if colour is None:
        colour = _as_rgb(opaque)
    if alpha is not None:
        colour.putalpha(alpha)
    return colour


def _as_rgb(image: Image.Image) -> Image.Image:
    """The picture itself where it is RGB, for a copy of the largest would not fit into memory."""
    image.load()
    return image if image.mode == "RGB" else image.convert("RGB")


def to_rgb(image: Image.Image) -> Image.Image:
    """Return the picture as RGB(A) with its own profile in `info`, or else as sRGB without one.

    HDR is mapped, too: 8 bits cannot hold it.
    """
    profile = None if image.info.get("cicp") else image.info.get("icc_profile")
    if image.mode in ("RGB", "RGBA") and profile and _is_for(profile, image.mode):
        # Shrinking has not touched a picture that is small enough already.
        image.load()
        return image
    converted = to_srgb(image)
    converted.info = {}
    return converted


def _is_for(profile: bytes, mode: str) -> bool:
    try:
        space = ImageCms.ImageCmsProfile(BytesIO(profile)).profile.xcolor_space
    except (ImageCms.PyCMSError, OSError):
        return False
    return space == _PROFILE_SPACES[mode[:3]]


def _upper_bytes(image: Image.Image) -> Image.Image:
    """The usual way over 32 bits would need four times the memory."""
    levels = np.asarray(image)
    upper = 0 if levels.dtype.byteorder == ">" else 1
    picture = Image.fromarray(levels.view(np.uint8).reshape(*levels.shape, 2)[..., upper])
    picture.info = image.info
    return picture


def _alpha(image: Image.Image) -> Image.Image | None:
    if image.mode not in _ALPHA_MODES:
        return None
    alpha = image.getchannel("A" if image.mode[-1] == "A" else "a")
    return None if alpha.getextrema()[0] == 255 else alpha


def _by_profile(image: Image.Image, profile: bytes | None) -> Image.Image | None:
    try:
        transform = _transform(profile, image.mode)
        return ImageCms.applyTransform(image, transform) if transform else None
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


@lru_cache(maxsize=16)
def _transform(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the way from the profile to sRGB; None when there is nothing to convert."""
    source = _source_profile(profile, mode)
    if source is None:
        return None
    transform = ImageCms.buildTransform(
        source, _SRGB, mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )  # fmt: skip
    return None if _changes_nothing(transform, mode) else transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether the profile is sRGB by another name; names themselves are not to be relied on."""
    if mode != "RGB":
        return False
    probe = Image.new("RGB", (len(_PROBE), 1))
    probe.putdata(_PROBE)
    found = ImageCms.applyTransform(probe, transform)
    assert found is not None
    return max(ImageChops.difference(probe, found).tobytes()) <= 1


def _source_profile(profile: bytes | None, mode: str) -> ImageCms.ImageCmsProfile | None:
    if profile is None:
        return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    return source if source.profile.xcolor_space == _PROFILE_SPACES.get(mode) else None


def _stretched(image: Image.Image) -> Image.Image:
    """Scientific and depth pictures have no white of their own: spread what is there."""
    low, high = image.getextrema()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    if image.mode == "I" and low >= 0 and high < 65536:
        low, high = 0, 255 if high < 256 else 65535
    if not high > low:
        return Image.new("L", image.size)
    scale = 255 / (high - low)
    return image.point(lambda value: value * scale - low * scale).convert("L")
