"""Joins by position as joins by equal cells of the sky, the query's own test deciding.

Of the side with fewer rows, the indices are known beforehand: each gets the cells that hold every position
within reach of it. These pairs become a small table. It is joined with either side, whichever may have rows
repeated (in an outer join: the optional one), and an equality beside the query's condition then joins the
other: pairs that are near meet exactly once, and no others but those of neighbouring cells are tested.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlglot import exp

from tianku.adql.near import Near, Reach, Spot
from tianku.adql.restrict import filtered
from tianku.adql.schema import TableRef
from tianku.adql.terms import wrap
from tianku.engines.base import Relation
from tianku.model.errors import LimitError
from tianku.model.metadata import HEALPIX_COLUMN
from tianku.planner.bounds import Bounds, bounds_of, predicate
from tianku.planner.stored import Int64Array, Stored
from tianku.sky.match import MAX_RADIUS, cells_around, distinct
from tianku.sky.ranges import ORDER, FloatArray, healpix29, merge_ranges

#: rows of the side whose cells are listed
MOST_LISTED = 2_000_000
#: pairs of rows that a query may compare
MOST_PAIRS = 1e11
#: ranges of the index to which the other side is narrowed, and the share of its rows that makes it worth while
_RANGES, _SHARE = 64, 0.5


@dataclass(slots=True)
class Reading:
    """What is read of one reference."""

    ref: TableRef
    stored: Stored
    condition: exp.Expr | None
    bounds: Bounds
    #: position -> column of its index, of rows in memory
    indices: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def relation(self) -> Relation:
        """What an engine reads."""
        return self.stored.relation(self.bounds.files)

    def index_name(self, spot: Spot) -> str | None:
        """Return the column with the index of a position, None when there is none."""
        main = self.ref.table.main_position
        if self.stored.positional and main is not None and (main.ra, main.dec) == (spot.ra, spot.dec):
            return HEALPIX_COLUMN
        if self.stored.table is None:
            return None
        return self.indices.get((spot.ra, spot.dec)) or self._add_index(self.stored.table, spot)

    def _add_index(self, table: pa.Table, spot: Spot) -> str | None:
        kinds = [table.schema.field(name).type for name in (spot.ra, spot.dec)]
        if not all(pa.types.is_floating(kind) or pa.types.is_integer(kind) for kind in kinds):
            return None
        ra, dec = _numbers(table, spot.ra), _numbers(table, spot.dec)
        index = healpix29(np.where(np.isfinite(ra), ra, np.nan) % 360.0, dec)
        name = self.indices[spot.ra, spot.dec] = f"_position_{len(self.indices)}"
        own = table.append_column(name, pa.array(index, mask=index < 0))
        self.stored = replace(self.stored, table=own, schema=own.schema)
        return name

    def index_values(self, name: str) -> Int64Array:
        """Return the indices of the rows that are read, sorted, each once."""
        table = self.stored.table
        if table is None:
            relation = self.relation
            parts = [pq.ParquetFile(path).read([HEALPIX_COLUMN])[HEALPIX_COLUMN] for path in relation.files]
            values = np.concatenate([_known(part) for part in parts])
        else:
            values = _known(table.column(name))
        values = distinct(values)
        ranges = self.bounds.ranges
        if ranges is None or name != HEALPIX_COLUMN:
            return values
        at = np.searchsorted(ranges[:, 0], values, side="right") - 1
        return np.asarray(values[(at >= 0) & (values <= ranges[at, 1])])

    def narrow(self, ranges: Int64Array) -> None:
        """Read only what lies in these ranges of the index, if that is much less."""
        if self.stored.table is not None:
            return
        bounds = bounds_of(ranges, self.stored)
        if bounds.rows <= _SHARE * self.bounds.rows:
            self.condition, self.bounds = predicate(ranges), bounds


@dataclass(frozen=True, slots=True)
class CellJoin:
    """How one condition joins: pairs of index and cell, the reference they are joined with, and by what.

    `attached` and `partner` are (reference, column of its index); `by_cell` when the attached one is found by
    its cell and the partner by its index, else the other way round.
    """

    node: exp.Expr
    number: int
    pairs: pa.Table
    shift: int
    attached: tuple[str, str]
    partner: tuple[str, str]
    by_cell: bool

    @property
    def key(self) -> str:
        """The table key of the pairs."""
        return f"n{self.number}"

    @property
    def relation(self) -> Relation:
        """The pairs as an engine reads them."""
        return Relation(f"near.{self.key}", self.pairs.schema, table=self.pairs)

    def put_into(self, tree: exp.Expr) -> None:
        """Join the pairs with their reference, and set the equality beside the condition."""
        index_name, cell_name = self.pairs.column_names
        inner = _select_of(tree, self.attached[0])
        own = _column(*self.attached)
        within = _shifted(own, self.shift) if self.by_cell else own
        pairs = exp.Table(this=exp.Identifier(this=self.key, quoted=True))
        matched = exp.EQ(this=_column(self.key, cell_name if self.by_cell else index_name), expression=within)
        inner.append("joins", exp.Join(this=pairs, on=matched))
        there = _column(*self.partner)
        brought = _column(self.attached[0], index_name if self.by_cell else cell_name)
        equal = exp.EQ(this=brought, expression=there if self.by_cell else _shifted(there, self.shift))
        kept = self.node.copy()
        self.node.replace(exp.Paren(this=exp.And(this=equal, expression=wrap(kept))))


def cell_joins(tree: exp.Expr, readings: dict[str, Reading], joins: int) -> tuple[list[CellJoin], bool]:
    """Return the joins by cells of a tree, and whether a join is left that only a product can answer.

    The readings are narrowed to what can have a partner. `joins` is how many joins have no equality to go by.

    Raises
    ------
    LimitError
        ``query.near``: both sides are too large, ``query.pairs``: too many pairs lie within reach.
    """
    found = [(node, cast(Near, node.meta["near"])) for node in tree.walk() if "near" in node.meta]
    found.sort(key=lambda one: min(readings[key].bounds.rows for key in _keys(one[1], readings)))
    made: list[CellJoin] = []
    product = 1.0
    for node, near in found:
        join = _join(node, near, readings, len(made))
        if join is not None:
            made.append(join)
            joins -= near.joins
        elif near.joins:
            product = max(product, float(np.prod([readings[key].bounds.rows for key in _keys(near, readings)])))
    if joins > 0:
        _check_pairs(product)
    return made, joins > 0


def _keys(near: Near, readings: dict[str, Reading]) -> list[str]:
    keys = [key for key in (near.one.key, near.two.key) if key in readings]
    return keys or list(readings)


def _join(node: exp.Expr, near: Near, readings: dict[str, Reading], number: int) -> CellJoin | None:
    spots = (near.one, near.two)
    if any(spot.key not in readings for spot in spots) or not near.free & {spot.key for spot in spots}:
        return None
    names = {spot.key: readings[spot.key].index_name(spot) for spot in spots}
    radius = _radius(near.reach, readings)
    if radius is None or radius > MAX_RADIUS:
        return None
    seed, other = sorted((readings[spot.key] for spot in spots), key=lambda one: one.bounds.rows)
    by_index, by_cell = names[seed.ref.key], names[other.ref.key]
    if by_index is None or by_cell is None:
        return None
    if seed.bounds.rows > MOST_LISTED:
        raise LimitError(
            "query.near",
            "both tables have more than {most} rows where they are joined by position: choose a part of the sky, "
            "or use the cross-match service",
            most=MOST_LISTED,
        )
    index = seed.index_values(by_index)
    order, who, cells = cells_around(index, radius)
    shift = 2 * (ORDER - order)
    _narrow(other, cells, shift, other.ref.key in near.free)
    names_of_pairs = [f"_near_{number}_index", f"_near_{number}_cell"]
    pairs = pa.table([pa.array(index[who]), pa.array(cells)], names_of_pairs)
    first, second = (seed.ref.key, by_index), (other.ref.key, by_cell)
    if seed.ref.key in near.free:
        return CellJoin(node, number, pairs, shift, first, second, by_cell=False)
    return CellJoin(node, number, pairs, shift, second, first, by_cell=True)


def _narrow(other: Reading, cells: Int64Array, shift: int, free: bool) -> None:
    """Narrow the larger side to the cells, or refuse when it holds too many rows there."""
    first = distinct(cells) << shift
    ranges = merge_ranges(np.column_stack([first, first + (1 << shift) - 1]), _RANGES)
    if not len(ranges):
        return
    width = float((ranges[:, 1] - ranges[:, 0] + 1).sum()) / 2.0**shift
    if other.stored.table is None:
        within = min(bounds_of(ranges, other.stored).rows, other.bounds.rows)
    else:
        within = other.bounds.rows
    _check_pairs(within / width * len(cells))
    if free:
        other.narrow(ranges)


def _check_pairs(pairs: float) -> None:
    if pairs > MOST_PAIRS:
        raise LimitError(
            "query.pairs",
            "about {pairs:.0e} pairs of rows would have to be compared: take a smaller radius or a part of the "
            "sky, or use the cross-match service",
            pairs=pairs,
        )


def _radius(reach: Reach, readings: dict[str, Reading]) -> float | None:
    """Return the largest distance, None when nothing bounds it."""
    if reach.key is None or reach.column is None:
        return reach.factor
    reading = readings.get(reach.key)
    if reading is None:
        return None
    largest = reading.ref.bounds.get(reach.column, (0.0, np.inf))[1]
    if reading.stored.table is not None:
        values = _numbers(reading.stored.table, reach.column)
        largest = min(largest, float(np.max(values, initial=0.0, where=~np.isnan(values))))
    return max(0.0, largest) * reach.factor if np.isfinite(largest) else None


def _numbers(table: pa.Table, name: str) -> FloatArray:
    return np.asarray(table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False))


def _known(values: pa.ChunkedArray) -> Int64Array:
    return np.asarray(pc.drop_null(values).to_numpy(), dtype=np.int64)


def _select_of(tree: exp.Expr, key: str) -> exp.Select:
    """Return the SELECT that gives the rows of a reference under its name, made if there is none yet."""
    table = next(t for t in tree.find_all(exp.Table) if t.name == key and t.args.get("alias") is None)
    around = table.parent_select
    if isinstance(around, exp.Select) and around.meta.get("filter") == key:
        return around
    joins = table.args.get("joins")
    table.set("joins", None)
    made = filtered(table.copy(), None)
    made.set("joins", joins)
    table.replace(made)
    return cast(exp.Select, made.this)


def _shifted(column: exp.Column, shift: int) -> exp.Expr:
    return exp.Paren(this=exp.BitwiseRightShift(this=column, expression=exp.Literal.number(shift)))


def _column(table: str, name: str) -> exp.Column:
    name_node, table_node = (exp.Identifier(this=part, quoted=True) for part in (name, table))
    return exp.Column(this=name_node, table=table_node)
