"""What changed in a folder and has yet to be looked at, once nothing touches it any more."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from watchfiles import Change

from lumilio.library.repository_folders import MARKER
from lumilio.pipeline.ignore_files import IGNORE_FILE
from lumilio.pipeline.walk import Region, is_foreign

# Beyond this it is cheaper and safer to look at everything.
MOST_PATHS = 10_000
_FLOOD_SECONDS = 60.0


class Changes:
    """Paths with the instant of their last change, on a clock that never jumps."""

    def __init__(self, settle_seconds: float, most_paths: int = MOST_PATHS) -> None:
        self._settle = settle_seconds
        self._most_paths = most_paths
        self._touched: dict[str, tuple[float, frozenset[Change]]] = {}
        self._flood_began: float | None = None
        self._last = 0.0

    def note(self, changes: Iterable[tuple[Change, str]], now: float) -> None:
        """Take in changes of paths relative to the repository's root."""
        for change, path in changes:
            if not is_relevant(path):
                continue
            self._last = now
            if self._flood_began is not None:
                continue
            _, before = self._touched.get(path, (now, frozenset[Change]()))
            self._touched[path] = (now, before | {change})
            if len(self._touched) > self._most_paths:
                self.flood(now)

    def flood(self, now: float) -> None:
        """Too much has changed, or nobody knows what: everything must be looked at."""
        self._touched.clear()
        self._flood_began = self._last = now

    def is_flood_over(self, now: float) -> bool:
        """Whether everything should be looked at now: it is quiet, or has not been for a minute."""
        began = self._flood_began
        return began is not None and (
            now - self._last >= self._settle or now - began >= _FLOOD_SECONDS
        )

    def forget(self) -> None:
        """All that changed until now will be looked at by somebody else."""
        self._touched.clear()
        self._flood_began = None

    def take(self, now: float) -> dict[str, frozenset[Change]]:
        """Remove and return the paths that nothing has touched for the settle time."""
        settled = {
            path: changes
            for path, (at, changes) in self._touched.items()
            if now - at >= self._settle
        }
        for path in settled:
            del self._touched[path]
        return settled

    @property
    def is_empty(self) -> bool:
        """Whether no path waits to be looked at."""
        return not self._touched

    @property
    def unsettled(self) -> frozenset[str]:
        """Paths that are still being touched."""
        return frozenset(self._touched)


def is_relevant(path: str) -> bool:
    """Whether a change of this path can matter to a scan."""
    *above, name = path.split("/")
    if any(is_foreign("/".join(above[: depth + 1])) for depth in range(len(above))):
        return False
    if name == MARKER:
        return bool(above)
    if not name:
        # The repository itself; whether it is still there is somebody else's question.
        return False
    return name == IGNORE_FILE or not is_foreign(path)


def regions(
    root: Path, settled: dict[str, frozenset[Change]], was_folder: Iterable[str]
) -> list[Region]:
    """The folders to compare when these paths have changed; none is part of another.

    `was_folder` names those of the paths below which the library knows files.
    """
    found = {Region(folder) for folder in was_folder}
    for path, changes in settled.items():
        found.update(_regions_of(root, path, changes))
    deep = {region.folder for region in found if region.is_deep}
    return sorted(region for region in found if not _is_part_of(region, deep))


def _regions_of(root: Path, path: str, changes: frozenset[Change]) -> Iterator[Region]:
    folder, _, name = path.rpartition("/")
    if name in (IGNORE_FILE, MARKER):
        yield Region(folder)
        return
    yield Region(folder, is_deep=False)
    if (root / path).is_dir():
        # Some systems tell that a folder has changed with every file in it.
        yield Region(path, is_deep=Change.added in changes)


def _is_part_of(region: Region, deep: set[str]) -> bool:
    parts = region.folder.split("/") if region.folder else []
    above = {"/".join(parts[:depth]) for depth in range(len(parts))}
    return not above.isdisjoint(deep) or (not region.is_deep and region.folder in deep)
