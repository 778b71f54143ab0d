"""Which column of which table each column of a result is, unchanged."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from tianku.adql.schema import Origin, TableRef

Origins = tuple[Origin | None, ...]


def origins(tree: exp.Query, references: Mapping[str, TableRef]) -> Origins:
    """Return, for each output of a canonical tree, what it hands on; None for what is computed.

    Sub-queries and WITH queries are looked through; an output of a set operator has an origin when
    both of its sides have the same.
    """
    return _Tracer(tree, references).of(tree)


class _Tracer:
    """Traces each query of a tree once, however often it is used."""

    def __init__(self, tree: exp.Query, references: Mapping[str, TableRef]) -> None:
        self._references = references
        self._named = {one.alias: one.this for one in tree.find_all(exp.Subquery) if one.alias}
        common = {one.alias: one.this for one in tree.find_all(exp.CTE)}
        for table in tree.find_all(exp.Table) if common else ():
            if table.alias and table.name in common:
                self._named[table.alias] = common[table.name]
        self._found: dict[int, Origins] = {}
        self._places: dict[int, dict[str, int]] = {}

    def of(self, query: exp.Query) -> Origins:
        """Return the origins of the outputs of one query."""
        query = _bare(query)
        if id(query) not in self._found:
            self._found[id(query)] = self._trace(query)
        return self._found[id(query)]

    def _trace(self, query: exp.Query) -> Origins:
        if isinstance(query, exp.SetOperation):
            sides = zip(self.of(query.this), self.of(query.expression), strict=True)
            return tuple(one if _same(one, two) else None for one, two in sides)
        return tuple(self._traced(output.this) for output in query.expressions)

    def _traced(self, node: exp.Expr) -> Origin | None:
        if not isinstance(node, exp.Column):
            return None
        reference = self._references.get(node.table)
        if reference is not None:
            return Origin(reference.key, reference.table, node.name)
        inner = self._named.get(node.table)
        place = None if inner is None else self._place(inner).get(node.name)
        return None if inner is None or place is None else self.of(inner)[place]

    def _place(self, query: exp.Query) -> dict[str, int]:
        """Return output name -> number; the outputs of a set operator have the names of its first side."""
        query = _bare(query)
        while isinstance(query, exp.SetOperation):
            query = _bare(query.this)
        if id(query) not in self._places:
            self._places[id(query)] = {output.alias: i for i, output in enumerate(query.expressions)}
        return self._places[id(query)]


def _same(one: Origin | None, two: Origin | None) -> bool:
    if one is None or two is None:
        return False
    return (one.table.qualified_name, one.column) == (two.table.qualified_name, two.column)


def _bare(query: exp.Query) -> exp.Query:
    while isinstance(query, exp.Subquery):
        query = query.this
    return query
