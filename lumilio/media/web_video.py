"""A video's web copy: H.264 and AAC in an MP4 that plays while it loads.

Streams that a browser plays already are copied as they are, so that a file whose only fault is its
container costs seconds; the others are encoded anew.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.filter import Graph
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from lumilio.errors import CannotDecode
from lumilio.media import browser_ready, encoders, frames, toning
from lumilio.media.containers import (
    NO_PICTURE,
    NO_VIDEO,
    audio_stream,
    duration_of,
    opened_media,
    video_stream,
)
from lumilio.media.decoding import Decoder, SampleClock, ends
from lumilio.media.encoders import Encoder

Report = Callable[[float], None]
"""Is told again and again which part, 0 to 1, is done."""

_CLOCK = Fraction(1, 90_000)
_TV_RANGE = _BT709 = 1
_SAMPLE_RATES = (22050, 24000, 32000, 44100, 48000)
_STEREO_BITS = 128_000
# Their packets have the times that an MP4 needs; AVI's and raw streams' do not.
_COPIED_FROM = ("mov", "matroska", "flv")


def make_web_video(source: Path, target: Path, report: Report) -> bool:
    """Write the web copy of a video; False, without one, when the original plays in any browser.

    CannotDecode when nothing of the video can be decoded, OSError when the disk fails.
    """
    with opened_media(source) as container:
        if browser_ready.plays_video(source, container):
            return False
        first = _first_frame(source, container)
    for encoder in encoders.encoders():
        try:
            _convert(source, target, first, encoder, report)
        except CannotDecode:
            if not encoder.is_hardware:
                raise
            continue
        break
    return True


def _first_frame(source: Path, container: InputContainer) -> VideoFrame:
    """What the copy will look like is settled before anything is written."""
    stream = video_stream(container)
    if stream is None:
        raise CannotDecode(source, NO_VIDEO)
    decoder = Decoder()
    for packet in container.demux(stream):
        for frame in decoder.frames(packet):
            assert isinstance(frame, VideoFrame)
            return frame
    raise CannotDecode(source, NO_PICTURE)


def _convert(
    source: Path, target: Path, first: VideoFrame, encoder: Encoder, report: Report
) -> None:
    with (
        opened_media(source) as container,
        av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as out,
    ):
        picture, sound = video_stream(container), audio_stream(container)
        assert picture is not None
        tracks: dict[int, _Track] = {}
        if browser_ready.is_plain_h264(picture) and _is_copied_from(container):
            tracks[picture.index] = _Copied(out.add_stream_from_template(picture))
        else:
            tracks[picture.index] = _EncodedVideo(picture, out, encoder, first)
        if (
            sound is not None
            and browser_ready.is_plain_sound(container)
            and _is_copied_from(container)
        ):
            tracks[sound.index] = _Copied(out.add_stream_from_template(sound))
        elif sound is not None:
            tracks[sound.index] = _EncodedAudio(sound, out)
        _run(container, out, tracks, report)


class _Track(Protocol):
    """A stream on its way into the copy."""

    def packets(self, packet: "Packet[Any]") -> Iterator["Packet[Any]"]:
        """What goes into the copy for one packet of the original; the last one is empty."""


def _run(
    container: InputContainer, out: OutputContainer, tracks: dict[int, _Track], report: Report
) -> None:
    duration = duration_of(container) or 0.0
    begin = (container.start_time or 0) / 1e6
    done = 0.0
    for packet in container.demux([s for s in container.streams if s.index in tracks]):
        _shift(packet, begin)
        for copied in tracks[packet.stream.index].packets(packet):
            out.mux(copied)
        if duration and packet.pts is not None and packet.time_base:
            # Streams lie beside each other, and frames are not stored in the order they are shown.
            done = min(max(float(packet.pts * packet.time_base) / duration, done), 1.0)
        report(done)


def _shift(packet: "Packet[Any]", begin: float) -> None:
    """Let a stream begin at zero; broadcasts begin at whatever hour they were recorded."""
    ticks = round(begin / packet.time_base) if packet.time_base else 0
    if packet.pts is not None:
        packet.pts -= ticks
    if packet.dts is not None:
        packet.dts -= ticks


def _is_copied_from(container: InputContainer) -> bool:
    return container.format.name.split(",")[0] in _COPIED_FROM


class _Copied:
    """A stream that is taken over packet by packet."""

    def __init__(self, target: Stream) -> None:
        self._target = target

    def packets(self, packet: "Packet[Any]") -> Iterator["Packet[Any]"]:
        if not ends(packet) and packet.pts is not None:
            packet.stream = self._target
            yield packet


class _EncodedVideo:
    """Frames of a video: upright, in SDR, at most 1080 lines, encoded as H.264."""

    def __init__(
        self, stream: VideoStream, out: OutputContainer, encoder: Encoder, first: VideoFrame
    ) -> None:
        stream.codec_context.thread_type = "AUTO"
        self._encoder = encoder
        self._decoder = Decoder()
        self._tone_mapped = toning.is_hdr(first.color_trc)
        shape = frames.shape_of(first, stream)
        self._shape = shape.within(shortest=browser_ready.SHORTEST_SIDE, even=True)
        target = out.add_stream(encoder.name, rate=_rate(stream))
        assert isinstance(target, VideoStream)
        self._target = target
        self._settle(first)
        self._form = _form_of(first)
        self._graph = self._new_graph(first)
        self._last = -1

    def packets(self, packet: "Packet[Any]") -> Iterator["Packet[Any]"]:
        for frame in self._decoder.frames(packet):
            if self._form != _form_of(frame):
                yield from self._drained(None)
                self._form, self._graph = _form_of(frame), self._new_graph(frame)
            yield from self._drained(frame)
        if ends(packet):
            yield from self._drained(None)
            yield from self._target.encode(None)

    def _settle(self, first: VideoFrame) -> None:
        encoder = self._encoder
        context = self._target.codec_context
        assert isinstance(context, VideoCodecContext)
        width, height = self._shape.width, self._shape.height
        context.width, context.height, context.pix_fmt = width, height, encoder.pixels
        context.time_base = _CLOCK
        context.options = {**encoder.options, **encoders.rate_limit(encoder, width, height)}
        context.color_range = _TV_RANGE
        if self._tone_mapped:
            context.color_primaries = context.color_trc = context.colorspace = _BT709
        else:
            context.color_primaries, context.color_trc = first.color_primaries, first.color_trc
            context.colorspace = first.colorspace

    def _new_graph(self, frame: VideoFrame) -> Graph:
        return frames.playback_graph(
            frame,
            self._shape,
            self._encoder.pixels,
            tone_mapped=self._tone_mapped,
            deinterlaced=frame.interlaced_frame,
        )

    def _drained(self, frame: VideoFrame | None) -> Iterator["Packet[Any]"]:
        """Send a frame through the filters, or their end, and encode what comes out."""
        self._graph.push(frame)
        with suppress(av.error.BlockingIOError, av.error.EOFError):
            while True:
                done = self._graph.pull()
                assert isinstance(done, VideoFrame)
                yield from self._encoded(done)

    def _encoded(self, frame: VideoFrame) -> Iterator["Packet[Any]"]:
        pts = self._last + 1
        if frame.pts is not None and frame.time_base is not None:
            pts = round(frame.pts * frame.time_base / _CLOCK)
        if pts <= self._last:
            # Two frames of one moment, which an encoder refuses.
            return
        self._last = frame.pts = pts
        frame.time_base = _CLOCK
        frame.pict_type = PictureType.NONE
        yield from self._target.encode(frame)


class _EncodedAudio:
    """Sound as AAC, mono or stereo."""

    def __init__(self, stream: AudioStream, out: OutputContainer) -> None:
        rate = stream.codec_context.sample_rate
        self._clock = SampleClock()
        self._target = out.add_stream("aac", rate=rate if rate in _SAMPLE_RATES else 48000)
        context = self._target.codec_context
        assert isinstance(context, AudioCodecContext)
        is_mono = stream.codec_context.channels == 1
        context.layout = "mono" if is_mono else "stereo"
        context.bit_rate = _STEREO_BITS // 2 if is_mono else _STEREO_BITS
        self._decoder = Decoder()

    def packets(self, packet: "Packet[Any]") -> Iterator["Packet[Any]"]:
        for frame in self._decoder.frames(packet):
            if self._clock.is_set(frame):
                yield from self._target.encode(frame)
        if ends(packet):
            yield from self._target.encode(None)


def _form_of(frame: VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name


def _rate(stream: VideoStream) -> Fraction:
    rate = stream.guessed_rate or stream.average_rate
    return rate if rate and 1 <= rate <= 240 else Fraction(30)
