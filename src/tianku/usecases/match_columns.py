"""The columns of a cross-match's tables: found by name, by UCD, with their angles in degrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import astropy.units as u
import pyarrow as pa

from tianku.model.errors import UsageError
from tianku.model.metadata import Column
from tianku.planner.match_errors import ErrorColumns


@dataclass(frozen=True, slots=True)
class Named:
    """What a caller says of the columns of one side.

    Attributes
    ----------
    columns
        Names of the columns wanted; all if None.
    position
        Name of a position of a published table; its main one if None.
    ra, dec
        Columns of ICRS degrees, both or none; they go before `position`.
    radius
        Of the left side: column of each row's own radius, arcsec unless its unit is another angle.
    errors
        Columns of the errors of the positions, one standard deviation: ``sigma``; ``major``, ``minor`` and
        ``angle``; or ``ra`` (times cos Dec), ``dec`` and perhaps ``correlation``. Lengths as `radius`.
    """

    columns: Sequence[str] | None = None
    position: str | None = None
    ra: str | None = None
    dec: str | None = None
    radius: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)


def columns_named(columns: Sequence[Column], names: Sequence[str] | None, where: str) -> tuple[Column, ...]:
    """Return the columns of these names, in this order, compared without case."""
    if names is None:
        return tuple(columns)
    by_name = {c.name.lower(): c for c in columns}
    for name in names:
        if name.lower() not in by_name:
            raise UsageError("match.column", "no column `{name}` in {table}", name=name, table=where)
    return tuple(dict.fromkeys(by_name[name.lower()] for name in names))


def named_pair(columns: Sequence[Column], asked: Named, where: str) -> tuple[str, str]:
    """Return the columns of right ascension and declination that the caller names."""
    if asked.ra is None or asked.dec is None:
        raise _no_position(where)
    pair = columns_named(columns, [asked.ra, asked.dec], where)
    for column in pair:
        _check_number(column, where)
    return pair[0].name, pair[1].name


def radius_column(columns: Sequence[Column], asked: Named, where: str) -> tuple[str | None, float]:
    """Return the column of each row's own radius, and its unit in degrees."""
    if asked.radius is None:
        return None, 1 / 3600
    return _length(columns, asked.radius, where)


def error_columns(columns: Sequence[Column], asked: Named, where: str) -> ErrorColumns | None:
    """Return the columns of the errors of positions.

    Raises
    ------
    UsageError
        ``match.errors`` for names that do not go together; ``match.column``, ``match.number``,
        ``match.radius_unit``.
    """
    given = asked.errors
    if not given:
        return None
    if set(given) == {"sigma"}:
        name, unit = _length(columns, given["sigma"], where)
        return ErrorColumns("circle", name, name, None, unit, unit)
    if set(given) == {"major", "minor", "angle"}:
        (major, first), (minor, second) = (_length(columns, given[axis], where) for axis in ("major", "minor"))
        (angle,) = columns_named(columns, [given["angle"]], where)
        return ErrorColumns("ellipse", major, minor, angle.name, first, second, _degrees(angle, where, u.deg))
    if {"ra", "dec"} <= set(given) <= {"ra", "dec", "correlation"}:
        (east, first), (north, second) = (_length(columns, given[axis], where) for axis in ("ra", "dec"))
        together = None
        if "correlation" in given:
            (column,) = columns_named(columns, [given["correlation"]], where)
            _check_number(column, where)
            together = column.name
        return ErrorColumns("axes", east, north, together, first, second)
    raise UsageError(
        "match.errors",
        "errors of {table} are named by sigma; by major, minor and angle; or by ra, dec and perhaps correlation; "
        "not by {given}",
        table=where,
        given=", ".join(given),
    )


#: what coordinates in degrees are called, most telling first
_NAMES: Mapping[str, tuple[str, ...]] = {
    "ra": ("ra", "raj2000", "_raj2000", "ra_deg", "radeg", "ra_icrs", "alpha", "right_ascension"),
    "dec": ("dec", "dej2000", "decj2000", "_dej2000", "dec_deg", "decdeg", "dedeg", "de_icrs", "delta",
            "declination"),
}  # fmt: skip


def guessed_pair(columns: Sequence[Column], where: str) -> tuple[str, str]:
    """Return the columns of right ascension and declination: the main ones by UCD, then by UCD, then by name."""
    found = []
    for axis, names in _NAMES.items():
        ucd = f"pos.eq.{axis}"
        by_ucd = [c for c in columns if (c.ucd or "").lower().partition(";")[0] == ucd]
        main = [c for c in by_ucd if "meta.main" in (c.ucd or "").lower()]
        by_name = {c.name.lower(): c for c in columns}
        called = [by_name[name] for name in names if name in by_name]
        best = next(iter([*main, *by_ucd, *called]), None)
        if best is None:
            raise _no_position(where)
        _check_number(best, where)
        found.append(best.name)
    return found[0], found[1]


def _length(columns: Sequence[Column], name: str, where: str) -> tuple[str, float]:
    (column,) = columns_named(columns, [name], where)
    return column.name, _degrees(column, where, u.arcsec)


def _degrees(column: Column, where: str, default: u.Unit) -> float:
    """Return the degrees of one unit of a column of angles."""
    _check_number(column, where)
    if not column.unit:
        return float(default.to(u.deg))
    try:
        return float(u.Unit(column.unit, format="vounit").to(u.deg))
    except (ValueError, u.UnitConversionError):
        raise UsageError(
            "match.radius_unit", "column `{name}` is in {unit}, which is no angle",
            name=column.name, unit=column.unit,
        ) from None  # fmt: skip


def _check_number(column: Column, where: str) -> None:
    if column.arraysize is not None or not (
        pa.types.is_floating(column.arrow) or pa.types.is_integer(column.arrow)
    ):
        raise UsageError(
            "match.number", "column `{name}` in {table} is not of numbers", name=column.name, table=where
        )


def _no_position(where: str) -> UsageError:
    return UsageError(
        "match.no_position", "{table}: name the columns of right ascension and declination", table=where
    )
