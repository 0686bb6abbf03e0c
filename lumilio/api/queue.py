"""Figures about background jobs, for administrators."""

from typing import Annotated

from msgspec import Meta, Struct

from lumilio.api.parameters import OutOfRange
from lumilio.api.typed import Router
from lumilio.library import queue_figures
from lumilio.library.context import Context
from lumilio.library.queue_figures import JobStateCounts, QueueSummaryList

api = Router("queue", "Background jobs.", gate="after_role")


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
