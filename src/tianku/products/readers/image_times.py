"""When an image was taken: dialects of keywords to UTC; a date without a time is its whole day."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

import yaml
from astropy.time import Time

from tianku.model.errors import UsageError
from tianku.products.observed import Header

_DAY = 86400.0
_EPOCH = datetime(1858, 11, 17)  # MJD 0
_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
#: FITS before 2000: day, month, year of the 20th century
_OLD = re.compile(r"(\d{1,2})[-/](\d{1,2})[-/](\d{4}|\d{2})")
_CLOCK = re.compile(r"[T _]*(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d*)?))?\s*(?:Z|UTC?)?")
#: MJD of 1700 and 2200: what lies outside is no date of an observation
_PLAUSIBLE = (-58000.0, 125000.0)


@dataclass(frozen=True, slots=True)
class Taken:
    """UTC Modified Julian Dates and seconds; None where the header does not say."""

    t_min: float | None = None
    t_max: float | None = None
    exposure: float | None = None
    notes: tuple[str, ...] = field(default=())


@cache
def keywords() -> Mapping[str, Any]:
    """Return the keywords in use, by what they say."""
    folder = resources.files("tianku.products.readers") / "keywords"
    found: Mapping[str, Any] = yaml.safe_load((folder / "images.yaml").read_text("utf-8"))
    return found


def taken(header: Header) -> Taken:
    """Return when the image with `header` was taken."""
    words = keywords()
    exposure = number(header, words["exposure"])
    exposure = exposure if exposure is not None and 0 <= exposure < 1e9 else None
    scale = str(header.get("TIMESYS") or "UTC").strip().upper()
    try:
        start, whole = _start(header, words)
        end = _moment(header, words["end"])
        if start is None and (middle := _moment(header, words["middle"])) is not None:
            start = middle - (exposure or 0.0) / 2 / _DAY
    except UsageError:
        return Taken(exposure=exposure, notes=("time.unreadable",))
    if start is None:
        return Taken(exposure=exposure, notes=("time.missing",))
    if whole is False:
        return Taken(start, start + 1.0, exposure, ("time.date_only",))
    if end is None or end < start:
        end = start + (exposure or 0.0) / _DAY
    return Taken(_utc(start, scale), _utc(end, scale), exposure)


def _start(header: Header, words: Mapping[str, Sequence[str]]) -> tuple[float | None, bool | None]:
    """The MJD of the start, and whether its time of day is known."""
    mjd = number(header, words["mjd"])
    text = _first(header, words["begin"])
    day = None if text is None else _day(text)
    if day is None:
        return (mjd, True) if mjd is not None and _PLAUSIBLE[0] < mjd < _PLAUSIBLE[1] else (None, None)
    clock = _seconds(text or "")
    if clock is None:
        said = _first(header, words["clock"])
        clock = None if said is None else _seconds(f"T{said}")
    if clock is not None:
        return day + clock / _DAY, True
    if mjd is not None and day <= mjd < day + 1 and mjd % 1:
        return mjd, True
    return day, False


def _moment(header: Header, names: Sequence[str]) -> float | None:
    text = _first(header, names)
    day = None if text is None else _day(text)
    clock = None if text is None else _seconds(text)
    return None if day is None or clock is None else day + clock / _DAY


def _day(text: str) -> float | None:
    if found := _DATE.match(text):
        year, month, day = (int(n) for n in found.groups())
    elif found := _OLD.match(text):
        day, month, year = (int(n) for n in found.groups())
        year += 1900 if year < 100 else 0
    else:
        return None
    try:
        mjd = float((datetime(year, month, day) - _EPOCH).days)
    except ValueError as error:
        raise UsageError("time.unreadable", "{text!r} is no date", text=text[:40]) from error
    return mjd if _PLAUSIBLE[0] < mjd < _PLAUSIBLE[1] else None


def _seconds(text: str) -> float | None:
    """Seconds of the day from what follows a date."""
    date = _DATE.match(text) or _OLD.match(text)
    found = _CLOCK.match(text[date.end() :] if date else text)
    if not found:
        return None
    hours, minutes, seconds = int(found[1]), int(found[2]), float(found[3] or 0.0)
    if hours > 24 or minutes > 59 or seconds >= 61:
        return None
    return timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()


def _utc(mjd: float, scale: str) -> float:
    """A time in another scale of the FITS standard (TAI, TT, TDB …) as UTC."""
    if scale.lower() not in Time.SCALES or scale == "UTC":
        return mjd
    return float(Time(mjd, format="mjd", scale=scale.lower()).utc.mjd)


def _first(header: Header, names: Sequence[str]) -> str | None:
    for name in names:
        value = header.get(name)
        if value is not None and not isinstance(value, bool) and (text := str(value).strip()):
            return text
    return None


def number(header: Header, names: Sequence[str]) -> float | None:
    """Return the first keyword of `names` that is a number, or a text that reads as one."""
    for name in names:
        value = header.get(name)
        if isinstance(value, bool) or value is None:
            continue
        try:
            found = float(str(value).strip())
        except ValueError:
            continue
        if found == found and abs(found) != float("inf"):
            return found
    return None
