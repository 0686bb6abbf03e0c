"""The short form of the `media` proof: a dozen samples, and the comparison itself."""

from pathlib import Path
from typing import Any

import media
import pytest
from _facts_check import Agreement, compared

SAMPLES = (
    "animals-plants/Canon_40D.jpg",
    "corrupt/truncated.jpg",
    "corrupt/text-named-jpg.jpg",
    "corrupt/wrong-extension-webp.jpg",
)
THEMES = ("gps", "heic", "orientation", "raw", "avif-webp-png-gif-tiff-jxl", "live-photo")
TRUTH = {
    "mime": "image/jpeg",
    "rotation": "",
    "datetime_original": "2015:06:12 10:29:26",
    "offset": "+02:00",
    "width": "40",
    "height": "30",
    "orientation": "6",
    "gps_lat": "37.87",
    "gps_lon": "-122.25",
    "model": "Canon EOS 600D",
    "lens": "",
}
ASSET: dict[str, Any] = {
    "width": 30,
    "height": 40,
    "specific_metadata": {
        "taken_time": "2015-06-12T08:29:26.5Z",
        "capture_offset_minutes": 120,
        "gps_latitude": 37.870001,
        "gps_longitude": -122.25,
        "camera_model": "Canon EOS 600D",
    },
}


def test_a_dozen_samples_arrive_by_every_way_with_the_right_facts(tmp_path: Path) -> None:
    if not (media.DEFAULT_MEDIA / "MANIFEST.csv").is_file():
        pytest.skip(f"there are no samples in {media.DEFAULT_MEDIA}")

    dozen = _dozen(media.read_samples(media.DEFAULT_MEDIA))

    # RAW sizes, which differ by a rim of pixels, weigh more among a dozen than among all.
    assert media.prove(dozen, tmp_path, promised=0.9) == []


def test_facts_that_agree() -> None:
    agreement = Agreement()
    agreement.add("a.jpg", compared(ASSET, TRUTH))

    assert agreement.misses == {}
    assert agreement.compared.total() == 6
    assert agreement.share == 1


@pytest.mark.parametrize(
    ("column", "value", "field"),
    [
        ("datetime_original", "2015:06:12 10:29:27", "taken time"),
        ("offset", "+01:00", "offset"),
        ("width", "41", "size"),
        ("orientation", "1", "size"),
        ("gps_lat", "37.88", "latitude"),
        ("gps_lon", "122.25", "longitude"),
        ("model", "Canon EOS 7D", "camera"),
        ("lens", "EF50mm", "lens"),
    ],
)
def test_a_fact_that_differs_is_told(column: str, value: str, field: str) -> None:
    agreement = Agreement()
    agreement.add("a.jpg", compared(ASSET, TRUTH | {column: value}))

    assert list(agreement.misses) == [field]
    assert agreement.share < 1


def test_zeros_are_compared_like_any_position() -> None:
    truth = TRUTH | {"gps_lat": "0", "gps_lon": "0"}
    nowhere = {"specific_metadata": {}}
    zeros = {"specific_metadata": {"gps_latitude": 0.0, "gps_longitude": 0.0}}

    for asset, agrees in ((nowhere, False), (zeros, True)):
        found = [same for what, *_, same in compared(asset, truth) if "itude" in what]
        assert found == [agrees, agrees]
    assert not any(same for what, *_, same in compared(ASSET, truth) if "itude" in what)


def test_heif_is_turned_by_its_own_property() -> None:
    truth = TRUTH | {"mime": "image/heic"}

    assert not any(same for what, *_, same in compared(ASSET, truth) if what == "size")
    sizes = [
        same for what, *_, same in compared(ASSET, truth | {"rotation": "90"}) if what == "size"
    ]
    assert sizes == [True]


@pytest.mark.parametrize("ours", ["EF50mm f/1.4 USM", "Canon EF 50mm f/1.4 USM"])
def test_a_lens_is_the_same_however_it_is_written(ours: str) -> None:
    asset = {"specific_metadata": {"lens_model": ours}}
    truth = TRUTH | {"lens": "Canon EF 50mm f/1.4 USM"}

    assert [same for what, *_, same in compared(asset, truth) if what == "lens"] == [True]


def test_missing_samples_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert media.main(["--media", str(tmp_path)]) == 0
    assert "Skipped: there are no samples" in capsys.readouterr().out


def _dozen(samples: list[media.Sample]) -> list[media.Sample]:
    """Named ones and the smallest good one or two of the themes that differ most."""
    chosen = [sample for sample in samples if sample.name in SAMPLES]
    for theme in THEMES:
        good = [s for s in samples if s.truth["theme"] == theme and s.is_good]
        chosen += sorted(good, key=lambda sample: int(sample.truth["bytes"]))[:2]
    return chosen
