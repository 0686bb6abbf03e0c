import imagehash
import numpy as np
import pytest
from PIL import ExifTags, Image
from thash import thumb_hash_to_average_rgba, thumb_hash_to_rgba

from lumilio.media.fingerprints import perceptual_hash_of, thumbhash_of


def distance(a: int, b: int) -> int:
    return (a ^ b).bit_count()


def test_first_bit_is_bit_63(photo: Image.Image) -> None:
    bits = imagehash.phash(photo, hash_size=8, highfreq_factor=8).hash.flatten()
    value = perceptual_hash_of(photo)
    assert 0 <= value < 2**64
    assert [bool(value >> (63 - index) & 1) for index in range(64)] == bits.tolist()


def test_hash_follows_the_published_recipe(photo: Image.Image) -> None:
    grey = np.asarray(photo.convert("L").resize((64, 64), Image.Resampling.LANCZOS), float)
    wave = np.cos(np.pi * np.outer(np.arange(8), 2 * np.arange(64) + 1) / 128)
    low = wave @ grey @ wave.T
    wanted = "".join("1" if value > np.median(low) else "0" for value in low.flat)
    assert distance(perceptual_hash_of(photo), int(wanted, 2)) <= 1


def test_small_changes_move_few_bits_and_other_pictures_many(photo: Image.Image) -> None:
    value = perceptual_hash_of(photo)
    assert distance(value, perceptual_hash_of(photo.reduce(7))) <= 4
    assert distance(value, perceptual_hash_of(photo.point(lambda level: level * 0.8))) <= 4
    assert distance(value, perceptual_hash_of(photo.transpose(Image.Transpose.ROTATE_90))) > 12


def test_transparent_pixels_count_as_white(corners: Image.Image) -> None:
    hidden = corners.convert("RGBA")
    hidden.paste((0, 0, 0, 0), (0, 0, 48, 64))
    shown = corners.copy()
    shown.paste("white", (0, 0, 48, 64))
    assert perceptual_hash_of(hidden) == perceptual_hash_of(shown)


@pytest.mark.parametrize("size", [(2400, 1600), (30, 90), (1, 1), (4000, 3)])
def test_thumbhash_decodes(photo: Image.Image, size: tuple[int, int]) -> None:
    value = thumbhash_of(photo.resize(size))
    assert 5 <= len(value) <= 40
    width, height, pixels = thumb_hash_to_rgba(value)
    assert len(pixels) == width * height * 4


def test_thumbhash_shows_the_picture_as_it_lies(photo: Image.Image) -> None:
    """Pictures keep what their file said of them when they are turned upright."""
    wanted = thumbhash_of(photo)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    photo.info["exif"] = exif.tobytes()
    assert thumbhash_of(photo) == wanted


def test_thumbhash_keeps_colour_and_alpha() -> None:
    red, green, blue, alpha = thumb_hash_to_average_rgba(
        thumbhash_of(Image.new("RGB", (50, 50), (200, 40, 40)))
    )
    assert red > 0.7 > 0.3 > max(green, blue)
    assert alpha == 1
    half = Image.new("RGBA", (50, 50), (200, 40, 40, 0))
    half.paste((200, 40, 40, 255), (0, 0, 25, 50))
    assert 0.3 < thumb_hash_to_average_rgba(thumbhash_of(half))[3] < 0.7
