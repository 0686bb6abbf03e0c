"""A video's poster: of several frames the one that shows most, neither black nor blurred."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from msgspec import Struct
from PIL import Image

from lumilio.errors import CannotDecode
from lumilio.media import frames, toning
from lumilio.media.containers import NO_PICTURE, duration_of
from lumilio.media.decoding import Decoder
from lumilio.media.frames import Shape
from lumilio.media.pictures import PIXEL_LIMIT, check_size

_MOMENTS = (0.06, 0.2, 0.35, 0.5, 0.65, 0.8)
# Shorter ones are looked through from their beginning.
_SHORT_SECONDS = 3.0
_SHORT_FRAMES, _SHORT_STEP = 90, 15
# How far a moment may lie behind the frame that the file can be entered at.
_MOST_FRAMES_ON = 24
_LOOK_WIDTH = 320
_DARK, _BRIGHT = 60.0, 215.0
_MICROSECONDS = 1_000_000


class Poster(Struct, frozen=True):
    """The chosen frame in sRGB, and how the whole video is shown."""

    picture: Image.Image
    shape: Shape


def poster_of(
    path: Path, container: InputContainer, stream: VideoStream, longest_side: int
) -> Poster:
    """Choose and render a frame; CannotDecode when there is none that can be decoded."""
    check_size(path, stream.width, stream.height, PIXEL_LIMIT)
    best, best_score = None, -1.0
    for frame in _candidates(container, stream):
        score = _score(frame)
        if score > best_score:
            best, best_score = frame, score
    if best is None:
        raise CannotDecode(path, NO_PICTURE)
    return Poster(_rendered(best, stream, longest_side), frames.shape_of(best, stream))


def _candidates(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Frames from all over the video; those that are damaged are passed over."""
    duration = duration_of(container) or 0.0
    is_found = False
    if duration > _SHORT_SECONDS:
        for moment in _MOMENTS:
            with suppress(av.error.FFmpegError, StopIteration):
                yield _frame_at(container, stream, duration * moment)
                is_found = True
    if is_found:
        return
    with suppress(av.error.FFmpegError):
        if duration > _SHORT_SECONDS:
            container.seek(0)
        yield from islice(_decoded(container, stream), 0, _SHORT_FRAMES, _SHORT_STEP)


def _frame_at(container: InputContainer, stream: VideoStream, seconds: float) -> VideoFrame:
    container.seek(int(seconds * _MICROSECONDS) + (container.start_time or 0))
    begin = seconds + (container.start_time or 0) / _MICROSECONDS
    following = _decoded(container, stream)
    frame = next(following)
    for later in islice(following, _MOST_FRAMES_ON):
        if frame.time is None or frame.time >= begin:
            break
        frame = later
    return frame


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Frames from here on."""
    decoder = Decoder()
    for packet in container.demux(stream):
        yield from decoder.frames(packet)


def _score(frame: VideoFrame) -> float:
    """How much a frame shows: sharp edges, in light that is neither too low nor too strong."""
    height = max(round(frame.height * _LOOK_WIDTH / frame.width), 2)
    grey = frame.reformat(_LOOK_WIDTH, height, "gray").to_ndarray().astype(np.float32)
    light = float(grey.mean())
    sharpness = sum(float(np.abs(np.diff(grey, n=2, axis=axis)).mean()) for axis in (0, 1))
    fitness = min(light / _DARK, (255.0 - light) / (255.0 - _BRIGHT), 1.0)
    # Without any edges the better lit one still wins.
    return (sharpness + 0.1) * max(fitness, 0.01)


def _rendered(frame: VideoFrame, stream: VideoStream, longest_side: int) -> Image.Image:
    shape = frames.shape_of(frame, stream).within(longest=longest_side)
    graph = frames.poster_graph(frame, shape)
    graph.push(frame)
    done = graph.pull()
    assert isinstance(done, VideoFrame)
    picture = Image.fromarray(done.to_ndarray())
    return toning.toned(picture, frame.color_trc) if toning.is_hdr(frame.color_trc) else picture
