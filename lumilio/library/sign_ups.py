"""Signing up: who may create an account of their own, and who becomes administrator by it.

On the machine that Lumilio runs on everybody may. From elsewhere the very first account takes the
setup code, and each later one what the administrators chose.
"""

from typing import Literal

from msgspec import Struct

from lumilio.db import Connection
from lumilio.errors import Forbidden, Unauthorized
from lumilio.library import audit, invites, setup_codes, system_settings, throttling, users
from lumilio.library.audit import Detail
from lumilio.library.context import Context, Role
from lumilio.library.users import User

Registration = Literal["open", "invite", "setup_code", "closed"]


class Applicant(Struct, frozen=True):
    """Where somebody who wants an account is, and what they bring along."""

    is_on_this_machine: bool
    setup_code: str = ""
    invite_token: str = ""


def registration(db: Connection, *, on_this_machine: bool) -> Registration:
    """What creating an account takes."""
    if on_this_machine:
        return "open"
    if not users.exist(db):
        return "setup_code"
    return system_settings.read(db).registration_mode


def register(ctx: Context, username: str, password: str, applicant: Applicant) -> User:
    """Create an account; the very first one becomes administrator and voids the setup code.

    Raises Forbidden without what it takes, Unauthorized for a wrong code or invitation,
    TooManyAttempts, BadRequest for a name or password against the rules and Conflict for a taken
    name.
    """
    # There is one code for everybody, so guesses count wherever they come from.
    shared = "setup code" if applicant.setup_code and not applicant.is_on_this_machine else ""
    with (
        throttling.attempt(ctx, "registration", account=shared),
        ctx.db.read() as db,
    ):
        _admit(ctx, db, applicant)
    if not applicant.is_on_this_machine:
        throttling.count(ctx, "new account")
    name = users.new_username(username)
    users.check_password(password)
    password_hash = users.hash_of(password)
    with ctx.db.write() as tx:
        invite_id = _admit(ctx, tx, applicant)
        role: Role = "user" if users.exist(tx) else "admin"
        user = users.add(ctx, tx, name, password_hash, role)
        setup_codes.void(tx)
        details: dict[str, Detail] = {"role": role}
        if invite_id is not None:
            invites.spend(ctx, tx, invite_id, user.user_id)
            details["invite_id"] = invite_id
        audit.record(ctx, tx, "user_registered", details, actor_id=user.user_id)
    return user


def _admit(ctx: Context, db: Connection, applicant: Applicant) -> int | None:
    """Who brings what it takes may go on; the id of the invitation they brought."""
    needed = registration(db, on_this_machine=applicant.is_on_this_machine)
    if needed == "closed":
        raise Forbidden("Accounts can be created only on the machine that Lumilio runs on")
    if needed == "setup_code":
        if not applicant.setup_code:
            raise Forbidden("Another machine needs the setup code that Lumilio shows at its start")
        if not setup_codes.is_right(ctx, db, applicant.setup_code):
            raise Unauthorized("The setup code is wrong; each start of Lumilio makes a new one")
    if needed == "invite" and not applicant.invite_token:
        raise Forbidden("An account needs an invitation by an administrator")
    return invites.require_open(ctx, db, applicant.invite_token) if applicant.invite_token else None
