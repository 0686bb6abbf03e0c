"""A clock that is set is noticed, and nothing waits or goes because of it."""

from datetime import timedelta

import pytest

from lumilio.library import jobs
from lumilio.pipeline.clock_watch import ClockWatch
from tests.support.batches import progress, send_chunk, split
from tests.support.clock import FakeClock
from tests.support.library import Library
from tests.support.photos import jpeg


class Time:
    """A clock that can be set, and one that cannot."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def passes(self, seconds: float) -> None:
        self.seconds += seconds
        self.clock.advance(seconds=seconds)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def watch(time: Time) -> ClockWatch:
    return ClockWatch(time.clock, time.monotonic)


def test_a_clock_that_runs_was_not_set(time: Time, watch: ClockWatch) -> None:
    for seconds in (0.1, 10, 86_400):
        time.passes(seconds)
        # It may be corrected a little.
        time.clock.advance(milliseconds=700)
        assert not watch.was_set()


@pytest.mark.parametrize("jump", [timedelta(minutes=1), timedelta(days=-700), timedelta(days=3000)])
def test_a_jump_is_noticed_once(time: Time, watch: ClockWatch, jump: timedelta) -> None:
    time.passes(10)
    time.clock.now += jump
    assert watch.was_set()
    time.passes(10)
    assert not watch.was_set()


def test_a_clock_is_steady_ten_minutes_after_the_start_and_after_each_jump(
    time: Time, watch: ClockWatch
) -> None:
    assert not watch.is_steady
    time.passes(600)
    assert not watch.was_set()
    assert watch.is_steady
    time.clock.advance(days=400)
    assert watch.was_set()
    assert not watch.is_steady
    time.passes(599)
    assert not watch.is_steady
    time.passes(1)
    assert watch.is_steady


def test_chunks_and_sign_ins_outlive_a_clock_that_was_wrong_for_a_moment(
    library: Library, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = split(jpeg(1), 2)
    send_chunk(library.admin, "s", 0, pieces)
    watch = ClockWatch(library.clock, time.monotonic)
    monkeypatch.setattr(library.dispatcher, "_watch", watch)
    time.seconds += 660
    library.clock.advance(minutes=11, days=400)

    library.dispatcher._heed_clock()
    library.dispatcher._tidy()

    library.clock.advance(days=-400)
    library.dispatcher._heed_clock()
    (session,) = progress(library.admin, "s")["sessions"]
    assert session["received"] == [0]
    assert send_chunk(library.admin, "s", 1, pieces)["status"] == "processing"


def test_what_is_old_by_a_steady_clock_is_deleted(
    library: Library, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_chunk(library.admin, "s", 0, split(jpeg(1), 2))
    monkeypatch.setattr(library.dispatcher, "_watch", ClockWatch(library.clock, time.monotonic))
    time.seconds += 25 * 3600
    library.clock.advance(hours=25)
    library.dispatcher._heed_clock()
    library.dispatcher._tidy()
    assert library.value("SELECT count(*) FROM upload_sessions") == 0


@pytest.mark.parametrize("jump", [{"minutes": 5}, {"days": 4000}])
def test_a_job_from_the_future_runs_at_once_when_the_clock_is_put_back(
    library: Library, jump: dict[str, float]
) -> None:
    library.clock.advance(**jump)
    library.api.login("admin").uploaded("a.jpg", jpeg(1))
    library.clock.advance(**{name: -amount for name, amount in jump.items()})
    assert library.work() == 0

    with library.db.write() as tx:
        assert jobs.bring_forward(tx, library.clock()) == 1

    assert library.work() == 2


def test_a_repeated_attempt_waits_its_time_and_no_longer(library: Library) -> None:
    library.admin.uploaded("a.jpg", jpeg(1))
    (job_id,) = library.due()
    with library.db.write() as tx:
        (job,) = jobs.claim(tx, [job_id], library.clock())
        jobs.fail(tx, job, "broken", library.clock())
        assert jobs.bring_forward(tx, library.clock()) == 0
        assert jobs.bring_forward(tx, library.clock() - timedelta(minutes=1)) == 1
    assert library.value("SELECT state FROM jobs") == "retryable"


def test_a_job_that_was_put_off_waits_its_time_and_no_longer(library: Library) -> None:
    library.admin.uploaded("a.jpg", jpeg(1))
    (job_id,) = library.due()
    with library.db.write() as tx:
        (job,) = jobs.claim(tx, [job_id], library.clock())
        jobs.postpone(tx, job, jobs.LONGEST_DELAY, "away", library.clock())
        assert jobs.bring_forward(tx, library.clock()) == 0
        assert jobs.bring_forward(tx, library.clock() - timedelta(minutes=1)) == 1
