"""Queries within one release: its tables need no schema, and PostgreSQL's catalogue tells what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from tianku.adql.parser import Statement
from tianku.adql.resolve import resolve
from tianku.engines.base import Cancellation, Limits
from tianku.model.access import Principal
from tianku.model.metadata import Column, TableMeta
from tianku.model.types import DataType
from tianku.planner.plan import plan
from tianku.planner.stored import Stored
from tianku.usecases.picture import Picture, PublishedDataset
from tianku.usecases.query import Answer
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

#: the schema that PostgreSQL looks in when none is named
PUBLIC_SCHEMA = "public"
CATALOGUES = ("pg_catalog", "information_schema")
_NAMESPACE = 2200
_FIRST_OID = 16384
#: PostgreSQL's number and names of each type
_TYPES: dict[DataType, tuple[int, str, str]] = {
    DataType.BOOLEAN: (16, "bool", "boolean"),
    DataType.UINT8: (21, "int2", "smallint"),
    DataType.INT16: (21, "int2", "smallint"),
    DataType.INT32: (23, "int4", "integer"),
    DataType.INT64: (20, "int8", "bigint"),
    DataType.FLOAT32: (700, "float4", "real"),
    DataType.FLOAT64: (701, "float8", "double precision"),
    DataType.STRING: (25, "text", "text"),
    DataType.TIMESTAMP: (1114, "timestamp", "timestamp without time zone"),
}
Rows = dict[str, list[Any]]


class ReleaseView(Viewer):
    """What a principal sees of one release."""

    def __init__(self, picture: Picture, principal: Principal, now: float, owner: PublishedDataset) -> None:
        super().__init__(picture, principal, now)
        self.owner = owner
        self._system: dict[str, Stored] = {}

    def find(self, schema: str | None, table: str) -> TableMeta | None:
        """Return the table; see `Viewer.find`."""
        folded = (schema or "").lower()
        if folded in CATALOGUES or (not folded and table.lower().startswith("pg_")):
            return self._catalogue(folded or CATALOGUES[0], table.lower())
        own = self.owner.schema_name if folded in ("", PUBLIC_SCHEMA) else schema
        return super().find(own, table)

    def row_filter(self, table: TableMeta) -> exp.Expression | None:
        """Return the condition on rows; the catalogue holds only what is seen."""
        return None if table.qualified_name in self._system else super().row_filter(table)

    def computed(self, table: TableMeta) -> dict[str, exp.Expression]:
        """Return the computed columns; the catalogue has none."""
        return {} if table.qualified_name in self._system else super().computed(table)

    def stored(self, table: TableMeta) -> Stored | None:
        """Return the rows of a table of the catalogue, None for others."""
        return self._system.get(table.qualified_name)

    def _catalogue(self, schema: str, name: str) -> TableMeta | None:
        mine = [self.meta(one) for one in self.queryable() if one.dataset == self.owner.id]
        made = _TABLES.get((schema, name))
        if made is None:
            return None
        self.public = self.public and len(mine) == len(self._everybodys())
        rows = pa.table(made(mine))
        columns = tuple(Column(name=field.name, type=_type(field.type)) for field in rows.schema)
        meta = TableMeta(schema_name=schema, name=name, kind="system", columns=columns)
        self._system[meta.qualified_name] = Stored(
            f"{meta.qualified_name}@{self.owner.id}", rows.schema, rows.num_rows, table=rows
        )
        return meta

    def _everybodys(self) -> list[str]:
        anonymous = Viewer(self.picture, Principal(), self.now)
        return [one.meta.name for one in anonymous.queryable() if one.dataset == self.owner.id]


def run_in_release(
    centre: Centre,
    principal: Principal,
    owner: PublishedDataset,
    statement: Statement,
    *,
    cancellation: Cancellation | None = None,
) -> Answer:
    """Run a statement whose tables are those of `owner`, as far as `principal` may see them.

    Raises
    ------
    UsageError
        ``adql.*``, ``query.*``
    AuthError
        ``policy.closed``
    """
    current, limits = centre.current(), centre.site.limits
    view = ReleaseView(current.picture, principal, centre.clock(), owner)

    def storage(table: TableMeta) -> Stored:
        return view.stored(table) or current.storage(table)

    resolved = resolve(statement, view)
    planned = plan(resolved, storage, limits.sync_rows, limits=Limits(seconds=limits.sync_seconds))
    engine = centre.short if planned.lane == "short" else centre.long
    result = engine.run(planned.query, cancellation)
    return Answer(planned.columns, result, planned.maxrec, None, dict(view.versions), view.public)


def _type(kind: pa.DataType) -> DataType:
    if pa.types.is_string(kind):
        return DataType.STRING
    return DataType.BOOLEAN if pa.types.is_boolean(kind) else DataType.INT64


def _classes(tables: list[TableMeta]) -> Rows:
    count = len(tables)
    return {
        "oid": pa.array(range(_FIRST_OID, _FIRST_OID + count), pa.int64()),
        "relname": pa.array([one.name for one in tables], pa.string()),
        "relnamespace": pa.array([_NAMESPACE] * count, pa.int64()),
        "relkind": pa.array(["r"] * count, pa.string()),
        "relnatts": pa.array([len(one.columns) for one in tables], pa.int64()),
    }


def _attributes(tables: list[TableMeta]) -> Rows:
    all_of = [(oid, n, c) for oid, t in enumerate(tables, _FIRST_OID) for n, c in enumerate(t.columns, 1)]
    return {
        "attrelid": pa.array([oid for oid, _, _ in all_of], pa.int64()),
        "attname": pa.array([c.name for _, _, c in all_of], pa.string()),
        "atttypid": pa.array([_TYPES[c.type][0] for _, _, c in all_of], pa.int64()),
        "attnum": pa.array([n for _, n, _ in all_of], pa.int64()),
        "attnotnull": pa.array([not c.nullable for _, _, c in all_of], pa.bool_()),
        "attisdropped": pa.array([False] * len(all_of), pa.bool_()),
    }


def _descriptions(tables: list[TableMeta]) -> Rows:
    said: list[tuple[int, int, str]] = []
    for oid, table in enumerate(tables, _FIRST_OID):
        said.append((oid, 0, str(table.title or table.description)))
        said += [(oid, n, str(column.description)) for n, column in enumerate(table.columns, 1)]
    return {
        "objoid": pa.array([oid for oid, _, _ in said], pa.int64()),
        "objsubid": pa.array([n for _, n, _ in said], pa.int64()),
        "description": pa.array([text for _, _, text in said], pa.string()),
    }


def _types(_: list[TableMeta]) -> Rows:
    known = dict.fromkeys((oid, name) for oid, name, _ in _TYPES.values())
    return {
        "oid": pa.array([oid for oid, _ in known], pa.int64()),
        "typname": pa.array([name for _, name in known], pa.string()),
    }


def _namespaces(_: list[TableMeta]) -> Rows:
    return {"oid": pa.array([_NAMESPACE], pa.int64()), "nspname": pa.array([PUBLIC_SCHEMA], pa.string())}


def _listed_tables(tables: list[TableMeta]) -> Rows:
    count = len(tables)
    return {
        "table_schema": pa.array([PUBLIC_SCHEMA] * count, pa.string()),
        "table_name": pa.array([one.name for one in tables], pa.string()),
        "table_type": pa.array(["BASE TABLE"] * count, pa.string()),
    }


def _listed_columns(tables: list[TableMeta]) -> Rows:
    all_of = [(t.name, n, c) for t in tables for n, c in enumerate(t.columns, 1)]
    return {
        "table_schema": pa.array([PUBLIC_SCHEMA] * len(all_of), pa.string()),
        "table_name": pa.array([name for name, _, _ in all_of], pa.string()),
        "column_name": pa.array([c.name for _, _, c in all_of], pa.string()),
        "ordinal_position": pa.array([n for _, n, _ in all_of], pa.int64()),
        "data_type": pa.array([_TYPES[c.type][2] for _, _, c in all_of], pa.string()),
    }


_TABLES: Mapping[tuple[str, str], Any] = {
    ("pg_catalog", "pg_class"): _classes,
    ("pg_catalog", "pg_attribute"): _attributes,
    ("pg_catalog", "pg_description"): _descriptions,
    ("pg_catalog", "pg_type"): _types,
    ("pg_catalog", "pg_namespace"): _namespaces,
    ("information_schema", "tables"): _listed_tables,
    ("information_schema", "columns"): _listed_columns,
}
