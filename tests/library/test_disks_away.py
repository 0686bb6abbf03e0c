"""A repository's folder goes away between two steps of a work, and comes back."""

import errno
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from PIL import Image

from lumilio.library import discoveries, jobs, merging, repositories, uploads
from lumilio.library.repository_folders import Layout
from lumilio.library.staging import StagedFile
from lumilio.media.thumbnails import write_thumbnails
from lumilio.media.transcoder import Transcoder
from lumilio.pipeline import transcodes
from lumilio.pipeline.dispatch import PUT_OFF
from tests.support import clips
from tests.support.batches import send_chunk, split
from tests.support.library import Library
from tests.support.photos import jpeg


@contextmanager
def _goes_away_before(library: Library, patch: pytest.MonkeyPatch, target: Any, name: str) -> Any:
    """The folder is renamed the moment a function is called, and back after the block."""
    folder, real = library.folder(), getattr(target, name)
    away = folder.with_name("away")

    def call(*arguments: Any, **options: Any) -> Any:
        if os.path.isdir(folder):
            folder.rename(away)
        return real(*arguments, **options)

    with patch.context() as inner:
        inner.setattr(target, name, call)
        yield
    assert not folder.exists(), "something was made in its place"
    away.rename(folder)


def _later(library: Library) -> None:
    library.clock.now += PUT_OFF
    library.work()


def _is_whole(library: Library, count: int = 1) -> None:
    states = [item["asset"]["processing"]["state"] for item in library.admin.page()["items"]]
    assert states == ["complete"] * count
    assert set(library.states()) == {"completed"}


def test_an_upload_is_not_lost_when_its_folder_goes_away_before_it_is_placed(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.admin.uploaded("a.jpg", jpeg(1))
    with _goes_away_before(library, monkeypatch, Path, "exists"):
        library.work()
    assert library.states() == {"scheduled": 1}
    _later(library)
    _is_whole(library)


def test_no_folder_is_made_where_the_disk_was(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.admin.uploaded("a.jpg", jpeg(1))
    with _goes_away_before(library, monkeypatch, Layout, "make_room"):
        library.work()
    _later(library)
    _is_whole(library)


def test_an_empty_mount_point_stays_empty(library: Library, tmp_path: Path) -> None:
    mount_point = tmp_path / "mount point"
    mount_point.mkdir()
    with pytest.raises(FileNotFoundError):
        Layout(mount_point).make_room(mount_point / "inbox/2031/07/a.jpg")
    with pytest.raises(FileNotFoundError):
        Layout(mount_point).make_room(Layout(mount_point).web_video("stem"))
    with pytest.raises(FileNotFoundError):
        write_thumbnails(
            {"small": Image.new("RGB", (8, 8))}, mount_point / ".lumilio/assets/thumbnails", "stem"
        )
    assert list(mount_point.iterdir()) == []


def test_an_inbox_that_a_person_removed_is_made_again(library: Library) -> None:
    (library.folder() / "inbox").rmdir()
    library.admin.uploaded("a.jpg", jpeg(1))
    library.work()
    _is_whole(library)


def test_a_photo_is_not_given_up_when_its_disk_goes_away_before_it_is_developed(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.admin.uploaded("a.jpg", jpeg(1))
    library.work("ingest_asset")
    with _goes_away_before(library, monkeypatch, Path, "is_file"):
        library.work()
    assert library.states() == {"completed": 1, "scheduled": 1}
    _later(library)
    _is_whole(library)


def test_an_upload_of_known_content_is_refused_rather_than_taken_for_a_lost_one(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.admin.uploaded("a.jpg", jpeg(1))
    library.work()
    with _goes_away_before(library, monkeypatch, uploads, "_same_content"):
        assert library.admin.upload("b.jpg", jpeg(1)).status_code == 503
    assert library.admin.uploaded("b.jpg", jpeg(1))["status"] == "duplicate"
    library.work()
    _is_whole(library)


def test_an_upload_on_its_way_is_refused_when_its_folder_goes_away(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _goes_away_before(library, monkeypatch, StagedFile, "seal"):
        answer = library.admin.upload("a.jpg", jpeg(1))
    assert answer.status_code == 503
    assert "not reachable" in answer.json()["message"]
    assert library.states() == {}


def test_chunks_are_not_taken_for_lost_when_their_folder_goes_away(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = split(jpeg(1), 2)
    send_chunk(library.admin, "s", 0, pieces)
    with _goes_away_before(library, monkeypatch, merging, "_is_whole"):
        assert not send_chunk(library.admin, "s", 1, pieces)["success"]
    assert send_chunk(library.admin, "s", 0, pieces)["status"] == "processing"
    library.work()
    _is_whole(library)


@pytest.fixture
def two_equal_files(library: Library) -> list[str]:
    for name in ("a.jpg", "b.jpg"):
        (library.folder() / name).write_bytes(jpeg(1))
    return ["a.jpg", "b.jpg"]


def _scan(library: Library) -> None:
    library.admin.ok("POST", f"/repositories/{library.primary['id']}/scan")
    library.work("scan_repository")


def test_a_found_file_is_not_forgotten_when_its_disk_goes_away(
    library: Library, two_equal_files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _scan(library)
    with _goes_away_before(library, monkeypatch, discoveries, "_look_at"):
        library.work()
    _later(library)
    assert sorted(library.admin.names()) == two_equal_files


def test_an_equal_file_does_not_take_the_asset_of_one_whose_disk_goes_away(
    library: Library, two_equal_files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _scan(library)
    first, second = library.due("discover_asset")
    library.dispatcher.run_jobs([first])
    with _goes_away_before(library, monkeypatch, discoveries, "_enter"):
        library.dispatcher.run_jobs([second])
    _later(library)
    assert sorted(library.admin.names()) == two_equal_files


def test_what_cannot_be_read_is_a_failed_job_with_a_sentence_after_all_attempts(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    (library.folder() / "a.jpg").write_bytes(jpeg(1))
    _scan(library)

    def broken(file: BinaryIO) -> str:
        raise OSError(errno.EIO, "Input/output error", file.name)

    monkeypatch.setattr(discoveries, "blake3_of", broken)
    for _ in range(5):
        library.work()
        library.clock.advance(minutes=5)
    assert library.states() == {"completed": 1, "discarded": 1}
    (told,) = library.values("SELECT last_error FROM jobs WHERE state = 'discarded'")
    assert told == "a.jpg: Input/output error"


def test_jobs_of_the_same_repository_wait_together(library: Library) -> None:
    for seed in range(3):
        library.admin.uploaded(f"{seed}.jpg", jpeg(seed))
    first = library.value("SELECT min(id) FROM jobs")
    with library.db.write() as tx:
        tx.run("UPDATE jobs SET dispatched_at = 1 WHERE id = ?", (first,))
        (job,) = jobs.claim(tx, [first], library.clock())
        jobs.postpone(tx, job, PUT_OFF, "away", library.clock())
    assert library.states() == {"scheduled": 3}
    assert library.due() == []
    _later(library)
    _is_whole(library, 3)


def test_placing_on_a_full_disk_counts_no_attempt(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.admin.uploaded("a.jpg", jpeg(1))

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Layout, "make_room", full)
        for _ in range(9):
            _later(library)
    assert library.states() == {"scheduled": 1}
    assert library.value("SELECT attempt FROM jobs") == 0
    _later(library)
    _is_whole(library)


@pytest.fixture
def clip(library: Library, tmp_path: Path) -> str:
    """A developed video that waits for its conversion."""
    path = clips.video(tmp_path / "a.mov", codec="mpeg4")
    asset_id = str(library.admin.uploaded("a.mov", path.read_bytes())["asset_id"])
    library.work("ingest_asset", "thumbnail_asset")
    return asset_id


@pytest.mark.parametrize(
    ("target", "name"),
    [(Path, "is_file"), (Layout, "make_room"), (Transcoder, "run"), (transcodes, "_put")],
)
def test_a_conversion_waits_for_a_disk_that_goes_away(
    library: Library, clip: str, monkeypatch: pytest.MonkeyPatch, target: Any, name: str
) -> None:
    with _goes_away_before(library, monkeypatch, target, name):
        library.work()
    assert library.states() == {"completed": 2, "scheduled": 1}
    assert library.value("SELECT attempt FROM jobs WHERE state = 'scheduled'") == 0
    _later(library)
    _is_whole(library)


def test_a_conversion_on_a_full_disk_counts_no_attempt(
    library: Library, clip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(library.transcoder, "run", full)
        for _ in range(9):
            _later(library)
    assert library.states() == {"completed": 2, "scheduled": 1}
    assert library.value("SELECT attempt FROM jobs WHERE state = 'scheduled'") == 0
    _later(library)
    _is_whole(library)


def test_half_a_copy_of_a_killed_program_is_cleared_at_the_start(
    library: Library, clip: str
) -> None:
    library.work()
    videos = library.folder() / ".lumilio/assets/videos"
    (copy,) = (videos / "web").iterdir()
    (videos / f".{copy.name}.7.part").write_bytes(b"half")
    repositories.repair_folders(library.ctx)
    assert [found for found in videos.rglob("*") if found.is_file()] == [copy]
