"""The two kinds of side of a cross-match: rows in memory, and a published table that is read through an engine."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, cast

import numpy as np
import pyarrow as pa
from sqlglot import exp

from tianku.adql.restrict import restrict
from tianku.adql.schema import Resolved
from tianku.engines.base import EngineQuery, Limits, Relation
from tianku.planner.bounds import bounds_of, index_column, predicate
from tianku.planner.match_errors import ErrorColumns
from tianku.planner.matching import Rows, blocks_of, moved
from tianku.planner.plan import SMALL_ROWS
from tianku.planner.stored import Stored
from tianku.sky.match import Points
from tianku.sky.ranges import CELLS, ORDER, FloatArray, Int64Array, merge_ranges

#: rows of the left table that are matched at a time
BLOCK_ROWS = 500_000
#: ranges of the index up to which cells are asked for as such; more are joined
_RANGES = 64
_CELLS_KEY = "match_cells"
#: order of the cells in which densities are compared: 1.8 degrees
DENSITY_ORDER = 5

#: runs a query that is expected to read so many rows, and returns all it gives
Run = Callable[[EngineQuery, float], pa.Table]


@dataclass(frozen=True, slots=True)
class Place:
    """The columns that say where the rows of a side are, and where they are looked for.

    Attributes
    ----------
    ra, dec
        ICRS degrees; right ascension from −180 on is understood.
    pm_ra, pm_dec
        Proper motion in mas/yr, the first times cos(Dec); rows without it stay.
    years
        From the epoch of the positions to that of the match, Julian.
    radius, unit
        Column of each row's own radius, and its unit in degrees; a row without a radius ≥ 0 has no partners.
    errors
        Columns of the errors of positions; a row without them has no partners.
    """

    ra: str
    dec: str
    pm_ra: str | None = None
    pm_dec: str | None = None
    years: float = 0.0
    radius: str | None = None
    unit: float = 1 / 3600
    errors: ErrorColumns | None = None

    @property
    def columns(self) -> list[str]:
        """Names of all columns that are needed."""
        motion = (self.pm_ra, self.pm_dec) if self.moves else ()
        errors = () if self.errors is None else self.errors.columns
        return [name for name in (self.ra, self.dec, *motion, self.radius, *errors) if name is not None]

    @property
    def moves(self) -> bool:
        """Whether rows are looked for elsewhere than where they are stored."""
        return self.years != 0.0 and self.pm_ra is not None and self.pm_dec is not None

    def rows(self, table: pa.Table) -> Rows:
        """Return the rows of `table` with their positions at the epoch of the match."""
        ra, dec = numbers(table, self.ra), numbers(table, self.dec)
        good = np.isfinite(ra) & (np.abs(dec) <= 90.0)  # NaN is not
        ra = np.where(ra < 0, ra + 360.0, ra)
        good &= (ra >= 0.0) & (ra <= 360.0)
        ra, dec = np.where(good, ra, 0.0), np.where(good, dec, 0.0)
        if self.pm_ra is not None and self.pm_dec is not None and self.moves:
            ra, dec = moved(ra, dec, numbers(table, self.pm_ra), numbers(table, self.pm_dec), self.years)
        radius = None
        if self.radius is not None:
            radius = numbers(table, self.radius) * self.unit
            good &= radius >= 0.0
            radius = np.where(radius >= 0.0, radius, 0.0)
        errors = None
        if (known := self.errors) is not None:
            third = None if known.third is None else numbers(table, known.third)
            errors = known.ellipses(numbers(table, known.first), numbers(table, known.second), third)
            good &= errors.known
        return Rows(table, Points.of(np.where(good, ra, np.nan), dec), radius, errors)


def numbers(table: pa.Table, name: str) -> FloatArray:
    """Return a column of numbers as doubles, null as NaN."""
    return np.asarray(table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False))


class MemorySide:
    """Rows in memory; `shift` is 0, for they are sorted by where they are looked for."""

    shift = 0.0

    def __init__(self, table: pa.Table, place: Place) -> None:
        self._rows = place.rows(table)

    def blocks(self) -> list[tuple[int, int]]:
        """Return ranges of about `BLOCK_ROWS` rows; equal positions are never parted."""
        index = self._rows.points.index
        if not len(index):
            return []
        lows = np.unique(np.append(0, index[BLOCK_ROWS::BLOCK_ROWS])).tolist()
        return list(zip(lows, [low - 1 for low in lows[1:]] + [CELLS - 1], strict=True))

    def within(self, low: int, high: int) -> Rows:
        """Return the rows under an index from `low` to `high`."""
        index = self._rows.points.index
        first, last = np.searchsorted(index, [low, high + 1])
        return self._taken(np.arange(first, last))

    def around(self, order: int, cells: Int64Array) -> Rows:
        """Return the rows in the cells."""
        shift = 2 * (ORDER - order)
        here = self._rows.points.index >> shift
        return self._taken(np.flatnonzero(np.isin(here, cells)))

    def unplaced(self) -> Rows | None:
        """Return the rows without a position or a radius."""
        lost = np.setdiff1d(np.arange(len(self._rows.table)), self._rows.points.row)
        nowhere = Points.of(np.empty(0), np.empty(0))
        return Rows(self._rows.table.take(pa.array(lost)), nowhere) if len(lost) else None

    def density(self) -> FloatArray:
        """Return the rows in each cell of `DENSITY_ORDER`."""
        cells = self._rows.points.index >> (2 * (ORDER - DENSITY_ORDER))
        return np.bincount(cells, minlength=12 << (2 * DENSITY_ORDER)).astype(np.float64)

    def _taken(self, chosen: Int64Array) -> Rows:
        points, own, errors = self._rows.points, self._rows.radius, self._rows.errors
        row = points.row[chosen]
        here = Points(points.index[chosen], points.ra[chosen], points.dec[chosen], np.arange(len(row)))
        table = self._rows.table.take(pa.array(row))
        return Rows(table, here, None if own is None else own[row], None if errors is None else errors.take(row))


class StoredSide:
    """A published table that is sorted by its main position, read block by block.

    Parameters
    ----------
    resolved
        The columns wanted and those of `place`, of this table alone: it holds what the caller may see of it.
    shift
        Most degrees that a row moves to the epoch of the match.
    """

    def __init__(self, stored: Stored, resolved: Resolved, place: Place, run: Run, limits: Limits,
                 shift: float = 0.0) -> None:  # fmt: skip
        self._stored, self._resolved, self._place = stored, resolved, place
        self._run, self._limits = run, limits
        self.shift = shift
        (self._reference,) = resolved.references

    @cached_property
    def _files(self) -> tuple[Int64Array, FloatArray]:
        """Spans and rows of the files that hold positions; all rows in one span where there are no files."""
        known = [f for f in self._stored.files if f.healpix is not None]
        if not known:
            return np.array([[0, CELLS - 1]]), np.array([float(self._stored.nrows)])
        known.sort(key=lambda f: cast(tuple[int, int], f.healpix))
        return np.array([f.healpix for f in known], dtype=np.int64), np.array([float(f.rows) for f in known])

    def blocks(self) -> list[tuple[int, int]]:
        """Return ranges of about `BLOCK_ROWS` rows that cover the whole sky: no row lies between them."""
        spans, rows = self._files
        parts = np.maximum(1, np.ceil(rows / BLOCK_ROWS)).astype(np.int64)
        pieces = [
            _cut(low, high, count) for (low, high), count in zip(spans.tolist(), parts.tolist(), strict=True)
        ]
        merged = blocks_of(np.concatenate(pieces), np.repeat(rows / parts, parts), BLOCK_ROWS)
        lows = sorted({0, *(low for low, _ in merged[1:])})
        return list(zip(lows, [low - 1 for low in lows[1:]] + [CELLS - 1], strict=True))

    def within(self, low: int, high: int) -> Rows:
        """Return the rows stored under an index from `low` to `high`."""
        ranges = np.array([[low, high]], dtype=np.int64)
        return self._read(ranges, predicate(ranges))

    def around(self, order: int, cells: Int64Array) -> Rows:
        """Return the rows stored in the cells, and others between them when those are few."""
        shift = 2 * (ORDER - order)
        if not len(cells):
            return self._place.rows(self._read_nothing())
        begins = np.flatnonzero(np.append(True, cells[1:] != cells[:-1] + 1))
        lasts = np.append(begins[1:] - 1, len(cells) - 1)
        exact = np.column_stack([cells[begins] << shift, ((cells[lasts] + 1) << shift) - 1])
        ranges = merge_ranges(exact, _RANGES)
        condition = predicate(ranges)
        if len(ranges) == len(exact):
            return self._read(ranges, condition)
        listed = pa.table({"cell": cells})
        relation = Relation(f"{self._stored.uid}.cells", listed.schema, table=listed)
        return self._read(ranges, exp.And(this=condition, expression=_among(shift)), {_CELLS_KEY: relation})

    def unplaced(self) -> Rows | None:
        """Return the rows that have no position."""
        if not any(f.healpix is None for f in self._stored.files) and self._stored.files:
            return None
        found = self._read(None, exp.Is(this=index_column(), expression=exp.Null()))
        return found if len(found.table) else None

    def density(self) -> FloatArray:
        """Return about how many rows each cell of `DENSITY_ORDER` has, as if files were filled evenly."""
        spans, rows = self._files
        edges = np.arange((12 << (2 * DENSITY_ORDER)) + 1, dtype=np.int64) << (2 * (ORDER - DENSITY_ORDER))
        begins, ends = spans[:, 0].astype(np.float64), spans[:, 1].astype(np.float64) + 1
        at, rates = np.concatenate([begins, ends]), np.tile(rows / (ends - begins), 2)
        rates[len(rows) :] *= -1
        order = np.argsort(at, kind="stable")  # files of several segments overlap
        steps = np.cumsum(rates[order])[:-1] * np.diff(at[order])
        filled = np.concatenate([[0.0], np.cumsum(steps)])
        return np.clip(np.diff(np.interp(edges.astype(np.float64), at[order], filled)), 0, None)

    def _read(
        self, ranges: Int64Array | None, condition: exp.Expr, more: dict[str, Relation] | None = None
    ) -> Rows:
        bounds = bounds_of(ranges, self._stored)
        tree = restrict(self._resolved.tree.copy(), {self._reference: condition})
        relations = {self._reference: self._stored.relation(bounds.files), **(more or {})}
        small = bounds.rows <= SMALL_ROWS and not more
        query = EngineQuery(cast(exp.Expression, tree), relations, self._limits, small=small)
        return self._place.rows(self._run(query, bounds.rows))

    def _read_nothing(self) -> pa.Table:
        return pa.schema([pa.field(c.name, c.arrow) for c in self._resolved.columns]).empty_table()


class Dense(Protocol):
    """What is known of how rows lie on the sky."""

    def density(self) -> FloatArray:
        """About how many rows each cell of `DENSITY_ORDER` has."""
        ...


def expected_pairs(left: Dense, right: Dense, radius: float) -> float:
    """Return about how many pairs lie within `radius` degrees, were the rows of each cell spread evenly."""
    cap = 0.5 * (1.0 - math.cos(math.radians(radius)))
    share = cap * (12 << (2 * DENSITY_ORDER))
    return float(left.density() @ right.density()) * share


def _cut(low: int, high: int, count: int) -> Int64Array:
    """Cut a range of the index into `count` equal ones."""
    step = (high - low + 1) // count
    lows = low + step * np.arange(count, dtype=np.int64)
    return np.column_stack([lows, np.append(lows[1:] - 1, high)])


def _among(shift: int) -> exp.Expr:
    """The condition that the cell of the index is one of a list."""
    cell = exp.BitwiseRightShift(this=index_column(), expression=exp.Literal.number(shift))
    listed = exp.Table(this=exp.Identifier(this=_CELLS_KEY, quoted=True))
    name = exp.Column(this=exp.Identifier(this="cell", quoted=True))
    query = exp.Select(expressions=[name], from_=exp.From(this=listed)).subquery()
    return exp.In(this=exp.Paren(this=cell), query=query)
