"""IN_UNIT: values in another unit (ADQL 2.1 section 4.7)."""

from __future__ import annotations

import warnings
from functools import lru_cache

from sqlglot import exp

from tianku.adql.floats import literal
from tianku.adql.terms import wrap
from tianku.adql.values import Value, derived
from tianku.model.types import DataType


@lru_cache(maxsize=512)
def factor(source: str, target: str) -> float | None:
    """Return what a number in `source` (VOUnits) is multiplied by to be in `target`, or None."""
    from astropy import units  # a slow import that few queries need

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", units.UnitsWarning)
        try:
            return float(units.Unit(source, format="vounit").to(units.Unit(target, format="vounit")))
        except (ValueError, TypeError):  # not a unit, or of another quantity
            return None


def in_unit(args: list[Value]) -> Value | None:
    """Return the first argument in the unit that the second names; None when that cannot be."""
    value, unit = args
    if value.column.unit is None or not isinstance(unit.node, exp.Literal):
        return None
    scale = factor(value.column.unit, str(unit.node.this))
    if scale is None:
        return None
    column = derived(value.column, DataType.FLOAT64, "in_unit", str(unit.node.this))
    return Value(exp.Mul(this=wrap(value.node), expression=literal(scale)), column)
