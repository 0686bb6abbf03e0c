"""Let bad things happen in the middle of an import, again and again: nothing may be lost or doubled.

Each round has a fresh home and some files, a few of them corrupt, a few the same as others. They come
in by upload, whole or in chunks, by a scan in place, by `lumilio import` through a running server, or
by `lumilio import` alone. At a random moment, sometimes at a second one, a fault strikes, and some
time later it is over: the program is killed, its disk is full, reading fails, the folder of the
repository vanishes, or the clock jumps. Clients send again what was not acknowledged. Then everything
is counted.
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from _drill import Drill, Fault
from _fault_kinds import FAULTS
from _library_check import check_library
from _pictures import mixed_files
from _processes import marked_processes
from _support import REMAINING, Refused, Server, print_table, rows, verdict
from _ways_in import WAYS, Way

CORRUPT_PART = 0.04
REPEATED_PART = 0.08
SECOND_STRIKE_PART = 0.4
EARLY_PART = 0.15
SHORTEST_S = 0.2
# What moves for so long goes round in circles.
LONGEST_SETTLING_S = 150
DECODERS_GONE_SECONDS = 10
SHOWN = 8

# Seconds from the begin of sending until the fault strikes, and until it is over.
Moment = tuple[float, float]


@dataclass(frozen=True)
class Round:
    """What became of one round."""

    fault: str
    way: Way
    drill: Drill


def run_round(
    fault: Fault,
    way: Way,
    moments: Sequence[Moment],
    work: Path,
    files: list[Path],
    corrupt: set[Path],
) -> Drill:
    """Import, let the fault strike at each of the `moments`, recover, and check everything."""
    drill = Drill(Server(work / "home"), files, corrupt, fault)
    try:
        fault.prepare(drill)
        try:
            _import(way, drill, moments)
        finally:
            drill.server.stop()
        drill.violations += _damage(way, drill)
        if drill.violations and drill.server.home.is_mount():
            shutil.copytree(drill.server.home, work / "evidence")
    finally:
        fault.clear()
    return drill


def _import(way: Way, drill: Drill, moments: Sequence[Moment]) -> None:
    server = drill.server
    server.start()
    drill.repository_id = server.set_up()
    way.prepare(drill)
    if way.alone:
        server.stop()
    for moment in moments:
        _send_and_strike(way, drill, moment)
    if not server.is_running:
        server.start()
    _send_to_the_end(way, drill)
    drill.violations += _lingering(drill)
    if any((drill.repository / ".lumilio/staging/incoming").iterdir()):
        # What an upload that broke off could not take away, the next start sweeps.
        server.stop()
        server.start()
        drill.violations += _settle(drill)


def _send_and_strike(way: Way, drill: Drill, moment: Moment) -> None:
    server, fault = drill.server, drill.fault
    if way.alone:
        server.mark = f"alone-{len(drill.strikes)}-{time.time_ns()}"
    elif not server.is_running:
        server.start()
    drill.command = None
    over = threading.Event()
    sender = threading.Thread(target=_send_on, args=(way, drill, over))
    sender.start()
    while way.alone and drill.command is None:
        time.sleep(0.01)
    time.sleep(moment[0])
    drill.is_struck = True
    try:
        fault.strike(drill)
        time.sleep(moment[1])
    finally:
        try:
            fault.heal(drill)
        finally:
            drill.healed_at = time.monotonic()
            drill.is_struck = False
            over.set()
            sender.join()
    drill.strikes.append(
        f"{fault.variant} {moment[0]:.2f}+{moment[1]:.1f} s ({len(drill.acknowledged)})".strip()
    )


def _send_on(way: Way, drill: Drill, over: threading.Event) -> None:
    """Send for as long as the fault lasts, what was refused as well, unless there is no server."""
    way.send(drill)
    while not over.wait(0.3) and (way.alone or drill.server.is_running):
        way.send(drill)


def _send_to_the_end(way: Way, drill: Drill) -> None:
    start = time.monotonic()
    way.send(drill)
    drill.sending = time.monotonic() - start
    drill.violations += _settle(drill)
    # A scan that failed meanwhile is asked for once more; nothing else is left to be sent.
    way.send(drill)
    drill.violations += _settle(drill)
    drill.seconds = time.monotonic() - start
    drill.violations += [f"{file.name} was never accepted" for file in drill.waiting]


def _settle(drill: Drill) -> list[str]:
    """Wait until no job is left; those that wait long after a failure are retried, as users would."""
    deadline = time.monotonic() + LONGEST_SETTLING_S
    while time.monotonic() < deadline:
        _retry(drill)
        left = drill.server.client.wait_until_idle(2)
        if not left:
            return []
    return [f"STUCK: {left} jobs are left after {LONGEST_SETTLING_S} s", *_unfinished(drill)]


def _retry(drill: Drill) -> None:
    for (job,) in rows(drill.server.home, "SELECT id FROM jobs WHERE state = 'retryable'"):
        try:
            drill.call("POST", f"/admin/river/jobs/{job}/retry")
        except Refused as error:
            if error.status != 409:
                raise


def _unfinished(drill: Drill) -> list[str]:
    states = ", ".join(f"'{state}'" for state in REMAINING)
    return [
        f"STUCK: {kind} is {state} after {attempt} attempts, due in {due / 1e6 - time.time():.0f} s:"
        f" {error}"
        for kind, state, attempt, due, error in rows(
            drill.server.home,
            f"SELECT kind, state, attempt, scheduled_at, last_error FROM jobs WHERE state IN ({states})",
        )
    ]


def _damage(way: Way, drill: Drill) -> list[str]:
    return [
        *drill.altered_sources(),
        *check_library(
            drill.server.home,
            drill.repository,
            drill.acknowledged,
            drill.corrupt,
            in_place=way.in_place,
        ),
    ]


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
    faults: Sequence[type[Fault]],
    rounds: int,
    count: int,
    work: Path,
    seed: int,
    ways: Sequence[Way] = WAYS,
) -> list[Round]:
    """One import without a fault for each way, to know how long it takes; then each fault's rounds."""
    dice = random.Random(seed)
    files, bad = mixed_files(
        work / "files",
        count,
        corrupt=max(1, round(count * CORRUPT_PART)),
        repeated=round(count * REPEATED_PART),
        seed=seed,
    )
    done: list[Round] = []
    lengths: dict[str, tuple[float, float]] = {}
    plan = [(Fault, way) for way in {way.name: way for way in ways}.values()]
    plan += [(kind, ways[i % len(ways)]) for kind in faults for i in range(rounds)]
    for number, (kind, way) in enumerate(plan):
        moments = [] if kind is Fault else _moments(dice, lengths[way.name], kind.longest_s)
        folder = work / f"round-{number:03}"
        folder.mkdir()
        drill = run_round(kind(dice), way, moments, folder, files, bad)
        lengths.setdefault(way.name, (drill.sending, drill.seconds))
        done.append(Round(kind.name, way, drill))
        print(f"{number:3} {kind.name}, {way.name}: {_told(drill)}", flush=True)
        if not drill.violations:
            shutil.rmtree(folder)
    return done


def _moments(dice: random.Random, lengths: tuple[float, float], longest: float) -> list[Moment]:
    """Half of them early, while files are still being sent or found."""
    sending, whole = lengths
    windows = (max(sending, EARLY_PART * whole), whole)

    def moment(latest: float) -> Moment:
        lasts = dice.uniform(SHORTEST_S, longest) if longest else 0.0
        return dice.uniform(0, latest) * dice.choice(windows), lasts

    moments = [moment(0.95)]
    if dice.random() < SECOND_STRIKE_PART:
        moments.append(moment(0.5))
    return moments


def _told(drill: Drill) -> str:
    strikes = "; ".join(drill.strikes) or "no fault"
    lines = [
        f"{strikes}; {drill.refused} refused, rest took {drill.seconds:.1f} s,"
        f" {len(drill.violations)} violations"
    ]
    lines += [f"      {violation}" for violation in drill.violations[:SHOWN]]
    if drill.violations:
        lines.append(f"      the first {SHOWN} at most; kept in {drill.server.home.parent}")
    return "\n".join(lines)


def report(done: list[Round]) -> list[str]:
    """Print the counts; returns the broken promises."""
    lines: list[list[object]] = [
        ["fault", "way", "rounds", "strikes", "refused", "files", "violations"]
    ]
    for fault, name in dict.fromkeys((one.fault, one.way.name) for one in done):
        drills = [one.drill for one in done if (one.fault, one.way.name) == (fault, name)]
        lines.append(
            [
                fault,
                name,
                len(drills),
                sum(len(drill.strikes) for drill in drills),
                sum(drill.refused for drill in drills),
                sum(len(drill.acknowledged) for drill in drills),
                sum(len(drill.violations) for drill in drills),
            ]
        )
    print_table(lines)
    return [
        f"{one.fault}, {one.way.name}, {'; '.join(one.drill.strikes) or 'no strike'}:"
        f" {len(one.drill.violations)} violations"
        for one in done
        if one.drill.violations
    ]


def main(arguments: list[str]) -> int:
    """Drill and print; the exit status is 1 when a single file is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fault", choices=[*FAULTS, "all"], default="all")
    parser.add_argument("--rounds", type=int, default=30, help="for each fault")
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    options = parser.parse_args(arguments)
    # An ordinary end, so that servers are stopped and disks unmounted.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    print(
        f"seed {options.seed}; in brackets: files acknowledged when the fault was over", flush=True
    )
    work = Path(tempfile.mkdtemp(prefix="lumilio-faults-"))
    wanted = list(FAULTS.values()) if options.fault == "all" else [FAULTS[options.fault]]
    for kind in wanted:
        if reason := kind.missing():
            print(f"SKIPPED: {kind.name}, for {reason}", flush=True)
    able = [kind for kind in wanted if not kind.missing()]
    broken = report(drill_all(able, options.rounds, options.files, work, options.seed))
    if not broken:
        shutil.rmtree(work)
    return verdict(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
