"""Pictures that the benches make: photo-like ones of a camera's size, and small ones of all kinds.

Everything follows from the seed, so that two runs work on the same bytes.
"""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageOps

CAMERA_SIZE = (4000, 3000)
_MARGIN = 1.1
_BASES = 3
_SHAPES = 60
_DETAIL = ((3, 60.0), (12, 45.0), (48, 28.0), (200, 14.0), (800, 7.0))
_TURNED = (1, 1, 1, 6, 3)
# Names that a careless program trips over.
_NAMES = (
    "small {}",
    "-rf {}",
    "Ünï cödé 🌄 {}",
    "$(touch x) & 'y'; {}",
    "up..%2F..%2F {}",
    "con.{}",
)
_KINDS = ("jpg", "png", "webp", "tiff", "jpg", "gif", "bmp", "heic", "avif", "jpg")


def camera_photos(
    folder: Path, count: int, *, size: tuple[int, int] = CAMERA_SIZE, seed: int = 1
) -> list[Path]:
    """Write JPEGs as a camera would, with EXIF; those that are already there are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"IMG_{seed:02}{number:04}.jpg" for number in range(count)]
    missing = [(number, file) for number, file in enumerate(files) if not file.exists()]
    if missing:
        width, height = (int(side * _MARGIN) for side in size)
        bases = [_scene((width, height), seed * 100 + base) for base in range(_BASES)]
        grain = _grain((width, height), seed)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda one: _shoot(*one, bases, grain, size, seed), missing))
    return files


def small_files(
    folder: Path, count: int, *, corrupt: int, seed: int
) -> tuple[list[Path], set[Path]]:
    """Write small pictures of many kinds, some of them corrupt; returns all, and the corrupt ones."""
    folder.mkdir(parents=True, exist_ok=True)
    dice = random.Random(seed)
    files = [_small(folder, number, dice) for number in range(count - corrupt)]
    bad = [
        _broken(folder, number, content) for number, content in enumerate(_damage(corrupt, dice))
    ]
    both = files + bad
    dice.shuffle(both)
    return both, set(bad)


def mixed_files(
    folder: Path, count: int, *, corrupt: int, repeated: int, seed: int
) -> tuple[list[Path], set[Path]]:
    """As `small_files`, with some contents that come again under another name, in one place more."""
    files, bad = small_files(folder, count - repeated, corrupt=corrupt, seed=seed)
    dice = random.Random(seed)
    for number, source in enumerate(dice.sample(files, repeated)):
        again = folder / f"again {number:04}{source.suffix}"
        again.write_bytes(source.read_bytes())
        files.append(again)
        bad |= {again} if source in bad else set()
    dice.shuffle(files)
    return files, bad


def _scene(size: tuple[int, int], seed: int) -> Image.Image:
    """Noise in octaves has the spectrum of a landscape; colour varies slowly; shapes give edges."""
    noise = np.random.default_rng(seed)
    light = np.full((size[1], size[0]), 118.0, dtype=np.float32)
    for columns, amplitude in _DETAIL:
        light += amplitude * _octave(noise, columns, size)
    channels = [light + 30 * _octave(noise, 6, size) for _ in range(3)]
    pixels = np.clip(np.stack(channels, axis=-1), 0, 255).astype(np.uint8)
    return _with_edges(Image.fromarray(pixels), random.Random(seed))


def _with_edges(scene: Image.Image, dice: random.Random) -> Image.Image:
    flat, mask = scene.copy(), Image.new("L", scene.size)
    shapes, veil = ImageDraw.Draw(flat), ImageDraw.Draw(mask)
    for _ in range(_SHAPES):
        x, y = dice.randrange(scene.width), dice.randrange(scene.height)
        corners = [(x + dice.randint(-400, 400), y + dice.randint(-400, 400)) for _ in range(4)]
        shapes.polygon(corners, fill=tuple(dice.randbytes(3)))
        veil.polygon(corners, fill=110)
    return Image.composite(flat, scene, mask)


def _octave(noise: np.random.Generator, columns: int, size: tuple[int, int]) -> np.ndarray:
    rows = max(2, columns * size[1] // size[0])
    small = Image.fromarray(noise.uniform(-1, 1, (rows, columns)).astype(np.float32))
    return np.asarray(small.resize(size, Image.Resampling.BICUBIC))


def _grain(size: tuple[int, int], seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).normal(128, 5.5, (size[1], size[0], 1))
    return Image.fromarray(np.repeat(np.clip(noise, 0, 255).astype(np.uint8), 3, axis=2))


def _shoot(
    number: int,
    file: Path,
    bases: list[Image.Image],
    grain: Image.Image,
    size: tuple[int, int],
    seed: int,
) -> None:
    dice = random.Random(seed * 1_000_003 + number)
    picture = _cut(dice.choice(bases), size, dice)
    if dice.random() < 0.5:
        picture = ImageOps.mirror(picture)
    gamma = dice.uniform(0.8, 1.25)
    picture = picture.point([round(255 * (level / 255) ** gamma) for level in range(256)] * 3)
    picture = ImageChops.add(picture, _cut(grain, size, dice), offset=-128)
    part = file.with_suffix(".part")
    picture.save(part, "JPEG", quality=90, exif=_exif(number, dice))
    part.rename(file)


def _cut(picture: Image.Image, size: tuple[int, int], dice: random.Random) -> Image.Image:
    left, top = (
        dice.randint(0, have - want) for have, want in zip(picture.size, size, strict=True)
    )
    return picture.crop((left, top, left + size[0], top + size[1]))


def _exif(number: int, dice: random.Random) -> Image.Exif:
    exif = Image.Exif()
    taken = f"2024:{1 + number % 12:02}:{1 + number % 28:02} {number % 24:02}:{number % 60:02}:07"
    exif[0x010F], exif[0x0110] = "Bench", "Bench Camera 12"
    exif[0x0112], exif[0x0132] = dice.choice(_TURNED), taken
    exif.get_ifd(0x8769).update(
        {0x9003: taken, 0x9011: "+02:00", 0x829A: (1, 125), 0x829D: (28, 10), 0x8827: 200}
    )
    exif.get_ifd(0x8825).update(
        {1: "N", 2: (52.0, 30.0, number % 60 + 0.5), 3: "E", 4: (13.0, 24.0, 1.25)}
    )
    return exif


def _small(folder: Path, number: int, dice: random.Random) -> Path:
    kind = _KINDS[number % len(_KINDS)]
    file = folder / f"{_NAMES[number % len(_NAMES)].format(f'{number:04}')}.{kind}"
    _write_small(file, kind, dice)
    return file


def _write_small(file: Path | BytesIO, kind: str, dice: random.Random) -> None:
    # Some are large, so that a kill finds decoders and half-written thumbnails at work.
    scale = 3 if kind == "jpg" and dice.random() < 0.3 else 1
    width, height = scale * dice.randint(200, 1600), scale * dice.randint(200, 1200)
    noise = np.random.default_rng(dice.getrandbits(63))
    coarse = noise.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    if kind == "heic":
        import pillow_heif

        pillow_heif.register_heif_opener()
    names = {"jpg": "JPEG", "heic": "HEIF", "tiff": "TIFF"}
    picture.save(file, names.get(kind, kind.upper()))


def _damage(count: int, dice: random.Random) -> Iterator[tuple[str, bytes]]:
    """Kinds of damage in turn, no two contents alike."""
    for number in range(count):
        buffer = BytesIO()
        _write_small(buffer, ("jpg", "png")[number % 2], dice)
        whole = buffer.getvalue()
        yield (
            ("jpg", whole[: len(whole) // 2]),
            ("png", whole[: len(whole) // 3]),
            ("jpg", b"not a picture at all, number " + str(number).encode()),
            ("png", whole[:64] + dice.randbytes(len(whole) - 64)),
        )[number % 4]


def _broken(folder: Path, number: int, damaged: tuple[str, bytes]) -> Path:
    kind, content = damaged
    file = folder / f"broken {number:04}.{kind}"
    file.write_bytes(content)
    return file
