"""Decimal coordinates made of hours, minutes and seconds that stand in columns of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tianku.model.types import DataType
from tianku.usecases.describe.model import ColumnDescription, ColumnStats

#: as catalogues of the CDS spell them; sign, then whole, minutes and seconds
_RIGHT_ASCENSION = (None, "RAh", "RAm", "RAs")
_DECLINATION = ("DE-", "DEd", "DEm", "DEs")


def with_composed(columns: Sequence[ColumnDescription]) -> tuple[tuple[ColumnDescription, ...], frozenset[str]]:
    """Return the columns with ``ra`` and ``dec`` in degrees added where they can be computed, and their parts."""
    by_source = {c.source: c for c in columns}
    ra = [by_source[n] for n in _RIGHT_ASCENSION if n in by_source]
    dec = [by_source[n] for n in _DECLINATION if n in by_source]
    if "RAh" not in by_source or not {"DE-", "DEd"} <= by_source.keys():
        return tuple(columns), frozenset()
    hour, degree = by_source["RAh"], by_source["DEd"]
    taken = {c.name.lower() for c in columns}
    made = (
        ColumnDescription(
            source="",
            name=_free("ra", taken),
            type=DataType.FLOAT64,
            unit="deg",
            ucd="pos.eq.ra",
            description=hour.description or "Right ascension",
            expression=f"15 * {_sum(ra)}",
            stats=_range(0.0, 15.0 * _most(hour, 24)),
        ),
        ColumnDescription(
            source="",
            name=_free("dec", taken),
            type=DataType.FLOAT64,
            unit="deg",
            ucd="pos.eq.dec",
            description=degree.description or "Declination",
            expression=f"(CASE WHEN \"DE-\" = '-' THEN -1 ELSE 1 END) * {_sum(dec[1:])}",
            stats=_range(-_most(degree, 90), _most(degree, 90)),
        ),
    )
    # a minus in the column of signs is no mark of absence
    signed = (replace(c, null=(), notes=()) if c.source == "DE-" else c for c in columns)
    return (*signed, *made), frozenset(c.name for c in (*ra, *dec))


def _sum(parts: Sequence[ColumnDescription]) -> str:
    """The parts in units of the first; minutes and seconds that are not given count as none."""
    whole, *rest = [f'"{c.source}"' for c in parts]
    return "(" + " + ".join([whole, *(f"coalesce({n}, 0) / {60.0**i}" for i, n in enumerate(rest, 1))]) + ")"


def _most(column: ColumnDescription, limit: int) -> float:
    return min(limit, (column.stats.high or 0) + 1)


def _range(low: float, high: float) -> ColumnStats:
    return ColumnStats(low=low, high=high)


def _free(name: str, taken: set[str]) -> str:
    return f"{name}_deg" if name in taken else name
