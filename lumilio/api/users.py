"""Accounts over HTTP: one's own, and for administrators all."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from lumilio.api.auth import Message
from lumilio.api.parameters import OutOfRange
from lumilio.api.typed import Router
from lumilio.errors import Conflict, NotFound, TooManyAttempts
from lumilio.library import accounts
from lumilio.library.accounts import AccountChange, ManagedUser
from lumilio.library.context import Context, Role
from lumilio.library.users import User

api = Router("users", "Accounts.", gate="after_role")

UserId = Annotated[int, Meta(ge=1, le=2**63 - 1)]
DisplayName = Annotated[
    str, Meta(description="Trimmed, at most 64 characters; empty falls back to the account name.")
]
TemporaryPassword = Annotated[str, Meta(min_length=24, max_length=24)]
AvatarId = Annotated[str, Meta(description="Photo; empty text clears it.")]


class ProfilePatch(Struct, frozen=True):
    """What changes of one's profile; what is absent or null stays."""

    display_name: DisplayName | None = None
    avatar_asset_id: AvatarId | None = None


class PasswordChange(Struct, frozen=True):
    """The password that is, and the one that shall be."""

    current_password: Annotated[str, Meta(min_length=1)]
    new_password: Annotated[str, Meta(min_length=6)]


class UserPatch(Struct, frozen=True):
    """What changes of an account; what is absent or null stays."""

    username: str | None = None
    display_name: DisplayName | None = None
    avatar_asset_id: AvatarId | None = None
    role: Role | None = None
    is_active: bool | None = None


class NewUser(Struct, frozen=True):
    """An account for somebody else."""

    username: Annotated[str, Meta(min_length=3, max_length=50)]
    display_name: DisplayName = ""
    role: Role = "user"


class CreatedUser(Struct):
    """A new account and its one-time password, which is told only now."""

    user: User
    temporary_password: TemporaryPassword


class ListUsers(Struct, frozen=True):
    """Which accounts to list."""

    limit: Annotated[int, Meta(ge=1, le=100), OutOfRange("default", "clamp", "default")] = 20
    offset: Annotated[int, Meta(ge=0, le=2**63 - 1), OutOfRange("default", "clamp", "default")] = 0


class UserPage(Struct):
    """One page of accounts, the newest first."""

    users: list[ManagedUser]
    total: int
    limit: int
    offset: int


class AccessResetResult(Struct):
    """The one-time password of an account whose other factors are gone."""

    temporary_password: TemporaryPassword
    cleared_passkeys: Literal[True]
    cleared_totp: Literal[True]


@api.patch("/users/me/profile", role="user")
def update_own_profile(ctx: Context, body: ProfilePatch) -> User:
    """Change one's display name or avatar."""
    change = AccountChange(display_name=body.display_name, avatar_asset_id=body.avatar_asset_id)
    return accounts.change_own_profile(ctx, change)


@api.patch("/users/me/password", role="user", restricted=True, errors=(TooManyAttempts,))
def change_own_password(ctx: Context, body: PasswordChange) -> Message:
    """Change one's password; ends all one's sessions, this one too."""
    accounts.change_own_password(ctx, body.current_password, body.new_password)
    return Message("The password is changed; please sign in again")


@api.get("/users", role="admin")
def list_users(ctx: Context, query: ListUsers) -> UserPage:
    """List all accounts with what belongs to them."""
    listed, total = accounts.list_accounts(ctx, query.limit, query.offset)
    return UserPage(listed, total, query.limit, query.offset)


@api.post("/users", role="admin", errors=(Conflict,))
def create_user(ctx: Context, body: NewUser) -> CreatedUser:
    """Create an account with a one-time password, which its owner has to change."""
    return CreatedUser(*accounts.create(ctx, body.username, body.display_name, body.role))


@api.patch("/users/{id}", role="admin", errors=(NotFound, Conflict))
def update_user(ctx: Context, id: UserId, body: UserPatch) -> User:
    """Change any account; one that is deactivated is signed out everywhere."""
    change = AccountChange(
        username=body.username,
        display_name=body.display_name,
        avatar_asset_id=body.avatar_asset_id,
        role=body.role,
        is_active=body.is_active,
    )
    return accounts.change_account(ctx, id, change)


@api.post("/users/{id}/reset-access", role="admin", errors=(NotFound,))
def reset_user_access(ctx: Context, id: UserId) -> AccessResetResult:
    """Give an account a one-time password, which its owner has to change at the next sign-in."""
    return AccessResetResult(
        accounts.reset_access(ctx, id), cleared_passkeys=True, cleared_totp=True
    )
