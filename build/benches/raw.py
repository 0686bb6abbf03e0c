"""RAW files with a preview, beside the same work in bare rawpy and Pillow; and the RAW samples.

Both sides open the file, take the preview out, turn it, and write three WebP thumbnails, in one
process each time by turns. Ours reads the metadata and makes the fingerprints besides, which is
timed apart.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import rawpy
from _dng import dng
from _pictures import camera_photos
from _support import ROOT, print_table, verdict
from PIL import Image, ImageOps

from lumilio.errors import CannotDecode
from lumilio.media.develop import develop, opened_photo
from lumilio.media.thumbnails import LONGEST_SIDES, METHOD, QUALITY, scaled, write_thumbnails

DEFAULT_MEDIA = ROOT.parent / "shared" / "media"
PROMISED_SPEED = 0.8
_SIZE = (4000, 3000)


def ours(file: Path, folder: Path) -> None:
    """The product's own way to three thumbnails."""
    with opened_photo(file) as photo:
        large = photo.render(LONGEST_SIDES["large"])
    write_thumbnails(scaled(large), folder, file.stem)


def whole(file: Path, folder: Path) -> None:
    """All that the product does with a photo."""
    development = develop(file, thumbnails_dir=folder, stem=file.stem)
    assert development.thumbnail_error is None
    assert development.metadata_error is None


def bare(file: Path, folder: Path) -> None:
    """What a person would write with rawpy and Pillow."""
    with rawpy.imread(str(file)) as raw:
        thumb = raw.extract_thumb()
    with Image.open(BytesIO(thumb.data)) as image:
        image.draft("RGB", (LONGEST_SIDES["large"],) * 2)
        picture = ImageOps.exif_transpose(image)
        for size, side in LONGEST_SIDES.items():
            picture = picture.copy()
            picture.thumbnail((side, side), Image.Resampling.LANCZOS)
            picture.save(folder / f"{file.stem}_{size}.webp", quality=QUALITY, method=METHOD)


def race(files: list[Path], folder: Path, rounds: int) -> list[str]:
    """Time all sides by turns and print medians; returns broken promises."""
    sides: dict[str, Callable[[Path, Path], None]] = {
        "bare rawpy and Pillow": bare,
        "thumbnails by Lumilio": ours,
        "with metadata and fingerprints": whole,
    }
    times: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for file in files:
            # Whoever comes second finds warmer caches, so the turns change.
            order = list(sides)[number % len(sides) :] + list(sides)[: number % len(sides)]
            for name in order:
                start = time.perf_counter()
                sides[name](file, folder)
                # The first round loads libraries.
                if number:
                    times[name].append(time.perf_counter() - start)
    base = statistics.median(times["bare rawpy and Pillow"])
    lines: list[list[object]] = [["side", "median ms", "speed"]]
    for name, seconds in times.items():
        median = statistics.median(seconds)
        lines.append([name, f"{median * 1000:.0f}", f"{base / median:.2f} ×"])
    print_table(lines)
    speed = base / statistics.median(times["thumbnails by Lumilio"])
    return [] if speed >= PROMISED_SPEED else [f"{speed:.2f} × the speed of bare rawpy"]


def samples(media: Path) -> None:
    """Print what becomes of each RAW sample."""
    lines: list[list[object]] = [["sample", "size", "seconds", "outcome"]]
    for file in sorted((media / "raw").iterdir()):
        start = time.perf_counter()
        try:
            with opened_photo(file) as photo:
                size = f"{photo.width}×{photo.height}"
                picture = photo.render(LONGEST_SIDES["large"])
            outcome = f"{picture.width}×{picture.height}"
        except CannotDecode as error:
            size, outcome = "", error.why
        lines.append([file.name, size, f"{time.perf_counter() - start:.2f}", outcome])
    print_table(lines)


def main(arguments: list[str]) -> int:
    """Measure and print; the exit status is 1 when a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--files", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--media", type=Path, default=DEFAULT_MEDIA, help="folder of the samples")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="lumilio-raw-") as work:
        folder = Path(work)
        for name in LONGEST_SIDES:
            (folder / name).mkdir()
        photos = camera_photos(folder, options.files, size=_SIZE)
        files = [photo.with_suffix(".dng") for photo in photos]
        for photo, file in zip(photos, files, strict=True):
            file.write_bytes(dng(photo.read_bytes(), _SIZE))
        broken = race(files, folder, options.rounds)
    if (options.media / "raw").is_dir():
        samples(options.media)
    return verdict(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
