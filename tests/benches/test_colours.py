"""The short form of the `colours` and `raw` benches, and the measures they stand on."""

from pathlib import Path

import colours
import numpy as np
import pytest
import raw
from _colour_difference import ciede2000, lab_difference
from PIL import Image

# From the test data of Sharma, Wu and Dalal (2005): two colours and their difference.
PAIRS = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
]


@pytest.mark.parametrize(("one", "other", "wanted"), PAIRS)
def test_the_difference_of_colours_is_the_one_of_the_paper(
    one: tuple[float, ...], other: tuple[float, ...], wanted: float
) -> None:
    assert lab_difference(np.array(one), np.array(other)) == pytest.approx(wanted, abs=1e-4)
    assert lab_difference(np.array(other), np.array(one)) == pytest.approx(wanted, abs=1e-4)


def test_equal_pictures_do_not_differ_and_wrong_colours_do() -> None:
    grey = np.full((4, 4, 3), 128.0)
    assert ciede2000(grey, grey).max() == 0
    assert ciede2000(grey, grey + np.array([12, 0, -12])).min() > 4


def test_a_photo_agrees_with_libvips_and_a_turned_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photo,) = colours.camera_photos(tmp_path, 1, size=(900, 600), seed=2)
    found = colours.compare(photo, "a.jpg")
    assert isinstance(found, colours.Comparison)
    assert found.reference == "libvips"
    assert found.mean < 1
    turned = Image.new("RGB", (300, 600))
    monkeypatch.setattr(colours, "_by_vips", lambda path: ("libvips", turned))
    assert "is not (300, 600)" in str(colours.compare(photo, "a.jpg"))


def test_hdr_comes_back_as_it_was(tmp_path: Path) -> None:
    found = {one.name: one.mean for one in colours.hdr(tmp_path)}
    assert len(found) == 4
    assert max(found.values()) < 1
    for curve in ("PQ", "HLG"):
        assert found[f"BT.2020 {curve}, 16-bit PNG"] < found[f"BT.2020 {curve}, 8-bit PNG"]


def test_a_raw_file_with_a_preview_goes_both_ways(tmp_path: Path) -> None:
    (photo,) = raw.camera_photos(tmp_path, 1, size=(1600, 1200), seed=2)
    file = photo.with_suffix(".dng")
    file.write_bytes(raw.dng(photo.read_bytes(), (1600, 1200)))
    pictures = []
    for number, side in enumerate((raw.bare, raw.ours, raw.whole)):
        folder = tmp_path / str(number)
        for size in raw.LONGEST_SIDES:
            (folder / size).mkdir(parents=True)
        side(file, folder)
        (found,) = folder.rglob("*_large.webp")
        with Image.open(found) as image:
            pictures.append(np.asarray(image.convert("RGB").reduce(8), np.float64))
    assert pictures[0].shape == pictures[1].shape
    assert ciede2000(pictures[0], pictures[1]).mean() < 1.5
    assert (pictures[1] == pictures[2]).all()
