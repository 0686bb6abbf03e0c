"""Faces that were marked and named in other programs: MWG regions and Microsoft's people tags."""

import re
from collections.abc import Mapping

from lumilio.media.facts import FaceRegion
from lumilio.media.numbers import number, numbers_in

_MWG = re.compile(r"Regions/mwg-rs:RegionList\[(\d+)\]/mwg-rs:(Name|Type|Area/stArea:[xywh])")
_MICROSOFT = re.compile(r"RegionInfo/MPRI:Regions\[(\d+)\]/MPReg:(PersonDisplayName|Rectangle)")
_FACES = ("", "Face", "Pet")
_MOST_FACES = 200


def face_regions(structures: Mapping[str, str]) -> tuple[FaceRegion, ...]:
    """Return the faces among XMP structures (exiv2's paths); of two lists of them MWG's counts."""
    found = [_mwg_face(entry) for entry in _entries(_MWG, structures)]
    if not any(found):
        found = [_microsoft_face(entry) for entry in _entries(_MICROSOFT, structures)]
    return tuple(face for face in found if face)[:_MOST_FACES]


def _entries(pattern: re.Pattern[str], structures: Mapping[str, str]) -> list[dict[str, str]]:
    entries: dict[int, dict[str, str]] = {}
    for path, text in structures.items():
        if match := pattern.fullmatch(path):
            entries.setdefault(int(match[1]), {})[match[2]] = text
    return [entries[index] for index in sorted(entries)]


def _mwg_face(entry: dict[str, str]) -> FaceRegion | None:
    kind = entry.get("Type", "")
    sides = [number(entry.get(f"Area/stArea:{side}", "")) for side in "xywh"]
    if kind not in _FACES or None in sides:
        return None
    x, y, width, height = (side or 0.0 for side in sides)
    return _face(entry.get("Name"), kind, x - width / 2, y - height / 2, width, height)


def _microsoft_face(entry: dict[str, str]) -> FaceRegion | None:
    sides = numbers_in(entry.get("Rectangle", "").replace(",", " "))
    if len(sides) != 4:
        return None
    return _face(entry.get("PersonDisplayName"), "Face", *sides)


def _face(
    name: str | None, kind: str, left: float, top: float, width: float, height: float
) -> FaceRegion | None:
    if width <= 0 or height <= 0 or not (-width < left < 1 and -height < top < 1):
        return None
    return FaceRegion(name or None, kind or "Face", left, top, width, height)
