"""Small disks for the drills: mounted by root on Linux, and unmounted in any case."""

import atexit
import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

_mounted: list[Path] = []


@functools.cache
def missing() -> str:
    """Why nothing can be mounted here, "" when it can."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "mounting needs root on Linux"
    with tempfile.TemporaryDirectory() as folder:
        try:
            mount_memory(Path(folder), 1 << 20)
            unmount(Path(folder))
        except subprocess.CalledProcessError as error:
            return f"mounting is not allowed here: {error.stderr.decode().strip()}"
    return ""


def mount_memory(folder: Path, size: int) -> None:
    """Mount an empty disk of `size` bytes in memory."""
    _mount(folder, "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs")


def mount_folder(source: Path, folder: Path) -> None:
    """Let a folder appear in another place."""
    _mount(folder, "--bind", str(source))


def unmount(folder: Path) -> None:
    """Take a disk away, lazily as when its cable is pulled; harmless when nothing is mounted."""
    if folder in _mounted:
        _mounted.remove(folder)
        _run("umount", "--lazy", str(folder))


def _mount(folder: Path, *arguments: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _run("mount", *arguments, str(folder))
    _mounted.append(folder)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@atexit.register
def _unmount_all() -> None:
    for folder in reversed(_mounted[:]):
        unmount(folder)
