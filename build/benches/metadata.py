"""Facts of real files against the installed `exiftool` program, and how long reading takes.

Every picture of the sample set goes through Lumilio's decoder process; what it tells stands against
ExifTool field by field. A field counts where ExifTool tells it. The misses are listed, each with the
reason where it is known and accepted.

Rules that spare misses, so that the share can be judged: files of the theme `corrupt` are left out; a
lens that ExifTool calls "Unknown …" or by a bare number counts by its next tag; spaces and the maker
before a lens do not count; only the main picture's orientation turns a size; the GPS clock tells no
offset. On these samples that is 19 fields: without the rules for lens, orientation and GPS about
97.8 % agree.
"""

import argparse
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import _exiftool
from _support import ROOT, print_table, verdict

from lumilio.errors import DecoderFailed
from lumilio.media.facts import Development, PhotoFacts
from lumilio.media.formats import format_of
from lumilio.media.pool import DecodePool

PROMISED_AGREEMENT = 0.99
PROMISED_MEDIAN_MS = 5.0
ROUNDS = 5
DEFAULT_MEDIA = ROOT.parent / "shared" / "media"
# Headers of damaged files contradict themselves; what readers make of them is no measure.
DAMAGED = "corrupt"


def timed_read(source: str, rounds: int) -> tuple[Development, float]:
    """Read a file's facts some times; returns them and the median in milliseconds."""
    from lumilio.media.develop import develop

    path, took = Path(source), []
    for _ in range(rounds):
        start = time.perf_counter()
        development = develop(path, thumbnails_dir=Path(), stem="", tasks=frozenset({"metadata"}))
        took.append((time.perf_counter() - start) * 1000)
    return development, statistics.median(took)


def compared(facts: PhotoFacts, truth: dict[str, Any]) -> Iterator[tuple[str, Any, Any, bool]]:
    """Each field that ExifTool tells: its name, ExifTool's value, ours, and whether they agree."""
    for name, theirs in truth.items():
        ours = _ours(facts, name)
        yield name, theirs, ours, _is_same(name, theirs, ours)


def _ours(facts: PhotoFacts, name: str) -> Any:
    if name == "time":
        wall = facts.wall_time
        return wall and wall.replace(microsecond=0)
    if name == "GPS time":
        return facts.taken_time and facts.taken_time.replace(tzinfo=None, microsecond=0)
    if name == "size":
        return facts.width and (facts.width, facts.height)
    return getattr(facts, _FIELDS[name])


_FIELDS = {
    "offset": "capture_offset_minutes",
    "latitude": "gps_latitude",
    "longitude": "gps_longitude",
    "make": "camera_make",
    "model": "camera_model",
    "lens": "lens_model",
    "exposure time": "exposure_time",
    "f-number": "f_number",
    "ISO": "iso_speed",
    "focal length": "focal_length",
    "compensation": "exposure",
}
_MAKERS = re.compile(r"^(canon|nikon|sony|panasonic|olympus) ")
_TOLERANCES = {
    "latitude": 1e-5,
    "longitude": 1e-5,
    "f-number": 0.006,
    "ISO": 0.99,
    "focal length": 0.01,
    "compensation": 0.005,
}


def _is_same(name: str, theirs: Any, ours: Any) -> bool:
    if ours is None:
        return False
    if name in _TOLERANCES:
        return abs(theirs - ours) <= _TOLERANCES[name]
    if name == "lens":
        return _bare(theirs) == _bare(ours)
    return bool(theirs == ours)


def _bare(lens: str) -> str:
    """A lens is the same however its name is spaced, with its maker's name or without."""
    return _MAKERS.sub("", lens.lower()).replace(" ", "")


def samples(media: Path) -> list[Path]:
    """The pictures of the set that are whole."""
    return [
        path
        for path in sorted(media.rglob("*"))
        if path.is_file() and _is_photo(path) and path.relative_to(media).parts[0] != DAMAGED
    ]


def _is_photo(path: Path) -> bool:
    found = format_of(path.name)
    return found is not None and found.type == "PHOTO"


def _without_sidecar(path: Path, folder: str) -> str:
    """A link to the file where no sidecar lies beside it, for ExifTool reads none."""
    link = Path(folder) / path.name
    link.unlink(missing_ok=True)
    link.symlink_to(path)
    return str(link)


def prove(
    media: Path,
    files: Sequence[Path],
    rounds: int = ROUNDS,
    *,
    agreement: float = PROMISED_AGREEMENT,
    median_ms: float = PROMISED_MEDIAN_MS,
) -> list[str]:
    """Compare and print; returns broken promises."""
    truths = _exiftool.read(files)
    counts: dict[str, list[int]] = {}
    misses: list[str] = []
    took: list[float] = []
    with DecodePool(1, function=timed_read) as pool, tempfile.TemporaryDirectory() as alone:
        for path in files:
            name = path.relative_to(media).as_posix()
            try:
                development, milliseconds = pool.call(_without_sidecar(path, alone), rounds)
            except DecoderFailed as error:
                development, milliseconds = Development(metadata_error=error.why), 0.0
            if truths[path].file_type == "JPEG":
                took.append(milliseconds)
            facts = development.facts or PhotoFacts()
            for what, theirs, ours, same in compared(facts, truths[path].fields):
                count = counts.setdefault(what, [0, 0])
                count[0] += same
                count[1] += 1
                if not same:
                    words = f"  {what}: {name}: {ours!s}, ExifTool {theirs!s}"
                    misses.append(words + _reason(name, what))
    broken = []
    share, median = _print(counts, misses, took)
    if share < agreement:
        broken.append(f"{share:.2%} of the fields agree, promised are {agreement:.0%}")
    if median >= median_ms:
        broken.append(f"A JPEG takes {median:.1f} ms, promised are {median_ms:g} ms")
    return broken


# What is behind the misses that stay, by a part of the file's name and the field.
_KODAK = "EXIF itself says so; ExifTool puts Kodak's maker note over it"
_LIGHTROOM = "XMP keeps a name and a number; ExifTool looks the number up in its tables"
_MOVED = "the maker note moved within the file; ExifTool guesses where to, exiv2 does not"
EXPLAINED = {
    ("Kodak DC240", "exposure time"): _KODAK,
    ("Kodak DC240", "f-number"): _KODAK,
    ("Kodak DX6490", "exposure time"): _KODAK,
    ("Kodak DX4330", "f-number"): _KODAK,
    ("Kodak ProBack", "exposure time"): "a note without unit, of which ExifTool makes seconds",
    ("Kodak ProBack", "ISO"): "only in a maker note that exiv2 does not read",
    ("el_torcal_rocks", "lens"): _LIGHTROOM,
    ("Nikon D5000", "lens"): _LIGHTROOM,
    ("canon_hdr", "lens"): _MOVED,
    ("thompson-springs", "offset"): "IPTC has the zone of the computer, the GPS clock another",
    ("IMG_8943", "offset"): "IPTC's +00:00 stands for none; another date there says +02:00",
    ("BigTIFFMotorola", "size"): "no reader of ours opens big-endian BigTIFF",
    ("IMG_7943", "size"): "cropped as the file asks; ExifTool tells the size before",
    ("testHEIC_livePhoto", "size"): "cut-off file: turned by EXIF, as HEIF's own turn is lost",
}


def _reason(name: str, what: str) -> str:
    found = (why for (part, field), why in EXPLAINED.items() if part in name and field == what)
    return f" ({why})" if (why := next(found, "")) else ""


def _print(
    counts: dict[str, list[int]], misses: list[str], took: list[float]
) -> tuple[float, float]:
    """Print what was found; returns the share of fields that agree and the median per JPEG in ms."""
    agreed = sum(same for same, _ in counts.values())
    total = sum(count for _, count in counts.values())
    lines: list[Sequence[object]] = [["field", "agree", "of"]]
    lines += [[what, *count] for what, count in counts.items()]
    print_table([*lines, ["all", agreed, total]])
    print(f"\nDifferent from ExifTool {_exiftool.version()}:")
    print("\n".join(sorted(misses)))
    share, median = agreed / max(1, total), statistics.median(took)
    print(f"\n{share:.2%} of {total} fields agree")
    print(f"JPEG: median {median:.2f} ms, slowest {max(took):.1f} ms, {len(took)} files")
    return share, median


def main(arguments: list[str]) -> int:
    """Prove and print; the exit status is 1 when a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--media", type=Path, default=DEFAULT_MEDIA, help="folder of the samples")
    options = parser.parse_args(arguments)
    if _exiftool.installed() is None:
        print("Skipped: there is no exiftool program to compare with")
        return 0
    if not (files := samples(options.media)):
        print(f"Skipped: there are no samples in {options.media}")
        return 0
    return verdict(prove(options.media, files))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
