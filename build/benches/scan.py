"""How fast many files are registered where they lie, and how fast a scan sees that nothing changed.

Small files, in folders of some hundred, lie in the repository of a fresh server. The first scan
registers them (their thumbnails wait: that queue is paused). Then scans that find nothing alternate
with the plain walk of the same folders, `os.scandir` and `stat` and nothing else; medians count. All
of it is done with few files and with many: a file must not cost more where there are more of them.
That is judged by processor time, which other work on the machine changes little. The few are scanned
as often as it takes to come to many files, and registered on several fresh servers; what a scan costs
whatever it finds is part of their cost.

Promised: a scan that finds nothing passes 20,000 files a second or takes three times the plain walk,
whichever allows more; registering takes in 2,000 files a second; to register or scan a file among many
takes at most a fifth more processor time than one among few; and a scan needs no more than 64 MB beyond
what the server had.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from _processes import Memory, processor_seconds
from _support import Server, megabytes, print_table, rows, serving, verdict

PROMISED_RATE = 20_000
PROMISED_WALKS = 3.0
PROMISED_REGISTERED_RATE = 2_000
PROMISED_GROWTH = 1.2
PROMISED_MEMORY_BYTES = 64 << 20
FILES_PER_FOLDER = 500
WORTH_TIMING = 20_000
STUCK_SECONDS = 120


@dataclass
class Result:
    """What was measured with so many files; times in seconds, memory in bytes."""

    files: int
    registrations: list[float] = field(default_factory=list)
    registrations_cpu: list[float] = field(default_factory=list)
    scan_cpu: float = 0.0
    scans: list[float] = field(default_factory=list)
    walks: list[float] = field(default_factory=list)
    before: int = 0
    peak: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def registered(self) -> float:
        """The median of the first scans, which registered every file."""
        return statistics.median(self.registrations)

    @property
    def registered_cpu(self) -> float:
        """The median of their processor times."""
        return statistics.median(self.registrations_cpu)

    @property
    def scan(self) -> float:
        """The median of the scans that found nothing."""
        return statistics.median(self.scans)

    @property
    def walk(self) -> float:
        """The median of the plain walks."""
        return statistics.median(self.walks)


def measure(files: int, work: Path, rounds: int) -> Result:
    """Register so many files on fresh servers and scan those of the last again and again."""
    result = Result(files)
    for is_last in [False] * min(WORTH_TIMING // files, 4) + [True]:
        with (
            tempfile.TemporaryDirectory(dir=work, prefix="home-") as home,
            serving(Path(home, "home")) as (server, repository_id),
        ):
            place = server.client.call("GET", f"/repositories/{repository_id}")["path"]
            photos = Path(place, "Photos")
            lay(photos, files)
            server.client.call("POST", "/admin/river/queues/thumbnail_asset/pause")
            busy = _worked(server)
            result.registrations.append(_register(server, repository_id, result))
            result.registrations_cpu.append(_worked(server) - busy)
            if is_last:
                _scan_again(server, repository_id, photos, rounds, result)
    return result


def _scan_again(
    server: Server, repository_id: str, photos: Path, rounds: int, result: Result
) -> None:
    """Scan what does not change, beside plain walks."""
    # What registering took must not be counted as a scan's.
    server.stop()
    server.start()
    _memory_of_a_scan(server, repository_id, result)
    repeat = max(WORTH_TIMING // result.files, 1)
    busy = _worked(server)
    for _ in range(rounds):
        for _ in range(repeat):
            result.walks.append(plain_walk(photos, result.files))
            result.scans.append(_scan(server, repository_id, 0, result))
    result.scan_cpu = (_worked(server) - busy) / (rounds * repeat)


def _worked(server: Server) -> float:
    assert server.process is not None
    return processor_seconds(server.process.pid)


def lay(folder: Path, files: int) -> None:
    """Make small files that all differ."""
    for number in range(files):
        year, month = divmod(number // FILES_PER_FOLDER, 12)
        target = folder / f"{2000 + year}" / f"{month + 1:02}"
        if number % FILES_PER_FOLDER == 0:
            target.mkdir(parents=True)
        (target / f"IMG_{number:07}.JPG").write_bytes(f"photo {number}".encode())


def plain_walk(folder: Path, files: int) -> float:
    """Seconds that it takes to list all folders and ask for every file's state."""
    start, found, pending = time.perf_counter(), 0, [str(folder)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
                    found += 1
    assert found == files
    return time.perf_counter() - start


def _register(server: Server, repository_id: str, result: Result) -> float:
    """Seconds from the beginning of the first scan to the last file that is an asset."""
    _scan(server, repository_id, result.files, result)
    left, moved = result.files, time.monotonic()
    while left and time.monotonic() - moved < STUCK_SECONDS:
        time.sleep(0.1)
        ((now,),) = rows(
            server.home,
            # Found by an index, so that watching costs the watched nothing.
            "SELECT count(*) FROM jobs WHERE queue = 'discover_asset' AND state IN"
            " ('available', 'scheduled', 'running', 'retryable')",
        )
        moved = moved if now == left else time.monotonic()
        left = now
    ((assets, waiting, start, end),) = rows(
        server.home,
        "SELECT (SELECT count(*) FROM assets), (SELECT count(*) FROM jobs WHERE"
        " kind = 'thumbnail_asset' AND state = 'available'), min(started_at), (SELECT"
        " max(finalized_at) FROM jobs WHERE kind = 'discover_asset') FROM scan_runs",
    )
    if (assets, waiting) != (result.files, result.files):
        result.wrong.append(f"{assets} assets and {waiting} jobs of {result.files} files")
    return (end - start) / 1e6


def _memory_of_a_scan(server: Server, repository_id: str, result: Result) -> None:
    assert server.process is not None
    with Memory(server.process.pid) as memory:
        time.sleep(0.5)
        result.before = memory.rss
        _scan(server, repository_id, 0, result)
    result.peak = memory.rss


def _scan(server: Server, repository_id: str, discovered: int, result: Result) -> float:
    """Seconds of one scan, by the server's own clock."""
    path = f"/repositories/{repository_id}"
    job_id = server.client.call("POST", f"{path}/scan", {})["job_id"]
    deadline = time.monotonic() + STUCK_SECONDS
    state = ""
    while state != "completed" and time.monotonic() < deadline:
        time.sleep(0.02)
        ((state,),) = rows(server.home, f"SELECT state FROM jobs WHERE id = {job_id}")
    ((start, end, found, changed),) = rows(
        server.home,
        "SELECT started_at, finished_at, discovered_count, updated_count + deleted_count"
        f" FROM scan_runs WHERE job_id = {job_id}",
    )
    if (found, changed) != (discovered, 0):
        result.wrong.append(f"a scan found {found} new and {changed} changed files")
    return (end - start) / 1e6


def report(few: Result, many: Result) -> list[str]:
    """Print the figures; returns the broken promises."""
    heading = ["files", "registered/s", "CPU/file", "scanned/s", "CPU/file", "walked/s", "× walk"]
    lines: list[list[str]] = [[*heading, "memory", "of that the scan"]]
    lines += [
        [
            f"{result.files:,}",
            f"{result.files / result.registered:,.0f}",
            f"{1e6 * result.registered_cpu / result.files:.0f} µs",
            f"{result.files / result.scan:,.0f}",
            f"{1e6 * result.scan_cpu / result.files:.1f} µs",
            f"{result.files / result.walk:,.0f}",
            f"{result.scan / result.walk:.1f}",
            megabytes(result.peak),
            megabytes(result.peak - result.before),
        ]
        for result in (few, many)
    ]
    print_table(lines)
    for what, growth in _growth(few, many).items():
        print(f"{what} one of many files costs {growth:.2f} of what one of few costs")
    return _broken(few, many)


def _broken(few: Result, many: Result) -> list[str]:
    broken = few.wrong + many.wrong
    if many.scan > max(many.files / PROMISED_RATE, PROMISED_WALKS * many.walk):
        broken.append(f"a scan that finds nothing passes {many.files / many.scan:,.0f} files/s")
    if many.files / many.registered < PROMISED_REGISTERED_RATE:
        broken.append(f"{many.files / many.registered:,.0f} files/s are registered")
    for what, growth in _growth(few, many).items():
        if growth > PROMISED_GROWTH:
            broken.append(f"{what} one of many files costs {growth:.2f} of what one of few costs")
    if many.peak - many.before > PROMISED_MEMORY_BYTES:
        broken.append(f"a scan needs {megabytes(many.peak - many.before)}")
    return broken


def _growth(few: Result, many: Result) -> dict[str, float]:
    """How much more processor time a file takes among many."""
    share = few.files / many.files
    return {
        "registering": share * many.registered_cpu / few.registered_cpu,
        "scanning": share * many.scan_cpu / few.scan_cpu,
    }


def main(arguments: list[str]) -> int:
    """Measure and print; the exit status is 1 when a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=2, help="cores that everything shares")
    options = parser.parse_args(arguments)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    with tempfile.TemporaryDirectory(prefix="lumilio-scan-") as work:
        results = [
            measure(files, Path(work), options.rounds) for files in (options.few, options.many)
        ]
    return verdict(report(*results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
