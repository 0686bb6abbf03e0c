from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from lumilio.errors import CannotDecode
from lumilio.media import encoders
from lumilio.media.browser_ready import begins_with_index, plays_video
from lumilio.media.containers import duration_of, opened_media
from lumilio.media.encoders import SOFTWARE, Encoder
from lumilio.media.web_audio import PEAKS, make_web_audio
from lumilio.media.web_video import make_web_video
from tests.support import clips

from .looks import CORNER_COLOURS, assert_close, corner_colours


def _silent(part: float) -> None:
    assert 0 <= part <= 1


def _made(source: Path, target: Path) -> Path:
    assert make_web_video(source, target, _silent)
    with opened_media(target) as container:
        assert plays_video(target, container)
    return target


def _frames(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


@pytest.mark.parametrize("channels", [0, 1, 2])
@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
def test_what_browsers_play_is_left_as_it_is(tmp_path: Path, name: str, channels: int) -> None:
    path = clips.video(tmp_path / name, channels=channels)
    assert not make_web_video(path, tmp_path / "web.mp4", _silent)
    assert not (tmp_path / "web.mp4").exists()


@pytest.mark.parametrize(
    "options",
    [
        {"pixels": "yuv420p10le"},
        {"pixels": "yuv444p"},
        {"codec": "mpeg4"},
        {"codec": "libx265"},
        {"codec": "libvpx-vp9"},
        {"faststart": False},
        {"channels": 2, "sound": "ac3"},
        {"size": (97, 63), "pixels": "yuv444p"},
        {"codec": "mpeg4", "times": [0]},
        {"codec": "mpeg4", "times": [0, 1, 5, 6, 20, 21, 22, 40]},
    ],
    ids=str,
)
def test_what_browsers_do_not_play_gets_a_copy(tmp_path: Path, options: dict[str, Any]) -> None:
    size = options.get("size", (96, 64))
    paint = lambda _: clips.corners(CORNER_COLOURS, size)  # noqa: E731
    source = clips.video(tmp_path / "a.mp4", paint=paint, **options)
    original = source.read_bytes()
    copy = _made(source, tmp_path / "web.mp4")
    frames, wanted = _frames(copy), _frames(source)
    assert (frames[0].width, frames[0].height) == (size[0] // 2 * 2, size[1] // 2 * 2)
    assert [round(float(f.time) * 10) for f in frames] == [
        round(float(f.time) * 10) for f in wanted
    ]
    assert_close(corner_colours(frames[0].to_image()), CORNER_COLOURS, tolerance=40)
    assert source.read_bytes() == original


@pytest.mark.parametrize("name", ["a.mkv", "a.avi", "a.flv", "a.mpg", "a.ts", "a.webm"])
def test_a_copy_is_made_from_every_container(tmp_path: Path, name: str) -> None:
    codecs = {"a.webm": ("libvpx-vp9", "libopus"), "a.mpg": ("mpeg2video", "mp2")}
    codec, sound = codecs.get(name, ("libx264", "aac"))
    rate = 25 if name == "a.mpg" else 10
    if sound == "libopus":
        source = clips.video(tmp_path / name, codec=codec)
    else:
        source = clips.video(
            tmp_path / name, codec=codec, rate=rate, times=range(20), channels=2, sound=sound
        )
    copy = _made(source, tmp_path / "web.mp4")
    frames = _frames(copy)
    assert len(frames) >= 9
    assert float(frames[0].time) < 0.3


def test_streams_that_browsers_play_are_not_encoded_anew(tmp_path: Path) -> None:
    source = clips.video(tmp_path / "a.mkv", channels=2)
    copy = _made(source, tmp_path / "web.mp4")
    ours, theirs = (np.stack([f.to_ndarray() for f in _frames(p)]) for p in (copy, source))
    assert (ours == theirs).all()


@pytest.mark.parametrize("turned", [90, 180, 270])
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_a_copy_is_as_upright_as_the_original(tmp_path: Path, codec: str, turned: int) -> None:
    order = {90: (2, 0, 3, 1), 180: (3, 2, 1, 0), 270: (1, 3, 0, 2)}[turned]
    source = clips.video(
        tmp_path / "a.mp4",
        codec=codec,
        turned=turned,
        faststart=False,
        paint=lambda _: clips.corners(CORNER_COLOURS, (96, 64)),
    )
    frame = _frames(_made(source, tmp_path / "web.mp4"))[0]
    shown = frame.to_image().rotate(frame.rotation, expand=True)
    wanted = [CORNER_COLOURS[index] for index in order]
    assert_close(corner_colours(shown), wanted, tolerance=40)


@pytest.mark.parametrize(
    ("size", "wanted"),
    [((1280, 720), (1280, 720)), ((2400, 1600), (1620, 1080)), ((1200, 2000), (1080, 1800))],
)
def test_the_shorter_side_is_at_most_1080_and_nothing_is_enlarged(
    tmp_path: Path, size: tuple[int, int], wanted: tuple[int, int]
) -> None:
    source = clips.video(
        tmp_path / "a.mp4",
        codec="mpeg4",
        size=size,
        times=[0],
        paint=lambda n: clips.pattern(n, size),
    )
    frame = _frames(_made(source, tmp_path / "web.mp4"))[0]
    assert (frame.width, frame.height) == wanted


def test_an_hdr_video_is_toned(tmp_path: Path) -> None:
    red = np.full((64, 96, 3), (150, 100, 100), np.uint8)
    source = clips.video(
        tmp_path / "a.mkv",
        codec="libx265",
        pixels="yuv420p10le",
        curve=18,
        times=[0, 1],
        paint=lambda _: red,
    )
    frame = _frames(_made(source, tmp_path / "web.mp4"))[0]
    assert (frame.color_trc, frame.color_primaries, frame.colorspace) == (1, 1, 1)
    shown = frame.to_ndarray(format="rgb24")[32, 48].astype(int)
    assert shown[0] - shown[1] > 60


def test_progress_is_told_until_the_end(tmp_path: Path) -> None:
    parts: list[float] = []
    source = clips.video(tmp_path / "a.mkv", codec="mpeg4", times=range(30))
    make_web_video(source, tmp_path / "web.mp4", parts.append)
    assert parts == sorted(parts)
    assert parts[-1] > 0.9


def test_damage_in_the_middle_is_passed_over(tmp_path: Path) -> None:
    source = clips.video(tmp_path / "a.avi", codec="mpeg4", times=range(60))
    content = bytearray(source.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = b"\xff" * 200
    source.write_bytes(content)
    assert len(_frames(_made(source, tmp_path / "web.mp4"))) > 40


@pytest.mark.parametrize("content", [b"", b"not a video" * 99])
def test_nothing_is_made_of_what_is_no_media(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "a.mp4"
    source.write_bytes(content)
    for make in (make_web_video, make_web_audio):
        with pytest.raises(CannotDecode):
            make(source, tmp_path / "web", _silent)
    assert list(tmp_path.iterdir()) == [source]


def test_an_index_is_found_however_the_boxes_lie(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    box = lambda kind, size: (size + 8).to_bytes(4, "big") + kind + bytes(size)  # noqa: E731
    large = (1).to_bytes(4, "big") + b"free" + (24).to_bytes(8, "big") + bytes(8)
    for content, wanted in (
        (box(b"ftyp", 8) + box(b"moov", 4) + box(b"mdat", 4), True),
        (box(b"ftyp", 8) + box(b"mdat", 4) + box(b"moov", 4), False),
        (large + box(b"moov", 1), True),
        (bytes(8), False),
        (box(b"free", 0) * 50, False),
        (b"", False),
    ):
        path.write_bytes(content)
        assert begins_with_index(path) is wanted


def test_an_encoder_that_fails_on_a_video_gives_way_to_software(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Encoder("h264_nvenc", {"preset": "p4"})
    monkeypatch.setattr(encoders, "working_hardware", lambda: broken)
    assert list(encoders.encoders()) == [broken, SOFTWARE]
    if encoders._works(broken):
        pytest.skip("this machine has a card that works")
    _made(clips.video(tmp_path / "a.mkv", codec="mpeg4"), tmp_path / "web.mp4")


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp3", "libmp3lame"),
        ("a.flac", "flac"),
        ("a.wav", "pcm_s16le"),
        ("a.opus", "libopus"),
        ("a.m4a", "aac"),
        ("a.aac", "aac"),
    ],
)
def test_recordings_that_browsers_play_are_only_read(tmp_path: Path, name: str, codec: str) -> None:
    source = clips.recording(tmp_path / name, codec=codec)
    made = make_web_audio(source, tmp_path / "web.mp3", _silent)
    assert not made.is_copied
    assert not (tmp_path / "web.mp3").exists()
    assert made.peaks


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.aiff", "pcm_s16be"), ("a.wma", "wmav2"), ("a.m4a", "alac"), ("a.wav", "adpcm_ima_wav")],
)
def test_others_get_an_mp3(tmp_path: Path, name: str, codec: str, channels: int) -> None:
    source = clips.recording(tmp_path / name, codec=codec, channels=channels)
    made = make_web_audio(source, tmp_path / "web.mp3", _silent)
    assert made.is_copied
    with av.open(str(tmp_path / "web.mp3")) as container:
        context = container.streams.audio[0].codec_context
        assert (context.name, context.sample_rate, context.channels) == (
            "mp3float",
            44100,
            channels,
        )
        assert duration_of(container) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("seconds", [0.05, 3.0, 60.0])
def test_a_waveform_follows_the_sound(tmp_path: Path, seconds: float) -> None:
    source = clips.recording(tmp_path / "a.wav", codec="pcm_s16le", seconds=seconds)
    made = make_web_audio(source, tmp_path / "web.mp3", _silent)
    peaks = np.frombuffer(made.peaks, "<u2") / 65535
    assert 1 <= len(peaks) <= PEAKS
    assert peaks.max() == pytest.approx(0.5, abs=0.03)
    wanted = np.linspace(0, 0.5, len(peaks) + 1)[1:]
    assert np.abs(peaks - wanted).max() < 0.1


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le"])
def test_a_waveform_is_the_same_in_every_form_of_samples(tmp_path: Path, codec: str) -> None:
    source = clips.recording(tmp_path / "a.wav", codec=codec)
    made = make_web_audio(source, tmp_path / "web.mp3", _silent)
    peaks = np.frombuffer(made.peaks, "<u2") / 65535
    assert peaks.max() == pytest.approx(0.5, abs=0.02)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_is_no_fault_of_the_file(tmp_path: Path) -> None:
    source = clips.recording(tmp_path / "a.aiff", codec="pcm_s16be", seconds=20)
    with pytest.raises(OSError, match="No space left") as caught:
        make_web_audio(source, Path("/dev/full"), _silent)
    assert type(caught.value) is OSError
    film = clips.video(tmp_path / "a.mkv", codec="mpeg4")
    with pytest.raises(OSError, match="No space left"):
        make_web_video(film, Path("/dev/full"), _silent)
