"""Resolution of search conditions, and what they say about rows of a table."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

from sqlglot import exp

from tianku.adql import floats
from tianku.adql.functions import truth
from tianku.adql.near import Near, limited
from tianku.adql.operands import Operands
from tianku.adql.schema import Cone, TableRef
from tianku.adql.terms import wrap
from tianku.adql.values import NUMBERS, Value, cast, constant, plain
from tianku.model.errors import FatalError
from tianku.model.types import DataType


class Conditions(Operands):
    """Turns a condition of the parsed tree into a canonical one."""

    def condition(self, node: exp.Expr, certain: bool = False, joint: bool = False) -> exp.Expr:
        """Resolve a condition; `certain` when rows that fail it do not matter, `joint` when pairs do not."""
        handler = self._CONDITIONS.get(type(node))
        if handler is None:
            raise FatalError("adql.unexpected_node", "no rule for {kind}", kind=type(node).__name__)
        self.spend(1)
        block = self.block
        before = block.certain, block.joint
        block.certain, block.joint = certain, joint
        try:
            return handler(self, node)
        finally:
            block.certain, block.joint = before

    def _connector(self, node: exp.Connector) -> exp.Expr:
        both = isinstance(node, exp.And)
        certain, joint = self.block.certain and both, self.block.joint and both
        left, right = (self.condition(side, certain, joint) for side in (node.this, node.expression))
        if isinstance(node, exp.And):
            left, right = (exp.Paren(this=n) if isinstance(n, exp.Or) else n for n in (left, right))
        return type(node)(this=left, expression=right)

    def _group(self, node: exp.Paren) -> exp.Expr:
        return exp.Paren(this=self.condition(node.this, self.block.certain, self.block.joint))

    def _not(self, node: exp.Not) -> exp.Expr:
        return exp.Not(this=wrap(self.condition(node.this)))

    def _exists(self, node: exp.Exists) -> exp.Expr:
        return exp.Exists(this=self.subselect(node.this)[0])

    @abstractmethod
    def subselect(self, node: exp.Subquery) -> tuple[exp.Query, list[Value]]:
        """Resolve the query of EXISTS or IN; gives the query and its outputs."""

    def _is_null(self, node: exp.Is) -> exp.Expr:
        return exp.Is(this=wrap(self.value(node.this).node), expression=exp.Null())

    def _like(self, node: exp.Binary) -> exp.Expr:
        value, pattern = self.value(node.this), self.value(node.expression)
        for side, what in ((value, node.this), (pattern, node.expression)):
            if side.type is not DataType.STRING or side.column.arraysize is not None:
                raise self.error(
                    "adql.type_mismatch", what, "LIKE compares strings; this is a {kind}", kind=side.type
                )
        return type(node)(this=wrap(value.node), expression=wrap(pattern.node))

    # Comparisons -----------------------------------------------------------------------------

    def _comparison(self, node: exp.Binary) -> exp.Expr:
        left, right = self.value(node.this), self.value(node.expression)
        flagged = self._flag(type(node), left, right) or self._flag(type(node), right, left)
        if flagged is not None:
            return flagged
        left, right = self._agree(left, right, node)
        kind = type(node)
        self._learn(kind, left, right)
        self._learn(floats.mirrored(kind), right, left)
        quick = self._single(kind, left, right) or self._single(floats.mirrored(kind), right, left)
        near = limited(kind, left.node, right.node) or limited(floats.mirrored(kind), right.node, left.node)
        return self._joining(
            quick or kind(this=wrap(self._exact(left)), expression=wrap(self._exact(right))), near
        )

    def _flag(self, kind: type[exp.Binary], flag: Value, other: Value) -> exp.Expr | None:
        """Turn ``CONTAINS(…) = 1`` and its like into the bare condition."""
        inner = truth(flag.node)
        number = constant(other.node)
        if inner is None or number not in (0.0, 1.0) or kind not in (exp.EQ, exp.NEQ):
            return None
        if (number == 1.0) == (kind is exp.EQ):
            self.confirm(flag)
            return self._joining(exp.Paren(this=inner), flag.node.meta.get("pair"))
        return exp.Not(this=exp.Paren(this=inner))

    def _joining(self, condition: exp.Expr, near: Near | None) -> exp.Expr:
        """Note at a condition that joins by position what it says, for the planner to find."""
        block = self.block
        if near is not None and block.joint:
            pair = {near.one.key, near.two.key}
            joins = pair <= {source.key for source in block.scope.frame.sources}
            if joins or block.free & pair:
                condition.meta["near"] = replace(near, free=block.free, joins=joins)
        return condition

    def confirm(self, flag: Value) -> None:
        """Note that a geometric test holds for every row that matters."""

    def _agree(self, left: Value, right: Value, node: exp.Expr) -> tuple[Value, Value]:
        """Make the types of both sides comparable, or raise."""
        if left.column.arraysize is not None or right.column.arraysize is not None:
            raise self.error("adql.type_mismatch", node, "arrays and geometries cannot be compared")
        if left.null or right.null or left.type is right.type:
            return left, right
        if left.type in NUMBERS and right.type in NUMBERS:
            return left, right
        if right.literal and right.type is DataType.STRING:
            return left, self._read(right, left, node)
        if left.literal and left.type is DataType.STRING:
            return self._read(left, right, node), right
        raise self.error(
            "adql.type_mismatch", node, "a {left}{a} cannot be compared with a {right}{b}",
            left=left.type, right=right.type, a=_named(left), b=_named(right),
        )  # fmt: skip

    def _read(self, text: Value, other: Value, node: exp.Expr) -> Value:
        """Read a string literal as what it is compared with."""
        written = str(text.node.name)
        try:
            if other.type is DataType.TIMESTAMP:
                return Value(_timestamp(written), plain(DataType.TIMESTAMP), literal=True)
            if other.type in NUMBERS and not math.isnan(float(written)):
                return self.value(_number_node(written))
        except ValueError:
            pass
        raise self.error(
            "adql.type_mismatch", node, "'{text}' is no {kind}, which it is compared with{b}",
            text=written[:40], kind=other.type, b=_named(other),
        )  # fmt: skip

    @staticmethod
    def _exact(value: Value) -> exp.Expr:
        """Return a side of a comparison; single precision is compared in double on every engine."""
        return (
            cast(value.node, DataType.FLOAT64) if value.type is DataType.FLOAT32 and not value.null else value.node
        )

    @staticmethod
    def _single(kind: type[exp.Binary], column: Value, other: Value) -> exp.Expr | None:
        if column.type is not DataType.FLOAT32 or not isinstance(column.node, exp.Column):
            return None
        number = constant(other.node) if other.literal else None
        return None if number is None else floats.comparison(column.node, kind, number)

    def _between(self, node: exp.Between) -> exp.Expr:
        value, low, high = (self.value(node.args[k]) for k in ("this", "low", "high"))
        value1, low = self._agree(value, low, node)
        value, high = self._agree(value1, high, node)
        self._learn(exp.GTE, value, low)
        self._learn(exp.LTE, value, high)
        near = limited(exp.LTE, value.node, high.node)
        first, last = self._single(exp.GTE, value, low), self._single(exp.LTE, value, high)
        if first is not None and last is not None:
            return exp.Between(this=value.node, low=first.expression, high=last.expression)
        parts = {"this": value, "low": low, "high": high}
        return self._joining(exp.Between(**{k: wrap(self._exact(v)) for k, v in parts.items()}), near)

    def _in(self, node: exp.In) -> exp.Expr:
        value = self.value(node.this)
        query = node.args.get("query")
        if query is not None:
            return self._in_query(node, value, query)
        items = []
        for item in node.expressions:
            value, agreed = self._agree(value, self.value(item), item)
            items.append(agreed)
        self._learn_values(value, items)
        return exp.In(this=wrap(self._exact(value)), expressions=[wrap(self._exact(i)) for i in items])

    def _in_query(self, node: exp.In, value: Value, query: exp.Subquery) -> exp.Expr:
        inner, outputs = self.subselect(query)
        if len(outputs) != 1:
            raise self.error(
                "adql.set_columns",
                node,
                "the sub-query of IN must have one column, not {count}",
                count=len(outputs),
            )
        self._agree(value, Value(outputs[0].node, outputs[0].column), node)
        return exp.In(this=wrap(value.node), query=exp.Subquery(this=inner))

    # What is known of rows -------------------------------------------------------------------

    def _reference(self, value: Value) -> TableRef | None:
        """Return the table reference that a bare column belongs to, when the condition is certain."""
        if not self.block.certain or not isinstance(value.node, exp.Column):
            return None
        return self.references.get(value.node.table)

    def _learn(self, kind: type[exp.Binary], column: Value, other: Value) -> None:
        self._learn_distance(kind, column, other)
        ref = self._reference(column)
        if ref is None or not other.literal or other.null:
            return
        if kind is exp.EQ:
            self._learn_values(column, [other])
        number = constant(other.node)
        if number is None or kind is exp.NEQ:
            return
        low, high = ref.bounds.get(column.node.name, (-math.inf, math.inf))
        if kind in (exp.EQ, exp.GT, exp.GTE):
            low = max(low, number)
        if kind in (exp.EQ, exp.LT, exp.LTE):
            high = min(high, number)
        ref.bounds[column.node.name] = (low, high)

    def _learn_distance(self, kind: type[exp.Binary], value: Value, other: Value) -> None:
        """Take ``DISTANCE(main position, constant) < radius`` as a cone."""
        near = value.node.meta.get("fixed")
        if near is None or not self.block.certain or kind not in (exp.LT, exp.LTE):
            return
        radius = constant(other.node)
        if radius is not None:
            near[0].regions.append(Cone(near[1][0], near[1][1], max(0.0, radius)))

    def _learn_values(self, column: Value, items: list[Value]) -> None:
        ref = self._reference(column)
        if ref is None or column.node.name in ref.equals:
            return
        values = [_python(i) for i in items]
        if all(v is not None for v in values):
            ref.equals[column.node.name] = tuple(v for v in values if v is not None)

    _CONDITIONS: ClassVar[dict[type, Callable[..., exp.Expr]]] = {
        exp.And: _connector, exp.Or: _connector, exp.Paren: _group, exp.Not: _not, exp.Exists: _exists,
        exp.Is: _is_null, exp.Like: _like, exp.ILike: _like, exp.Between: _between, exp.In: _in,
        exp.EQ: _comparison, exp.NEQ: _comparison, exp.LT: _comparison, exp.LTE: _comparison,
        exp.GT: _comparison, exp.GTE: _comparison,
    }  # fmt: skip


def _named(value: Value) -> str:
    return f" (`{value.column.name}`)" if value.column.name else ""


def _number_node(written: str) -> exp.Expr:
    from tianku.adql.expressions import number

    text = written.strip()
    node = number(text.lstrip("+-")) if text[:1] in "+-" else number(text)
    return exp.Neg(this=node) if text.startswith("-") else node


def _timestamp(written: str) -> exp.Expr:
    moment = datetime.fromisoformat(written.strip())
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return cast(exp.Literal.string(moment.isoformat(sep=" ")), DataType.TIMESTAMP)


def _python(value: Value) -> int | float | str | None:
    """Return the Python value of a literal, or None for what is none."""
    node = value.node
    if not value.literal or value.null or isinstance(node, exp.Cast):
        return None
    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.this)
    number = constant(node)
    if number is None:
        return None
    if value.type is DataType.INT64:
        digits = str(node.name if isinstance(node, exp.Literal) else node.this.name)
        if digits.isdigit():  # not through float, which loses the last digits of long ids
            return -int(digits) if isinstance(node, exp.Neg) else int(digits)
    return number
