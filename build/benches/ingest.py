"""How fast photos become ready, against libvips making the same thumbnails of the same files.

Lumilio is measured as a user has it: a fresh home, a server in a process of its own, photos sent by
four parallel uploads, and in a second home the same photos scanned where they lie. A photo is ready
when its metadata and thumbnails are there. libvips makes the three thumbnails and nothing else, in
processes that are warm already; the faster of its two ways of using the cores is the reference.
"""

import argparse
import math
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from _pictures import CAMERA_SIZE, camera_photos
from _support import Memory, Server, megabytes, print_table, serving, verdict

PROMISED_RATIO = 0.7
MEMORY_AIM_BYTES = 700_000_000
SIDES = {"large": 1920, "medium": 800, "small": 400}
PARALLEL_UPLOADS = 4
STUCK_SECONDS = 60


@dataclass
class Run:
    """One pass over all photos: how long, what memory, and each photo's wait in seconds."""

    photos: int
    seconds: float
    rss: int = 0
    pss: int = 0
    waits: list[float] = field(default_factory=list)
    unready: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Photos per second."""
        return self.photos / self.seconds


def upload_run(photos: list[Path], work: Path, cores: int) -> Run:
    """Send the photos to a fresh server and wait until all are ready."""
    with _server(work, cores) as (server, repository_id), Memory(_pid(server)) as memory:
        begun: dict[str, float] = {}

        def send(photo: Path) -> None:
            at = time.time()
            receipt = server.client.upload(photo, repository_id)
            begun[receipt["asset_id"]] = at

        start = time.time()
        with ThreadPoolExecutor(PARALLEL_UPLOADS) as pool:
            list(pool.map(send, photos))
        server.client.wait_until_idle(STUCK_SECONDS)
        run = _finished(server, start, len(photos))
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
        start = time.time()
        server.client.call("POST", f"/repositories/{repository_id}/scan", {})
        server.client.wait_until_idle(STUCK_SECONDS)
        run = _finished(server, start, len(photos))
    return _with_memory(run, memory)


@contextmanager
def vips_ways(cores: int) -> Iterator[dict[str, Callable[[list[Path], Path], Run]]]:
    """The ways in which libvips can use the cores, each with its processes started."""
    spawn = get_context("spawn")
    shapes = {"vips, a process for each core": (cores, 1), "vips, own threads": (1, cores)}
    pools = {}
    for name, (processes, threads) in shapes.items():
        os.environ["VIPS_CONCURRENCY"] = str(threads)
        pools[name] = ProcessPoolExecutor(processes, mp_context=spawn)
        # Sleeping makes each process take one, so that all of them are there and have loaded vips.
        list(pools[name].map(_warm_up, range(processes)))
    del os.environ["VIPS_CONCURRENCY"]
    try:
        yield {name: partial(_vips_run, pool) for name, pool in pools.items()}
    finally:
        for pool in pools.values():
            pool.shutdown()


def thumbnails_by_vips(photo: Path, folder: Path) -> None:
    """The same three thumbnails: upright, sRGB, WebP 80, default effort, without metadata."""
    import pyvips

    picture = None
    for size, side in SIDES.items():
        if picture is None:
            picture = pyvips.Image.thumbnail(str(photo), side, height=side, size="down")
        else:
            picture = picture.thumbnail_image(side, height=side, size="down")
        picture = picture.copy_memory()
        picture.webpsave(str(folder / f"{photo.stem}_{size}.webp"), Q=80, keep="none")


def measure(photos: list[Path], work: Path, rounds: int, cores: int) -> dict[str, list[Run]]:
    """Alternate between libvips and Lumilio; returns the runs of each contestant."""
    runs: dict[str, list[Run]] = {}
    with vips_ways(cores) as ways:
        for number in range(rounds):
            for name, contest in (("upload", upload_run), ("scan in place", scan_run)):
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
    rates = {name: statistics.median(run.rate for run in of) for name, of in runs.items()}
    reference = max(rate for name, rate in rates.items() if name.startswith("vips"))
    heading = ["", "photos/s", "of vips", "rounds", "max ΣRSS", "max ΣPSS", "wait p50", "p95"]
    lines: list[list[str]] = [heading]
    for name, of in runs.items():
        waits = sorted(wait for run in of for wait in run.waits)
        memory = [megabytes(max(sizes)) for sizes in ([r.rss for r in of], [r.pss for r in of])]
        lines.append(
            [
                name,
                f"{rates[name]:.2f}",
                f"{rates[name] / reference:.2f}",
                " ".join(f"{run.rate:.2f}" for run in of),
                *(["", ""] if name.startswith("vips") else memory),
                *(f"{_quantile(waits, part):.1f} s" if waits else "" for part in (0.5, 0.95)),
            ]
        )
    print_table(lines)
    return _broken(runs, {name: rate / reference for name, rate in rates.items()})


def _broken(runs: dict[str, list[Run]], ratios: dict[str, float]) -> list[str]:
    broken = []
    for name in ("upload", "scan in place"):
        if ratios[name] < PROMISED_RATIO:
            broken.append(f"{name} is {ratios[name]:.2f} of vips, promised {PROMISED_RATIO}")
        for run in runs[name]:
            broken += [f"{name}: {asset}" for asset in run.unready]
        peak = max(run.pss or run.rss for run in runs[name])
        if peak > MEMORY_AIM_BYTES:
            print(f"note: {name} took {megabytes(peak)}, the aim is {megabytes(MEMORY_AIM_BYTES)}")
    return broken


@contextmanager
def _server(work: Path, cores: int) -> Iterator[tuple[Server, str]]:
    with tempfile.TemporaryDirectory(dir=work, prefix="home-") as folder:
        with serving(Path(folder, "home"), decode_workers=str(cores)) as found:
            yield found


def _pid(server: Server) -> int:
    assert server.process is not None
    return server.process.pid


def _lay(photo: Path, target: Path) -> None:
    try:
        os.link(photo, target)
    except OSError:
        shutil.copyfile(photo, target)


def _finished(server: Server, start: float, expected: int) -> Run:
    assets = server.client.assets()
    unready = [
        f"{asset['original_filename']} is {asset['processing']['state']}"
        for asset in assets
        if asset["processing"]["state"] != "complete"
    ]
    if len(assets) != expected:
        unready.append(f"{len(assets)} assets of {expected} photos")
    end = max((_ready_at(asset) for asset in assets), default=time.time())
    return Run(expected, end - start, unready=unready)


def _with_memory(run: Run, memory: Memory) -> Run:
    run.rss, run.pss = memory.rss, memory.pss
    return run


def _ready_at(asset: dict[str, Any]) -> float:
    return datetime.fromisoformat(asset["processing"]["updated_at"]).timestamp()


def _vips_run(pool: ProcessPoolExecutor, photos: list[Path], work: Path) -> Run:
    with tempfile.TemporaryDirectory(dir=work, prefix="vips-") as folder:
        start = time.perf_counter()
        list(pool.map(partial(thumbnails_by_vips, folder=Path(folder)), photos))
        return Run(len(photos), time.perf_counter() - start)


def _warm_up(number: int) -> None:
    import pyvips

    pyvips.Image.black(8, 8).webpsave_buffer()
    time.sleep(0.5)


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
    options = parser.parse_args(arguments)
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
