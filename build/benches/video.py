"""Real videos and recordings from file to playable: are the facts right, and does a browser play them?

Every video and recording of the sample set goes into a fresh library by upload. Its facts stand
against what ExifTool read, as the set's manifest tells it: a duration may agree with FFmpeg's, which
counts where ExifTool estimates. Then Chromium, where it is installed, plays what the web addresses
answer with: it must come to `canplay`, and its clock must move.
"""

import argparse
import csv
import math
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from _playing import CHROMIUM, Played, play_all
from _support import ROOT, Client, print_table, serving, verdict
from blake3 import blake3

DEFAULT_MEDIA = ROOT.parent / "shared" / "media"
STUCK_SECONDS = 600
_DURATION_SECONDS = 0.1
_DEGREES = 1e-4
_QUARTER_TURNS = ("90", "270")
# The extension is not of the contract; the content is an MPEG program stream.
_RENAMED = {".m2v": ".mpg"}


@dataclass
class Sample:
    """A file of the set with its line of the manifest, and its asset once it is there."""

    name: str
    path: Path
    truth: dict[str, str]
    asset: dict[str, Any]
    played: Played | None = None

    @property
    def kind(self) -> str:
        """VIDEO or AUDIO."""
        return str(self.asset["type"])


def read_samples(media: Path, work: Path) -> list[Sample]:
    """Every video and recording that common decoders read, under a name that Lumilio takes."""
    found = []
    with (media / "MANIFEST.csv").open(encoding="utf-8", newline="") as lines:
        for truth in csv.DictReader(lines):
            source = media / truth["file"]
            is_media = truth["theme"] in ("video", "audio") or source.suffix.lower() == ".mov"
            if not is_media or not source.is_file():
                continue
            suffix = _RENAMED.get(source.suffix, source.suffix)
            path = work / f"{source.stem}{suffix}"
            shutil.copyfile(source, path)
            found.append(Sample(truth["file"], path, truth, {}))
    return found


def bring_in(client: Client, repository_id: str, samples: list[Sample]) -> float:
    """Upload all and wait; returns the seconds until everything is playable."""
    begin = time.monotonic()
    for sample in samples:
        client.upload(sample.path, repository_id)
    client.wait_until_idle(STUCK_SECONDS)
    took = time.monotonic() - begin
    assets = {asset["hash"]: asset for asset in client.assets()}
    for sample in samples:
        sample.asset = assets[blake3(sample.path.read_bytes()).hexdigest()]
    return took


def compared(sample: Sample) -> Iterator[tuple[str, object, object, bool]]:
    """Each fact that the manifest knows: its name, the truth, ours, and whether they agree."""
    truth, asset = sample.truth, sample.asset
    document = asset["specific_metadata"]
    if truth["width"] and sample.kind == "VIDEO":
        wanted = (int(truth["width"]), int(truth["height"]))
        if truth["rotation"] in _QUARTER_TURNS:
            wanted = wanted[::-1]
        ours = (asset.get("width"), asset.get("height"))
        yield "size", wanted, ours, wanted == ours
    durations = list(_durations(truth))
    if durations:
        seconds = asset.get("duration") or 0.0
        is_near = any(abs(seconds - wanted) <= _DURATION_SECONDS for wanted in durations)
        yield "duration", durations, seconds, is_near
    if sample.kind == "VIDEO":
        yield from _recorded(truth, document)
    for name, column in (("title", "title"), ("artist", "artist"), ("album", "album")):
        if truth[column] and sample.kind == "AUDIO":
            yield name, truth[column], document.get(name), truth[column] == document.get(name)


def _durations(truth: dict[str, str]) -> Iterator[float]:
    clock = truth["duration_s"].split(":")
    seconds = sum(float(part or 0) * 60**power for power, part in enumerate(reversed(clock)))
    if seconds:
        yield seconds
    if (told := re.search(r"([\d.]+)s\b", truth["decode_outcome"])) and float(told[1]) < 86_400:
        yield float(told[1])


def _recorded(
    truth: dict[str, str], document: dict[str, Any]
) -> Iterator[tuple[str, object, object, bool]]:
    stated, clock = truth["datetime_original"], truth["create_date_other"]
    text = stated or clock
    if text and not text.startswith("0000"):
        wanted = _instant(text)
        ours = document.get("recorded_time")
        is_same = ours is not None and datetime.fromisoformat(ours) == wanted
        yield "time", wanted.isoformat(), ours, is_same
    if re.search(r"[+-]\d\d:\d\d$", stated):
        minutes = _offset(stated[-6:])
        ours = document.get("capture_offset_minutes")
        yield "offset", minutes, ours, minutes == ours
    for name, column in (("gps_latitude", "gps_lat"), ("gps_longitude", "gps_lon")):
        if truth[column]:
            place, ours = float(truth[column]), document.get(name, math.inf)
            yield name, place, ours, math.isclose(place, ours, abs_tol=_DEGREES)
    if truth["model"]:
        ours = document.get("camera_model")
        yield "camera", truth["model"], ours, truth["model"] == ours
    if truth["apple_content_id"]:
        ours = document.get("content_identifier")
        yield "content id", truth["apple_content_id"], ours, truth["apple_content_id"] == ours


def _instant(text: str) -> datetime:
    """What is written without an offset is in UTC, as QuickTime's clock is."""
    wall = datetime.fromisoformat(f"{text[:10].replace(':', '-')}T{text[11:19]}+00:00")
    is_local = bool(re.search(r"[+-]\d\d:\d\d$", text))
    return wall - timedelta(minutes=_offset(text[-6:]) if is_local else 0)


def _offset(text: str) -> int:
    minutes = int(text[1:3]) * 60 + int(text[4:6])
    return -minutes if text[0] == "-" else minutes


def prove(samples: list[Sample], work: Path) -> list[str]:
    """Bring the samples in, print what became of them, play them; returns broken promises."""
    with serving(work / "home") as (server, repository_id):
        took = bring_in(server.client, repository_id, samples)
        if CHROMIUM.exists():
            ways = {s.name: (s.asset["asset_id"], s.kind) for s in samples}
            for name, played in play_all(server.client, ways).items():
                next(sample for sample in samples if sample.name == name).played = played
        copies = {path.stem: path.stat().st_size for path in server.home.rglob("*_web.mp[34]")}
    broken = _print(samples, copies)
    print(f"\n{len(samples)} files were playable after {took:.0f} s.")
    if not CHROMIUM.exists():
        print(f"Not played: {CHROMIUM} is not there.")
    return broken


def _print(samples: list[Sample], copies: dict[str, int]) -> list[str]:
    heading = ("file", "size", "turn", "s", "codec", "recorded", "place", "facts", "copy", "played")
    lines: list[Sequence[object]] = [heading]
    broken = []
    for sample in samples:
        facts = list(compared(sample))
        broken += [
            f"{sample.name}: {name} is {ours!r}, ExifTool has {wanted!r}"
            for name, wanted, ours, is_same in facts
            if not is_same
        ]
        state = sample.asset["processing"]["state"]
        if state != "complete":
            broken.append(f"{sample.name} is {state}")
        if sample.played is not None and not sample.played.moved:
            broken.append(f"{sample.name} does not play: {sample.played.fault}")
        lines.append(_line(sample, facts, copies))
    print_table(lines)
    return broken


def _line(sample: Sample, facts: list[Any], copies: dict[str, int]) -> Sequence[object]:
    asset, document = sample.asset, sample.asset["specific_metadata"]
    size = copies.get(f"{asset['hash']}_web")
    place = (document.get("gps_latitude"), document.get("gps_longitude"))
    return (
        sample.name,
        f"{asset['width']}×{asset['height']}" if asset.get("width") else "–",
        sample.truth["rotation"] or "–",
        f"{asset.get('duration') or 0:.2f}",
        document.get("codec", "–"),
        f"{document.get('recorded_time', '–')} {document.get('capture_offset_minutes', '')}".strip(),
        f"{place[0]:.4f} {place[1]:.4f}" if None not in place else "–",
        f"{sum(is_same for *_, is_same in facts)}/{len(facts)}",
        f"{size / 1000:.0f} kB" if size else "original",
        sample.played.told if sample.played else "–",
    )


def main(arguments: list[str]) -> int:
    """Prove and print; the exit status is 1 when a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--media", type=Path, default=DEFAULT_MEDIA, help="folder of the samples")
    options = parser.parse_args(arguments)
    if not (options.media / "MANIFEST.csv").is_file():
        print(f"Skipped: there are no samples in {options.media}")
        return 0
    with tempfile.TemporaryDirectory(prefix="lumilio-video-") as folder:
        work = Path(folder)
        (work / "samples").mkdir()
        return verdict(prove(read_samples(options.media, work / "samples"), work))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
