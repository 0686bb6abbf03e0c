"""Processes as the system sees them: their memory, their work, and those that were left behind."""

import itertools
import os
import threading
from collections.abc import Callable

import psutil

MARK = "BENCH_PROCESS_MARK"

_MEMORY_EVERY_SECONDS = 0.05
# Walking page tables costs the watched processes time, so PSS and the family are read less often.
_PSS_EVERY = 10


class Memory:
    """Highest memory of a process and its descendants together, sampled while the block runs."""

    def __init__(self, pid: int) -> None:
        self.rss = 0
        self.pss = 0
        self._root = psutil.Process(pid)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _loop(self) -> None:
        family: list[psutil.Process] = []
        for number in itertools.count():
            if number % _PSS_EVERY == 0:
                family = self._family()
                self.pss = max(self.pss, _sum(family, _pss))
            self.rss = max(self.rss, _sum(family, lambda process: process.memory_info().rss))
            if self._stopping.wait(_MEMORY_EVERY_SECONDS):
                return

    def _family(self) -> list[psutil.Process]:
        try:
            return [self._root, *self._root.children(recursive=True)]
        except psutil.Error:
            return []


def _sum(processes: list[psutil.Process], size: Callable[[psutil.Process], int]) -> int:
    total = 0
    for process in processes:
        try:
            total += size(process)
        except psutil.Error:
            continue
    return total


def _pss(process: psutil.Process) -> int:
    return int(getattr(process.memory_full_info(), "pss", 0))


def processor_seconds(pid: int) -> float:
    """What the descendants of a process have worked, and itself unless it is this one."""
    root = psutil.Process(pid)
    family = [] if pid == os.getpid() else [root]
    times = [process.cpu_times() for process in [*family, *root.children(recursive=True)]]
    return sum(time.user + time.system for time in times)


def marked_processes(mark: str) -> list[psutil.Process]:
    """Every process that was started with a mark, decoders whose parent is gone included."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found
