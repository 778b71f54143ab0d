"""What all parts of the resolver share: the query, the schema, keys, and its errors."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlglot import exp

from tianku.adql import limits
from tianku.adql.parser import Statement
from tianku.adql.schema import SchemaView, TableRef
from tianku.adql.scope import Field, Frame, Merged, Scope, Source, column_node
from tianku.adql.values import Value
from tianku.model.errors import UsageError


@dataclass(slots=True)
class Block:
    """The SELECT that is being resolved, and the clause in it."""

    scope: Scope
    clause: str = "SELECT"
    #: clause allows aggregates; False inside one
    aggregates: bool = False
    aggregated: bool = False
    #: whether the condition at hand holds for every row that matters
    certain: bool = False
    #: whether it must hold for the pair of rows that a join makes, and the sources whose rows it alone chooses
    joint: bool = False
    free: frozenset[str] = frozenset()
    #: output names that ORDER BY and GROUP BY may use when no column has the name
    aliases: dict[str, Value] = field(default_factory=dict)


@dataclass(slots=True)
class Cte:
    """A resolved WITH query."""

    name: exp.Identifier
    key: str
    fields: list[Field] = field(default_factory=list)


class Context:
    """State of one resolution."""

    def __init__(self, statement: Statement, view: SchemaView) -> None:
        self.source = statement.source
        self.view = view
        self.references: dict[str, TableRef] = {}
        self.ctes: dict[str, Cte] = {}
        self.cte_nodes: list[exp.CTE] = []
        self.block = Block(Scope(Frame()))
        self.open_joins = 0
        self._keys = 0
        self._nodes = 0

    def key(self, letter: str) -> str:
        """Return a fresh alias."""
        self._keys += 1
        return f"{letter}{self._keys}"

    def spend(self, nodes: int) -> None:
        """Count nodes of the tree against the limit."""
        self._nodes += nodes
        limits.check_nodes(self._nodes)

    def copies(self, node: exp.Expr, times: int) -> exp.Expr:
        """Return a node that will be written `times` times, counted against the limit."""
        self.spend(times * sum(1 for _ in node.walk()))
        return node

    def error(self, code: str, node: exp.Expr, template: str, **params: object) -> UsageError:
        """Return an error at the place of a node."""
        return self.source.error(code, place(node), template, **params)

    def unsupported(self, node: exp.Expr, template: str, **params: object) -> UsageError:
        """Return the error of valid ADQL that this service does not do."""
        return self.error("adql.not_supported", node, template, **params)

    # Names -----------------------------------------------------------------------------------

    def column(self, node: exp.Column) -> Value:
        """Resolve a column name."""
        name = node.this
        table = node.args.get("table")
        found = self._qualified(node) if table is not None else self._unqualified(name)
        if not found:
            alias = self.block.aliases.get(name.name.lower()) if table is None else None
            if alias is not None:
                return Value(self.copies(alias.node, 1).copy(), alias.column)
            raise self._unknown_column(node)
        if len(found) > 1:
            raise self.error(
                "adql.ambiguous_column", node,
                "column `{name}` is in several tables of FROM; write table.{name}", name=name.name,
            )  # fmt: skip
        self.spend(3)
        value = Value(found[0].node.copy(), found[0].column)
        value.node.meta["at"] = place(node)
        value.node.meta["name"] = found[0].name
        return value

    def _unqualified(self, name: exp.Identifier) -> list[Merged]:
        scope: Scope | None = self.block.scope
        while scope is not None:
            found = scope.frame.lookup(name.name, bool(name.quoted))
            if found:
                return found
            scope = scope.parent
        return []

    def _qualified(self, node: exp.Column) -> list[Merged]:
        source = self.named_source(node)
        fields = source.find(node.name, bool(node.this.quoted))
        return [Merged(f.name, column_node(source.key, f.internal), f.column) for f in fields]

    def named_source(self, node: exp.Column) -> Source:
        """Return the source that the qualifier of a column (or of ``.*``) names."""
        table, schema = node.args["table"], node.args.get("db")
        quoted = bool(table.quoted)
        found = self.block.scope.source(table.name, quoted, schema.name if schema is not None else None)
        if len(found) > 1:
            raise self.error(
                "adql.ambiguous_column", node, "several tables of FROM are called `{name}`", name=table.name
            )
        if not found or node.args.get("catalog") is not None:
            known = sorted({s.alias for s in self.block.scope.frame.sources})
            raise self.error(
                "adql.unknown_table", node, "no table `{name}` in FROM{hint}",
                name=_dotted(schema, table), hint=suggestion(table.name, known) or f"; there is {_listed(known)}",
            )  # fmt: skip
        return found[0]

    def _unknown_column(self, node: exp.Column) -> UsageError:
        name, table = node.name, node.args.get("table")
        sources = [self.named_source(node)] if table is not None else self.block.scope.frame.sources
        known = [n for s in sources for n in s.names()]
        where = sources[0].ref.table.qualified_name if len(sources) == 1 and sources[0].ref else ""
        where = where or ", ".join(s.ref.table.qualified_name if s.ref else s.alias for s in sources)
        exact = [n for n in known if n.lower() == name.lower()]
        hint = f'; quoted names keep their case, did you mean "{exact[0]}"?' if exact else ""
        return self.error(
            "adql.unknown_column", node, "no column `{name}` in {where}{hint}",
            name=name, where=where, hint=hint or suggestion(name, known),
        )  # fmt: skip


def place(node: exp.Expr) -> int:
    """Return the offset where a node begins (0 when it came from nowhere)."""
    at = node.meta.get("at")
    if at is None:
        found = (n.meta["at"] for n in node.walk() if "at" in n.meta)
        at = next(found, 0)
    return int(at)


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean `x`?`` for the nearest of what the caller may see, or nothing."""
    folded = {k.lower(): k for k in known}
    near = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    return f"; did you mean `{folded[near[0]]}`?" if near else ""


def _dotted(schema: exp.Identifier | None, table: exp.Identifier) -> str:
    return f"{schema.name}.{table.name}" if schema is not None else str(table.name)


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{n}`" for n in names) or "none"
