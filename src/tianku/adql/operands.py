"""Resolution of values: columns, arithmetic, strings, casts, and calls by the function table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from sqlglot import exp

from tianku.adql.context import Context, suggestion
from tianku.adql.functions import FUNCTIONS, Function
from tianku.adql.terms import wrap
from tianku.adql.values import (
    NUMBERS,
    Value,
    arithmetic_type,
    cast,
    described,
    plain,
    product_unit,
    quotient_unit,
    sum_unit,
    widened,
)  # fmt: skip
from tianku.model.errors import FatalError
from tianku.model.types import DataType

_CAST_TYPES = {
    "SMALLINT": DataType.INT16, "INT": DataType.INT32, "BIGINT": DataType.INT64, "FLOAT": DataType.FLOAT32,
    "DOUBLE": DataType.FLOAT64, "TIMESTAMP": DataType.TIMESTAMP,
}  # fmt: skip


class Operands(Context, ABC):
    """Turns a value of the parsed tree into a canonical `Value`."""

    def value(self, node: exp.Expr) -> Value:
        """Resolve one value."""
        handler = self._HANDLERS.get(type(node))
        if handler is None:
            raise FatalError("adql.unexpected_node", "no rule for {kind}", kind=type(node).__name__)
        self.spend(1)
        return handler(self, node)

    @abstractmethod
    def geometry(self, node: exp.Anonymous) -> Value:
        """Resolve a geometry function; see `tianku.adql.regions`."""

    def number(self, node: exp.Expr) -> Value:
        """Resolve a value that must be a number, widened."""
        value = self.value(node)
        self.require_number(value, node)
        return Value(widened(value), value.column, value.literal)

    def require_number(self, value: Value, node: exp.Expr) -> None:
        """Raise ``adql.type_mismatch`` unless `value` is a scalar number or NULL."""
        if value.null:
            return
        if value.type not in NUMBERS or value.column.arraysize is not None:
            what = "an array" if value.column.arraysize else f"a {value.type}"
            raise self.error(
                "adql.type_mismatch", node, "a number is needed here, not {what}{name}",
                what=what, name=f" (`{value.column.name}`)" if value.column.name else "",
            )  # fmt: skip

    def string(self, node: exp.Expr) -> Value:
        """Resolve a value as a string; numbers and times are converted."""
        value = self.value(node)
        if value.column.arraysize is not None:
            raise self.error("adql.type_mismatch", node, "a string is needed here, not an array")
        if value.type is DataType.STRING or value.null:
            return value
        return Value(cast(value.node, DataType.STRING), plain(DataType.STRING, value.column.name))

    def _literal(self, node: exp.Literal) -> Value:
        if node.is_string:
            return Value(node.copy(), plain(DataType.STRING), literal=True)
        kind = DataType.INT64 if node.this.isdigit() else DataType.FLOAT64
        return Value(node.copy(), plain(kind), literal=True)

    def _parameter(self, node: exp.Placeholder) -> Value:
        """A number that comes with the query; no text has one, only statements that are built."""
        return Value(node.copy(), plain(DataType.FLOAT64))

    def _null(self, node: exp.Null) -> Value:
        return Value(node.copy(), plain(DataType.STRING), literal=True)

    def _paren(self, node: exp.Paren) -> Value:
        inner = self.value(node.this)
        return Value(wrap(inner.node), inner.column, inner.literal)

    def _neg(self, node: exp.Neg) -> Value:
        inner = self.number(node.this)
        column = plain(inner.type, unit=inner.column.unit, ucd=inner.column.ucd)
        if inner.type is DataType.FLOAT32:
            column = described(column, type=DataType.FLOAT64)
        return Value(exp.Neg(this=wrap(inner.node)), column, inner.literal)

    def _arithmetic(self, node: exp.Binary) -> Value:
        left, right = self.number(node.this), self.number(node.expression)
        kind = arithmetic_type(left, right)
        a, b = left.node, _right(right.node)
        literal = left.literal and right.literal
        if isinstance(node, exp.Div):
            return Value(self._quotient(a, b, kind), plain(kind, unit=quotient_unit(left, right)), literal)
        rule = product_unit if isinstance(node, exp.Mul) else sum_unit
        unit = rule(left, right)
        same = rule is sum_unit and left.column.ucd == right.column.ucd
        ucd = left.column.ucd if same or right.literal else right.column.ucd if left.literal else None
        return Value(type(node)(this=a, expression=b), plain(kind, unit=unit, ucd=ucd), literal)

    def _quotient(self, a: exp.Expr, b: exp.Expr, kind: DataType) -> exp.Expr:
        """SQL division: of integers an integer; by zero NULL instead of the end of the query."""
        if kind is DataType.FLOAT64:
            return exp.Div(this=a, expression=b, typed=False, safe=False)
        if not (isinstance(b, exp.Literal) and b.this != "0"):
            b = exp.Nullif(this=b, expression=exp.Literal.number(0))
        return exp.IntDiv(this=a, expression=b)

    def _concat(self, node: exp.DPipe) -> Value:
        left, right = self.string(node.this), self.string(node.expression)
        joined = exp.DPipe(this=left.node, expression=wrap(right.node), safe=False)
        return Value(joined, plain(DataType.STRING), left.literal and right.literal)

    def _cast(self, node: exp.Cast) -> Value:
        inner = self.value(node.this)
        target = node.to
        kind = DataType.STRING if target.is_type("varchar") else _CAST_TYPES[target.this.name]
        if inner.column.arraysize is not None:
            raise self.unsupported(node, "arrays cannot be cast")
        out: exp.Expr = cast(inner.node, kind)
        length = next((p.name for p in target.expressions), None)
        if length is not None:
            out = exp.Substring(this=out, start=exp.Literal.number(1), length=exp.Literal.number(length))
        keep = kind in NUMBERS and inner.type in NUMBERS
        facts = {"unit": inner.column.unit, "ucd": inner.column.ucd} if keep else {}
        return Value(out, described(plain(kind), name=inner.column.name, **facts))

    def _call(self, node: exp.Anonymous) -> Value:
        name = str(node.this)
        function = FUNCTIONS.get(name)
        if function is None:
            if name in self.GEOMETRY:
                return self.geometry(node)
            raise self._unknown_function(node)
        count = len(node.expressions)
        if not function.least <= count <= function.most:
            raise self.error(
                "adql.syntax", node, "{usage} does not take {count} arguments", usage=function.usage, count=count
            )
        if function.aggregate:
            return self._aggregate(node, function)
        return self._apply(node, function)

    def _apply(self, node: exp.Anonymous, function: Function) -> Value:
        args = [
            self._argument(kind, arg)
            for kind, arg in zip(function.kinds(len(node.expressions)), node.expressions, strict=True)
        ]
        value = function.build(args)
        if value is None:
            raise self.unsupported(node, "{usage}", usage=function.usage)
        return value

    def _argument(self, kind: str, node: exp.Expr) -> Value:
        if kind == "number":
            return self.number(node)
        return self.string(node) if kind == "string" else self.value(node)

    def _aggregate(self, node: exp.Anonymous, function: Function) -> Value:
        block = self.block
        if not block.aggregates:
            where = "inside another aggregate" if block.aggregated and block.clause == "" else f"in {block.clause}"
            raise self.error(
                "adql.aggregate", node, "{name} cannot stand {where}{hint}", name=node.this, where=where,
                hint="; use HAVING for conditions on groups" if block.clause == "WHERE" else "",
            )  # fmt: skip
        clause, block.aggregates, block.aggregated, block.clause = block.clause, False, True, ""
        value = self._inside(node, function)
        block.aggregates, block.clause = True, clause
        return value

    def _inside(self, node: exp.Anonymous, function: Function) -> Value:
        first = node.expressions[0]
        if isinstance(first, exp.Star):
            return function.build([Value(exp.Star(), plain(DataType.INT64))]) or self.value(first)
        distinct = isinstance(first, exp.Distinct)
        inner = self._argument(function.kinds(1)[0], first.expressions[0] if distinct else first)
        rest = [self._argument("string", arg) for arg in node.expressions[1:]]
        if distinct:
            inner.node = exp.Distinct(expressions=[inner.node])
        value = function.build([inner, *rest])
        if value is None:
            raise self.unsupported(node, "{usage}", usage=function.usage)
        return value

    def _unknown_function(self, node: exp.Anonymous) -> Exception:
        known = [f for f, rule in FUNCTIONS.items() if not rule.hidden]
        name = str(node.this).lower()
        return self.error(
            "adql.unknown_function", node, "no function `{name}`{hint}",
            name=name, hint=suggestion(name, [k.lower() for k in known]),
        )  # fmt: skip

    GEOMETRY: ClassVar[frozenset[str]] = frozenset()
    _HANDLERS: ClassVar[dict[type, Callable[..., Value]]] = {
        exp.Literal: _literal, exp.Null: _null, exp.Placeholder: _parameter, exp.Paren: _paren,
        exp.Neg: _neg, exp.Column: Context.column,
        exp.Add: _arithmetic, exp.Sub: _arithmetic, exp.Mul: _arithmetic, exp.Div: _arithmetic,
        exp.DPipe: _concat, exp.Cast: _cast, exp.Anonymous: _call,
    }  # fmt: skip


def _right(node: exp.Expr) -> exp.Expr:
    """A right operand that starts with a sign or is an operator gets parentheses."""
    return wrap(node)
