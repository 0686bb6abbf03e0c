"""Right orientation, size and colour: every picture beside an independent conversion.

Each picture of the sample set that both sides read is rendered and compared, pixel by pixel, with
what libvips makes of it (its own decoders, lcms2 for profiles); where libvips has no decoder, with a
plain full decode and a conversion by lcms2. HDR has no such reference: pictures of known colours are
stored as PQ and HLG and must come back as they were.
"""

import argparse
import csv
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import product
from pathlib import Path

import numpy as np
import pillow_heif
import pyvips
from _colour_difference import ciede2000
from _hdr import as_hdr_png
from _pictures import camera_photos
from _support import ROOT, print_table, verdict
from PIL import Image, ImageCms, ImageOps

from lumilio.errors import CannotDecode
from lumilio.media.develop import opened_photo
from lumilio.media.sniff import format_of_file

DEFAULT_MEDIA = ROOT.parent / "shared" / "media"
SIDE, BLUR = 512, 8
PROMISED_MEAN, PROMISED_HDR_MEAN = 1.0, 1.5
# Where the reference does something else, and ours was looked at.
_EXPLAINED = {
    "cmyk.jpg": "CMYK without a profile is a guess: libvips takes a profile of its own",
    "hato.profile0.8bpc.yuv420.monochrome.avif": "libvips reads its limited range as full; ours is"
    " as bright as the same picture in colour",
    "thompson-springs.jpg": "ours has black point compensation, libvips has none",
    "kimono.crop.avif": "the crop (clap) of AVIF is not applied by libavif's binding",
}
_SPARED = ("audio/", "video/", "raw/", "corrupt/")


@dataclass(frozen=True)
class Comparison:
    """One picture beside its reference: means over its pixels, and the highest 95th percentile."""

    name: str
    reference: str
    mean: float
    p95: float


def compare(path: Path, name: str) -> Comparison | str | None:
    """Compare one picture; None when it is no picture or one side does not read it.

    Returns a sentence where size or orientation differ.
    """
    form = format_of_file(path)
    if form is None or form.type != "PHOTO" or form.is_raw:
        return None
    try:
        with opened_photo(path) as photo:
            ours = photo.render(SIDE)
    except CannotDecode:
        return None
    found = _by_vips(path) or _by_lcms(path)
    if found is None:
        return None
    reference, wanted = found
    # The shorter side may be rounded either way.
    if max(abs(a - b) for a, b in zip(ours.size, wanted.size, strict=True)) > 1:
        return f"{name}: {ours.size} is not {wanted.size}"
    wanted = wanted.resize(ours.size, Image.Resampling.LANCZOS)
    difference = ciede2000(_on_white(ours), _on_white(wanted))
    return Comparison(
        name, reference, float(difference.mean()), float(np.percentile(difference, 95))
    )


def _by_vips(path: Path) -> tuple[str, Image.Image] | None:
    try:
        picture = pyvips.Image.thumbnail(
            str(path), SIDE, height=SIDE, size="down", output_profile="srgb", intent="relative"
        )
        picture = picture.colourspace("srgb")
        if picture.format != "uchar":
            picture = picture.cast("uchar")
        pixels = picture.numpy()
    except pyvips.Error:
        return None
    return "libvips", Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _by_lcms(path: Path) -> tuple[str, Image.Image] | None:
    pillow_heif.register_heif_opener()
    from pillow_jxl import JpegXLImagePlugin  # noqa: F401 - registers itself

    try:
        with Image.open(path) as image:
            profile = image.info.get("icc_profile")
            # libheif and libjxl turn pictures themselves.
            is_turned = image.format in ("HEIF", "JXL") and not getattr(image, "jpeg", False)
            upright = image if is_turned else ImageOps.exif_transpose(image)
            if profile and upright.mode == "RGB":
                source, target = (
                    ImageCms.ImageCmsProfile(BytesIO(profile)),
                    ImageCms.createProfile("sRGB"),
                )
                upright = ImageCms.profileToProfile(upright, source, target, renderingIntent=1)
            picture = upright.convert("RGBA" if "A" in upright.mode else "RGB")
            picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    except (OSError, ValueError, SyntaxError, ImageCms.PyCMSError):
        return None
    return "lcms2", picture


def _on_white(picture: Image.Image) -> np.ndarray:
    shown = picture.convert("RGBA")
    white = Image.new("RGBA", shown.size, "white")
    white.alpha_composite(shown)
    # Edges are sampled by different filters, which is no matter of colour.
    return np.asarray(white.convert("RGB").reduce(BLUR), np.float64)


def hdr(work: Path) -> Iterator[Comparison]:
    """Photo-like pictures of known colours, stored as HDR below the white of paper."""
    (photo,) = camera_photos(work, 1, size=(1200, 900), seed=4)
    with Image.open(photo) as image:
        original = ImageOps.exif_transpose(image).convert("RGB")
    original.thumbnail((SIDE, SIDE))
    for curve, bits in product(("PQ", "HLG"), (8, 16)):
        file = work / f"{curve}{bits}.png"
        file.write_bytes(as_hdr_png(np.asarray(original), curve, bits))
        with opened_photo(file) as shown:
            found = _on_white(shown.render(SIDE))
        difference = ciede2000(found, _on_white(original))
        yield Comparison(
            f"BT.2020 {curve}, {bits}-bit PNG",
            "original",
            difference.mean(),
            np.percentile(difference, 95),
        )


def prove(media: Path, work: Path) -> list[str]:
    """Compare all pictures and print the differences; returns broken promises."""
    broken: list[str] = []
    found: list[Comparison] = []
    with (media / "MANIFEST.csv").open(encoding="utf-8", newline="") as lines:
        names = [row["file"] for row in csv.DictReader(lines)]
    for name in names:
        if name.startswith(_SPARED) or not (media / name).is_file():
            continue
        outcome = compare(media / name, name)
        if isinstance(outcome, str):
            broken += [] if Path(name).name in _EXPLAINED else [outcome]
        elif outcome is not None:
            found.append(outcome)
    _print(found)
    broken += [
        f"{one.name} differs by ΔE {one.mean:.2f} from {one.reference}"
        for one in found
        if one.mean > PROMISED_MEAN and Path(one.name).name not in _EXPLAINED
    ]
    print("".join(f"  {name}: {why}\n" for name, why in _EXPLAINED.items()))
    in_hdr = list(hdr(work))
    _print(in_hdr)
    return broken + [
        f"{one.name} differs by ΔE {one.mean:.2f}" for one in in_hdr if one.mean > PROMISED_HDR_MEAN
    ]


def _print(found: list[Comparison]) -> None:
    lines: list[list[object]] = [
        ["reference", "pictures", "mean ΔE2000: p50", "p95", "max", "farthest"]
    ]
    for reference in dict.fromkeys(one.reference for one in found):
        those = sorted(
            (one for one in found if one.reference == reference), key=lambda one: one.mean
        )
        means = [one.mean for one in those]
        p50, p95, most = (f"{np.percentile(means, share):.2f}" for share in (50, 95, 100))
        farthest = ", ".join(f"{one.name} {one.mean:.2f}" for one in reversed(those[-4:]))
        lines.append([reference, len(those), p50, p95, most, farthest])
    print_table(lines)


def main(arguments: list[str]) -> int:
    """Prove and print; the exit status is 1 when a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--media", type=Path, default=DEFAULT_MEDIA, help="folder of the samples")
    options = parser.parse_args(arguments)
    if not (options.media / "MANIFEST.csv").is_file():
        print(f"Skipped: there are no samples in {options.media}")
        return 0
    with tempfile.TemporaryDirectory(prefix="lumilio-colours-") as work:
        return verdict(prove(options.media, Path(work)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
