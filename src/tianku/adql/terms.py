"""Pieces of an expression while it is being read: a node, and what it can be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

from sqlglot import exp

from tianku.adql import limits


class Can(IntFlag):
    """What an expression may turn out to be; columns and user functions may be any value."""

    NUMBER = 1
    STRING = 2
    GEOMETRY = 4
    TRUTH = 8
    VALUE = 7


@dataclass(slots=True)
class Term:
    """A part of an expression; `primary` parts may stand beside ``||``."""

    node: exp.Expr
    can: Can
    height: int = 1
    primary: bool = False

    def __post_init__(self) -> None:
        limits.check_depth(self.height)


def balanced(kind: type[exp.Connector], parts: list[exp.Expr]) -> exp.Expr:
    """Join conditions by AND or OR in a tree of logarithmic depth."""
    while len(parts) > 1:
        pairs: list[exp.Expr] = []
        for a, b in zip(parts[::2], parts[1::2], strict=False):
            pairs.append(kind(this=a, expression=b))
        parts = [*pairs, parts[-1]] if len(parts) % 2 else pairs
    return parts[0]


def wrap(node: exp.Expr) -> exp.Expr:
    """Put parentheses around a node that is an operator, so that it may become an operand."""
    loose = (exp.Binary, exp.Connector, exp.Not, exp.Neg, exp.Between, exp.In, exp.Is)
    return exp.Paren(this=node) if isinstance(node, loose) and not isinstance(node, exp.Dot) else node


def add_condition(select: exp.Select, condition: exp.Expr) -> None:
    """AND a condition into the WHERE of a select, in place."""
    where = select.args.get("where")
    both = condition if where is None else exp.And(this=_operand(where.this), expression=_operand(condition))
    select.set("where", exp.Where(this=both))


def _operand(node: exp.Expr) -> exp.Expr:
    return exp.Paren(this=node) if isinstance(node, exp.Or) else node
