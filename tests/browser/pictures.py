"""Photos made for the occasion, and ways to hand them to the page."""

import base64
import io
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from PIL.TiffImagePlugin import IFDRational
from playwright.sync_api import Page


def picture(
    path: Path,
    *,
    size: tuple[int, int] = (900, 600),
    colour: tuple[int, int, int] = (180, 90, 60),
    taken: str = "",
    offset: str = "",
    orientation: int = 1,
    place: tuple[float, float] | None = None,
    camera: bool = False,
) -> Path:
    """Write a small JPEG with the given EXIF; a gradient, so that it has something to look at."""
    left = Image.linear_gradient("L").resize(size)
    right = left.transpose(Image.Transpose.ROTATE_180)
    flat = Image.new("L", size, colour[2])
    image = Image.merge("RGB", (left.point(lambda v: min(255, v + colour[0] // 3)), right, flat))
    exif = Image.Exif()
    exif[0x0112] = orientation
    details = exif.get_ifd(0x8769)
    if taken:
        details[0x9003] = taken
    if offset:
        details[0x9011] = offset
    if camera:
        exif[0x010F] = "Lumen"
        exif[0x0110] = "Lumen One"
        details[0xA434] = "Lumen 50mm F1.8"
        details[0x829A] = IFDRational(1, 250)
        details[0x829D] = IFDRational(28, 10)
        details[0x8827] = 100
        details[0x920A] = IFDRational(50)
    if place:
        gps = exif.get_ifd(0x8825)
        for tag, value, names in ((1, place[0], "NS"), (3, place[1], "EW")):
            gps[tag] = names[value < 0]
            gps[tag + 1] = _degrees(abs(value))
    image.save(path, quality=80, exif=exif)
    return path


def _degrees(value: float) -> tuple[float, float, float]:
    minutes = (value % 1) * 60
    return float(int(value)), float(int(minutes)), round((minutes % 1) * 60, 3)


def drop_files(page: Page, target: str, paths: list[Path]) -> Callable[[], None]:
    """Drag files over an element; the returned function lets them go."""
    contents = [[path.name, base64.b64encode(path.read_bytes()).decode()] for path in paths]
    transfer = page.evaluate_handle(
        """files => {
          const transfer = new DataTransfer();
          for (const [name, text] of files) {
            const bytes = Uint8Array.from(atob(text), char => char.charCodeAt(0));
            transfer.items.add(new File([bytes], name, { type: 'image/jpeg' }));
          }
          return transfer;
        }""",
        contents,
    )
    page.dispatch_event(target, "dragenter", {"dataTransfer": transfer})
    page.dispatch_event(target, "dragover", {"dataTransfer": transfer})
    return lambda: page.dispatch_event(target, "drop", {"dataTransfer": transfer})


def jpeg_bytes(size: tuple[int, int], shade: int) -> bytes:
    """A tiny JPEG that differs by its shade."""
    out = io.BytesIO()
    Image.new("RGB", size, (shade % 256, (shade * 7) % 256, (shade // 256) * 40)).save(out, "JPEG")
    return out.getvalue()
