"""A file's one way through the decoders: facts, thumbnails and fingerprints from one reading."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from lumilio.errors import CannotDecode, CannotRead
from lumilio.media.facts import ALL_TASKS, Development, Task
from lumilio.media.formats import Format
from lumilio.media.metadata import read_metadata
from lumilio.media.pictures import Picture, decode_faults, opened_picture
from lumilio.media.previews import pictured
from lumilio.media.sniff import format_of_file
from lumilio.media.thumbnails import LONGEST_SIDES

_METADATA_TOO_LARGE = "The metadata are damaged: they claim to be larger than the memory"


def develop(
    source: Path,
    *,
    thumbnails_dir: Path,
    stem: str,
    tasks: frozenset[Task] = ALL_TASKS,
) -> Development:
    """Read one file and write its thumbnails as `thumbnails_dir/<size>/<stem>_<size>.webp`.

    Faults of the file are told in the result. CannotRead means that the disk does not give it out,
    OSError that the thumbnails could not be written, MemoryError that the file needs more than this
    process may have.
    """
    media_format = _format_of(source)
    if media_format is not None and media_format.type != "PHOTO":
        # FFmpeg's libraries are large; a worker that sees only photos never loads them.
        from lumilio.media import recordings

        is_video = media_format.type == "VIDEO"
        read = recordings.develop_video if is_video else recordings.develop_audio
        return read(source, thumbnails_dir=thumbnails_dir, stem=stem, tasks=tasks)
    development = _developed(source, thumbnails_dir, stem, tasks)
    if not (development.thumbnail_error or development.metadata_error):
        return development
    # Decoders swallow errors of the disk; only what is wrong with a good copy is the photo's fault.
    with _copied(source) as copy:
        return _developed(copy, thumbnails_dir, stem, tasks)


def _developed(
    source: Path, thumbnails_dir: Path, stem: str, tasks: frozenset[Task]
) -> Development:
    development = _read_picture(source, thumbnails_dir, stem, tasks)
    return _read_facts(source, development) if "metadata" in tasks else development


@contextmanager
def _copied(source: Path) -> Iterator[Path]:
    """A copy of a file for as long as the block runs; raises CannotRead."""
    with TemporaryDirectory(prefix="lumilio-") as folder:
        copy = Path(folder, f"copy{source.suffix}")
        try:
            shutil.copyfile(source, copy)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise CannotRead(source, error.strerror or str(error)) from error
        yield copy


def opened_photo(path: Path) -> AbstractContextManager[Picture]:
    """Open a photo with the reader of its content, whatever its name.

    Raises CannotDecode and CannotRead.
    """
    form = _format_of(path)
    if form is None:
        return opened_picture(path)
    if form.is_raw:
        from lumilio.media.raw import opened_raw

        return opened_raw(path)
    if form.mime == "image/svg+xml":
        from lumilio.media.svg import opened_svg

        return opened_svg(path)
    if form.mime == "image/vnd.adobe.photoshop":
        from lumilio.media.psd import opened_psd

        return opened_psd(path)
    return opened_picture(path)


def _read_picture(
    source: Path, thumbnails_dir: Path, stem: str, tasks: frozenset[Task]
) -> Development:
    width = height = None
    try:
        with opened_photo(source) as picture:
            width, height = picture.width, picture.height
            if "thumbnails" not in tasks:
                return Development(width=width, height=height)
            large = picture.render(LONGEST_SIDES["large"])
    except CannotDecode as error:
        why = error.why if "thumbnails" in tasks else None
        return Development(width=width, height=height, thumbnail_error=why)
    return pictured(Development(width=width, height=height), large, thumbnails_dir, stem)


def _read_facts(source: Path, development: Development) -> Development:
    try:
        with decode_faults(source):
            metadata = read_metadata(source)
    except CannotDecode as error:
        return msgspec.structs.replace(development, metadata_error=error.why)
    except MemoryError:
        # Only damaged lengths ask for so much, and the picture is there already.
        return msgspec.structs.replace(development, metadata_error=_METADATA_TOO_LARGE)
    width, height = development.width, development.height
    if not (width and height) or _is_raw(source):
        # LibRaw tells the sensor's usable area, the metadata the picture that the camera makes.
        width, height = metadata.facts.width or width, metadata.facts.height or height
    facts = msgspec.structs.replace(metadata.facts, width=width, height=height)
    return msgspec.structs.replace(
        development, facts=facts, exif_raw=metadata.exif_raw, width=width, height=height
    )


def _is_raw(path: Path) -> bool:
    form = _format_of(path)
    return form is not None and form.is_raw


def _format_of(path: Path) -> Format | None:
    with decode_faults(path):
        return format_of_file(path)
