"""Tables that come with a query: what a caller may see, and these under a schema of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from tianku.adql.schema import SchemaView
from tianku.model.metadata import TableMeta

#: their schema (TAP 1.1, 2.5)
SCHEMA = "TAP_UPLOAD"


class WithUploads:
    """A `SchemaView` over another one and the tables `own`, of schema `SCHEMA`, which nothing hides or changes."""

    def __init__(self, view: SchemaView, own: Iterable[TableMeta]) -> None:
        self._view = view
        self._own = {table.name.lower(): table for table in own}

    def find(self, schema: str | None, table: str) -> TableMeta | None:
        """Return the table; see `SchemaView`."""
        if schema is not None and schema.lower() == SCHEMA.lower():
            return self._own.get(table.lower())
        return self._view.find(schema, table)

    def names(self) -> Iterable[str]:
        """Return names to suggest; see `SchemaView`."""
        yield from (table.qualified_name for table in self._own.values())
        yield from self._view.names()

    def row_filter(self, table: TableMeta) -> exp.Expression | None:
        """Return the condition on rows; see `SchemaView`."""
        return None if self._is_own(table) else self._view.row_filter(table)

    def computed(self, table: TableMeta) -> Mapping[str, exp.Expression]:
        """Return the computed columns; see `SchemaView`."""
        return {} if self._is_own(table) else self._view.computed(table)

    def _is_own(self, table: TableMeta) -> bool:
        return table is self._own.get(table.name.lower())
