"""A repository on disk: its marker file, the folders that are ours, and the names we choose.

`inbox/` holds what was handed over, `.lumilio/` what is ours; everything else is the user's own and
is never written. Nothing here removes a file that we did not create.
"""

import contextlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from lumilio.errors import BadRequest, Unavailable
from lumilio.library.staging import flush_folder
from lumilio.media.thumbnails import PART, ThumbnailSize, thumbnail_path

StorageStrategy = Literal["date", "flat", "cas"]
DuplicateHandling = Literal["rename", "uuid", "overwrite"]

MARKER = ".lumiliorepo"
OWN = ".lumilio"
INBOX = "inbox"
SIDECAR_SUFFIX = ".lumilio-sidecar"
_VERSION = "1.0"

_PRIVATE_FOLDERS = ("staging/incoming", "staging/failed", "temp")
_FOLDERS = (
    "assets/thumbnails/small",
    "assets/thumbnails/medium",
    "assets/thumbnails/large",
    "sidecars",
)
# Windows opens devices under these names, whatever the extension.
_RESERVED = {"con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10))}
_LONGEST_NAME_BYTES = 240


class LocalSettings(Struct, frozen=True):
    """Settings of a repository that travel with its folder."""

    handle_duplicate_filenames: DuplicateHandling


class Marker(Struct, frozen=True, kw_only=True):
    """The content of `.lumiliorepo`."""

    id: UUID
    name: Annotated[str, Meta(min_length=1)]
    created_at: Annotated[datetime, Meta(tz=True)]
    storage_strategy: StorageStrategy
    local_settings: LocalSettings
    version: str = _VERSION


class Layout(Struct, frozen=True):
    """Where things lie in one repository."""

    root: Path

    @property
    def incoming(self) -> Path:
        """Uploads before they have a place."""
        return self.root / OWN / "staging" / "incoming"

    @property
    def failed(self) -> Path:
        """Whole uploads that nothing in the database knows."""
        return self.root / OWN / "staging" / "failed"

    @property
    def derived(self) -> Path:
        """Parent of all that is made from originals; what is being made stands one level below."""
        return self.root / OWN / "assets"

    @property
    def thumbnails(self) -> Path:
        """Parent of the three folders of thumbnails."""
        return self.derived / "thumbnails"

    def thumbnail(self, stem: str, size: ThumbnailSize) -> Path:
        """The thumbnail of a content hash in one size."""
        return thumbnail_path(self.thumbnails, size, stem)

    def web_video(self, stem: str) -> Path:
        """The copy of a video that browsers play."""
        return self.derived / "videos" / "web" / f"{stem}_web.mp4"

    def web_audio(self, stem: str) -> Path:
        """The copy of a recording that browsers play."""
        return self.derived / "audios" / "web" / f"{stem}_web.mp3"

    @property
    def sidecars(self) -> Path:
        """The edits of photos, one document each."""
        return self.root / OWN / "sidecars"

    def sidecar(self, asset_id: UUID) -> Path:
        """The edits of one asset."""
        return self.sidecars / f"{asset_id}{SIDECAR_SUFFIX}"

    def file(self, storage_path: str) -> Path:
        """The absolute path of an original."""
        return self.root / storage_path

    def held_file(self, storage_path: str) -> Path | None:
        """An original to hand out, None where there is none or a link leads elsewhere.

        Whoever may write into a folder must not thereby read all that the program may read.
        """
        path = self.file(storage_path)
        is_inside = Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.root))
        return path if is_inside and path.is_file() else None

    def unfinished(self) -> Iterator[Path]:
        """What was being made or written, of use to nobody once its program has ended."""
        yield from self.derived.glob(f"*/*{PART}")
        yield from self.sidecars.glob(f"*{PART}")

    def make_room(self, file: Path) -> None:
        """Make the folders above a file in a folder of ours, whose repository has to be there.

        Raises FileNotFoundError where it is not: nothing is made in the place of a missing disk.
        """
        own, *names = file.relative_to(self.root).parts[:-1]
        folder = self.root / own
        if (self.root / MARKER).exists():
            folder.mkdir(exist_ok=True)
        for name in names:
            folder /= name
            folder.mkdir(exist_ok=True)


def folder_name(name: str) -> str:
    """The folder of a regular repository: letters and digits of any script, lower-cased.

    Raises BadRequest for a name that gives no folder a computer can create.
    """
    kept = [c.lower() if c.isalnum() or c in "-_" else "\0" for c in name.strip()]
    words = [word for word in "".join(kept).split("\0") if word]
    slug = "-".join(words).strip("-_")
    if not slug:
        raise BadRequest("The name needs at least one letter or digit")
    if slug in _RESERVED or len(slug.encode()) > _LONGEST_NAME_BYTES:
        raise BadRequest("No folder can have this name; please choose another")
    return slug


def enclosing_repository(folder: Path) -> Path | None:
    """The nearest folder above that is a repository, or None."""
    return next((parent for parent in folder.parents if (parent / MARKER).exists()), None)


def read_marker(folder: Path) -> Marker | None:
    """The marker of a folder, None where there is none; raises BadRequest when unreadable."""
    try:
        return msgspec.yaml.decode((folder / MARKER).read_bytes(), type=Marker, strict=False)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BadRequest(
            f"The file {MARKER} in {folder} cannot be read", cause=str(error)
        ) from error


def is_home_of(folder: Path, repository_id: UUID) -> bool:
    """Whether a folder is there with this repository's marker, and not another disk in its place."""
    try:
        content = (folder / MARKER).read_bytes()
    except OSError:
        return False
    try:
        return msgspec.yaml.decode(content, type=Marker, strict=False).id == repository_id
    except (msgspec.DecodeError, msgspec.ValidationError):
        # A slip in a text file takes no photos away.
        return True


def update_marker(
    folder: Path, *, name: str, storage_strategy: StorageStrategy, local_settings: LocalSettings
) -> None:
    """Put settings into the marker of a folder; it is the former or the new one at any moment.

    Keys of other programs stay. Raises BadRequest when unreadable and Unavailable when it cannot be
    written.
    """
    read_marker(folder)
    content = msgspec.yaml.decode((folder / MARKER).read_bytes())
    content |= {"name": name, "storage_strategy": storage_strategy}
    content["local_settings"] |= msgspec.to_builtins(local_settings)
    draft = folder / f"{MARKER}.new"
    try:
        draft.unlink(missing_ok=True)
        write_whole(folder / MARKER, msgspec.yaml.encode(content), draft)
    except OSError as error:
        raise Unavailable(f"The file {MARKER} cannot be written", cause=str(error)) from error


def write_whole(path: Path, content: bytes, draft: Path) -> None:
    """Write a file that is the former or the new one at any moment, by way of a new file beside it.

    Raises OSError.
    """
    try:
        _write_new(draft, content)
        draft.replace(path)
        flush_folder(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def create(folder: Path, marker: Marker | None) -> None:
    """Make the folders of a repository and, when given, its marker; existing files stay.

    Raises BadRequest when the folder cannot be written; what was created until then is removed.
    """
    created: list[Path] = []
    try:
        for path in _wanted_folders(folder):
            _make_folder(path, created)
        probe = folder / OWN / "temp" / "permission_test"
        probe.write_bytes(b"")
        probe.unlink()
        if marker is not None:
            _write_new(folder / MARKER, msgspec.yaml.encode(marker))
    except OSError as error:
        for path in reversed(created):
            with contextlib.suppress(OSError):
                path.rmdir()
        raise BadRequest(
            f"The folder {folder} cannot be used: {error.strerror}", cause=str(error)
        ) from error


def _wanted_folders(folder: Path) -> list[Path]:
    own = folder / OWN
    return [
        folder,
        folder / INBOX,
        own,
        *(own / name for name in _FOLDERS),
        *(own / name for name in _PRIVATE_FOLDERS),
    ]


def _make_folder(path: Path, created: list[Path]) -> None:
    missing = [path, *path.parents]
    missing = [folder for folder in missing if not folder.exists()]
    for folder in reversed(missing):
        mode = 0o700 if {"staging", "temp"} & set(folder.parts[-2:]) else 0o755
        folder.mkdir(mode=mode)
        created.append(folder)
    if not path.is_dir():
        raise NotADirectoryError(20, "a file stands where a folder is needed", str(path))


def _write_new(path: Path, content: bytes) -> None:
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
