"""Places as ISO 6709 writes them: "+49.1989+016.6071+222.469/"."""

import re

from msgspec import Struct

_ISO_6709 = re.compile(
    r"([+-])(\d{2,6})(\.\d{1,12})?([+-])(\d{3,7})(\.\d{1,12})?([+-]\d{1,6}(?:\.\d{0,9})?)?(?:CRS\S*?)?/?",
    re.ASCII,
)


class Position(Struct, frozen=True):
    """A place on earth: signed decimal degrees, and metres above the sea where they are known."""

    latitude: float
    longitude: float
    altitude: float | None


def position_of(text: str) -> Position | None:
    """Parse a place in degrees, degrees and minutes, or with seconds; None when it is none."""
    match = _ISO_6709.fullmatch(text.strip())
    if match is None:
        return None
    latitude = _angle(match[1], match[2], match[3] or "", degree_digits=2)
    longitude = _angle(match[4], match[5], match[6] or "", degree_digits=3)
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return Position(latitude, longitude, float(match[7]) if match[7] else None)


def _angle(sign: str, whole: str, fraction: str, *, degree_digits: int) -> float | None:
    """The digits before the point are degrees, with two more minutes, with four more seconds too."""
    more = len(whole) - degree_digits
    if more not in (0, 2, 4):
        return None
    parts = [whole[:degree_digits], *re.findall("..", whole[degree_digits:])]
    parts[-1] += fraction
    size: float = sum(float(part) / 60**power for power, part in enumerate(parts))
    return -size if sign == "-" else size
