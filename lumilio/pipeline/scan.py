"""Scanning the user area of a repository: what is new, changed or gone since the last time."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from msgspec import Struct

from lumilio.errors import RepositoryOffline
from lumilio.library import discoveries, jobs, repositories, scans
from lumilio.library.context import Context
from lumilio.library.discoveries import KnownFile
from lumilio.library.jobs import Job
from lumilio.library.repositories import StoredRepository
from lumilio.library.repository_folders import INBOX, MARKER, OWN
from lumilio.library.scans import ScanCounts, ScanJob
from lumilio.media.formats import format_of
from lumilio.pipeline.ignore_files import IGNORE_FILE, IgnoreRules

log = logging.getLogger(__name__)

_BATCH = 500
# Folders that systems and network stores create for themselves.
_SYSTEM_FOLDERS = {
    "@eadir",
    "#recycle",
    "$recycle.bin",
    "system volume information",
    "__macosx",
    "lost+found",
}


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
        self._ignored: set[str] = set()
        self._pending = [("", IgnoreRules())]

    def entries(self) -> Iterator[_Entry]:
        while self._pending:
            yield from self._folder(*self._pending.pop())

    def is_ignored(self, path: str) -> bool:
        """Whether ignore files kept the walk from a file or from a folder above it."""
        return any(
            above in self._ignored for above in (path, *map(str, PurePosixPath(path).parents))
        )

    def _folder(self, relative: str, rules: IgnoreRules) -> Iterator[_Entry]:
        try:
            with os.scandir(self._root / relative) as found:
                entries = sorted(found, key=lambda entry: entry.name)
            if not relative and all(entry.name != MARKER for entry in entries):
                # An empty place where a disk belongs says nothing about its files.
                raise RepositoryOffline(cause=f"{self._root} holds no {MARKER}")
            rules = _rules_in(entries, relative, rules)
            for entry in entries:
                path = f"{relative}/{entry.name}" if relative else entry.name
                is_folder = entry.is_dir(follow_symlinks=False)
                if is_folder and self._is_foreign(entry, relative):
                    continue
                if rules.match(path, is_folder=is_folder):
                    self._ignored.add(path)
                elif is_folder:
                    self._pending.append((path, rules))
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


def _rules_in(entries: list[os.DirEntry[str]], relative: str, rules: IgnoreRules) -> IgnoreRules:
    """The rules of a folder: those from above and those of its own ignore file."""
    for entry in entries:
        if entry.name == IGNORE_FILE and entry.is_file(follow_symlinks=False):
            return rules.with_file(Path(entry.path), relative)
    return rules


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
    except RepositoryOffline as error:
        # Whoever asked wants to know now; the next scan is theirs to ask for.
        scans.finish(ctx, run_key, counts, error.message)
        with ctx.db.write() as tx:
            jobs.fail(tx, job, error.message, ctx.now(), final=True)
        return
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
    known_sizes = {file.file_size for file in known.values()}
    walk = _Walk(repository.layout.root)
    batch = _Batch(ctx, repository, force=force)
    perhaps_moved: list[str] = []
    for entry in walk.entries():
        seen = known.pop(entry.storage_path, None)
        if seen is None and entry.size in known_sizes:
            perhaps_moved.append(entry.storage_path)
        elif seen is None:
            counts.discovered += 1
            batch.add(entry.storage_path)
        elif force or _differs(entry, seen):
            counts.updated += 1
            batch.add(entry.storage_path)
    # A folder that could not be read says nothing about the files in it.
    gone = {} if walk.faults else _gone(repository, known, walk)
    for storage_path in perhaps_moved:
        former = discoveries.follow(ctx, repository, storage_path, gone)
        if former is None:
            counts.discovered += 1
            batch.add(storage_path)
        else:
            counts.updated += 1
            del gone[former]
    batch.flush()
    counts.skipped = walk.skipped + len(walk.faults)
    if walk.faults:
        return f"{len(walk.faults)} places could not be read, first {walk.faults[0]}"
    lost = {path: file for path, file in gone.items() if file.deleted_reason is None}
    counts.deleted = len(lost)
    with ctx.db.write() as tx:
        discoveries.mark_missing(tx, lost, ctx.now())
    return None


def _gone(
    repository: StoredRepository, unseen: dict[str, KnownFile], walk: _Walk
) -> dict[str, KnownFile]:
    """What the walk did not come across, now that it is certain that the disk is still there."""
    repository.require_online()
    return {
        path: file
        for path, file in unseen.items()
        if file.deleted_reason != "trashed" and not walk.is_ignored(path)
    }


class _Batch:
    """Files to look at closely, queued some hundred at a time."""

    def __init__(self, ctx: Context, repository: StoredRepository, *, force: bool) -> None:
        self._ctx = ctx
        self._repository = repository
        self._force = force
        self._storage_paths: list[str] = []

    def add(self, storage_path: str) -> None:
        self._storage_paths.append(storage_path)
        if len(self._storage_paths) == _BATCH:
            self.flush()

    def flush(self) -> None:
        paths, self._storage_paths = self._storage_paths, []
        if paths:
            with self._ctx.db.write() as tx:
                discoveries.queue(
                    tx, self._repository.key, paths, self._ctx.now(), force=self._force
                )


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
