"""A position in a list of tokens, and the errors of not finding what the grammar wants."""

from __future__ import annotations

from typing import TypeVar

from sqlglot import exp

from tianku.adql import limits
from tianku.adql.lexer import Source, Token, tokens
from tianku.model.errors import UsageError

#: what a name could stand for, and words that are hardly meant as one
_NAMES = ("a column", "a name", "an alias", "a table", "an expression")
_CLAUSES = frozenset(
    {"SELECT", "FROM", "WHERE", "GROUP", "BY", "HAVING", "ORDER", "ON", "USING", "AND", "OR", "JOIN", "AS"}
)

E = TypeVar("E", bound=exp.Expr)


class Cursor:
    """Reads tokens one by one; parts of the grammar derive from it."""

    def __init__(self, text: str) -> None:
        self.source = Source(text)
        self.tokens = tokens(self.source)
        self.index = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        """The token to read next."""
        return self.tokens[self.index]

    def ahead(self, n: int = 1) -> Token:
        """The token `n` after the next one (the last one when there are fewer)."""
        return self.tokens[min(self.index + n, len(self.tokens) - 1)]

    def at_word(self, *words: str) -> bool:
        """Whether the next token is one of these reserved words."""
        token = self.tokens[self.index]
        return token.kind == "word" and token.text in words

    def at_op(self, *ops: str) -> bool:
        """Whether the next token is one of these signs."""
        token = self.tokens[self.index]
        return token.kind == "op" and token.text in ops

    def take(self) -> Token:
        """Read the next token."""
        token = self.tokens[self.index]
        self.index += 1
        return token

    def take_word(self, *words: str) -> str | None:
        """Read one of these words if it is next."""
        return self.take().text if self.at_word(*words) else None

    def take_op(self, *ops: str) -> str | None:
        """Read one of these signs if it is next."""
        return self.take().text if self.at_op(*ops) else None

    def expect_word(self, word: str) -> Token:
        """Read this word or raise."""
        if not self.at_word(word):
            raise self.expected(word)
        return self.take()

    def expect_op(self, op: str) -> Token:
        """Read this sign or raise."""
        if not self.at_op(op):
            raise self.expected(f"`{op}`")
        return self.take()

    def expected(self, what: str, token: Token | None = None) -> UsageError:
        """Return the error that says what should stand where the next token (or `token`) stands."""
        token = token or self.token
        found = f"found `{token.text[:40]}`" if token.kind != "end" else "found the end of the query"
        if token.kind == "word" and what.startswith(_NAMES) and token.text not in _CLAUSES:
            found += f', a reserved word (quote it to use it as a name: "{token.text.lower()}")'
        return self.source.error("adql.syntax", token.at, "expected {what}, {found}", what=what, found=found)

    def enter(self, levels: int = 1) -> None:
        """Go down; the caller subtracts the same from `depth` when it comes back."""
        self.depth += levels
        limits.check_depth(self.depth)

    def identifier(self, what: str = "a name") -> exp.Identifier:
        """Read a regular or quoted identifier."""
        token = self.token
        if token.kind not in ("name", "quoted"):
            raise self.expected(what)
        self.index += 1
        return self.mark(exp.Identifier(this=token.text, quoted=token.kind == "quoted"), token)

    def at_identifier(self) -> bool:
        """Whether an identifier is next."""
        return self.token.kind in ("name", "quoted")

    def unsigned(self, what: str) -> int:
        """Read an unsigned integer."""
        token = self.token
        if token.kind != "number" or not token.text.isdigit() or len(token.text) > 18:
            raise self.expected(what)
        self.index += 1
        return int(token.text)

    @staticmethod
    def mark(node: E, token: Token) -> E:
        """Remember where a node came from."""
        node.meta["at"] = token.at
        return node
