"""A recording's web copy, an MP3 where browsers do not play the original, and its waveform."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from msgspec import Struct

from lumilio.errors import CannotDecode
from lumilio.media import browser_ready
from lumilio.media.containers import NO_AUDIO, NO_SOUND, audio_stream, duration_of, opened_media
from lumilio.media.decoding import Decoder, SampleClock
from lumilio.media.web_video import Report

PEAKS = 1000
_FIRST_SPAN = 256
_LOUDEST = 65535
_UNSIGNED_MIDDLE = 128
_FULL_SCALES = {1: 128.0, 2: 32_768.0, 4: 2_147_483_648.0}
_SAMPLE_RATE = 44_100
_BITS, _FEW_BITS = 192_000, 128_000


class WebAudio(Struct, frozen=True):
    """What came of a recording: its peaks over time, and whether a copy was made.

    The peaks are 16-bit numbers, the lower byte first, from 0 (silence) to 65535 (as loud as can be).
    """

    peaks: bytes
    is_copied: bool


def make_web_audio(source: Path, target: Path, report: Report) -> WebAudio:
    """Read a recording from end to end, and write its MP3 unless browsers play the original.

    CannotDecode when nothing of it can be decoded, OSError when the disk fails.
    """
    with opened_media(source) as container:
        stream = audio_stream(container)
        if stream is None:
            raise CannotDecode(source, NO_AUDIO)
        is_copied = not browser_ready.plays_audio(container)
        waveform = _Waveform()
        sounds = _told(waveform, _sounds(container, stream), container, report)
        if is_copied:
            _write_mp3(target, stream, sounds)
        else:
            for _ in sounds:
                pass
        if not waveform.count:
            raise CannotDecode(source, NO_SOUND)
    return WebAudio(waveform.peaks(), is_copied)


class _Waveform:
    """Peaks of a sound of unknown length: whenever there are too many, two become one."""

    def __init__(self) -> None:
        self.count = 0
        self._span = _FIRST_SPAN
        self._peaks = np.zeros(0, np.float32)
        self._rest = np.zeros(0, np.float32)

    def add(self, frame: AudioFrame) -> None:
        """Take the next samples, whichever form they have."""
        self.count += 1
        levels = np.concatenate([self._rest, _levels(frame)])
        whole = len(levels) // self._span * self._span
        fresh = levels[:whole].reshape(-1, self._span).max(axis=1, initial=0)
        self._peaks, self._rest = np.concatenate([self._peaks, fresh]), levels[whole:]
        while len(self._peaks) >= 2 * PEAKS:
            even = self._peaks[: len(self._peaks) // 2 * 2].reshape(-1, 2).max(axis=1)
            left = self._peaks[len(even) * 2 :]
            self._peaks, self._span = even, self._span * 2
            # A single one that is left over stands for half a span.
            self._peaks = np.concatenate([self._peaks, left])

    def peaks(self) -> bytes:
        """At most `PEAKS` values as `WebAudio` says."""
        found = np.concatenate([self._peaks, [self._rest.max(initial=0)]])
        edges = np.linspace(0, len(found), min(PEAKS, len(found)) + 1).astype(int)
        thinned = np.maximum.reduceat(found, edges[:-1])
        return (thinned * _LOUDEST).round().clip(0, _LOUDEST).astype("<u2").tobytes()


def _levels(frame: AudioFrame) -> npt.NDArray[np.float32]:
    """The loudest channel of every sample, from 0 to 1."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    levels = samples.astype(np.float32)
    if samples.dtype == np.uint8:
        levels -= _UNSIGNED_MIDDLE
    loudest = np.abs(levels).max(axis=0)
    return np.asarray(
        loudest / _FULL_SCALES.get(samples.dtype.itemsize, 1.0)
        if samples.dtype.kind in "iu"
        else loudest,
        np.float32,
    )


def _sounds(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    decoder, clock = Decoder(), SampleClock()
    for packet in container.demux(stream):
        for frame in decoder.frames(packet):
            if clock.is_set(frame):
                yield frame


def _told(
    waveform: _Waveform, sounds: Iterator[AudioFrame], container: InputContainer, report: Report
) -> Iterator[AudioFrame]:
    """Note all sounds on their way, and tell how far they have come."""
    duration = duration_of(container)
    for frame in sounds:
        waveform.add(frame)
        yield frame
        report(min(max((frame.time or 0.0) / duration, 0.0), 1.0) if duration else 0.0)


def _write_mp3(target: Path, stream: AudioStream, sounds: Iterator[AudioFrame]) -> None:
    """Encode as MP3, mono or stereo."""
    is_mono = stream.codec_context.channels == 1
    bits = stream.codec_context.bit_rate
    with av.open(str(target), "w", format="mp3") as out:
        copy = out.add_stream("libmp3lame", rate=_SAMPLE_RATE)
        assert isinstance(copy, AudioStream)
        copy.codec_context.layout = "mono" if is_mono else "stereo"
        copy.codec_context.bit_rate = _FEW_BITS if bits and bits < _BITS else _BITS
        for frame in sounds:
            out.mux(copy.encode(frame))
        out.mux(copy.encode(None))
