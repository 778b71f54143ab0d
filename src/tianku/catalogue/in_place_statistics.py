"""Statistics of columns that stay in files of others, by one scan of the engine."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from pathlib import Path

import duckdb

from tianku.catalogue.manifest import ColumnStatistics
from tianku.catalogue.plan import ColumnPlan, TablePlan
from tianku.model.types import TYPES, DataType

_FLOATS = (DataType.FLOAT32, DataType.FLOAT64)


def scan(con: duckdb.DuckDBPyConnection, files: Sequence[Path], plan: TablePlan) -> dict[str, ColumnStatistics]:
    """Return the statistics of every published column; NaN counts as null, as in every table."""
    wanted = [part for number, column in enumerate(plan.columns) for part in _measures(number, column)]
    answer = con.execute(
        f"SELECT count(*) AS n, {', '.join(wanted)} FROM read_parquet($1, hive_partitioning=false)",
        [[str(f) for f in files]],
    )
    names = [d[0] for d in answer.description or ()]
    found = dict(zip(names, answer.fetchall()[0], strict=True))
    return {c.meta.name: _statistics(found, number, c) for number, c in enumerate(plan.columns)}


def _measures(number: int, column: ColumnPlan) -> list[str]:
    name = '"' + str(column.source).replace('"', '""') + '"'
    if column.meta.arraysize is not None:
        return [f"count({name}) AS c{number}"]
    kind = column.meta.type
    # as it is published: a declared type may be narrower than the file's
    value = f"CAST({name} AS {TYPES[kind].duckdb})"
    sure = f"{value}"
    measures = [f"count({name}) AS c{number}"]
    if kind in _FLOATS:
        sure = f"CASE WHEN isnan({value}) THEN NULL ELSE {value} END"
        measures.append(f"count_if(isnan({value})) AS nan{number}")
    if kind is DataType.STRING:
        measures += [
            f"max(strlen({value})) AS most{number}",
            f"bool_and(strlen({value}) = length({value})) AS ascii{number}",
        ]
    if kind is not DataType.BOOLEAN:
        measures += [f"min({sure}) AS low{number}", f"max({sure}) AS high{number}"]
    return [*measures, f"approx_count_distinct({sure}) AS distinct{number}"]


def _statistics(found: dict[str, object], number: int, column: ColumnPlan) -> ColumnStatistics:
    def get(key: str) -> object:
        return found.get(f"{key}{number}")

    rows, counted, nans = (_number(v) for v in (found["n"], get("c"), get("nan")))
    distinct, most, ascii_only = get("distinct"), get("most"), get("ascii")
    return ColumnStatistics(
        nulls=rows - counted + nans,
        nans=nans,
        minimum=_bound(get("low")),
        maximum=_bound(get("high")),
        max_bytes=None if most is None else _number(most),
        ascii=True if column.meta.type is DataType.STRING and ascii_only is None else _truth(ascii_only),
        distinct=None if distinct is None else min(_number(distinct), rows),
    )


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _bound(value: object) -> float | int | str | None:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, float | int | str) else None
