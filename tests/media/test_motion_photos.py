"""Clips inside pictures: found where they are told to be, and only where one is."""

import struct
from pathlib import Path
from typing import Any

import pytest

from lumilio.media.facts import EmbeddedVideo
from lumilio.media.metadata import read_metadata
from lumilio.media.motion_photos import clip_bytes, embedded_video, holds_clip
from tests.support import clips
from tests.support.motion import motion_photo


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">L", 8 + len(content)) + kind + content


MP4 = box(b"ftyp", b"mp42\0\0\0\0mp42") + box(b"moov", b"m" * 40) + box(b"mdat", b"d" * 300)
PICTURE = b"\xff\xd8" + b"picture" * 30 + b"\xff\xd9"
SAMSUNG_TAIL = b"SEFH\x6b\0\0\0\x01\0\0\0\x10\0\0\0SEFT"


def directory(*lengths: tuple[str, int]) -> dict[str, str]:
    structures = {}
    for index, (semantic, length) in enumerate(lengths, 1):
        structures[f"Directory[{index}]/Container:Item/Item:Semantic"] = semantic
        structures[f"Directory[{index}]/Container:Item/Item:Length"] = str(length)
    return structures


@pytest.fixture
def photo(tmp_path: Path) -> Any:
    def write(content: bytes) -> Path:
        (tmp_path / "photo.jpg").write_bytes(content)
        return tmp_path / "photo.jpg"

    return write


GOOGLE = directory(("Primary", 0), ("MotionPhoto", len(MP4)))
WITH_GAIN_MAP = directory(("Primary", 0), ("MotionPhoto", len(MP4)), ("GainMap", 50))


@pytest.mark.parametrize(
    ("before", "after", "texts", "structures"),
    [
        (PICTURE, b"", {"MicroVideo": "1", "MicroVideoOffset": str(len(MP4))}, {}),
        (PICTURE, b"", {"MotionPhoto": "1"}, GOOGLE),
        (PICTURE, b"g" * 50, {"MotionPhoto": "1"}, WITH_GAIN_MAP),
        (PICTURE + b"\0\0\x30\x0aMotionPhoto_Data", SAMSUNG_TAIL, {}, {}),
        (
            box(b"ftyp", b"heic\0\0\0\0") + box(b"mdat", b"x" * 90) + b"\0\0\0\0mpvd",
            b"",
            {"MotionPhoto": "1"},
            {},
        ),
    ],
    ids=["micro video", "directory", "part behind", "samsung jpeg", "heic"],
)
def test_a_clip_is_found(
    photo: Any, before: bytes, after: bytes, texts: Any, structures: Any
) -> None:
    path = photo(before + MP4 + after)
    video = embedded_video(path, texts, structures)
    assert video == EmbeddedVideo(len(before), len(MP4))


@pytest.mark.parametrize(
    "content",
    [PICTURE, PICTURE + MP4[:60], PICTURE + box(b"ftyp", b"mp42") + box(b"mdat", b"d" * 100)],
    ids=["taken away", "cut off", "without a film"],
)
def test_a_promise_without_a_clip_is_not_believed(photo: Any, content: bytes) -> None:
    path = photo(content)
    for length in ("", "1", str(len(MP4)), "99999999999", "-5", "x"):
        texts = {"MotionPhoto": "1", "MicroVideo": "1", "MicroVideoOffset": length}
        assert embedded_video(path, texts, GOOGLE) is None


def test_plain_pictures_have_none(photo: Any) -> None:
    assert embedded_video(photo(PICTURE + MP4), {}, {}) is None
    assert embedded_video(photo(b""), {"MotionPhoto": "1"}, GOOGLE) is None


@pytest.mark.parametrize(
    ("codec", "sound", "needs_copy"),
    [("libx264", "aac", False), ("mpeg4", "aac", True), ("libx264", "ac3", True)],
)
def test_the_facts_of_a_file_tell_the_clip(
    tmp_path: Path, codec: str, sound: str, needs_copy: bool
) -> None:
    clip = clips.video(tmp_path / "a.mp4", codec=codec, sound=sound, channels=1).read_bytes()
    path = tmp_path / "PXL.MP.jpg"
    path.write_bytes(motion_photo(clip))
    found = read_metadata(path).facts.embedded_video
    assert found is not None
    assert (found.offset, found.length) == (path.stat().st_size - len(clip), len(clip))
    assert found.duration == pytest.approx(1.0, abs=0.1)
    assert found.needs_copy is needs_copy


def test_what_shows_no_picture_is_no_clip(tmp_path: Path) -> None:
    path = tmp_path / "PXL.MP.jpg"
    whole = clips.video(tmp_path / "a.mp4").read_bytes()
    start = whole.index(b"mdat") + 4
    emptied = whole[:start] + bytes(len(whole) - start)
    sound = clips.recording(tmp_path / "a.m4a", codec="aac").read_bytes()
    for clip in (MP4, emptied, sound):
        path.write_bytes(motion_photo(clip))
        assert read_metadata(path).facts.embedded_video is None


def test_a_clip_is_read_in_parts(photo: Any) -> None:
    path = photo(PICTURE + MP4 + PICTURE)
    video = EmbeddedVideo(len(PICTURE), len(MP4))
    assert holds_clip(path, video)
    assert b"".join(clip_bytes(path, video)) == MP4
    assert b"".join(clip_bytes(path, video, 4, 8)) == b"ftyp"
    assert not holds_clip(path, EmbeddedVideo(len(PICTURE) + 1, len(MP4)))
    assert not holds_clip(path, EmbeddedVideo(len(PICTURE), len(MP4) + len(PICTURE) + 1))
