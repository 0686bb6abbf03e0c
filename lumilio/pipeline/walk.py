"""Walking through the user area of a repository, in the order in which the database sorts paths."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from msgspec import Struct

from lumilio.errors import RepositoryOffline
from lumilio.library.repository_folders import INBOX, MARKER, OWN
from lumilio.media import sidecars
from lumilio.media.formats import format_of
from lumilio.pipeline.ignore_files import IGNORE_FILE, IgnoreRules

# Folders that systems and network stores create for themselves.
_SYSTEM_FOLDERS = {
    "@eadir",
    "#recycle",
    "$recycle.bin",
    "system volume information",
    "__macosx",
    "lost+found",
}


class Region(Struct, frozen=True, order=True):
    """A folder of the user area, `""` for all of it: with everything below, or its files alone."""

    folder: str
    is_deep: bool = True

    @property
    def prefix(self) -> str:
        """What the paths of all files in the region begin with."""
        return f"{self.folder}/" if self.folder else ""


EVERYTHING = Region("")


class Entry(Struct, frozen=True):
    """A supported file that the walk came across; times in microseconds."""

    storage_path: str
    size: int
    modified_at: int
    sidecar_modified_at: int | None


class _Level(Struct, frozen=True):
    """A folder that the walk is in, and what is left of it."""

    folder: str
    rules: IgnoreRules
    entries: Iterator[os.DirEntry[str]]
    sidecars: dict[str, os.DirEntry[str]]


class Walk:
    """Every supported file of regions; counts what it passes over and remembers faults."""

    def __init__(self, root: Path) -> None:
        self.skipped = 0
        self.faults: list[str] = []
        self._root = root
        self._ignored: set[str] = set()

    def entries(self, region: Region) -> Iterator[Entry]:
        """The files of a region, sorted by path as text."""
        rules = self._rules_above(region.folder)
        if rules is None:
            return
        levels = list(self._open(region.folder, rules))
        while levels:
            for entry in levels[-1].entries:
                folder = self._wanted_folder(levels[-1], entry)
                if folder is None:
                    yield from self._file(levels[-1], entry)
                elif folder and region.is_deep:
                    levels += self._open(folder, levels[-1].rules)
                    break
            else:
                levels.pop()

    def is_ignored(self, path: str) -> bool:
        """Whether ignore files kept the walk from a file or from a folder above it."""
        return bool(self._ignored) and any(
            above in self._ignored for above in (path, *map(str, PurePosixPath(path).parents))
        )

    def _rules_above(self, folder: str) -> IgnoreRules | None:
        """What holds for a folder by those above; None when the walk does not get there.

        Asks the folders above for their entries, because a path alone does not tell how a name is
        really written on systems that take several writings of it.
        """
        rules, above = IgnoreRules(), ""
        for name in folder.split("/") if folder else ():
            path = f"{above}/{name}" if above else name
            for level in self._open(above, rules):
                rules = level.rules
                found = [entry for entry in level.entries if entry.name == name]
                if found and self._wanted_folder(level, found[0]):
                    break
            else:
                return None
            above = path
        return rules

    def _open(self, folder: str, rules: IgnoreRules) -> Iterator[_Level]:
        """The level of a folder, none where it cannot be read."""
        try:
            with os.scandir(self._root / folder) as found:
                entries = sorted(found, key=_place)
            if not folder and all(entry.name != MARKER for entry in entries):
                # An empty place where a disk belongs says nothing about its files.
                raise RepositoryOffline(cause=f"{self._root} holds no {MARKER}")
            rules = _rules_in(entries, folder, rules)
        except OSError as error:
            self._fault(folder or ".", error)
            return
        beside = {entry.name: entry for entry in entries if entry.name.endswith(sidecars.SUFFIXES)}
        yield _Level(folder, rules, iter(entries), beside)

    def _wanted_folder(self, level: _Level, entry: os.DirEntry[str]) -> str | None:
        """The path of a folder to go into, `""` for what is to be passed over, None for others."""
        path = _join(level.folder, entry.name)
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
        except OSError as error:
            self._fault(path, error)
            return ""
        if is_folder and self._is_foreign(entry, level.folder):
            return ""
        if level.rules.match(path, is_folder=is_folder):
            self._ignored.add(path)
            return ""
        return path if is_folder else None

    def _is_foreign(self, entry: os.DirEntry[str], folder: str) -> bool:
        return is_foreign(_join(folder, entry.name)) or os.path.lexists(f"{entry.path}/{MARKER}")

    def _file(self, level: _Level, entry: os.DirEntry[str]) -> Iterator[Entry]:
        path = _join(level.folder, entry.name)
        try:
            if entry.name.startswith(".") or not entry.is_file(follow_symlinks=False):
                return
            form = format_of(entry.name)
            if form is None or not _is_text(path):
                self.skipped += 1
                return
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            self._fault(path, error)
            return
        # Most folders have none, and only a photo's are read.
        has_any = level.sidecars and form.type == "PHOTO"
        beside = _sidecar_time(level, entry.name) if has_any else None
        yield Entry(path, status.st_size, status.st_mtime_ns // 1000, beside)

    def _fault(self, path: str, error: OSError) -> None:
        self.faults.append(f"{path}: {error.strerror}")


def is_foreign(folder: str) -> bool:
    """Whether a folder is none of the user's own by its name alone."""
    name = folder.rsplit("/", 1)[-1]
    return name.startswith(".") or name.lower() in _SYSTEM_FOLDERS or folder in (OWN, INBOX)


def _place(entry: os.DirEntry[str]) -> str:
    """Where an entry stands among the others when whole paths are sorted."""
    try:
        return f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name
    except OSError:
        return entry.name


def _sidecar_time(level: _Level, name: str) -> int | None:
    """When the sidecar of a file changed last; None without one."""
    for beside in sidecars.names_beside(name):
        with suppress(OSError):
            if (found := level.sidecars.get(beside)) and found.is_file():
                return found.stat().st_mtime_ns // 1000
    return None


def _rules_in(entries: list[os.DirEntry[str]], folder: str, rules: IgnoreRules) -> IgnoreRules:
    """The rules of a folder: those from above and those of its own ignore file."""
    for entry in entries:
        if entry.name == IGNORE_FILE and entry.is_file(follow_symlinks=False):
            return rules.with_file(Path(entry.path), folder)
    return rules


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _is_text(path: str) -> bool:
    """A name that is not valid text cannot be stored or shown."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
