"""Resolution of FROM: tables, row filters, sub-queries and joins."""

from __future__ import annotations

from abc import abstractmethod

from sqlglot import exp

from tianku.adql.conditions import Conditions
from tianku.adql.context import Block, Cte, suggestion
from tianku.adql.outputs import Output
from tianku.adql.restrict import filtered
from tianku.adql.schema import TableRef
from tianku.adql.scope import Frame, Merged, Scope, Source, table_fields
from tianku.adql.terms import balanced, wrap
from tianku.adql.values import Value
from tianku.model.metadata import TableMeta

_SUGGESTED = 20_000


class Tables(Conditions):
    """Turns table expressions into canonical ones, and says which columns they bring."""

    @abstractmethod
    def body(self, node: exp.Query) -> tuple[exp.Query, list[Output]]:
        """Resolve a query in the current scope; see `tianku.adql.blocks`."""

    def chain(self, node: exp.Expr) -> tuple[exp.Expr, Frame]:
        """Resolve a table with the joins that follow it."""
        base, frame = self._primary(node)
        joins = []
        for join in node.args.get("joins") or ():
            canonical, frame = self.join(join, frame)
            joins.append(canonical)
        if joins:
            base.set("joins", joins)
        return base, frame

    def _primary(self, node: exp.Expr) -> tuple[exp.Expr, Frame]:
        if isinstance(node, exp.Table):
            return self._table(node)
        if isinstance(node.this, exp.Query) and not isinstance(node.this, exp.Table):
            return self._derived(node)
        base, frame = self.chain(node.this)
        return exp.Subquery(this=base), frame

    # Tables ----------------------------------------------------------------------------------

    def _table(self, node: exp.Table) -> tuple[exp.Expr, Frame]:
        name, schema = node.this, node.args.get("db")
        alias = node.args.get("alias")
        cte = self._cte(name) if schema is None else None
        if cte is not None:
            return self._cte_reference(cte, alias.this if alias is not None else name)
        meta = self._meta(node)
        ref = TableRef(f"t{len(self.references)}", meta)
        self.references[ref.key] = ref
        path = None if alias is not None else (schema.name if schema is not None else None, name.name)
        shown = alias.this.name if alias is not None else name.name
        table = exp.Table(this=exp.Identifier(this=ref.key, quoted=True))
        condition, computed = self.view.row_filter(meta), self.view.computed(meta)
        plain = condition is None and not computed
        base = table if plain else filtered(table, condition.copy() if condition else None, computed)
        self.spend(10)
        return base, Frame([Source(ref.key, shown, table_fields(ref), path, ref)])

    def _meta(self, node: exp.Table) -> TableMeta:
        name, schema = node.this, node.args.get("db")
        meta = None
        if node.args.get("catalog") is None:
            meta = self.view.find(schema.name if schema is not None else None, name.name)
        if meta is not None and not (name.quoted and meta.name != name.name):
            return meta
        written = ".".join(p.name for p in (node.args.get("catalog"), schema, name) if p is not None)
        raise self.error(
            "adql.unknown_table", node, "no table `{name}`{hint}", name=written, hint=self._hint(written)
        )

    def _hint(self, written: str) -> str:
        known = [n for n, _ in zip(self.view.names(), range(_SUGGESTED), strict=False)]
        last = written.rsplit(".", 1)[-1].lower()
        same = sorted(n for n in known if n.lower().endswith("." + last))
        if same and "." not in written:
            return f"; did you mean `{same[0]}`?"
        return suggestion(written, [*known, *(c.name.name for c in self.ctes.values())])

    def _cte(self, name: exp.Identifier) -> Cte | None:
        cte = self.ctes.get(name.name.lower())
        if cte is not None and name.quoted and cte.name.quoted and cte.name.name != name.name:
            return None
        return cte

    def _cte_reference(self, cte: Cte, shown: exp.Identifier) -> tuple[exp.Expr, Frame]:
        key = self.key("q")
        table = exp.Table(
            this=exp.Identifier(this=cte.key, quoted=True),
            alias=exp.TableAlias(this=exp.Identifier(this=key, quoted=True)),
        )
        return table, Frame([Source(key, shown.name, cte.fields)])

    def _derived(self, node: exp.Expr) -> tuple[exp.Expr, Frame]:
        query, outputs = self.body(node.this)
        key = self.key("q")
        alias = exp.TableAlias(this=exp.Identifier(this=key, quoted=True))
        shown = node.args["alias"].this.name
        return exp.Subquery(this=query, alias=alias), Frame([Source(key, shown, [o.field() for o in outputs])])

    # Joins -----------------------------------------------------------------------------------

    def join(self, node: exp.Join, left: Frame) -> tuple[exp.Join, Frame]:
        """Resolve one join after `left`."""
        base, right = self.chain(node.this)
        frame = Frame([*left.sources, *right.sources], {**left.merged, **right.merged})
        side = node.args.get("side") or ""
        on = node.args.get("on")
        if on is not None:
            chosen = {"": [*left.sources, *right.sources], "LEFT": right.sources, "RIGHT": left.sources}.get(
                side, []
            )
            free = frozenset(source.key for source in chosen)
            condition: exp.Expr | None = self._on(on, frame, certain=not side, free=free)
        else:
            condition = self._using(node, left, right, frame, side)
        join = exp.Join(this=base, side=side or None, on=condition)
        if condition is None:
            join.set("kind", "CROSS")
        return join, frame

    def _on(self, node: exp.Expr, frame: Frame, certain: bool, free: frozenset[str]) -> exp.Expr:
        outer = self.block
        self.block = Block(Scope(frame, outer.scope.parent), clause="ON", free=free)
        try:
            return self.condition(node, certain, joint=True)
        finally:
            self.block = outer

    def _using(self, node: exp.Join, left: Frame, right: Frame, frame: Frame, side: str) -> exp.Expr | None:
        if node.args.get("method") == "NATURAL":
            common = sorted(left.names() & right.names())
            names = [exp.Identifier(this=n, quoted=False) for n in common]
        else:
            names = list(node.args.get("using") or ())
        parts: list[exp.Expr] = []
        for name in names:
            a, b = self._common(name, left, node), self._common(name, right, node)
            parts.append(self._equal(a, b, node))
            frame.merged[name.name.lower()] = _merge(a, b, side)
        if not parts:
            return exp.true() if side else None
        return balanced(exp.And, parts)

    def _common(self, name: exp.Identifier, frame: Frame, node: exp.Expr) -> Merged:
        found = frame.lookup(name.name, bool(name.quoted))
        if len(found) == 1:
            return found[0]
        at = name if "at" in name.meta else node
        if found:
            raise self.error(
                "adql.ambiguous_column", at, "column `{name}` of the join is in several tables", name=name.name
            )
        known = [n for s in frame.sources for n in s.names()]
        raise self.error(
            "adql.unknown_column", at, "column `{name}` of USING must be on both sides of JOIN{hint}",
            name=name.name, hint=suggestion(name.name, known),
        )  # fmt: skip

    def _equal(self, a: Merged, b: Merged, node: exp.Expr) -> exp.Expr:
        left, right = self._agree(Value(a.node.copy(), a.column), Value(b.node.copy(), b.column), node)
        return exp.EQ(this=wrap(self._exact(left)), expression=wrap(self._exact(right)))


def _merge(a: Merged, b: Merged, side: str) -> Merged:
    if side == "FULL":
        both = exp.Coalesce(this=a.node.copy(), expressions=[b.node.copy()])
        return Merged(a.name, both, a.column)
    return b if side == "RIGHT" else a


def is_equality(node: exp.Expr) -> bool:
    """Whether a condition equates columns of two sources."""
    if not isinstance(node, exp.EQ):
        return False
    sides = [next(iter(side.find_all(exp.Column)), None) for side in (node.this, node.expression)]
    return all(s is not None for s in sides) and len({s.table for s in sides if s is not None}) == 2


def equalities(condition: exp.Expr | None) -> int:
    """Count the equalities between sources that must hold."""
    if condition is None:
        return 0
    if isinstance(condition, exp.And):
        return equalities(condition.this) + equalities(condition.expression)
    inner = condition.this if isinstance(condition, exp.Paren) else condition
    return equalities(inner) if isinstance(inner, exp.And) else int(is_equality(inner))
