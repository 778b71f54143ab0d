"""The strict ADQL 2.1 front end: text to a sqlglot tree that can hold nothing but ADQL."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from tianku.adql.lexer import Source
from tianku.adql.queries import Queries


@dataclass(frozen=True, slots=True)
class Statement:
    """A query that is ADQL; names are not resolved yet.

    `tree` is built node by node from what the grammar knows; nodes carry ``meta["at"]``,
    the offset they come from. `source` tells line and column of an offset.
    """

    tree: exp.Query
    source: Source


def parse(text: str) -> Statement:
    """Read one ADQL query.

    Raises
    ------
    UsageError
        ``adql.syntax``, with line and column.
    LimitError
        ``adql.too_long``, ``adql.too_many_tokens``, ``adql.too_deep``.
    """
    reader = Queries(text)
    return Statement(reader.statement(), reader.source)
