"""Files of the user area: indexed where they lie, followed when they change, move or go missing."""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from lumilio.db import Connection, Transaction, to_microseconds
from lumilio.errors import CannotRead
from lumilio.library import (
    developments,
    file_names,
    jobs,
    new_assets,
    processing,
    repositories,
    trash,
)
from lumilio.library.context import Context
from lumilio.library.developments import Develop
from lumilio.library.jobs import Job
from lumilio.library.new_assets import NewAsset
from lumilio.library.repositories import StoredRepository
from lumilio.media.formats import Format
from lumilio.media.hashes import blake3_of
from lumilio.media.sniff import format_in

_BYTES_TOGETHER = 16 << 20
# What lies in the trash follows a renamed file, but takes none that somebody put there anew.
_MAY_BE_FOLLOWED = (
    f"(deleted_reason IS NOT 'trashed' OR (file_modified_at = {{}} AND NOT {trash.BEING_DELETED}))"
)

# Files by storage path, each with the time of its sidecar in microseconds, or None.
Sidecars = Mapping[str, int | None]


class Discover(Struct, frozen=True):
    """Payload of a discover job: a file that is new or has changed, and when its sidecar did."""

    repository_key: int
    storage_path: str
    force: bool = False
    sidecar_modified_at: int | None = None


class KnownFile(Struct, frozen=True):
    """What the library knows of a file in the user area."""

    storage_path: str
    key: int
    file_size: int
    file_modified_at: int
    deleted_reason: str | None
    content_hash: bytes
    sidecar_modified_at: int | None


class Found(Struct, frozen=True):
    """A file as it lies on disk.

    One whose content is of no supported kind has the format of its name: it becomes an asset that
    says why it has no picture, and that later scans know as unchanged.
    """

    storage_path: str
    size: int
    modified_at: int
    content_hash: bytes
    form: Format | None


def known_files(
    db: Connection, repository_key: int, prefix: str, after: str, limit: int, *, is_deep: bool
) -> list[KnownFile]:
    """Files of a repository's user area by storage path, those that come next `after` one.

    Only those whose path begins with `prefix`, which is empty or ends with a slash, and unless
    `is_deep` only those that lie in that folder itself.
    """
    # "0" is the character after the slash, and any text sorts before any blob.
    end = f"{prefix[:-1]}0" if prefix else b""
    shallow = "" if is_deep else " AND instr(substr(storage_path, length(?2) + 1), '/') = 0"
    return db.rows(
        KnownFile,
        "SELECT storage_path, id, file_size, file_modified_at, deleted_reason, hash,"
        " sidecar_modified_at FROM assets WHERE repository_id = ?1 AND storage_path > max(?2, ?3)"
        f" AND storage_path < ?4 AND substr(storage_path, 1, 6) <> 'inbox/'{shallow} ORDER BY storage_path LIMIT ?5",
        (repository_key, prefix, after, end, limit),
    )


def knows_below(db: Connection, repository_key: int, folder: str) -> bool:
    """Whether the library knows files below what is or was a folder."""
    return bool(
        db.value(
            "SELECT 1 FROM assets WHERE repository_id = ? AND storage_path > ? AND storage_path < ?",
            (repository_key, f"{folder}/", f"{folder}0"),
        )
    )


def known_sizes(db: Connection, repository_key: int) -> set[int]:
    """The sizes of all files of a repository's user area."""
    return set(
        db.rows(
            int,
            "SELECT DISTINCT file_size FROM assets"
            " WHERE repository_id = ? AND substr(storage_path, 1, 6) <> 'inbox/'",
            (repository_key,),
        )
    )


def queue(
    tx: Transaction, repository_key: int, files: Sidecars, now: datetime, *, force: bool
) -> int:
    """Queue files for a closer look; `force` develops them even when nothing changed.

    Returns how many of them were not in the queue already.
    """
    return jobs.enqueue_all(
        tx,
        (
            jobs.NewJob(
                jobs.DISCOVER,
                Discover(repository_key, path, force, sidecar_modified_at),
                unique_key=_unique_key(repository_key, path),
            )
            for path, sidecar_modified_at in files.items()
        ),
        now,
    )


def follow_sidecars(tx: Transaction, changed: Mapping[int, int | None], now: datetime) -> int:
    """Have the metadata of assets read again whose sidecars appeared, changed or went.

    They are given by key, with the time of the sidecar that there is now. Returns how many.
    """
    for key, modified_at in changed.items():
        _note_sidecar(tx, key, modified_at)
        # One that is at it may have read the sidecar before.
        if not jobs.waiting_for(tx, key, jobs.METADATA):
            jobs.enqueue(tx, jobs.NewJob(jobs.METADATA, Develop(), asset_key=key), now)
    return len(changed)


def given_up(
    db: Connection, repository_key: int, storage_paths: Iterable[str], since: datetime
) -> set[str]:
    """Those files whose closer look failed for good since an instant."""
    return {
        path
        for path in storage_paths
        if jobs.was_discarded(db, _unique_key(repository_key, path), since)
    }


def _unique_key(repository_key: int, storage_path: str) -> str:
    return f"discover:{repository_key}:{storage_path}"


def content_of(repository: StoredRepository, storage_path: str) -> Found | None:
    """Size, time and hash of a file as it is now; None when it cannot be read."""
    try:
        return _look_at(repository.layout.file(storage_path), storage_path)
    except CannotRead:
        # What cannot be read now is entered as a new file, whose job says why it fails.
        return None


def follow(
    tx: Transaction, repository_key: int, former: KnownFile, found: Found, now: datetime
) -> bool:
    """Give a file that moved to the asset it belongs to; whether both were still as they were."""
    taken = tx.value(
        "SELECT 1 FROM assets WHERE (repository_id, storage_path) = (?1, ?2)"
        " UNION ALL SELECT 1 FROM assets WHERE id = ?3"
        f" AND NOT (storage_path = ?4 AND {_MAY_BE_FOLLOWED.format('?5')})",
        (
            repository_key,
            found.storage_path,
            former.key,
            former.storage_path,
            found.modified_at,
        ),
    )
    if taken:
        return False
    _update(tx, former.key, found)
    if not _is_developed(tx, former.key):
        developments.queue(tx, [former.key], now)
    return True


def mark_missing(tx: Transaction, gone: Iterable[KnownFile], now: datetime) -> int:
    """Take files that are gone out of the lists; they come back with their file.

    Returns how many were in the lists.
    """
    at = to_microseconds(now)
    # One that was found elsewhere in the meantime has another path by now.
    return sum(
        tx.run(
            "UPDATE assets SET deleted_at = ?, deleted_reason = 'missing'"
            " WHERE id = ? AND storage_path = ? AND deleted_at IS NULL",
            (at, file.key, file.storage_path),
        )
        for file in gone
    )


def examine(ctx: Context, job: Job) -> None:
    """Hash a file and enter it as new, changed, moved or returned; safe to repeat."""
    payload: Discover = job.read(Discover)
    with ctx.db.read() as db:
        repository = repositories.by_key(db, payload.repository_key)
    repository.require_online()
    found = _look_at(repository.layout.file(payload.storage_path), payload.storage_path)
    if found is None:
        repository.require_online()
    with ctx.db.write() as tx:
        _conclude(tx, repository, job, payload, found, ctx.now())


def examine_together(ctx: Context, together: Sequence[Job]) -> Sequence[Job]:
    """Examine many small files with one commit; returns those to be examined one by one.

    These are what cannot be read, what belongs to another repository, and what comes after so many
    bytes that a commit of its own is no loss.
    """
    repository_key = together[0].read(Discover).repository_key
    with ctx.db.read() as db:
        repository = repositories.by_key(db, repository_key)
    repository.require_online()
    looks: list[tuple[Job, Discover, Found | None]] = []
    left: list[Job] = []
    size = 0
    for job in together:
        payload: Discover = job.read(Discover)
        try:
            if payload.repository_key == repository_key and size < _BYTES_TOGETHER:
                found = _look_at(repository.layout.file(payload.storage_path), payload.storage_path)
                size += found.size if found else 0
                looks.append((job, payload, found))
            else:
                left.append(job)
        except CannotRead:
            left.append(job)
    if any(found is None for _, _, found in looks):
        repository.require_online()
    with ctx.db.write() as tx:
        for job, payload, found in looks:
            _conclude(tx, repository, job, payload, found, ctx.now())
    return left


def _conclude(
    tx: Transaction,
    repository: StoredRepository,
    job: Job,
    payload: Discover,
    found: Found | None,
    now: datetime,
) -> None:
    if found is not None:
        key = _enter(tx, repository, found, now, force=payload.force)
        if key is not None:
            developments.queue(tx, [key], now)
            _note_sidecar(tx, key, payload.sidecar_modified_at)
    jobs.complete(tx, job.id, now)


def _note_sidecar(tx: Transaction, key: int, modified_at: int | None) -> None:
    """Note which sidecar a reading that is queued takes in; a later one is then a change."""
    tx.run(
        "UPDATE assets SET sidecar_modified_at = ?1"
        " WHERE id = ?2 AND sidecar_modified_at IS NOT ?1",
        (modified_at, key),
    )


def _look_at(path: Path, storage_path: str) -> Found | None:
    try:
        with path.open("rb") as file:
            # In this order a change in between is noticed by the next scan.
            status = os.fstat(file.fileno())
            content_hash = bytes.fromhex(blake3_of(file))
            form = format_in(file, path)
    except FileNotFoundError:
        # It went away since the scan saw it; the next scan notices.
        return None
    except OSError as error:
        raise CannotRead(path, error.strerror or str(error)) from error
    return Found(storage_path, status.st_size, status.st_mtime_ns // 1000, content_hash, form)


def _enter(
    tx: Transaction, repository: StoredRepository, found: Found, now: datetime, *, force: bool
) -> int | None:
    """The key of the asset that needs development, or None."""
    known = tx.row(
        lambda *row: row,
        "SELECT id, hash, deleted_reason FROM assets WHERE repository_id = ? AND storage_path = ?",
        (repository.key, found.storage_path),
    )
    if known is None:
        moved = _moved_from(tx, repository, found)
        if moved is not None:
            _update(tx, moved, found)
            return None if _is_developed(tx, moved) else moved
        return _insert(tx, repository, found, now)
    key, content_hash, deleted_reason = known
    if deleted_reason == "trashed":
        # What a person threw away stays away, whatever the file does.
        return None
    _update(tx, key, found)
    if content_hash != found.content_hash:
        if found.form is not None:
            new_assets.set_format(tx, key, found.form)
        new_assets.replace_content(tx, key, found.content_hash, now)
    elif not force and _is_developed(tx, key):
        return None
    return int(key)


def _is_developed(tx: Transaction, key: int) -> bool:
    """Whether an asset has what its type gets; one that moved while it waited may have failed.

    A recording need not have thumbnails, and a video that has some may lack its conversion.
    """
    return bool(
        tx.value(
            "SELECT 1 FROM assets WHERE id = ? AND (processing ->> 'state' = 'complete' OR"
            " (EXISTS (SELECT 1 FROM thumbnails WHERE asset_id = assets.id) AND"
            f" processing ->> '$.tasks.{processing.TRANSCODE}.state' IS NOT 'failed'))",
            (key,),
        )
    )


def _moved_from(tx: Transaction, repository: StoredRepository, found: Found) -> int | None:
    """The one asset of the same content whose own file is gone, if there is exactly one."""
    same = tx.rows(
        lambda key, path: (key, path),
        "SELECT id, storage_path FROM assets WHERE hash = ? AND repository_id = ?"
        f" AND file_size = ? AND {_MAY_BE_FOLLOWED.format('?')}",
        (found.content_hash, repository.key, found.size, found.modified_at),
    )
    gone = [
        key
        for key, path in same
        if not os.path.lexists(repository.layout.file(path)) and not jobs.is_on_its_way(tx, key)
    ]
    if gone:
        # With the whole disk away no file is gone.
        repository.require_online()
    return gone[0] if len(gone) == 1 else None


def _update(tx: Transaction, key: int, found: Found) -> None:
    name = found.storage_path.rsplit("/", 1)[-1]
    tx.run(
        "UPDATE assets SET storage_path = ?, original_filename = ?, folded_filename = ?,"
        " file_size = ?, file_modified_at = ?,"
        # What a person threw away stays in the trash wherever its file goes.
        " deleted_at = IIF(deleted_reason = 'trashed', deleted_at, NULL),"
        " deleted_reason = IIF(deleted_reason = 'trashed', deleted_reason, NULL) WHERE id = ?",
        (
            found.storage_path,
            name,
            file_names.folded(name),
            found.size,
            found.modified_at,
            key,
        ),
    )


def _insert(
    tx: Transaction, repository: StoredRepository, found: Found, now: datetime
) -> int | None:
    name = found.storage_path.rsplit("/", 1)[-1]
    if found.form is None:
        return None
    return new_assets.insert(
        tx,
        NewAsset(
            repository_key=repository.key,
            owner_id=repository.default_owner_id,
            form=found.form,
            name=name,
            storage_path=found.storage_path,
            size=found.size,
            modified_at=found.modified_at,
            content_hash=found.content_hash,
            at=now,
            taken_time=found.modified_at,
        ),
    )
