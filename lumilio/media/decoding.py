"""Frames out of packets, with damage passed over and the times that encoders insist on."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.packet import Packet
from av.video.frame import VideoFrame

_MOST_FAULTS_IN_A_ROW = 500
# Rounded times of sound wander about by less than anybody hears.
_JUMP_SECONDS = 0.1
_RESERVED, _UNSPECIFIED = (0, 3), 2


class Decoder:
    """Decodes one stream; damaged packets are left out while others follow them."""

    def __init__(self) -> None:
        self._faults = 0

    def frames(self, packet: "Packet[Any]") -> Iterator[Any]:
        """The frames that a packet completes; FFmpegError when nothing but damage comes."""
        try:
            for frame in packet.decode():
                yield mended(frame) if isinstance(frame, VideoFrame) else frame
            self._faults = 0
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:  # which one depends on the decoder
            self._faults += 1
            if self._faults > _MOST_FAULTS_IN_A_ROW:
                raise


def mended(frame: VideoFrame) -> VideoFrame:
    """Take back colour codes that mean nothing: filters refuse a YUV picture that claims to be RGB."""
    if frame.colorspace in _RESERVED and not frame.format.is_rgb:
        frame.colorspace = _UNSPECIFIED
    if frame.color_trc in _RESERVED:
        frame.color_trc = _UNSPECIFIED
    if frame.color_primaries in _RESERVED:
        frame.color_primaries = _UNSPECIFIED
    return frame


class SampleClock:
    """Times of sound counted in samples: gapless but for real gaps, and never backwards."""

    def __init__(self) -> None:
        self._next: int | None = None

    def is_set(self, frame: AudioFrame) -> bool:
        """Give a frame its exact time; False for one that lies in what has been heard."""
        stated = None if frame.time is None else round(frame.time * frame.sample_rate)
        at = self._next if stated is None else stated
        if self._next is not None and at is not None:
            is_jump = abs(at - self._next) > _JUMP_SECONDS * frame.sample_rate
            at = at if is_jump else self._next
            if at < self._next:
                return False
        frame.pts, frame.time_base = at or 0, Fraction(1, frame.sample_rate)
        self._next = frame.pts + frame.samples
        return True


def ends(packet: "Packet[Any]") -> bool:
    """Whether a packet is the empty one behind a stream's last."""
    return packet.size == 0 and packet.dts is None
