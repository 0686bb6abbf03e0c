"""What commits mean to one account: changed assets, albums, jobs, scans, uploads, repositories."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.db import Connection, json_array
from lumilio.library import scans, upload_progress
from lumilio.library.assets import LISTED
from lumilio.library.context import Context
from lumilio.library.scans import ScanRun
from lumilio.library.upload_progress import UploadSessionProgress

# More rows than this are not named one by one.
MOST_NAMED = 200

Truncated = Annotated[
    bool, Meta(description="More changed than is named here: load again what is shown.")
]


class AssetChange(Struct):
    """An asset that was added, developed, changed, or left the lists."""

    asset_id: UUID
    repository_id: UUID
    state: Literal["processing", "complete", "warning", "failed"]
    is_deleted: bool


class AssetsChanged(Struct, tag_field="type", tag="assets"):
    """The event `assets`."""

    changed: list[AssetChange]
    truncated: Truncated


class JobChange(Struct, omit_defaults=True):
    """A job that was queued, began or ended."""

    job_id: int
    kind: str
    state: Literal[
        "available", "scheduled", "running", "retryable", "completed", "cancelled", "discarded"
    ]
    attempt: int
    asset_id: UUID | UnsetType = UNSET
    progress: (
        Annotated[float, Meta(ge=0, le=1, description="The part done, where a job can tell.")]
        | UnsetType
    ) = UNSET


class JobsChanged(Struct, tag_field="type", tag="jobs"):
    """The event `jobs`."""

    changed: list[JobChange]
    truncated: Truncated


class ScansChanged(Struct, tag_field="type", tag="scans"):
    """The event `scans`, for administrators."""

    changed: list[ScanRun]
    truncated: Truncated


class UploadsChanged(Struct, tag_field="type", tag="uploads"):
    """The event `uploads`: the caller's files that arrive in chunks."""

    changed: list[UploadSessionProgress]
    truncated: Truncated


class AlbumsChanged(Struct, tag_field="type", tag="albums"):
    """The event `albums`: the ids of those that came, changed or went.

    Each is told to its owner and to administrators. Of one that went nobody knows any more whose
    it was, so that all are told.
    """

    changed: list[int]
    truncated: Truncated


class RepositoriesChanged(Struct, tag_field="type", tag="repositories"):
    """The event `repositories`: one came, changed, went away or came back.

    Which one is told to administrators; others only learn to look again.
    """

    changed: list[UUID]
    truncated: Truncated


Event = (
    AssetsChanged
    | JobsChanged
    | ScansChanged
    | UploadsChanged
    | AlbumsChanged
    | RepositoriesChanged
)


def name_of(event: Event) -> str:
    """What the stream calls an event."""
    return str(event.__struct_config__.tag)


class Found(Struct):
    """Rows that changed, by table; None stands for more than can be named."""

    keys: dict[str, set[int] | None] = {}

    def add(self, changes: Mapping[str, Collection[int]]) -> None:
        """Take what one more commit changed, as far as anybody can be told of it."""
        for table in changes.keys() & _KINDS.keys():
            seen = self.keys.setdefault(table, set())
            if seen is not None:
                seen.update(changes[table])
                # A topic without rows says only that something is different now.
                if not changes[table] or len(seen) > MOST_NAMED:
                    self.keys[table] = None


def told(ctx: Context, found: Found) -> list[Event]:
    """The events of what was found, as far as they concern the caller."""
    with ctx.db.read() as db:
        return list(_told(ctx, db, found))


def _told(ctx: Context, db: Connection, found: Found) -> Iterator[Event]:
    keys_of = dict(found.keys)
    if "repositories" in keys_of:
        # With a repository its assets come and go, without a change of their own.
        keys_of["assets"] = None
        if not ctx.principal.is_admin:
            keys_of["repositories"] = None
    for table, keys in keys_of.items():
        kind = _KINDS[table]
        if kind.admins_only and not ctx.principal.is_admin:
            continue
        changed = [] if keys is None else kind.select(ctx, db, json_array(keys))
        if changed or keys is None:
            yield kind.event(changed, keys is None)


def _assets(ctx: Context, db: Connection, keys: str) -> list[AssetChange]:
    return db.rows(
        lambda asset_id, repository_id, state, is_deleted: AssetChange(
            UUID(bytes=asset_id), UUID(bytes=repository_id), state, bool(is_deleted)
        ),
        "SELECT assets.asset_id, repositories.repository_id, processing ->> 'state',"
        " deleted_at IS NOT NULL"
        " FROM assets JOIN repositories ON repositories.id = assets.repository_id"
        f" WHERE assets.id IN (SELECT value FROM json_each(:keys)) AND {LISTED} AND {_VISIBLE}",
        _values(ctx, keys),
    )


def _jobs(ctx: Context, db: Connection, keys: str) -> list[JobChange]:
    return db.rows(
        lambda job_id, kind, state, attempt, asset_id, progress: JobChange(
            job_id,
            kind,
            state,
            attempt,
            UUID(bytes=asset_id) if asset_id else UNSET,
            UNSET if progress is None else progress,
        ),
        "SELECT jobs.id, kind, state, attempt, assets.asset_id,"
        " CASE state WHEN 'running' THEN progress END"
        " FROM jobs LEFT JOIN assets ON assets.id = jobs.asset_id"
        f" WHERE jobs.id IN (SELECT value FROM json_each(:keys)) AND {_VISIBLE}",
        _values(ctx, keys),
    )


# A job without an asset is an administrator's business.
_VISIBLE = (
    "(:is_admin OR (assets.id IS NOT NULL"
    " AND (assets.owner_id IS NULL OR assets.owner_id = :user_id)))"
)


def _values(ctx: Context, keys: str) -> dict[str, int | str | None]:
    principal = ctx.principal
    return {"keys": keys, "is_admin": principal.is_admin, "user_id": principal.user_id}


def _repositories(ctx: Context, db: Connection, keys: str) -> list[UUID]:
    return db.rows(
        lambda repository_id: UUID(bytes=repository_id),
        "SELECT repository_id FROM repositories WHERE id IN (SELECT value FROM json_each(?))",
        (keys,),
    )


def _albums(ctx: Context, db: Connection, keys: str) -> list[int]:
    return db.rows(
        lambda album_id: album_id,
        "SELECT changed.value FROM json_each(:keys) AS changed"
        " LEFT JOIN albums ON albums.id = changed.value"
        " WHERE albums.id IS NULL OR :is_admin OR albums.user_id = :user_id",
        _values(ctx, keys),
    )


class _Kind(Struct, frozen=True):
    """An event, and how to read the changed rows of its table."""

    event: Callable[[list[Any], bool], Event]
    select: Callable[[Context, Connection, str], list[Any]]
    admins_only: bool = False


_KINDS = {
    "assets": _Kind(AssetsChanged, _assets),
    "jobs": _Kind(JobsChanged, _jobs),
    "upload_sessions": _Kind(UploadsChanged, upload_progress.of_keys),
    "scan_runs": _Kind(ScansChanged, scans.of_keys, admins_only=True),
    "albums": _Kind(AlbumsChanged, _albums),
    "repositories": _Kind(RepositoriesChanged, _repositories),
}
