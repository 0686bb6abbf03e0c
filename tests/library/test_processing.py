"""The state of an asset follows from its steps."""

import pytest

from lumilio.library import processing
from tests.support.clock import START

M, T = processing.METADATA, processing.THUMBNAIL


def test_at_first_every_step_is_pending() -> None:
    status = processing.begin(START)
    assert status.state == "processing"
    assert status.message == "Processing 0 of 2 tasks (0 failed)"
    assert {task.state for task in (status.tasks or {}).values()} == {"pending"}


@pytest.mark.parametrize(
    ("outcomes", "state", "message"),
    [
        ({M: None, T: None}, "complete", "Asset processed successfully"),
        ({M: "bad", T: None}, "warning", "Asset processed with 1 failed task(s)"),
        ({M: "bad", T: "bad"}, "failed", "Asset processing failed"),
        ({M: None}, "processing", "Processing 1 of 2 tasks (0 failed)"),
        ({M: "bad"}, "processing", "Processing 1 of 2 tasks (1 failed)"),
    ],
)
def test_the_state_rolls_up(outcomes: dict[str, str | None], state: str, message: str) -> None:
    status = processing.after(processing.begin(START), outcomes, START)
    assert (status.state, status.message) == (state, message)
    assert {error.task for error in status.errors or []} == {
        task for task, reason in outcomes.items() if reason
    }


def test_a_step_that_succeeds_later_loses_its_error() -> None:
    failed = processing.after(processing.begin(START), {M: "bad", T: "bad"}, START)
    mended = processing.after(failed, {M: None, T: None}, START)
    assert mended.state == "complete"
    assert not mended.errors


def test_what_is_stored_is_read_again() -> None:
    status = processing.after(processing.begin(START), {M: "bad", T: None}, START)
    assert processing.decode(processing.encode(status)) == status


def test_failed_steps_wait_again_and_the_rest_stays() -> None:
    failed = processing.after(processing.begin(START), {M: None, T: "bad"}, START)
    again = processing.restarted(failed, (M, T), START)
    assert {name: task.state for name, task in (again.tasks or {}).items()} == {
        M: "complete",
        T: "pending",
    }
    assert (again.state, again.errors or []) == ("processing", [])
    assert processing.pending(again, (M, T)) == [T]


def test_steps_that_others_do_are_left_alone() -> None:
    failed = processing.after(processing.begin(START), {M: "bad", T: "bad"}, START)
    again = processing.restarted(failed, (T, "unknown"), START)
    assert [error.task for error in again.errors or []] == [M]
    assert processing.pending(again, (M, "unknown")) == []


def test_storing_is_tracked_only_while_it_has_failed() -> None:
    reasons = dict.fromkeys((processing.COMMIT_STAGING, M, T), "lost")
    failed = processing.after(processing.begin(START), reasons, START)
    again = processing.restarted(failed, tuple(reasons), START)
    assert again == processing.begin(START)
