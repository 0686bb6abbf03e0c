"""Changing accounts: what people change of their own, and what administrators change of any."""

import secrets
import unicodedata
from datetime import datetime
from uuid import UUID

import apsw
import msgspec
from msgspec import Struct

from lumilio.db import Connection, Transaction, to_microseconds
from lumilio.errors import BadRequest, Conflict, NotFound
from lumilio.library import assets, audit, second_factors, sessions, setup_codes, users
from lumilio.library.audit import Detail
from lumilio.library.context import Context, Role
from lumilio.library.users import User

# What SQLite understands as no limit.
ALL = -1
_LONGEST_DISPLAY_NAME = 64
# Begins with one of each class of character, so that it always follows the rules.
_TEMPORARY_PREFIX = "Lu7"


class ManagedUser(User, kw_only=True):
    """An account with what belongs to it, for administrators."""

    asset_count: int
    album_count: int


class AccountChange(Struct, frozen=True, kw_only=True):
    """New values for an account; None keeps what is, empty text clears."""

    username: str | None = None
    display_name: str | None = None
    avatar_asset_id: str | None = None
    role: Role | None = None
    is_active: bool | None = None


def change_own_password(ctx: Context, current: str, new: str) -> None:
    """Give the caller a new password and end all their sessions.

    Raises Unauthorized for a wrong current password, which is looked at first, TooManyAttempts, and
    BadRequest.
    """
    user_id = users.require_own_password(ctx, current)
    users.check_password(new)
    password_hash = users.hash_of(new)
    with ctx.db.write() as tx:
        _set_password(tx, user_id, password_hash, ctx.now(), is_temporary=False)
        audit.record(ctx, tx, "password_changed")


def change_own_profile(ctx: Context, change: AccountChange) -> User:
    """Change the caller's display name or avatar; raises BadRequest."""
    return change_account(ctx, ctx.principal.user_id or 0, change)


def change_account(ctx: Context, user_id: int, change: AccountChange) -> User:
    """Change an account; one that is deactivated is signed out everywhere.

    Raises NotFound, Conflict for a taken name, and BadRequest for values against the rules and
    when the last active administrator would be lost.
    """
    now = ctx.now()
    with ctx.db.write() as tx:
        before = _require(tx, user_id)
        if _loses_administrator(before, change) and not _has_other_administrator(tx, user_id):
            raise BadRequest("The last active administrator must stay one")
        columns = _columns(ctx, tx, change) | {"updated_at": to_microseconds(now)}
        try:
            tx.run(
                f"UPDATE users SET {', '.join(f'{name} = :{name}' for name in columns)}"
                " WHERE id = :id",
                columns | {"id": user_id},
            )
        except apsw.ConstraintError as error:
            raise Conflict("This user name is taken") from error
        if change.is_active is False:
            sessions.revoke_all(tx, user_id, now)
        after = _require(tx, user_id)
        if changed := _audited(before, after):
            audit.record(ctx, tx, "user_updated", changed, subject_id=user_id)
        return after


def create(ctx: Context, username: str, display_name: str, role: Role) -> tuple[User, str]:
    """Create an account for somebody else; returns it with the one-time password that opens it.

    Raises BadRequest for values against the rules, or when nobody would be administrator, and
    Conflict for a taken name.
    """
    name = users.new_username(username)
    shown = _display_name(display_name)
    password = _temporary_password()
    password_hash = users.hash_of(password)
    with ctx.db.write() as tx:
        if role != "admin" and not users.exist(tx):
            raise BadRequest("The first account has to be an administrator")
        user = users.add(
            ctx, tx, name, password_hash, role, display_name=shown, must_change_password=True
        )
        setup_codes.void(tx)
        audit.record(ctx, tx, "user_created", {"role": role}, subject_id=user.user_id)
    return user, password


def reset_access(ctx: Context, user_id: int) -> str:
    """Leave an account with nothing but a one-time password, which is returned.

    Whoever signs in with it can only choose a password of their own. Raises NotFound.
    """
    password = _temporary_password()
    password_hash = users.hash_of(password)
    with ctx.db.write() as tx:
        _require(tx, user_id)
        second_factors.remove_all(tx, user_id)
        _set_password(tx, user_id, password_hash, ctx.now(), is_temporary=True)
        audit.record(ctx, tx, "access_reset", subject_id=user_id)
    return password


def list_accounts(ctx: Context, limit: int = ALL, offset: int = 0) -> tuple[list[ManagedUser], int]:
    """One page of all accounts, the newest first, and how many there are."""
    with ctx.db.read() as db:
        listed = db.rows(
            lambda *row: ManagedUser(
                **msgspec.structs.asdict(users.decode(*row[:-2])),
                asset_count=row[-2],
                album_count=row[-1],
            ),
            f"SELECT {users.COLUMNS},"
            " (SELECT count(*) FROM assets WHERE owner_id = users.id AND deleted_at IS NULL),"
            " (SELECT count(*) FROM albums WHERE user_id = users.id)"
            " FROM users ORDER BY users.created_at DESC, users.id DESC LIMIT ? OFFSET ?",
            (limit, offset),
        )
        return listed, db.value("SELECT count(*) FROM users")


def _temporary_password() -> str:
    return _TEMPORARY_PREFIX + secrets.token_urlsafe(16)[:21]


def _columns(ctx: Context, db: Connection, change: AccountChange) -> dict[str, str | int | None]:
    columns: dict[str, str | int | None] = {}
    if change.username is not None:
        columns["username"] = users.new_username(change.username)
    if change.display_name is not None:
        columns["display_name"] = _display_name(change.display_name)
    if change.avatar_asset_id is not None:
        columns["avatar_asset_id"] = _avatar(ctx, db, change.avatar_asset_id)
    if change.role is not None:
        columns["role"] = change.role
    if change.is_active is not None:
        columns["is_active"] = change.is_active
    return columns


def _display_name(text: str) -> str:
    name = text.strip()
    if len(name) > _LONGEST_DISPLAY_NAME:
        raise BadRequest(f"A display name has at most {_LONGEST_DISPLAY_NAME} characters")
    if any(unicodedata.category(character) == "Cc" for character in name):
        raise BadRequest("A display name has no control characters")
    return name


def _avatar(ctx: Context, db: Connection, text: str) -> int | None:
    if not text:
        return None
    try:
        asset_id = UUID(text)
    except ValueError as error:
        raise BadRequest("The avatar is not the id of an asset") from error
    key, owner_id = db.row(
        lambda *row: row,
        "SELECT assets.id, owner_id FROM assets WHERE asset_id = ? AND type = 'PHOTO'"
        f" AND deleted_at IS NULL AND {assets.LISTED}",
        (asset_id.bytes,),
    ) or (None, None)
    if key is None or not ctx.principal.may_see(owner_id):
        raise BadRequest("The avatar is not a photo in your library")
    return int(key)


def _audited(before: User, after: User) -> dict[str, Detail]:
    """What has changed of an account that matters for who may come in, and how it is now."""
    now: dict[str, Detail] = {
        "username": after.username,
        "role": after.role,
        "is_active": after.is_active,
    }
    return {name: value for name, value in now.items() if getattr(before, name) != value}


def _loses_administrator(before: User, change: AccountChange) -> bool:
    is_one = before.role == "admin" and before.is_active
    return is_one and (change.role == "user" or change.is_active is False)


def _has_other_administrator(db: Connection, user_id: int) -> bool:
    return bool(
        db.value("SELECT 1 FROM users WHERE role = 'admin' AND is_active AND id <> ?", (user_id,))
    )


def _set_password(
    tx: Transaction, user_id: int, password_hash: str, now: datetime, *, is_temporary: bool
) -> None:
    tx.run(
        "UPDATE users SET password_hash = ?, must_change_password = ?, updated_at = ? WHERE id = ?",
        (password_hash, is_temporary, to_microseconds(now), user_id),
    )
    sessions.revoke_all(tx, user_id, now)


def _require(db: Connection, user_id: int) -> User:
    user = users.find(db, user_id)
    if user is None:
        raise NotFound("There is no such account")
    return user
