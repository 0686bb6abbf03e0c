"""Numbers in metadata texts: rationals, units, exposure values, angles.

Metadata writers spell one number in many ways ("56/10", "F5.6", "85.0 mm", "+1/3 EV",
"37,52.26N"); these parsers take them all and answer None instead of raising.
"""

import math
import re
from fractions import Fraction

_NUMBER = re.compile(r"[+-]?\d{1,18}(?:\.\d{0,18})?(?:\s*/\s*[+-]?\d{1,18})?", re.ASCII)
_HEMISPHERE = re.compile(r"([NSEW])[a-z]*\s*$", re.IGNORECASE)


def numbers_in(text: str) -> list[float]:
    """Return all numbers in the text in order; a rational counts as one, x/0 is left out."""
    values = (_value(match) for match in _NUMBER.findall(text))
    return [value for value in values if value is not None]


def number(text: str) -> float | None:
    """Return the first number in the text ("F5.6" → 5.6, "+1/3 EV" → 0.333…), or None."""
    match = _NUMBER.search(text)
    return _value(match[0]) if match is not None else None


def fraction(text: str) -> Fraction | None:
    """Return the first number in the text exactly, or None."""
    match = _NUMBER.search(text)
    return _fraction(match[0]) if match else None


def degrees(text: str, reference: str = "") -> float | None:
    """Return a signed angle in decimal degrees from decimal or degree-minute-second text.

    `reference` is N, S, E or W (or a word that begins so); without it a letter at the end of
    the text counts. South and west are negative.
    """
    parts = numbers_in(text.replace(",", " "))[:3]
    if not parts:
        return None
    size = sum(abs(part) / 60.0**power for power, part in enumerate(parts))
    letter = reference.strip()[:1] or (m[1] if (m := _HEMISPHERE.search(text)) else "")
    negative = letter.upper() in ("S", "W") or text.lstrip().startswith("-")
    return -size if negative else size


def _fraction(text: str) -> Fraction | None:
    numerator, _, denominator = text.partition("/")
    try:
        return Fraction(numerator.strip()) / Fraction(denominator.strip() or "1")
    except (ValueError, ZeroDivisionError):
        return None


def _value(text: str) -> float | None:
    exact = _fraction(text)
    value = float(exact) if exact is not None else math.nan
    return value if math.isfinite(value) else None
