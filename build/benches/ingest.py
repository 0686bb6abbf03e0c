"""How fast photos become ready, against libvips making the same thumbnails of the same files.

Lumilio is measured as a user has it: a fresh home, a server in a process of its own, photos sent by
four parallel uploads, and in a second home the same photos scanned where they lie. A photo is ready
when its metadata and thumbnails are there. libvips makes the three thumbnails and nothing else, in
processes that are warm already; the faster of its two ways of using the cores is the reference.
Every pass stands against the libvips pass right before it. On a machine that does other work at the
same time, trust the processor time: who runs more threads gets a larger share of what is left.
"""

import argparse
import math
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from _pictures import CAMERA_SIZE, camera_photos
from _processes import Memory, processor_seconds
from _support import Server, megabytes, print_table, serving, verdict
from _vips import EFFORT, Run, vips_ways

PROMISED_RATIO = 0.7
MEMORY_AIM_BYTES = 700_000_000
PARALLEL_UPLOADS = 4
STUCK_SECONDS = 60


def upload_run(photos: list[Path], work: Path, cores: int) -> Run:
    """Send the photos to a fresh server and wait until all are ready."""
    with _server(work, cores) as (server, repository_id), Memory(_pid(server)) as memory:
        begun: dict[str, float] = {}

        def send(photo: Path) -> None:
            at = time.time()
            receipt = server.client.upload(photo, repository_id)
            begun[receipt["asset_id"]] = at

        start, busy = time.time(), processor_seconds(_pid(server))
        with ThreadPoolExecutor(PARALLEL_UPLOADS) as pool:
            list(pool.map(send, photos))
        server.client.wait_until_idle(STUCK_SECONDS)
        run = _finished(server, start, busy, len(photos))
        run.waits = sorted(
            _ready_at(asset) - begun[asset["asset_id"]] for asset in server.client.assets()
        )
    return _with_memory(run, memory)


def scan_run(photos: list[Path], work: Path, cores: int) -> Run:
    """Lay the photos into the repository of a fresh server and scan it."""
    with _server(work, cores) as (server, repository_id), Memory(_pid(server)) as memory:
        place = server.client.call("GET", f"/repositories/{repository_id}")["path"]
        folder = Path(place, "Photos")
        folder.mkdir()
        for photo in photos:
            _lay(photo, folder / photo.name)
        start, busy = time.time(), processor_seconds(_pid(server))
        server.client.call("POST", f"/repositories/{repository_id}/scan", {})
        server.client.wait_until_idle(STUCK_SECONDS)
        run = _finished(server, start, busy, len(photos))
    return _with_memory(run, memory)


CONTESTS = {"upload": upload_run, "scan in place": scan_run}


def measure(photos: list[Path], work: Path, rounds: int, cores: int) -> dict[str, list[Run]]:
    """Alternate between libvips and Lumilio; returns the runs of each contestant."""
    runs: dict[str, list[Run]] = {}
    with vips_ways(cores) as ways:
        for number in range(rounds):
            for name, contest in CONTESTS.items():
                for way, vips in ways.items():
                    runs.setdefault(way, []).append(vips(photos, work))
                runs.setdefault(name, []).append(contest(photos, work, cores))
                _say(f"round {number + 1}, {name}", runs)
                if len(ways) > 1:
                    best = max(ways, key=lambda way: runs[way][0].rate)
                    ways = {best: ways[best]}
    return runs


def report(runs: dict[str, list[Run]]) -> list[str]:
    """Print the figures; returns the broken promises."""
    heading = ["", "photos/s", "of vips", "rounds", "CPU/photo", "of vips"]
    lines: list[list[str]] = [[*heading, "max ΣRSS", "max ΣPSS", "wait p50", "p95"]]
    for name, of in runs.items():
        waits = sorted(wait for run in of for wait in run.waits)
        is_vips = name.startswith("vips")
        ratios = [] if is_vips else [_speed_ratio(runs, name), _processor_ratio(runs, name)]
        shown = [f"{ratio:.2f}" for ratio in ratios] or ["", ""]
        lines.append(
            [
                name,
                f"{statistics.median(run.rate for run in of):.2f}",
                shown[0],
                " ".join(f"{run.rate:.2f}" for run in of),
                f"{1000 * statistics.median(run.cpu / run.photos for run in of):.0f} ms",
                shown[1],
                "" if is_vips else megabytes(max(run.rss for run in of)),
                "" if is_vips else megabytes(max(run.pss for run in of)),
                *(f"{_quantile(waits, part):.1f} s" if waits else "" for part in (0.5, 0.95)),
            ]
        )
    print_table(lines)
    return _broken(runs)


def _speed_ratio(runs: dict[str, list[Run]], name: str) -> float:
    """Median over the passes, each against the faster vips pass right before it."""
    pairs = zip(runs[name], _references(runs, name), strict=True)
    return statistics.median(run.rate / max(vips.rate for vips in before) for run, before in pairs)


def _processor_ratio(runs: dict[str, list[Run]], name: str) -> float:
    pairs = zip(runs[name], _references(runs, name), strict=True)
    return statistics.median(min(vips.cpu for vips in before) / run.cpu for run, before in pairs)


def _references(runs: dict[str, list[Run]], name: str) -> list[list[Run]]:
    contests = [other for other in runs if not other.startswith("vips")]
    passes: list[list[Run]] = [[] for _ in range(len(contests) * len(runs[name]))]
    for way in runs:
        if way.startswith("vips"):
            for before, run in zip(passes, runs[way], strict=False):
                before.append(run)
    return passes[contests.index(name) :: len(contests)]


def _broken(runs: dict[str, list[Run]]) -> list[str]:
    broken = []
    for name in CONTESTS:
        ratio = _speed_ratio(runs, name)
        if ratio < PROMISED_RATIO:
            broken.append(f"{name} has {ratio:.2f} of vips' speed, promised is {PROMISED_RATIO}")
        for run in runs[name]:
            broken += [f"{name}: {asset}" for asset in run.unready]
        peak = max(run.pss or run.rss for run in runs[name])
        if peak > MEMORY_AIM_BYTES:
            print(f"note: {name} took {megabytes(peak)}, the aim is {megabytes(MEMORY_AIM_BYTES)}")
    return broken


@contextmanager
def _server(work: Path, cores: int) -> Iterator[tuple[Server, str]]:
    with (
        tempfile.TemporaryDirectory(dir=work, prefix="home-") as folder,
        serving(Path(folder, "home"), decode_workers=str(cores)) as found,
    ):
        yield found


def _pid(server: Server) -> int:
    assert server.process is not None
    return server.process.pid


def _lay(photo: Path, target: Path) -> None:
    try:
        os.link(photo, target)
    except OSError:
        shutil.copyfile(photo, target)


def _finished(server: Server, start: float, busy: float, expected: int) -> Run:
    assets = server.client.assets()
    unready = [
        f"{asset['original_filename']} is {asset['processing']['state']}"
        for asset in assets
        if asset["processing"]["state"] != "complete"
    ]
    if len(assets) != expected:
        unready.append(f"{len(assets)} assets of {expected} photos")
    end = max((_ready_at(asset) for asset in assets), default=time.time())
    worked = processor_seconds(_pid(server)) - busy
    return Run(expected, end - start, worked, unready=unready)


def _with_memory(run: Run, memory: Memory) -> Run:
    run.rss, run.pss = memory.rss, memory.pss
    return run


def _ready_at(asset: dict[str, Any]) -> float:
    return datetime.fromisoformat(asset["processing"]["updated_at"]).timestamp()


def _say(what: str, runs: dict[str, list[Run]]) -> None:
    rates = ", ".join(f"{name} {of[-1].rate:.2f}" for name, of in runs.items())
    print(f"{what}: photos/s {rates}", flush=True)


def _quantile(values: list[float], part: float) -> float:
    return values[min(len(values) - 1, math.ceil(part * len(values)) - 1)]


def main(arguments: list[str]) -> int:
    """Measure and print; the exit status is 1 when a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=int, default=2, help="cores that everything shares")
    parser.add_argument("--keep", type=Path, help="folder for the photos, to use them again")
    parser.add_argument("--effort", type=int, default=4, help="WebP effort of vips; ours is 2")
    options = parser.parse_args(arguments)
    os.environ[EFFORT] = str(options.effort)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    with tempfile.TemporaryDirectory(prefix="lumilio-ingest-") as folder:
        photos = camera_photos(options.keep or Path(folder, "photos"), options.photos)
        size = sum(photo.stat().st_size for photo in photos)
        width, height = CAMERA_SIZE
        print(f"{len(photos)} JPEGs of {width}×{height}, {megabytes(size)}", flush=True)
        return verdict(report(measure(photos, Path(folder), options.rounds, options.cores)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
