"""`lumilio user`: accounts from the command line, also for who is locked out of all of them."""

import sys

import msgspec
from rich.console import Console
from rich.table import Table

from lumilio.cli.local import opened
from lumilio.errors import NotFound
from lumilio.library import accounts, users
from lumilio.library.accounts import ManagedUser
from lumilio.library.context import Role
from lumilio.settings import Settings


def show_all(settings: Settings, *, as_json: bool) -> None:
    """Print all accounts, the oldest first."""
    with opened(settings) as ctx:
        listed = accounts.list_accounts(ctx)[0][::-1]
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(listed), indent=2).decode())
    else:
        _print_table(listed)


def create(settings: Settings, username: str, display_name: str, role: Role | None) -> None:
    """Create an account and print its one-time password; the first one is an administrator."""
    with opened(settings, create=True) as ctx:
        with ctx.db.read() as db:
            usual: Role = "user" if users.exist(db) else "admin"
        user, password = accounts.create(ctx, username, display_name, role or usual)
    _hand_over(f"{user.username} can sign in as {user.role} with this one-time password:", password)


def reset(settings: Settings, username: str) -> None:
    """Print a new one-time password of an account; raises NotFound."""
    with opened(settings) as ctx:
        with ctx.db.read() as db:
            user = users.find_by_name(db, username)
        if user is None:
            raise NotFound(f"There is no account {username}")
        password = accounts.reset_access(ctx, user.user_id)
    _hand_over(f"{user.username} can sign in with this one-time password:", password)


def _hand_over(sentence: str, password: str) -> None:
    # Programs read the password alone from standard output.
    print(sentence, file=sys.stderr)
    print(password)


def _print_table(listed: list[ManagedUser]) -> None:
    table = Table("User name", "Display name", "Role", "Active", "Last sign-in", "Items", box=None)
    for user in listed:
        table.add_row(
            user.username,
            user.display_name,
            user.role,
            "yes" if user.is_active else "no",
            f"{user.last_login:%Y-%m-%d %H:%M} UTC" if user.last_login else "never",
            str(user.asset_count),
        )
    Console().print(table)
