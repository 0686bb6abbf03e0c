"""The system's own bin, where people look for a file that they want back."""

import sys
from pathlib import Path

from send2trash import send2trash

_FIXED_DRIVE = 3


class NoBin(Exception):
    """The disk of a file has no bin that takes it; the file is where it was."""


def put(file: Path) -> None:
    """Move a file into the bin of its disk; raises NoBin."""
    if not _may_have_bin(file):
        raise NoBin(f"{file.anchor} is no built-in disk")
    try:
        send2trash(file)
    except OSError as error:
        raise NoBin(str(error)) from error


def _may_have_bin(file: Path) -> bool:
    """Windows deletes for good, without a word, on network drives and sticks."""
    if sys.platform != "win32":
        return True
    import ctypes

    return bool(ctypes.windll.kernel32.GetDriveTypeW(file.anchor) == _FIXED_DRIVE)
