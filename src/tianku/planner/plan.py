"""From a resolved query to what an engine runs: pruned, bounded, and sent to the right lane."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

from sqlglot import exp

from tianku.adql.restrict import restrict
from tianku.adql.schema import Origin, Resolved, TableRef
from tianku.engines.base import EngineQuery, Limits
from tianku.model.metadata import Column, TableMeta
from tianku.planner.bounds import Bounds, bounds_of, predicate, ranges_of
from tianku.planner.lookup import look_up
from tianku.planner.near import Reading, cell_joins
from tianku.planner.stored import Stored

Lane = Literal["short", "long"]

#: rows a query of the short lane may be expected to read
SHORT_ROWS = 1_000_000
#: rows below which the whole answer may be held
SMALL_ROWS = 50_000
#: pairs it may compare in a join that has no equality to go by
SHORT_PAIRS = 10_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """A query ready to run.

    Attributes
    ----------
    lane
        ``short``: runs in the serving process; ``long``: in a process of its own.
    columns
        The columns of the result.
    maxrec
        Rows the caller asked for at most; the query gives one more when there are more.
    rows
        Rows it is expected to read.
    origins
        What each column of the result hands on, if it does.
    """

    query: EngineQuery
    lane: Lane
    columns: tuple[Column, ...]
    maxrec: int | None
    rows: float
    origins: tuple[Origin | None, ...] = ()


def plan(
    resolved: Resolved,
    storage: Callable[[TableMeta], Stored],
    maxrec: int | None = None,
    *,
    limits: Limits | None = None,
) -> Plan:
    """Bind references to storage and bound what they read; `resolved` is used up.

    Parameters
    ----------
    storage
        Where the rows of a table are.
    maxrec
        MAXREC of the protocol. The tree gets the smaller of TOP and ``maxrec + 1``, so only
        MAXREC can overflow.
    limits
        Time, memory and spill that the engine enforces.
    """
    readings: dict[str, Reading] = {}
    for key, ref in resolved.references.items():
        stored = storage(ref.table)
        readings[key] = Reading(ref, stored, *_bounded(ref, stored))
    joined, product = cell_joins(resolved.tree, readings, resolved.joins)
    conditions = {key: one.condition for key, one in readings.items() if one.condition is not None}
    tree = cast(exp.Expression, restrict(resolved.tree, conditions))
    for join in joined:
        join.put_into(tree)
    _limit(tree, resolved.top, maxrec)
    costs = [one.bounds.rows for one in readings.values()]
    rows = _expected(resolved, costs)
    relations = {key: one.relation for key, one in readings.items()} | {join.key: join.relation for join in joined}
    query = EngineQuery(tree, relations, limits or Limits(), small=rows <= SMALL_ROWS and not product)
    return Plan(query, _lane(costs, rows, product), resolved.columns, maxrec, rows, resolved.origins)


def _bounded(ref: TableRef, stored: Stored) -> tuple[exp.Expr | None, Bounds]:
    """Return the condition on the index of a reference, if there is one, and what it leaves to read."""
    if stored.positional:
        for column, values in ref.equals.items():
            found = look_up(stored, column, values) if column in stored.id_tables else None
            if found is not None:
                return found
    bounds = bounds_of(ranges_of(ref) if stored.positional else None, stored)
    return (None if bounds.ranges is None else predicate(bounds.ranges)), bounds


def _limit(tree: exp.Expr, top: int | None, maxrec: int | None) -> None:
    """Set LIMIT to the smaller of TOP and one row more than MAXREC."""
    bounds = [b for b in (top, None if maxrec is None else maxrec + 1) if b is not None]
    if bounds:
        tree.set("limit", exp.Limit(expression=exp.Literal.number(min(bounds))))


def _expected(resolved: Resolved, costs: list[float]) -> float:
    """Return the rows expected to be read; the first rows of a plain table are read alone."""
    total = sum(costs)
    tree = resolved.tree
    whole = ("where", "group", "having", "order", "distinct", "joins", "with_")
    if resolved.top is None or not isinstance(tree, exp.Select) or any(tree.args.get(a) for a in whole):
        return total
    base = tree.args["from_"].this
    if isinstance(base, exp.Table) and not any(e.find(exp.AggFunc) for e in tree.expressions):
        return min(total, float(resolved.top + (resolved.offset or 0)))
    return total


def _lane(costs: list[float], rows: float, product: bool) -> Lane:
    if rows >= SHORT_ROWS:
        return "long"
    pairs = math.prod(max(1.0, c) for c in costs) if product else 0.0
    return "short" if pairs <= SHORT_PAIRS else "long"
