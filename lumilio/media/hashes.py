"""BLAKE3 content hashes: the identity of a file's bytes."""

import hashlib
from typing import BinaryIO

from blake3 import blake3


class ContentHash:
    """BLAKE3 of bytes that arrive in pieces; `size` counts them."""

    def __init__(self) -> None:
        self._digest = blake3()
        self.size = 0

    def update(self, piece: bytes | bytearray | memoryview) -> None:
        """Take the next piece of the content."""
        self._digest.update(piece)
        self.size += memoryview(piece).nbytes

    def hexdigest(self) -> str:
        """Return the hash of all pieces so far: 64 lower-case hexadecimal digits."""
        return self._digest.hexdigest()


def blake3_of(file: BinaryIO) -> str:
    """Return the BLAKE3 of an opened file as 64 lower-case hexadecimal digits; OSError if unreadable.

    Reads in pieces rather than through mmap: a mapped file that shrinks on a network share
    kills the process with SIGBUS.
    """
    return hashlib.file_digest(file, blake3).hexdigest()  # type: ignore[arg-type]
