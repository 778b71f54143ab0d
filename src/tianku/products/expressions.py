"""Mapping expressions: SQL scalar expressions of configuration, checked against a closed list, run in batches.

Names are header keywords (``DATE_BEG`` or ``DATE-BEG``, any case) or typed columns. Header values reach the
engine as text and become numbers by their use (arithmetic, comparison with a number, numeric functions), so that
a keyword which some files write as text and others as a number means the same in every batch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

from tianku.model.errors import UsageError
from tianku.model.types import TYPES, DataType
from tianku.products.keys import canonical

#: what our functions are made of
_HELPERS = {
    "_local_noon": "(day) AS epoch_us(TRY_CAST(day AS DATE)::TIMESTAMP) / 86400000000.0 + 40587.5"
    " - {zone} / 1440.0",
    "_hours": "(x) AS TRY_CAST(string_split(trim(x), ':')[1] AS DOUBLE)"
    " + coalesce(TRY_CAST(string_split(trim(x), ':')[2] AS DOUBLE), 0.0) / 60.0"
    " + coalesce(TRY_CAST(string_split(trim(x), ':')[3] AS DOUBLE), 0.0) / 3600.0",
}
#: our functions: DuckDB macros (texts in, numbers or timestamps out); {zone} is the local-time offset in minutes,
#: {longitude} that of the telescope in degrees east
MACROS = {
    "utc": "(x) AS TRY_CAST(x AS TIMESTAMP) - to_minutes({zone})",
    "mjd": "(x) AS epoch_us(TRY_CAST(x AS TIMESTAMP)) / 86400000000.0 + 40587.0",
    "from_mjd": "(x) AS TIMESTAMP '1858-11-17'"
    " + to_microseconds(round(TRY_CAST(x AS DOUBLE) * 86400000000.0)::BIGINT)",
    # the instant in the night that begins on a local date at which the local sidereal time is `lst`
    # (GMST of Meeus, Astronomical Algorithms, 12.4)
    "ut": "(day, lst) AS from_mjd(_local_noon(day) + ((_hours(lst) * 15.0 - {longitude} - 280.46061837"
    " - 360.98564736629 * (_local_noon(day) - 51544.5)) % 360.0 + 360.0) % 360.0 / 360.98564736629)",
    "deg": "(x) AS degrees(TRY_CAST(x AS DOUBLE))",
    "hms_deg": "(x) AS 15.0 * (TRY_CAST(string_split(trim(x), ':')[1] AS DOUBLE)"
    " + TRY_CAST(string_split(trim(x), ':')[2] AS DOUBLE) / 60.0"
    " + TRY_CAST(string_split(trim(x), ':')[3] AS DOUBLE) / 3600.0)",
    "dms_deg": "(x) AS (CASE WHEN starts_with(trim(x), '-') THEN -1.0 ELSE 1.0 END)"
    " * (abs(TRY_CAST(string_split(trim(x), ':')[1] AS DOUBLE))"
    " + TRY_CAST(string_split(trim(x), ':')[2] AS DOUBLE) / 60.0"
    " + TRY_CAST(string_split(trim(x), ':')[3] AS DOUBLE) / 3600.0)",
}
_NODES = tuple(
    getattr(exp, name)
    for name in [
        "Column",
        "Identifier",
        "Literal",
        "Null",
        "Boolean",
        "Paren",
        "Neg",
        "Add",
        "Sub",
        "Mul",
        "Div",
        "Mod",
        "EQ",
        "NEQ",
        "GT",
        "GTE",
        "LT",
        "LTE",
        "And",
        "Or",
        "Not",
        "Is",
        "Between",
        "In",
        "Like",
        "Case",
        "If",
        "Cast",
        "TryCast",
        "DataType",
        "DataTypeParam",
        "DPipe",
        "Coalesce",
        "Nullif",
        "Concat",
        "ConcatWs",
        "Lower",
        "Upper",
        "Trim",
        "Substring",
        "Abs",
        "Round",
        "Floor",
        "Ceil",
        "Sqrt",
        "Ln",
        "Log",
        "Exp",
        "Pow",
        "Greatest",
        "Least",
        "Length",
        "Replace",
        "Anonymous",
        "Interval",
        "Var",
    ]
)
_NUMERIC_PARENTS = tuple(
    getattr(exp, name)
    for name in [
        "Neg",
        "Add",
        "Sub",
        "Mul",
        "Div",
        "Mod",
        "Abs",
        "Round",
        "Floor",
        "Ceil",
        "Sqrt",
        "Ln",
        "Log",
        "Exp",
        "Pow",
    ]
)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)
#: FITS keywords with a hyphen (DATE-OBS, MJD-OBS); a subtraction of keywords is written with spaces
_HYPHENATED = re.compile(r"\b([A-Z][A-Z0-9]*)-([A-Z][A-Z0-9]*)\b")
#: ``18 months`` as people write it
_PERIOD = re.compile(r"(?<![\w.'])(\d+)\s+(day|month|year)s?\b", re.IGNORECASE)
_TYPES = frozenset(
    {"DOUBLE", "FLOAT", "BIGINT", "INT", "SMALLINT", "VARCHAR", "TEXT", "TIMESTAMP", "BOOLEAN", "DATE"}
)
Names = Mapping[str, DataType | None]


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression: its text, its tree over physical names, and the names it reads (as declared)."""

    text: str
    tree: exp.Expr
    names: frozenset[str]


def referenced(text: str) -> frozenset[str]:
    """Return the canonical names that an expression reads (``UsageError`` as for `check`)."""
    return frozenset(canonical(c.name) for c in _parse(text).find_all(exp.Column))


def check(text: str, names: Names | None = None) -> Expression:
    """Parse and check one expression.

    Parameters
    ----------
    names
        The names that exist: a type, or None for header text. Without it any name is a header keyword.

    Raises
    ------
    UsageError
        ``expression.syntax``, ``expression.not_allowed``, ``expression.unknown_name``.
    """
    tree = _parse(text)
    known = None if names is None else {canonical(n): kind for n, kind in names.items()}
    read: set[str] = set()
    for column in list(tree.find_all(exp.Column)):
        name = canonical(column.name)
        if known is not None and name not in known:
            raise UsageError(
                "expression.unknown_name",
                "{text!r} reads {name!r}, which is neither a header keyword nor a column here",
                text=text,
                name=column.name,
            )
        read.add(name)
        physical: exp.Expr = exp.column(name, quoted=True)
        kind = (known or {}).get(name)
        if kind in (None, DataType.STRING) and _moved(column):
            physical = exp.TryCast(this=physical, to=exp.DataType.build("TIMESTAMP"))
        elif kind is None and _used_as_number(column):
            physical = exp.TryCast(this=physical, to=exp.DataType.build("DOUBLE"))
        if column is tree:
            tree = physical
        else:
            column.replace(physical)
    return Expression(text, tree, frozenset(read))


def _moved(column: exp.Expr) -> bool:
    """Whether a period is added to the column, which is then an instant."""
    parent = column.parent
    return isinstance(parent, exp.Add | exp.Sub) and isinstance(parent.expression, exp.Interval)


def _used_as_number(column: exp.Expr) -> bool:
    parent = column.parent
    while isinstance(parent, exp.Paren | exp.Coalesce | exp.Nullif):
        parent = parent.parent
    if isinstance(parent, _COMPARISONS):
        return any(isinstance(n, exp.Literal) and not n.is_string for n in parent.find_all(exp.Literal))
    return isinstance(parent, _NUMERIC_PARENTS)


def _parse(text: str) -> exp.Expr:
    source = _HYPHENATED.sub(r"\1_\2", text)
    source = _PERIOD.sub(r"INTERVAL \1 \2", source)
    if len(source) > 4000 or source.count("(") > 100:
        raise UsageError("expression.syntax", "{text!r} is too long", text=text[:80] + "…")
    try:
        tree = sqlglot.parse_one(source, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise UsageError(
            "expression.syntax", "{text!r} is no SQL scalar expression: {reason}", text=text, reason=_first(error)
        ) from error
    for node in tree.walk():
        _allowed(node, text)
    return tree


def _first(error: BaseException) -> str:
    return re.sub(r"\x1b\[\d*m", "", str(error)).splitlines()[0] if str(error) else type(error).__name__


def _allowed(node: exp.Expr, text: str) -> None:
    if what := _refused(node):
        raise UsageError(
            "expression.not_allowed",
            "{text!r} uses {what}; allowed are names, numbers, texts, arithmetic, comparison, CASE, CAST,"
            " COALESCE, NULLIF, CONCAT, LOWER, UPPER, ROUND … and {macros}",
            text=text,
            what=what,
            macros=", ".join(f"{m}()" for m in MACROS),
        )


def _refused(node: exp.Expr) -> str:
    """Return what of a node is not on the list, or an empty text."""
    if not isinstance(node, _NODES):
        return node.sql(dialect="duckdb")[:60] or type(node).__name__
    if isinstance(node, exp.Anonymous):
        return "" if node.name.lower() in MACROS else f"{node.name}()"
    if isinstance(node, exp.Column):
        return "" if node.table.lower() in ("", "header") and not node.args.get("db") else node.sql()
    if isinstance(node, exp.DataType):
        return "" if node.sql(dialect="duckdb").partition("(")[0] in _TYPES else node.sql()
    return ""


@cache
def _connection(zone_minutes: int, longitude: float | None = None) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 1, "python_enable_replacements": False, "memory_limit": "512MB"})
    con.execute("SET TimeZone='UTC'")
    east = "NULL::DOUBLE" if longitude is None else repr(float(longitude))
    for name, body in {**_HELPERS, **MACROS}.items():
        con.execute(f"CREATE MACRO {name}{body.format(zone=zone_minutes, longitude=east)}")
    con.execute("SET enable_external_access=false")
    con.execute("SET lock_configuration=true")
    return con


def zone_minutes(local_time: str | None) -> int:
    """Return the offset of a zone such as ``+08:00`` in minutes (0 when None)."""
    if not local_time:
        return 0
    hours, _, minutes = local_time[1:].partition(":")
    return (-1 if local_time[0] == "-" else 1) * (int(hours) * 60 + int(minutes or 0))


def kind_of(expression: Expression) -> str:
    """Return the engine's name of the type an expression has over header texts, e.g. ``BOOLEAN``."""
    values = _with_missing(pa.table({}), {"kind": (expression, DataType.STRING)})
    con = _connection(0).cursor()
    try:
        con.register("batch", values)
        described = con.execute(_select({"kind": expression.tree}) + " LIMIT 0").description
    except duckdb.Error as error:
        raise UsageError(
            "expression.failed", "cannot evaluate {texts}: {reason}", texts=expression.text, reason=_first(error)
        ) from error
    finally:
        con.close()
    return str(described[0][1])


def evaluate(
    expressions: Mapping[str, tuple[Expression, DataType]],
    values: pa.Table,
    *,
    local_time: str | None = None,
    longitude: float | None = None,
) -> pa.Table:
    """Evaluate expressions over a batch.

    Parameters
    ----------
    expressions
        Output column -> (checked expression, type to produce). A timestamp asked for as a number
        becomes a UTC Modified Julian Date; what cannot be converted becomes null.
    values
        Columns by canonical name; header keywords as strings (see `header_table`).
    longitude
        Degrees east of the telescope, for `ut`; without it that is null.

    Returns
    -------
    pa.Table
        One column per expression, as many rows as `values`.
    """
    if not expressions:
        return pa.table({})
    con = _connection(zone_minutes(local_time), longitude).cursor()
    try:
        con.register("batch", _with_missing(values, expressions))
        kinds = con.execute(_select({n: e.tree for n, (e, _) in expressions.items()}) + " LIMIT 0").description
        wanted = {
            name: _converted(checked.tree, str(kind[1]), target)
            for (name, (checked, target)), kind in zip(expressions.items(), kinds or [], strict=True)
        }
        return con.sql(_select(wanted)).to_arrow_table()
    except duckdb.Error as error:
        texts = ", ".join(e.text for e, _ in expressions.values())
        raise UsageError(
            "expression.failed", "cannot evaluate {texts}: {reason}", texts=texts, reason=_first(error)
        ) from error
    finally:
        con.close()


def _select(trees: Mapping[str, exp.Expr]) -> str:
    select = exp.select(*(exp.alias_(tree.copy(), name, quoted=True) for name, tree in trees.items())).from_(
        "batch"
    )
    return select.sql(dialect="duckdb")


def _converted(tree: exp.Expr, kind: str, target: DataType) -> exp.Expr:
    if kind.startswith(("TIMESTAMP", "DATETIME")) and target in (DataType.FLOAT64, DataType.FLOAT32):
        tree = exp.Anonymous(this="mjd", expressions=[tree.copy()])
    return exp.TryCast(this=exp.paren(tree.copy()), to=exp.DataType.build(TYPES[target].duckdb, dialect="duckdb"))


def _with_missing(values: pa.Table, expressions: Mapping[str, tuple[Expression, DataType]]) -> pa.Table:
    """A keyword that no file of the batch has is null, not an error."""
    read: set[str] = set().union(*(e.names for e, _ in expressions.values()))
    missing = sorted(read - set(values.column_names))
    for name in missing:
        values = values.append_column(name, pa.nulls(len(values), pa.string()))
    if not values.num_columns:
        values = values.append_column("_", pa.nulls(len(values)))
    return values


def header_table(headers: Sequence[Mapping[str, object]], names: Sequence[str]) -> pa.Table:
    """Return header values as text columns under their canonical names; blank texts become null."""
    wanted = {canonical(n) for n in names}
    folded = [{canonical(k): v for k, v in h.items() if canonical(k) in wanted} for h in headers]
    columns = {n: pa.array([_text(h.get(n)) for h in folded], pa.string()) for n in sorted(wanted)}
    return pa.table(columns)


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return (str(value).strip() or None) if value is not None else None
