"""The faults that the drill knows: a killed program, a full disk, failing reads, a folder that
vanishes, a clock that jumps."""

import contextlib
import os
import threading
import time
from pathlib import Path

import _mounts
import _shim
from _drill import Drill, Fault
from _support import Server

MINUTE, DAY = 60, 86_400
_SPARE_BYTES = 64 << 20
_IMPORT_SECONDS = 60


class Kill(Fault):
    """SIGKILL, as a power cut; over when the program is started anew."""

    name = "kill"
    longest_s = 0.0

    def prepare(self, drill: Drill) -> None:
        self.breaks_connections = True

    def strike(self, drill: Drill) -> None:
        if drill.server.is_running:
            drill.server.kill()
        elif drill.command is not None:
            drill.command.kill()
        drill.killed_marks[drill.server.mark] = time.monotonic()


class FullDisk(Fault):
    """Something else takes all space of a small disk, time and again, until it goes away."""

    name = "full"
    refusals = frozenset({200, 507})

    @classmethod
    def missing(cls) -> str:
        return _mounts.missing()

    def prepare(self, drill: Drill) -> None:
        self.variant = self.dice.choice(["home", "repository", "both"])
        size = 3 * sum(file.stat().st_size for file in drill.files) + _SPARE_BYTES
        self._disks = [drill.server.home]
        _mounts.mount_memory(drill.server.home, size)
        if self.variant != "both":
            self._disks.append(drill.server.home / "storage")
            _mounts.mount_memory(self._disks[1], size)
        self._full = self._disks[1 if self.variant == "repository" else 0]
        self._over = threading.Event()
        self._eater: threading.Thread | None = None

    def strike(self, drill: Drill) -> None:
        self._over.clear()
        self._eater = threading.Thread(target=self._eat)
        self._eater.start()

    def _eat(self) -> None:
        # Filled up again whenever the program gives something back.
        descriptor = os.open(self._filler, os.O_CREAT | os.O_WRONLY)
        size = 0
        try:
            while not self._over.is_set():
                room = os.statvfs(self._full)
                wanted = max(room.f_bavail * room.f_bsize, 4096)
                try:
                    os.posix_fallocate(descriptor, size, wanted)
                    size += wanted
                except OSError:
                    self._over.wait(0.01)
        finally:
            os.close(descriptor)

    @property
    def _filler(self) -> Path:
        return self._full / "filler"

    def heal(self, drill: Drill) -> None:
        self._over.set()
        if self._eater is not None:
            self._eater.join()
        self._filler.unlink()

    def clear(self) -> None:
        self._over.set()
        for disk in reversed(self._disks):
            _mounts.unmount(disk)


class ReadErrors(Fault):
    """Reading below the repository's folder fails at random, for the program and its decoders."""

    name = "read"
    refusals = frozenset({200, 500, 503})

    @classmethod
    def missing(cls) -> str:
        return _shim.missing()

    def prepare(self, drill: Drill) -> None:
        self._shim = _shim.Shim(drill.server.home.with_name("faults"), drill.repository)
        drill.server.variables = self._shim.environment

    def strike(self, drill: Drill) -> None:
        rate = self.dice.choice([0.02, 0.1, 0.3, 1.0])
        self.variant = f"{rate:.0%}"
        self._shim.fail_reads(rate)

    def heal(self, drill: Drill) -> None:
        self._shim.fail_reads(0)


class VanishingFolder(Fault):
    """The repository's folder is renamed, or its disk is taken away, and comes back later."""

    name = "vanish"
    refusals = frozenset({200, 503})

    def prepare(self, drill: Drill) -> None:
        kinds = ["renamed"] if _mounts.missing() else ["renamed", "unmounted"]
        self.variant = self.dice.choice(kinds)
        self._is_mount = self.variant == "unmounted"
        self._place = drill.repository
        self._away = drill.server.home.with_name("away")
        if self._is_mount:
            self._away.mkdir()
            _mounts.mount_folder(self._away, self._place)
        if self.dice.random() < 0.3:
            self.variant += ", restarted"
            self.breaks_connections = True

    def strike(self, drill: Drill) -> None:
        if self._is_mount:
            _mounts.unmount(self._place)
        else:
            self._place.rename(self._away)

    def heal(self, drill: Drill) -> None:
        if self.breaks_connections and drill.server.is_running:
            drill.server.stop()
            _start_again(drill.server)
            time.sleep(self.dice.uniform(0, 1))
        made = sorted(self._place.rglob("*"))
        if made or (self._place.exists() and not self._is_mount):
            drill.violations.append(f"MADE in the folder's place: {self._place} {made[:5]}")
            self._place.rename(self._away.with_name(f"made-{time.monotonic_ns()}"))
        if self._is_mount:
            _mounts.mount_folder(self._away, self._place)
        else:
            self._away.rename(self._place)

    def clear(self) -> None:
        if self._is_mount:
            # What is there is checked after the end of the round.
            _mounts.unmount(self._place)
            with contextlib.suppress(OSError):
                self._place.rmdir()
                self._away.rename(self._place)


class JumpingClock(Fault):
    """The clock of the program jumps by minutes to years, to and fro, and mostly comes back."""

    name = "clock"
    refusals = frozenset({401})

    @classmethod
    def missing(cls) -> str:
        return _shim.missing()

    def prepare(self, drill: Drill) -> None:
        self._shim = _shim.Shim(drill.server.home.with_name("faults"), drill.repository)
        drill.server.variables = self._shim.environment

    def strike(self, drill: Drill) -> None:
        self._jump()
        if self.dice.random() < 0.5:
            time.sleep(self.dice.uniform(0.1, 1))
            self._jump()

    def _jump(self) -> None:
        sizes = (5 * MINUTE, 90 * MINUTE, DAY, 40 * DAY, 400 * DAY, 4000 * DAY)
        seconds = self.dice.choice((-1, 1)) * self.dice.choice(sizes) * self.dice.uniform(0.5, 2)
        self.variant = f"{self.variant} {seconds / DAY:+.2f} d".strip()
        self._shim.set_clock(seconds)

    def heal(self, drill: Drill) -> None:
        if self.dice.random() < 0.3 and drill.server.is_running:
            self.variant += ", restarted"
            self.breaks_connections = True
            drill.server.stop()
            _start_again(drill.server)
        if self.dice.random() < 0.7:
            self.variant += ", undone"
            self._shim.set_clock(0)


FAULTS: dict[str, type[Fault]] = {
    fault.name: fault for fault in (Kill, FullDisk, ReadErrors, VanishingFolder, JumpingClock)
}


def _start_again(server: Server) -> None:
    """Start a server; an import that found none has the library to itself until it ends."""
    deadline = time.monotonic() + _IMPORT_SECONDS
    while not server.is_running:
        try:
            server.start()
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
