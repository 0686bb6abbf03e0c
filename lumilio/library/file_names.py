"""Names of originals in a repository: safe on every system, and free."""

import unicodedata
from collections.abc import Iterator
from datetime import datetime
from pathlib import PurePosixPath
from uuid import uuid4

from pathvalidate import sanitize_filename

from lumilio.errors import BadRequest
from lumilio.library.repository_folders import INBOX, DuplicateHandling, StorageStrategy

_LONGEST_NAME_BYTES = 200
_LONGEST_DISPLAY_NAME = 255
_LONGEST_SUFFIX_BYTES = 20
_DIRECTION_MARKS = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_RENAMES = 1000


def display_name(client_name: str) -> str:
    """The last part of the name a client sent, as shown to people; raises BadRequest when empty."""
    name = client_name.replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in name if not _misleads(c)).strip()
    if not name.strip(". "):
        raise BadRequest("The file has no name")
    if len(name) <= _LONGEST_DISPLAY_NAME:
        return name
    suffix = PurePosixPath(name).suffix
    suffix = suffix if len(suffix) <= _LONGEST_SUFFIX_BYTES else ""
    return name[: _LONGEST_DISPLAY_NAME - len(suffix)] + suffix


def folded(name: str) -> str:
    """A name for comparing: without letter case, accents composed."""
    return unicodedata.normalize("NFC", name).casefold()


def safe_name(name: str) -> str:
    """A file name that every system can store, with the same extension."""
    path = PurePosixPath(name)
    suffix = _sanitized(path.suffix).encode()[:_LONGEST_SUFFIX_BYTES].decode(errors="ignore")
    room = _LONGEST_NAME_BYTES - len(suffix.encode())
    stem = path.stem.encode()[:room].decode(errors="ignore")
    stem = _sanitized(stem.lstrip(".")).rstrip(". ")
    return (stem or "file") + suffix


def _sanitized(text: str) -> str:
    return str(sanitize_filename(text, platform="universal", replacement_text="_"))


def _misleads(character: str) -> bool:
    """Control characters, halves of characters, and marks that turn the direction of reading."""
    return unicodedata.category(character) in ("Cc", "Cs") or character in _DIRECTION_MARKS


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
