"""Photos that move: the clip inside one, the video beside one, and what has neither."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support import clips
from tests.support.library import Library
from tests.support.motion import live_still, live_video, motion_photo
from tests.support.photos import jpeg

PAIR = "9B539AB8-A668-4FA6-9207-EB653A5E7E3C"


@pytest.fixture
def clip(tmp_path: Path) -> bytes:
    """A clip that browsers play."""
    return clips.video(tmp_path / "clip.mp4", channels=1).read_bytes()


@pytest.fixture
def moving(library: Library, clip: bytes) -> str:
    """A motion photo in the library."""
    return _added(library, "PXL.MP.jpg", motion_photo(clip))


def _added(library: Library, name: str, content: bytes) -> str:
    asset_id: str = library.admin.uploaded(name, content)["asset_id"]
    library.work()
    return asset_id


def _motion(library: Library, asset_id: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = library.admin.ok("GET", f"/assets/{asset_id}").get("motion")
    return found


def _file(library: Library, asset_id: str) -> Path:
    path: str = library.admin.ok("GET", f"/assets/{asset_id}")["storage_path"]
    return library.folder() / path


def test_a_motion_photo_tells_of_its_clip_and_plays_it(
    library: Library, clip: bytes, moving: str
) -> None:
    told = _motion(library, moving)
    assert told == {"kind": "motion_photo", "duration": pytest.approx(1.0, abs=0.1)}
    (item,) = library.admin.page()["items"]
    assert item["asset"]["motion"] == told
    files = sorted(path for path in library.folder().rglob("*"))
    answer = library.admin.get(f"/assets/{moving}/motion")
    assert answer.content == clip
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == str(len(clip))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "private, max-age=86400"
    assert "default-src 'none'; media-src 'self'" in answer.headers["content-security-policy"]
    # Nothing was written for it, and nothing is to be converted.
    assert sorted(path for path in library.folder().rglob("*")) == files
    assert library.work() == 0


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=4-7", 4, 8),
        ("bytes=100-", 100, None),
        ("bytes=-50", -50, None),
        ("bytes=0-99999999", 0, None),
        ("bytes=-99999999", 0, None),
        ("bytes = 10-10", 10, 11),
    ],
)
def test_a_range_of_a_clip(
    library: Library, clip: bytes, moving: str, wanted: str, start: int, end: int | None
) -> None:
    part = library.admin.get(f"/assets/{moving}/motion", headers={"range": wanted})
    assert part.status_code == 206
    assert part.content == clip[start:end]
    first = clip.index(part.content) if start >= 0 else len(clip) + start
    last = first + len(part.content) - 1
    assert part.headers["content-range"] == f"bytes {first}-{last}/{len(clip)}"
    assert part.headers["content-length"] == str(len(part.content))


@pytest.mark.parametrize("wanted", ["bytes=7-4", "bytes=x-", "apples=1-2", "bytes=0-1,4-5"])
def test_a_range_that_says_nothing_sensible_brings_the_whole_clip(
    library: Library, clip: bytes, moving: str, wanted: str
) -> None:
    answer = library.admin.get(f"/assets/{moving}/motion", headers={"range": wanted})
    assert (answer.status_code, answer.content) == (200, clip)


def test_ranges_beyond_the_clip_and_of_another_version(
    library: Library, clip: bytes, moving: str
) -> None:
    path = f"/assets/{moving}/motion"
    beyond = library.admin.get(path, headers={"range": f"bytes={len(clip)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(clip)}")
    etag = library.admin.get(path).headers["etag"]
    for condition, status in ((etag, 206), ('"older"', 200)):
        headers = {"range": "bytes=0-3", "if-range": condition}
        assert library.admin.get(path, headers=headers).status_code == status
    assert library.admin.get(path, headers={"if-none-match": etag}).status_code == 304


def test_the_head_of_a_clip(library: Library, clip: bytes, moving: str) -> None:
    whole = library.admin.call("HEAD", f"/assets/{moving}/motion")
    assert (whole.status_code, whole.content) == (200, b"")
    assert whole.headers["content-length"] == str(len(clip))
    part = library.admin.call("HEAD", f"/assets/{moving}/motion", headers={"range": "bytes=0-9"})
    assert (part.status_code, part.headers["content-length"]) == (206, "10")


def test_a_clip_is_for_those_who_may_see_its_photo(
    library: Library, clip: bytes, moving: str
) -> None:
    path = f"/assets/{moving}/motion"
    nobody, other = library.admin.anonymous(), library.admin.register("other")
    assert nobody.get(path).status_code == 401
    assert other.get(path).status_code == 403
    token = library.admin.media_token()
    assert nobody.get(path, params={"mt": token}).content == clip
    assert nobody.get(path, params={"mt": other.media_token()}).status_code == 403
    unknown = library.admin.get("/assets/00000000-0000-4000-8000-000000000000/motion")
    assert unknown.status_code == 404


def test_what_does_not_move(library: Library, tmp_path: Path) -> None:
    broken = motion_photo(b"\0\0\0\x18ftypmp42" + bytes(400), 3)
    video = clips.video(tmp_path / "a.mp4").read_bytes()
    for name, content in (("a.jpg", jpeg(1)), ("b.MP.jpg", broken), ("a.mp4", video)):
        asset_id = _added(library, name, content)
        assert _motion(library, asset_id) is None
        answer = library.admin.get(f"/assets/{asset_id}/motion")
        assert answer.status_code == 404
        assert answer.json()["message"] == "This photo does not move"


def test_a_clip_that_was_cut_off_meanwhile(library: Library, clip: bytes, moving: str) -> None:
    file = _file(library, moving)
    file.write_bytes(file.read_bytes()[: -len(clip) // 2])
    answer = library.admin.get(f"/assets/{moving}/motion")
    assert answer.status_code == 404
    assert answer.json()["message"] == "The clip is no longer in the photo; scan its repository"
    file.unlink()
    assert library.admin.get(f"/assets/{moving}/motion").status_code == 404


def test_a_clip_that_browsers_do_not_play_gets_a_copy_when_asked_for(
    library: Library, tmp_path: Path
) -> None:
    clip = clips.video(tmp_path / "clip.mp4", codec="mpeg4").read_bytes()
    photo = motion_photo(clip)
    asset_id = _added(library, "PXL.MP.jpg", photo)
    states = library.states()
    path = f"/assets/{asset_id}/motion"
    first = library.admin.get(path)
    assert first.content == clip
    assert first.headers["cache-control"] == "private, no-cache"
    # Asking again while it is being made asks for no second one.
    library.admin.get(path)
    assert library.states() == states | {"available": 1}
    assert library.work() == 1
    after = library.admin.get(path)
    assert after.content[4:8] == b"ftyp"
    assert after.content != clip
    assert after.headers["etag"] != first.headers["etag"]
    assert after.headers["cache-control"] == "private, max-age=86400"
    (copy,) = library.folder().glob(".lumilio/assets/videos/web/*")
    assert after.content == copy.read_bytes()
    assert not list(library.folder().glob(".lumilio/assets/videos/.*"))
    asset = library.admin.ok("GET", f"/assets/{asset_id}")
    assert asset["processing"]["state"] == "complete"
    assert "transcode_asset" not in asset["processing"]["tasks"]
    assert _file(library, asset_id).read_bytes() == photo
    assert library.work() == 0


def test_a_copy_that_fails_is_not_tried_with_every_look(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = clips.video(tmp_path / "clip.mp4", codec="mpeg4").read_bytes()
    asset_id = _added(library, "PXL.MP.jpg", motion_photo(clip))
    library.admin.get(f"/assets/{asset_id}/motion")
    file = _file(library, asset_id)
    content = file.read_bytes()
    file.write_bytes(content[:-200])
    library.work()
    assert library.states()["discarded"] == 1
    assert library.admin.ok("GET", f"/assets/{asset_id}")["processing"]["state"] == "complete"
    file.write_bytes(content)
    assert library.admin.get(f"/assets/{asset_id}/motion").content == clip
    assert library.work() == 0
    library.clock.advance(days=2)
    library.admin = library.admin.login("admin")
    library.admin.get(f"/assets/{asset_id}/motion")
    assert library.work() == 1


@pytest.mark.parametrize("first", ["still", "video"])
def test_a_live_photo_is_a_pair_whichever_comes_first(
    library: Library, tmp_path: Path, first: str
) -> None:
    video = live_video(tmp_path / "IMG_1.mov", PAIR)
    halves = {"still": ("IMG_1.jpg", live_still(PAIR)), "video": ("IMG_1.MOV", video.read_bytes())}
    ids = {}
    for half in sorted(halves, key=lambda half: half != first):
        ids[half] = _added(library, *halves[half])
        if half == first:
            assert _motion(library, ids[half]) is None
    assert _motion(library, ids["still"]) == {
        "kind": "live_photo",
        "duration": pytest.approx(1.0, abs=0.1),
    }
    assert _motion(library, ids["video"]) is None
    path = f"/assets/{ids['still']}/motion"
    answer = library.admin.get(path)
    assert answer.content == video.read_bytes()
    assert answer.headers["content-type"] == "video/mp4"
    part = library.admin.get(path, headers={"range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert library.admin.get(f"/assets/{ids['video']}/motion").status_code == 404


def test_the_copy_of_a_live_photo_s_video_is_what_plays(library: Library, tmp_path: Path) -> None:
    video = live_video(tmp_path / "a.mov", PAIR, codec="mpeg4")
    _added(library, "a.MOV", video.read_bytes())
    still = _added(library, "a.jpg", live_still(PAIR))
    (copy,) = library.folder().glob(".lumilio/assets/videos/web/*")
    assert library.admin.get(f"/assets/{still}/motion").content == copy.read_bytes()


def test_a_video_in_the_trash_of_another_owner_or_repository_is_no_pair(
    library: Library, tmp_path: Path
) -> None:
    content = live_video(tmp_path / "a.mov", PAIR).read_bytes()
    still = _added(library, "a.jpg", live_still(PAIR))
    other = library.admin.register("other")
    other.uploaded("a.MOV", content)
    library.work()
    assert _motion(library, still) is None
    body = {"name": "Second"}
    second = library.admin.ok("POST", "/repositories", body)["repository"]
    library.admin.uploaded("a.MOV", content, repository_id=second["id"])
    library.work()
    assert _motion(library, still) is None
    video = _added(library, "b.MOV", content + b"\0\0\0\x08free")
    assert _motion(library, still) is not None
    library.run(
        "UPDATE assets SET deleted_at = 1, deleted_reason = 'trashed' WHERE asset_id = ?",
        UUID(video).bytes,
    )
    assert _motion(library, still) is None
    assert library.admin.get(f"/assets/{still}/motion").status_code == 404
