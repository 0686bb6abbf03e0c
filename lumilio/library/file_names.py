"""Names of originals in a repository: safe on every system, and free."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import PurePosixPath
from uuid import uuid4

from pathvalidate import sanitize_filename

from lumilio.errors import BadRequest
from lumilio.library.repository_folders import INBOX, DuplicateHandling, StorageStrategy

_LONGEST_NAME_BYTES = 200
_RENAMES = 1000


def display_name(client_name: str) -> str:
    """The last part of the name a client sent, as shown to people; raises BadRequest when empty."""
    name = client_name.replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in name if c.isprintable()).strip()
    if not name:
        raise BadRequest("The file has no name")
    return name[:255]


def safe_name(name: str) -> str:
    """A file name that every system can store, with the same extension."""
    clean = str(sanitize_filename(name, platform="universal", replacement_text="_"))
    path = PurePosixPath(clean.lstrip(".") or "file")
    suffix = path.suffix.encode()[:20].decode(errors="ignore")
    room = _LONGEST_NAME_BYTES - len(suffix.encode())
    stem = path.stem.encode()[:room].decode(errors="ignore").rstrip(". ")
    return (stem or "file") + suffix


def inbox_folder(strategy: StorageStrategy, content_hash: str, now: datetime) -> str:
    """The folder under `inbox/` for a file that arrives at `now` (local time)."""
    if strategy == "date":
        return f"{INBOX}/{now:%Y/%m}"
    if strategy == "cas":
        return f"{INBOX}/{content_hash[:2]}/{content_hash[2:4]}/{content_hash[4:6]}"
    return INBOX


def candidates(
    strategy: StorageStrategy,
    handling: DuplicateHandling,
    name: str,
    content_hash: str,
    now: datetime,
) -> Iterator[str]:
    """Storage paths to try in turn until one is free; never ends."""
    folder = inbox_folder(strategy, content_hash, now)
    file = PurePosixPath(safe_name(name))
    if strategy == "cas":
        yield f"{folder}/{content_hash}{file.suffix.lower()}"
    else:
        yield f"{folder}/{file}"
        if handling != "uuid":
            for number in range(1, _RENAMES):
                yield f"{folder}/{file.stem} ({number}){file.suffix}"
            yield f"{folder}/{file.stem}_{now:%Y%m%d_%H%M%S}{file.suffix}"
    while True:
        yield f"{folder}/{file.stem}_{uuid4().hex[:8]}{file.suffix}"
