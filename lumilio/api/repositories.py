"""Repositories and their scans over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from lumilio.api.auth import Message
from lumilio.api.parameters import OutOfRange
from lumilio.api.typed import Router
from lumilio.errors import BadRequest, Conflict, NotFound, Unavailable
from lumilio.library import registrations, repositories, scans, stack_detection
from lumilio.library.context import Context
from lumilio.library.registrations import NewRepository
from lumilio.library.repositories import Repository, RepositoryChange
from lumilio.library.repository_folders import LocalSettings, StorageStrategy
from lumilio.library.scans import ScanRun

api = Router("repositories", "Folders that hold originals.", gate="after_role")

# The largest whole number that a database row can hold.
LARGEST = 2**63 - 1
_DEFAULT = OutOfRange("default", "default", "default")


class RepositoryCreate(Struct, frozen=True):
    """What is wanted of a new repository; empty text means the same as leaving a field out."""

    name: Annotated[str, Meta(min_length=1, pattern=r"\S")]
    role: Literal["primary", "regular", ""] | None = None
    root: Annotated[str, Meta(description="Parent folder on the server.")] | None = None
    path: (
        Annotated[
            str,
            Meta(
                description="Folder that is a repository already, whatever it is called; it keeps"
                " its own name (our addition)."
            ),
        ]
        | None
    ) = None
    storage_strategy: Literal["date", "flat", "cas", ""] | None = None
    duplicate_handling: Literal["rename", "uuid", "overwrite", ""] | None = None
    cloud_credential_id: str | None = None


class RepositoryPatch(Struct, frozen=True):
    """What changes of a repository; what is absent or null stays."""

    name: Annotated[str, Meta(min_length=1, pattern=r"\S")] | None = None
    storage_strategy: StorageStrategy | None = None
    local_settings: LocalSettings | None = None
    default_owner_id: Annotated[int, Meta(ge=1, le=LARGEST)] | None = None


class RepositoryCreated(Struct):
    """The new repository."""

    repository: Repository


class RepositoryList(Struct):
    """All repositories."""

    repositories: list[Repository]


class ScanRequest(Struct, frozen=True):
    """How to scan."""

    force: Annotated[bool, Meta(description="Process every file again.")] | None = None


class ScanQueued(Struct):
    """A scan has been queued."""

    job_id: int
    repository_id: UUID
    mode: Literal["manual"]
    status: Literal["queued"]


class StackDetectionResult(Struct):
    """What a detection has brought."""

    repository_id: UUID
    stacks_created: int


class ScanPage(Struct, frozen=True):
    """Which runs to list."""

    limit: Annotated[int, Meta(ge=1, le=100), _DEFAULT] = 20
    offset: Annotated[int, Meta(ge=0, le=LARGEST), OutOfRange("default", "clamp", "default")] = 0


class ScanRunList(Struct):
    """Runs, latest first."""

    scans: list[ScanRun]


@api.post("/repositories", role="admin", gate="none", errors=(Conflict,))
def create_repository(ctx: Context, body: RepositoryCreate) -> RepositoryCreated:
    """Create a repository or register an existing folder.

    The primary lives in `<root>/primary`, others in `<root>/<name as folder>`, unless `path` names
    a folder. One that already is a repository is registered with its own settings; one that was
    part of the library before brings its assets back.
    """
    if body.cloud_credential_id:
        raise BadRequest("There is no such cloud account")
    wanted = NewRepository(
        name=body.name,
        role=body.role or "regular",
        root=body.root or "",
        path=(body.path or "").strip(),
        storage_strategy=body.storage_strategy or repositories.DEFAULT_STRATEGY,
        duplicate_handling=body.duplicate_handling or repositories.DEFAULT_DUPLICATE_HANDLING,
    )
    return RepositoryCreated(registrations.create(ctx, wanted))


@api.get("/repositories", role="admin")
def list_repositories(ctx: Context) -> RepositoryList:
    """List all repositories."""
    return RepositoryList(repositories.list_all(ctx))


@api.get("/repositories/{id}", role="admin", errors=(NotFound,))
def get_repository(ctx: Context, id: UUID) -> Repository:
    """Fetch one repository."""
    return repositories.require(ctx, id).public


@api.patch("/repositories/{id}", role="admin", errors=(NotFound, Unavailable))
def update_repository(ctx: Context, id: UUID, body: RepositoryPatch) -> Repository:
    """Change a repository's settings.

    They are written into the library and into the folder's marker file; the folder keeps its name
    and files keep their places.
    """
    local = body.local_settings
    change = RepositoryChange(
        name=body.name,
        storage_strategy=body.storage_strategy,
        duplicate_handling=local.handle_duplicate_filenames if local else None,
        default_owner_id=body.default_owner_id,
    )
    return repositories.update(ctx, id, change)


@api.delete("/repositories/{id}", role="admin", errors=(NotFound, Conflict))
def delete_repository(ctx: Context, id: UUID) -> Message:
    """Unregister a repository, keeping its files.

    Its assets leave the lists until the folder is registered again.
    """
    registrations.unregister(ctx, id)
    return Message("The repository was removed from the library; its files stay where they are")


@api.post("/repositories/{id}/scan", role="admin")
def queue_repository_scan(ctx: Context, id: UUID, body: ScanRequest | None = None) -> ScanQueued:
    """Queue a scan of a repository folder."""
    try:
        job_id = scans.queue(ctx, id, force=bool(body and body.force))
    except NotFound as error:
        raise BadRequest(error.message) from error
    return ScanQueued(job_id, id, "manual", "queued")


@api.post("/repositories/{id}/stacks/detect", role="admin")
def detect_repository_stacks(ctx: Context, id: UUID) -> StackDetectionResult:
    """Find the stacks of a repository now.

    RAW and JPEG, edited versions, live photos and bursts, which otherwise are found file by file.
    """
    try:
        return StackDetectionResult(id, stack_detection.detect(ctx, id))
    except NotFound as error:
        raise BadRequest(error.message) from error


@api.get("/repositories/{id}/scans", role="admin")
def list_repository_scans(ctx: Context, id: UUID, query: ScanPage) -> ScanRunList:
    """List a repository's scans, latest first."""
    return ScanRunList(scans.list_runs(ctx, id, query.limit, query.offset))


@api.get("/repositories/{id}/scans/latest", role="admin", errors=(NotFound,))
def get_latest_repository_scan(ctx: Context, id: UUID) -> ScanRun:
    """Fetch a repository's latest scan."""
    return scans.latest(ctx, id)
