"""Grammar of values and conditions (ADQL 2.1 appendix A), by precedence climbing: few frames per level."""

from __future__ import annotations

import math
from abc import abstractmethod

from sqlglot import exp

from tianku.adql.calls import Calls
from tianku.adql.terms import Can, Term, balanced

_OR, _AND, _NOT, _PREDICATE, _CONCAT, _SUM, _PRODUCT = range(1, 8)

_OPS = {
    **dict.fromkeys(("=", "<>", "!=", "<", ">", "<=", ">="), _PREDICATE),
    "||": _CONCAT, "+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT,
}  # fmt: skip
_WORDS = {
    "OR": _OR, "AND": _AND,
    **dict.fromkeys(("NOT", "IN", "BETWEEN", "LIKE", "ILIKE", "IS"), _PREDICATE),
}  # fmt: skip
_COMPARE: dict[str, type[exp.Binary]] = {
    "=": exp.EQ, "<>": exp.NEQ, "!=": exp.NEQ, "<": exp.LT, ">": exp.GT, "<=": exp.LTE, ">=": exp.GTE,
}  # fmt: skip
_ARITHMETIC: dict[str, type[exp.Binary]] = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul, "/": exp.Div}


class Expressions(Calls):
    """Reads values and conditions; sub-queries come from the class that reads queries."""

    @abstractmethod
    def subquery(self) -> exp.Subquery:
        """Read a query in parentheses."""

    def condition(self) -> exp.Expr:
        """Read a search condition."""
        return self._truth(0).node

    def _truth(self, floor: int) -> Term:
        token = self.token
        term = self.expression(floor)
        if not term.can & Can.TRUTH:
            raise self.expected("a condition (a comparison, IN, LIKE, BETWEEN, IS NULL, EXISTS)", token)
        return term

    def expression(self, floor: int = 0) -> Term:
        """Read an expression whose operators bind tighter than `floor`."""
        left = self._prefix(floor)
        while self._power() > floor:
            left = self._infix(left)
        return left

    def _power(self) -> int:
        token = self.token
        if token.kind == "op":
            return _OPS.get(token.text, 0)
        return _WORDS.get(token.text, 0) if token.kind == "word" else 0

    def _prefix(self, floor: int) -> Term:
        if floor < _PREDICATE and self.at_word("NOT"):
            self.take()
            self.enter()
            term = self._truth(_NOT)
            self.depth -= 1
            return Term(exp.Not(this=_grouped(term.node)), Can.TRUTH, term.height + 1)
        if self.at_op("+", "-"):
            sign = self.take().text
            term = self._number(self._primary())
            node = exp.Neg(this=term.node) if sign == "-" else term.node
            return Term(node, Can.NUMBER, term.height + 1)
        return self._primary()

    def _infix(self, left: Term) -> Term:
        token = self.token
        power = self._power()
        if power <= _AND:
            return self._connect(left, power)
        if power == _PREDICATE:
            if not left.can & Can.VALUE:
                raise self.expected("AND, OR or the end of the condition")
            return self._predicate(left)
        self.take()
        if power == _CONCAT:
            return self._concat(left)
        self._number(left)
        right = self._number(self.expression(power))
        node = _ARITHMETIC[token.text](this=left.node, expression=right.node)
        return Term(self.mark(node, token), Can.NUMBER, max(left.height, right.height) + 1)

    def _number(self, term: Term) -> Term:
        if not term.can & Can.NUMBER:
            raise self.expected("numbers on both sides of an arithmetic operator", self.tokens[self.index - 1])
        return term

    def _concat(self, left: Term) -> Term:
        token = self.tokens[self.index - 1]
        right = self._primary()
        joined = isinstance(left.node, exp.DPipe)
        if not ((left.primary or joined) and left.can & Can.VALUE and right.can & Can.VALUE):
            raise self.expected("simple values on both sides of || (put others in parentheses)", token)
        node = exp.DPipe(this=left.node, expression=right.node, safe=False)
        return Term(self.mark(node, token), Can.STRING, max(left.height, right.height) + 1)

    def _connect(self, left: Term, power: int) -> Term:
        word, kind = ("AND", exp.And) if power == _AND else ("OR", exp.Or)
        parts, height = [left], left.height
        if not left.can & Can.TRUTH:
            raise self.expected(f"a condition before {word}")
        while self.take_word(word):
            parts.append(self._truth(power))
            height = max(height, parts[-1].height)
        height += len(parts).bit_length()
        return Term(balanced(kind, [_operand(p.node, kind) for p in parts]), Can.TRUTH, height)

    def _predicate(self, left: Term) -> Term:
        token = self.take()
        if token.kind == "op":
            right = self._value_operand()
            node: exp.Expr = _COMPARE[token.text](this=left.node, expression=right.node)
            self.mark(node, token)
            return Term(node, Can.TRUTH, max(left.height, right.height) + 1)
        negated = token.text == "NOT"
        if negated:
            token = self.take()
        if token.text == "IS" and not negated:
            return self._is_null(left)
        if token.text == "BETWEEN":
            node, height = self._between(left)
        elif token.text == "IN":
            node, height = self._in(left)
        elif token.text in ("LIKE", "ILIKE"):
            right = self.value(Can.STRING, "a string pattern")
            kind = exp.Like if token.text == "LIKE" else exp.ILike
            node, height = kind(this=left.node, expression=right.node), right.height
        else:
            raise self.expected("IN, BETWEEN or LIKE", token)
        self.mark(node, token)
        outer = exp.Not(this=node) if negated else node
        return Term(outer, Can.TRUTH, max(left.height, height) + 1)

    def _value_operand(self) -> Term:
        token = self.token
        term = self.expression(_PREDICATE)
        if not term.can & Can.VALUE:
            raise self.expected("a value", token)
        return term

    def _is_null(self, left: Term) -> Term:
        negated = self.take_word("NOT")
        self.expect_word("NULL")
        node: exp.Expr = exp.Is(this=left.node, expression=exp.Null())
        return Term(exp.Not(this=node) if negated else node, Can.TRUTH, left.height + 1)

    def _between(self, left: Term) -> tuple[exp.Expr, int]:
        low = self._value_operand()
        self.expect_word("AND")
        high = self._value_operand()
        node = exp.Between(this=left.node, low=low.node, high=high.node)
        return node, max(low.height, high.height)

    def _in(self, left: Term) -> tuple[exp.Expr, int]:
        if not self.at_op("("):
            raise self.expected("a list of values or a sub-query in parentheses after IN")
        if self.ahead().kind == "word" and self.ahead().text == "SELECT":
            return exp.In(this=left.node, query=self.subquery()), 1
        opening = self.take()
        self.enter()
        items = self._arguments()
        self.depth -= 1
        if not items:
            raise self.expected("at least one value after IN", opening)
        return exp.In(this=left.node, expressions=[i.node for i in items]), max(i.height for i in items)

    def _primary(self) -> Term:
        token = self.token
        follows = self.ahead()
        if token.kind in ("name", "word") and follows.kind == "op" and follows.text == "(":
            if token.kind == "word" and token.text == "EXISTS":
                self.take()
                return Term(exp.Exists(this=self.subquery()), Can.TRUTH, 2)
            return self.call(self.take())
        if token.kind in ("name", "quoted"):
            return Term(self.column(), Can.VALUE, primary=True)
        if token.kind == "number":
            self.take()
            return Term(self.mark(number(token.text), token), Can.NUMBER, primary=True)
        if token.kind == "string":
            self.take()
            return Term(self.mark(exp.Literal.string(token.text), token), Can.STRING, primary=True)
        if self.take_word("NULL"):
            return Term(self.mark(exp.Null(), token), Can.VALUE, primary=True)
        if self.at_op("("):
            return self._parenthesis()
        raise self.expected("an expression")

    def _parenthesis(self) -> Term:
        opening = self.take()
        if self.at_word("SELECT", "WITH"):
            raise self.expected("a value: a sub-query may stand after IN, EXISTS and in FROM only", opening)
        self.enter()
        term = self.expression()
        self.expect_op(")")
        self.depth -= 1
        return Term(exp.Paren(this=term.node), term.can, term.height + 1, primary=True)

    def column(self) -> exp.Column:
        """Read a column name, qualified by up to catalogue, schema and table."""
        token = self.token
        parts = [self.identifier("a column name")]
        while self.take_op("."):
            parts.append(self.identifier("a column name"))
        if len(parts) > 4:
            raise self.expected("a column name of at most four parts", token)
        keys = ("this", "table", "db", "catalog")
        return self.mark(exp.Column(**dict(zip(keys, reversed(parts), strict=False))), token)


def _operand(node: exp.Expr, kind: type[exp.Connector]) -> exp.Expr:
    return exp.Paren(this=node) if isinstance(node, exp.Or) and kind is exp.And else node


def _grouped(node: exp.Expr) -> exp.Expr:
    return node if isinstance(node, exp.Paren | exp.Exists) else exp.Paren(this=node)


def number(text: str) -> exp.Expr:
    """Return a literal; what is no integer of 64 bits becomes a double, written with an exponent.

    An engine reads ``0.1`` as a decimal, whose arithmetic overflows where a double's does not.
    """
    if text[:2] in ("0x", "0X"):
        text = str(int(text, 16))
    if text.isdigit() and len(text) < 400 and int(text) < 2**63:
        return exp.Literal.number(str(int(text)))
    value = float(text)
    if math.isinf(value):
        value = math.copysign(1.7976931348623157e308, value)
    digits = repr(value)
    return exp.Literal.number(digits if "e" in digits else f"{digits}e0")
