"""The sides of a cross-match as callers name them: published tables and tables of their own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import astropy.units as u
import pyarrow as pa
from sqlglot import exp

from tianku.adql.build import select
from tianku.adql.resolve import resolve
from tianku.engines.base import EngineQuery, Limits
from tianku.model.access import Principal
from tianku.model.errors import NotFoundError, UsageError
from tianku.model.metadata import Column, Position, TableMeta
from tianku.planner.match_sides import AnySide, MemorySide, Place, Run, StoredSide
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre
    from tianku.usecases.current import Current

#: rows that are held in memory: of a table given, and of one matched by a position that it is not sorted by
HELD_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Given:
    """A table of the caller's own: its rows in memory, under the names of `columns`."""

    rows: pa.Table
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class MatchTable:
    """One side of a match.

    Attributes
    ----------
    table
        ``schema.table``, as queries name it, or rows given.
    columns
        Names of the columns wanted; all if None.
    position
        Name of a position of a published table; its main one if None.
    ra, dec
        Columns of ICRS degrees, both or none; they go before `position`.
    radius
        Of the left side: column of each row's own radius, arcsec unless its unit is another angle.
    """

    table: str | Given
    columns: Sequence[str] | None = None
    position: str | None = None
    ra: str | None = None
    dec: str | None = None
    radius: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A side, its columns that are returned, and whether everybody may see its rows."""

    side: AnySide
    columns: tuple[Column, ...]


def positional_tables(centre: Centre, principal: Principal) -> list[str]:
    """Return the names of the tables with positions that the caller may match."""
    viewer = Viewer(centre.picture(), principal, centre.clock())
    return [t.meta.qualified_name for t in viewer.queryable() if t.meta.main_position is not None]


class Desk:
    """Makes sides of what one caller names."""

    def __init__(self, centre: Centre, principal: Principal, run: Run, epoch: float | None) -> None:
        self.current: Current = centre.current()
        self.viewer = Viewer(self.current.picture, principal, centre.clock())
        self._run, self._epoch = run, epoch
        self._limits = Limits(seconds=centre.site.limits.sync_seconds)

    def prepare(self, asked: MatchTable) -> Prepared:
        """Return the side that `asked` describes."""
        if isinstance(asked.table, Given):
            return _given(asked, asked.table)
        schema, _, name = asked.table.rpartition(".")
        meta = self.viewer.find(schema, name)
        if meta is None:
            raise NotFoundError(
                "table.unknown", "there is no table {table} in {dataset}", table=name, dataset=schema
            )
        position = _position(meta, asked)
        place = self._place(meta, position, asked)
        columns = _columns(meta.columns, asked.columns, meta.qualified_name)
        return Prepared(self._side(meta, position, place, columns), columns)

    def _place(self, meta: TableMeta, position: Position, asked: MatchTable) -> Place:
        years = 0.0
        if self._epoch is not None and position.epoch is not None:
            years = self._epoch - position.epoch
        radius = unit = None
        if asked.radius is not None:
            (column,) = _columns(meta.columns, [asked.radius], meta.qualified_name)
            radius, unit = column.name, _degrees(column)
        return Place(position.ra, position.dec, position.pm_ra, position.pm_dec, years, radius, unit or 1 / 3600)

    def _side(self, meta: TableMeta, position: Position, place: Place, columns: tuple[Column, ...]) -> AnySide:
        stored = self.current.storage(meta)
        names = list(dict.fromkeys([*(c.name for c in columns), *place.columns]))
        resolved = resolve(select(meta, columns=names), self.viewer)
        shift = self._shift(meta, place) if place.moves else 0.0
        if stored.positional and position == meta.main_position and shift is not None:
            return StoredSide(stored, resolved, place, self._run, self._limits, shift)
        if stored.nrows > HELD_ROWS:
            raise UsageError(
                "match.held",
                "{table} has more than {most} rows and no index for this position",
                table=meta.qualified_name, most=HELD_ROWS,
            )  # fmt: skip
        relations = {key: stored.relation() for key in resolved.references}
        rows = self._run(EngineQuery(cast(exp.Expression, resolved.tree), relations, self._limits), stored.nrows)
        return MemorySide(rows, place)

    def _shift(self, meta: TableMeta, place: Place) -> float | None:
        """Return the most degrees that a row moves, by the statistics of its motions; None if there are none."""
        owner = self.current.picture.by_schema.get(meta.schema_name)
        published = owner.tables.get(meta.name) if owner is not None else None
        total = 0.0
        for name in (place.pm_ra, place.pm_dec):
            found = published.manifest.statistics.get(name or "") if published is not None else None
            if found is None:
                return None
            ends = [abs(end) for end in (found.minimum, found.maximum) if isinstance(end, int | float)]
            total = math.hypot(total, max(ends, default=0.0))
        return total / 3.6e6 * abs(place.years)


def _position(meta: TableMeta, asked: MatchTable) -> Position:
    if asked.ra is not None or asked.dec is not None:
        ra, dec = _named_pair(meta.columns, asked, meta.qualified_name)
        same = (p for p in meta.positions if (p.ra, p.dec) == (ra, dec))
        return next(same, Position(name="asked", ra=ra, dec=dec))
    found = next((p for p in meta.positions if (p.name == asked.position if asked.position else p.main)), None)
    if found is None:
        raise NotFoundError(
            "position.unknown", "{table} has no position {position}; it has: {known}",
            table=meta.qualified_name, position=asked.position or "(main)",
            known=", ".join(p.name for p in meta.positions) or "none",
        )  # fmt: skip
    return found


def _named_pair(columns: Sequence[Column], asked: MatchTable, where: str) -> tuple[str, str]:
    if asked.ra is None or asked.dec is None:
        raise UsageError(
            "match.no_position", "{table}: name the columns of right ascension and declination", table=where
        )
    pair = _columns(columns, [asked.ra, asked.dec], where)
    for column in pair:
        _check_number(column, where)
    return pair[0].name, pair[1].name


def _columns(columns: Sequence[Column], names: Sequence[str] | None, where: str) -> tuple[Column, ...]:
    """Return the columns of these names, in this order, compared without case."""
    if names is None:
        return tuple(columns)
    by_name = {c.name.lower(): c for c in columns}
    for name in names:
        if name.lower() not in by_name:
            raise UsageError("match.column", "no column `{name}` in {table}", name=name, table=where)
    return tuple(dict.fromkeys(by_name[name.lower()] for name in names))


def _check_number(column: Column, where: str) -> None:
    if column.arraysize is not None or not (
        pa.types.is_floating(column.arrow) or pa.types.is_integer(column.arrow)
    ):
        raise UsageError(
            "match.number", "column `{name}` in {table} is not of numbers", name=column.name, table=where
        )


def _degrees(column: Column) -> float:
    """Return the degrees of one unit of a column of radii."""
    _check_number(column, "the left table")
    if not column.unit:
        return 1 / 3600
    try:
        return float(u.Unit(column.unit, format="vounit").to(u.deg))
    except (ValueError, u.UnitConversionError):
        raise UsageError(
            "match.radius_unit",
            "column `{name}` is in {unit}, which is no angle",
            name=column.name,
            unit=column.unit,
        ) from None


def _given(asked: MatchTable, given: Given) -> Prepared:
    where = "the table given"
    if len(given.rows) > HELD_ROWS:
        raise UsageError(
            "match.held",
            "{table} has more than {most} rows and no index for this position",
            table=where, most=HELD_ROWS,
        )  # fmt: skip
    if asked.ra is None and asked.dec is None:
        ra, dec = _guessed(given.columns, where)
    else:
        ra, dec = _named_pair(given.columns, asked, where)
    place = Place(ra, dec)
    if asked.radius is not None:
        (column,) = _columns(given.columns, [asked.radius], where)
        place = Place(ra, dec, radius=column.name, unit=_degrees(column))
    columns = _columns(given.columns, asked.columns, where)
    return Prepared(MemorySide(given.rows, place), columns)


#: what coordinates in degrees are called, most telling first
_NAMES: Mapping[str, tuple[str, ...]] = {
    "ra": ("ra", "raj2000", "_raj2000", "ra_deg", "radeg", "ra_icrs", "alpha", "right_ascension"),
    "dec": (
        "dec",
        "dej2000",
        "decj2000",
        "_dej2000",
        "dec_deg",
        "decdeg",
        "dedeg",
        "de_icrs",
        "delta",
        "declination",
    ),
}


def _guessed(columns: Sequence[Column], where: str) -> tuple[str, str]:
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
            raise UsageError(
                "match.no_position", "{table}: name the columns of right ascension and declination",
                table=where,
            )  # fmt: skip
        _check_number(best, where)
        found.append(best.name)
    return found[0], found[1]
