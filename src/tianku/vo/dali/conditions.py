"""What intervals and words ask of ObsCore columns."""

from __future__ import annotations

import math
from collections.abc import Iterable

from tianku.adql.build import AnyOf, Condition
from tianku.vo.dali.intervals import Interval


def between(column: str, limits: Interval) -> tuple[Condition, ...]:
    """Return the conditions that a column's value lies in an interval; none where it is open on both sides."""
    low, high = limits
    lower = (Condition(column, "greaterequal", (low,)),) if low > -math.inf else ()
    return lower + ((Condition(column, "lessequal", (high,)),) if high < math.inf else ())


def any_of(alternatives: Iterable[tuple[Condition, ...]]) -> AnyOf | None:
    """Return that one alternative holds at least; None when one of them always does."""
    found = tuple(alternatives)
    return AnyOf(found) if all(found) else None


def overlapping(low: str, high: str, wanted: Iterable[Interval]) -> AnyOf | None:
    """Return that the interval from column `low` to column `high` overlaps a wanted one."""
    return any_of(between(high, (a, math.inf)) + between(low, (-math.inf, b)) for a, b in wanted)


def within(column: str, wanted: Iterable[Interval]) -> AnyOf | None:
    """Return that a column's value lies in a wanted interval."""
    return any_of(between(column, one) for one in wanted)
