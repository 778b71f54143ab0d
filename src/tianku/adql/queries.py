"""Grammar of queries: SELECT, FROM, set operators, WITH (ADQL 2.1 section 2 and appendix A)."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from tianku.adql import limits
from tianku.adql.expressions import Expressions
from tianku.adql.lexer import Token

_SETS: dict[str, type[exp.SetOperation]] = {
    "UNION": exp.Union, "EXCEPT": exp.Except, "INTERSECT": exp.Intersect,
}  # fmt: skip


class Queries(Expressions):
    """Reads a whole statement into the tree of `tianku.adql.parser.Statement`."""

    def statement(self) -> exp.Query:
        """Read one query to the end of the text; a single ``;`` may close it."""
        ctes = self._with() if self.at_word("WITH") else []
        query = self._query()
        if ctes:
            query.set("with_", exp.With(expressions=ctes))
        self.take_op(";")
        if self.token.kind != "end":
            raise self.expected("the end of the query")
        return query

    def _with(self) -> list[exp.CTE]:
        self.take()
        ctes = []
        while True:
            name = self.identifier("a name of a WITH query")
            columns = self._names() if self.at_op("(") else []
            self.expect_word("AS")
            alias = exp.TableAlias(this=name, columns=columns)
            ctes.append(exp.CTE(this=self.subquery().this, alias=alias))
            if not self.take_op(","):
                return ctes

    def _names(self) -> list[exp.Identifier]:
        """Read ``(name, name …)``."""
        self.expect_op("(")
        names = [self.identifier("a column name")]
        while self.take_op(","):
            names.append(self.identifier("a column name"))
        self.expect_op(")")
        return names

    def subquery(self) -> exp.Subquery:
        """Read a query in parentheses."""
        token = self.token
        if not (self.at_op("(")):
            raise self.expected("a sub-query in parentheses")
        self.take()
        self.enter(limits.SUBQUERY_DEPTH)
        query = self._query()
        self.depth -= limits.SUBQUERY_DEPTH
        self.expect_op(")")
        return self.mark(exp.Subquery(this=query), token)

    def _query(self) -> exp.Query:
        query = self._set_operation()
        if self.at_word("ORDER"):
            self.take()
            self.expect_word("BY")
            query.set("order", exp.Order(expressions=self._list(self._order_item)))
        if self.take_word("OFFSET"):
            count = self.unsigned("an unsigned integer after OFFSET")
            query.set("offset", exp.Offset(expression=exp.Literal.number(count)))
        return query

    def _set_operation(self) -> exp.Query:
        left = self._intersection()
        levels = 0
        while word := self.take_word("UNION", "EXCEPT"):
            levels += 1
            left = self._combined(word, left, self._all(), self._intersection(), levels)
        return left

    def _intersection(self) -> exp.Query:
        left = self._operand()
        levels = 0
        while self.take_word("INTERSECT"):
            levels += 1
            left = self._combined("INTERSECT", left, self._all(), self._operand(), levels)
        return left

    def _all(self) -> bool:
        return self.take_word("ALL") is not None

    @staticmethod
    def _combined(word: str, left: exp.Query, keep: bool, right: exp.Query, levels: int) -> exp.Query:
        limits.check_depth(levels * limits.SUBQUERY_DEPTH)
        return _SETS[word](this=_bare(left), expression=_bare(right), distinct=not keep)

    def _operand(self) -> exp.Query:
        return self.subquery() if self.at_op("(") else self._select()

    def _select(self) -> exp.Select:
        token = self.token
        self.expect_word("SELECT")
        select = self.mark(exp.Select(), token)
        if self.take_word("DISTINCT", "ALL") == "DISTINCT":
            select.set("distinct", exp.Distinct())
        if self.take_word("TOP"):
            count = self.unsigned("an unsigned integer after TOP")
            select.set("limit", exp.Limit(expression=exp.Literal.number(count)))
        select.set("expressions", self._list(self._item))
        self.expect_word("FROM")
        self._from(select)
        if self.take_word("WHERE"):
            select.set("where", exp.Where(this=self.condition()))
        if self.take_word("GROUP"):
            self.expect_word("BY")
            select.set("group", exp.Group(expressions=self._list(lambda: self.value().node)))
        if self.take_word("HAVING"):
            select.set("having", exp.Having(this=self.condition()))
        return select

    def _list(self, item: Callable[[], exp.Expr]) -> list[exp.Expr]:
        items = [item()]
        while self.take_op(","):
            items.append(item())
        return items

    def _item(self) -> exp.Expr:
        token = self.token
        if self.take_op("*"):
            return self.mark(exp.Star(), token)
        if self.at_identifier() and (star := self._qualified_star()):
            return self.mark(star, token)
        term = self.value(what="a column or a value")
        alias = self._alias("an alias")
        node = term.node if alias is None else exp.Alias(this=term.node, alias=alias)
        return self.mark(node, token)

    def _qualified_star(self) -> exp.Column | None:
        """Read ``table.*`` if that is next."""
        length = 0
        while self.ahead(length).kind in ("name", "quoted") and self.ahead(length + 1).text == ".":
            length += 2
        star = self.ahead(length)
        if not length or star.kind != "op" or star.text != "*":
            return None
        parts = []
        for _ in range(length // 2):
            parts.append(self.identifier())
            self.take()
        self.take()
        if len(parts) > 3:
            raise self.expected("a table name of at most three parts", star)
        keys = dict(zip(("table", "db", "catalog"), reversed(parts), strict=False))
        return exp.Column(this=exp.Star(), **keys)

    def _alias(self, what: str) -> exp.Identifier | None:
        if self.take_word("AS"):
            return self.identifier(what)
        return self.identifier() if self.at_identifier() else None

    def _order_item(self) -> exp.Ordered:
        token = self.token
        node = self.value(what="a column, a value or a column number").node
        descending = self.take_word("ASC", "DESC") == "DESC"
        return self.mark(exp.Ordered(this=node, desc=descending), token)

    def _from(self, select: exp.Select) -> None:
        first = self._joined_table()
        joins = list(first.args.get("joins") or ())
        first.set("joins", None)
        while self.take_op(","):
            joins.append(exp.Join(this=_together(self._joined_table())))
            limits.check_depth(len(joins))
        select.set("from_", exp.From(this=first))
        select.set("joins", joins)

    def _joined_table(self) -> exp.Expr:
        table = self._table()
        joins: list[exp.Join] = []
        while (join := self._join()) is not None:
            joins.append(join)
            limits.check_depth(len(joins))
        if joins:
            table.set("joins", joins)
        return table

    def _join(self) -> exp.Join | None:
        token = self.token
        natural = self.take_word("NATURAL")
        side = self.take_word("LEFT", "RIGHT", "FULL", "INNER")
        if side and side != "INNER":
            self.take_word("OUTER")
        if natural or side:
            self.expect_word("JOIN")
        elif not self.take_word("JOIN"):
            return None
        join = self.mark(exp.Join(this=self._table()), token)
        if side and side != "INNER":
            join.set("side", side)
        if natural:
            join.set("method", "NATURAL")
        else:
            self._specification(join)
        return join

    def _specification(self, join: exp.Join) -> None:
        if self.take_word("ON"):
            join.set("on", self.condition())
        elif self.take_word("USING"):
            join.set("using", self._names())
        else:
            raise self.expected("ON or USING after JOIN (write a comma for all combinations)")

    def _table(self) -> exp.Expr:
        token = self.token
        if self.at_op("("):
            return self._parenthesised_table(token)
        parts = [self.identifier("a table name")]
        while self.take_op("."):
            parts.append(self.identifier("a table name"))
        if len(parts) > 3:
            raise self.expected("a table name of at most three parts", token)
        table = exp.Table(**dict(zip(("this", "db", "catalog"), reversed(parts), strict=False)))
        if self.at_op("("):
            raise self.source.error("adql.syntax", token.at, "a function cannot stand in FROM")
        alias = self._alias("an alias of the table")
        if alias is not None:
            table.set("alias", exp.TableAlias(this=alias))
        return self.mark(table, token)

    def _parenthesised_table(self, token: Token) -> exp.Expr:
        if self._holds_query():
            query = self.subquery()
            alias = self._alias("an alias of the sub-query")
            if alias is None:
                raise self.expected("an alias of the sub-query: (SELECT …) AS name")
            query.set("alias", exp.TableAlias(this=alias))
            return query
        self.take()
        self.enter(limits.SUBQUERY_DEPTH)
        table = self._joined_table()
        self.depth -= limits.SUBQUERY_DEPTH
        if not table.args.get("joins"):
            raise self.expected("JOIN in a table in parentheses")
        self.expect_op(")")
        return self.mark(exp.Subquery(this=table), token)

    def _holds_query(self) -> bool:
        """Whether the parenthesis that is next holds a query, not a join."""
        depth = 0
        while self.ahead(depth).kind == "op" and self.ahead(depth).text == "(":
            depth += 1
        token = self.ahead(depth)
        if token.kind != "word" or token.text != "SELECT":
            return False
        if depth == 1:
            return True
        after = self.tokens[self._closing(self.index + 1) + 1]
        return after.text in (*_SETS, ")", "ORDER", "OFFSET") and after.kind in ("word", "op")

    def _closing(self, index: int) -> int:
        """Return the index of the parenthesis that closes the one at `index`."""
        depth = 0
        for i in range(index, len(self.tokens) - 1):
            token = self.tokens[i]
            if token.kind == "op":
                depth += (token.text == "(") - (token.text == ")")
                if depth == 0:
                    return i
        raise self.expected("`)`", self.tokens[-1])


def _together(table: exp.Expr) -> exp.Expr:
    """A join after a comma binds tighter than the comma: keep it in parentheses."""
    return exp.Subquery(this=table) if table.args.get("joins") else table


def _bare(query: exp.Query) -> exp.Query:
    """A side of a set operator that is one SELECT means the same without its parentheses."""
    inner = query.this if isinstance(query, exp.Subquery) else None
    plain = isinstance(inner, exp.Select) and not (inner.args.get("order") or inner.args.get("offset"))
    return inner if plain and isinstance(inner, exp.Select) else query
