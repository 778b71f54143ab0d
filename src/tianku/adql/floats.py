"""Comparison of single-precision columns with numbers: as in double precision, without converting a row."""

from __future__ import annotations

import math

import numpy as np
from sqlglot import exp

from tianku.adql.values import cast
from tianku.model.types import DataType

_LARGEST = float(np.finfo(np.float32).max)
_MIRRORED: dict[type[exp.Binary], type[exp.Binary]] = {
    exp.LT: exp.GT, exp.GT: exp.LT, exp.LTE: exp.GTE, exp.GTE: exp.LTE, exp.EQ: exp.EQ, exp.NEQ: exp.NEQ,
}  # fmt: skip


def mirrored(kind: type[exp.Binary]) -> type[exp.Binary]:
    """Return the comparison that holds with its sides exchanged."""
    return _MIRRORED[kind]


def below(value: float) -> float:
    """Return the largest single-precision number that is not above `value`."""
    single = float(np.float32(value))
    return single if single <= value else float(np.nextafter(np.float32(single), np.float32(-np.inf)))


def above(value: float) -> float:
    """Return the smallest single-precision number that is not below `value`."""
    single = float(np.float32(value))
    return single if single >= value else float(np.nextafter(np.float32(single), np.float32(np.inf)))


def literal(value: float) -> exp.Expr:
    """Return a finite double as a canonical literal."""
    digits = repr(abs(value))
    node: exp.Expr = exp.Literal.number(digits if "e" in digits else f"{digits}e0")
    return exp.Neg(this=node) if math.copysign(1.0, value) < 0 else node


def single(value: float) -> exp.Expr:
    """Return a number that single precision holds exactly, typed so that column statistics can prune."""
    return cast(literal(value), DataType.FLOAT32)


def comparison(column: exp.Expr, kind: type[exp.Binary], value: float) -> exp.Expr | None:
    """Return ``column kind value`` in single precision with the meaning it has in double.

    Between two neighbours of single precision nothing is equal, and ``<`` is ``<=`` the lower one.
    None when there is no such form (equality with a number that single precision does not hold).
    """
    if not abs(value) < _LARGEST:
        return None
    if float(np.float32(value)) == value:
        return kind(this=column, expression=single(value))
    if kind in (exp.LT, exp.LTE):
        return exp.LTE(this=column, expression=single(below(value)))
    if kind in (exp.GT, exp.GTE):
        return exp.GTE(this=column, expression=single(above(value)))
    return None
