"""The short form of the `video` proof: a few samples, and the comparison itself."""

from pathlib import Path

import pytest
import video
from video import Sample, compared

SAMPLES = (
    "audio/full.alac.m4a",
    "audio/full.flac",
    "live-photo/IMG_7943_HEVC.MOV",
    "video/sample.3gp",
    "video/sample.mp4",
)
TRUTH = {
    "width": "1920",
    "height": "1080",
    "rotation": "90",
    "duration_s": "00:00:01.500000000",
    "decode_outcome": "ffprobe:ok hevc 1.48s",
    "datetime_original": "2021:05:25 09:21:51-07:00",
    "create_date_other": "2021:05:25 16:21:51",
    "gps_lat": "37.745",
    "gps_lon": "-122.4301",
    "model": "iPhone 12 Pro Max",
    "apple_content_id": "",
    "title": "",
    "artist": "",
    "album": "",
}
DOCUMENT = {
    "recorded_time": "2021-05-25T16:21:51Z",
    "capture_offset_minutes": -420,
    "gps_latitude": 37.745,
    "gps_longitude": -122.4301,
    "camera_model": "iPhone 12 Pro Max",
}


def _sample(width: int = 1080, **changed: object) -> Sample:
    asset = {"type": "VIDEO", "width": width, "height": 1920, "duration": 1.5}
    return Sample("a.mp4", Path("a.mp4"), TRUTH, asset | {"specific_metadata": DOCUMENT | changed})


def test_a_few_samples_arrive_with_the_right_facts_and_play(tmp_path: Path) -> None:
    if not (video.DEFAULT_MEDIA / "MANIFEST.csv").is_file():
        pytest.skip(f"there are no samples in {video.DEFAULT_MEDIA}")
    (tmp_path / "samples").mkdir()
    samples = video.read_samples(video.DEFAULT_MEDIA, tmp_path / "samples")
    few = [sample for sample in samples if sample.name in SAMPLES]
    assert len(few) == len(SAMPLES)
    assert video.prove(few, tmp_path) == []


def test_facts_that_agree() -> None:
    facts = {name: is_same for name, _, _, is_same in compared(_sample())}
    assert facts == dict.fromkeys(
        ["size", "duration", "time", "offset", "gps_latitude", "gps_longitude", "camera"], True
    )


@pytest.mark.parametrize(
    ("sample", "wrong"),
    [
        (_sample(width=1920), "size"),
        (_sample(recorded_time="2021-05-25T09:21:51Z"), "time"),
        (_sample(recorded_time=None), "time"),
        (_sample(capture_offset_minutes=None), "offset"),
        (_sample(gps_latitude=37.75), "gps_latitude"),
        (_sample(camera_model="iPhone"), "camera"),
    ],
)
def test_facts_that_differ(sample: Sample, wrong: str) -> None:
    assert [name for name, _, _, is_same in compared(sample) if not is_same] == [wrong]
