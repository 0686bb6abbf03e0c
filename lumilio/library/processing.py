"""The processing state of an asset: which steps are done, which failed, and in what words."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.library.users import Instant
from lumilio.media.formats import MediaType

TaskState = Literal["pending", "processing", "complete", "failed"]

METADATA = "metadata_asset"
THUMBNAIL = "thumbnail_asset"
TRANSCODE = "transcode_asset"
COMMIT_STAGING = "commit_staging"
PHOTO_TASKS = (METADATA, THUMBNAIL)
TASKS: dict[MediaType, tuple[str, ...]] = {
    "PHOTO": PHOTO_TASKS,
    "VIDEO": (METADATA, THUMBNAIL, TRANSCODE),
    "AUDIO": (METADATA, TRANSCODE),
}


class AssetTaskStatus(Struct, omit_defaults=True):
    """One tracked step."""

    state: TaskState
    updated_at: Instant
    message: str | UnsetType = UNSET


class AssetProcessingError(Struct, omit_defaults=True):
    """Why a step failed."""

    task: str
    error: str
    time: Instant | UnsetType = UNSET


class AssetProcessingStatus(Struct, omit_defaults=True):
    """The whole state; `state` and `message` follow from the steps."""

    state: Literal["processing", "complete", "warning", "failed"]
    message: str
    updated_at: Instant
    errors: list[AssetProcessingError] | UnsetType = UNSET
    tasks: Annotated[
        dict[str, AssetTaskStatus] | UnsetType, Meta(description="Keyed by step name.")
    ] = UNSET


def begin(now: datetime, tasks: tuple[str, ...] = PHOTO_TASKS) -> AssetProcessingStatus:
    """The state of an asset none of whose steps has run."""
    return _rolled_up({task: AssetTaskStatus("pending", now) for task in tasks}, [], now)


def after(
    status: AssetProcessingStatus, outcomes: dict[str, str | None], now: datetime
) -> AssetProcessingStatus:
    """The state once steps have ended: each outcome is None for success or the reason it failed."""
    tasks = dict(status.tasks or {})
    errors = [error for error in status.errors or [] if error.task not in outcomes]
    for task, reason in outcomes.items():
        tasks[task] = AssetTaskStatus("failed" if reason else "complete", now)
        if reason:
            errors.append(AssetProcessingError(task, reason, now))
    return _rolled_up(tasks, errors, now)


def pending(status: AssetProcessingStatus, steps: tuple[str, ...]) -> list[str]:
    """Which of these steps still wait for their turn."""
    tasks = status.tasks or {}
    return [step for step in steps if step in tasks and tasks[step].state == "pending"]


def tracked(status: AssetProcessingStatus, steps: tuple[str, ...]) -> list[str]:
    """Which of these steps an asset of its type has; that it was stored is everyone's."""
    return [step for step in steps if step in (status.tasks or {}) or step == COMMIT_STAGING]


def restarted(
    status: AssetProcessingStatus, steps: tuple[str, ...], now: datetime
) -> AssetProcessingStatus:
    """The state when those of these steps that failed are to be done again."""
    tasks = status.tasks or {}
    failed = tuple(step for step in steps if step in tasks and tasks[step].state == "failed")
    return reset(status, failed, now)


def reset(
    status: AssetProcessingStatus, steps: tuple[str, ...], now: datetime
) -> AssetProcessingStatus:
    """The state when these steps are to be done again, whatever has become of them."""
    tasks = dict(status.tasks or {}) | {step: AssetTaskStatus("pending", now) for step in steps}
    if COMMIT_STAGING in steps:
        # Only its failure is tracked.
        del tasks[COMMIT_STAGING]
    errors = [error for error in status.errors or [] if error.task not in steps]
    return _rolled_up(tasks, errors, now)


def encode(status: AssetProcessingStatus) -> str:
    """The state as stored."""
    return msgspec.json.encode(status).decode()


def decode(text: str) -> AssetProcessingStatus:
    """The state from its stored form."""
    return msgspec.json.decode(text, type=AssetProcessingStatus)


def _rolled_up(
    tasks: dict[str, AssetTaskStatus], errors: list[AssetProcessingError], now: datetime
) -> AssetProcessingStatus:
    states = [task.state for task in tasks.values()]
    failed = states.count("failed")
    done = failed + states.count("complete")
    if done < len(states):
        message = f"Processing {done} of {len(states)} tasks ({failed} failed)"
        state: Literal["processing", "complete", "warning", "failed"] = "processing"
    elif failed == len(states) and failed:
        state, message = "failed", "Asset processing failed"
    elif failed:
        state, message = "warning", f"Asset processed with {failed} failed task(s)"
    else:
        state, message = "complete", "Asset processed successfully"
    return AssetProcessingStatus(state, message, now, errors or UNSET, tasks)
