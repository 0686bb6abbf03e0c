"""Thousands of damaged files through the real decoders: does the program stay as it was?

Good files of every format are damaged in ways that follow from the seed and go through a decode
pool with the limits of the product. Whatever a file does to its decoder, the pool must answer for
it in a sentence, no worker may pass its memory limit, and the next photo must be developed. Bombs
must be refused within a second; genuine pictures of 200 megapixels must be taken.
"""

import argparse
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from _hostile import bombs, good_files, mutated
from _support import ROOT, print_table, verdict
from PIL import Image

from lumilio.errors import DecoderFailed
from lumilio.media.facts import Development
from lumilio.media.pool import DEFAULT_MEMORY_LIMIT_BYTES, DecodePool
from lumilio.media.thumbnails import LONGEST_SIDES, thumbnail_path

DEFAULT_MEDIA = ROOT.parent / "shared" / "media"
BOMB_SECONDS = 1.0
LARGE_SIZE = (16_384, 12_288)
_SENTENCE = re.compile(r"(The|A|Its|This) [\w ]{8}")
_RSS_EVERY_SECONDS = 0.05


@dataclass
class Outcome:
    """What became of one file: a word for it, its reason, and the seconds it took."""

    word: str
    reason: str
    seconds: float


@dataclass
class Report:
    """What became of all files, and which of them should be looked at."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, Outcome]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    slowest: list[tuple[float, str]] = field(default_factory=list)

    def add(self, name: str, outcome: Outcome) -> None:
        """Count one outcome and keep what is remarkable about it."""
        self.outcomes[outcome.word] += 1
        self.slowest = sorted([*self.slowest, (outcome.seconds, name)])[-5:]
        if outcome.word == "decoder lost":
            self.failures.append((name, outcome))
        if outcome.word == "error" or (outcome.reason and not _SENTENCE.match(outcome.reason)):
            self.broken.append(f"{name}: no sentence: {outcome.reason!r}")


class WorkerMemory:
    """The highest memory of a single descendant of this process."""

    def __init__(self) -> None:
        self.peak = 0
        self._stopping = threading.Event()

    @contextmanager
    def watching(self) -> Iterator["WorkerMemory"]:
        """Sample while the block runs."""
        thread = threading.Thread(target=self._loop, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            thread.join()

    def _loop(self) -> None:
        me = psutil.Process()
        while not self._stopping.wait(_RSS_EVERY_SECONDS):
            for child in me.children(recursive=True):
                try:
                    memory = child.memory_info()
                except psutil.Error:
                    continue
                # Pages shared with other processes, as those of libraries, are not the decoder's.
                self.peak = max(self.peak, memory.rss - getattr(memory, "shared", 0))


def develop(pool: DecodePool, file: Path, work: Path) -> Outcome:
    """Develop one file and put what happened into a word."""
    start = time.perf_counter()
    try:
        development = pool.develop(file, thumbnails_dir=work / "thumbnails", stem=file.stem)
        word, reason = _told(development)
    except DecoderFailed as error:
        word, reason = "decoder lost", error.why
    except Exception as error:
        word, reason = "error", f"{type(error).__name__}: {error}"
    return Outcome(word, reason, time.perf_counter() - start)


def _told(development: Development) -> tuple[str, str]:
    if development.thumbnails:
        return "picture", development.metadata_error or ""
    return "refused", development.thumbnail_error or ""


def fuzz(
    pool: DecodePool, work: Path, files: list[tuple[str, bytes]], options: argparse.Namespace
) -> Report:
    """Send damaged files until their number or the time is reached."""
    report, lock = Report(), threading.Lock()
    deadline = time.monotonic() + options.minutes * 60

    def one(number: int) -> None:
        if time.monotonic() > deadline:
            return
        name, content = mutated(files, number, options.seed)
        file = work / name
        file.write_bytes(content)
        outcome = develop(pool, file, work)
        for size in LONGEST_SIDES:
            thumbnail_path(work / "thumbnails", size, file.stem).unlink(missing_ok=True)
        with lock:
            report.add(name, outcome)
            if outcome.word in ("decoder lost", "error") and options.keep:
                (options.keep / name).write_bytes(content)
        file.unlink()

    with ThreadPoolExecutor(options.workers + 1) as threads:
        list(threads.map(one, range(options.files)))
    return report


def defuse(pool: DecodePool, work: Path) -> list[str]:
    """Send each bomb to a decoder that is warm; returns broken promises."""
    broken, lines = [], [["bomb", "bytes", "seconds", "outcome"]]
    for name, content in bombs():
        file = work / name
        file.write_bytes(content)
        outcome = develop(pool, file, work)
        lines.append([name, len(content), f"{outcome.seconds:.2f}", outcome.reason or outcome.word])
        if outcome.seconds > BOMB_SECONDS:
            broken.append(f"{name} took {outcome.seconds:.2f} s")
        if outcome.word in ("decoder lost", "error"):
            broken.append(f"{name}: {outcome.reason}")
        file.unlink()
    print_table(lines)
    return broken


def take_large(pool: DecodePool, work: Path, size: tuple[int, int]) -> list[str]:
    """Develop genuine pictures of 200 megapixels; returns broken promises."""
    tile = np.random.default_rng(3).integers(0, 256, (size[1] // 16, size[0] // 16, 3), np.uint8)
    picture = Image.fromarray(tile).resize(size, Image.Resampling.BILINEAR)
    broken = []
    for name, options in (("large.jpg", {"quality": 85}), ("large.png", {"compress_level": 1})):
        picture.save(work / name, **options)
        outcome = develop(pool, work / name, work)
        size_mb = (work / name).stat().st_size >> 20
        print(
            f"{name}, {size[0] * size[1] / 1e6:.0f} megapixels, {size_mb} MB: {outcome.word} after {outcome.seconds:.1f} s"
        )
        broken += [] if outcome.word == "picture" else [f"{name}: {outcome.reason}"]
        (work / name).unlink()
    return broken


def prove(options: argparse.Namespace, work: Path) -> list[str]:
    """Run all parts and print what became of them; returns broken promises."""
    files = sorted(good_files(options.media).items())
    for size in LONGEST_SIDES:
        (work / "thumbnails" / size).mkdir(parents=True)
    good = work / "good.jpg"
    Image.new("RGB", (640, 480), "teal").save(good)
    limit = options.memory_mb << 20
    with (
        WorkerMemory().watching() as memory,
        DecodePool(options.workers, memory_limit_bytes=limit) as pool,
    ):
        # Started and loaded, as they are after the first photos of a day.
        for name, content in _one_of_each(files):
            (work / name).write_bytes(content)
            develop(pool, work / name, work)
        broken = defuse(pool, work)
        report = fuzz(pool, work, files, options)
        broken += _print(report, len(files))
        if options.large:
            broken += take_large(pool, work, LARGE_SIZE)
        after = develop(pool, good, work)
    broken += [] if after.word == "picture" else [f"the pool is broken: {after.reason}"]
    print(f"highest memory of a worker: {memory.peak >> 20} MB of {options.memory_mb} MB")
    if memory.peak > limit:
        broken.append(f"a worker had {memory.peak >> 20} MB")
    return broken


def _one_of_each(files: list[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    seen: set[str] = set()
    for name, content in files:
        kind = name.rpartition(".")[2].lower()
        if kind not in seen:
            seen.add(kind)
            yield f"warm.{kind}", content


def _print(report: Report, seeds: int) -> list[str]:
    total = report.outcomes.total()
    print(f"\n{total} damaged files of {seeds} good ones: {dict(report.outcomes)}")
    print("slowest: " + ", ".join(f"{name} {s:.1f} s" for s, name in reversed(report.slowest)))
    for reason, count in Counter(outcome.reason for _, outcome in report.failures).most_common():
        names = [name for name, outcome in report.failures if outcome.reason == reason]
        print(f"  {count} × {reason}, e.g. {', '.join(names[:6])}")
    return report.broken


def parser() -> argparse.ArgumentParser:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="stop before if it takes longer"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory-mb", type=int, default=DEFAULT_MEMORY_LIMIT_BYTES >> 20)
    parser.add_argument("--media", type=Path, default=DEFAULT_MEDIA, help="folder of samples")
    parser.add_argument("--keep", type=Path, help="folder for files that cost a decoder")
    parser.add_argument("--no-large", dest="large", action="store_false")
    return parser


def main(arguments: list[str]) -> int:
    """Prove and print; the exit status is 1 when a promise is broken."""
    options = parser().parse_args(arguments)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lumilio-fuzz-") as work:
        return verdict(prove(options, Path(work)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
