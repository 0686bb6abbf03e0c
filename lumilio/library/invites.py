"""Invitations: whoever has the link of one may create one account with it."""

import secrets
from datetime import timedelta
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from lumilio.db import Connection, Transaction, from_microseconds, to_microseconds
from lumilio.errors import Conflict, NotFound, Unauthorized
from lumilio.library import audit, system_settings
from lumilio.library.context import Context
from lumilio.library.users import Instant

State = Literal["open", "used", "expired"]

_PURPOSE = "invites"
_KEPT_AFTER_EXPIRY = timedelta(days=30)
# A longer text cannot be one of ours; it is not worth hashing.
_LONGEST_TOKEN = 200


class Invite(Struct, omit_defaults=True, kw_only=True):
    """An invitation as administrators see it, without its token."""

    invite_id: int
    note: str
    state: State
    created_at: Instant
    expires_at: Instant
    created_by: Annotated[str | UnsetType, Meta(description="User name.")] = UNSET
    used_at: Instant | UnsetType = UNSET
    used_by: Annotated[str | UnsetType, Meta(description="User name of the new account.")] = UNSET


def create(ctx: Context, note: str, lifetime: timedelta) -> tuple[Invite, str]:
    """A new invitation and its token, which cannot be told again.

    Raises Conflict while nobody could use it.
    """
    token = secrets.token_urlsafe(32)
    now = ctx.now()
    with ctx.db.write() as tx:
        if system_settings.read(tx).registration_mode == "closed":
            raise Conflict("Registration is closed; allow invitations in the settings first")
        invite_id = tx.insert(
            "INSERT INTO invites (token_hash, note, created_by, created_at, expires_at)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                _hash(ctx, token),
                note.strip(),
                ctx.principal.user_id,
                to_microseconds(now),
                to_microseconds(now + lifetime),
            ),
        )
        audit.record(ctx, tx, "invite_created", {"invite_id": invite_id})
        (invite,) = _list(ctx, tx, "WHERE invites.id = ?", invite_id)
    return invite, token


def list_all(ctx: Context) -> list[Invite]:
    """All invitations, the newest first."""
    with ctx.db.read() as db:
        return _list(ctx, db, "ORDER BY invites.id DESC")


def revoke(ctx: Context, invite_id: int) -> None:
    """Remove an invitation, whose link opens nothing then; raises NotFound."""
    with ctx.db.write() as tx:
        if not tx.run("DELETE FROM invites WHERE id = ?", (invite_id,)):
            raise NotFound("There is no such invitation")
        audit.record(ctx, tx, "invite_revoked", {"invite_id": invite_id})


def require_open(ctx: Context, db: Connection, token: str) -> int:
    """The id of the invitation with this token, which can still be used.

    Raises Unauthorized, the same for every reason.
    """
    invite_id: int | None = db.value(
        "SELECT id FROM invites WHERE token_hash = ? AND used_at IS NULL AND expires_at > ?",
        (_hash(ctx, token), to_microseconds(ctx.now())),
    )
    if invite_id is None:
        raise Unauthorized("This invitation cannot be used any more; ask for a new one")
    return invite_id


def spend(ctx: Context, tx: Transaction, invite_id: int, user_id: int) -> None:
    """Note who came by an invitation; `require_open` has let them through in this transaction."""
    tx.run(
        "UPDATE invites SET used_at = ?, used_by = ? WHERE id = ?",
        (to_microseconds(ctx.now()), user_id, invite_id),
    )


def forget_old(ctx: Context) -> None:
    """Drop invitations that expired long ago."""
    before = to_microseconds(ctx.now() - _KEPT_AFTER_EXPIRY)
    with ctx.db.write() as tx:
        tx.run("DELETE FROM invites WHERE expires_at < ?", (before,))


def _list(ctx: Context, db: Connection, rest: str, *values: int) -> list[Invite]:
    now = to_microseconds(ctx.now())

    def decode(
        invite_id: int,
        note: str,
        created_at: int,
        expires_at: int,
        used_at: int | None,
        created_by: str | None,
        used_by: str | None,
    ) -> Invite:
        state: State = "used" if used_at else "open" if expires_at > now else "expired"
        return Invite(
            invite_id=invite_id,
            note=note,
            state=state,
            created_at=from_microseconds(created_at),
            expires_at=from_microseconds(expires_at),
            created_by=created_by or UNSET,
            used_at=UNSET if used_at is None else from_microseconds(used_at),
            used_by=used_by or UNSET,
        )

    return db.rows(
        decode,
        "SELECT invites.id, note, invites.created_at, expires_at, used_at, hosts.username,"
        " guests.username FROM invites LEFT JOIN users AS hosts ON hosts.id = created_by"
        f" LEFT JOIN users AS guests ON guests.id = used_by {rest}",
        values,
    )


def _hash(ctx: Context, token: str) -> bytes:
    return ctx.keys.digest(_PURPOSE, token[:_LONGEST_TOKEN].encode())
