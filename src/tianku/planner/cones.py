"""Cone searches planned once per table and column list: each search only fills in its numbers.

Resolving, planning and writing the text of a cone costs as much as running it; what comes with the
search are nine numbers and a few ranges of the index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from sqlglot import exp

from tianku.adql.build import select
from tianku.adql.parameters import cone_parameters
from tianku.adql.parser import Statement
from tianku.adql.restrict import restrict
from tianku.adql.schema import Cone, Origin, Resolved
from tianku.engines.base import EngineQuery, Limits
from tianku.model.metadata import Column, TableMeta
from tianku.model.recent import Recent
from tianku.planner.bounds import bounds_of, index_column
from tianku.planner.plan import SHORT_ROWS, SMALL_ROWS, Plan
from tianku.planner.stored import Int64Array, Stored
from tianku.sky.ranges import cone_ranges

#: ranges that a plan has room for
_RANGES = 8
#: beyond it the exact test is not the haversine formula's to make
_MOST_DEGREES = 179.0

Resolve = Callable[[Statement], Resolved]


@dataclass(frozen=True, slots=True)
class _Prepared:
    key: tuple[object, ...]
    tree: exp.Expression
    reference: str
    columns: tuple[Column, ...]
    origins: tuple[Origin | None, ...]


class ConePlans:
    """The prepared cone searches of one generation."""

    def __init__(self) -> None:
        self._prepared: Recent[tuple[object, ...], _Prepared] = Recent(1000)

    def plan(
        self,
        table: TableMeta,
        stored: Stored,
        columns: Sequence[str] | None,
        cone: Cone,
        maxrec: int,
        resolve: Resolve,
        limits: Limits,
    ) -> Plan | None:
        """Return the plan of a cone around the main position of `table`; None when it needs planning of its own.

        Parameters
        ----------
        resolve
            Resolves a statement for the caller, who must see all rows of the table: asked once per column list.
        """
        if not stored.positional or cone.radius >= _MOST_DEGREES or table.main_position is None:
            return None
        ranges = cone_ranges(cone.ra % 360, cone.dec, cone.radius, _RANGES)
        bounds = bounds_of(ranges, stored)
        if bounds.rows >= SHORT_ROWS:
            return None
        prepared = self._of(table, stored, columns, resolve)
        query = EngineQuery(
            prepared.tree,
            {prepared.reference: stored.relation(bounds.files)},
            limits,
            small=bounds.rows <= SMALL_ROWS,
            parameters={
                **cone_parameters(cone.ra, cone.dec, cone.radius),
                **_index_numbers(ranges),
                "most": maxrec + 1,
            },
            text_key=prepared.key,
        )
        return Plan(query, "short", prepared.columns, maxrec, bounds.rows, prepared.origins)

    def _of(self, table: TableMeta, stored: Stored, columns: Sequence[str] | None, resolve: Resolve) -> _Prepared:
        key = ("cone", stored.uid, None if columns is None else tuple(columns))
        found = self._prepared.get(key)
        if found is None:
            found = _prepare(key, resolve(select(table, columns=columns, cone="later")))
            self._prepared.keep(key, found)
        return found


def _prepare(key: tuple[object, ...], resolved: Resolved) -> _Prepared:
    (reference,) = resolved.references
    tree = restrict(resolved.tree, {reference: _index_condition()})
    tree.set("limit", exp.Limit(expression=exp.Placeholder(this="most")))
    return _Prepared(key, cast(exp.Expression, tree), reference, resolved.columns, resolved.origins)


def _index_condition() -> exp.Expr:
    """The outer BETWEEN lets an engine skip row groups; the alternatives do the rest."""
    inner: exp.Expr = _within(0)
    for number in range(1, _RANGES):
        inner = exp.Or(this=inner, expression=_within(number))
    outer = exp.Between(this=index_column(), low=exp.Placeholder(this="low0"), high=exp.Placeholder(this="last"))
    return exp.And(this=outer, expression=exp.Paren(this=inner))


def _within(number: int) -> exp.Expr:
    low, high = exp.Placeholder(this=f"low{number}"), exp.Placeholder(this=f"high{number}")
    return exp.Between(this=index_column(), low=low, high=high)


def _index_numbers(ranges: Int64Array) -> dict[str, int]:
    """Return the ends of exactly `_RANGES` ranges; those not needed are empty."""
    numbers = {"last": int(ranges[-1, 1])}
    for number in range(_RANGES):
        low, high = ranges[number].tolist() if number < len(ranges) else (1, 0)
        numbers[f"low{number}"], numbers[f"high{number}"] = low, high
    return numbers
