"""Accounts: who they are, the rules for names and passwords, and how passwords are checked."""

import re
from datetime import datetime
from functools import cache
from threading import BoundedSemaphore
from typing import Annotated, Literal
from uuid import UUID

import apsw
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.db import Connection, Transaction, from_microseconds, to_microseconds
from lumilio.errors import BadRequest, Conflict, Unauthorized
from lumilio.library import throttling
from lumilio.library.context import Context, Role

Instant = Annotated[datetime, Meta(tz=True)]
Permission = Literal[
    "manage_users",
    "manage_settings",
    "view_all_assets",
    "manage_all_assets",
    "view_own_assets",
    "manage_own_assets",
    "manage_own_profile",
]

PERMISSIONS: dict[Role, list[Permission]] = {
    "admin": [
        "manage_users",
        "manage_settings",
        "view_all_assets",
        "manage_all_assets",
        "manage_own_profile",
    ],
    "user": ["view_own_assets", "manage_own_assets", "manage_own_profile"],
}

_USERNAME = re.compile(r"[a-z](?:[._-]?[a-z0-9])*")
_USERNAME_LENGTH = range(3, 33)
_PASSWORD_BYTES = range(10, 73)
_hasher = PasswordHasher()
# Each hash takes 64 MiB; a flood of sign-ins must not take the machine's memory.
_hashing = BoundedSemaphore(2)

COLUMNS = (
    "users.id, username, display_name, users.role, is_active, users.created_at, users.updated_at,"
    " last_login, must_change_password,"
    " (SELECT asset_id FROM assets WHERE assets.id = avatar_asset_id)"
)


class User(Struct, omit_defaults=True):
    """An account as clients see it."""

    user_id: int
    username: str
    display_name: str
    created_at: Instant
    updated_at: Instant
    is_active: bool
    role: Role
    permissions: list[Permission]
    last_login: Instant | UnsetType = UNSET
    avatar_asset_id: UUID | UnsetType = UNSET
    must_change_password: Annotated[
        bool,
        Meta(description="Present while nothing but a new password is accepted (our addition)."),
    ] = False


def normalize_username(text: str) -> str:
    """Trimmed and lower-cased, as stored and compared."""
    return text.strip().lower()


def new_username(text: str) -> str:
    """A name that is to be given, normalized; raises BadRequest unless it follows the rules."""
    username = normalize_username(text)
    if len(username) not in _USERNAME_LENGTH or not _USERNAME.fullmatch(username):
        raise BadRequest(
            "A user name has 3 to 32 characters: a letter first, then letters, digits and single "
            "dots, dashes or underscores, not at the end"
        )
    return username


def check_password(password: str) -> None:
    """Raises BadRequest unless a new password follows the rules."""
    classes = (str.islower, str.isupper, str.isdigit)
    long_enough = len(password.encode()) in _PASSWORD_BYTES
    if not long_enough or not all(any(map(test, password)) for test in classes):
        raise BadRequest(
            "A password has 10 to 72 bytes with at least one lower-case letter, one upper-case "
            "letter and one digit"
        )


def exist(db: Connection) -> bool:
    """Whether there is any account; the first one becomes administrator."""
    return bool(db.value("SELECT 1 FROM users LIMIT 1"))


def add(
    ctx: Context,
    tx: Transaction,
    username: str,
    password_hash: str,
    role: Role,
    *,
    display_name: str = "",
    must_change_password: bool = False,
) -> User:
    """Create an account with a normalized name; raises Conflict for a taken one."""
    now = to_microseconds(ctx.now())
    try:
        user_id = tx.insert(
            "INSERT INTO users (username, display_name, password_hash, role,"
            " must_change_password, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                username,
                display_name or username,
                password_hash,
                role,
                must_change_password,
                now,
                now,
            ),
        )
    except apsw.ConstraintError as error:
        raise Conflict("This user name is taken") from error
    return _require(tx, user_id)


def authenticate(ctx: Context, username: str, password: str) -> User:
    """The account that this name and password open.

    Raises Unauthorized, the same for every reason.
    """
    with ctx.db.read() as db:
        found = db.row(
            lambda *columns: columns,
            "SELECT id, password_hash FROM users WHERE username = ? AND is_active",
            (normalize_username(username),),
        )
    user_id, password_hash = found or (0, _nobody())
    if not _matches(password_hash, password) or not user_id:
        raise Unauthorized("The user name or the password is wrong")
    with ctx.db.read() as db:
        return _require(db, user_id)


def note_login(ctx: Context, user_id: int) -> User:
    """Set the time of an account's last sign-in; raises Unauthorized when it may not sign in."""
    now = to_microseconds(ctx.now())
    with ctx.db.write() as tx:
        tx.run("UPDATE users SET last_login = ?, updated_at = ? WHERE id = ?", (now, now, user_id))
        return _require(tx, user_id)


def require_own_password(ctx: Context, password: str) -> int:
    """The key of the caller's account, whose password this has to be.

    Raises Unauthorized for a wrong one, and TooManyAttempts after many.
    """
    user_id = ctx.principal.user_id or 0
    with throttling.attempt(ctx, "password", account=str(user_id)):
        with ctx.db.read() as db:
            found: str | None = db.value("SELECT password_hash FROM users WHERE id = ?", (user_id,))
        if not _matches(found or _nobody(), password):
            raise Unauthorized("The current password is wrong")
    return user_id


def hash_of(password: str) -> str:
    """What is stored of a password: its argon2id hash."""
    with _hashing:
        return _hasher.hash(password)


def find_active(db: Connection, user_id: int) -> User | None:
    """The account with this key if it may sign in."""
    user = find(db, user_id)
    return user if user is not None and user.is_active else None


def find_key(db: Connection, username: str) -> int | None:
    """The key of the account with this name, however it is spelled."""
    key: int | None = db.value(
        "SELECT id FROM users WHERE username = ?", (normalize_username(username),)
    )
    return key


def find(db: Connection, user_id: int) -> User | None:
    """The account with this key, also one that may not sign in."""
    return db.row(decode, f"SELECT {COLUMNS} FROM users WHERE users.id = ?", (user_id,))


def find_by_name(db: Connection, username: str) -> User | None:
    """The account with this name, in any spelling, also one that may not sign in."""
    sql = f"SELECT {COLUMNS} FROM users WHERE username = ?"
    return db.row(decode, sql, (normalize_username(username),))


def require_current(ctx: Context) -> User:
    """The caller's own account; raises Unauthorized for nobody."""
    with ctx.db.read() as db:
        user = find_active(db, ctx.principal.user_id or 0)
    if user is None:
        raise Unauthorized()
    return user


def first_admin(db: Connection) -> User | None:
    """The oldest active administrator: the owner of the installation."""
    return db.row(
        decode,
        f"SELECT {COLUMNS} FROM users WHERE role = 'admin' AND is_active ORDER BY id LIMIT 1",
    )


def decode(
    user_id: int,
    username: str,
    display_name: str,
    role: Role,
    is_active: int,
    created_at: int,
    updated_at: int,
    last_login: int | None,
    must_change_password: int,
    avatar_asset_id: bytes | None,
) -> User:
    """A row of `COLUMNS` as a User."""
    return User(
        user_id=user_id,
        username=username,
        display_name=display_name or username,
        role=role,
        is_active=bool(is_active),
        created_at=from_microseconds(created_at),
        updated_at=from_microseconds(updated_at),
        last_login=UNSET if last_login is None else from_microseconds(last_login),
        permissions=PERMISSIONS[role],
        avatar_asset_id=UNSET if avatar_asset_id is None else UUID(bytes=avatar_asset_id),
        must_change_password=bool(must_change_password),
    )


def _require(db: Connection, user_id: int) -> User:
    user = find_active(db, user_id)
    if user is None:
        raise Unauthorized()
    return user


@cache
def _nobody() -> str:
    """Verified when the account does not exist, so that both answers take the same time."""
    return _hasher.hash("nobody has this password")


def _matches(password_hash: str, password: str) -> bool:
    try:
        with _hashing:
            return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
