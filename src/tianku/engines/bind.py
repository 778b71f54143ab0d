"""From a canonical tree to DuckDB SQL: table keys become storage, numbers keep the standard's meaning."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
from sqlglot import exp

from tianku.engines.base import EngineQuery, Relation
from tianku.engines.errors import failed

#: Turns (key, relation) into the FROM item that reads it.
Locate = Callable[[str, Relation], exp.Expression]

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.Between, exp.In)


def to_sql(query: EngineQuery, locate: Locate) -> str:
    """Return the SQL text of `query`, its table keys bound by `locate`.

    Raises
    ------
    FatalError
        ``engine.failed`` when the tree is no query or names anything but its relations:
        what reaches an engine was checked before, so this is a defect, or an attack on one.
    """
    tree = query.tree.copy()
    if not isinstance(tree, exp.Query):
        raise failed(f"not a query: {tree.key}")
    _widen(tree, query.relations)
    _bind_tables(tree, query.relations, locate)
    return tree.sql(dialect="duckdb", identify=True)


def read_parquet(files: tuple[str, ...]) -> exp.Expression:
    """The FROM item for Parquet `files`; partition folders never become columns."""
    paths = exp.Array(expressions=[exp.Literal.string(path) for path in files])
    partitions = exp.EQ(this=exp.var("hive_partitioning"), expression=exp.false())
    return exp.Table(this=exp.Anonymous(this="read_parquet", expressions=[paths, partitions]))


def attached(uid: str) -> exp.Expression:
    """The FROM item for the serving copy attached under `uid`."""
    return exp.table_("data", db="main", catalog=uid, quoted=True)


def _bind_tables(tree: exp.Query, relations: dict[str, Relation], locate: Locate) -> None:
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        key = table.name
        if not isinstance(table.this, exp.Identifier) or table.args.get("db"):
            raise failed(f"table is no bare key: {table.sql()}")
        relation = relations.get(key)
        if relation is None and key in ctes:
            continue
        if relation is None:
            raise failed(f"no relation for table key {key!r}")
        bound = locate(key, relation)
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(key))
        bound.set("alias", alias)
        for extra in ("joins", "sample", "pivots", "laterals"):
            bound.set(extra, table.args.get(extra))
        table.replace(bound)


def _widen(tree: exp.Query, relations: dict[str, Relation]) -> None:
    """Compare in double: fractions are double literals, float32 columns are cast.

    DuckDB reads ``0.1`` as DECIMAL and would round it, or a large integer, to float32 when
    the other side is a float32 column; other engines do not.
    """
    for literal in tree.find_all(exp.Literal):
        text = literal.name
        if not literal.is_string and "." in text and "e" not in text.lower():
            literal.set("this", f"{text}e0")
    narrow = _Float32Columns(tree, relations)
    for node in list(tree.find_all(*_COMPARISONS)):
        if any(_is_single(operand) for operand in node.iter_expressions()):
            continue  # the bound was rounded to single precision with care: widening would stop pruning
        for operand in list(node.iter_expressions()):
            column = operand.unnest()
            if isinstance(column, exp.Column) and column in narrow:
                column.replace(exp.cast(column.copy(), exp.DataType.Type.DOUBLE))


def _is_single(operand: exp.Expr) -> bool:
    inner = operand.unnest()
    return isinstance(inner, exp.Cast) and bool(inner.to.is_type(exp.DataType.Type.FLOAT))


class _Float32Columns:
    """Tells whether a column reference is certainly a float32 column of a relation."""

    def __init__(self, tree: exp.Query, relations: dict[str, Relation]) -> None:
        self._schemas: dict[str, list[pa.Schema]] = {}
        for table in tree.find_all(exp.Table):
            if (relation := relations.get(table.name)) is not None:
                self._schemas.setdefault(table.alias_or_name.lower(), []).append(relation.schema)

    def __contains__(self, column: exp.Column) -> bool:
        if column.type is not None and not column.is_type(exp.DataType.Type.UNKNOWN):
            return bool(column.is_type(exp.DataType.Type.FLOAT))
        schemas = self._schemas.get(column.table.lower(), []) if column.table else self._all()
        folded = column.name.lower()
        kinds = [field.type for schema in schemas for field in schema if field.name.lower() == folded]
        return bool(kinds) and all(pa.types.is_float32(kind) for kind in kinds)

    def _all(self) -> list[pa.Schema]:
        return [schema for group in self._schemas.values() for schema in group]
