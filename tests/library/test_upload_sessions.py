"""Upload sessions: killed at every step, left alone, and fed in any order."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import blake3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumilio.db import from_microseconds
from lumilio.library import jobs, merging, placing
from lumilio.media.pool import DecodePool
from tests.conftest import Running
from tests.support.api import Api
from tests.support.batches import chunk, progress, send, send_chunk, split
from tests.support.library import Library
from tests.support.photos import STARTS, jpeg
from tests.support.waiting import wait_until

CONTENT = jpeg(1, (64, 64))
PIECES = split(CONTENT, 3)


def _staged(library: Library) -> list[Path]:
    return sorted((library.folder() / ".lumilio/staging/incoming").iterdir())


def _session(library: Library, session_id: str = "s") -> dict[str, Any]:
    (session,) = progress(library.admin, session_id)["sessions"]
    return session  # type: ignore[no-any-return]


def _crash(library: Library) -> None:
    """The process dies and starts again."""
    with library.db.write() as tx:
        jobs.recover(tx)
    placing.delete_abandoned(library.ctx)


def _is_whole(library: Library) -> None:
    library.work()
    originals = [p for p in (library.folder() / "inbox").rglob("*") if p.is_file()]
    assert [path.read_bytes() for path in originals] == [CONTENT]
    assert library.value("SELECT count(*) FROM assets") == 1
    _crash(library)
    assert _staged(library) == []


@pytest.fixture
def unmerged(library: Library, monkeypatch: pytest.MonkeyPatch) -> Library:
    """All chunks of a file are there, and the process died before it merged them."""

    def dies(*_: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(merging, "finish", dies)
        for index in (2, 0, 1):
            send_chunk(library.admin, "s", index, PIECES)
    assert _session(library)["status"] == "merging"
    assert len(_staged(library)) == 3
    return library


def test_a_chunk_without_a_row_is_swept_and_those_of_open_sessions_stay(library: Library) -> None:
    for index in (0, 2):
        send_chunk(library.admin, "s", index, PIECES)
    kept = _staged(library)
    kept[0].with_name("0123456789abcdef0123456789abcdef").write_bytes(PIECES[1])
    _crash(library)
    assert _staged(library) == kept
    assert _session(library)["received"] == [0, 2]
    assert send_chunk(library.admin, "s", 1, PIECES)["status"] == "processing"
    _is_whole(library)


@pytest.mark.parametrize("damage", ["gone", "short"])
def test_a_chunk_whose_file_is_lost_is_asked_for_again(library: Library, damage: str) -> None:
    send_chunk(library.admin, "s", 1, PIECES)
    (lost,) = _staged(library)
    if damage == "gone":
        lost.unlink()
    else:
        lost.write_bytes(PIECES[1][:-1])
    send_chunk(library.admin, "s", 0, PIECES)
    result = send_chunk(library.admin, "s", 2, PIECES)
    assert not result["success"]
    assert result["error"] == "Parts of this upload were lost; please send chunks 1 again"
    session = _session(library)
    assert (session["status"], session["received"]) == ("failed", [0, 2])
    assert send_chunk(library.admin, "s", 1, PIECES)["status"] == "processing"
    _is_whole(library)


def test_what_was_complete_when_the_process_died_is_merged_by_the_next(unmerged: Library) -> None:
    _staged(unmerged)[0].with_name("fedcba9876543210fedcba9876543210").write_bytes(CONTENT[:100])
    _crash(unmerged)
    assert len(_staged(unmerged)) == 3
    unmerged.dispatcher._tidy()
    session = _session(unmerged)
    assert (session["status"], session["bytes_total"]) == ("completed", len(CONTENT))
    owner = unmerged.value("SELECT owner_id FROM assets")
    assert owner == unmerged.admin.user_id
    _is_whole(unmerged)


def test_what_was_complete_when_the_process_died_is_merged_with_any_chunk(
    unmerged: Library,
) -> None:
    _crash(unmerged)
    assert send_chunk(unmerged.admin, "s", 0, PIECES)["status"] == "processing"
    _is_whole(unmerged)


def test_a_merge_waits_for_a_disk_that_is_away_however_long(unmerged: Library) -> None:
    away = unmerged.folder().rename(unmerged.folder().with_name("away"))
    unmerged.clock.advance(days=3)
    unmerged.dispatcher._tidy()
    assert unmerged.value("SELECT status FROM upload_sessions") == "merging"
    away.rename(unmerged.folder())
    unmerged.dispatcher._tidy()
    assert unmerged.value("SELECT status FROM upload_sessions") == "completed"
    _is_whole(unmerged)


def test_a_merge_that_cannot_succeed_is_recorded_and_does_not_stop_the_others(
    unmerged: Library,
) -> None:
    _staged(unmerged)[0].unlink()
    unmerged.run(
        "INSERT INTO upload_sessions (session_id, owner_id, repository_id, file_name,"
        " total_chunks, status, created_at, last_activity)"
        " SELECT 'none', owner_id, repository_id, 'b.jpg', 1, 'merging', 1, 1 FROM upload_sessions"
    )
    merging.finish_interrupted(unmerged.ctx)
    assert _session(unmerged)["status"] == "failed"


def test_a_crash_after_admission_leaves_no_chunks_and_no_second_asset(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(merging, "_delete", lambda files: None)
        results = [send_chunk(library.admin, "s", index, PIECES) for index in range(3)]
    assert len(_staged(library)) == 4
    _crash(library)
    assert len(_staged(library)) == 1
    assert send_chunk(library.admin, "s", 2, PIECES) == results[2]
    _is_whole(library)


def test_admission_and_completion_are_one_transaction(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("lumilio.library.upload_sessions.complete", dies)
        for index in range(3):
            send_chunk(library.admin, "s", index, PIECES)
    assert library.value("SELECT count(*) FROM assets") == 0
    assert library.value("SELECT count(*) FROM jobs") == 0
    assert _session(library)["received"] == [0, 1, 2]
    assert send_chunk(library.admin, "s", 1, PIECES)["status"] == "processing"
    _is_whole(library)


def test_an_idle_session_is_forgotten_after_a_day_with_its_chunks(library: Library) -> None:
    send_chunk(library.admin, "s", 0, PIECES)
    library.clock.advance(hours=20)
    admin = library.admin = library.api.login("admin")
    send_chunk(admin, "s", 1, PIECES)
    library.clock.advance(hours=24)
    library.dispatcher.delete_outdated()
    library.admin = library.api.login("admin")
    assert _session(library)["received"] == [0, 1]
    assert len(_staged(library)) == 2
    library.clock.advance(seconds=1)
    library.dispatcher.delete_outdated()
    assert _staged(library) == []
    assert progress(library.admin, "s")["sessions"] == []
    assert library.value("SELECT count(*) FROM upload_chunks") == 0
    # Whoever comes too late begins anew.
    result = send_chunk(library.admin, "s", 2, PIECES)
    assert result["message"] == "Upload in progress: 33.3% complete"


def test_a_completed_session_is_forgotten_after_an_hour(library: Library) -> None:
    for index in range(3):
        send_chunk(library.admin, "s", index, PIECES)
    library.clock.advance(hours=1)
    library.dispatcher.delete_outdated()
    library.admin = library.api.login("admin")
    assert _session(library)["status"] == "completed"
    library.clock.advance(seconds=1)
    library.dispatcher.delete_outdated()
    assert progress(library.admin, "s")["sessions"] == []
    _is_whole(library)


def test_the_files_of_expired_sessions_on_a_disk_that_was_away_go_with_the_next_start(
    library: Library,
) -> None:
    send_chunk(library.admin, "s", 0, PIECES)
    away = library.folder().rename(library.folder().with_name("away"))
    library.clock.advance(hours=25)
    library.dispatcher.delete_outdated()
    away.rename(library.folder())
    assert len(_staged(library)) == 1
    _crash(library)
    assert _staged(library) == []


def test_last_activity_follows_the_chunks(library: Library) -> None:
    send_chunk(library.admin, "s", 0, PIECES)
    library.clock.advance(minutes=5)
    send_chunk(library.admin, "s", 0, PIECES)
    at = library.value("SELECT last_activity FROM upload_sessions")
    assert from_microseconds(at) == library.clock()


def test_a_start_believes_no_clock_and_sweeps_no_session(
    make_running: Callable[..., Running],
) -> None:
    first = make_running()
    admin = first.api.register("admin")
    folder = Path(admin.create_primary()["path"])
    send_chunk(admin, "old", 0, PIECES)
    send_chunk(admin, "s", 1, PIECES)
    with first.app.ctx.db.write() as tx:
        tx.run("UPDATE upload_sessions SET last_activity = 0 WHERE session_id = 'old'")
    first.stop()
    second = make_running()
    admin = Api(second.http, admin.session)
    assert [session["session_id"] for session in progress(admin)["sessions"]] == ["old", "s"]
    assert len(list((folder / ".lumilio/staging/incoming").iterdir())) == 2
    for index in (0, 2):
        send_chunk(admin, "s", index, PIECES)
    wait_until(lambda: [p for p in (folder / "inbox").rglob("*.jpg") if p.read_bytes() == CONTENT])


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, pool: DecodePool) -> Iterator[Library]:
    """One library for all examples; each uses sessions and content of its own."""
    library = Library(tmp_path_factory.mktemp("orders"), pool).set_up(storage_strategy="flat")
    yield library
    library.close()


@st.composite
def _deliveries(draw: st.DrawFn) -> tuple[list[bytes], list[int]]:
    """Pieces of a file, and the order in which they arrive, some of them repeatedly."""
    pieces = draw(st.lists(st.binary(max_size=40), min_size=1, max_size=9))
    indexes = list(range(len(pieces)))
    repeated = draw(st.lists(st.sampled_from(indexes), max_size=6))
    return pieces, draw(st.permutations(indexes + repeated))


@given(_deliveries(), st.integers(0, 12), st.integers(1, 4))
@settings(max_examples=60)
def test_chunks_in_any_order_make_the_file(
    shared: Library, delivery: tuple[list[bytes], list[int]], crash_at: int, together: int
) -> None:
    pieces, order = delivery
    session = f"s{shared.value('SELECT count(*) FROM upload_sessions')}"
    # The examples must differ for each to be an asset of its own.
    pieces = [STARTS["jpg"] + session.encode() + pieces[0], *pieces[1:]]
    seen: set[int] = set()
    for at in range(0, len(order), together):
        if at <= crash_at < at + together:
            _crash(shared)
        indexes = order[at : at + together]
        parts = [chunk(session, i, len(pieces), pieces[i], f"{session}.jpg") for i in indexes]
        for index, result in zip(indexes, send(shared.admin, *parts), strict=True):
            seen.add(index)
            assert result["success"]
            assert (result["status"] == "processing") == (len(seen) == len(pieces))
        assert _session(shared, session)["received"] == sorted(seen)
    shared.work("ingest_asset")
    content = b"".join(pieces)
    assert result["content_hash"] == blake3.blake3(content).hexdigest()
    assert (shared.folder() / "inbox" / f"{session}.jpg").read_bytes() == content
    assert _staged(shared) == []
