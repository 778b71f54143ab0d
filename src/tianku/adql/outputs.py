"""Columns of a SELECT: their names, and what GROUP BY allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlglot import exp

from tianku.adql.scope import Field
from tianku.adql.values import Value, cast, described
from tianku.model.types import DataType


@dataclass(slots=True)
class Output:
    """One column of a SELECT: the name it is known by, and its unique name in the tree."""

    name: str
    value: Value
    internal: str = ""

    def field(self) -> Field:
        """Return the output as a field of the sub-query."""
        return Field(self.name, self.internal, described(self.value.column, name=self.name))

    def node(self) -> exp.Alias:
        """Return the output with its alias."""
        value = self.value
        node = value.node
        if value.null:
            node = cast(node, DataType.STRING)
        elif value.literal and value.type is DataType.INT64:
            node = cast(node, DataType.INT64)
        return exp.Alias(this=node, alias=exp.Identifier(this=self.internal, quoted=True))


def output_name(value: Value, index: int) -> str:
    """Return the name of an expression without alias: of its column or function, else ``col<n>``."""
    return value.column.name or f"col{index + 1}"


def unique_names(outputs: list[Output]) -> None:
    """Give each output a name of its own, whatever the case: ``x``, ``x_2``, ``x_3`` …"""
    wanted = {o.name.lower() for o in outputs}
    used: set[str] = set()
    for output in outputs:
        name, n = output.name, 1
        while name.lower() in used or (n > 1 and name.lower() in wanted):
            n += 1
            name = f"{output.name}_{n}"
        used.add(name.lower())
        output.internal = name


def ungrouped(nodes: Iterable[exp.Expr], groups: set[exp.Expr], keys: set[str]) -> Iterator[exp.Column]:
    """Yield columns of the sources `keys` that are neither in an aggregate nor in a grouped expression."""
    stack = list(nodes)[::-1]
    while stack:
        node = stack.pop()
        if node in groups or isinstance(node, exp.AggFunc | exp.Query):
            continue
        if isinstance(node, exp.Column):
            if node.table in keys:
                yield node
            continue
        stack.extend(node.iter_expressions())
