"""Queries that compare two states of a table row by row: joined by id in the engine, never here.

Values differ when exactly one is null, or when they are not equal; NaN equals NaN. There is no tolerance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from tianku.adql.restrict import filtered
from tianku.engines.base import EngineQuery, Limits, Relation
from tianku.model.metadata import Column
from tianku.planner.stored import Stored

Change = Literal["added", "removed", "changed"]
#: names of the two states in the queries
_OLD, _NEW = "o", "n"
#: columns of the list of changes beside the id
LISTED = ("change", "column_name", "old", "new")


@dataclass(frozen=True, slots=True)
class Side:
    """One state of the table: where its rows are, which of them count, and its id column."""

    stored: Stored
    condition: exp.Expression | None
    id: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A column that both states have, whose values can be compared."""

    old: Column
    new: Column


def repeats_query(side: Side, limits: Limits) -> EngineQuery:
    """Count the ids, and the different ones: (``ids``, ``different``)."""
    identifier = exp.column(side.id, quoted=True)
    counts = [
        exp.alias_(exp.Count(this=identifier.copy()), "ids", quoted=True),
        exp.alias_(exp.Count(this=exp.Distinct(expressions=[identifier])), "different", quoted=True),
    ]
    tree = exp.Select(expressions=counts, from_=exp.From(this=_table("t0", side)))
    return EngineQuery(tree, {"t0": side.stored.relation()}, limits)


def counts_query(old: Side, new: Side, pairs: Sequence[Pair], limits: Limits) -> EngineQuery:
    """Count rows of both states, rows added, removed and changed, and values changed (``c0``, ``c1`` …)."""
    absent_old, absent_new = _is_null(_OLD, "id"), _is_null(_NEW, "id")
    both = exp.and_(exp.not_(absent_old), exp.not_(absent_new))
    differ = [_differ(i) for i in range(len(pairs))]
    counted = {
        "old": exp.Count(this=exp.column("id", _OLD, quoted=True)),
        "new": exp.Count(this=exp.column("id", _NEW, quoted=True)),
        "added": exp.CountIf(this=absent_old.copy()),
        "removed": exp.CountIf(this=absent_new.copy()),
        "changed": exp.CountIf(this=exp.and_(both.copy(), exp.or_(*(d.copy() for d in differ))))
        if differ
        else exp.Literal.number(0),
        **{f"c{i}": exp.CountIf(this=exp.and_(both.copy(), d)) for i, d in enumerate(differ)},
    }
    outputs = [exp.alias_(value, name, quoted=True) for name, value in counted.items()]
    tree = exp.Select(expressions=outputs, from_=exp.From(this=_state("t0", _OLD, old, [p.old for p in pairs])))
    tree.set("joins", [_join(_state("t1", _NEW, new, [p.new for p in pairs]), "FULL")])
    return EngineQuery(tree, _relations(old, new), limits)


def changes_query(
    old: Side,
    new: Side,
    pairs: Sequence[Pair],
    changes: Sequence[Change],
    limits: Limits,
    rows: tuple[int, int] | None = None,
) -> EngineQuery:
    """List what changed, a line per id (added, removed) or per value, in order of id and column.

    Parameters
    ----------
    pairs
        The columns whose changes are listed; each costs a join of two columns.
    rows
        (offset, limit) of the list.
    """
    lines: list[exp.Query] = []
    if "added" in changes:
        lines.append(_missing("t1", _NEW, new, "t0", _OLD, old, "added"))
    if "removed" in changes:
        lines.append(_missing("t0", _OLD, old, "t1", _NEW, new, "removed"))
    if "changed" in changes:
        lines += [_changed(old, new, pair) for pair in pairs]
    if not lines:
        lines.append(_missing("t1", _NEW, new, "t0", _OLD, old, "added").where(exp.false()))
    tree = lines[0]
    for line in lines[1:]:
        tree = exp.Union(this=tree, expression=line, distinct=False)
    outer = exp.Select(expressions=[exp.Star()], from_=exp.From(this=exp.Subquery(this=tree, alias="lines")))
    order = [exp.Ordered(this=exp.column(name, quoted=True)) for name in ("id", "column_name", "change")]
    outer.set("order", exp.Order(expressions=order))
    if rows is not None:
        outer.set("offset", exp.Offset(expression=exp.Literal.number(rows[0])))
        outer.set("limit", exp.Limit(expression=exp.Literal.number(rows[1])))
    return EngineQuery(outer, _relations(old, new), limits)


def _relations(old: Side, new: Side) -> dict[str, Relation]:
    return {"t0": old.stored.relation(), "t1": new.stored.relation()}


def _table(key: str, side: Side) -> exp.Expression:
    table = exp.Table(this=exp.Identifier(this=key, quoted=True))
    return table if side.condition is None else filtered(table, side.condition.copy())


def _state(key: str, alias: str, side: Side, columns: Sequence[Column]) -> exp.Subquery:
    """The rows of a state that have an id: ``id``, ``c0``, ``c1`` …"""
    identifier = exp.column(side.id, quoted=True)
    outputs = [exp.alias_(identifier, "id", quoted=True)]
    outputs += [exp.alias_(exp.column(c.name, quoted=True), f"c{i}", quoted=True) for i, c in enumerate(columns)]
    inner = exp.Select(expressions=outputs, from_=exp.From(this=_table(key, side)))
    inner.set("where", exp.Where(this=exp.not_(exp.Is(this=identifier.copy(), expression=exp.Null()))))
    return exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.Identifier(this=alias, quoted=True)))


def _join(right: exp.Subquery, side: str | None) -> exp.Join:
    same = exp.EQ(this=exp.column("id", _OLD, quoted=True), expression=exp.column("id", _NEW, quoted=True))
    return exp.Join(this=right, side=side, on=same)


def _differ(number: int) -> exp.Expression:
    names = [exp.column(f"c{number}", alias, quoted=True) for alias in (_OLD, _NEW)]
    return exp.NullSafeNEQ(this=names[0], expression=names[1])


def _is_null(alias: str, name: str) -> exp.Expression:
    return exp.Is(this=exp.column(name, alias, quoted=True), expression=exp.Null())


def _missing(
    key: str, alias: str, side: Side, other_key: str, other: str, other_side: Side, change: Change
) -> exp.Select:
    """The ids that one state has and the other lacks."""
    nothing = exp.cast(exp.Null(), exp.DataType.Type.VARCHAR)
    line = _line(alias, change, nothing, nothing.copy(), nothing.copy())
    line.set("from_", exp.From(this=_state(key, alias, side, [])))
    line.set("joins", [_join(_state(other_key, other, other_side, []), "LEFT")])
    return line.where(_is_null(other, "id"))


def _changed(old: Side, new: Side, pair: Pair) -> exp.Select:
    texts = [exp.cast(exp.column("c0", alias, quoted=True), exp.DataType.Type.VARCHAR) for alias in (_OLD, _NEW)]
    line = _line(_NEW, "changed", exp.Literal.string(pair.new.name), *texts)
    line.set("from_", exp.From(this=_state("t0", _OLD, old, [pair.old])))
    line.set("joins", [_join(_state("t1", _NEW, new, [pair.new]), None)])
    return line.where(_differ(0))


def _line(alias: str, change: Change, *values: exp.Expression) -> exp.Select:
    outputs = [exp.alias_(exp.column("id", alias, quoted=True), "id", quoted=True)]
    told = (exp.Literal.string(change), *values)
    outputs += [exp.alias_(value, name, quoted=True) for name, value in zip(LISTED, told, strict=True)]
    return exp.Select(expressions=outputs)
