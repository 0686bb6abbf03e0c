"""Frames as a person sees them: upright, with square pixels, at most so large."""

from fractions import Fraction

from av.filter import Graph
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from msgspec import Struct

from lumilio.media.toning import SDR

_UNSPECIFIED = 2
_HD_LINES = 576


class Shape(Struct, frozen=True):
    """How a video is shown: its size in pixels, the filters that set it upright,
    and the clockwise turn in degrees that they make."""

    width: int
    height: int
    turns: tuple[str, ...] = ()
    rotation: int = 0

    @property
    def lies_on_side(self) -> bool:
        """Whether the stored frame is turned by a quarter."""
        return any(turn.startswith("transpose") for turn in self.turns)

    def within(self, *, longest: int = 0, shortest: int = 0, even: bool = False) -> "Shape":
        """The shape shrunk until its longer or its shorter side fits; never enlarged."""
        scales = [
            Fraction(limit, side)
            for limit, side in (
                (longest, max(self.width, self.height)),
                (shortest, min(self.width, self.height)),
            )
            if limit
        ]
        scale = min([Fraction(1), *scales])
        step = 2 if even else 1
        width, height = (
            max(int(round(side * scale / step) * step), step) for side in (self.width, self.height)
        )
        if even:
            # Rounding up would enlarge an odd side.
            width = min(width, max(self.width // 2 * 2, 2))
            height = min(height, max(self.height // 2 * 2, 2))
        return Shape(width, height, self.turns, self.rotation)


def stored_shape(stream: VideoStream) -> Shape:
    """The size that a header tells, with square pixels; the turn is only known by a frame."""
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return Shape(_squared(stream.width, aspect), stream.height)


def shape_of(frame: VideoFrame, stream: VideoStream) -> Shape:
    """How this frame is shown."""
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    width, height = _squared(frame.width, aspect), frame.height
    rotation, turns = _turns(frame)
    shape = Shape(width, height, turns, rotation)
    return Shape(height, width, turns, rotation) if shape.lies_on_side else shape


def poster_graph(frame: VideoFrame, shape: Shape) -> Graph:
    """A graph that turns a frame like this one into `shape` as RGB, in the curve that it has."""
    scale = _scale(frame, shape, "out_range=pc")
    return _graph(frame, [scale, "format=rgb24", *shape.turns], threads=1)


def playback_graph(
    frame: VideoFrame, shape: Shape, pixels: str, *, tone_mapped: bool, deinterlaced: bool
) -> Graph:
    """A graph that turns frames like this one into `shape` and `pixels`, HDR into SDR if asked."""
    scale = _scale(frame, shape, "out_range=tv", *([SDR] if tone_mapped else []))
    first = ["bwdif=mode=send_frame:deint=interlaced"] if deinterlaced else []
    return _graph(frame, [*first, scale, f"format={pixels}", *shape.turns, "setsar=1"], threads=0)


def _graph(frame: VideoFrame, steps: list[str], *, threads: int) -> Graph:
    graph = Graph()
    graph.threads = threads
    time_base = frame.time_base or Fraction(1, 1000)
    last = graph.add(
        "buffer",
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}"
        f":time_base={time_base}:pixel_aspect=1/1"
        f":colorspace={int(frame.colorspace)}:range={int(frame.color_range)}",
    )
    for step in steps:
        name, _, arguments = step.partition("=")
        following = graph.add(name, arguments or None)
        last.link_to(following)
        last = following
    sink = graph.add("buffersink")
    last.link_to(sink)
    graph.configure()
    return graph


def _scale(frame: VideoFrame, shape: Shape, *options: str) -> str:
    size = (shape.height, shape.width) if shape.lies_on_side else (shape.width, shape.height)
    # High-definition video that names no colour matrix means BT.709, as every player takes it.
    is_unnamed_hd = frame.colorspace == _UNSPECIFIED and min(frame.width, frame.height) > _HD_LINES
    matrix = "in_color_matrix=bt709" if is_unnamed_hd else "in_color_matrix=auto"
    return ":".join([f"scale={size[0]}:{size[1]}", "flags=bicubic+accurate_rnd", matrix, *options])


def _squared(width: int, aspect: Fraction | None) -> int:
    return max(round(width * aspect), 1) if aspect and Fraction(1, 8) < aspect < 8 else width


def _turns(frame: VideoFrame) -> tuple[int, tuple[str, ...]]:
    """The clockwise turn of a display matrix, and the filters that FFmpeg's players make it by."""
    matrix = _display_matrix(frame)
    if matrix is None:
        return 0, ()
    rotation = round(-frame.rotation / 90) * 90 % 360
    if rotation == 90:
        return rotation, ("transpose=cclock_flip" if matrix[3] > 0 else "transpose=clock",)
    if rotation == 270:
        return rotation, ("transpose=clock_flip" if matrix[3] < 0 else "transpose=cclock",)
    flips = (("hflip", matrix[0] < 0), ("vflip", matrix[4] < 0))
    return rotation, tuple(name for name, wanted in flips if wanted)


def _display_matrix(frame: VideoFrame) -> memoryview | None:
    data = frame.side_data.get("DISPLAYMATRIX")
    return memoryview(bytes(data)).cast("i") if isinstance(data, SideData) else None
