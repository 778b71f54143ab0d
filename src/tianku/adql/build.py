"""Statements from forms and protocols, built as trees: no text is put together, so none can slip in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from tianku.adql.floats import literal
from tianku.adql.lexer import Source
from tianku.adql.parameters import CONE
from tianku.adql.parser import Statement
from tianku.adql.terms import balanced
from tianku.adql.words import RESERVED
from tianku.model.errors import UsageError
from tianku.model.metadata import Column, Position, TableMeta
from tianku.model.types import DataType

Scalar = int | float | str
Operator = Literal[
    "equal", "notequal", "less", "lessequal", "greater", "greaterequal",
    "between", "contains", "in", "in_any_case", "notin", "like", "ilike", "isnull", "notnull",
]  # fmt: skip

_COMPARE: dict[str, type[exp.Binary]] = {
    "equal": exp.EQ, "notequal": exp.NEQ, "less": exp.LT, "lessequal": exp.LTE,
    "greater": exp.GT, "greaterequal": exp.GTE,
}  # fmt: skip
_INTEGERS = frozenset({DataType.UINT8, DataType.INT16, DataType.INT32, DataType.INT64})
_INTEGER = re.compile(r"-?[0-9]{1,19}")


def scalar_of(text: str, column: Column) -> Scalar | None:
    """Return an identifier as a value of a column of strings or integers; None where it can be none of them."""
    if column.type is DataType.STRING:
        return text
    number = int(text) if column.type in _INTEGERS and _INTEGER.fullmatch(text) else None
    return number if number is not None and -(2**63) <= number < 2**63 else None


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a form: a column, what it must do, and the values (none for isnull and notnull)."""

    column: str
    operator: Operator
    values: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True)
class Reaching:
    """Holds when a circle around the main position, as wide as column `diameter` says, reaches a cone."""

    ra: float
    dec: float
    radius: float
    diameter: str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds when all conditions of one alternative do; there is at least one, and none is empty."""

    alternatives: tuple[tuple[Condition | Reaching, ...], ...]


@dataclass(frozen=True, slots=True)
class Order:
    """One column to sort by."""

    column: str
    descending: bool = False


def select(
    table: TableMeta,
    columns: Sequence[str] | None = None,
    where: Sequence[Condition | AnyOf] = (),
    cone: tuple[float, float, float] | Literal["later"] | None = None,
    order_by: Sequence[Order | str] = (),
    limit: int | None = None,
    offset: int | None = None,
    position: Position | None = None,
) -> Statement:
    """Return a statement over one table.

    Parameters
    ----------
    columns
        Names to return, in order; all if None.
    cone
        (ra, dec, radius) in degrees around `position`, the main one if that is None; ``"later"`` for the
        parameters of `tianku.adql.parameters`.

    Raises
    ------
    UsageError
        ``adql.unknown_column``, ``adql.no_position``, ``adql.condition``.
    """
    tree = exp.Select(from_=exp.From(this=_table(table)))
    chosen = [_column(table, c) for c in columns] if columns is not None else [exp.Star()]
    tree.set("expressions", chosen)
    tests = [] if cone is None else [_cone(table, position or table.main_position, cone)]
    tests += [_any_of(table, c) if isinstance(c, AnyOf) else _condition(table, c) for c in where]
    if tests:
        tree.set("where", exp.Where(this=balanced(exp.And, tests)))
    if order_by:
        items = [Order(o) if isinstance(o, str) else o for o in order_by]
        ordered = [exp.Ordered(this=_column(table, o.column), desc=o.descending) for o in items]
        tree.set("order", exp.Order(expressions=ordered))
    if limit is not None:
        tree.set("limit", exp.Limit(expression=exp.Literal.number(limit)))
    if offset:
        tree.set("offset", exp.Offset(expression=exp.Literal.number(offset)))
    return Statement(tree, Source(""))


def identifier(name: str) -> exp.Identifier:
    """Return a name, quoted when ADQL needs it."""
    plain = name.isascii() and name[:1].isalpha() and name.replace("_", "a").isalnum()
    return exp.Identifier(this=name, quoted=not plain or name.upper() in RESERVED)


def _table(table: TableMeta) -> exp.Table:
    return exp.Table(this=identifier(table.name), db=identifier(table.schema_name))


def _column(table: TableMeta, name: str) -> exp.Expr:
    column = table.column(name)
    if column is None:
        raise UsageError(
            "adql.unknown_column", "no column `{name}` in {where}{hint}",
            name=name, where=table.qualified_name, hint="",
        )  # fmt: skip
    return exp.Column(this=identifier(column.name))


def _value(value: Scalar) -> exp.Expr:
    if isinstance(value, str):
        return exp.Literal.string(value)
    if isinstance(value, int):
        node: exp.Expr = exp.Literal.number(abs(value))
        return exp.Neg(this=node) if value < 0 else node
    return literal(value)


def _cone(
    table: TableMeta, position: Position | None, cone: tuple[float, float, float] | Literal["later"]
) -> exp.Expr:
    if position is None:
        raise UsageError("adql.no_position", "{table} has no position to search by", table=table.qualified_name)
    centre = exp.Anonymous(this="POINT", expressions=[_column(table, position.ra), _column(table, position.dec)])
    numbers = [exp.Placeholder(this=n) for n in CONE] if cone == "later" else [_value(float(v)) for v in cone]
    circle = exp.Anonymous(this="CIRCLE", expressions=numbers)
    contains = exp.Anonymous(this="CONTAINS", expressions=[centre, circle])
    return exp.EQ(this=exp.Literal.number(1), expression=contains)


def _any_of(table: TableMeta, either: AnyOf) -> exp.Expr:
    terms = [balanced(exp.And, [_condition(table, c) for c in one]) for one in either.alternatives]
    return exp.Paren(this=balanced(exp.Or, terms))


def _reaching(table: TableMeta, test: Reaching) -> exp.Expr:
    position = table.main_position
    if position is None:
        raise UsageError("adql.no_position", "{table} has no position to search by", table=table.qualified_name)
    width = exp.Anonymous(this="COALESCE", expressions=[_column(table, test.diameter), _value(0.0)])
    reach = exp.Add(this=_value(test.radius), expression=exp.Mul(this=width, expression=_value(0.5)))
    centre = exp.Anonymous(this="POINT", expressions=[_column(table, position.ra), _column(table, position.dec)])
    circle = exp.Anonymous(this="CIRCLE", expressions=[_value(test.ra), _value(test.dec), reach])
    contains = exp.Anonymous(this="CONTAINS", expressions=[centre, circle])
    return exp.EQ(this=exp.Literal.number(1), expression=contains)


def _condition(table: TableMeta, condition: Condition | Reaching) -> exp.Expr:
    if isinstance(condition, Reaching):
        return _reaching(table, condition)
    column, values = _column(table, condition.column), [_value(v) for v in condition.values]
    name = condition.operator
    if name in ("isnull", "notnull"):
        _count(condition, 0)
        empty = exp.Is(this=column, expression=exp.Null())
        return empty if name == "isnull" else exp.Not(this=empty)
    if name == "between":
        _count(condition, 2)
        return exp.Between(this=column, low=values[0], high=values[1])
    if name in ("in", "in_any_case"):
        if not values:
            raise _wrong(condition, "at least one value")
        if name == "in":
            return exp.In(this=column, expressions=values)
        folded = [exp.Literal.string(str(value).lower()) for value in condition.values]
        return exp.In(this=exp.Anonymous(this="LOWER", expressions=[column]), expressions=folded)
    if name == "notin":
        return exp.Not(this=_condition(table, Condition(condition.column, "in", condition.values)))
    _count(condition, 1)
    if name in ("like", "ilike"):
        kind = exp.Like if name == "like" else exp.ILike
        return kind(this=column, expression=exp.Literal.string(str(condition.values[0])))
    if name == "contains":
        pattern = exp.Literal.string(f"%{condition.values[0]}%")
        return exp.ILike(this=column, expression=pattern)
    if name not in _COMPARE:
        raise _wrong(condition, "a known operator")
    return _COMPARE[name](this=column, expression=values[0])


def _count(condition: Condition, wanted: int) -> None:
    if len(condition.values) != wanted:
        raise _wrong(condition, f"{wanted} value{'' if wanted == 1 else 's'}")


def _wrong(condition: Condition, wanted: str) -> UsageError:
    return UsageError(
        "adql.condition", "the condition `{operator}` on `{column}` needs {wanted}",
        operator=condition.operator, column=condition.column, wanted=wanted,
    )  # fmt: skip
