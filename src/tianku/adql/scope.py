"""The names that are visible at one place of a query."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlglot import exp

from tianku.adql.schema import HIDDEN, TableRef
from tianku.model.metadata import Column


class Field(NamedTuple):
    """A column of a source: the name callers use, the name in the tree, and its facts."""

    name: str
    internal: str
    column: Column


def column_node(key: str, internal: str) -> exp.Column:
    """Return a qualified, quoted column."""
    return exp.Column(this=exp.Identifier(this=internal, quoted=True), table=exp.Identifier(this=key, quoted=True))


class Source:
    """One table or sub-query of a FROM clause.

    `key` is its alias in the tree, `alias` the correlation name in the query,
    `path` (schema, table) when the table may also be named in full.
    """

    def __init__(
        self,
        key: str,
        alias: str,
        fields: list[Field],
        path: tuple[str | None, str] | None = None,
        ref: TableRef | None = None,
    ) -> None:
        self.key, self.alias, self.path, self.ref = key, alias, path, ref
        self.fields = fields
        self._index: dict[str, list[Field]] = {}
        for f in fields:
            self._index.setdefault(f.name.lower(), []).append(f)

    def find(self, name: str, quoted: bool) -> list[Field]:
        """Return the fields of this name; quoted names are compared with case."""
        found = self._index.get(name.lower(), [])
        return [f for f in found if f.name == name] if quoted else found

    def names(self) -> Iterator[str]:
        """Names to suggest."""
        return (f.name for f in self.fields)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._index


def table_fields(ref: TableRef) -> list[Field]:
    """Return the fields of a table: its declared columns without internal ones."""
    return [Field(c.name, c.name, c) for c in ref.table.columns if c.name not in HIDDEN]


class Merged(NamedTuple):
    """A column that USING or NATURAL made of two."""

    name: str
    node: exp.Expr
    column: Column


@dataclass(slots=True)
class Frame:
    """The result of a FROM clause, or of a part of it."""

    sources: list[Source] = field(default_factory=list)
    merged: dict[str, Merged] = field(default_factory=dict)

    def lookup(self, name: str, quoted: bool = False) -> list[Merged]:
        """Return every column that an unqualified name can mean."""
        merged = self.merged.get(name.lower())
        if merged is not None:
            return [merged]
        return [
            Merged(f.name, column_node(s.key, f.internal), f.column)
            for s in self.sources
            for f in s.find(name, quoted)
        ]

    def star(self) -> Iterator[Merged]:
        """Yield the columns of ``*``: merged ones first, then each source in turn."""
        yield from (Merged(m.name, m.node.copy(), m.column) for m in self.merged.values())
        for source in self.sources:
            yield from self.star_of(source, skip=True)

    def star_of(self, source: Source, skip: bool = False) -> Iterator[Merged]:
        """Yield the columns of one source; `skip` leaves out what was merged."""
        for f in source.fields:
            if not (skip and f.name.lower() in self.merged):
                yield Merged(f.name, column_node(source.key, f.internal), f.column)

    def names(self) -> set[str]:
        """Folded names that NATURAL JOIN compares."""
        return {f.name.lower() for s in self.sources for f in s.fields}


@dataclass(slots=True)
class Scope:
    """A frame and the scope around it (for correlated sub-queries)."""

    frame: Frame
    parent: Scope | None = None

    def source(self, table: str, quoted: bool, schema: str | None = None) -> list[Source]:
        """Return the sources of the innermost scope that has any of this name."""
        scope: Scope | None = self
        while scope is not None:
            found = [s for s in scope.frame.sources if _named(s, table, quoted, schema)]
            if found:
                return found
            scope = scope.parent
        return []


def _named(source: Source, table: str, quoted: bool, schema: str | None) -> bool:
    if schema is not None:
        path = source.path
        return path is not None and path[1].lower() == table.lower() and _same_schema(path[0], schema, source)
    return source.alias == table if quoted else source.alias.lower() == table.lower()


def _same_schema(written: str | None, schema: str, source: Source) -> bool:
    real = source.ref.table.schema_name.lower() if source.ref else None
    return schema.lower() in ((written or "").lower(), real)
