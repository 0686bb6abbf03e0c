"""What a domain function may use: the database, the clock, the folders, and who is asking."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import msgspec
from msgspec import Struct

from lumilio.db import Database
from lumilio.errors import Forbidden
from lumilio.library.keys import Keys
from lumilio.settings import Settings

Role = Literal["admin", "user"]
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The current time as an aware UTC datetime."""
    return datetime.now(UTC)


class Principal(Struct, frozen=True):
    """Who is asking, in which session; `user_id` is None for the program itself."""

    user_id: int | None
    username: str
    role: Role
    session_id: int | None = None
    must_change_password: bool = False

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    def may_see(self, owner_id: int | None) -> bool:
        """Owners and administrators see a thing; what has no owner is open to every account."""
        return owner_id is None or self.may_change(owner_id)

    def may_change(self, owner_id: int | None) -> bool:
        """Owners and administrators change a thing; what has no owner only administrators."""
        return self.is_admin or (owner_id is not None and owner_id == self.user_id)


SYSTEM = Principal(user_id=None, username="", role="admin")


class Caller(Struct, frozen=True):
    """What a request comes from; both are empty for the program itself."""

    address: str = ""
    user_agent: str = ""


COMMAND_LINE = Caller(user_agent="lumilio command line")


class Context(Struct, frozen=True):
    """Passed to every domain function as its first argument."""

    db: Database
    clock: Clock
    settings: Settings
    keys: Keys
    principal: Principal = SYSTEM
    caller: Caller = Caller()

    def now(self) -> datetime:
        """The current time, from the clock of this context."""
        return self.clock()

    def acting_as(self, principal: Principal) -> "Context":
        """The same context on behalf of somebody else."""
        return msgspec.structs.replace(self, principal=principal)

    def called_from(self, caller: Caller) -> "Context":
        """The same context for a request that came from somewhere."""
        return msgspec.structs.replace(self, caller=caller)

    def require_sight(self, owner_id: int | None) -> None:
        """Raises Forbidden unless the caller may see the thing."""
        if not self.principal.may_see(owner_id):
            raise Forbidden()

    def require_control(self, owner_id: int | None) -> None:
        """Raises Forbidden unless the caller may change the thing."""
        if not self.principal.may_change(owner_id):
            raise Forbidden()
