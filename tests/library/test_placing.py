"""From staging to the inbox, interrupted at every step."""

import errno
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lumilio.library import jobs, placing
from lumilio.library.repository_folders import Layout
from tests.support.library import Library
from tests.support.photos import jpeg


def _incoming(library: Library) -> list[Path]:
    return list((library.folder() / ".lumilio/staging/incoming").iterdir())


def _upload(library: Library, name: str = "a.jpg", seed: int = 1) -> Path:
    """Upload without placing; returns where the file belongs."""
    asset_id = library.admin.uploaded(name, jpeg(seed))["asset_id"]
    asset = library.admin.ok("GET", f"/assets/{asset_id}")
    return library.folder() / asset["storage_path"]


def _claimed(library: Library) -> jobs.Job:
    (job_id,) = library.due("ingest_asset")
    with library.db.write() as tx:
        (job,) = jobs.claim(tx, [job_id], library.clock())
    return job


def _crash(library: Library) -> None:
    """The process dies and starts again."""
    with library.db.write() as tx:
        jobs.recover(tx)
    placing.delete_abandoned(library.ctx)


def _is_whole(library: Library, target: Path, seed: int = 1) -> None:
    library.work()
    assert target.read_bytes() == jpeg(seed)
    assert _incoming(library) == []
    assert library.states() == {"completed": 2}
    assert library.value("SELECT count(*) FROM assets") == 1
    (item,) = library.admin.page()["items"]
    assert item["asset"]["processing"]["state"] == "complete"


def test_a_crash_before_the_move_loses_nothing(library: Library) -> None:
    target = _upload(library)
    _claimed(library)
    _crash(library)
    _is_whole(library, target)


@pytest.mark.skipif(os.name == "nt", reason="Windows moves in one step")
def test_a_crash_between_link_and_unlink_loses_nothing_and_doubles_nothing(
    library: Library,
) -> None:
    target = _upload(library)
    _claimed(library)
    (staged,) = _incoming(library)
    target.parent.mkdir(parents=True)
    os.link(staged, target)
    _crash(library)
    _is_whole(library, target)
    assert list(target.parent.iterdir()) == [target]


def test_a_crash_after_the_move_but_before_the_job_is_done_loses_nothing(
    library: Library,
) -> None:
    target = _upload(library)
    _claimed(library)
    (staged,) = _incoming(library)
    target.parent.mkdir(parents=True)
    staged.rename(target)
    _crash(library)
    _is_whole(library, target)


def test_a_job_that_was_done_but_not_recorded_queues_one_development(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = _upload(library)
    job = _claimed(library)
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "complete", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            placing.place(library.ctx, job)
    assert target.is_file()
    _crash(library)
    _is_whole(library, target)


def test_running_twice_changes_nothing(library: Library) -> None:
    target = _upload(library)
    job = _claimed(library)
    placing.place(library.ctx, job)
    placing.place(library.ctx, job)
    assert target.read_bytes() == jpeg(1)
    assert library.value("SELECT count(*) FROM assets") == 1


def _without_links(code: int) -> Any:
    def link(source: Any, target: Any) -> None:
        raise OSError(code, os.strerror(code), str(source))

    return link


@pytest.mark.skipif(os.name == "nt", reason="Windows uses no links")
@pytest.mark.parametrize(
    "code", [errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS], ids=errno.errorcode.get
)
def test_a_file_system_without_hard_links_works_too(
    library: Library, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(placing.os, "link", _without_links(code))
    target = _upload(library)
    _is_whole(library, target)


@pytest.mark.skipif(os.name == "nt", reason="Windows uses no links")
def test_without_links_a_claimed_name_is_filled_after_a_crash(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing.os, "link", _without_links(errno.EPERM))
    target = _upload(library)
    _claimed(library)
    target.parent.mkdir(parents=True)
    target.write_bytes(b"")
    _crash(library)
    _is_whole(library, target)


@pytest.mark.skipif(os.name == "nt", reason="Windows uses no links")
def test_without_links_a_taken_name_is_still_not_overwritten(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing.os, "link", _without_links(errno.EPERM))
    target = _upload(library)
    target.parent.mkdir(parents=True)
    target.write_bytes(b"mine")
    library.work()
    assert target.read_bytes() == b"mine"
    assert target.with_name("a (1).jpg").read_bytes() == jpeg(1)


def test_bytes_that_are_nowhere_are_told_and_not_retried(library: Library) -> None:
    _upload(library)
    (staged,) = _incoming(library)
    staged.unlink()
    library.work()
    assert library.states() == {"discarded": 1}
    (item,) = library.admin.page()["items"]
    state = item["asset"]["processing"]
    assert state["state"] == "failed"
    assert "disappeared" in state["errors"][0]["error"]
    assert {error["task"] for error in state["errors"]} >= {"commit_staging"}


def test_a_disk_that_is_away_is_waited_for_as_long_as_it_takes(library: Library) -> None:
    target = _upload(library)
    away = library.folder().rename(library.folder().with_name("away"))
    for _ in range(50):
        library.work()
        library.clock.advance(minutes=5)
    assert library.states() == {"scheduled": 1}
    away.rename(library.folder())
    library.clock.advance(minutes=5)
    library.admin = library.api.login("admin")
    _is_whole(library, target)


def test_a_placed_file_on_a_disk_that_is_away_is_developed_later(library: Library) -> None:
    target = _upload(library)
    library.work("ingest_asset")
    away = library.folder().rename(library.folder().with_name("away"))
    library.work()
    assert library.states() == {"completed": 1, "scheduled": 1}
    away.rename(library.folder())
    library.clock.advance(minutes=5)
    _is_whole(library, target)


def test_a_file_that_cannot_be_placed_is_tried_again_and_never_thrown_away(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    _upload(library)

    def broken(folder: Path) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(placing, "flush_folder", broken)
        for _ in range(6):
            library.work()
            library.clock.advance(hours=1)
    assert library.states() == {"discarded": 1}
    library.clock.advance(days=60)
    with library.db.write() as tx:
        jobs.delete_finished(tx, library.clock())
    _crash(library)
    contents = [path.read_bytes() for path in library.folder().rglob("*") if path.is_file()]
    assert jpeg(1) in contents


def test_what_broke_off_is_swept_at_the_start_and_what_is_awaited_stays(
    library: Library,
) -> None:
    _upload(library)
    (awaited,) = _incoming(library)
    abandoned = awaited.with_name("0123456789abcdef0123456789abcdef")
    abandoned.write_bytes(b"half")
    placing.delete_abandoned(library.ctx)
    assert _incoming(library) == [awaited]


def test_a_folder_of_the_system_in_staging_does_not_stop_the_start(library: Library) -> None:
    (library.folder() / ".lumilio/staging/incoming/@eaDir").mkdir()
    placing.delete_abandoned(library.ctx)


def test_a_sweep_passes_over_a_disk_that_is_away(library: Library) -> None:
    target = _upload(library)
    away = library.folder().rename(library.folder().with_name("away"))
    placing.delete_abandoned(library.ctx)
    away.rename(library.folder())
    _is_whole(library, target)


def test_a_whole_upload_that_no_database_knows_is_set_aside_and_half_a_one_deleted(
    library: Library,
) -> None:
    staging = library.folder() / ".lumilio/staging"
    (staging / "incoming" / "half.part").write_bytes(b"all of")
    whole = staging / "incoming" / "whole"
    whole.write_bytes(b"all of it")
    # However long ago it came, it was missed by nobody until now.
    arrived = (library.clock() - timedelta(days=300)).timestamp()
    os.utime(whole, (arrived, arrived))

    placing.delete_abandoned(library.ctx)
    library.clock.advance(days=29)
    placing.delete_outdated(library.ctx)

    assert _incoming(library) == []
    assert [file.name for file in (staging / "failed").iterdir()] == ["whole"]
    library.clock.advance(days=2)
    placing.delete_outdated(library.ctx)
    assert list((staging / "failed").iterdir()) == []


def test_a_later_upload_of_a_name_keeps_its_place_while_an_earlier_one_is_being_moved(
    make_library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = make_library().set_up(duplicate_handling="overwrite")
    target = _upload(library, seed=1)
    earlier = _claimed(library)
    moved = placing._moved

    def overtaken(layout: Layout, staged: Path, place: Path) -> bool:
        monkeypatch.undo()
        assert _upload(library, seed=2) == target
        placing.place(library.ctx, _claimed(library))
        return moved(layout, staged, place)

    monkeypatch.setattr(placing, "_moved", overtaken)
    placing.place(library.ctx, earlier)
    library.work()
    assert target.read_bytes() == jpeg(2)
    assert list(target.parent.iterdir()) == [target]
    assert _incoming(library) == []
    (item,) = library.admin.page()["items"]
    assert library.folder() / item["asset"]["storage_path"] == target
    assert item["asset"]["processing"]["state"] == "complete"


def test_an_upload_that_was_given_up_is_tried_again_after_the_next_start(
    library: Library,
) -> None:
    target = _upload(library)
    job = _claimed(library)
    with library.db.write() as tx:
        jobs.fail(tx, job, "no room", library.clock(), final=True)
    _crash(library)
    _is_whole(library, target)
