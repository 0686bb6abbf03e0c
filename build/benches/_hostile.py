"""Hostile files: good ones of every format, ways to damage them, and bombs.

Everything follows from the seed, so that a file that did harm can be made again from its number.
"""

import random
import struct
import warnings
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

_MOST_SAMPLE_BYTES = 400_000
_SPARED = ("audio/", "video/", "corrupt/")
_EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_SVG = """<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY e "text">]><svg xmlns="http://www.w3.org/2000/svg"
 xmlns:xlink="http://www.w3.org/1999/xlink" width="120" height="80" viewBox="0 0 120 80"><defs>
 <linearGradient id="g"><stop offset="0" stop-color="red"/><stop offset="1" stop-color="blue"/>
 </linearGradient><filter id="f"><feGaussianBlur stdDeviation="3"/></filter><g id="u"><circle cx="9"
 cy="9" r="9"/></g></defs><rect width="120" height="80" fill="url(#g)" filter="url(#f)"/><use
 xlink:href="#u" transform="scale(2)"/><path d="M0 0 L9 9 C1 2 3 4 5 6 A5 5 0 0 1 9 9Z"/><text y="40"
 font-size="12">&e;</text></svg>"""


def good_files(media: Path) -> dict[str, bytes]:
    """A small file of every format that is written here, and the small samples where there are any."""
    pillow_heif.register_heif_opener()
    from pillow_jxl import JpegXLImagePlugin  # noqa: F401 - registers itself

    made = {f"made.{number}.{name}": content for number, (name, content) in enumerate(_made())}
    samples = {
        str(path.relative_to(media)): path.read_bytes()
        for path in sorted(media.rglob("*"))
        if path.is_file()
        and path.suffix.lower() not in (".csv", ".md", ".xmp")
        and not str(path.relative_to(media)).startswith(_SPARED)
        and path.stat().st_size <= _MOST_SAMPLE_BYTES
    }
    return made | samples


def mutated(files: list[tuple[str, bytes]], number: int, seed: int) -> tuple[str, bytes]:
    """Return the name and content of the damaged file of that number."""
    dice = random.Random(seed * 1_000_003 + number)
    name, content = dice.choice(files)
    data = bytearray(content)
    for _ in range(dice.randint(1, 3)):
        way = dice.choice((_flip, _flip, _cut, _splice, _overwrite, _overwrite, _repeat, _size))
        data = way(data, dice, files) or bytearray(b"\0")
    return f"{number}-{name.rpartition('/')[2]}", bytes(data)


def _position(data: bytearray, dice: random.Random) -> int:
    """Headers decide more than pixels, so they are hit more often."""
    return dice.randrange(min(len(data), 512) if dice.random() < 0.6 else len(data))


def _flip(data: bytearray, dice: random.Random, files: object) -> bytearray:
    for _ in range(dice.choice((1, 2, 8, 64))):
        data[_position(data, dice)] ^= 1 << dice.randrange(8)
    return data


def _cut(data: bytearray, dice: random.Random, files: object) -> bytearray:
    return data[: _position(data, dice) + 1]


def _splice(data: bytearray, dice: random.Random, files: list[tuple[str, bytes]]) -> bytearray:
    other = dice.choice(files)[1]
    start = dice.randrange(len(other))
    at = _position(data, dice)
    return data[:at] + other[start : start + dice.randrange(1, 4096)] + data[at:]


def _overwrite(data: bytearray, dice: random.Random, files: object) -> bytearray:
    """Put the edges of number ranges where counts, sizes and offsets may be."""
    for _ in range(dice.choice((1, 1, 4))):
        width, order = dice.choice((1, 2, 4)), dice.choice(("little", "big"))
        at = _position(data, dice)
        value = dice.choice(_EDGES) & ((1 << 8 * width) - 1)
        data[at : at + width] = value.to_bytes(width, order)
    return data


def _repeat(data: bytearray, dice: random.Random, files: object) -> bytearray:
    at, length = _position(data, dice), dice.randrange(1, 300)
    return data[:at] + data[at : at + length] * dice.choice((2, 10, 100)) + data[at:]


def _size(data: bytearray, dice: random.Random, files: object) -> bytearray:
    """Say another width or height, where the format keeps it."""
    side = dice.choice((0, 1, 17, 3000, 14_000, 16_383, 65_535, 100_000, 2**31 - 1))
    places = {b"\x89PNG": (16, 20), b"GIF8": (6, 8), b"BM": (18, 22), b"8BPS": (14, 18)}
    for start, offsets in places.items():
        if data.startswith(start):
            is_gif, is_bmp = start == b"GIF8", start == b"BM"
            number = struct.pack(
                "<H" if is_gif else "<I" if is_bmp else ">I",
                side & (0xFFFF if is_gif else 0xFFFFFFFF),
            )
            at = dice.choice(offsets)
            data[at : at + len(number)] = number
            return _with_checksum(data) if start == b"\x89PNG" else data
    for marker, offset in (
        (b"\xff\xc0", 5),
        (b"\xff\xc2", 5),
        (b"ispe", 8),
        (b"ihdr", 4),
        (b"\xff\x51", 6),
    ):
        found = data.find(marker)
        if found >= 0:
            width = 2 if offset == 5 else 4
            at = found + offset + dice.choice((0, width))
            data[at : at + width] = (side & ((1 << 8 * width) - 1)).to_bytes(width, "big")
            return data
    return _overwrite(data, dice, files)


def _with_checksum(data: bytearray) -> bytearray:
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return data


def _picture(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    noise = np.random.default_rng(5).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).convert(mode)


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def _made() -> Iterator[tuple[str, bytes]]:
    photo = _picture((160, 120))
    frames = [_picture((160, 120), "L").point(lambda v, n=n: v * n // 4) for n in range(2, 5)]
    moving = {"save_all": True, "append_images": frames, "duration": 50}
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Maker", 6
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 1.5)})
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    told = {"exif": exif.tobytes(), "icc_profile": profile}
    for options in ({}, {"progressive": True}, told):
        yield "jpg", _saved(photo, "JPEG", **options)
    yield "jpg", _saved(photo.convert("CMYK"), "JPEG")
    for mode in ("RGB", "RGBA", "P", "L", "1"):
        yield "png", _saved(_picture((90, 60), mode), "PNG")
    yield "png", _saved(photo, "PNG", **told)
    yield "png", _saved(Image.fromarray(np.arange(4800, dtype=np.uint16).reshape(60, 80)), "PNG")
    yield "png", _saved(photo, "PNG", **moving)
    yield "gif", _saved(frames[0], "GIF", **moving)
    for options in ({}, {"lossless": True}, moving, told):
        yield "webp", _saved(photo, "WEBP", **options)
    for mode in ("RGB", "L", "P", "1"):
        yield "bmp", _saved(_picture((90, 60), mode), "BMP")
    for way in ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"):
        yield "tif", _saved(photo, "TIFF", compression=way)
    yield "tif", _saved(photo.convert("CMYK"), "TIFF", **told)
    yield "heic", _saved(photo, "HEIF", **told)
    yield "avif", _saved(photo, "AVIF", **told)
    yield "avif", _saved(photo, "AVIF", **moving)
    for mode in ("RGB", "RGBA", "L"):
        yield "jxl", _saved(_picture((120, 90), mode), "JXL")
    yield "jxl", _saved(photo, "JXL", use_container=True, exif=exif.tobytes())
    yield "jp2", _saved(photo, "JPEG2000")
    yield "j2k", _saved(photo, "JPEG2000", no_jp2=True)
    for mode in ("RGB", "RGBA", "L"):
        yield "psd", _document(_picture((60, 40), mode))
    yield "svg", _SVG.encode()


def _document(picture: Image.Image) -> bytes:
    from psd_tools import PSDImage

    buffer = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        PSDImage.frompil(picture).save(buffer)
    return buffer.getvalue()


def bombs() -> Iterator[tuple[str, bytes]]:
    """Small files that ask for far more than they are."""
    side = 100_000
    png = b"\x89PNG\r\n\x1a\n"
    flat = zlib.compress(bytes(1 << 28), 9)
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0))
    small = _chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0))
    end = _chunk(b"IDAT", zlib.compress(bytes(64 * 193))) + _chunk(b"IEND", b"")
    yield "header.png", png + header + _chunk(b"IDAT", zlib.compress(bytes(9999))) + end
    yield "text.png", png + small + _chunk(b"zTXt", b"Comment\0\0" + flat) * 4 + end
    yield "profile.png", png + small + _chunk(b"iCCP", b"icc\0\0" + flat) + end
    yield "exif.png", png + small + _chunk(b"zTXt", b"Raw profile type exif\0\0" + flat) + end
    yield "pixels.png", png + small + _chunk(b"IDAT", flat) + _chunk(b"IEND", b"")
    yield (
        "header.jpg",
        b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03\x01\x11\0\x02\x11\0\x03\x11\0"
        + bytes(999),
    )
    yield (
        "header.gif",
        b"GIF89a"
        + struct.pack("<HHBBB", 65535, 65535, 0xF0, 0, 0)
        + bytes(6)
        + b","
        + bytes(4)
        + struct.pack("<HHB", 65535, 65535, 0)
        + b"\x02\x02L\x01\0;",
    )
    moving = _saved(_picture((16, 16), "L"), "GIF")[:-1]
    frame = moving[moving.index(b",", 13 + 3 * 256) :]
    yield "endless.gif", moving + frame * (16_000_000 // len(frame))
    yield "comments.gif", moving[: 13 + 3 * 256] + b"!\xfe" + (b"\xff" + b"x" * 255) * 80_000
    yield (
        "header.bmp",
        b"BM"
        + struct.pack("<IIIIiiHHIIIIII", 0, 0, 54, 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
        + bytes(999),
    )
    yield "header.psd", b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 30_000, 30_000, 8, 3) + bytes(4096)
    yield "header.tif", _tiff(side, 1, b"\0")
    yield "zip.tif", _tiff(64, 8, flat)
    yield "header.jp2", _jp2(side)
    yield "header.j2k", _jp2(side)[85:]
    yield "header.jxl", b"\xff\x0a" + _jxl_size(side).to_bytes(10, "little") + bytes(999)
    yield (
        "header.webp",
        b"RIFF"
        + struct.pack("<I", 30)
        + b"WEBPVP8X"
        + struct.pack("<II", 10, 0)
        + (16_777_215).to_bytes(3, "little") * 2
        + bytes(99),
    )
    yield "header.heic", _claiming("HEIF", side)
    yield "header.avif", _claiming("AVIF", side)
    entities = "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    yield (
        "entities.svg",
        f'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">{entities}]><svg xmlns="http://www.w3.org/2000/svg"><text>&i;</text></svg>'.encode(),
    )
    uses = "".join(f'<g id="g{n}">{f"""<use href="#g{n - 1}"/>""" * 10}</g>' for n in range(1, 7))
    yield (
        "uses.svg",
        f'<svg xmlns="http://www.w3.org/2000/svg"><g id="g0"><path d="M0 0h9v9z"/></g>{uses}<use href="#g6"/></svg>'.encode(),
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def _tiff(side: int, compression: int, strip: bytes) -> bytes:
    tags = [
        (256, 4, side),
        (257, 4, side),
        (258, 3, 8),
        (259, 3, compression),
        (262, 3, 1),
        (273, 4, 200),
        (277, 3, 1),
        (278, 4, side),
        (279, 4, len(strip)),
    ]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return (b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4)).ljust(
        200, b"\0"
    ) + strip


def _jp2(side: int) -> bytes:
    content = bytearray(_saved(_picture((64, 64)), "JPEG2000"))
    header, size = content.index(b"ihdr") + 4, content.index(b"\xff\x51") + 6
    content[header : header + 8] = struct.pack(">II", side, side)
    content[size : size + 8] = struct.pack(">II", side, side)
    return bytes(content)


def _jxl_size(side: int) -> int:
    # Not small; the height in 18 bits; no ratio; the width in 18 bits.
    return 0b100 | (side - 1) << 3 | 0b10 << 24 | (side - 1) << 26


def _claiming(kind: str, side: int) -> bytes:
    content = bytearray(_saved(_picture((64, 64)), kind))
    at = content.index(b"ispe") + 8
    content[at : at + 8] = struct.pack(">II", side, side)
    return bytes(content)
