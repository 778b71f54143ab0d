"""The functions that queries may call: each name, its arguments, and the canonical expression it means."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from tianku.adql.conversion import in_unit
from tianku.adql.terms import wrap
from tianku.adql.values import FLOATS, Value, cast, common_type, derived, described, plain, widened
from tianku.model.types import DataType

Build = Callable[[list[Value]], Value | None]


@dataclass(frozen=True, slots=True)
class Function:
    """One callable name.

    `usage` is shown in errors and descriptions; `build` turns resolved arguments into a value,
    or gives None when these arguments are not supported.
    """

    usage: str
    build: Build
    least: int = 1
    most: int = 1
    arguments: str = "number"
    aggregate: bool = False
    hidden: bool = False
    #: user-defined functions are declared in the capabilities with signature and text
    signature: str = ""
    text: str = ""

    def kinds(self, count: int) -> list[str]:
        """Return the kind of each of `count` arguments: number, string or any."""
        given = self.arguments.split()
        return [given[min(i, len(given) - 1)] for i in range(count)]


def _math(name: str, node: Callable[..., exp.Expr], unit: str | None = None, most: int = 1) -> Function:
    """A function of numbers that gives a double."""

    def build(args: list[Value]) -> Value:
        return Value(node(*(wrap(a.node) for a in args)), plain(DataType.FLOAT64, name.lower(), unit))

    return Function(f"{name}({', '.join('xy'[:most])})", build, most, most)


def _keeping(name: str, node: Callable[..., exp.Expr], most: int = 1) -> Function:
    """A function that gives a number of the same kind and unit as its first argument."""

    def build(args: list[Value]) -> Value:
        first = args[0]
        kind = DataType.FLOAT64 if first.type in FLOATS else DataType.INT64
        return Value(node(*(a.node for a in args)), derived(first.column, kind, name.lower(), first.column.unit))

    return Function(f"{name}(x{', n' if most > 1 else ''})", build, 1, most)


def _unary(kind: type[exp.Func]) -> Callable[[exp.Expr], exp.Expr]:
    return lambda x: kind(this=x)


def _atan2(y: exp.Expr, x: exp.Expr) -> exp.Expr:
    return exp.Atan2(this=y, expression=x)


def _power(x: exp.Expr, y: exp.Expr) -> exp.Expr:
    return exp.Pow(this=x, expression=y)


def _log10(x: exp.Expr) -> exp.Expr:
    return exp.Log(this=exp.Literal.number(10), expression=x)


def _round(x: exp.Expr, n: exp.Expr | None = None) -> exp.Expr:
    return exp.Round(this=x, decimals=None if n is None else cast(n, DataType.INT32))


def _truncate(x: exp.Expr, n: exp.Expr | None = None) -> exp.Expr:
    if n is None:
        return exp.Trunc(this=x)
    scale = exp.Pow(this=exp.Literal.number("10e0"), expression=wrap(n))
    return exp.Paren(
        this=exp.Div(this=exp.Trunc(this=exp.Mul(this=wrap(x), expression=scale)), expression=scale.copy())
    )


def _modulo(args: list[Value]) -> Value:
    kind = DataType.FLOAT64 if args[0].type in FLOATS or args[1].type in FLOATS else DataType.INT64
    divisor = args[1].node
    if not (isinstance(divisor, exp.Literal) and divisor.this != "0"):
        divisor = exp.Nullif(this=divisor, expression=exp.Literal.number(0))
    node = exp.Paren(this=exp.Mod(this=wrap(args[0].node), expression=divisor))
    return Value(node, plain(kind, "mod", args[0].column.unit))


def _random(_: list[Value]) -> Value:
    # the argument has "undefined semantics" (ADQL 2.1, table 2), so it is not used
    return Value(exp.Rand(), plain(DataType.FLOAT64, "rand"))


def _case(kind: type[exp.Func], name: str) -> Function:
    def build(args: list[Value]) -> Value:
        return Value(kind(this=args[0].node), derived(args[0].column, DataType.STRING, name.lower(), None))

    return Function(f"{name}(string)", build, arguments="string")


def _coalesce(args: list[Value]) -> Value | None:
    known = [a for a in args if not a.null] or args
    kind = common_type([a.type for a in known])
    if kind is None or any(a.column.arraysize for a in args):
        return None
    units = {a.column.unit for a in known if not a.literal}
    first = known[0].column
    node = exp.Coalesce(this=args[0].node, expressions=[a.node for a in args[1:]])
    unit = units.pop() if len(units) == 1 else None
    return Value(node, described(plain(kind, "coalesce", unit), ucd=first.ucd, description=first.description))


def _count(args: list[Value]) -> Value:
    return Value(exp.Count(this=args[0].node), plain(DataType.INT64, "count", "", "meta.number"))


def _total(args: list[Value]) -> Value | None:
    inner = args[0]
    kind = DataType.FLOAT64 if inner.type in FLOATS else DataType.INT64
    column = derived(inner.column, kind, "sum", inner.column.unit)
    return Value(cast(exp.Sum(this=inner.node), kind), column)


def _average(args: list[Value]) -> Value:
    column = derived(args[0].column, DataType.FLOAT64, "avg", args[0].column.unit)
    return Value(exp.Avg(this=args[0].node), column)


def _extreme(kind: type[exp.AggFunc], name: str) -> Function:
    def build(args: list[Value]) -> Value | None:
        column = args[0].column
        if column.arraysize is not None:
            return None
        out = described(derived(column, column.type, name.lower(), column.unit), xtype=column.xtype)
        return Value(kind(this=args[0].node), out)

    return Function(f"{name}(x)", build, arguments="any", aggregate=True)


def _flag(condition: exp.Expr, name: str) -> Value:
    """A truth as 1 or 0 (NULL stays NULL); `truth` finds the condition again."""
    return Value(cast(wrap(condition), DataType.INT32), plain(DataType.INT32, name, ""))


def truth(node: exp.Expr) -> exp.Expr | None:
    """Return the condition inside a 1-or-0 value, or None for other values."""
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Cast) and node.to.is_type("int"):
        inner = node.this
        if isinstance(inner, exp.Paren):
            inner = inner.this
        return inner if isinstance(inner, exp.Predicate | exp.Connector | exp.RegexpLike | exp.Not) else None
    return None


def _has_word(args: list[Value]) -> Value | None:
    needle = args[1].node
    if not (isinstance(needle, exp.Literal) and needle.is_string):
        return None
    pattern = exp.Literal.string(rf"(?i)(^|\W){re.escape(needle.name)}(\W|$)")
    return _flag(exp.RegexpLike(this=args[0].node, expression=pattern), "ivo_hasword")


def _no_case_match(args: list[Value]) -> Value:
    return _flag(exp.ILike(this=wrap(args[0].node), expression=wrap(args[1].node)), "ivo_nocasematch")


def _hash_list_has(args: list[Value]) -> Value:
    listed, item = (
        exp.DPipe(
            this=exp.DPipe(this=exp.Literal.string("#"), expression=exp.Lower(this=a.node), safe=False),
            expression=exp.Literal.string("#"),
            safe=False,
        )
        for a in args
    )
    found = exp.StrPosition(this=listed, substr=item)
    return _flag(exp.GT(this=found, expression=exp.Literal.number(0)), "ivo_hashlist_has")


def _interval_overlaps(args: list[Value]) -> Value:
    low1, high1, low2, high2 = (wrap(widened(a)) for a in args)
    sides = ((high1, low2), (high2, low1), (high1, low1), (high2, low2))
    parts = [exp.GTE(this=a.copy(), expression=b.copy()) for a, b in sides]
    both = exp.And(
        this=exp.And(this=parts[0], expression=parts[1]), expression=exp.And(this=parts[2], expression=parts[3])
    )
    return _flag(both, "ivo_interval_overlaps")


def _string_agg(args: list[Value]) -> Value:
    node = exp.GroupConcat(this=args[0].node, separator=args[1].node)
    return Value(node, derived(args[0].column, DataType.STRING, "ivo_string_agg", None))


FUNCTIONS: dict[str, Function] = {
    "ABS": _keeping("ABS", _unary(exp.Abs)),
    "CEILING": _keeping("CEILING", _unary(exp.Ceil)),
    "FLOOR": _keeping("FLOOR", _unary(exp.Floor)),
    "ROUND": _keeping("ROUND", _round, 2),
    "TRUNCATE": _keeping("TRUNCATE", _truncate, 2),
    "DEGREES": _math("DEGREES", _unary(exp.Degrees), "deg"),
    "RADIANS": _math("RADIANS", _unary(exp.Radians), "rad"),
    "EXP": _math("EXP", _unary(exp.Exp)),
    "LOG": _math("LOG", _unary(exp.Ln)),
    "LOG10": _math("LOG10", _log10),
    "SQRT": _math("SQRT", _unary(exp.Sqrt)),
    "ACOS": _math("ACOS", _unary(exp.Acos), "rad"),
    "ASIN": _math("ASIN", _unary(exp.Asin), "rad"),
    "ATAN": _math("ATAN", _unary(exp.Atan), "rad"),
    "ATAN2": _math("ATAN2", _atan2, "rad", 2),
    "COS": _math("COS", _unary(exp.Cos), ""),
    "COT": _math("COT", _unary(exp.Cot), ""),
    "SIN": _math("SIN", _unary(exp.Sin), ""),
    "TAN": _math("TAN", _unary(exp.Tan), ""),
    "POWER": _math("POWER", _power, most=2),
    "MOD": Function("MOD(x, y)", _modulo, 2, 2),
    "PI": Function("PI()", lambda _: Value(exp.Pi(), plain(DataType.FLOAT64, "pi", "")), 0, 0),
    "RAND": Function("RAND()", _random, 0, 1),
    "LOWER": _case(exp.Lower, "LOWER"),
    "UPPER": _case(exp.Upper, "UPPER"),
    "COALESCE": Function("COALESCE(values of one type)", _coalesce, 1, 1000, "any"),
    "IN_UNIT": Function(
        "IN_UNIT(x, 'unit') needs an x whose unit is known and converts to the unit given",
        in_unit, 2, 2, "number string",
    ),
    "COUNT": Function("COUNT(x)", _count, arguments="any", aggregate=True),
    "SUM": Function("SUM(x)", _total, aggregate=True),
    "AVG": Function("AVG(x)", _average, aggregate=True),
    "MIN": _extreme(exp.Min, "MIN"),
    "MAX": _extreme(exp.Max, "MAX"),
    "IVO_HASWORD": Function(
        "ivo_hasword(text, 'word in quotes')", _has_word, 2, 2, "string",
        signature="ivo_hasword(haystack VARCHAR(*), needle VARCHAR(*)) -> INTEGER",
        text="1 if the words of needle (a literal) stand in haystack, whatever their case, else 0.",
    ),
    "IVO_NOCASEMATCH": Function(
        "ivo_nocasematch(text, pattern)", _no_case_match, 2, 2, "string",
        signature="ivo_nocasematch(value VARCHAR(*), pattern VARCHAR(*)) -> INTEGER",
        text="1 if value is ILIKE pattern, else 0.",
    ),
    "IVO_HASHLIST_HAS": Function(
        "ivo_hashlist_has(list, item)", _hash_list_has, 2, 2, "string",
        signature="ivo_hashlist_has(hashlist VARCHAR(*), item VARCHAR(*)) -> INTEGER",
        text="1 if item is one of the #-separated words of hashlist, whatever its case, else 0.",
    ),
    "IVO_INTERVAL_OVERLAPS": Function(
        "ivo_interval_overlaps(low1, high1, low2, high2)", _interval_overlaps, 4, 4,
        signature="ivo_interval_overlaps(l1 DOUBLE, h1 DOUBLE, l2 DOUBLE, h2 DOUBLE) -> INTEGER",
        text="1 if the intervals [l1, h1] and [l2, h2] have a common point, else 0.",
    ),
    "IVO_STRING_AGG": Function(
        "ivo_string_agg(text, delimiter)", _string_agg, 2, 2, "string", aggregate=True,
        signature="ivo_string_agg(expr VARCHAR(*), delim VARCHAR(*)) -> VARCHAR(*)",
        text="All values of expr in a group, joined by delim.",
    ),
}  # fmt: skip
