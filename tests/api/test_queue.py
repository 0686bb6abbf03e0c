"""Figures about jobs: exact numbers, order and failure samples."""

from typing import Any

import pytest

from lumilio.db import to_microseconds
from tests.support.clock import START
from tests.support.library import Library
from tests.support.photos import jpeg

NOW = to_microseconds(START)
SECOND = 1_000_000
QUEUES = {
    "ingest_asset",
    "delete_assets",
    "discover_asset",
    "metadata_asset",
    "thumbnail_asset",
    "transcode_asset",
    "retry_asset",
    "reindex_assets",
    "rebuild_location_clusters",
    "scan_repository",
    "detect_stacks",
    "match_live_photo",
    "process_semantic",
    "process_bioclip",
    "process_ocr",
    "process_face",
    "classify_zeroshot",
    "process_phash",
}


def _job(library: Library, queue: str, state: str, **columns: Any) -> None:
    row = {
        "kind": queue,
        "queue": queue,
        "state": state,
        "attempt": 1,
        "max_attempts": 5,
        "payload": "{}",
        "created_at": NOW,
        "scheduled_at": NOW,
    } | columns
    marks = ", ".join("?" * len(row))
    library.run(f"INSERT INTO jobs ({', '.join(row)}) VALUES ({marks})", *row.values())


def _summary(library: Library, **query: Any) -> dict[str, dict[str, Any]]:
    answer = library.admin.ok("GET", "/admin/river/queue-summary", params=query)
    return {queue["name"]: queue for queue in answer["queues"]}


def test_counts_are_zero_in_every_state_at_first(library: Library) -> None:
    states = [
        "available",
        "scheduled",
        "running",
        "retryable",
        "completed",
        "cancelled",
        "discarded",
    ]
    assert library.admin.ok("GET", "/admin/river/stats") == dict.fromkeys(states, 0)


def test_counts_follow_the_jobs(library: Library) -> None:
    library.admin.uploaded("a.jpg", jpeg(1))
    assert library.admin.ok("GET", "/admin/river/stats")["available"] == 1
    library.work()
    counts = library.admin.ok("GET", "/admin/river/stats")
    assert (counts["available"], counts["completed"]) == (0, 2)


def test_every_known_queue_is_told_also_an_empty_one(library: Library) -> None:
    summary = _summary(library)
    assert set(summary) == QUEUES
    assert summary["process_ocr"] == {
        "name": "process_ocr",
        "total_jobs": 0,
        "processed_jobs": 0,
        "remaining_jobs": 0,
        "running_jobs": 0,
        "attention_jobs": 0,
    }


def test_a_queue_that_only_its_jobs_know_is_told_too(library: Library) -> None:
    _job(library, "from_the_past", "completed", finalized_at=NOW, attempted_at=NOW)
    assert _summary(library)["from_the_past"]["processed_jobs"] == 1


def test_the_figures_of_a_queue_are_exact(library: Library) -> None:
    queue = "thumbnail_asset"
    _job(library, queue, "completed", attempted_at=NOW + SECOND, finalized_at=NOW + 3 * SECOND)
    _job(library, queue, "completed", attempted_at=NOW + SECOND, finalized_at=NOW + 2 * SECOND)
    _job(library, queue, "available", created_at=NOW - 5 * SECOND)
    _job(library, queue, "scheduled")
    _job(library, queue, "running", attempted_at=NOW + 9 * SECOND)
    _job(library, queue, "running", attempted_at=NOW)
    _job(library, queue, "retryable", attempted_at=NOW)
    _job(library, queue, "cancelled", finalized_at=NOW + SECOND, attempted_at=NOW)
    _job(library, queue, "discarded", finalized_at=NOW + 4 * SECOND, attempted_at=NOW)
    figures = _summary(library, error_limit=0)[queue]
    assert figures == {
        "name": queue,
        "total_jobs": 9,
        "processed_jobs": 2,
        "remaining_jobs": 5,
        "running_jobs": 2,
        "attention_jobs": 3,
        "average_latency_ms": 2500,
        "average_runtime_ms": 2000,
        "oldest_remaining_at": "2031-07-04T09:14:55.123456Z",
        "latest_activity_at": "2031-07-04T09:15:09.123456Z",
    }


def test_the_latest_activity_of_a_waiting_job_is_its_schedule(library: Library) -> None:
    _job(library, "process_ocr", "scheduled", scheduled_at=NOW + 60 * SECOND)
    latest = _summary(library)["process_ocr"]["latest_activity_at"]
    assert latest == "2031-07-04T09:16:00.123456Z"


def test_queues_are_ordered_by_need_then_work_then_activity_then_name(library: Library) -> None:
    _job(library, "process_face", "discarded", finalized_at=NOW, attempted_at=NOW)
    for _ in range(2):
        _job(library, "scan_repository", "retryable", attempted_at=NOW)
    for _ in range(3):
        _job(library, "retry_asset", "available")
    _job(library, "ingest_asset", "completed", attempted_at=NOW, finalized_at=NOW + SECOND)
    _job(library, "discover_asset", "completed", attempted_at=NOW, finalized_at=NOW)
    names = list(_summary(library))
    expected = ["scan_repository", "process_face", "retry_asset", "ingest_asset", "discover_asset"]
    assert names[:5] == expected
    assert names[5:] == sorted(QUEUES - set(expected))


def test_samples_are_the_newest_attempts_that_need_attention(library: Library) -> None:
    for number in range(1, 30):
        _job(
            library,
            "thumbnail_asset",
            "discarded" if number % 2 else "retryable",
            attempt=number,
            attempted_at=NOW + number * SECOND,
            last_error=f"broken {number}",
        )
    _job(library, "thumbnail_asset", "completed", attempted_at=NOW * 2, finalized_at=NOW * 2)
    _job(library, "thumbnail_asset", "cancelled", attempt=0, finalized_at=NOW)
    samples = _summary(library, error_limit=3)["thumbnail_asset"]["error_samples"]
    assert [sample["attempt"] for sample in samples] == [29, 28, 27]
    assert samples[0] == {
        "job_id": samples[0]["job_id"],
        "kind": "thumbnail_asset",
        "state": "discarded",
        "attempt": 29,
        "max_attempts": 5,
        "last_error": "broken 29",
        "created_at": "2031-07-04T09:15:00.123456Z",
        "scheduled_at": "2031-07-04T09:15:00.123456Z",
        "attempted_at": "2031-07-04T09:15:29.123456Z",
    }


@pytest.mark.parametrize(
    ("limit", "samples"),
    [
        (None, 5),
        ("", 5),
        ("0", 0),
        ("1", 1),
        ("20", 20),
        ("21", 20),
        ("1000000000000000000000", 20),
        ("-1", 5),
        ("x", 5),
        ("2.5", 5),
    ],
)
def test_the_number_of_samples_falls_back_or_is_clamped(
    library: Library, limit: str | None, samples: int
) -> None:
    for _ in range(25):
        _job(library, "process_ocr", "discarded", attempted_at=NOW, finalized_at=NOW)
    query = {} if limit is None else {"error_limit": limit}
    assert len(_summary(library, **query)["process_ocr"].get("error_samples", [])) == samples


def test_the_summary_says_when_it_was_made(library: Library) -> None:
    answer = library.admin.ok("GET", "/admin/river/queue-summary")
    assert answer["generated_at"] == "2031-07-04T09:15:00.123456Z"


def test_a_job_that_failed_says_why_to_the_administrator(library: Library) -> None:
    content = b"\xff\xd8\xff this is no picture"
    asset_id = library.admin.uploaded("a.jpg", content)["asset_id"]
    library.work()
    figures = _summary(library)["thumbnail_asset"]
    assert figures["attention_jobs"] == 1
    assert "The " in figures["error_samples"][0]["last_error"]
    assert figures["error_samples"][0]["asset_id"] == asset_id
