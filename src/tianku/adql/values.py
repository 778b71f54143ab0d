"""Resolved values: a canonical node and the column it would be, and the rules of types and units."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from tianku.model.metadata import Column
from tianku.model.text import Text
from tianku.model.types import TYPES, DataType

FLOATS = frozenset({DataType.FLOAT32, DataType.FLOAT64})
INTEGERS = frozenset({DataType.UINT8, DataType.INT16, DataType.INT32, DataType.INT64})
NUMBERS = FLOATS | INTEGERS | {DataType.BOOLEAN}
_SMALL = frozenset({DataType.UINT8, DataType.INT16, DataType.INT32})

_PLAIN = {kind: Column(name="", type=kind) for kind in DataType}


@dataclass(slots=True)
class Value:
    """An expression after resolution; `column.name` is the name it would have in a result."""

    node: exp.Expr
    column: Column
    #: whether it is written in the query as one literal
    literal: bool = False

    @property
    def type(self) -> DataType:
        """Its scalar type."""
        return self.column.type

    @property
    def null(self) -> bool:
        """Whether it is the word NULL."""
        return isinstance(self.node, exp.Null)


def plain(kind: DataType, name: str = "", unit: str | None = None, ucd: str | None = None) -> Column:
    """Return a column that knows no more than this."""
    if not name and unit is None and ucd is None:
        return _PLAIN[kind]
    return described(_PLAIN[kind], name=name, unit=unit, ucd=ucd)


def described(column: Column, **changes: object) -> Column:
    """Return `column` with other facts; the values are ours, so they are not validated again."""
    return column.model_copy(update=changes)


def derived(column: Column, kind: DataType, name: str, unit: str | None) -> Column:
    """Return what is left of a column after a function: its UCD and description, not its utype."""
    text = column.description or Text()
    facts = {"unit": unit, "ucd": column.ucd, "description": text}
    return described(_PLAIN[kind], name=name, **facts)


def cast(node: exp.Expr, kind: DataType) -> exp.Expr:
    """Return ``CAST(node AS kind)`` in the canonical dialect."""
    return exp.Cast(this=node, to=exp.DataType.build(TYPES[kind].duckdb, dialect="duckdb"))


def widened(value: Value) -> exp.Expr:
    """Return a number as the widest of its family: engines then agree, and nothing overflows early."""
    if value.type is DataType.FLOAT32 and not value.null:
        return cast(value.node, DataType.FLOAT64)
    if value.type in _SMALL and not value.literal and not value.null:
        return cast(value.node, DataType.INT64)
    return cast(value.node, DataType.INT32) if value.type is DataType.BOOLEAN else value.node


def arithmetic_type(left: Value, right: Value) -> DataType:
    """Return the type of ``left op right`` after `widened`."""
    return DataType.FLOAT64 if left.type in FLOATS or right.type in FLOATS else DataType.INT64


def common_type(kinds: list[DataType]) -> DataType | None:
    """Return the type that holds all these, or None when there is none."""
    first = kinds[0]
    if all(k is first for k in kinds):
        return first
    if all(k in NUMBERS for k in kinds):
        if any(k in FLOATS for k in kinds):
            return DataType.FLOAT64
        return DataType.INT64
    return None


def product_unit(left: Value, right: Value) -> str | None:
    """Return the unit of a product; a literal has none to add, an unknown one makes the result unknown."""
    a, b = left.column.unit, right.column.unit
    if left.literal or right.literal:
        return b if left.literal else a
    if a is None or b is None:
        return None
    if not a or not b:
        return a or b
    return f"{a}**2" if a == b and a.isalpha() else f"{a}.{b}" if _chains(a) and _chains(b) else None


def quotient_unit(left: Value, right: Value) -> str | None:
    """Return the unit of a quotient, by the same rules."""
    a, b = left.column.unit, right.column.unit
    if right.literal:
        return a
    if (a is None and not left.literal) or b is None:
        return None
    if a == b:
        return ""
    if not b:
        return a
    inverse = f"{b}**-1" if b.isalpha() else None
    if not a:
        return inverse
    return f"{a}.{inverse}" if inverse and _chains(a) else None


def sum_unit(left: Value, right: Value) -> str | None:
    """Return the unit of a sum: that of both, or of the one that is no literal."""
    if left.literal or right.literal:
        return right.column.unit if left.literal else left.column.unit
    return left.column.unit if left.column.unit == right.column.unit else None


def _chains(unit: str) -> bool:
    """Whether a unit may be a factor of a longer one without parentheses."""
    return "/" not in unit and "(" not in unit and " " not in unit


def constant(node: exp.Expr) -> float | None:
    """Return the number that a canonical node always is, or None."""
    if isinstance(node, exp.Literal):
        return None if node.is_string else float(node.this)
    if isinstance(node, exp.Paren | exp.Cast):
        return constant(node.this) if isinstance(node, exp.Paren) or node.to.is_type("double") else None
    if isinstance(node, exp.Neg):
        inner = constant(node.this)
        return None if inner is None else -inner
    if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div):
        a, b = constant(node.this), constant(node.expression)
        return None if a is None or b is None else _folded(node, a, b)
    return None


def _folded(node: exp.Expr, a: float, b: float) -> float | None:
    if isinstance(node, exp.Add):
        return a + b
    if isinstance(node, exp.Sub):
        return a - b
    if isinstance(node, exp.Mul):
        return a * b
    return a / b if b else None
