"""What commits are told as: which rows, to whom, and when there are too many to name."""

from pathlib import Path

import pytest
from msgspec import UNSET

from lumilio.db import json_array
from lumilio.library import events, jobs, repositories
from lumilio.library.context import SYSTEM, Principal
from lumilio.library.events import (
    MOST_NAMED,
    AlbumsChanged,
    AssetsChanged,
    Found,
    JobsChanged,
    RepositoriesChanged,
)
from tests.support.library import Library
from tests.support.motion import live_still, live_video
from tests.support.photos import STARTS

SOMEBODY = Principal(user_id=99, username="somebody", role="user")


@pytest.fixture
def found(library: Library) -> Found:
    """Collects what is committed from here on."""
    found = Found()
    library.db.observe(found.add)
    return found


def _told(library: Library, found: Found, principal: Principal = SYSTEM) -> dict[str, object]:
    told = events.told(library.ctx.acting_as(principal), found)
    return {events.name_of(event): event for event in told}


def test_nothing_is_told_of_nothing(library: Library, found: Found) -> None:
    assert _told(library, found) == {}


def test_what_no_event_speaks_of_is_not_kept(library: Library, found: Found) -> None:
    library.admin.login("admin")
    assert found.keys == {}


def test_an_asset_is_named_once_however_often_it_changed(library: Library, found: Found) -> None:
    asset_id = library.add_asset()
    library.run("UPDATE assets SET rating = 5")
    told = _told(library, found)["assets"]
    assert isinstance(told, AssetsChanged)
    assert [change.asset_id for change in told.changed] == [asset_id]


def test_an_asset_in_the_trash_is_told_as_deleted(library: Library, found: Found) -> None:
    library.add_asset(deleted_at=1, deleted_reason="trashed")
    told = _told(library, found)["assets"]
    assert isinstance(told, AssetsChanged)
    assert [change.is_deleted for change in told.changed] == [True]


def test_an_album_is_told_to_its_owner_whenever_it_or_what_it_holds_changes(
    library: Library, found: Found
) -> None:
    album_id = library.admin.ok("POST", "/albums", {"album_name": "Summer"})["album_id"]
    asset_id = str(library.add_asset())
    found.keys.clear()
    body = {"asset_ids": [asset_id]}
    for method in ("POST", "DELETE"):
        library.admin.ok(method, f"/albums/{album_id}/assets", body)
        told = _told(library, found)["albums"]
        assert isinstance(told, AlbumsChanged)
        assert told.changed == [album_id]
        assert "albums" not in _told(library, found, SOMEBODY)
        found.keys.clear()
    library.admin.ok("DELETE", f"/albums/{album_id}")
    told = _told(library, found, SOMEBODY)["albums"]
    assert isinstance(told, AlbumsChanged)
    assert told.changed == [album_id]


def test_what_was_rolled_back_is_not_told(library: Library, found: Found) -> None:
    def fail() -> None:
        with library.db.write() as tx:
            tx.run("UPDATE repositories SET name = 'x'")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert found.keys == {}


def test_as_many_as_can_be_named_are_named(library: Library, found: Found) -> None:
    for number in range(MOST_NAMED):
        library.add_asset(f"{number}.jpg")
    told = _told(library, found)["assets"]
    assert isinstance(told, AssetsChanged)
    assert len(told.changed) == MOST_NAMED
    assert not told.truncated
    library.add_asset("one more.jpg")
    assert _told(library, found)["assets"] == AssetsChanged([], truncated=True)


def test_too_many_stay_too_many(found: Found) -> None:
    found.add({"assets": range(MOST_NAMED + 1)})
    found.add({"assets": [1]})
    assert found.keys == {"assets": None}


def test_ownerless_assets_are_told_to_everybody(library: Library, found: Found) -> None:
    library.add_asset()
    assert "assets" not in _told(library, found, SOMEBODY)
    library.add_asset("b.jpg", owner_id=None)
    told = _told(library, found, SOMEBODY)["assets"]
    assert isinstance(told, AssetsChanged)
    assert len(told.changed) == 1


def test_everybody_learns_to_look_again_when_a_disk_goes_or_comes(
    library: Library, found: Found
) -> None:
    repositories.announce(library.ctx)
    for principal in (SYSTEM, SOMEBODY):
        told = _told(library, found, principal)
        assert told == {
            "assets": AssetsChanged([], truncated=True),
            "repositories": RepositoriesChanged([], truncated=True),
        }


def test_the_still_of_a_live_photo_is_told_when_its_video_comes(
    library: Library, tmp_path: Path
) -> None:
    for seed, identifier in enumerate(("A-1", "B-2")):
        library.admin.uploaded(f"{identifier}.jpg", live_still(identifier, seed))
    library.work()
    found = Found()
    library.db.observe(found.add)
    video = live_video(tmp_path / "a.mov", "A-1").read_bytes()
    library.admin.uploaded("a.mov", video)
    library.work()
    names = library.values(
        "SELECT original_filename FROM assets WHERE id IN (SELECT value FROM json_each(?))",
        json_array(found.keys["assets"] or ()),
    )
    assert sorted(names) == ["A-1.jpg", "a.mov"]


def test_which_repository_changed_is_told_to_administrators(library: Library, found: Found) -> None:
    library.run("UPDATE repositories SET name = 'x'")
    changed = _told(library, found)["repositories"]
    assert changed == RepositoriesChanged([library.stored().id], truncated=False)
    assert _told(library, found, SOMEBODY)["repositories"] == RepositoriesChanged(
        [], truncated=True
    )


def test_assets_of_an_unregistered_repository_are_not_told(library: Library) -> None:
    other = library.admin.ok("POST", "/repositories", {"name": "Other"})["repository"]
    library.add_asset(repository_id=library.stored(other).key)
    found = Found()
    library.db.observe(found.add)
    library.run("UPDATE assets SET rating = 1")
    library.admin.ok("DELETE", f"/repositories/{other['id']}")
    found.keys.pop("repositories")
    assert _told(library, found) == {}


def test_jobs_without_an_asset_are_for_administrators(library: Library, found: Found) -> None:
    library.admin.ok("POST", f"/repositories/{library.primary['id']}/scan")
    assert "jobs" in _told(library, found)
    assert _told(library, found, SOMEBODY) == {}


def test_the_progress_of_a_job_is_told_while_it_runs(library: Library, found: Found) -> None:
    library.admin.uploaded("a.mp4", STARTS["mp4"])
    library.work("ingest_asset")
    job_id = library.value("SELECT id FROM jobs WHERE kind = 'transcode_asset'")
    with library.db.write() as tx:
        assert not jobs.note_progress(tx, job_id, 0.1)
        tx.run("UPDATE jobs SET state = 'running' WHERE id = ?", (job_id,))
        assert jobs.note_progress(tx, job_id, 0.4)
    assert _progress(library, found, job_id) == 0.4
    with library.db.write() as tx:
        jobs.complete(tx, job_id, library.clock())
    assert _progress(library, found, job_id) is UNSET


def _progress(library: Library, found: Found, job_id: int) -> object:
    told = _told(library, found)["jobs"]
    assert isinstance(told, JobsChanged)
    return next(change.progress for change in told.changed if change.job_id == job_id)
