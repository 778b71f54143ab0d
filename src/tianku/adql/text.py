"""A statement as ADQL text, to show beside a form; it reads back to the same tree."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.generator import Generator

from tianku.adql.parser import Statement

_CAST_NAMES = {
    exp.DType.INT: "INTEGER", exp.DType.FLOAT: "REAL", exp.DType.DOUBLE: "DOUBLE PRECISION",
}  # fmt: skip


def _not(self: Generator, node: exp.Not) -> str:
    """``x NOT IN …`` and its like as people write them."""
    inner = node.this
    if isinstance(inner, exp.Is):
        return f"{self.sql(inner, 'this')} IS NOT NULL"
    text = self.sql(inner)
    if isinstance(inner, exp.In | exp.Between | exp.Like | exp.ILike):
        left = self.sql(inner, "this")
        return f"{left} NOT{text[len(left) :]}"
    return f"NOT {text}"


def _call(self: Generator, node: exp.Anonymous) -> str:
    name, args = str(node.this), list(node.expressions)
    if name.startswith("CAST "):
        return f"CAST({self.sql(args[0])} AS {name[5:]})"
    if "system" in node.meta:
        args.insert(0, node.meta["system"])
    return f"{name}({self.format_args(*args)})"


def _literal(self: Generator, node: exp.Literal) -> str:
    """Write doubles without the exponent that marks them for engines."""
    if node.is_string:
        return str(self.literal_sql(node))
    text = str(node.this)
    return text.removesuffix("e0")


def _exists(self: Generator, node: exp.Exists) -> str:
    return f"EXISTS {self.sql(node, 'this')}"


def _ordered(self: Generator, node: exp.Ordered) -> str:
    return f"{self.sql(node, 'this')}{' DESC' if node.args.get('desc') else ''}"


class Adql(Dialect):
    """ADQL 2.1 as a dialect that sqlglot can write (reading is `tianku.adql.parser`)."""

    class Generator(Generator):
        """Writes TOP, plain function names and coordinate systems."""

        LIMIT_IS_TOP = True
        TYPE_MAPPING: ClassVar = {**Generator.TYPE_MAPPING, **_CAST_NAMES}
        TRANSFORMS: ClassVar = {
            **Generator.TRANSFORMS,
            exp.Not: _not,
            exp.Exists: _exists,
            exp.Anonymous: _call,
            exp.Literal: _literal,
            exp.Ordered: _ordered,
        }


def to_adql(statement: Statement, *, pretty: bool = False) -> str:
    """Return the ADQL text of a parsed or built statement."""
    return statement.tree.sql(dialect=Adql, pretty=pretty)
