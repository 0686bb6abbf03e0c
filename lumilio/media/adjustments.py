"""The edits of a photo as numbers; free of decoders, so that the program can store them.

What each of them does to a picture stands in `edits`.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

_SHAPES = ("rotation", "flip_horizontal", "flip_vertical", "crop")


class Crop(Struct, frozen=True):
    """A part of the turned picture, in fractions of its sides; without an area it counts as none."""

    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0


class Adjustments(Struct, frozen=True, rename="camel", kw_only=True):
    """Zero is neutral. Numbers are kept as given, and count as the end of their range beyond it.

    Exposure is −3…3 EV, rotation in degrees clockwise, sharpness and noise reduction 0…100, the
    others −100…100.
    """

    exposure: float
    contrast: float
    highlights: float
    shadows: float
    whites: float
    blacks: float
    temperature: float
    tint: float
    vibrance: float
    saturation: float
    clarity: float
    sharpness: float
    noise_reduction: float
    rotation: Annotated[float, Meta(description="Degrees clockwise.")]
    flip_horizontal: bool
    flip_vertical: bool
    crop: Crop | UnsetType = UNSET

    @property
    def reshapes(self) -> bool:
        """Whether places of the picture come to lie elsewhere."""
        return any(getattr(self, name) for name in _SHAPES)

    @property
    def recolours(self) -> bool:
        """Whether tones or colours change."""
        names = (name for name in self.__struct_fields__ if name not in _SHAPES)
        return any(getattr(self, name) for name in names)


NEUTRAL = Adjustments(
    exposure=0, contrast=0, highlights=0, shadows=0, whites=0, blacks=0, temperature=0, tint=0,
    vibrance=0, saturation=0, clarity=0, sharpness=0, noise_reduction=0, rotation=0,
    flip_horizontal=False, flip_vertical=False,
)  # fmt: skip
