"""Values and conditions of the PostgreSQL front end, node by node."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeVar

from sqlglot import exp

from tianku.adql import limits
from tianku.adql.expressions import number
from tianku.adql.functions import FUNCTIONS
from tianku.adql.lexer import Source
from tianku.adql.terms import balanced
from tianku.model.errors import UsageError

E = TypeVar("E", bound=exp.Expr)

#: functions that sqlglot has nodes for, and what ADQL calls them
_CALLS: dict[type[exp.Expr], str] = {
    exp.Abs: "ABS", exp.Ceil: "CEILING", exp.Floor: "FLOOR", exp.Degrees: "DEGREES", exp.Radians: "RADIANS",
    exp.Exp: "EXP", exp.Ln: "LOG", exp.Sqrt: "SQRT", exp.Acos: "ACOS", exp.Asin: "ASIN", exp.Atan: "ATAN",
    exp.Cos: "COS", exp.Cot: "COT", exp.Sin: "SIN", exp.Tan: "TAN", exp.Lower: "LOWER", exp.Upper: "UPPER",
    exp.Pi: "PI", exp.Rand: "RAND", exp.Log: "LOG10", exp.Atan2: "ATAN2", exp.Pow: "POWER", exp.Mod: "MOD",
    exp.Round: "ROUND", exp.Trunc: "TRUNCATE", exp.Coalesce: "COALESCE", exp.Count: "COUNT", exp.Sum: "SUM",
    exp.Avg: "AVG", exp.Min: "MIN", exp.Max: "MAX",
}  # fmt: skip
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
_TYPES = {
    "SMALLINT": "SMALLINT", "INT": "INT", "BIGINT": "BIGINT", "FLOAT": "FLOAT", "DOUBLE": "DOUBLE",
    "DECIMAL": "DOUBLE", "VARCHAR": "VARCHAR", "TEXT": "VARCHAR", "CHAR": "VARCHAR", "NAME": "VARCHAR",
    "TIMESTAMP": "TIMESTAMP", "TIMESTAMPTZ": "TIMESTAMP", "DATE": "TIMESTAMP",
}  # fmt: skip
#: parts of nodes that are taken over, or say nothing; others would change the meaning unseen
_PARTS = frozenset(
    ("this", "expression", "expressions", "low", "high", "query", "ifs", "default", "true", "table", "db",
     "catalog", "to", "quoted", "is_string", "big_int", "typed", "safe", "negate")
)  # fmt: skip
_FLAGS = frozenset({"big_int"})


class Values(ABC):
    """Takes values and conditions over; sub-queries come from the class that knows queries."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._depth = 0

    @abstractmethod
    def query(self, node: exp.Expr) -> exp.Query:
        """Take a query over."""

    def deeper(self, levels: int) -> None:
        """Go down (or back up)."""
        self._depth += levels
        limits.check_depth(self._depth)

    @staticmethod
    def mark(made: E, node: exp.Expr) -> E:
        """Remember where a node came from."""
        at = _start(node)
        if at is not None:
            made.meta["at"] = at
        return made

    def unsupported(self, node: exp.Expr, what: str) -> UsageError:
        """Return the error of PostgreSQL that this service does not do."""
        return self.source.error(
            "adql.not_supported", _start(node) or 0, "{what} is not supported here", what=what
        )

    def name(self, node: exp.Expr) -> exp.Identifier:
        """Take a name over."""
        if not isinstance(node, exp.Identifier):
            raise self.unsupported(node, node.sql(dialect="postgres")[:40])
        return self.mark(exp.Identifier(this=node.name, quoted=bool(node.args.get("quoted"))), node)

    def whole(self, node: exp.Expr, what: str) -> int:
        """Return the number of LIMIT and OFFSET."""
        if not (isinstance(node, exp.Literal) and node.this.isdigit() and len(node.this) < 19):
            raise self.unsupported(node, f"{what} {node.sql(dialect='postgres')[:40]} (a whole number is needed)")
        return int(node.this)

    def column(self, node: exp.Column) -> exp.Column:
        """Take a column, or ``table.*``, over."""
        parts = {key: self.name(node.args[key]) for key in ("table", "db", "catalog") if node.args.get(key)}
        this = exp.Star() if isinstance(node.this, exp.Star) else self.name(node.this)
        return self.mark(exp.Column(this=this, **parts), node)

    def _check(self, node: exp.Expr) -> None:
        """Raise for a node that says more than is taken over."""
        known = _FLAGS if type(node) in _CALLS else _PARTS
        for part, value in node.args.items():
            if value and part not in known and (isinstance(value, bool) or type(node) not in _CALLS):
                raise self.unsupported(node, f"{part.replace('_', ' ').upper()} of {node.key.upper()}")

    # Values ----------------------------------------------------------------------------------

    def value(self, node: exp.Expr) -> exp.Expr:
        """Take a value over."""
        self.deeper(1)
        self._check(node)
        made = self.mark(self._value(node), node)
        self.deeper(-1)
        return made

    def _value(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column):
            return self.column(node)
        if isinstance(node, exp.Literal):
            return exp.Literal.string(node.this) if node.is_string else number(str(node.this))
        if isinstance(node, exp.Boolean):
            return exp.Literal.number(int(bool(node.this)))
        if isinstance(node, exp.Null):
            return exp.Null()
        if isinstance(node, exp.Paren | exp.Neg):
            return type(node)(this=self.value(node.this))
        if isinstance(node, _ARITHMETIC):
            return type(node)(this=self.value(node.this), expression=self.value(node.expression))
        if isinstance(node, exp.DPipe):
            return exp.DPipe(this=self.value(node.this), expression=self.value(node.expression), safe=False)
        if isinstance(node, exp.Cast):
            return exp.Cast(this=self.value(node.this), to=self._type(node))
        if isinstance(node, exp.Case):
            return self._case(node)
        return self._call(node)

    def _type(self, node: exp.Cast) -> exp.DataType:
        name = getattr(node.to.this, "name", "")
        if name not in _TYPES:
            raise self.unsupported(node, f"the type {node.to.sql(dialect='postgres')[:40]}")
        return exp.DataType.build(_TYPES[name])

    def _case(self, node: exp.Case) -> exp.Case:
        """Take CASE over in its searched form."""
        subject, made = node.this, exp.Case()
        for branch in node.args.get("ifs") or ():
            test = branch.this if subject is None else exp.EQ(this=subject, expression=branch.this)
            made.append("ifs", exp.If(this=self.condition(test), true=self.value(branch.args["true"])))
        if node.args.get("default") is not None:
            made.set("default", self.value(node.args["default"]))
        return made

    def _call(self, node: exp.Expr) -> exp.Expr:
        name = _CALLS.get(type(node)) or (str(node.this).upper() if isinstance(node, exp.Anonymous) else "")
        if name == "Q3C_DIST":
            ra1, dec1, ra2, dec2 = self._numbers(node, 4)
            return _call("DISTANCE", _call("POINT", ra1, dec1), _call("POINT", ra2, dec2))
        if isinstance(node, exp.Log) and node.expression is not None:
            raise self.unsupported(node, "LOG with a base")
        if name not in FUNCTIONS:
            raise self.unsupported(node, node.sql(dialect="postgres")[:60])
        return _call(name, *(self._argument(one) for one in _arguments(node)))

    def _argument(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Star):
            return exp.Star()
        if isinstance(node, exp.Distinct):
            return exp.Distinct(expressions=[self.value(one) for one in node.expressions[:1]])
        return self.value(node)

    def _numbers(self, node: exp.Expr, count: int) -> list[exp.Expr]:
        if len(node.expressions) != count:
            raise self.unsupported(node, f"{node.name} with other than {count} arguments")
        return [self.value(one) for one in node.expressions]

    # Conditions ------------------------------------------------------------------------------

    def condition(self, node: exp.Expr) -> exp.Expr:
        """Take a condition over."""
        self.deeper(1)
        self._check(node)
        made = self.mark(self._condition(node), node)
        if node.args.get("negate"):
            made = exp.Not(this=made)
        self.deeper(-1)
        return made

    def _condition(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.And | exp.Or):
            return balanced(type(node), [self._operand(one, node) for one in node.flatten(unnest=False)])
        if isinstance(node, exp.Not):
            inner = self.condition(node.this)
            return exp.Not(this=inner if isinstance(inner, exp.Paren | exp.Exists) else exp.Paren(this=inner))
        if isinstance(node, exp.Paren):
            return exp.Paren(this=self.condition(node.this))
        if isinstance(node, _COMPARISONS):
            return type(node)(this=self.value(node.this), expression=self.value(node.expression))
        if isinstance(node, exp.Like | exp.ILike):
            return type(node)(this=self.value(node.this), expression=self.value(node.expression))
        if isinstance(node, exp.Between):
            return exp.Between(**{key: self.value(node.args[key]) for key in ("this", "low", "high")})
        if isinstance(node, exp.In):
            return self._in(node)
        if isinstance(node, exp.Is):
            return self._is(node)
        if isinstance(node, exp.Exists):
            return exp.Exists(this=exp.Subquery(this=self.query(node.this)))
        if isinstance(node, exp.Column | exp.Boolean):
            return exp.EQ(this=self.value(node), expression=exp.Literal.number(1))
        return self._region(node)

    def _operand(self, node: exp.Expr, around: exp.Expr) -> exp.Expr:
        made = self.condition(node)
        return exp.Paren(this=made) if isinstance(made, exp.Or) and isinstance(around, exp.And) else made

    def _in(self, node: exp.In) -> exp.Expr:
        query = node.args.get("query")
        if query is not None:
            inner = query.this if isinstance(query, exp.Subquery) else query
            return exp.In(this=self.value(node.this), query=exp.Subquery(this=self.query(inner)))
        if not node.expressions:
            raise self.unsupported(node, node.sql(dialect="postgres")[:60])
        return exp.In(this=self.value(node.this), expressions=[self.value(one) for one in node.expressions])

    def _is(self, node: exp.Is) -> exp.Expr:
        if isinstance(node.expression, exp.Null):
            return exp.Is(this=self.value(node.this), expression=exp.Null())
        if isinstance(node.expression, exp.Boolean):
            return exp.EQ(this=self.value(node.this), expression=self.value(node.expression))
        raise self.unsupported(node, node.sql(dialect="postgres")[:60])

    def _region(self, node: exp.Expr) -> exp.Expr:
        """Take the conditions of q3c over: a cone, or a join within a radius."""
        name = str(node.this).upper() if isinstance(node, exp.Anonymous) else ""
        if name == "Q3C_RADIAL_QUERY":
            ra, dec, *circle = self._numbers(node, 5)
        elif name == "Q3C_JOIN":
            *circle, ra, dec, radius = self._numbers(node, 5)
            circle.append(radius)
        else:
            raise self.unsupported(node, f"{node.sql(dialect='postgres')[:60]} as a condition")
        inside = _call("CONTAINS", _call("POINT", ra, dec), _call("CIRCLE", *circle))
        return exp.EQ(this=exp.Literal.number(1), expression=inside)


def _start(node: exp.Expr) -> int | None:
    """Return the offset of the first word of a node; its own where it has one, which spares the walk."""
    own = node.meta.get("start")
    return (
        int(own)
        if own is not None
        else min((int(n.meta["start"]) for n in node.walk() if "start" in n.meta), default=None)
    )


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Anonymous):
        return list(node.expressions)
    found: list[exp.Expr] = []
    for value in node.args.values():
        if value is not None and not isinstance(value, bool):
            found += value if isinstance(value, list) else [value]
    return found


def _call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))
