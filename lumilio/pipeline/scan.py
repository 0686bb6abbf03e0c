"""Scanning the user area of a repository: what is new, changed or gone since the last time."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from lumilio.library import discoveries, jobs, repositories, scans
from lumilio.library.context import Context
from lumilio.library.discoveries import KnownFile
from lumilio.library.jobs import Job
from lumilio.library.repositories import StoredRepository
from lumilio.library.repository_folders import INBOX, MARKER, OWN
from lumilio.library.scans import ScanCounts, ScanJob
from lumilio.media.formats import format_of

log = logging.getLogger(__name__)

_BATCH = 500
# Folders that systems and network stores create for themselves.
_SYSTEM_FOLDERS = {"@eadir", "#recycle", "$recycle.bin", "system volume information", "__macosx"}


class _Entry(Struct, frozen=True):
    """A supported file that the walk came across."""

    storage_path: str
    size: int
    modified_at: int


class _Walk:
    """Every supported file below a folder; counts what it passes over and remembers faults."""

    def __init__(self, root: Path) -> None:
        self.skipped = 0
        self.faults: list[str] = []
        self._root = root

    def entries(self) -> Iterator[_Entry]:
        pending = [""]
        while pending:
            yield from self._folder(pending.pop(), pending)

    def _folder(self, relative: str, pending: list[str]) -> Iterator[_Entry]:
        try:
            with os.scandir(self._root / relative) as found:
                for entry in sorted(found, key=lambda entry: entry.name):
                    path = f"{relative}/{entry.name}" if relative else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if not self._is_foreign(entry, relative):
                            pending.append(path)
                    elif entry.is_file(follow_symlinks=False):
                        yield from self._file(entry, path)
        except OSError as error:
            self.faults.append(f"{relative or '.'}: {error.strerror}")

    def _is_foreign(self, entry: os.DirEntry[str], relative: str) -> bool:
        return (
            entry.name.startswith(".")
            or entry.name.lower() in _SYSTEM_FOLDERS
            or (not relative and entry.name in (OWN, INBOX))
            or os.path.lexists(f"{entry.path}/{MARKER}")
        )

    def _file(self, entry: os.DirEntry[str], path: str) -> Iterator[_Entry]:
        if entry.name.startswith("."):
            return
        if format_of(entry.name) is None or not _is_text(path):
            self.skipped += 1
            return
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            self.faults.append(f"{path}: {error.strerror}")
            return
        yield _Entry(path, status.st_size, status.st_mtime_ns // 1000)


def run(ctx: Context, job: Job) -> None:
    """Scan a repository once; safe to repeat after an interruption."""
    request: ScanJob = job.read(ScanJob)
    with ctx.db.read() as db:
        repository = repositories.by_key(db, request.repository_key)
    run_key = scans.start(ctx, request)
    counts = ScanCounts()
    try:
        repository.require_online()
        fault = _compare(ctx, repository, counts, force=request.force)
    except Exception as error:
        scans.finish(ctx, run_key, counts, str(error))
        raise
    scans.finish(ctx, run_key, counts, fault)
    with ctx.db.write() as tx:
        jobs.complete(tx, job.id, ctx.now())


def _compare(
    ctx: Context, repository: StoredRepository, counts: ScanCounts, *, force: bool
) -> str | None:
    """Queue what differs from the library; returns what kept the walk from being complete."""
    with ctx.db.read() as db:
        known = discoveries.known_files(db, repository.key)
    walk = _Walk(repository.layout.root)
    changed: list[str] = []
    for entry in walk.entries():
        seen = known.pop(entry.storage_path, None)
        if seen is None:
            counts.discovered += 1
        elif force or _differs(entry, seen):
            counts.updated += 1
        else:
            continue
        changed.append(entry.storage_path)
        if len(changed) == _BATCH:
            _queue(ctx, repository, changed, force=force)
            changed = []
    _queue(ctx, repository, changed, force=force)
    counts.skipped = walk.skipped + len(walk.faults)
    if walk.faults:
        # A folder that could not be read says nothing about the files in it.
        return f"{len(walk.faults)} places could not be read, first {walk.faults[0]}"
    repository.require_online()
    gone = {path: file for path, file in known.items() if file.deleted_reason is None}
    counts.deleted = len(gone)
    with ctx.db.write() as tx:
        discoveries.mark_missing(tx, gone, ctx.now())
    return None


def _queue(
    ctx: Context, repository: StoredRepository, storage_paths: list[str], *, force: bool
) -> None:
    if storage_paths:
        with ctx.db.write() as tx:
            discoveries.queue(tx, repository.key, storage_paths, ctx.now(), force=force)


def _differs(entry: _Entry, seen: KnownFile) -> bool:
    if seen.deleted_reason == "trashed":
        return False
    return (
        seen.deleted_reason == "missing"
        or entry.size != seen.file_size
        or entry.modified_at != seen.file_modified_at
    )


def _is_text(path: str) -> bool:
    """A name that is not valid text cannot be stored or shown."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
