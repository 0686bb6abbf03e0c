"""What is to be done with a file that has its place: which jobs, by its type."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from lumilio.db import Transaction
from lumilio.library import jobs
from lumilio.library.jobs import JobKind, NewJob
from lumilio.media.formats import MediaType

# One reading of a file gives facts and thumbnails alike.
_JOBS: dict[MediaType, tuple[JobKind, ...]] = {
    "PHOTO": (jobs.THUMBNAIL,),
    "VIDEO": (jobs.THUMBNAIL, jobs.TRANSCODE),
    "AUDIO": (jobs.METADATA, jobs.TRANSCODE),
}


class Develop(Struct, frozen=True):
    """Payload of the jobs of an asset, which says the rest."""


def queue(tx: Transaction, keys: Iterable[int], now: datetime) -> None:
    """Queue all work on these assets."""
    for key in keys:
        kind: MediaType = tx.value("SELECT type FROM assets WHERE id = ?", (key,))
        for job in _JOBS[kind]:
            jobs.enqueue(tx, NewJob(job, Develop(), asset_key=key), now)
