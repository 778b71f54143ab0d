"""Sky coordinates as people write them: decimal degrees, or sexagesimal with any usual separators."""

from __future__ import annotations

import math
import re

_DECIMAL = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)(?:°|d|deg)?", re.ASCII)
_SEXAGESIMAL = re.compile(
    r"([+-]?)(\d{1,3})\s*(?:([hd°])\s*|:\s*|\s+)(\d{1,2})(?:\s*[m'′:]\s*|\s+|$)(?:(\d{1,2}(?:\.\d*)?)\s*[s\"″]?)?",
    re.ASCII | re.IGNORECASE,
)
_SAME = str.maketrans({"−": "-", "–": "-", "：": ":", "º": "°", "’": "'", "”": '"', "\u00a0": " "})


def right_ascension(text: str) -> float | None:
    """Return degrees, 0 up to 360 (360 is 0); None for what is no right ascension.

    Sexagesimal text counts hours unless its first mark is a degree's.
    """
    value = _degrees(text, 15.0)
    return None if value is None or not 0.0 <= value <= 360.0 else value % 360.0


def declination(text: str) -> float | None:
    """Return degrees, -90 to 90; None for what is no declination."""
    value = _degrees(text, 1.0)
    return None if value is None or not -90.0 <= value <= 90.0 else value


def _degrees(text: str, hour: float) -> float | None:
    plain = text.translate(_SAME).strip()
    if len(plain) > 40:
        return None
    if match := _DECIMAL.fullmatch(plain):
        value = float(match[1])
        return value if math.isfinite(value) else None
    match = _SEXAGESIMAL.fullmatch(plain)
    if match is None:
        return None
    sign, whole, mark, minutes, seconds = match.groups()
    if (mark or "").lower() == "h" and hour == 1.0:
        return None
    if int(minutes) >= 60 or float(seconds or 0) >= 60:
        return None
    size = int(whole) + int(minutes) / 60 + float(seconds or 0) / 3600
    return (-size if sign == "-" else size) * (hour if (mark or "h").lower() == "h" else 1.0)
