"""Comparing files on disk with what the library knows, both sorted by path and never all in memory.

What is new or changed goes into the queue of discover jobs, some hundred files at a time; where only
a sidecar changed, the metadata is read again. What moved keeps its asset, and what is gone goes
missing, but only after a walk without any fault.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from msgspec import Struct

from lumilio.db import Transaction, to_microseconds
from lumilio.library import discoveries, repositories
from lumilio.library.context import Context
from lumilio.library.discoveries import Found, KnownFile, Sidecars
from lumilio.library.repositories import StoredRepository
from lumilio.library.scans import ScanCounts
from lumilio.pipeline.walk import Entry, Region, Walk

_BATCH = 500
_PAGE = 2000
_LET_REST = timedelta(days=1)


class Stopped(Exception):
    """The program is about to end; the next start goes on."""


class Terms(Struct, frozen=True, kw_only=True):
    """How to compare."""

    # Files changed less long ago are left for another time.
    settle_seconds: int = 0
    # Look closely at every file whose path comes after `resume_after`, changed or not.
    force: bool = False
    resume_after: str = ""
    # Leave out files that could not be read a short time ago.
    let_rest: bool = False
    # Every new file may be one that moved; else only one whose size the library knows.
    is_partial: bool = False
    unsettled: frozenset[str] = frozenset()


Record = Callable[[Transaction, ScanCounts, str], None]


class Comparison:
    """One pass over regions of a repository; `record` is told the counts in each transaction."""

    def __init__(
        self,
        ctx: Context,
        repository: StoredRepository,
        terms: Terms,
        counts: ScanCounts,
        record: Record,
        stopping: threading.Event,
    ) -> None:
        self.deferred: list[str] = []
        self._ctx = ctx
        self._repository = repository
        self._terms = terms
        self._counts = counts
        self._record = record
        self._stopping = stopping
        self._walk = Walk(repository.layout.root)
        self._young_since = self._settled_before()
        self._sizes: set[int] | None = None
        self._new: dict[str, int | None] = {}
        self._changed: dict[str, int | None] = {}
        self._sidecars: dict[int, int | None] = {}
        self._perhaps_moved: list[Entry] = []
        self._unseen: list[KnownFile] = []
        self._let_rest = 0
        self._reached = terms.resume_after

    def run(self, regions: Iterable[Region]) -> str | None:
        """Compare; returns what kept the walk from being complete.

        Raises Stopped, RepositoryOffline, and NotFound once the repository is unregistered.
        """
        for region in regions:
            for entry, known in _merged(self._walk.entries(region), self._known(region)):
                if self._stopping.is_set():
                    raise Stopped
                self._compare(entry, known)
        faults = self._walk.faults
        # A folder that could not be read says nothing about the files in it.
        gone = {} if faults else {file.storage_path: file for file in self._gone()}
        self._follow_moves(gone)
        self._flush()
        self._mark_missing([file for file in gone.values() if file.deleted_reason is None])
        self._counts.skipped = self._skipped()
        return f"{len(faults)} places could not be read, first {faults[0]}" if faults else None

    def _known(self, region: Region) -> Iterator[KnownFile]:
        """What the library knows in a region, page by page, so that no view is held for long."""
        after = ""
        while True:
            with self._ctx.db.read() as db:
                page = discoveries.known_files(
                    db, self._repository.key, region.prefix, after, _PAGE, is_deep=region.is_deep
                )
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].storage_path

    def _compare(self, entry: Entry | None, known: KnownFile | None) -> None:
        if entry is None:
            if known is not None:
                self._unseen.append(known)
        elif self._is_young(entry):
            self.deferred.append(entry.storage_path)
        elif known is None:
            if self._may_have_moved(entry):
                self._perhaps_moved.append(entry)
            else:
                self._add(self._new, entry)
        elif self._is_forced(entry) or _differs(entry, known):
            self._reached = entry.storage_path
            self._add(self._changed, entry)
        elif _has_other_sidecar(entry, known):
            self._sidecars[known.key] = entry.sidecar_modified_at
            if len(self._sidecars) >= _BATCH:
                self._flush()

    def _is_young(self, entry: Entry) -> bool:
        if entry.storage_path in self._terms.unsettled:
            return True
        if entry.modified_at <= self._young_since:
            return False
        # A time that lies far ahead is no sign that somebody is still writing.
        settle = self._terms.settle_seconds * 1_000_000
        return abs(to_microseconds(self._ctx.now()) - entry.modified_at) < settle

    def _settled_before(self) -> int:
        return to_microseconds(self._ctx.now() - timedelta(seconds=self._terms.settle_seconds))

    def _is_forced(self, entry: Entry) -> bool:
        return self._terms.force and entry.storage_path > self._terms.resume_after

    def _may_have_moved(self, entry: Entry) -> bool:
        if self._terms.is_partial:
            return True
        if self._sizes is None:
            with self._ctx.db.read() as db:
                self._sizes = discoveries.known_sizes(db, self._repository.key)
        return entry.size in self._sizes

    def _add(self, batch: dict[str, int | None], entry: Entry) -> None:
        batch[entry.storage_path] = entry.sidecar_modified_at
        if len(batch) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        """Queue what has come together, and count what was not in the queue already."""
        new, self._new = self._new, {}
        changed, self._changed = self._changed, {}
        sidecars, self._sidecars = self._sidecars, {}
        if not new and not changed and not sidecars:
            return
        with self._ctx.db.write() as tx:
            # Raises when there is nobody to queue it for any more.
            repositories.by_key(tx, self._repository.key)
            discovered = self._queue(tx, new)
            updated = self._queue(tx, changed)
            updated += discoveries.follow_sidecars(tx, sidecars, self._ctx.now())
            self._tell(tx, discovered=discovered, updated=updated)

    def _queue(self, tx: Transaction, files: Sidecars) -> int:
        now, key = self._ctx.now(), self._repository.key
        if self._terms.let_rest:
            resting = discoveries.given_up(tx, key, files, now - _LET_REST)
            files = {path: beside for path, beside in files.items() if path not in resting}
            self._let_rest += len(resting)
        return discoveries.queue(tx, key, files, now, force=self._terms.force)

    def _tell(
        self, tx: Transaction, *, discovered: int = 0, updated: int = 0, deleted: int = 0
    ) -> None:
        counts = self._counts
        counts.discovered += discovered
        counts.updated += updated
        counts.deleted += deleted
        counts.skipped = self._skipped()
        self._record(tx, counts, self._reached)

    def _skipped(self) -> int:
        walk = self._walk
        return walk.skipped + len(walk.faults) + len(self.deferred) + self._let_rest

    def _gone(self) -> list[KnownFile]:
        """What the walk did not come across, now that it is certain that the disk is still there."""
        self._repository.require_online()
        return [file for file in self._unseen if not self._walk.is_ignored(file.storage_path)]

    def _follow_moves(self, gone: dict[str, KnownFile]) -> None:
        """Give new files to the one asset of their content whose own file is gone."""
        by_content: dict[tuple[int, bytes], list[KnownFile]] = {}
        for file in gone.values():
            by_content.setdefault((file.file_size, file.content_hash), []).append(file)
        sizes = {size for size, _ in by_content}
        moves: list[tuple[KnownFile, Found]] = []
        for entry in self._perhaps_moved:
            if self._stopping.is_set():
                raise Stopped
            found = None
            if entry.size in sizes:
                found = discoveries.content_of(self._repository, entry.storage_path)
            same = by_content.pop((found.size, found.content_hash), []) if found else []
            if found and len(same) == 1:
                moves.append((same[0], found))
            else:
                self._add(self._new, entry)
            if len(moves) >= _BATCH:
                self._move(moves, gone)
                moves = []
        self._move(moves, gone)

    def _move(self, moves: list[tuple[KnownFile, Found]], gone: dict[str, KnownFile]) -> None:
        if not moves:
            return
        with self._ctx.db.write() as tx:
            followed = 0
            for former, found in moves:
                if discoveries.follow(tx, self._repository.key, former, found, self._ctx.now()):
                    del gone[former.storage_path]
                    followed += 1
                else:
                    self._new[found.storage_path] = None
            self._tell(tx, updated=followed)

    def _mark_missing(self, lost: list[KnownFile]) -> None:
        for start in range(0, len(lost), _PAGE):
            with self._ctx.db.write() as tx:
                page = lost[start : start + _PAGE]
                self._tell(tx, deleted=discoveries.mark_missing(tx, page, self._ctx.now()))


def _merged(
    entries: Iterator[Entry], known: Iterator[KnownFile]
) -> Iterator[tuple[Entry | None, KnownFile | None]]:
    """Pair both by path; None stands where the other side has nothing."""
    entry, file = next(entries, None), next(known, None)
    while entry is not None or file is not None:
        if file is None or (entry is not None and entry.storage_path < file.storage_path):
            yield entry, None
            entry = next(entries, None)
        elif entry is None or file.storage_path < entry.storage_path:
            yield None, file
            file = next(known, None)
        else:
            yield entry, file
            entry, file = next(entries, None), next(known, None)


def _differs(entry: Entry, known: KnownFile) -> bool:
    if known.deleted_reason == "trashed":
        return False
    return (
        known.deleted_reason == "missing"
        or entry.size != known.file_size
        or entry.modified_at != known.file_modified_at
    )


def _has_other_sidecar(entry: Entry, known: KnownFile) -> bool:
    return entry.sidecar_modified_at != known.sidecar_modified_at and known.deleted_reason is None
