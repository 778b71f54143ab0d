"""The bounds of one query text, checked before anything recurses into it."""

from __future__ import annotations

from tianku.model.errors import LimitError

#: size of the text, in bytes of UTF-8
BYTES = 256 * 1024
#: number of tokens, comments not counted
TOKENS = 20_000
#: nesting of parentheses, functions and operator chains (AND and OR chains are flat)
DEPTH = 100
#: what one level of sub-query adds to the depth
SUBQUERY_DEPTH = 5
#: nodes of the canonical tree, which geometry and views of the schema may enlarge
NODES = 60_000


def check_bytes(text: str) -> None:
    """Raise `LimitError` ``adql.too_long`` when the text is larger than `BYTES`."""
    size = len(text.encode("utf-8", "replace")) if len(text) * 4 > BYTES else len(text)
    if size > BYTES:
        raise LimitError(
            "adql.too_long", "the query has {size} bytes; the limit is {limit} bytes", size=size, limit=BYTES
        )


def check_tokens(count: int) -> None:
    """Raise `LimitError` ``adql.too_many_tokens`` when a text has more than `TOKENS` tokens."""
    if count > TOKENS:
        raise LimitError(
            "adql.too_many_tokens", "the query has more than {limit} tokens, which is the limit", limit=TOKENS
        )


def check_depth(depth: int) -> None:
    """Raise `LimitError` ``adql.too_deep`` when an expression nests deeper than `DEPTH`."""
    if depth > DEPTH:
        raise LimitError(
            "adql.too_deep",
            "the query nests deeper than {limit} levels, which is the limit "
            "(a parenthesis, a function and a step of an operator chain count one, a sub-query {subquery})",
            limit=DEPTH,
            subquery=SUBQUERY_DEPTH,
        )


def check_nodes(count: int) -> None:
    """Raise `LimitError` ``adql.too_complex`` when a translated query grows beyond `NODES`."""
    if count > NODES:
        raise LimitError(
            "adql.too_complex",
            "the query becomes too large when its geometry and `*` are written out "
            "(limit: {limit} terms); simplify it",
            limit=NODES,
        )
