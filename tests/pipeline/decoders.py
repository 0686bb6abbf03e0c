"""Stand-ins for the decoder, importable by its worker processes."""

import os
import time
from pathlib import Path

from lumilio.media.facts import Development, Task
from lumilio.media.worker import develop_photo


def develop(
    source: Path, *, thumbnails_dir: Path, stem: str, tasks: frozenset[Task]
) -> Development:
    """Crash, hang or eat memory for files of those names; develop the others."""
    if source.name.startswith("crash"):
        os.abort()
    if source.name.startswith("hang"):
        time.sleep(600)
    if source.name.startswith("eat"):
        raise MemoryError
    return develop_photo(source, thumbnails_dir=thumbnails_dir, stem=stem, tasks=tasks)
