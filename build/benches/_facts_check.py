"""The facts of an asset against what ExifTool read in its file.

Where a plain comparison would be unjust: HEIF and AVIF are turned by their own property, never by
EXIF; a lens is the same however its name is spaced, with its maker's name or without.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

_DEGREES = 1e-5
_LIES_ON_SIDE = ("5", "6", "7", "8")
_QUARTER_TURNS = ("90", "270")
_TURN_THEMSELVES = ("image/heic", "image/heif", "image/avif")
_MAKERS = re.compile(r"^(canon|nikon|sony|panasonic|olympus) ")


@dataclass
class Agreement:
    """Fields that were compared, and those that differ."""

    compared: Counter[str] = field(default_factory=Counter)
    misses: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, fields: Iterable[tuple[str, Any, Any, bool]]) -> None:
        """Count the fields of one file."""
        for what, truth, ours, same in fields:
            self.compared[what] += 1
            if not same:
                self.misses.setdefault(what, []).append(f"{name}: {ours!r}, ExifTool {truth!r}")

    @property
    def share(self) -> float:
        """The part of all fields that agree."""
        missed = sum(map(len, self.misses.values()))
        return 1 - missed / max(1, self.compared.total())


def compared(asset: dict[str, Any], truth: dict[str, str]) -> Iterator[tuple[str, Any, Any, bool]]:
    """Each field that ExifTool knows: its name, ExifTool's value, ours, and whether they agree."""
    document = asset["specific_metadata"]
    yield from _time(document, truth)
    if truth["width"] and truth["height"]:
        size = [int(truth["width"]), int(truth["height"])]
        size = size[::-1] if _is_turned(truth) else size
        ours = [asset.get("width"), asset.get("height")]
        yield "size", size, ours, size == ours
    for name, column in (("latitude", "gps_lat"), ("longitude", "gps_lon")):
        if truth[column]:
            here = float(truth[column])
            there = document.get(f"gps_{name}")
            yield name, here, there, _is_near(here, there)
    if model := truth["model"].strip():
        yield "camera", model, document.get("camera_model"), model == document.get("camera_model")
    if lens := truth["lens"].strip():
        ours = document.get("lens_model")
        yield "lens", lens, ours, _lens(lens) == _lens(ours or "")


def _is_turned(truth: dict[str, str]) -> bool:
    if truth["mime"] in _TURN_THEMSELVES:
        return truth["rotation"] in _QUARTER_TURNS
    return truth["orientation"] in _LIES_ON_SIDE


def _is_near(here: float | None, there: float | None) -> bool:
    if here is None or there is None:
        return here is there
    return math.isclose(here, there, abs_tol=_DEGREES)


def _lens(name: str) -> str:
    return _MAKERS.sub("", name.lower()).replace(" ", "")


def _time(document: dict[str, Any], truth: dict[str, str]) -> Iterator[tuple[str, Any, Any, bool]]:
    if not truth["datetime_original"]:
        return
    ours, offset = document.get("taken_time"), document.get("capture_offset_minutes")
    wall = _wall_clock(truth["datetime_original"])
    if wall is None:
        # Zeros stand for an unset clock: any date of ours must come from another tag.
        return
    shown = None
    if ours is not None:
        instant = datetime.fromisoformat(ours).replace(tzinfo=None, microsecond=0)
        shown = instant + timedelta(minutes=offset or 0)
    yield "taken time", str(wall), shown and str(shown), wall == shown
    if truth["offset"]:
        minutes = _minutes(truth["offset"])
        yield "offset", minutes, offset, minutes == offset


def _wall_clock(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text[:10].replace(":", "-") + text[10:19])
    except ValueError:
        return None


def _minutes(text: str) -> int:
    if text in ("Z", "+00:00"):
        return 0
    hours, _, minutes = text[1:].partition(":")
    return int(f"{text[0]}1") * (int(hours) * 60 + int(minutes or 0))
