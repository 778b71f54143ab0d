"""Which values mean "no value": candidates that lie outside the bulk of their column."""

from __future__ import annotations

from tianku.usecases.describe.model import ColumnStats, Null

#: numbers used in surveys for "no value", ascending
NUMBERS = (
    *(-1e30, -99999.0, -9999.0, -9999.99, -9999.9, -999.0, -999.9, -999.99, -99.0, -99.9, -99.99, -99.999),
    *(88.0, 88.88, 99.0, 99.9, 99.99, 99.999, 99.9999, 999.0, 999.9, 999.99, 9999.0, 9999.9, 99999.0, 1e20, 1e30),
)
#: texts used for "no value"; the empty text is null by itself
TEXTS = (
    *("Non", "None", "none", "NULL", "null", "NaN", "nan", "N/A", "n/a", "NA", "-", "--", "---"),
    *("-9999", "-9999.0", "-999", "-999.0", "99.99", "99.999", "\\N"),
)
_NUMBERS = frozenset(NUMBERS)


def is_candidate(value: float) -> bool:
    """True for a number that surveys use for "no value"."""
    return float(value) in _NUMBERS


def sentinels(stats: ColumnStats) -> tuple[Null, ...]:
    """Return the candidates that lie outside the bulk of the column.

    A number is one when it is farther from the bulk (1 % to 99 % of the other values) than the bulk is
    wide, or when it is the only negative value; a text whenever it occurs beside others.
    """
    return tuple(sorted((v for v in stats.candidates if _outside(v, stats)), key=str))


def _outside(value: Null, stats: ColumnStats) -> bool:
    if isinstance(value, str):
        return stats.candidates[value] < stats.rows - stats.missing
    if stats.bulk is None:
        return False  # nothing else was seen: the column is empty or truly constant
    low, high = stats.bulk
    distance = low - value if value < low else value - high
    if distance <= 0:
        return False
    alone_negative = value < 0 <= low and value <= -99
    return alone_negative or distance > max(high - low, 1e-12)


def why(value: Null, stats: ColumnStats) -> str:
    """Return the remark that explains a proposed sentinel."""
    count = stats.candidates[value]
    plural = "" if count == 1 else "s"
    if isinstance(value, str) or stats.bulk is None:
        return f"{value!r} stands {count} time{plural}"
    return f"{value:g} stands {count} time{plural} outside {stats.bulk[0]:.6g} … {stats.bulk[1]:.6g}"
