"""JPEG XL: the size that its header tells, for the decoder can only open a picture whole."""

from typing import BinaryIO

from lumilio.media.boxes import boxes

_CODESTREAM = b"\xff\x0a"
_HEADER_BYTES = 16
_SIDE_BITS = (9, 13, 18, 30)
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


def size_of(file: BinaryIO) -> tuple[int, int]:
    """Return width and height as stored; ValueError when the file has no JPEG XL header."""
    header = _codestream(file)
    if not header.startswith(_CODESTREAM):
        raise ValueError("no JPEG XL codestream")
    return _size(_Bits(header[len(_CODESTREAM) :]))


def _codestream(file: BinaryIO) -> bytes:
    file.seek(0)
    head = file.read(_HEADER_BYTES)
    if head.startswith(_CODESTREAM):
        return head
    for kind, start, _ in boxes(file):
        if kind in (b"jxlc", b"jxlp"):
            file.seek(start if kind == b"jxlc" else start + 4)
            return file.read(_HEADER_BYTES)
    return b""


def _size(bits: "_Bits") -> tuple[int, int]:
    is_small = bits.take(1)
    height = _side(bits, is_small=is_small)
    ratio = bits.take(3)
    if not ratio:
        return _side(bits, is_small=is_small), height
    wide, high = _RATIOS[ratio - 1]
    return height * wide // high, height


def _side(bits: "_Bits", *, is_small: int) -> int:
    if is_small:
        return (bits.take(5) + 1) * 8
    return bits.take(_SIDE_BITS[bits.take(2)]) + 1


class _Bits:
    """Reads numbers from the lowest bit up."""

    def __init__(self, data: bytes) -> None:
        self._rest = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        value = self._rest & ((1 << count) - 1)
        self._rest >>= count
        return value
