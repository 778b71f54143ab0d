"""From a parsed statement to the canonical tree, against what one caller may see."""

from __future__ import annotations

from sqlglot import exp

from tianku.adql.blocks import Blocks, result_columns
from tianku.adql.cases import Cases
from tianku.adql.origins import origins
from tianku.adql.parser import Statement
from tianku.adql.regions import Regions
from tianku.adql.schema import Resolved, SchemaView


class Resolver(Cases, Blocks, Regions):
    """All rules together."""


def resolve(statement: Statement, view: SchemaView) -> Resolved:
    """Bind the names of a statement, write out `*` and geometry, and put row filters in place.

    Raises
    ------
    UsageError
        ``adql.unknown_table``, ``adql.unknown_column``, ``adql.ambiguous_column``,
        ``adql.unknown_function``, ``adql.not_supported``, ``adql.type_mismatch``,
        ``adql.aggregate``, ``adql.group``, ``adql.order``, ``adql.set_columns``; with line and column.
    LimitError
        ``adql.too_complex``.
    """
    resolver = Resolver(statement, view)
    tree, outputs = resolver.statement(statement.tree)
    return Resolved(
        tree=tree,
        columns=result_columns(outputs),
        references=resolver.references,
        origins=origins(tree, resolver.references),
        top=_bound(tree, "limit"),
        offset=_bound(tree, "offset"),
        joins=resolver.open_joins,
    )


def _bound(tree: exp.Query, name: str) -> int | None:
    node = tree.args.get(name)
    return None if node is None else int(node.expression.this)
