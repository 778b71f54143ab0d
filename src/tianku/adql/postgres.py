"""The PostgreSQL front end of ``/sql``: what its grammar and ADQL's have in common, as the same checked tree.

The text is read by sqlglot; only nodes named here are taken over, so a statement holds nothing that ADQL
has not. q3c's radial functions become geometry.
"""

from __future__ import annotations

from itertools import zip_longest

from sqlglot import exp
from sqlglot.dialects import Postgres
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokens import Token, TokenType

from tianku.adql import limits
from tianku.adql.lexer import Source
from tianku.adql.parser import Statement
from tianku.adql.postgres_values import Values

#: no value begins before the one kind of words, or ends after the other
_ENDS = frozenset({TokenType.COMMA, TokenType.R_PAREN, TokenType.FROM, TokenType.WHERE})
_STARTS = frozenset({
    TokenType.L_PAREN, TokenType.SELECT, TokenType.DISTINCT, TokenType.ORDER_BY, TokenType.GROUP_BY, TokenType.FROM
})  # fmt: skip
#: parentheses within one another; each costs the reader a dozen frames
_NESTING = 30
_SETS = (exp.Union, exp.Except, exp.Intersect)
_CLAUSES = frozenset(
    ("kind", "expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct",
     "with_", "this", "expression", "alias", "db", "side", "method", "on", "using")
)  # fmt: skip


def parse_postgres(text: str) -> Statement:
    """Read one SELECT of PostgreSQL.

    Raises
    ------
    UsageError
        ``adql.syntax``, ``adql.not_supported``; with line and column.
    LimitError
        ``adql.too_long``, ``adql.too_many_tokens``, ``adql.too_deep``.
    """
    limits.check_bytes(text)
    source = Source(text)
    try:
        tokens = Postgres().tokenize(text)
        _check(tokens, source)
        parsed = [one for one in Postgres().parser().parse(tokens, text) if one is not None]
    except ParseError as error:
        said = error.errors[0] if error.errors else {}
        raise source.error("adql.syntax", _place(said.get("line"), said.get("col"), said, text),
                           "{reason}", reason=_reason(said)) from None  # fmt: skip
    except TokenError:
        raise source.error("adql.syntax", 0, "a text or a comment has no end") from None
    except RecursionError:
        limits.check_depth(limits.DEPTH + 1)
        raise
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Query):
        raise source.error("adql.syntax", 0, "one SELECT is expected")
    return Statement(_Reader(source).statement(parsed[0]), source)


def _check(tokens: list[Token], source: Source) -> None:
    """Bound what the reader, which recurses, is given; it also passes over what is missing beside a comma."""
    limits.check_tokens(len(tokens))
    depth = 0
    for token, after in zip_longest(tokens, tokens[1:]):
        ended = after is None or after.token_type in _ENDS
        started = token.token_type in _STARTS and after is not None and after.token_type is TokenType.COMMA
        if started or (token.token_type is TokenType.COMMA and ended):
            raise source.error("adql.syntax", token.start, "a value is missing beside the comma")
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth > _NESTING or token.token_type is TokenType.COMMAND:
            limits.check_depth(limits.DEPTH + 1 if depth > _NESTING else 0)


def _place(line: int | None, column: int | None, said: object, text: str) -> int:
    """Return the offset that sqlglot's line and column (the end of the token there) stand for."""
    lines = text.split("\n")[: max(0, (line or 1) - 1)]
    word = str(said.get("highlight") or "") if isinstance(said, dict) else ""
    return min(len(text), sum(len(one) + 1 for one in lines) + max(0, (column or 1) - max(1, len(word))))


def _reason(said: object) -> str:
    if not isinstance(said, dict):
        return "this cannot be read"
    word = str(said.get("highlight") or "")[:40]
    return f"unexpected `{word}`" if word else "the query ends too early"


class _Reader(Values):
    """Takes statements over, clause by clause."""

    _unnamed = 0

    def statement(self, node: exp.Query) -> exp.Query:
        """Take the outermost query over, with its WITH queries."""
        clause = node.args.get("with_")
        if clause is not None and clause.args.get("recursive"):
            raise self.unsupported(node, "WITH RECURSIVE")
        ctes = [self._cte(one) for one in clause.expressions] if clause is not None else []
        node.set("with_", None)
        query = self.query(node)
        if ctes:
            query.set("with_", exp.With(expressions=ctes))
        return query

    def _cte(self, node: exp.CTE) -> exp.CTE:
        name = node.args["alias"]
        alias = exp.TableAlias(this=self.name(name.this), columns=[self.name(one) for one in name.columns])
        return exp.CTE(this=self.query(node.this), alias=alias)

    def query(self, node: exp.Expr) -> exp.Query:
        """Take a query over."""
        self.deeper(limits.SUBQUERY_DEPTH)
        if isinstance(node, exp.Select):
            made: exp.Query = self._select(node)
        elif isinstance(node, _SETS):
            made = type(node)(
                this=self.query(node.this), expression=self.query(node.expression),
                distinct=bool(node.args.get("distinct")),
            )  # fmt: skip
        elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
            made = exp.Subquery(this=self.query(node.this))
        else:
            raise self.unsupported(node, node.key.upper())
        self._tail(node, made)
        self.deeper(-limits.SUBQUERY_DEPTH)
        return made

    def _tail(self, node: exp.Expr, made: exp.Query) -> None:
        for clause, value in node.args.items():
            if value and clause not in _CLAUSES:
                raise self.unsupported(node, clause.replace("_", " ").strip().upper())
        order = node.args.get("order")
        if order is not None:
            made.set("order", exp.Order(expressions=[self._ordered(one) for one in order.expressions]))
        for bound, kind in (("limit", exp.Limit), ("offset", exp.Offset)):
            said = node.args.get(bound)
            if said is not None and not isinstance(said, kind):
                raise self.unsupported(node, f"{said.key.upper()} (write LIMIT)")
            if said is not None and not isinstance(said.expression, exp.Null):
                made.set(bound, kind(expression=exp.Literal.number(self.whole(said.expression, bound.upper()))))

    def _ordered(self, node: exp.Ordered) -> exp.Ordered:
        """Take one item of ORDER BY over; nulls come last, also where PostgreSQL has them first (DESC)."""
        if node.args.get("nulls_first") and not node.args.get("desc"):
            raise self.unsupported(node, "NULLS FIRST")
        return self.mark(exp.Ordered(this=self.value(node.this), desc=bool(node.args.get("desc"))), node)

    def _select(self, node: exp.Select) -> exp.Select:
        if node.args.get("from_") is None:
            raise self.unsupported(node, "SELECT without FROM")
        select = self.mark(exp.Select(), node)
        distinct = node.args.get("distinct")
        if distinct is not None:
            if distinct.args.get("on") is not None:
                raise self.unsupported(node, "DISTINCT ON")
            select.set("distinct", exp.Distinct())
        if not node.expressions:
            raise self.unsupported(node.args["from_"], "SELECT of no columns")
        select.set("expressions", [self._item(one) for one in node.expressions])
        first = node.args["from_"].this
        select.set("from_", exp.From(this=self._source(first)))
        joins = [*(first.args.get("joins") or ()), *(node.args.get("joins") or ())]
        limits.check_depth(len(joins))
        select.set("joins", [self._join(one) for one in joins])
        for clause, kind in (("where", exp.Where), ("having", exp.Having)):
            if node.args.get(clause) is not None:
                select.set(clause, kind(this=self.condition(node.args[clause].this)))
        if node.args.get("group") is not None:
            select.set("group", self._group(node, node.args["group"]))
        return select

    def _group(self, node: exp.Select, group: exp.Group) -> exp.Group:
        """Take GROUP BY over; numbers stand for outputs, which ADQL does not know."""
        made = []
        for item in group.expressions:
            if isinstance(item, exp.Literal) and not item.is_string:
                number = self.whole(item, "GROUP BY")
                if not 1 <= number <= len(node.expressions):
                    raise self.unsupported(item, f"GROUP BY {number}")
                item = node.expressions[number - 1].unalias()
            made.append(self.value(item))
        if not made:
            raise self.unsupported(group, "this GROUP BY")
        return exp.Group(expressions=made)

    def _item(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Star):
            return self.mark(exp.Star(), node)
        if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
            return self.column(node)
        if isinstance(node, exp.Alias):
            return self.mark(exp.Alias(this=self.value(node.this), alias=self.name(node.args["alias"])), node)
        return self.value(node)

    def _source(self, node: exp.Expr) -> exp.Expr:
        alias = node.args.get("alias")
        if alias is not None and alias.args.get("columns"):
            raise self.unsupported(node, "an alias with columns")
        named = None if alias is None else exp.TableAlias(this=self.name(alias.this))
        if any(value for key, value in node.args.items() if key not in _CLAUSES | {"catalog"}):
            raise self.unsupported(node, f"{node.sql(dialect='postgres')[:40]} in FROM")
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            parts = {key: self.name(node.args[key]) for key in ("this", "db", "catalog") if node.args.get(key)}
            table: exp.Expr = self.mark(exp.Table(**parts), node.this)
        elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
            named = named or self._made_up()
            table = self.mark(exp.Subquery(this=self.query(node.this)), node)
        else:
            raise self.unsupported(node, f"{node.sql(dialect='postgres')[:40]} in FROM")
        if named is not None:
            table.set("alias", named)
        return table

    def _join(self, node: exp.Join) -> exp.Join:
        kind = str(node.args.get("kind") or "").upper()
        if kind not in ("", "INNER", "OUTER", "CROSS"):
            raise self.unsupported(node, f"{kind} JOIN")
        if node.this.args.get("joins"):
            raise self.unsupported(node, "a join within a join without parentheses")
        join = self.mark(exp.Join(this=self._source(node.this)), node)
        side, method = (str(node.args.get(key) or "").upper() for key in ("side", "method"))
        if side:
            join.set("side", side)
        if method:
            if method != "NATURAL":
                raise self.unsupported(node, f"{method} JOIN")
            join.set("method", method)
        if node.args.get("on") is not None:
            join.set("on", self.condition(node.args["on"]))
        elif node.args.get("using"):
            join.set("using", [self._common(one) for one in node.args["using"]])
        return join

    def _common(self, node: exp.Expr | str) -> exp.Identifier:
        return self.name(exp.to_identifier(node) if isinstance(node, str) else node)

    def _made_up(self) -> exp.TableAlias:
        """A sub-query without an alias gets one that no text can name."""
        self._unnamed += 1
        return exp.TableAlias(this=exp.Identifier(this=f" {self._unnamed}", quoted=True))
