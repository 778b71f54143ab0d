"""Range lists, ``1e-7/3e-7,5e-7/;qualifier`` (SSA 1.1, 8.7.2): numbers, wavelengths, times."""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections.abc import Callable
from datetime import datetime, timedelta
from types import MappingProxyType

from tianku.model.errors import UsageError
from tianku.vo.dali.intervals import Interval

#: wavelengths (m) of the wavebands of VODataService and the vocabulary of messengers
BANDS = MappingProxyType(
    {
        "RADIO": (1e-2, math.inf), "MILLIMETER": (1e-4, 1e-2), "INFRARED": (1e-6, 1e-4),
        "OPTICAL": (3e-7, 1e-6), "UV": (1e-7, 3e-7), "EUV": (1.033e-8, 1.033e-7),
        "X-RAY": (1.033e-11, 1.033e-8), "GAMMA-RAY": (0.0, 1.033e-11),
    }
)  # fmt: skip
_EPOCH = datetime(1858, 11, 17)
_DATE = re.compile(
    r"(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)"
    r"(T(?P<hour>\d\d)(:(?P<minute>\d\d)(:(?P<second>\d\d(\.\d{1,6})?))?)?)?)?)?Z?",
    re.ASCII,
)


def numbers(name: str, text: str) -> list[Interval]:
    """Return the intervals of a list of numbers; a number alone is an interval without length."""
    return _ranges(name, text, lambda one: _point(name, one))


def wavelengths(name: str, text: str) -> list[Interval]:
    """Return the intervals (m) of a list of vacuum wavelengths and names of wavebands.

    Raises
    ------
    UsageError
        ``ssa.range``; ``ssa.qualifier`` for wavelengths in the source's frame, which are not known.
    """
    values, _, qualifier = text.partition(";")
    if qualifier.strip().lower() not in ("", "observer"):
        raise UsageError(
            "ssa.qualifier",
            "{name} is compared with observed wavelengths; it cannot be qualified by {qualifier}.",
            name=name,
            qualifier=qualifier[:40],
        )
    return _ranges(name, values, lambda one: BANDS.get(one.upper()) or _point(name, one))


def times(name: str, text: str) -> list[Interval]:
    """Return the intervals (MJD, UTC) of a list of ISO 8601 dates; a shortened date is all of its year, day …"""
    return _ranges(name, text, lambda one: _date(name, one))


def _ranges(name: str, text: str, value: Callable[[str], Interval]) -> list[Interval]:
    found = [_range(name, one.strip(), value) for one in text.split(",")]
    if len(found) > 100:
        raise UsageError("ssa.too_many", "{name} has {count} values; at most 100.", name=name, count=len(found))
    return found


def _range(name: str, text: str, value: Callable[[str], Interval]) -> Interval:
    low, slash, high = (part.strip() for part in text.partition("/"))
    if not slash:
        return value(low)
    if "/" in high or not (low or high):
        raise _wrong(name, text)
    lowest = value(low)[0] if low else -math.inf
    highest = value(high)[1] if high else math.inf
    if lowest > highest:
        raise _wrong(name, text)
    return lowest, highest


def _point(name: str, text: str) -> Interval:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _wrong(name, text)
    return number, number


def _date(name: str, text: str) -> Interval:
    found = _DATE.fullmatch(text)
    if found is None:
        raise _wrong(name, text)
    given = {unit: value for unit, value in found.groupdict().items() if value is not None}
    year, month, day = (int(given.get(unit, 1)) for unit in ("year", "month", "day"))
    try:
        start = datetime(year, month, day) + timedelta(
            hours=_below(24, given.get("hour")),
            minutes=_below(60, given.get("minute")),
            seconds=_below(61, given.get("second")),
        )
    except (ValueError, OverflowError):
        raise _wrong(name, text) from None
    first = _mjd(start)
    return first, first + _length(given, year, month)


def _below(most: int, text: str | None) -> float:
    value = float(text or 0)
    if value >= most:
        raise ValueError(text)
    return value


def _mjd(moment: datetime) -> float:
    return (moment - _EPOCH) / timedelta(days=1)


def _length(given: dict[str, str], year: int, month: int) -> float:
    """Days of the period that a shortened date stands for."""
    lengths = {"second": 0.0, "minute": 1 / 1440, "hour": 1 / 24, "day": 1.0, "month": monthrange(year, month)[1]}
    found = next((length for unit, length in lengths.items() if unit in given), None)
    return float(found) if found is not None else float(365 + (monthrange(year, 2)[1] == 29))


def _wrong(name: str, text: str) -> UsageError:
    return UsageError(
        "ssa.range",
        "{name}: {value!r} is no value or range; write `value`, `low/high`, `low/`, `/high`, or a list.",
        name=name,
        value=text[:80],
    )
