"""Resolution of queries: SELECT lists, groups, order, set operators, WITH."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from tianku.adql.context import Block, Cte
from tianku.adql.outputs import Output, output_name, ungrouped, unique_names
from tianku.adql.scope import Field, Frame, Merged, Scope
from tianku.adql.tables import Tables, equalities
from tianku.adql.values import Value, common_type, described
from tianku.model.metadata import Column


class Blocks(Tables):
    """Turns a whole query of the parsed tree into a canonical one."""

    def statement(self, node: exp.Query) -> tuple[exp.Query, list[Output]]:
        """Resolve the outermost query with its WITH queries."""
        clause = node.args.get("with_")
        for cte in clause.expressions if clause is not None else ():
            self._define(cte)
        tree, outputs = self.body(node)
        if self.cte_nodes:
            tree.set("with_", exp.With(expressions=self.cte_nodes))
        return tree, outputs

    def _define(self, node: exp.CTE) -> None:
        name = node.args["alias"].this
        if name.name.lower() in self.ctes:
            raise self.error("adql.duplicate_name", name, "two WITH queries are called `{name}`", name=name.name)
        query, outputs = self.body(node.this)
        fields = [o.field() for o in outputs]
        renamed = node.args["alias"].columns
        if renamed:
            if len(renamed) != len(fields):
                raise self.error(
                    "adql.set_columns", name, "`{name}` names {given} columns, its query has {count}",
                    name=name.name, given=len(renamed), count=len(fields),
                )  # fmt: skip
            fields = [Field(c.name, f.internal, f.column) for c, f in zip(renamed, fields, strict=True)]
        key = f"c{len(self.ctes)}"
        self.ctes[name.name.lower()] = Cte(name, key, fields)
        alias = exp.TableAlias(this=exp.Identifier(this=key, quoted=True))
        self.cte_nodes.append(exp.CTE(this=query, alias=alias))

    def subselect(self, node: exp.Subquery) -> tuple[exp.Query, list[Value]]:
        """Resolve the query of EXISTS or IN, which sees the columns around it."""
        query, outputs = self.body(node.this)
        return query, [o.value for o in outputs]

    def body(self, node: exp.Query) -> tuple[exp.Query, list[Output]]:
        """Resolve a query in the current scope."""
        if isinstance(node, exp.Select):
            return self._select(node)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node)
        return self._parenthesised(node)

    def _parenthesised(self, node: exp.Query) -> tuple[exp.Query, list[Output]]:
        query, outputs = self.body(node.this)
        if not (node.args.get("order") or node.args.get("offset")):
            return query, outputs
        key = self.key("q")
        alias = exp.Identifier(this=key, quoted=True)
        source = exp.Subquery(this=query, alias=exp.TableAlias(this=alias))
        columns = [
            exp.Column(this=exp.Identifier(this=o.internal, quoted=True), table=alias.copy()) for o in outputs
        ]
        outer = exp.Select(from_=exp.From(this=source))
        outer.set("expressions", [
            exp.Alias(this=c, alias=exp.Identifier(this=o.internal, quoted=True))
            for c, o in zip(columns, outputs, strict=True)
        ])  # fmt: skip
        self._order_by_names(node, outer, outputs)
        return outer, outputs

    # Set operators ---------------------------------------------------------------------------

    def _set_operation(self, node: exp.SetOperation) -> tuple[exp.Query, list[Output]]:
        left, first = self.body(node.this)
        right, second = self.body(node.expression)
        if len(first) != len(second):
            raise self.error(
                "adql.set_columns", node.expression,
                "both sides of {word} need the same number of columns; they have {left} and {right}",
                word=node.key.upper(), left=len(first), right=len(second),
            )  # fmt: skip
        outputs = [self._united(a, b, node) for a, b in zip(first, second, strict=True)]
        tree = type(node)(this=_operand(left), expression=_operand(right), distinct=bool(node.args["distinct"]))
        self._order_by_names(node, tree, outputs)
        return tree, outputs

    def _united(self, a: Output, b: Output, node: exp.Expr) -> Output:
        one, two = a.value, b.value
        kind = two.type if one.null else one.type if two.null else common_type([one.type, two.type])
        if kind is None or (one.column.arraysize is None) != (two.column.arraysize is None):
            raise self.error(
                "adql.type_mismatch", node.expression,
                "column `{name}` is a {a} on one side and a {b} on the other",
                name=a.name, a=one.type, b=two.type,
            )  # fmt: skip
        facts: dict[str, object] = {"type": kind}
        for fact in ("unit", "ucd", "utype", "xtype", "arraysize"):
            first, second = getattr(one.column, fact), getattr(two.column, fact)
            facts[fact] = first if first == second or two.null or two.literal else None
        return Output(a.name, Value(one.node, described(one.column, **facts)), a.internal)

    def _order_by_names(self, node: exp.Query, tree: exp.Query, outputs: list[Output]) -> None:
        """ORDER BY of a set operation: columns of the result, by name or number."""
        items = []
        order = node.args.get("order")
        for item in order.expressions if order is not None else ():
            number = self._ordinal(item.this, outputs)
            if number is None:
                raise self.error(
                    "adql.order",
                    item,
                    "ORDER BY of a set operation takes columns of its result, by name or number",
                )
            items.append(exp.Ordered(this=exp.Literal.number(number), desc=bool(item.args.get("desc"))))
        if items:
            tree.set("order", exp.Order(expressions=items))
        _copy_bounds(node, tree)

    def _ordinal(self, node: exp.Expr, outputs: list[Output]) -> int | None:
        """Return the number of the output that an ORDER BY item names."""
        if isinstance(node, exp.Literal) and not node.is_string:
            if node.this.isdigit() and 1 <= int(node.this) <= len(outputs):
                return int(node.this)
            raise self.error(
                "adql.order", node, "ORDER BY {n}: the result has columns 1 to {count}",
                n=node.this, count=len(outputs),
            )  # fmt: skip
        if not isinstance(node, exp.Column) or node.args.get("table") is not None:
            return None
        quoted = bool(node.this.quoted)
        for i, output in enumerate(outputs):
            if output.name == node.name or (not quoted and output.name.lower() == node.name.lower()):
                return i + 1
        return None

    # SELECT ----------------------------------------------------------------------------------

    def _select(self, node: exp.Select) -> tuple[exp.Query, list[Output]]:
        outer = self.block
        parent = outer.scope
        block = self.block = Block(Scope(Frame(), parent))
        try:
            base, frame = self.chain(node.args["from_"].this)
            select = exp.Select(from_=exp.From(this=base))
            joins = []
            for join in node.args.get("joins") or ():
                canonical, frame = self.join(join, frame)
                joins.append(canonical)
            select.set("joins", joins)
            block.scope = Scope(frame, parent)
            outputs = self._clauses(node, select, block)
            self._judge_joins(select)
        finally:
            self.block = outer
        return select, outputs

    def _clauses(self, node: exp.Select, select: exp.Select, block: Block) -> list[Output]:
        where = node.args.get("where")
        if where is not None:
            block.clause, block.free = "WHERE", frozenset(source.key for source in block.scope.frame.sources)
            select.set("where", exp.Where(this=self.condition(where.this, certain=True, joint=True)))
        block.clause, block.aggregates = "SELECT", True
        outputs = self._outputs(node)
        block.aliases = {o.name.lower(): o.value for o in outputs}
        groups = self._groups(node, select, block)
        block.aliases = {}
        block.clause, block.aggregates = "HAVING", True
        having = node.args.get("having")
        if having is not None:
            select.set("having", exp.Having(this=self.condition(having.this)))
        block.clause, block.aliases = "ORDER BY", {o.name.lower(): o.value for o in outputs}
        self._order(node, select, outputs)
        self._check_groups(select, outputs, groups, block)
        select.set("distinct", exp.Distinct() if node.args.get("distinct") else None)
        select.set("expressions", [o.node() for o in outputs])
        _copy_bounds(node, select)
        return outputs

    def _outputs(self, node: exp.Select) -> list[Output]:
        outputs: list[Output] = []
        for item in node.expressions:
            if isinstance(item, exp.Star):
                self._expand(outputs, self.block.scope.frame.star())
            elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
                self._expand(outputs, self.block.scope.frame.star_of(self.named_source(item)))
            elif isinstance(item, exp.Alias):
                outputs.append(Output(item.args["alias"].name, self.value(item.this)))
            else:
                value = self.value(item)
                name = value.node.meta.get("name") or output_name(value, len(outputs))
                outputs.append(Output(str(name), value))
        unique_names(outputs)
        return outputs

    def _expand(self, outputs: list[Output], columns: Iterable[Merged]) -> None:
        for merged in columns:
            self.spend(3)
            outputs.append(Output(merged.name, Value(merged.node, merged.column)))

    def _groups(self, node: exp.Select, select: exp.Select, block: Block) -> set[exp.Expr] | None:
        group = node.args.get("group")
        if group is None:
            return None
        block.clause, block.aggregates = "GROUP BY", False
        nodes = []
        for item in group.expressions:
            value = self.value(item)
            if value.literal:
                raise self.error("adql.group", item, "GROUP BY takes columns and expressions, not constants")
            if value.node.find(exp.AggFunc):
                raise self.error("adql.aggregate", item, "an aggregate cannot stand in GROUP BY")
            nodes.append(value.node)
        select.set("group", exp.Group(expressions=[n.copy() for n in nodes]))
        return set(nodes)

    def _order(self, node: exp.Select, select: exp.Select, outputs: list[Output]) -> None:
        order = node.args.get("order")
        if order is None:
            return
        items = []
        for item in order.expressions:
            number = self._ordinal(item.this, outputs)
            key = exp.Literal.number(number) if number else self.value(item.this).node.copy()
            if number is None and node.args.get("distinct"):
                raise self.error("adql.order", item, "with DISTINCT, ORDER BY takes columns of the result only")
            items.append(exp.Ordered(this=key, desc=bool(item.args.get("desc"))))
        select.set("order", exp.Order(expressions=items))

    def _check_groups(
        self, select: exp.Select, outputs: list[Output], groups: set[exp.Expr] | None, block: Block
    ) -> None:
        if groups is None and not block.aggregated and select.args.get("having") is None:
            return
        nodes = [o.value.node for o in outputs]
        nodes += [select.args[c] for c in ("having", "order") if select.args.get(c) is not None]
        keys = {s.key for s in block.scope.frame.sources}
        for column in ungrouped(nodes, groups or set(), keys):
            raise self.error(
                "adql.group", column, "column `{name}` must stand in GROUP BY or inside an aggregate such as MAX",
                name=column.meta.get("name") or column.name,
            )  # fmt: skip

    def _judge_joins(self, select: exp.Select) -> None:
        """Count the joins that no equality bounds, in ON or WHERE."""
        joins = select.args.get("joins") or ()
        free = sum(1 for j in joins if not equalities(j.args.get("on")))
        where = select.args.get("where")
        self.open_joins += max(0, free - equalities(where.this if where is not None else None))


def _operand(query: exp.Query) -> exp.Query:
    """A side of a set operator with its own order or bounds needs parentheses, as has another operator."""
    bounded = any(query.args.get(k) is not None for k in ("order", "limit", "offset"))
    return exp.Subquery(this=query) if bounded or isinstance(query, exp.SetOperation) else query


def _copy_bounds(node: exp.Query, tree: exp.Query) -> None:
    for bound in ("limit", "offset"):
        if node.args.get(bound) is not None:
            tree.set(bound, node.args[bound].copy())


def result_columns(outputs: list[Output]) -> tuple[Column, ...]:
    """Return the columns of the result under their unique names."""
    return tuple(
        o.value.column if o.value.column.name == o.internal else described(o.value.column, name=o.internal)
        for o in outputs
    )
