"""Tables of a PostgreSQL database, streamed by COPY into Arrow batches."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from tianku.catalogue.digest import digest_text
from tianku.catalogue.readers.base import Reject, SourceBatch, TableSource
from tianku.catalogue.readers.postgresql_address import Address
from tianku.catalogue.readers.postgresql_columns import Attribute, Selected, quoted, selected
from tianku.model.errors import TransientError, UsageError

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor

#: what may be read like a table: tables, partitioned tables, views, materialised views, foreign tables
_KINDS = "'r', 'p', 'v', 'm', 'f'"
#: those of them whose rows have a place and the transaction that wrote them
_STORED = ("r", "p", "m")

_RELATIONS = f"""
SELECT c.oid::bigint AS oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ({_KINDS}) AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""

_ATTRIBUTES = """
SELECT a.attname::text AS name, coalesce(e.typname, b.typname)::text AS kind, e.oid IS NOT NULL AS is_array,
       CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier,
       pg_catalog.col_description(a.attrelid, a.attnum) AS description
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
LEFT JOIN pg_catalog.pg_type e ON e.oid = b.typelem AND b.typcategory = 'A'
WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


def open_postgresql(source: TableSource) -> PostgresqlReader:
    """Look up a table and its columns; `source.config.postgresql` is its address.

    Raises
    ------
    UsageError
        ``source.postgresql_address``, ``source.postgresql_table``, ``source.postgresql_library``.
    TransientError
        ``source.postgresql``: the server refuses, or is not there.
    """
    address = Address.parse(source.config.postgresql or "")
    with _transaction(address) as cursor:
        oid, _ = _relation(cursor, address)
        cursor.execute(_ATTRIBUTES.format(oid=oid))
        attributes = [Attribute(**row) for row in cursor.fetch_arrow_table().to_pylist()]
        columns, notes = selected(attributes, source.types)
        cursor.execute(f"{_select(columns, address)} LIMIT 0")
        schema = cursor.fetch_arrow_table().schema
    return PostgresqlReader(address, columns, notes, schema)


class PostgresqlReader:
    """See `TableReader`; the rows are those of one instant, in no order."""

    def __init__(self, address: Address, columns: list[Selected], notes: list[str], schema: pa.Schema) -> None:
        self._address, self._columns = address, columns
        self.notes = notes
        self.total: int | None = None
        described = [f.with_metadata(c.metadata) for f, c in zip(schema, columns, strict=True)]
        self.schema = pa.schema([_listed(field) for field in described])

    def batches(self, reject: Reject) -> Iterator[SourceBatch]:
        """Stream the rows of one SELECT: 16 MiB of them are held at a time."""
        first = 1
        with _transaction(self._address) as cursor:
            cursor.execute(_select(self._columns, self._address))
            for batch in cursor.fetch_record_batch():
                yield SourceBatch(batch.cast(self.schema), first)
                first += len(batch)


def digest_postgresql(text: str) -> str:
    """Digest of the rows of a table: any row written, changed or deleted since changes it.

    Every version of a row has a place and the number of the transaction that wrote it; of views and
    foreign tables, which have neither, the rows themselves are digested. The server reads the table once.
    """
    address = Address.parse(text)
    with _transaction(address) as cursor:
        _, kind = _relation(cursor, address)
        row = "concat(r.tableoid, r.ctid, r.xmin)" if kind in _STORED else "r::text"
        cursor.execute(
            "SELECT concat(count(*), ' ', sum(hashtextextended("
            f"{row}, 0)::numeric))::text AS digest FROM {_name(address)} r"
        )
        found = cursor.fetch_arrow_table()["digest"][0].as_py()
    return digest_text(f"{address.place}\0{found}")


def _listed(field: pa.Field) -> pa.Field:
    """Lists keep their type, without the names that the driver gives to elements."""
    return field.with_type(pa.list_(field.type.value_type)) if pa.types.is_list(field.type) else field


def _select(columns: list[Selected], address: Address) -> str:
    return f"SELECT {', '.join(f'{c.expression} AS {quoted(c.name)}' for c in columns)} FROM {_name(address)}"


def _name(address: Address) -> str:
    return f"{quoted(address.schema)}.{quoted(address.table)}"


def _relation(cursor: Cursor, address: Address) -> tuple[int, str]:
    """Return the number and kind of the table."""
    cursor.execute(_RELATIONS)
    known = {(r["schema"], r["name"]): (r["oid"], r["kind"]) for r in cursor.fetch_arrow_table().to_pylist()}
    found = known.get((address.schema, address.table))
    if found is not None:
        return int(found[0]), str(found[1])
    near = difflib.get_close_matches(f"{address.schema}.{address.table}", [".".join(k) for k in known], 1)
    raise UsageError(
        "source.postgresql_table",
        "{place}: this user sees no table {table} there{hint}",
        place=address.place,
        table=f"{address.schema}.{address.table}",
        hint=f"; did you mean {near[0]}?" if near else "",
    )


@contextmanager
def _transaction(address: Address) -> Iterator[Cursor]:
    """A cursor in a transaction that only reads, and sees one instant."""
    try:
        from adbc_driver_manager import Error
        from adbc_driver_postgresql import dbapi
    except ImportError as error:
        raise UsageError(
            "source.postgresql_library",
            "reading from PostgreSQL needs a library that is not installed; `pip install tianku[postgres]`",
        ) from error
    try:
        with dbapi.connect(address.url) as connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield cursor
    except Error as error:
        raise TransientError(
            "source.postgresql",
            "{place}: PostgreSQL says: {reason}",
            retry_after=60,
            place=address.place,
            reason=address.without_secrets(str(error)),
        ) from None
