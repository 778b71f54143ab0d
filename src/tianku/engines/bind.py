"""From a canonical tree to DuckDB SQL: table keys become storage, numbers keep the standard's meaning."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
from sqlglot import exp

from tianku.engines.base import EngineQuery, Read, Relation
from tianku.engines.errors import failed
from tianku.model.types import TYPES, arrow_to_datatype

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
    nodes = list(tree.walk())
    tables = [node for node in nodes if isinstance(node, exp.Table)]
    _widen(nodes, tables, query.relations)
    ctes = {node.alias for node in nodes if isinstance(node, exp.CTE)}
    _bind_tables(tables, ctes, query.relations, locate)
    return tree.sql(dialect="duckdb", identify=True, copy=False)


def read_parquet(relation: Relation) -> exp.Expression:
    """The FROM item for the Parquet files of `relation`; partition folders never become columns."""
    paths = exp.Array(expressions=[exp.Literal.string(path) for path in relation.files])
    partitions = exp.EQ(this=exp.var("hive_partitioning"), expression=exp.false())
    table = exp.Table(this=exp.Anonymous(this="read_parquet", expressions=[paths, partitions]))
    if not relation.reads:
        return table
    columns = [_read(field, relation.reads[field.name]) for field in relation.schema]
    return exp.select(*columns).from_(table).subquery()


def _read(field: pa.Field, how: Read) -> exp.Expr:
    """A column of files that are not ours, under our name and of our type; a cast to its own type is free."""
    column: exp.Expr = exp.Column(this=exp.to_identifier(how.source, quoted=True))
    if how.nan:
        column = exp.Case(ifs=[exp.If(this=exp.IsNan(this=column.copy()), true=exp.null())], default=column)
    kind, size = arrow_to_datatype(field.type)
    cast = exp.cast(column, TYPES[kind].duckdb + ("[]" if size else ""), dialect="duckdb")
    return exp.alias_(cast, field.name, quoted=True)


def attached(uid: str) -> exp.Expression:
    """The FROM item for the serving copy attached under `uid`."""
    return exp.table_("data", db="main", catalog=uid, quoted=True)


def _bind_tables(tables: list[exp.Table], ctes: set[str], relations: dict[str, Relation], locate: Locate) -> None:
    for table in tables:
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


def _widen(nodes: list[exp.Expr], tables: list[exp.Table], relations: dict[str, Relation]) -> None:
    """Compare in double: fractions are double literals, float32 columns are cast.

    DuckDB reads ``0.1`` as DECIMAL and would round it, or a large integer, to float32 when
    the other side is a float32 column; other engines do not.
    """
    narrow = _Float32Columns(tables, relations)
    for node in nodes:
        if isinstance(node, exp.Literal):
            text = node.name
            if not node.is_string and "." in text and "e" not in text.lower():
                node.set("this", f"{text}e0")
            continue
        if not isinstance(node, _COMPARISONS) or any(_is_single(operand) for operand in node.iter_expressions()):
            continue  # a bound rounded to single precision with care would stop pruning when widened
        for operand in list(node.iter_expressions()):
            column = operand.unnest()
            if isinstance(column, exp.Column) and column in narrow:
                column.replace(exp.cast(column.copy(), exp.DataType.Type.DOUBLE))


def _is_single(operand: exp.Expr) -> bool:
    inner = operand.unnest()
    return isinstance(inner, exp.Cast) and bool(inner.to.is_type(exp.DataType.Type.FLOAT))


class _Float32Columns:
    """Tells whether a column reference is certainly a float32 column of a relation."""

    def __init__(self, tables: list[exp.Table], relations: dict[str, Relation]) -> None:
        self._schemas: dict[str, list[pa.Schema]] = {}
        for table in tables:
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
