"""Plan of a search for a list of positions: a join by equal HEALPix cells, then the statement's exact test."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import pyarrow as pa
from sqlglot import exp

from tianku.adql.restrict import restrict
from tianku.adql.schema import Resolved
from tianku.adql.terms import wrap
from tianku.engines.base import EngineQuery, Limits
from tianku.model.errors import UsageError
from tianku.model.metadata import HEALPIX_COLUMN, TableMeta
from tianku.planner.bounds import bounds_of, predicate
from tianku.planner.plan import SHORT_ROWS, Lane, Plan
from tianku.planner.stored import Int64Array, Stored
from tianku.sky.match import Points, cells_around
from tianku.sky.ranges import ORDER, FloatArray, merge_ranges

#: column of the list that is joined on; the statement cannot name it
_CELL = "_cell"
_RANGES = 64


def plan_listed(
    resolved: Resolved,
    storage: Callable[[TableMeta], Stored],
    listed: pa.Table,
    ra: FloatArray,
    dec: FloatArray,
    radius: float,
    maxrec: int,
    *,
    nearest: str | None,
    limits: Limits,
) -> Plan:
    """Return the plan of a statement of `tianku.adql.listed`; `resolved` is used up.

    Parameters
    ----------
    listed
        The list with the columns of its metadata, one row per position.
    ra, dec, radius
        Its positions, and the largest radius of all; degrees.
    nearest
        Output by which only the smallest of each position is kept, all when None.

    Raises
    ------
    UsageError
        ``adql.no_position`` for a table whose rows carry no index.
    """
    here, there = resolved.references
    table = resolved.references[there].table
    stored = storage(table)
    if not stored.positional:
        raise UsageError("adql.no_position", "{table} has no position to search by", table=table.qualified_name)
    points = Points.of(ra, dec)
    order, who, cells = cells_around(points.index, radius)
    shift = 2 * (ORDER - order)
    rows = listed.take(points.row[who]).append_column(_CELL, pa.array(cells))
    ranges = merge_ranges(_ranges(cells, shift), _RANGES)
    bounds = bounds_of(ranges, stored)
    _join_cells(resolved.tree, here, there, shift)
    if nearest is not None:
        _keep_nearest(resolved.tree, here, listed.column_names[0], nearest)
    tree = cast(exp.Expression, restrict(resolved.tree, {there: predicate(ranges)}))
    tree.set("limit", exp.Limit(expression=exp.Literal.number(maxrec + 1)))
    uploaded = Stored("tap_upload.positions", rows.schema, rows.num_rows, table=rows)
    relations = {here: uploaded.relation(), there: stored.relation(bounds.files)}
    lane: Lane = "short" if bounds.rows < SHORT_ROWS else "long"
    query = EngineQuery(tree, relations, limits)
    return Plan(query, lane, resolved.columns, maxrec, bounds.rows, resolved.origins)


def _ranges(cells: Int64Array, shift: int) -> Int64Array:
    first = np.unique(cells) << shift
    return np.column_stack([first, first + (1 << shift) - 1])


def _join_cells(tree: exp.Query, here: str, there: str, shift: int) -> None:
    (join,) = tree.find_all(exp.Join)
    index = exp.BitwiseRightShift(this=_column(there, HEALPIX_COLUMN), expression=exp.Literal.number(shift))
    same = exp.EQ(this=_column(here, _CELL), expression=index)
    join.set("on", exp.And(this=same, expression=wrap(join.args["on"])))


def _keep_nearest(tree: exp.Query, here: str, line: str, separation: str) -> None:
    apart = next(e for e in tree.selects if e.alias_or_name == separation).unalias().copy()
    ranked = exp.Window(
        this=exp.RowNumber(),
        partition_by=[_column(here, line)],
        order=exp.Order(expressions=[exp.Ordered(this=apart, desc=False)]),
    )
    tree.set("qualify", exp.Qualify(this=exp.EQ(this=ranked, expression=exp.Literal.number(1))))


def _column(table: str, name: str) -> exp.Column:
    quoted = [exp.Identifier(this=part, quoted=True) for part in (name, table)]
    return exp.Column(this=quoted[0], table=quoted[1])
