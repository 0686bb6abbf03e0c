"""The library in a home, for commands that work beside a running Lumilio or without one."""

from collections.abc import Iterator
from contextlib import contextmanager

from lumilio.db import Database, migrate
from lumilio.errors import NotFound
from lumilio.home import AlreadyRunning, Home, HomeLock
from lumilio.library import keys
from lumilio.library.context import COMMAND_LINE, Context, utc_now
from lumilio.settings import Settings


@contextmanager
def opened(settings: Settings, *, create: bool = False) -> Iterator[Context]:
    """The library of a home, with the rights of its owner.

    Raises NotFound when there is none, unless it is to be created.
    """
    home = Home(settings.home_path)
    if create:
        home.create()
    elif not home.database.is_file():
        raise NotFound(f"There is no library in {home.root} yet")
    lock = HomeLock(home)
    try:
        # Who holds the lock has brought the database up to date.
        is_free = _acquired(lock)
        database = Database(home.database)
        try:
            if is_free:
                migrate(database, home.backups)
            root_keys = keys.load_or_create(home.root_key)
            yield Context(database, utc_now, settings, root_keys, caller=COMMAND_LINE)
        finally:
            database.close()
    finally:
        lock.release()


def _acquired(lock: HomeLock) -> bool:
    try:
        lock.acquire()
    except AlreadyRunning:
        return False
    return True
