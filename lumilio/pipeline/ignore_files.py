"""`.lumilioignore`: what a scan passes over, in the manner of `.gitignore`.

A pattern holds in the folder of its file and below; of several that match, the last of the deepest
file decides, and `!` takes a file back in. What lies in an ignored folder stays ignored.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec, RegexPattern

log = logging.getLogger(__name__)

IGNORE_FILE = ".lumilioignore"


class IgnoreRules:
    """The patterns that hold in one folder: its own and those of the folders above."""

    def __init__(self, levels: tuple[tuple[str, list[RegexPattern]], ...] = ()) -> None:
        self._levels = levels

    def with_file(self, file: Path, folder: str) -> "IgnoreRules":
        """These rules and those of an ignore file in `folder`; raises OSError when unreadable."""
        patterns = list(_patterns(file))
        return IgnoreRules((*self._levels, (f"{folder}/" if folder else "", patterns)))

    def match(self, path: str, *, is_folder: bool) -> bool:
        """Whether a path inside the repository is ignored; the folders above it are not."""
        for base, patterns in reversed(self._levels):
            below = path.removeprefix(base)
            for pattern in reversed(patterns):
                if _means(pattern, below, is_folder=is_folder):
                    return bool(pattern.include)
        return False


def _patterns(file: Path) -> Iterator[RegexPattern]:
    """The patterns of a file; as in Git, a line that is none spoils no other."""
    for line in file.read_text(encoding="utf-8-sig", errors="replace").splitlines():
        try:
            found = GitIgnoreSpec.from_lines([line]).patterns
        except ValueError:
            log.warning("%s: %r is no pattern", file, line)
            continue
        yield from (pattern for pattern in found if pattern.include is not None)


def _means(pattern: RegexPattern, path: str, *, is_folder: bool) -> bool:
    """Whether a pattern means this entry itself and not just a folder above it.

    The library's own verdict is on files alone, and a walk must know of folders.
    """
    is_for_folders = str(pattern.pattern).rstrip().endswith("/")
    if pattern.regex is None or (is_for_folders and not is_folder):
        return False
    subject = f"{path}/" if is_for_folders else path
    # The one group of these expressions is the slash after a folder.
    return any(
        match.lastindex is None or match.end() == len(subject)
        for match in pattern.regex.finditer(subject)
    )
