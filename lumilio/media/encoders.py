"""H.264 encoders: the graphics card's where it is present and works, else x264."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from functools import lru_cache

import numpy as np
from av.codec import Codec
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from msgspec import Struct

_QUALITY = 23
_TRIAL_SIDE = 256


class Encoder(Struct, frozen=True):
    """One of FFmpeg's encoders and how to ask it for the quality of x264's CRF 23."""

    name: str
    options: Mapping[str, str] = {}
    pixels: str = "yuv420p"
    is_hardware: bool = True


# "fast" takes half the time of x264's default for files that are a few per cent larger.
SOFTWARE = Encoder("libx264", {"preset": "fast", "crf": f"{_QUALITY}"}, is_hardware=False)
_HARDWARE = (
    Encoder("h264_videotoolbox", {"allow_sw": "0", "profile": "high"}),
    Encoder("h264_nvenc", {"preset": "p4", "rc": "constqp", "qp": f"{_QUALITY}"}),
    Encoder("h264_qsv", {"preset": "medium", "global_quality": f"{_QUALITY}"}, "nv12"),
    Encoder("h264_amf", {"rc": "cqp", "qp_i": f"{_QUALITY}", "qp_p": f"{_QUALITY}"}),
)


def encoders() -> Iterator[Encoder]:
    """The encoders to try, best first; x264 is always the last."""
    hardware = working_hardware()
    if hardware is not None:
        yield hardware
    yield SOFTWARE


@lru_cache(maxsize=1)
def working_hardware() -> Encoder | None:
    """The first hardware encoder that really encodes; most are compiled in and find no device."""
    return next((encoder for encoder in _HARDWARE if _works(encoder)), None)


def rate_limit(encoder: Encoder, width: int, height: int) -> Mapping[str, str]:
    """Options that keep a web copy from needing more than a network carries."""
    kilobits = max(width * height // 300, 2000)
    if encoder.name == "h264_videotoolbox":
        # Apple's encoder knows no constant quality on every machine.
        return {"b": f"{kilobits // 2}k"}
    if encoder.is_hardware:
        return {}
    return {"maxrate": f"{kilobits}k", "bufsize": f"{2 * kilobits}k"}


def _works(encoder: Encoder) -> bool:
    with suppress(Exception):  # absent libraries, drivers and devices show in many ways
        context = Codec(encoder.name, "w").create()
        assert isinstance(context, VideoCodecContext)
        context.width = context.height = _TRIAL_SIDE
        context.pix_fmt = encoder.pixels
        context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
        context.options = {**encoder.options, **rate_limit(encoder, _TRIAL_SIDE, _TRIAL_SIDE)}
        pixels = np.zeros((_TRIAL_SIDE * 3 // 2, _TRIAL_SIDE), np.uint8)
        packets = []
        for number in range(5):
            frame = VideoFrame.from_ndarray(pixels, format="yuv420p").reformat(
                format=encoder.pixels
            )
            frame.pts, frame.time_base = number, context.time_base
            packets += context.encode(frame)
        packets += context.encode(None)
        return bool(packets)
    return False
