"""The query form without JavaScript: its fields as ADQL, which the TAP service answers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from urllib.parse import urlencode

from django.http import QueryDict

from tianku.adql.build import AnyOf, Condition, Operator, Order, Scalar, select
from tianku.adql.text import to_adql
from tianku.model.errors import UsageError
from tianku.model.metadata import Column, Position, TableMeta
from tianku.model.types import DataType
from tianku.sky.angles import declination, right_ascension

#: conditions that the form has fields for
ROWS = 4
OPERATORS: dict[Operator, str] = {
    "equal": "=", "notequal": "≠", "less": "<", "lessequal": "≤", "greater": ">", "greaterequal": "≥",
    "between": "a..b", "in": "a, b, c", "notin": "≠ a, b, c", "contains": "…x…", "ilike": "%x_",
    "isnull": "∅", "notnull": "¬ ∅",
}  # fmt: skip
_LISTS = ("in", "notin")
_MOST_ROWS = 10_000_000


def address(table: TableMeta, asked: QueryDict) -> str:
    """Return where TAP answers what a form asks of `table`.

    Raises
    ------
    UsageError
        ``form.value`` for a field that cannot be read; ``adql.unknown_column``, ``adql.condition``.
    """
    columns = [name for name in asked.getlist("column") if name]
    sort = asked.get("sort", "")
    statement = select(
        table,
        columns=columns or None,
        where=[*_rectangle(table.main_position, asked), *_conditions(table, asked)],
        cone=_cone(asked),
        order_by=[Order(sort, "descending" in asked)] if sort else [],
        limit=int(_number(asked, "limit", 1, _MOST_ROWS, "1000")),
    )
    fields = {"LANG": "ADQL", "FORMAT": asked.get("format", "votable"), "QUERY": to_adql(statement)}
    return f"/vo/tap/sync?{urlencode(fields)}"


def _cone(asked: QueryDict) -> tuple[float, float, float] | None:
    ra, dec = _angle(asked, "ra"), _angle(asked, "dec")
    if ra is None and dec is None:
        return None
    if ra is None or dec is None:
        raise _wrong("ra" if ra is None else "dec", "")
    return ra, dec, _number(asked, "radius", 1e-9, 180, "0.1")


def _rectangle(position: Position | None, asked: QueryDict) -> Iterator[Condition | AnyOf]:
    sides = {name: _angle(asked, name) for name in ("west", "east", "south", "north")}
    if position is None or all(side is None for side in sides.values()):
        return
    west = _bound(position.ra, "greaterequal", sides["west"])
    east = _bound(position.ra, "lessequal", sides["east"])
    if west and east and west[0].values[0] > east[0].values[0]:  # type: ignore[operator]  # both are numbers
        yield AnyOf((west, east))
    else:
        yield from (*west, *east)
    yield from _bound(position.dec, "greaterequal", sides["south"])
    yield from _bound(position.dec, "lessequal", sides["north"])


def _bound(column: str, operator: Operator, value: float | None) -> tuple[Condition, ...]:
    return () if value is None else (Condition(column, operator, (value,)),)


def _conditions(table: TableMeta, asked: QueryDict) -> Iterator[Condition]:
    names, operators, values = (asked.getlist(f"condition-{part}") for part in ("column", "operator", "value"))
    for name, operator, value in zip(names, operators, values, strict=False):
        known = next((o for o in OPERATORS if o == operator), None)
        if not name:
            continue
        if known is None:
            raise _wrong("condition-operator", operator)
        column = table.column(name)
        texts = [] if known in ("isnull", "notnull") else _split(known, value)
        yield Condition(name, known, tuple(_typed(column, text) for text in texts))


def _split(operator: Operator, value: str) -> list[str]:
    if operator in _LISTS:
        return [part.strip() for part in value.split(",")]
    return [part.strip() for part in value.split("..", 1)] if operator == "between" else [value.strip()]


def _typed(column: Column | None, text: str) -> Scalar:
    if column is None or column.type in (DataType.STRING, DataType.TIMESTAMP):
        return text
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _wrong(column.name, text)
    return value


def _angle(asked: QueryDict, name: str) -> float | None:
    text = asked.get(name, "").strip()
    if not text:
        return None
    value = (right_ascension if name in ("ra", "west", "east") else declination)(text)
    if value is None:
        raise _wrong(name, text)
    return value


def _number(asked: QueryDict, name: str, low: float, high: float, default: str) -> float:
    text = asked.get(name, "").strip() or default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise _wrong(name, text)
    return value


def _wrong(name: str, text: str) -> UsageError:
    return UsageError("form.value", "{field} cannot be “{text}”", field=name, text=text[:60])
