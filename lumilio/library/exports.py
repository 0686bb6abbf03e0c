"""Photos converted for taking away, as files that live until they are sent."""

import errno
from pathlib import Path
from threading import Event
from uuid import uuid4

from msgspec import structs

from lumilio.errors import CannotDecode, DecoderFailed, StorageFull
from lumilio.home import Home
from lumilio.library import assets, edits, file_names
from lumilio.library.assets import StoredAsset
from lumilio.library.context import Context
from lumilio.media.export_options import ExportOptions
from lumilio.media.pool import DecodePool

_FULL = (errno.ENOSPC, errno.EDQUOT)


def export(
    ctx: Context,
    pool: DecodePool,
    stored: StoredAsset,
    options: ExportOptions,
    *,
    apply_edits: bool,
    cancelled: Event,
) -> Path:
    """Convert a photo, with its saved edits on request, into a file that the caller deletes.

    Raises NotFound when the original is not there, CannotDecode when it is no photo or cannot be
    converted, CannotReadEdits, and StorageFull.
    """
    source = assets.original_file(ctx, stored)
    if not stored.mime_type.startswith("image/"):
        raise CannotDecode(source, "Only photos can be exported; download the original instead")
    if apply_edits:
        options = structs.replace(options, adjustments=edits.adjustments_of(ctx, stored))
    folder = Home(ctx.settings.home_path).temp
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / uuid4().hex
    try:
        pool.export(source, target, options, cancelled=cancelled)
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, DecoderFailed):
            raise CannotDecode(source, error.why) from error
        if isinstance(error, OSError) and error.errno in _FULL:
            raise StorageFull(cause=error.strerror) from error
        raise
    return target


def download_name(stored: StoredAsset, wanted: str, extension: str) -> str:
    """The name of an exported file; raises BadRequest when the one that is wanted says nothing."""
    name = file_names.display_name(wanted or Path(stored.original_filename).stem)
    return file_names.safe_name(f"{name.removesuffix(f'.{extension}')}.{extension}")


def delete_leftovers(ctx: Context) -> None:
    """Delete what an earlier run had not sent to the end; only before requests are taken."""
    folder = Home(ctx.settings.home_path).temp
    if folder.is_dir():
        for file in folder.iterdir():
            file.unlink(missing_ok=True)
