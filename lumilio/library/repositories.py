"""Repositories: folders that hold originals, registered with the library."""

import logging
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import apsw
from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.db import Connection, to_microseconds
from lumilio.errors import BadRequest, NotFound, RepositoryOffline
from lumilio.library import repository_folders as folders
from lumilio.library.context import Context
from lumilio.library.repository_folders import (
    DuplicateHandling,
    Layout,
    LocalSettings,
    StorageStrategy,
)

log = logging.getLogger(__name__)

# Repositories were registered, changed or let go, or a folder went away or came back.
TOPIC = "repositories"

RepositoryRole = Literal["primary", "regular"]
RepositoryStatus = Literal["active", "offline"]

DEFAULT_STRATEGY: StorageStrategy = "date"
DEFAULT_DUPLICATE_HANDLING: DuplicateHandling = "rename"

_SELECT = (
    "SELECT id, repository_id, name, path, role, default_owner_id, storage_strategy,"
    " duplicate_handling FROM repositories WHERE unregistered_at IS NULL"
)


class Repository(Struct, omit_defaults=True, kw_only=True):
    """A repository as clients see it."""

    id: UUID
    name: str
    path: Annotated[str, Meta(description="Absolute folder on the server.")]
    role: RepositoryRole
    is_primary: bool
    status: Annotated[
        RepositoryStatus, Meta(description="Whether its folder is reachable (our addition).")
    ]
    default_owner_id: int | UnsetType = UNSET
    storage_strategy: StorageStrategy
    local_settings: LocalSettings


class StoredRepository(Struct, frozen=True):
    """A registered repository as its row says, for use inside."""

    key: int
    id: UUID
    name: str
    path: str
    role: RepositoryRole
    default_owner_id: int | None
    storage_strategy: StorageStrategy
    duplicate_handling: DuplicateHandling

    @property
    def layout(self) -> Layout:
        """Where its files lie."""
        return Layout(Path(self.path))

    @property
    def is_online(self) -> bool:
        """Whether its folder is there now: a missing disk is not an empty library."""
        return folders.is_home_of(self.layout.root, self.id)

    def require_online(self) -> None:
        """Raises RepositoryOffline when the folder is not there: nothing is lost, only away."""
        if not self.is_online:
            raise RepositoryOffline(cause=f"{self.path} is not reachable")

    @property
    def public(self) -> Repository:
        """What clients see, with the state of the folder at this moment."""
        return Repository(
            id=self.id,
            name=self.name,
            path=self.path,
            role=self.role,
            is_primary=self.role == "primary",
            status="active" if self.is_online else "offline",
            default_owner_id=UNSET if self.default_owner_id is None else self.default_owner_id,
            storage_strategy=self.storage_strategy,
            local_settings=LocalSettings(self.duplicate_handling),
        )


class RepositoryChange(Struct, frozen=True, kw_only=True):
    """New settings of a repository; None keeps what is."""

    name: str | None = None
    storage_strategy: StorageStrategy | None = None
    duplicate_handling: DuplicateHandling | None = None
    default_owner_id: int | None = None


def list_all(ctx: Context) -> list[Repository]:
    """Every registered repository, the primary first."""
    with ctx.db.read() as db:
        stored = registered(db)
    return [repository.public for repository in stored]


def registered(db: Connection) -> list[StoredRepository]:
    """The rows of all registered repositories, the primary first."""
    return db.rows(_decode, f"{_SELECT} ORDER BY role, id")


def require(ctx: Context, repository_id: UUID) -> StoredRepository:
    """One repository; raises NotFound."""
    with ctx.db.read() as db:
        found = db.row(_decode, f"{_SELECT} AND repository_id = ?", (repository_id.bytes,))
    if found is None:
        raise NotFound("There is no such repository")
    return found


def require_primary(ctx: Context) -> StoredRepository:
    """The primary repository; raises BadRequest before there is one."""
    with ctx.db.read() as db:
        found = db.row(_decode, f"{_SELECT} AND role = 'primary'")
    if found is None:
        raise BadRequest("There is no primary repository yet")
    return found


def by_key(db: Connection, key: int) -> StoredRepository:
    """The registered repository with this integer key; raises NotFound."""
    found = db.row(_decode, f"{_SELECT} AND id = ?", (key,))
    if found is None:
        raise NotFound("There is no such repository")
    return found


def has_primary(db: Connection) -> bool:
    """Whether setup has got as far as a primary repository."""
    return bool(db.value("SELECT 1 FROM repositories WHERE role = 'primary'"))


def update(ctx: Context, repository_id: UUID, change: RepositoryChange) -> Repository:
    """Change settings in the database and in the folder's marker, or in neither.

    Raises NotFound, BadRequest for an unknown owner, and Unavailable when the marker cannot be
    written. The folder keeps its name, and files keep their places.
    """
    key = require(ctx, repository_id).key
    with ctx.db.write() as tx:
        by_key(tx, key).require_online()
        try:
            tx.run(
                "UPDATE repositories SET name = COALESCE(?, name),"
                " storage_strategy = COALESCE(?, storage_strategy),"
                " duplicate_handling = COALESCE(?, duplicate_handling),"
                " default_owner_id = COALESCE(?, default_owner_id), updated_at = ? WHERE id = ?",
                (
                    change.name and change.name.strip(),
                    change.storage_strategy,
                    change.duplicate_handling,
                    change.default_owner_id,
                    to_microseconds(ctx.now()),
                    key,
                ),
            )
        except apsw.ConstraintError as error:
            raise BadRequest("There is no such account", cause=str(error)) from error
        tx.notify(TOPIC)
        changed = by_key(tx, key)
        # Within the transaction, so that a marker that cannot be written undoes the rest.
        folders.update_marker(
            changed.layout.root,
            name=changed.name,
            storage_strategy=changed.storage_strategy,
            local_settings=LocalSettings(changed.duplicate_handling),
        )
    return changed.public


def announce(ctx: Context) -> None:
    """Tell that a folder has gone away or has come back, which no row says."""
    with ctx.db.write(durable=False) as tx:
        tx.notify(TOPIC)


def repair_folders(ctx: Context) -> None:
    """Put our own folders in order in every repository that is reachable."""
    with ctx.db.read() as db:
        stored = registered(db)
    for repository in stored:
        if repository.is_online:
            try:
                folders.create(repository.layout.root, None)
                for leftover in repository.layout.unfinished():
                    leftover.unlink(missing_ok=True)
            except (BadRequest, OSError) as error:
                # One broken disk must not keep the rest of the library closed.
                log.warning("repository %s: %s", repository.name, error)


def _decode(
    key: int,
    repository_id: bytes,
    name: str,
    path: str,
    role: RepositoryRole,
    default_owner_id: int | None,
    storage_strategy: StorageStrategy,
    duplicate_handling: DuplicateHandling,
) -> StoredRepository:
    return StoredRepository(
        key,
        UUID(bytes=repository_id),
        name,
        path,
        role,
        default_owner_id,
        storage_strategy,
        duplicate_handling,
    )
