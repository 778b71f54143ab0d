"""The TAP_SCHEMA tables (TAP 1.1 §4), describing every published table and themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from tianku.adql.words import RESERVED
from tianku.model.metadata import Column, ForeignKey, TableMeta
from tianku.model.text import Text
from tianku.model.types import DataType

SCHEMA = "tap_schema"
#: internal column: number of the table or set that a row tells about (0: everybody may see it)
OWNER_COLUMN = "_policy"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class SiteTable:
    """A published table and the number that decides who sees its rows."""

    number: int
    meta: TableMeta


@dataclass(frozen=True, slots=True)
class SiteSchema:
    """A schema, its tables, and the number that decides who sees that it exists."""

    number: int
    name: str
    tables: tuple[SiteTable, ...]
    description: str = ""
    utype: str | None = None


#: whether everybody who sees the rows of one number sees those of the other
SameAudience = Callable[[int, int], bool]


def delimited(name: str) -> str:
    """Return a name as it is written in ADQL: quoted when it is reserved or no regular identifier."""
    plain = _PLAIN.fullmatch(name) is not None and name.upper() not in RESERVED
    return name if plain else '"' + name.replace('"', '""') + '"'


def _column(name: str, kind: DataType, description: str, *, required: bool = False) -> Column:
    return Column(
        name=name, type=kind, description=Text(en=description), principal=required, std=True, nullable=not required
    )


def _table(name: str, description: str, *columns: Column, refers: Mapping[str, str] | None = None) -> TableMeta:
    keys = [(column, *target.split(".")) for column, target in (refers or {}).items()]
    return TableMeta(
        schema_name=SCHEMA,
        name=name,
        kind="system",
        description=Text(en=description),
        columns=columns,
        foreign_keys=tuple(ForeignKey(columns=(c,), target=t, target_columns=(k,)) for c, t, k in keys),
    )


_S, _I = DataType.STRING, DataType.INT32

#: the five tables, in the order of the standard
TAP_SCHEMA: tuple[TableMeta, ...] = (
    _table(
        "schemas",
        "schemas of this service",
        _column("schema_name", _S, "schema name, as in queries", required=True),
        _column("utype", _S, "utype of the schema"),
        _column("description", _S, "what the schema holds"),
        _column("schema_index", _I, "recommended order of schemas"),
    ),
    _table(
        "tables",
        "tables that can be queried",
        _column("schema_name", _S, "schema of the table", required=True),
        _column("table_name", _S, "full name of the table, as in queries", required=True),
        _column("table_type", _S, "table or view", required=True),
        _column("utype", _S, "utype of the table"),
        _column("description", _S, "what the table holds"),
        _column("table_index", _I, "recommended order of tables"),
        refers={"schema_name": "schemas.schema_name"},
    ),
    _table(
        "columns",
        "columns of the tables",
        _column("table_name", _S, "full name of the table, as in queries", required=True),
        _column("column_name", _S, "name of the column, as in queries", required=True),
        _column("datatype", _S, "VOTable data type", required=True),
        _column("arraysize", _S, "VOTable arraysize"),
        _column("xtype", _S, "VOTable xtype"),
        _column("size", _I, "length of arrays and texts of fixed length (deprecated)"),
        _column("description", _S, "what the column holds"),
        _column("utype", _S, "utype of the column"),
        _column("unit", _S, "unit, in the VOUnits syntax"),
        _column("ucd", _S, "UCD of the column"),
        _column("indexed", _I, "1 when conditions on the column are fast", required=True),
        _column("principal", _I, "1 for the most useful columns", required=True),
        _column("std", _I, "1 for columns that a standard defines", required=True),
        _column("column_index", _I, "recommended order of columns"),
        refers={"table_name": "tables.table_name"},
    ),
    _table(
        "keys",
        "relations between tables",
        _column("key_id", _S, "identifier of the relation", required=True),
        _column("from_table", _S, "full name of the table that refers", required=True),
        _column("target_table", _S, "full name of the table referred to", required=True),
        _column("description", _S, "what the relation means"),
        _column("utype", _S, "utype of the relation"),
        refers={"from_table": "tables.table_name", "target_table": "tables.table_name"},
    ),
    _table(
        "key_columns",
        "columns of the relations",
        _column("key_id", _S, "identifier of the relation", required=True),
        _column("from_column", _S, "column of the table that refers", required=True),
        _column("target_column", _S, "column of the table referred to", required=True),
        refers={"key_id": "keys.key_id"},
    ),
)
_META = {t.name: t for t in TAP_SCHEMA}
_SELF = SiteSchema(0, SCHEMA, tuple(SiteTable(0, t) for t in TAP_SCHEMA), "The tables and columns of this service")


def tap_schema_rows(schemas: Sequence[SiteSchema], same_audience: SameAudience) -> dict[str, pa.Table]:
    """Return the rows of the five tables by name, with the internal owner column last.

    A relation is listed only when both its tables have the same audience: its row names both.
    """
    everything = [*schemas, _SELF]
    tables = [t for schema in everything for t in schema.tables]
    keys = list(_keys(tables, same_audience))
    return {
        "schemas": _rows("schemas", _schemas(everything)),
        "tables": _rows("tables", _tables(everything)),
        "columns": _rows("columns", (row for t in tables for row in _columns(t))),
        "keys": _rows("keys", (key[:5] + key[-1:] for key in keys)),
        "key_columns": _rows("key_columns", (row for key in keys for row in _key_columns(key))),
    }


def physical_schema(table: TableMeta) -> pa.Schema:
    """Arrow schema of a system table as stored: its columns, then the owner."""
    return table.arrow_schema().append(pa.field(OWNER_COLUMN, pa.int32()))


def _rows(name: str, rows: Iterable[tuple[object, ...]]) -> pa.Table:
    schema = physical_schema(_META[name])
    columns = list(zip(*rows, strict=True)) or [() for _ in schema]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def _schemas(schemas: Sequence[SiteSchema]) -> Iterator[tuple[object, ...]]:
    # no running index: its gaps would tell how much a caller does not see
    for schema in schemas:
        yield schema.name, schema.utype, schema.description or None, None, schema.number


def _tables(schemas: Sequence[SiteSchema]) -> Iterator[tuple[object, ...]]:
    for schema in schemas:
        for table in schema.tables:
            meta = table.meta
            text = str(meta.description) or str(meta.title) or None
            yield meta.schema_name, _name(meta), "table", meta.utype, text, None, table.number


def _name(meta: TableMeta) -> str:
    return f"{delimited(meta.schema_name)}.{delimited(meta.name)}"


def _columns(table: SiteTable) -> Iterator[tuple[object, ...]]:
    name = _name(table.meta)
    for index, column in enumerate(table.meta.columns):
        size = column.arraysize if column.type is not DataType.STRING else "*"
        textual = column.type in (DataType.STRING, DataType.TIMESTAMP)
        yield (
            name,
            delimited(column.name),
            column.votable,
            "*" if textual else size,
            _xtype(column),
            int(column.arraysize) if column.arraysize and column.arraysize.isdigit() else None,
            str(column.description) or None,
            column.utype,
            column.unit or None,
            column.ucd,
            int(column.indexed),
            int(column.principal),
            int(column.std),
            index,
            table.number,
        )


def _xtype(column: Column) -> str | None:
    stamp = "timestamp" if column.type is DataType.TIMESTAMP and column.arraysize is None else None
    return column.xtype or stamp


def related(tables: Sequence[SiteTable]) -> Iterator[tuple[int, int]]:
    """Yield the numbers of the two tables of each relation: only their having one audience shapes TAP_SCHEMA."""
    by_name = {t.meta.qualified_name.lower(): t for t in tables}
    for table in tables:
        for key in table.meta.foreign_keys:
            found = by_name.get(_target(table, key).lower())
            if found is not None:
                yield table.number, found.number


def _target(table: SiteTable, key: ForeignKey) -> str:
    return key.target if "." in key.target else f"{table.meta.schema_name}.{key.target}"


def _keys(tables: Sequence[SiteTable], same_audience: SameAudience) -> Iterator[tuple[object, ...]]:
    by_name = {t.meta.qualified_name.lower(): t for t in tables}
    for table in tables:
        for key in table.meta.foreign_keys:
            found = by_name.get(_target(table, key).lower())
            if found is None or not same_audience(table.number, found.number):
                continue
            pairs = tuple(zip(key.columns, key.target_columns, strict=True))
            key_id = f"{table.meta.qualified_name}:{','.join(key.columns)}"
            yield key_id, _name(table.meta), _name(found.meta), None, None, pairs, table.number


def _key_columns(key: tuple[object, ...]) -> Iterator[tuple[object, ...]]:
    pairs, number = key[5], key[6]
    for source, target in pairs:  # type: ignore[attr-defined]
        yield key[0], delimited(source), delimited(target), number
