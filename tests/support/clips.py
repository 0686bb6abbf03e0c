"""Tiny videos and recordings, made on the spot."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

Paint = Callable[[int], Any]
SAMPLE_RATE = 44_100


def corners(colours: Sequence[tuple[int, int, int]], size: tuple[int, int]) -> Any:
    """A picture of four fields, row by row."""
    width, height = size
    pixels = np.zeros((height, width, 3), np.uint8)
    for index, colour in enumerate(colours):
        row, column = divmod(index, 2)
        rows = slice(row * height // 2, (row + 1) * height // 2)
        pixels[rows, column * width // 2 : (column + 1) * width // 2] = colour
    return pixels


def pattern(number: int, size: tuple[int, int] = (96, 64)) -> Any:
    """A picture that differs from frame to frame and has edges."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    grey = ((x // 8 + y // 8 + number) % 2 * 160 + 40).astype(np.uint8)
    return np.stack([grey, np.roll(grey, 3), 255 - grey], axis=-1)


def video(
    path: Path,
    *,
    size: tuple[int, int] = (96, 64),
    times: Sequence[int] = range(10),
    rate: int = 10,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    curve: int | None = None,
    turned: int = 0,
    channels: int = 0,
    sound: str = "aac",
    faststart: bool = True,
    tags: dict[str, str] | None = None,
    paint: Paint | None = None,
) -> Path:
    """A video with a frame at each of `times`, in units of a frame's length.

    `turned` is clockwise degrees, `curve` FFmpeg's number of an HDR curve.
    """
    flags = "use_metadata_tags" + ("+faststart" if faststart else "")
    options = {"movflags": flags} if path.suffix in (".mp4", ".mov", ".3gp") else {}
    with av.open(str(path), "w", options=options) as out:
        out.metadata.update(tags or {})
        stream = out.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        context = stream.codec_context
        context.time_base = Fraction(1, rate)
        if curve:
            context.color_trc, context.color_primaries, context.colorspace = curve, 9, 9
        if turned:
            stream.set_display_rotation(-turned)
        voice = out.add_stream(sound, rate=SAMPLE_RATE) if channels else None
        if voice is not None:
            voice.codec_context.layout = "mono" if channels == 1 else "stereo"
        for number, at in enumerate(times):
            picture = paint(number) if paint else pattern(number, size)
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = at, Fraction(1, rate)
            out.mux(stream.encode(frame.reformat(format=pixels)))
        out.mux(stream.encode(None))
        if voice is not None:
            for frame in tone(len(times) / rate, channels):
                out.mux(voice.encode(frame))
            out.mux(voice.encode(None))
    return path


def recording(
    path: Path,
    *,
    seconds: float = 1.0,
    channels: int = 2,
    codec: str | None = None,
    tags: dict[str, str] | None = None,
) -> Path:
    """A sound that grows from silence to half the full scale."""
    with av.open(str(path), "w") as out:
        out.metadata.update(tags or {})
        codec = codec or out.default_audio_codec
        stream = out.add_stream(codec, rate=48_000 if codec == "libopus" else SAMPLE_RATE)
        stream.codec_context.layout = "mono" if channels == 1 else "stereo"
        if codec == "wmav2":
            stream.codec_context.bit_rate = 64_000
        for frame in tone(seconds, channels):
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def tone(seconds: float, channels: int) -> list[AudioFrame]:
    """440 Hz, ever louder, up to half the full scale."""
    count = int(seconds * SAMPLE_RATE)
    at = np.arange(count)
    wave = (np.sin(at * 2 * np.pi * 440 / SAMPLE_RATE) * at / count * 16_384).astype(np.int16)
    frames = []
    for start in range(0, count, 1024):
        part = np.repeat(wave[start : start + 1024], channels).reshape(1, -1)
        frame = AudioFrame.from_ndarray(
            np.ascontiguousarray(part), format="s16", layout="mono" if channels == 1 else "stereo"
        )
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
        frames.append(frame)
    return frames
