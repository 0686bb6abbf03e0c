"""Video and audio files opened by FFmpeg: from this machine only, and only by known containers.

Playlists and network addresses inside a file lead nowhere: what is opened is the file itself.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from lumilio.errors import CannotDecode, CannotRead
from lumilio.media.facts import EmbeddedVideo
from lumilio.media.pictures import COPY_AGAIN

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
CONVERT = "Open it with another program, and save it as MP4, or as MP3 if it is only sound"
NO_VIDEO = f"The file holds no video that Lumilio can read. {CONVERT}"
NO_AUDIO = f"The file holds no sound that Lumilio can read. {CONVERT}"
NO_PICTURE = f"The file is damaged or cut off: no picture can be decoded. {COPY_AGAIN}"
NO_SOUND = f"The file is damaged or cut off: no sound can be decoded. {COPY_AGAIN}"
_UNREADABLE = f"The file is damaged or cut off: its content cannot be made out. {COPY_AGAIN}"
_FOREIGN = f"The file is coded in a way that Lumilio does not read. {CONVERT}"


@contextmanager
def opened_media(path: Path, part: EmbeddedVideo | None = None) -> Iterator[InputContainer]:
    """Open a video or audio file; CannotDecode for whatever goes wrong with it until it is closed.

    With `part` the film inside a picture file. CannotRead when it is the disk that fails, which
    says nothing of the file.
    """
    with media_faults(path), _File(path) if part is None else _Part(path, part) as file:
        try:
            with _container(path, file) as container:
                yield container
        finally:
            if file.fault is not None:
                raise file.fault


class _File(FileIO):
    """A file that remembers when its disk failed, which FFmpeg takes for damage or for the end."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.fault: OSError | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            return super().read(size) or b""
        except OSError as error:
            self.fault = error
            raise

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        try:
            return super().seek(offset, whence)
        except OSError:
            # Damaged data send FFmpeg to places that no file has; it goes on without them.
            return -1


class _Part(_File):
    """The bytes of a file in which another one lies."""

    def __init__(self, path: Path, part: EmbeddedVideo) -> None:
        super().__init__(path)
        self._begin, self._length = part.offset, part.length
        self.seek(0)

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(self._length - self.tell(), 0)
        return super().read(left if size is None or size < 0 else min(size, left))

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: self._length}[whence]
        # Damaged data send FFmpeg before the beginning, too.
        return super().seek(self._begin + base + offset) - self._begin if base + offset >= 0 else -1

    def tell(self) -> int:
        return super().tell() - self._begin


def _container(path: Path, file: _File) -> InputContainer:
    if not path.stat().st_size:
        raise CannotDecode(path, f"The file is empty. {COPY_AGAIN}")
    try:
        container = av.open(file, "r", options=_OPTIONS, metadata_errors="replace")
    except av.error.ArgumentError as error:
        # FFmpeg's word for a container that is not on the list.
        why = f"The file is of a kind that Lumilio does not read. {CONVERT}"
        raise CannotDecode(path, why) from error
    if not container.streams:
        container.close()
        raise CannotDecode(path, _UNREADABLE)
    return container


@contextmanager
def media_faults(path: Path) -> Iterator[None]:
    """Turn whatever FFmpeg raises on damaged data into CannotDecode, and the disk's into CannotRead.

    A full disk and a lack of memory pass.
    """
    try:
        yield
    except (CannotDecode, CannotRead):
        raise
    except MemoryError as error:
        # FFmpeg's own errors cannot travel between processes.
        raise MemoryError(str(error)) from error
    except Exception as error:  # decoders raise anything on hostile bytes
        if isinstance(error, OSError) and error.errno in _DISK_FAULTS:
            # What is written meanwhile has no room: no fault of this file.
            raise OSError(error.errno, error.strerror) from error
        if isinstance(error, OSError) and not isinstance(error, av.error.FFmpegError):
            # Whatever FFmpeg calls an error of the disk is mostly damage.
            raise CannotRead(path, error.strerror or str(error)) from error
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
        return _FFMPEG_FAULTS.get(type(error), _damaged(str(error.strerror)))
    return _damaged(str(error).strip() or type(error).__name__)


def _damaged(detail: str) -> str:
    return f"The media data is damaged ({detail}). {COPY_AGAIN}"


_FFMPEG_FAULTS: dict[type[Exception], str] = {
    av.error.InvalidDataError: _UNREADABLE,
    av.error.EOFError: f"The file is cut off: part of it is missing. {COPY_AGAIN}",
    av.error.DecoderNotFoundError: _FOREIGN,
    av.error.PatchWelcomeError: _FOREIGN,
}
