"""HDR pictures in SDR: the way FFmpeg maps brightness and colours, kept as a table.

FFmpeg works this mapping out for seconds whenever a graph is built. A single picture gets it from
a table that is worked out once for each curve and process.
"""

from fractions import Fraction
from functools import lru_cache

import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from PIL import Image, ImageFilter

SDR = "out_transfer=bt709:out_primaries=bt709:out_color_matrix=bt709:intent=perceptual"
# FFmpeg's numbers of the transfer curves PQ and HLG.
_CURVES = {16: "smpte2084", 18: "arib-std-b67"}
_GRID = 33


def is_hdr(curve: int) -> bool:
    """Whether brightness follows one of the HDR curves."""
    return curve in _CURVES


def toned(picture: Image.Image, curve: int) -> Image.Image:
    """Return a BT.2020 picture in an HDR curve as sRGB."""
    return picture.filter(_table(_CURVES[curve]))


@lru_cache(maxsize=2)
def _table(curve: str) -> ImageFilter.Color3DLUT:
    steps = np.linspace(0, 65535, _GRID).round().astype(np.uint16)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    grid = np.stack([red, green, blue], axis=-1).reshape(_GRID, _GRID * _GRID, 3)
    frame = VideoFrame.from_ndarray(np.ascontiguousarray(grid), format="rgb48le")
    frame.pts, frame.time_base = 0, Fraction(1, 1000)
    mapped = _mapped(frame, curve).to_ndarray().reshape(-1, 3)
    return ImageFilter.Color3DLUT(_GRID, (mapped / 255.0).ravel().tolist())


def _mapped(frame: VideoFrame, curve: str) -> VideoFrame:
    graph = Graph()
    source = graph.add_buffer(template=None, width=frame.width, height=frame.height,
                              format=frame.format, time_base=frame.time_base)  # fmt: skip
    scale = graph.add("scale", f"in_transfer={curve}:in_primaries=bt2020:{SDR}")
    form, sink = graph.add("format", "rgb24"), graph.add("buffersink")
    graph.link_nodes(source, scale, form, sink).configure()
    graph.push(frame)
    done = graph.pull()
    assert isinstance(done, VideoFrame)
    return done
