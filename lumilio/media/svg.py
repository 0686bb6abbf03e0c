"""SVG → pixels by resvg, which runs no scripts, from a copy that refers to nothing outside itself."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import resvg_py
from PIL import Image

from lumilio.errors import CannotDecode
from lumilio.media.pictures import decode_faults, rendered

_FILE_LIMIT_BYTES = 64 << 20
_INNER_REFERENCE = re.compile(r"\s*(?:#|data:image/(?:png|jpe?g|gif|webp)[;,])", re.IGNORECASE)
_LENGTH = re.compile(r"\s*\+?(\d*\.?\d+(?:e[+-]?\d+)?)\s*(px|pt|pc|mm|cm|in|)\s*", re.IGNORECASE)
_NUMBER = r"([-+]?\d*\.?\d+(?:e[-+]?\d+)?)"
_VIEW_BOX = re.compile(
    rf"\s*{_NUMBER}[\s,]+{_NUMBER}[\s,]+{_NUMBER}[\s,]+{_NUMBER}\s*", re.IGNORECASE
)
_PIXELS = {
    "": 1.0,
    "px": 1.0,
    "pt": 4 / 3,
    "pc": 16.0,
    "mm": 96 / 25.4,
    "cm": 96 / 2.54,
    "in": 96.0,
}
# What browsers assume when a drawing says nothing of its size.
_DEFAULT_SIZE = 300.0, 150.0
_MOST_SIDE = 1e9


class SvgPicture:
    """A drawing; its size in pixels is the one at which it says to be shown."""

    def __init__(self, path: Path, root: ElementTree.Element) -> None:
        self._path = path
        self._root = root
        self._size = _displayed_size(root)
        _set_size(root, self._size)
        self.width, self.height = (max(round(side), 1) for side in self._size)

    def render(self, longest_side: int, *, faithful: bool = False) -> Image.Image:
        """Draw as large as asked for: a drawing has no pixels of its own to be enlarged."""
        scale = longest_side / max(self._size)
        width, height = (max(round(side * scale), 1) for side in self._size)
        with decode_faults(self._path):
            content = ElementTree.tostring(self._root, encoding="unicode")
            # Reading the system's fonts takes longer than most drawings.
            drawn = resvg_py.svg_to_bytes(
                svg_string=content,
                width=width,
                height=height,
                skip_system_fonts="text" not in content,
            )
            with Image.open(BytesIO(bytes(drawn)), formats=("PNG",)) as image:
                return rendered(image, 1, longest_side, faithful=faithful)


@contextmanager
def opened_svg(path: Path) -> Iterator[SvgPicture]:
    """Open a drawing; CannotDecode when it is no SVG or too large to be one."""
    with decode_faults(path):
        if path.stat().st_size > _FILE_LIMIT_BYTES:
            raise CannotDecode(path, "The drawing is larger than the limit of 64 MB")
        # Expat fetches nothing and stops entities that multiply.
        root = ElementTree.fromstring(path.read_bytes())  # noqa: S314
        _cut_outer_references(root)
        picture = SvgPicture(path, root)
    yield picture


def _cut_outer_references(root: ElementTree.Element) -> None:
    """Left in, `<image href="/etc/passwd.png">` would show any file that the program can read."""
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name.rpartition("}")[2] == "href" and not _INNER_REFERENCE.match(value):
                del element.attrib[name]


def _set_size(root: ElementTree.Element, size: tuple[float, float]) -> None:
    """Say the size outright, for resvg refuses drawings that leave a part of it open."""
    width, height = (f"{side:.9g}" for side in size)
    root.set("width", width)
    root.set("height", height)
    if _view_box(root) is None:
        root.set("viewBox", f"0 0 {width} {height}")


def _view_box(root: ElementTree.Element) -> tuple[float, float] | None:
    found = _VIEW_BOX.fullmatch(root.get("viewBox", ""))
    wide, high = (float(found[3]), float(found[4])) if found else (0.0, 0.0)
    return (wide, high) if _MOST_SIDE > wide > 0 and _MOST_SIDE > high > 0 else None


def _displayed_size(root: ElementTree.Element) -> tuple[float, float]:
    width, height = _pixels(root.get("width", "")), _pixels(root.get("height", ""))
    wide, high = _view_box(root) or _DEFAULT_SIZE
    if width and height:
        size = width, height
    elif width:
        size = width, width * high / wide
    elif height:
        size = height * wide / high, height
    else:
        size = wide, high
    return size


def _pixels(text: str) -> float | None:
    found = _LENGTH.fullmatch(text)
    pixels = float(found[1]) * _PIXELS[found[2].lower()] if found else 0.0
    return pixels if 0 < pixels < _MOST_SIDE else None
