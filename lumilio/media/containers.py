"""Video and audio files opened by FFmpeg: from this machine only, and only by known containers.

Playlists and network addresses inside a file lead nowhere: what is opened is the file itself.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from lumilio.errors import CannotDecode

# What a container really is decides its content, not its name; these are FFmpeg's names.
_CONTAINERS = (
    "mov",
    "matroska",
    "avi",
    "flv",
    "asf",
    "mpeg",
    "mpegvideo",
    "mpegts",
    "ogg",
    "mp3",
    "aac",
    "flac",
    "wav",
    "w64",
    "aiff",
    "amr",
)
_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": ",".join(_CONTAINERS)}
_MICROSECONDS = 1_000_000
# A damaged header tells durations of centuries.
_LONGEST_SECONDS = 1_000_000
_HIGHEST_RATE = 1000
_DISK_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_UNREADABLE = "The file is damaged or cut off: its content cannot be made out"


@contextmanager
def opened_media(path: Path) -> Iterator[InputContainer]:
    """Open a video or audio file; CannotDecode for whatever goes wrong with it until it is closed."""
    with media_faults(path):
        if not path.stat().st_size:
            raise CannotDecode(path, "The file is empty")
        try:
            container = av.open(f"file:{path}", options=_OPTIONS, metadata_errors="replace")
        except av.error.ArgumentError as error:
            # FFmpeg's word for a container that is not on the list.
            raise CannotDecode(path, "The file is of a kind that Lumilio does not read") from error
        with container:
            if not container.streams:
                raise CannotDecode(path, _UNREADABLE)
            yield container


@contextmanager
def media_faults(path: Path) -> Iterator[None]:
    """Turn whatever FFmpeg raises on damaged data into CannotDecode; a full disk or memory passes."""
    try:
        yield
    except CannotDecode:
        raise
    except MemoryError as error:
        # FFmpeg's own errors cannot travel between processes.
        raise MemoryError(str(error)) from error
    except Exception as error:  # decoders raise anything on hostile bytes
        if isinstance(error, OSError) and error.errno in _DISK_FAULTS:
            # What is written meanwhile has no room: no fault of this file.
            raise OSError(error.errno, error.strerror) from error
        raise CannotDecode(path, _why(error)) from error


def video_stream(container: InputContainer) -> VideoStream | None:
    """The moving picture of a file, None when it has none; a cover is no video."""
    pictures = (stream for stream in container.streams.video if not is_cover(stream))
    # A stream that no decoder knows has no context, and one without a width is a damaged one.
    return next((found for found in pictures if found.codec_context and found.width), None)


def audio_stream(container: InputContainer) -> AudioStream | None:
    """The sound of a file, None when it has none or none that can be decoded."""
    return next((stream for stream in container.streams.audio if stream.codec_context), None)


def is_cover(stream: VideoStream) -> bool:
    """Whether a stream is a still picture that belongs to the file, such as a cover."""
    return Disposition.attached_pic in stream.disposition


def duration_of(container: InputContainer) -> float | None:
    """Seconds that a file plays, None when it does not tell."""
    if container.duration is not None:
        seconds = container.duration / _MICROSECONDS
    else:
        seconds = max(
            (
                float(s.duration * s.time_base)
                for s in container.streams
                if s.duration and s.time_base
            ),
            default=0.0,
        )
    return round(seconds, 3) if 0 < seconds < _LONGEST_SECONDS else None


def frame_rate_of(container: InputContainer) -> float | None:
    """Frames a second on average; None for a file without video or without a likely rate."""
    stream = video_stream(container)
    if stream is None:
        return None
    # Matroska's clock of milliseconds passes for a rate where a file tells none.
    rates = (float(rate) for rate in (stream.average_rate, stream.guessed_rate) if rate)
    return next((round(rate, 3) for rate in rates if rate < _HIGHEST_RATE), None)


def codec_name(stream: VideoStream | AudioStream) -> str:
    """FFmpeg's name of a codec, whichever decoder reads it: "h264", "av1", "vorbis"."""
    return str(stream.codec_context.codec.canonical_name)


def _why(error: Exception) -> str:
    if isinstance(error, av.error.FFmpegError):
        return _FFMPEG_FAULTS.get(type(error), f"The media data is damaged ({error.strerror})")
    if isinstance(error, OSError) and error.strerror:
        return f"The file cannot be read ({error.strerror})"
    return f"The media data is damaged ({str(error).strip() or type(error).__name__})"


_FFMPEG_FAULTS: dict[type[Exception], str] = {
    av.error.InvalidDataError: _UNREADABLE,
    av.error.EOFError: "The file is cut off: part of it is missing",
    av.error.DecoderNotFoundError: "The file is coded in a way that Lumilio does not read",
    av.error.PatchWelcomeError: "The file is coded in a way that Lumilio does not read",
}
