"""How far the first-run setup has come."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from lumilio.db import Connection
from lumilio.library import repositories, sign_ups, users
from lumilio.library.context import Context
from lumilio.library.repository_folders import DuplicateHandling, StorageStrategy
from lumilio.library.sign_ups import Registration


class RepositoryDefaults(Struct, frozen=True):
    """What a repository gets when its creator does not say."""

    default_root: str
    strategy: StorageStrategy
    duplicate_handling: DuplicateHandling


class SetupStatus(Struct, frozen=True):
    """Which steps of the setup are done."""

    initialized: bool
    database_initialized: bool
    admin_initialized: bool
    primary_repository_initialized: bool
    next_registration_role: Literal["admin", "user"]
    repository_defaults: RepositoryDefaults
    registration: Annotated[
        Registration, Meta(description="What creating an account takes for the caller (ours).")
    ]


def status(ctx: Context, *, on_this_machine: bool) -> SetupStatus:
    """The state of the setup; the database is ready before the first request is answered."""
    with ctx.db.read() as db:
        admin = users.first_admin(db) is not None
        finished = is_finished(db)
        registration = sign_ups.registration(db, on_this_machine=on_this_machine)
    return SetupStatus(
        initialized=finished,
        database_initialized=True,
        admin_initialized=admin,
        primary_repository_initialized=finished,
        next_registration_role="user" if admin else "admin",
        repository_defaults=RepositoryDefaults(
            str(ctx.settings.storage_path),
            repositories.DEFAULT_STRATEGY,
            repositories.DEFAULT_DUPLICATE_HANDLING,
        ),
        registration=registration,
    )


def is_finished(db: Connection) -> bool:
    """Whether the operations behind the setup gate work."""
    return repositories.has_primary(db) and users.first_admin(db) is not None
