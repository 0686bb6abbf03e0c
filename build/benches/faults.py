"""Kill the server again and again in the middle of an import: nothing may be lost or doubled.

Each round has a fresh home and 200 files, some of them corrupt. They come in by upload, whole or in
chunks, by a scan in place, by `lumilio import` through a running server, or by `lumilio import`
alone. At a random moment, sometimes at a second one, the program gets SIGKILL and is started anew
on the same home; clients send again what was not acknowledged. Then everything is counted.
"""

import argparse
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from _library_check import check_library
from _pictures import small_files
from _processes import marked_processes
from _support import Server, print_table, verdict
from _ways_in import WAYS, Drill, Way

CORRUPT_PART = 0.04
SECOND_KILL_PART = 0.4
EARLY_PART = 0.15
# Longer than the second delay before a repeated attempt; what does not move for so long is stuck.
STUCK_SECONDS = 40
DECODERS_GONE_SECONDS = 10
SHOWN = 8


def run_round(
    way: Way, moments: Sequence[float], work: Path, files: list[Path], corrupt: set[Path]
) -> Drill:
    """Import with a kill after each of the `moments` (seconds), recover, and check everything."""
    drill = Drill(Server(work / "home"), files, corrupt)
    server = drill.server
    server.start()
    try:
        drill.repository_id = server.set_up()
        way.prepare(drill)
        if way.alone:
            server.stop()
        for moment in moments:
            _send_until_killed(way, drill, moment)
        if not server.is_running:
            server.start()
        _send_to_the_end(way, drill)
        drill.violations += _lingering(drill)
    finally:
        server.stop()
    drill.violations += check_library(server.home, drill.repository, drill.acknowledged, corrupt)
    return drill


def _send_until_killed(way: Way, drill: Drill, moment: float) -> None:
    server = drill.server
    if way.alone:
        server.mark = f"alone-{len(drill.kills)}-{time.time_ns()}"
    elif not server.is_running:
        server.start()
    drill.command = None
    sender = threading.Thread(target=way.send, args=(drill,))
    sender.start()
    while way.alone and drill.command is None:
        time.sleep(0.01)
    time.sleep(moment)
    if way.alone:
        drill.command.kill()
    else:
        server.kill()
    drill.killed_marks[server.mark] = time.monotonic()
    sender.join()
    drill.kills.append(f"{moment:.2f} s ({len(drill.acknowledged)})")


def _send_to_the_end(way: Way, drill: Drill) -> None:
    start = time.monotonic()
    way.send(drill)
    drill.sending = time.monotonic() - start
    left = drill.server.client.wait_until_idle(STUCK_SECONDS)
    drill.seconds = time.monotonic() - start
    if left:
        drill.violations.append(f"STUCK: nothing moves any more, {left} jobs are left")
    missing = [file for file in drill.files if file not in drill.acknowledged]
    drill.violations += [f"{file.name} was never accepted" for file in missing]


def _lingering(drill: Drill) -> list[str]:
    """Processes of a killed program that outlived it by more than their time."""
    found = []
    for mark, killed_at in drill.killed_marks.items():
        while processes := marked_processes(mark):
            if time.monotonic() > killed_at + DECODERS_GONE_SECONDS:
                found += [f"process {process.pid} outlived its program" for process in processes]
                break
            time.sleep(0.2)
    return found


def drill_all(
    rounds: int, count: int, work: Path, seed: int, ways: Sequence[Way] = WAYS
) -> list[tuple[Way, Drill]]:
    """One import without a kill for each way, to know how long it takes; then the rounds."""
    dice = random.Random(seed)
    corrupt = max(1, round(count * CORRUPT_PART))
    files, bad = small_files(work / "files", count, corrupt=corrupt, seed=seed)
    done: list[tuple[Way, Drill]] = []
    lengths: dict[str, tuple[float, float]] = {}
    plan = [(way, True) for way in {way.name: way for way in ways}.values()]
    plan += [(ways[number % len(ways)], False) for number in range(rounds)]
    for number, (way, is_calibration) in enumerate(plan):
        moments = [] if is_calibration else _moments(dice, lengths[way.name])
        folder = work / f"round-{number:03}"
        folder.mkdir()
        drill = run_round(way, moments, folder, files, bad)
        lengths.setdefault(way.name, (drill.sending, drill.seconds))
        done.append((way, drill))
        print(f"{number:3} {way.name}: {_told(drill)}", flush=True)
        if not drill.violations:
            shutil.rmtree(folder)
    return done


def _moments(dice: random.Random, lengths: tuple[float, float]) -> list[float]:
    """Half of them early, while files are still being sent or found."""
    sending, whole = lengths
    windows = (max(sending, EARLY_PART * whole), whole)
    moments = [dice.uniform(0, 0.95) * dice.choice(windows)]
    if dice.random() < SECOND_KILL_PART:
        moments.append(dice.uniform(0, 0.5) * dice.choice(windows))
    return moments


def _told(drill: Drill) -> str:
    kills = ", ".join(drill.kills) or "no kill"
    lines = [f"{kills}; rest took {drill.seconds:.1f} s; {len(drill.violations)} violations"]
    lines += [f"      {violation}" for violation in drill.violations[:SHOWN]]
    if drill.violations:
        lines.append(f"      the first {SHOWN} at most; kept in {drill.server.home.parent}")
    return "\n".join(lines)


def report(done: list[tuple[Way, Drill]]) -> list[str]:
    """Print the counts; returns the broken promises."""
    lines: list[list[object]] = [["way", "rounds", "kills", "files", "violations"]]
    for name in dict.fromkeys(way.name for way, _ in done):
        drills = [drill for way, drill in done if way.name == name]
        lines.append(
            [
                name,
                len(drills),
                sum(len(drill.kills) for drill in drills),
                sum(len(drill.acknowledged) for drill in drills),
                sum(len(drill.violations) for drill in drills),
            ]
        )
    print_table(lines)
    return [
        f"{way.name}, {', '.join(drill.kills) or 'no kill'}: {len(drill.violations)} violations"
        for way, drill in done
        if drill.violations
    ]


def main(arguments: list[str]) -> int:
    """Drill and print; the exit status is 1 when a single file is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}; in brackets: files acknowledged at the kill", flush=True)
    work = Path(tempfile.mkdtemp(prefix="lumilio-faults-"))
    broken = report(drill_all(options.rounds, options.files, work, options.seed))
    if not broken:
        shutil.rmtree(work)
    return verdict(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
