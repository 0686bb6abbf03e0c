"""Staging: where the bytes of an upload wait until they are an asset."""

import contextlib
import errno
import os
import shutil
import sys
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from lumilio.errors import LumilioError, RepositoryOffline, StorageFull
from lumilio.media.hashes import ContentHash

if sys.platform != "win32":
    import fcntl

# Suffix of an upload that is still coming in; without it, all bytes are there.
UNFINISHED = ".part"


class StagedFile:
    """An upload on its way in; closing discards it unless it was admitted."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{uuid4().hex}{UNFINISHED}"
        self.size = 0
        self.content_hash = ""
        self._hasher = ContentHash()
        self._file: BinaryIO = open(self.path, "xb")  # noqa: SIM115 - close() closes it
        self._kept = False

    def write(self, data: bytes) -> None:
        """Append bytes; raises StorageFull and RepositoryOffline."""
        try:
            self._file.write(data)
        except OSError as error:
            raise explained(error) from error
        self._hasher.update(data)
        self.size += len(data)

    def seal(self) -> bytes:
        """Flush to disk, once; returns the BLAKE3 of the content.

        Raises StorageFull and RepositoryOffline.
        """
        if not self.content_hash:
            try:
                self._file.flush()
                flush_file(self._file.fileno())
                self._file.close()
                self.path = self.path.replace(self.path.with_suffix(""))
                flush_folder(self.path.parent)
            except OSError as error:
                raise explained(error) from error
            self.content_hash = self._hasher.hexdigest()
        return bytes.fromhex(self.content_hash)

    def move_to(self, folder: Path) -> None:
        """Go on in another staging folder, which may be on another disk. Raises StorageFull."""
        target = folder / self.path.name
        try:
            self._file.close()
            shutil.move(self.path, target)
            self._file = open(target, "ab")  # noqa: SIM115 - close() closes it
        except OSError as error:
            raise explained(error) from error
        self.path = target

    def keep(self) -> None:
        """From now on the ledger knows this file."""
        self._kept = True

    def close(self) -> None:
        """Remove the file unless it is kept; harmless when called twice."""
        with contextlib.suppress(OSError):
            self._file.close()
        if not self._kept:
            # Where its disk is away, the sweep at the next start removes it.
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)


def flush_file(descriptor: int) -> None:
    """Make the bytes of a file outlive a power cut."""
    if sys.platform == "darwin":
        # There, fsync alone leaves them in the drive's own memory.
        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
    os.fsync(descriptor)


def flush_folder(folder: Path) -> None:
    """Make new names in a folder outlive a power cut."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def explained(error: OSError) -> LumilioError:
    """The error to tell for a file that could not be written."""
    if is_out_of_space(error):
        return StorageFull(cause=str(error))
    if isinstance(error, FileNotFoundError):
        # Only with its whole folder can a staged file go away.
        return RepositoryOffline(cause=str(error))
    return LumilioError("The file could not be stored", cause=str(error))


def is_out_of_space(error: Exception) -> bool:
    """Whether nothing is wrong but that a disk is full."""
    return isinstance(error, StorageFull) or (
        isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    )
