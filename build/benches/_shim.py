"""A program with a wrong clock and a failing disk: compiles `_shim.c` and steers it."""

import atexit
import functools
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

_SOURCE = Path(__file__).with_name("_shim.c")
_FORMAT = struct.Struct("qd")


def missing() -> str:
    """Why there is no shim on this machine, "" when there is one."""
    if not sys.platform.startswith("linux"):
        return "the shim is for Linux"
    if shutil.which("gcc") is None:
        return "there is no gcc to compile the shim"
    return ""


class Shim:
    """The switches of one program and its children; both faults are off at first."""

    def __init__(self, control: Path, folder: Path) -> None:
        self._control = control
        self._state = (0, 0.0)
        control.write_bytes(_FORMAT.pack(*self._state))
        self.environment = {
            "LD_PRELOAD": str(_compiled()),
            "BENCH_FAULT_CONTROL": str(control),
            "BENCH_FAULT_FOLDER": str(folder),
        }

    def set_clock(self, seconds: float) -> None:
        """Let the clock be wrong by so much."""
        self._set(int(seconds * 1e6), self._state[1])

    def fail_reads(self, rate: float) -> None:
        """Let this share of all reading below the folder fail."""
        self._set(self._state[0], rate)

    def _set(self, offset_us: int, rate: float) -> None:
        self._state = (offset_us, rate)
        with self._control.open("r+b") as file:
            # In place, for processes have the file mapped; on one page, so seen as a whole.
            os.pwrite(file.fileno(), _FORMAT.pack(*self._state), 0)


@functools.cache
def _compiled() -> Path:
    folder = tempfile.mkdtemp(prefix="lumilio-shim-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    library = Path(folder) / "shim.so"
    options = ["-O2", "-Wall", "-Werror", "-shared", "-fPIC"]
    subprocess.run(["gcc", *options, "-o", str(library), str(_SOURCE), "-ldl"], check=True)
    return library
