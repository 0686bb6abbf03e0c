"""More than 8 bits, as HDR and in wide profiles: a smooth ramp stays one."""

import os
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
from lumilio.media.deep_colours import deep_picture
from lumilio.media.export import export_photo
from lumilio.media.export_options import ExportOptions
from lumilio.media.pictures import opened, opened_picture

from .looks import matrix_profile
from .test_code_points import linear, pq

WIDTH, HEIGHT = 1024, 64
BT_2020, PQ, FULL_RANGE = 9, 16, 2
PRO_PHOTO = matrix_profile(
    [[0.7977, 0.2880, 0.0], [0.1352, 0.7119, 0.0], [0.0313, 0.0001, 0.8249]], gamma=1.8
)
# From black to the white of paper, as sRGB shows it.
WANTED = np.linspace(0, 255, WIDTH)


def ramp() -> np.ndarray:
    levels = np.rint(pq(linear(WANTED) * 203) * 65535).astype(np.uint16)
    return np.ascontiguousarray(np.broadcast_to(levels[None, :, None], (HEIGHT, WIDTH, 3)))


def png_16(pixels: np.ndarray, colour_type: int = 2, profile: bytes = b"") -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + crc

    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 16, colour_type, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    colours = (
        chunk(b"iCCP", b"x\0\0" + zlib.compress(profile))
        if profile
        else chunk(b"cICP", bytes([BT_2020, PQ, 0, 1]))
    )
    parts = [chunk(b"IHDR", head), colours]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [*parts, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    )


def tiff_16(
    pixels: np.ndarray, *, profile: bytes = b"", alpha: int | None = None, orientation: int = 1
) -> bytes:
    """A little-endian TIFF in one strip; `alpha` is its kind of extra sample."""
    height, width, samples = pixels.shape
    data = pixels.astype("<u2").tobytes()
    shorts = {256: width, 257: height, 259: 1, 262: 2, 274: orientation, 277: samples, 278: height}
    if alpha is not None:
        shorts[338] = alpha
    count = len(shorts) + 3 + bool(profile)
    behind = 8 + 2 + 12 * count + 4
    start = behind + 2 * samples + len(profile)
    entries = [struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in shorts.items()]
    entries.append(struct.pack("<HHII", 258, 3, samples, behind))
    entries.append(struct.pack("<HHII", 273, 4, 1, start))
    entries.append(struct.pack("<HHII", 279, 4, 1, len(data)))
    if profile:
        entries.append(struct.pack("<HHII", 34675, 7, len(profile), behind + 2 * samples))
    entries.sort(key=lambda entry: int.from_bytes(entry[:2], "little"))
    head = b"II*\0" + struct.pack("<IH", 8, count) + b"".join(entries) + bytes(4)
    return head + struct.pack(f"<{samples}H", *[16] * samples) + profile + data


def heic_10(pixels: np.ndarray) -> bytes:
    image = pillow_heif.from_bytes("RGB;16", (WIDTH, HEIGHT), pixels.tobytes())
    buffer = BytesIO()
    image.save(
        buffer, quality=-1, chroma=444, color_primaries=BT_2020, transfer_characteristics=PQ,
        matrix_coefficients=0, full_range_flag=1, save_nclx_profile=True,
    )  # fmt: skip
    return buffer.getvalue()


def avif_10(pixels: np.ndarray) -> bytes:
    try:
        return _encoded_avif_10(pixels)
    finally:
        # SVT-AV1 lets the whole process of a superuser go before all others, and its children too.
        if hasattr(os, "sched_setscheduler"):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _encoded_avif_10(pixels: np.ndarray) -> bytes:
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
            assert deep_picture(image, 100) is None
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


def plain_ramp() -> np.ndarray:
    levels = np.linspace(0, 65535, WIDTH).round().astype(np.uint16)
    return np.ascontiguousarray(np.broadcast_to(levels[None, :, None], (HEIGHT, WIDTH, 3)))


@pytest.mark.parametrize(
    "content", [png_16(plain_ramp(), profile=PRO_PHOTO), tiff_16(plain_ramp(), profile=PRO_PHOTO)]
)
def test_a_wide_profile_pulls_no_levels_apart(
    tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(content)
    with opened_picture(tmp_path / "a") as picture:
        deep = _row(picture.render(4000))
    assert len(set(deep.tolist())) == 256
    monkeypatch.setattr(deep_colours, "_MOST_PIXELS", 0)
    with opened_picture(tmp_path / "a") as picture:
        shallow = _row(picture.render(4000))
    assert len(set(shallow.tolist())) < 240
    assert abs(deep - shallow).max() <= 2


def test_an_export_keeps_a_wide_profile(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_16(plain_ramp(), profile=PRO_PHOTO))
    export_photo(tmp_path / "a.png", tmp_path / "out.png", ExportOptions(format="png"))
    with Image.open(tmp_path / "out.png") as image:
        assert image.info["icc_profile"] == PRO_PHOTO
        assert abs(_row(image) - np.linspace(0, 255, WIDTH)).max() <= 1


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_deep_tiff_comes_upright(tmp_path: Path, orientation: int) -> None:
    content = tiff_16(plain_ramp(), profile=PRO_PHOTO, orientation=orientation)
    (tmp_path / "a.tif").write_bytes(content)
    with opened_picture(tmp_path / "a.tif") as picture:
        image = picture.render(4000).convert("L")
    if orientation == 6:
        image = image.transpose(Image.Transpose.ROTATE_90)
    else:
        image = image.transpose(Image.Transpose.ROTATE_180)
    assert image.size == (WIDTH, HEIGHT)
    assert image.getpixel((1, 1)) < 5
    assert image.getpixel((WIDTH - 2, 1)) > 250


def test_half_a_tiff_is_no_picture(tmp_path: Path) -> None:
    content = tiff_16(plain_ramp(), profile=PRO_PHOTO)
    (tmp_path / "a.tif").write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(CannotDecode), opened_picture(tmp_path / "a.tif") as picture:
        picture.render(4000)


@pytest.mark.parametrize(("alpha", "factor"), [(2, 1), (1, 2)], ids=["plain", "premultiplied"])
def test_transparency_of_16_bits_stays(tmp_path: Path, alpha: int, factor: int) -> None:
    colour = np.array([40_000 // factor, 20_000 // factor, 10_000 // factor, 32_768], np.uint16)
    pixels = np.ascontiguousarray(np.broadcast_to(colour, (40, 60, 4)))
    (tmp_path / "a.tif").write_bytes(tiff_16(pixels, alpha=alpha))
    with opened_picture(tmp_path / "a.tif") as picture:
        found = picture.render(100).getpixel((30, 20))
    assert found == pytest.approx((156, 78, 39, 128), abs=2)
