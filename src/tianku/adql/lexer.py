"""Text to tokens, by the lexical rules of ADQL 2.1 (section 2.1)."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

from tianku.adql import limits
from tianku.adql.words import RESERVED
from tianku.model.errors import UsageError


class Token(NamedTuple):
    """One token. `kind` is name, word, quoted, string, number, op or end; words are in upper case."""

    kind: str
    text: str
    at: int


_PATTERN = re.compile(
    r"""(?P<space>[ \t\r\n\f\v]+|--[^\n]*)
    |(?P<name>[A-Za-z][A-Za-z0-9_]*)
    |(?P<number>0[xX][0-9A-Fa-f]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")+")
    |(?P<op><>|!=|<=|>=|\|\||[-+*/=<>(),.;])""",
    re.VERBOSE,
)


class Source:
    """A query text that knows the line and column of each offset."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts: list[int] | None = None

    def place(self, at: int) -> tuple[int, int]:
        """Return (line, column) of an offset, both from 1."""
        if self._starts is None:
            self._starts = [0, *(m.end() for m in re.finditer(r"\n", self.text))]
        line = bisect_right(self._starts, at)
        return line, at - self._starts[line - 1] + 1

    def error(self, code: str, at: int, template: str, **params: object) -> UsageError:
        """Return a `UsageError` whose text starts with the place of `at`."""
        line, column = self.place(at)
        return UsageError(code, "line {line}, column {column}: " + template, line=line, column=column, **params)


def tokens(source: Source) -> list[Token]:
    """Return the tokens of a text, ended by one of kind ``end``.

    Raises
    ------
    UsageError
        ``adql.syntax`` for a character that starts no token or a quote that does not end.
    LimitError
        ``adql.too_long``, ``adql.too_many_tokens``.
    """
    text = source.text
    limits.check_bytes(text)
    found: list[Token] = []
    at, end = 0, len(text)
    while at < end:
        match = _PATTERN.match(text, at)
        if match is None:
            raise _unreadable(source, at)
        kind, piece = str(match.lastgroup), match.group()
        if kind != "space":
            _append(source, found, kind, piece, at)
        at = match.end()
    found.append(Token("end", "", end))
    return found


def _append(source: Source, found: list[Token], kind: str, piece: str, at: int) -> None:
    if kind == "name":
        folded = piece.upper()
        token = Token("word", folded, at) if folded in RESERVED else Token("name", piece, at)
    elif kind == "string":
        body = piece[1:-1].replace("''", "'")
        if found and found[-1].kind == "string":
            found[-1] = _joined(source, found[-1], body, at)
            return
        token = Token("string", body, at)
    elif kind == "quoted":
        token = Token("quoted", piece[1:-1].replace('""', '"'), at)
    else:
        if kind == "number" and source.text[at + len(piece) : at + len(piece) + 1].isidentifier():
            raise source.error(
                "adql.syntax", at, "put a space between the number {number} and what follows", number=piece
            )
        token = Token(kind, piece, at)
    found.append(token)
    limits.check_tokens(len(found))


def _joined(source: Source, before: Token, body: str, at: int) -> Token:
    """Join literals that a line end separates (SQL92 5.3); side by side they are an error."""
    if "\n" not in source.text[before.at : at]:
        raise source.error("adql.syntax", at, "two string literals side by side: write || between them")
    return Token("string", before.text + body, before.at)


def _unreadable(source: Source, at: int) -> UsageError:
    character = source.text[at]
    if character == "'":
        return source.error("adql.syntax", at, "this string has no closing '")
    if character == '"':
        return source.error("adql.syntax", at, 'this quoted name is empty or has no closing "')
    if character == "_":
        return source.error("adql.syntax", at, 'a name starts with a letter; quote it: "{hint}"', hint="_…")
    if character == "%":
        return source.error("adql.syntax", at, "`%` is no operator of ADQL: write MOD(x, y)")
    return source.error("adql.syntax", at, "unexpected character `{character}`", character=character)
