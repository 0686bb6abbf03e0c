"""Repositories: folders that hold originals, registered with the library."""

import logging
import os
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID, uuid4

import apsw
from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.db import Connection, to_microseconds
from lumilio.errors import BadRequest, Conflict, NotFound, RepositoryOffline
from lumilio.library import repository_folders as folders
from lumilio.library.context import Context
from lumilio.library.repository_folders import (
    DuplicateHandling,
    Layout,
    LocalSettings,
    Marker,
    StorageStrategy,
)
from lumilio.media.thumbnails import PART

log = logging.getLogger(__name__)

RepositoryRole = Literal["primary", "regular"]

DEFAULT_STRATEGY: StorageStrategy = "date"
DEFAULT_DUPLICATE_HANDLING: DuplicateHandling = "rename"

_COLUMNS = (
    "id, repository_id, name, path, role, default_owner_id, storage_strategy, duplicate_handling"
)


class Repository(Struct, omit_defaults=True, kw_only=True):
    """A repository as clients see it."""

    id: UUID
    name: str
    path: Annotated[str, Meta(description="Absolute folder on the server.")]
    role: RepositoryRole
    is_primary: bool
    default_owner_id: int | UnsetType = UNSET
    storage_strategy: StorageStrategy
    local_settings: LocalSettings


class StoredRepository(Struct, frozen=True):
    """A repository with its integer key and folders, for use inside."""

    key: int
    public: Repository
    layout: Layout

    def require_online(self) -> None:
        """Raises RepositoryOffline when the folder is not there: nothing is lost, only away."""
        if not self.layout.is_online:
            raise RepositoryOffline(cause=f"{self.public.path} is not reachable")

    @property
    def default_owner_id(self) -> int | None:
        owner = self.public.default_owner_id
        return None if owner is UNSET else owner


class NewRepository(Struct, frozen=True, kw_only=True):
    """What is wanted of a repository that is being created."""

    name: str
    role: RepositoryRole = "regular"
    root: str = ""
    storage_strategy: StorageStrategy = DEFAULT_STRATEGY
    duplicate_handling: DuplicateHandling = DEFAULT_DUPLICATE_HANDLING


def create(ctx: Context, wanted: NewRepository) -> Repository:
    """Create a folder as repository, or register one that already is.

    The primary always lives in `<root>/primary`, others in `<root>/<name as folder>`. Raises
    Conflict about the primary and BadRequest for anything that makes the folder unusable.
    """
    _check_role(ctx, wanted.role)
    slug = folders.folder_name(wanted.name)
    try:
        folder = _root(ctx, wanted.root) / ("primary" if wanted.role == "primary" else slug)
        _check_place(ctx, folder)
    except (OSError, ValueError, RuntimeError) as error:
        raise BadRequest("The folder cannot be used", cause=str(error)) from error
    found = folders.read_marker(folder)
    marker = found or Marker(
        id=uuid4(),
        name=wanted.name.strip(),
        created_at=ctx.now(),
        storage_strategy=wanted.storage_strategy,
        local_settings=LocalSettings(wanted.duplicate_handling),
    )
    folders.create(folder, None if found else marker)
    return _register(ctx, folder, marker, wanted.role)


def list_all(ctx: Context) -> list[Repository]:
    """Every registered repository, the primary first."""
    with ctx.db.read() as db:
        stored = db.rows(_decode, f"SELECT {_COLUMNS} FROM repositories ORDER BY role, id")
    return [repository.public for repository in stored]


def require(ctx: Context, repository_id: UUID) -> StoredRepository:
    """One repository; raises NotFound."""
    with ctx.db.read() as db:
        found = db.row(
            _decode,
            f"SELECT {_COLUMNS} FROM repositories WHERE repository_id = ?",
            (repository_id.bytes,),
        )
    if found is None:
        raise NotFound("There is no such repository")
    return found


def require_primary(ctx: Context) -> StoredRepository:
    """The primary repository; raises BadRequest before there is one."""
    with ctx.db.read() as db:
        found = db.row(_decode, f"SELECT {_COLUMNS} FROM repositories WHERE role = 'primary'")
    if found is None:
        raise BadRequest("There is no primary repository yet")
    return found


def by_key(db: Connection, key: int) -> StoredRepository:
    """The repository with this integer key; raises NotFound."""
    found = db.row(_decode, f"SELECT {_COLUMNS} FROM repositories WHERE id = ?", (key,))
    if found is None:
        raise NotFound("There is no such repository")
    return found


def has_primary(db: Connection) -> bool:
    """Whether setup has got as far as a primary repository."""
    return bool(db.value("SELECT 1 FROM repositories WHERE role = 'primary'"))


def repair_folders(ctx: Context) -> None:
    """Put our own folders in order in every repository that is reachable."""
    with ctx.db.read() as db:
        stored = db.rows(_decode, f"SELECT {_COLUMNS} FROM repositories")
    for repository in stored:
        if repository.layout.is_online:
            try:
                folders.create(repository.layout.root, None)
                for leftover in repository.layout.thumbnails.glob(f"*{PART}"):
                    leftover.unlink(missing_ok=True)
            except (BadRequest, OSError) as error:
                # One broken disk must not keep the rest of the library closed.
                log.warning("repository %s: %s", repository.public.name, error)


def _root(ctx: Context, text: str) -> Path:
    root = Path(text).expanduser() if text.strip() else ctx.settings.storage_path
    if not root.is_absolute():
        raise BadRequest("The folder must be given with its full path")
    return Path(os.path.realpath(root))


def _check_role(ctx: Context, role: RepositoryRole) -> None:
    with ctx.db.read() as db:
        primary_exists = has_primary(db)
    if role == "primary" and primary_exists:
        raise Conflict("A primary repository already exists")
    if role == "regular" and not primary_exists:
        raise Conflict("Create the primary repository first")


def _check_place(ctx: Context, folder: Path) -> None:
    outer = folders.enclosing_repository(folder)
    if outer is not None:
        raise BadRequest(f"The folder lies inside another repository, {outer}")
    for known in list_all(ctx):
        path = Path(known.path)
        if path == folder:
            raise BadRequest("This folder is already a repository of the library")
        if path.is_relative_to(folder) or folder.is_relative_to(path):
            raise BadRequest(f"The folder and the repository {known.name} would overlap")
        if str(path).casefold() == str(folder).casefold():
            raise BadRequest(f"The folder differs from that of {known.name} by case alone")
    if folder.exists() and not folder.is_dir():
        raise BadRequest("A file stands where the folder should be")


def _register(ctx: Context, folder: Path, marker: Marker, role: RepositoryRole) -> Repository:
    now = to_microseconds(ctx.now())
    with ctx.db.write() as tx:
        try:
            key = tx.insert(
                "INSERT INTO repositories (repository_id, name, path, role, default_owner_id,"
                " storage_strategy, duplicate_handling, created_at, updated_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    marker.id.bytes,
                    marker.name,
                    str(folder),
                    role,
                    ctx.principal.user_id,
                    marker.storage_strategy,
                    marker.local_settings.handle_duplicate_filenames,
                    now,
                    now,
                ),
            )
        except apsw.ConstraintError as error:
            raise Conflict("This repository is already part of the library") from error
        return by_key(tx, key).public


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
    public = Repository(
        id=UUID(bytes=repository_id),
        name=name,
        path=path,
        role=role,
        is_primary=role == "primary",
        default_owner_id=UNSET if default_owner_id is None else default_owner_id,
        storage_strategy=storage_strategy,
        local_settings=LocalSettings(duplicate_handling),
    )
    return StoredRepository(key, public, Layout(Path(path)))
