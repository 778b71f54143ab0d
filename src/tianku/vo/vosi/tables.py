"""VOSI tables: the table set as XML, one table at a time (VOSI 1.1, 2.4; VODataService 1.2, 3.3)."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tianku.catalogue.tap_schema import delimited
from tianku.model.metadata import Column, ForeignKey, TableMeta
from tianku.model.types import DataType
from tianku.usecases.schema import SchemaListing
from tianku.vo.xml import template

_NAMESPACES = (
    'xmlns:vosi="http://www.ivoa.net/xml/VOSITables/v1.0" '
    'xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
_PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n'


def tableset(listings: Iterable[SchemaListing], *, columns: bool) -> Iterator[bytes]:
    """Yield a ``vosi:tableset``; `columns` False leaves columns and keys out (``detail=min``)."""
    macros = _macros()
    yield f"{_PROLOGUE}<vosi:tableset {_NAMESPACES}>\n".encode()
    for listing in listings:
        yield str(macros.schema({"name": listing.name, "description": listing.description})).encode()
        for table in listing.tables:
            yield _table(table, "    <table", "    </table>", columns)
        yield b"  </schema>\n"
    yield b"</vosi:tableset>\n"


def table_document(table: TableMeta) -> bytes:
    """Return the ``vosi:table`` of one table."""
    return _PROLOGUE.encode() + _table(table, f"<vosi:table {_NAMESPACES}", "</vosi:table>", True)


def _table(table: TableMeta, opened: str, closed: str, columns: bool) -> bytes:
    macros = _macros()
    parts = [f'{opened} type="table">\n', str(macros.head(_head(table)))]
    if columns:
        parts.append(_columns(_Same((table.columns, table.id_column))))
        parts.append(str(macros.keys([_key(table, key) for key in table.foreign_keys])))
    return "".join([*parts, f"{closed}\n"]).encode()


def _head(table: TableMeta) -> dict[str, Any]:
    return {
        "name": table.qualified_name,
        "title": str(table.title),
        "description": str(table.description),
        "utype": table.utype,
        "nrows": table.nrows,
    }


@dataclass(frozen=True, eq=False, slots=True)
class _Same:
    """Columns compared by identity: they are immutable, and hashing hundreds is what we avoid."""

    of: tuple[tuple[Column, ...], str | None]

    def __hash__(self) -> int:
        return hash((id(self.of[0]), self.of[1]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.of[0] is other.of[0] and self.of[1] == other.of[1]


@functools.lru_cache(maxsize=1024)
def _columns(same: _Same) -> str:
    columns, id_column = same.of
    return str(_macros().columns([_column(c, c.name == id_column) for c in columns]))


def _column(column: Column, primary: bool) -> dict[str, Any]:
    textual = column.type in (DataType.STRING, DataType.TIMESTAMP)
    flags = [("primary", primary), ("indexed", column.indexed), ("nullable", column.nullable)]
    return {
        "name": delimited(column.name),
        "description": str(column.description),
        "unit": column.unit,
        "ucd": column.ucd,
        "utype": column.utype,
        "xtype": column.xtype or ("timestamp" if column.type is DataType.TIMESTAMP else None),
        "datatype": column.votable,
        "arraysize": "*" if textual else column.arraysize,
        "std": column.std,
        "flags": [name for name, holds in flags if holds],
    }


def _key(table: TableMeta, key: ForeignKey) -> dict[str, Any]:
    target = key.target if "." in key.target else f"{table.schema_name}.{key.target}"
    return {"target": target, "pairs": list(zip(key.columns, key.target_columns, strict=True))}


def _macros() -> Any:
    return template("vosi", "tables.xml").module
