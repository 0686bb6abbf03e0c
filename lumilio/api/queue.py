"""Figures about background jobs and ways to steer them, for administrators."""

from typing import Annotated

from msgspec import Meta, Struct

from lumilio.api.parameters import OutOfRange
from lumilio.api.typed import Router
from lumilio.errors import Conflict, NotFound
from lumilio.library import queue_control, queue_figures
from lumilio.library.context import Context
from lumilio.library.queue_control import JobStatus, QueueRetry, QueueStatus
from lumilio.library.queue_figures import JobStateCounts, QueueSummaryList

api = Router("queue", "Background jobs.", gate="after_role")


JobId = Annotated[int, Meta(ge=1, le=2**63 - 1)]


class SummaryOptions(Struct, frozen=True):
    """How much to tell."""

    error_limit: Annotated[
        int,
        Meta(ge=0, le=20, description="Failure samples for each queue; 0 leaves them out."),
        OutOfRange(below="default", above="clamp", invalid="default"),
    ] = 5


@api.get("/admin/river/queue-summary", role="admin")
def get_queue_summary(ctx: Context, query: SummaryOptions) -> QueueSummaryList:
    """Report activity and latest failures for every job queue."""
    return queue_figures.summary(ctx, query.error_limit)


@api.get("/admin/river/stats", role="admin")
def get_job_state_counts(ctx: Context) -> JobStateCounts:
    """Count background jobs per state."""
    return queue_figures.state_counts(ctx)


@api.post("/admin/river/jobs/{job_id}/retry", role="admin", errors=(NotFound, Conflict))
def retry_job(ctx: Context, job_id: JobId) -> JobStatus:
    """Try a failed or cancelled job again, with all its attempts."""
    return queue_control.retry(ctx, job_id)


@api.post("/admin/river/jobs/{job_id}/cancel", role="admin", errors=(NotFound, Conflict))
def cancel_job(ctx: Context, job_id: JobId) -> JobStatus:
    """Cancel a job that waits."""
    return queue_control.cancel(ctx, job_id)


@api.post("/admin/river/queues/{name}/pause", role="admin", errors=(NotFound,))
def pause_queue(ctx: Context, name: str) -> QueueStatus:
    """Pause a queue, across restarts; jobs that run already finish."""
    return queue_control.pause(ctx, name)


@api.post("/admin/river/queues/{name}/resume", role="admin", errors=(NotFound,))
def resume_queue(ctx: Context, name: str) -> QueueStatus:
    """Let a paused queue go on."""
    return queue_control.resume(ctx, name)


@api.post("/admin/river/queues/{name}/retry", role="admin", errors=(NotFound,))
def retry_queue(ctx: Context, name: str) -> QueueRetry:
    """Try all failed jobs of a queue again; cancelled ones stay cancelled."""
    return queue_control.retry_all(ctx, name)
