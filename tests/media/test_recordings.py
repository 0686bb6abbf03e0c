import errno
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from PIL import Image

from lumilio.errors import CannotDecode, CannotRead
from lumilio.media import containers, toning
from lumilio.media.containers import NO_VIDEO, media_faults
from lumilio.media.decoding import mended
from lumilio.media.facts import AudioFacts, Development, VideoFacts
from lumilio.media.media_tags import bitrate_text, tag_name
from lumilio.media.places import Position, position_of
from lumilio.media.web_audio import make_web_audio
from lumilio.media.web_video import make_web_video
from tests.support import clips

from .looks import CORNER_COLOURS, assert_close, corner_colours

Develop = Callable[..., Development]
Thumbnail = Callable[..., Image.Image]


def _painted(size: tuple[int, int]) -> Any:
    return lambda _: clips.corners(CORNER_COLOURS, size)


def test_a_video_tells_its_facts(tmp_path: Path, developed: Develop) -> None:
    tags = {
        "com.apple.quicktime.make": "Apple",
        "com.apple.quicktime.model": "iPhone 13 Pro",
        "com.apple.quicktime.creationdate": "2026-03-23T15:57:19+0100",
        "com.apple.quicktime.location.ISO6709": "+49.1989-016.6071+222.469/",
        "com.apple.quicktime.content.identifier": "9B539AB8-A668-4FA6-9207-EB653A5E7E3C",
        "creation_time": "2020-01-01T00:00:00Z",
        "comment": "At the lake",
    }
    found = developed(clips.video(tmp_path / "a.mov", channels=2, tags=tags))
    facts = found.facts
    assert isinstance(facts, VideoFacts)
    assert facts.recorded_time == datetime(2026, 3, 23, 14, 57, 19, tzinfo=UTC)
    assert facts.capture_offset_minutes == 60
    assert (facts.camera_make, facts.camera_model) == ("Apple", "iPhone 13 Pro")
    assert (facts.gps_latitude, facts.gps_longitude) == (49.1989, -16.6071)
    assert facts.gps_altitude == 222.469
    assert facts.content_identifier == "9B539AB8-A668-4FA6-9207-EB653A5E7E3C"
    assert (facts.codec, facts.frame_rate, facts.description) == ("avc1", 10.0, "At the lake")
    assert facts.bitrate
    assert (found.width, found.height, found.duration) == (96, 64, pytest.approx(1.0, abs=0.1))
    assert len(found.thumbnails) == 3
    assert found.thumbhash
    assert found.perceptual_hash is not None
    raw = found.exif_raw or {}
    assert raw["CreationDate"] == "2026:03:23 15:57:19+01:00"
    assert raw["CreateDate"] == "2020:01:01 00:00:00"
    assert raw["GPSLongitude"] == "16 deg 36' 25.56\" W"
    assert raw["AudioChannels"] == 2


def test_a_clock_in_utc_says_nothing_of_the_offset(tmp_path: Path, developed: Develop) -> None:
    for name in ("a.mp4", "a.mkv"):
        tags = {"creation_time": "2021-05-16T19:27:55.000000Z"}
        facts = developed(clips.video(tmp_path / name, tags=tags)).facts
        assert isinstance(facts, VideoFacts)
        assert facts.recorded_time == datetime(2021, 5, 16, 19, 27, 55, tzinfo=UTC)
        assert facts.capture_offset_minutes is None


@pytest.mark.parametrize(
    ("turned", "order", "size"),
    [
        (0, (0, 1, 2, 3), (96, 64)),
        (90, (2, 0, 3, 1), (64, 96)),
        (180, (3, 2, 1, 0), (96, 64)),
        (270, (1, 3, 0, 2), (64, 96)),
    ],
)
def test_a_turned_video_is_shown_upright(
    tmp_path: Path,
    developed: Develop,
    thumbnail: Thumbnail,
    turned: int,
    order: tuple[int, ...],
    size: tuple[int, int],
) -> None:
    path = clips.video(tmp_path / "a.mp4", turned=turned, paint=_painted((96, 64)))
    found = developed(path)
    assert (found.width, found.height) == size
    assert thumbnail(found).size == size
    wanted = [CORNER_COLOURS[index] for index in order]
    assert_close(corner_colours(thumbnail(found)), wanted, tolerance=30)
    assert (found.exif_raw or {})["Rotation"] == turned


@pytest.mark.parametrize(
    "options",
    [
        {"size": (95, 63), "pixels": "yuv444p"},
        {"pixels": "yuv420p10le"},
        {"codec": "mpeg4"},
        {"times": [0]},
        {"times": [0, 1, 5, 6, 20, 21, 22, 40]},
    ],
    ids=["odd size", "10 bits", "MPEG-4", "one frame", "uneven times"],
)
def test_videos_of_all_kinds_get_a_poster(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail, options: dict[str, Any]
) -> None:
    size = options.get("size", (96, 64))
    found = developed(clips.video(tmp_path / "a.mkv", paint=_painted(size), **options))
    assert found.metadata_error is None
    assert thumbnail(found).size == size
    assert_close(corner_colours(thumbnail(found)), CORNER_COLOURS, tolerance=40)


def test_the_poster_is_a_frame_that_shows_something(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail
) -> None:
    def paint(number: int) -> Any:
        if number == 33:
            return clips.pattern(0)
        return np.full((64, 96, 3), 255 if number > 40 else 0, np.uint8)

    found = developed(clips.video(tmp_path / "a.mp4", times=range(60), paint=paint))
    # The frame lies at none of the moments that are looked at first.
    assert np.asarray(thumbnail(found)).std() < 5
    seconds = {12, 13, 21, 22, 30, 31, 39, 40}
    found = developed(
        clips.video(
            tmp_path / "b.mp4",
            times=range(60),
            paint=lambda n: clips.pattern(0) if n in seconds else np.zeros((64, 96, 3), np.uint8),
        )
    )
    assert np.asarray(thumbnail(found)).std() > 40


def test_colours_that_are_named_wrongly_cost_no_poster(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail
) -> None:
    # A picture in YUV that is marked as RGB, as old MPEG files are.
    path = clips.video(tmp_path / "a.mpg", codec="mpeg2video", rate=25, paint=_painted((96, 64)))
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    frame.colorspace = frame.color_trc = frame.color_primaries = 0
    assert (mended(frame).colorspace, frame.color_trc, frame.color_primaries) == (2, 2, 2)
    assert_close(corner_colours(thumbnail(developed(path))), CORNER_COLOURS, tolerance=40)


def test_pixels_that_are_not_square_are_shown_as_wide_as_they_are(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail
) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        frame = VideoFrame.from_ndarray(clips.pattern(0), format="rgb24")
        frame.pts = 0
        out.mux(stream.encode(frame.reformat(format="yuv420p")))
        out.mux(stream.encode(None))
    found = developed(path)
    assert (found.width, found.height) == thumbnail(found).size == (128, 64)


@pytest.mark.parametrize("curve", [16, 18], ids=["PQ", "HLG"])
def test_the_poster_of_an_hdr_video_is_toned(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail, curve: int
) -> None:
    halves = np.full((64, 96, 3), 150, np.uint8)
    halves[:, 48:] = (150, 100, 100)
    plain, toned = (
        thumbnail(
            developed(
                clips.video(
                    tmp_path / f"{name}.mkv",
                    times=[0],
                    pixels="yuv420p10le",
                    curve=used,
                    paint=lambda _: halves,
                )
            )
        )
        for name, used in (("sdr", None), ("hdr", curve))
    )
    grey, red = (np.asarray(toned, int)[32, x] for x in (20, 76))
    # Grey stays grey, and the colours of the wider space stand for stronger ones.
    assert grey.max() - grey.min() <= 6
    assert red.max() - red.min() > 10 + np.ptp(np.asarray(plain, int)[32, 76])
    assert toning.toned(Image.new("RGB", (1, 1)), curve).getpixel((0, 0)) == (0, 0, 0)


def test_a_recording_tells_its_facts(tmp_path: Path, developed: Develop) -> None:
    tags = {
        "title": "full",
        "artist": "the artist",
        "album": "the album",
        "genre": "the genre",
        "date": "1987-03-31",
        "comment": "the comments",
    }
    for name, codec in (
        ("a.mp3", "mp3"),
        ("a.flac", "flac"),
        ("a.opus", "opus"),
        ("a.m4a", "mp4a"),
    ):
        path = tmp_path / name
        used = {"a.opus": "libopus", "a.m4a": "aac"}.get(name)
        found = developed(clips.recording(path, tags=tags, channels=1, codec=used))
        facts = found.facts
        assert isinstance(facts, AudioFacts)
        assert (facts.title, facts.artist, facts.album) == ("full", "the artist", "the album")
        assert (facts.genre, facts.year, facts.description) == ("the genre", 1987, "the comments")
        assert (facts.codec, facts.channels) == (codec, 1)
        assert facts.sample_rate == (48000 if codec == "opus" else 44100)
        assert found.duration == pytest.approx(1.0, abs=0.1)
        assert (found.thumbnails, found.thumbnail_error, found.metadata_error) == ((), None, None)
        assert (found.exif_raw or {})["Artist"] == "the artist"


def test_a_cover_becomes_the_thumbnails_of_a_recording(
    tmp_path: Path, developed: Develop, thumbnail: Thumbnail
) -> None:
    cover = BytesIO()
    Image.fromarray(clips.corners(CORNER_COLOURS, (120, 80))).save(cover, "PNG")
    path = tmp_path / "a.flac"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("flac", rate=44100)
        picture = out.add_stream("png", rate=1)
        picture.width, picture.height, picture.pix_fmt = 120, 80, "rgb24"
        picture.disposition = av.stream.Disposition.attached_pic
        packet = av.Packet(cover.getvalue())
        packet.stream, packet.pts, packet.dts = picture, 0, 0
        out.mux(packet)
        for frame in clips.tone(0.5, 2):
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    found = developed(path)
    assert found.width is None
    assert_close(corner_colours(thumbnail(found)), CORNER_COLOURS, tolerance=20)


def test_only_what_was_asked_for_is_done(tmp_path: Path, developed: Develop) -> None:
    path = clips.video(tmp_path / "a.mp4")
    facts = developed(path, tasks=frozenset({"metadata"}))
    assert facts.facts
    assert facts.thumbnails == ()
    pictures = developed(path, tasks=frozenset({"thumbnails"}))
    assert pictures.facts is None
    assert pictures.exif_raw is None
    assert len(pictures.thumbnails) == 3


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.mp3", "a.wav"])
@pytest.mark.parametrize("content", [b"", b"x", b"\0" * 5000, b"not a video " * 400])
def test_what_is_no_media_is_told_in_a_sentence(
    tmp_path: Path, developed: Develop, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    found = developed(path)
    assert found.facts is None
    assert found.metadata_error
    assert found.metadata_error.startswith("The file is")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
def test_a_video_that_is_cut_off_is_shown_or_told(
    tmp_path: Path, developed: Develop, name: str, part: float
) -> None:
    path = clips.video(tmp_path / name, faststart=False, codec="mpeg4", times=range(40))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    found = developed(path)
    assert bool(found.thumbnails) != bool(found.thumbnail_error)
    assert (found.thumbnail_error or "The file").startswith("The file")


@pytest.mark.parametrize(
    "content",
    [
        b"#EXTM3U\n#EXTINF:10,\nsecret.mp4\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile secret.mp4\n",
        b'<?xml version="1.0"?><MPD type="static"><BaseURL>secret.mp4</BaseURL></MPD>',
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    ],
    ids=["HLS", "concat", "DASH", "SDP"],
)
def test_a_playlist_leads_nowhere(tmp_path: Path, developed: Develop, content: bytes) -> None:
    clips.video(tmp_path / "secret.mp4")
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    found = developed(path)
    assert found.facts is None
    assert found.thumbnails == ()


def test_a_file_with_sound_alone_is_no_video(tmp_path: Path, developed: Develop) -> None:
    clips.recording(tmp_path / "a.m4a", codec="aac").rename(tmp_path / "a.mp4")
    found = developed(tmp_path / "a.mp4")
    assert found.duration
    assert found.metadata_error is None
    assert found.thumbnail_error == NO_VIDEO


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("+49.1989+016.6071+222.469/", Position(49.1989, 16.6071, 222.469)),
        ("+51.4169-000.0806/", Position(51.4169, -0.0806, None)),
        ("-3330.5+15115.25/", Position(-(33 + 30.5 / 60), 151 + 15.25 / 60, None)),
        ("+401213.1-0750015.1/", Position(40 + 12 / 60 + 13.1 / 3600, -(75 + 15.1 / 3600), None)),
        ("+40-075CRSWGS_84/", Position(40.0, -75.0, None)),
        ("+95.0+010.0/", None),
        ("+45.0+200.0/", None),
        ("+1+2/", None),
        ("", None),
        ("+" * 5000, None),
    ],
)
def test_places_are_read_as_iso_6709_writes_them(text: str, wanted: Position | None) -> None:
    found = position_of(text)
    if wanted is None:
        assert found is None
    else:
        assert found is not None
        assert (found.latitude, found.longitude) == pytest.approx(
            (wanted.latitude, wanted.longitude)
        )
        assert found.altitude == wanted.altitude


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("com.apple.quicktime.make", "Make"),
        ("com.apple.quicktime.content.identifier", "ContentIdentifier"),
        ("com.apple.quicktime.location.accuracy.horizontal", "LocationAccuracyHorizontal"),
        ("com.android.version", "AndroidVersion"),
        ("creation_time", "CreateDate"),
        ("TITLE", "Title"),
        ("album_artist", "AlbumArtist"),
        ("major_brand", "MajorBrand"),
    ],
)
def test_tags_have_the_names_that_exiftool_gives_them(key: str, name: str) -> None:
    assert tag_name(key) == name


def test_bitrates_are_printed_as_exiftool_does() -> None:
    assert [bitrate_text(bits) for bits in (900, 128_000, 11_378_977, 66_330_326)] == [
        "900 bps",
        "128 kbps",
        "11.4 Mbps",
        "66.3 Mbps",
    ]


def test_a_lack_of_memory_is_told_as_such_and_can_travel() -> None:
    with pytest.raises(MemoryError) as caught, media_faults(Path("a.mp4")):
        raise av.error.MemoryError(12, "Cannot allocate memory")
    assert isinstance(pickle.loads(pickle.dumps(caught.value)), MemoryError)
    with pytest.raises(CannotDecode, match="damaged"), media_faults(Path("a.mp4")):
        raise av.error.ExternalError(1, "Generic error")


@contextmanager
def _failing_after(reads: int) -> Iterator[None]:
    """The disk gives out no more than so many pieces of a file."""
    real, left = containers._File.read, iter(range(reads))

    def read(file: Any, size: int | None = -1, /) -> bytes:
        if next(left, None) is None:
            raise OSError(errno.EIO, "Input/output error")
        return real(file, size)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(containers._File, "read", read)
        yield


@pytest.mark.parametrize("reads", [0, 1, 2, 4, 8])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.aiff"])
def test_an_error_of_the_disk_is_no_fault_of_the_file(
    tmp_path: Path, developed: Develop, name: str, reads: int
) -> None:
    is_video = name != "a.aiff"
    path = tmp_path / name
    if is_video:
        # Larger than what is read of a file in order to know it.
        clips.video(path, codec="mpeg4", size=(640, 480), times=range(100), faststart=False)
    else:
        clips.recording(path, codec="pcm_s16be", seconds=10)
    if is_video or reads == 0:
        with _failing_after(reads), pytest.raises(CannotRead) as caught:
            developed(path)
        assert "Check its disk" in caught.value.message
    make = make_web_video if is_video else make_web_audio
    with _failing_after(reads), pytest.raises(CannotRead):
        make(path, tmp_path / "web", lambda _: None)
    assert developed(path).metadata_error is None


def test_a_file_that_may_not_be_opened_can_be_tried_again(
    tmp_path: Path, developed: Develop
) -> None:
    with pytest.raises(CannotRead, match="No such file"):
        developed(tmp_path / "gone.mp4")
