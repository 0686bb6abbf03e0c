"""The reference of `ingest`: libvips makes the same three thumbnails, in processes that are warm."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from _processes import processor_seconds

# Variable that carries the WebP effort to the processes; libvips' own default is 4, ours is 2.
EFFORT = "LUMILIO_BENCH_WEBP_EFFORT"
SIDES = {"large": 1920, "medium": 800, "small": 400}


@dataclass
class Run:
    """One pass over all photos: seconds, processor seconds, memory, and each photo's wait."""

    photos: int
    seconds: float
    cpu: float
    rss: int = 0
    pss: int = 0
    waits: list[float] = field(default_factory=list)
    unready: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Photos per second."""
        return self.photos / self.seconds


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
    """The same three thumbnails: upright, sRGB, WebP 80, without metadata."""
    import pyvips

    effort = int(os.environ.get(EFFORT, "4"))
    picture = None
    for size, side in SIDES.items():
        if picture is None:
            picture = pyvips.Image.thumbnail(str(photo), side, height=side, size="down")
        else:
            picture = picture.thumbnail_image(side, height=side, size="down")
        picture = picture.copy_memory()
        picture.webpsave(
            str(folder / f"{photo.stem}_{size}.webp"), Q=80, effort=effort, keep="none"
        )


def _vips_run(pool: ProcessPoolExecutor, photos: list[Path], work: Path) -> Run:
    with tempfile.TemporaryDirectory(dir=work, prefix="vips-") as folder:
        start, busy = time.perf_counter(), processor_seconds(os.getpid())
        list(pool.map(partial(thumbnails_by_vips, folder=Path(folder)), photos))
        seconds = time.perf_counter() - start
        return Run(len(photos), seconds, processor_seconds(os.getpid()) - busy)


def _warm_up(number: int) -> None:
    import pyvips

    pyvips.Image.black(8, 8).webpsave_buffer()
    time.sleep(0.5)
