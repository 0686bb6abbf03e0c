"""XMP sidecars: what other programs noted beside a file because they do not write into it.

`IMG.jpg.xmp` belongs to `IMG.jpg` alone; `IMG.xmp` to every `IMG.*`, unless it names an extension.
What people decide there prevails over the file: time, place, title, caption, stars, keywords, faces.
What a camera measures stays the file's word and is only filled in.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path, PurePath

from msgspec import structs

from lumilio.media.facts import PhotoFacts

SIDECAR_LIMIT_BYTES = 4 << 20
SUFFIXES = (".xmp", ".XMP", ".Xmp")

_FOR_EXTENSION = re.compile(r"SidecarForExtension(?:=\"|>)\s*([A-Za-z0-9]+)")
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DECIDED = ("description", "title", "rating", "keywords", "keyword_paths", "faces")
_PLACE = ("gps_latitude", "gps_longitude", "gps_altitude")
_MEASURED = (
    *("camera_make", "camera_model", "lens_model", "exposure_time", "f_number", "iso_speed"),
    *("focal_length", "content_identifier", "burst_id"),
)


def names_beside(name: str) -> Iterator[str]:
    """The names that the sidecar of a file may have; that of the file alone comes first."""
    for stem in (name, PurePath(name).stem):
        for suffix in SUFFIXES:
            yield stem + suffix


def packet_beside(path: Path) -> str | None:
    """Return the text of a file's sidecar, None when it has none that can be read."""
    for name in names_beside(path.name):
        with suppress(OSError, UnicodeDecodeError):
            packet = _read(path.with_name(name))
            is_its_own = name.startswith(path.name)
            named = None if is_its_own else _FOR_EXTENSION.search(packet)
            if named is None or named[1].lower() == path.suffix[1:].lower():
                return packet
    return None


def prevailing(sidecar: PhotoFacts, file: PhotoFacts) -> PhotoFacts:
    """Return the file's facts with the sidecar's over them."""
    chosen = {name: value for name in _DECIDED if (value := getattr(sidecar, name))}
    if sidecar.rating is not None:
        chosen["rating"] = sidecar.rating
    if sidecar.gps_latitude is not None:
        chosen |= {name: getattr(sidecar, name) for name in _PLACE}
    chosen |= {name: getattr(sidecar, name) for name in _MEASURED if getattr(file, name) is None}
    return structs.replace(file, **chosen, **_time(sidecar, file))


def _time(sidecar: PhotoFacts, file: PhotoFacts) -> dict[str, object]:
    if sidecar.taken_time is None:
        return {}
    time, offset = sidecar.taken_time, sidecar.capture_offset_minutes
    if offset is None and file.capture_offset_minutes is not None:
        # Editors correct the clock and leave the zone out.
        offset = file.capture_offset_minutes
        with suppress(OverflowError):
            time -= timedelta(minutes=offset)
    return {"taken_time": time, "capture_offset_minutes": offset}


def _read(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(SIDECAR_LIMIT_BYTES)
    return content.decode("utf-16" if content.startswith(_BYTE_ORDER_MARKS) else "utf-8-sig")
