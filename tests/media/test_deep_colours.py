"""HDR of 10 and 16 bits: a smooth ramp of light stays one."""

import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from lumilio.errors import CannotDecode
from lumilio.media import deep_colours
from lumilio.media.deep_colours import deep_pixels
from lumilio.media.export import export_photo
from lumilio.media.export_options import ExportOptions
from lumilio.media.pictures import opened, opened_picture

from .test_code_points import linear, pq

WIDTH, HEIGHT = 1024, 64
BT_2020, PQ, FULL_RANGE = 9, 16, 2
# From black to the white of paper, as sRGB shows it.
WANTED = np.linspace(0, 255, WIDTH)


def ramp() -> np.ndarray:
    levels = np.rint(pq(linear(WANTED) * 203) * 65535).astype(np.uint16)
    return np.ascontiguousarray(np.broadcast_to(levels[None, :, None], (HEIGHT, WIDTH, 3)))


def png_16(pixels: np.ndarray, colour_type: int = 2) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + crc

    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 16, colour_type, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    parts = [chunk(b"IHDR", head), chunk(b"cICP", bytes([BT_2020, PQ, 0, 1]))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [*parts, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    )


def heic_10(pixels: np.ndarray) -> bytes:
    image = pillow_heif.from_bytes("RGB;16", (WIDTH, HEIGHT), pixels.tobytes())
    buffer = BytesIO()
    image.save(
        buffer, quality=-1, chroma=444, color_primaries=BT_2020, transfer_characteristics=PQ,
        matrix_coefficients=0, full_range_flag=1, save_nclx_profile=True,
    )  # fmt: skip
    return buffer.getvalue()


def avif_10(pixels: np.ndarray) -> bytes:
    buffer = BytesIO()
    with av.open(buffer, "w", format="avif") as container:
        stream = container.add_stream("libsvtav1", rate=1, options={"crf": "1", "preset": "8"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc = BT_2020, PQ
        context.colorspace, context.color_range = BT_2020, FULL_RANGE
        frame = av.VideoFrame.from_ndarray(pixels, "rgb48le")
        frame = frame.reformat(
            format="yuv420p10le", dst_colorspace=BT_2020, dst_color_range=FULL_RANGE
        )
        frame.pts, frame.time_base = 0, Fraction(1, 1)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


WRITERS = {"a.png": png_16, "a.heic": heic_10, "a.avif": avif_10}


@pytest.fixture(scope="module", params=WRITERS)
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("deep") / request.param
    path.write_bytes(WRITERS[request.param](ramp()))
    return path


def _row(image: Image.Image) -> np.ndarray:
    return np.asarray(image, int)[image.height // 2, :, 1]


def test_a_ramp_has_every_level_and_no_bands(file: Path) -> None:
    with opened_picture(file) as picture:
        row = _row(picture.render(4000))
    assert len(set(row.tolist())) >= 250
    assert abs(np.diff(row)).max() <= 2
    # The encoder of AVIF is not lossless.
    assert abs(row - WANTED).mean() < (2 if file.suffix == ".avif" else 0.5)


def test_an_export_has_them_too(file: Path, tmp_path: Path) -> None:
    export_photo(file, tmp_path / "out.png", ExportOptions(format="png"))
    with Image.open(tmp_path / "out.png") as image:
        assert len(set(_row(image).tolist())) >= 250
        assert "icc_profile" not in image.info


def test_eight_bits_would_show_bands(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too large is read by Pillow, which looks the same but for them."""
    monkeypatch.setattr(deep_colours, "_MOST_PIXELS", 0)
    with opened_picture(file) as picture:
        row = _row(picture.render(4000))
    assert len(set(row.tolist())) < 150
    assert abs(row - WANTED).max() < 14


def test_a_small_picture_is_the_whole_one_shrunk(file: Path) -> None:
    with opened_picture(file) as picture:
        small = picture.render(256)
    assert small.size == (256, 16)
    assert abs(_row(small) - WANTED.reshape(256, 4).mean(axis=1)).max() < 6


@pytest.mark.parametrize("part", [0.3, 0.8, 0.99])
def test_what_is_cut_off_is_no_picture(tmp_path: Path, part: float) -> None:
    noise = np.random.default_rng(1).integers(0, 65536, (40, 60, 3), np.uint16)
    content = png_16(noise)
    (tmp_path / "a.png").write_bytes(content[: int(len(content) * part)])
    with pytest.raises(CannotDecode), opened_picture(tmp_path / "a.png") as picture:
        picture.render(4000)


def test_transparency_and_few_bits_are_left_to_pillow(tmp_path: Path, corners: Image.Image) -> None:
    clear = np.full((40, 60, 4), 30_000, np.uint16)
    (tmp_path / "clear.png").write_bytes(png_16(clear, 6))
    corners.save(tmp_path / "plain.png")
    for name in ("clear.png", "plain.png"):
        with opened(tmp_path / name) as image:
            assert deep_pixels(image, 100) is None
            image.load()
    with opened_picture(tmp_path / "clear.png") as picture:
        assert picture.render(100).getchannel("A").getextrema() == (117, 117)


@pytest.mark.parametrize("orientation", [6, 2])
def test_a_deep_picture_comes_upright(
    tmp_path: Path, exif: Callable[..., bytes], orientation: int
) -> None:
    content = png_16(ramp())
    block = exif({0x0112: orientation})[6:]
    chunk = b"eXIf" + block
    crc = struct.pack(">I", zlib.crc32(chunk))
    whole = content[:33] + struct.pack(">I", len(block)) + chunk + crc + content[33:]
    (tmp_path / "a.png").write_bytes(whole)
    with opened_picture(tmp_path / "a.png") as picture:
        image = picture.render(4000)
    assert image.size == (picture.width, picture.height)
    assert image.size == ((HEIGHT, WIDTH) if orientation == 6 else (WIDTH, HEIGHT))
    row = np.asarray(image.transpose(Image.Transpose.ROTATE_90) if orientation == 6 else image)
    # Dark comes last where the ramp is mirrored, and on top, so last again after the way back.
    dark, bright = (-1, 0) if orientation == 2 else (0, -1)
    assert row[HEIGHT // 2, dark, 1] < 5
    assert row[HEIGHT // 2, bright, 1] > 250
