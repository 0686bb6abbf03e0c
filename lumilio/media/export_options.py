"""What may be asked of an export; free of decoders, so that the program can use it."""

import sys
from typing import Literal

from msgspec import Struct

from lumilio.media.adjustments import Adjustments

ExportFormat = Literal["jpeg", "png", "webp", "avif"]

LONGEST_SIDE = 60_000


class ExportOptions(Struct, frozen=True, kw_only=True):
    """Format, quality 1–100 (None: the format's own default) and bounds in pixels (0: none).

    Where only one bound is given, it holds for both sides. `adjustments` are applied to the photo.
    """

    format: ExportFormat
    quality: int | None = None
    max_width: int = 0
    max_height: int = 0
    strip_location: bool = False
    adjustments: Adjustments | None = None

    @property
    def box(self) -> tuple[int, int]:
        """The largest width and height, in pixels."""
        width = self.max_width or self.max_height or sys.maxsize
        return width, self.max_height or width

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        """The size of a picture within the bounds: same shape, never enlarged."""
        box_width, box_height = self.box
        scale = min(box_width / width, box_height / height, 1.0)
        return max(round(width * scale), 1), max(round(height * scale), 1)
