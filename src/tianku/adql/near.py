"""Positions that a query wants close together: what a planner must know to join them by cells of the sky."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from tianku.adql.values import constant


@dataclass(frozen=True, slots=True)
class Spot:
    """The position of a row of a reference: its columns of degrees."""

    key: str
    ra: str
    dec: str


@dataclass(frozen=True, slots=True)
class Reach:
    """Largest distance in degrees: `factor`, or `factor` times the value of `column` of the reference `key`."""

    factor: float
    key: str | None = None
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Near:
    """A condition that holds only for positions of two references within `reach` of each other.

    Attributes
    ----------
    free
        References whose rows may be repeated, or left out, where the condition does not hold for them: an
        equality beside the condition decides which copy of a row counts.
    joins
        Whether it stands at a join of the two, or above one; else one of them is that of a query around this.
    """

    one: Spot
    two: Spot
    reach: Reach
    free: frozenset[str] = frozenset()
    joins: bool = False


def spot_of(ra: exp.Expr, dec: exp.Expr) -> Spot | None:
    """Return the position that two canonical nodes are, when they are columns of one source."""
    if isinstance(ra, exp.Column) and isinstance(dec, exp.Column) and ra.table == dec.table:
        return Spot(ra.table, ra.name, dec.name)
    return None


def reach_within(one: Spot | None, two: Spot | None, radius: exp.Expr) -> Near | None:
    """Return what a distance of at most `radius` says, if both are positions of different sources."""
    reach = _reach(radius)
    if one is None or two is None or one.key == two.key or reach is None:
        return None
    return Near(one, two, reach)


def limited(kind: type[exp.Binary], value: exp.Expr, most: exp.Expr) -> Near | None:
    """Return what ``value < most`` says, where `value` is a multiple of a distance."""
    if kind not in (exp.LT, exp.LTE):
        return None
    scale = 1.0
    while "spots" not in value.meta:
        if isinstance(value, exp.Paren):
            value = value.this
            continue
        if not isinstance(value, exp.Mul | exp.Div):
            return None
        number, inner = constant(value.expression), value.this
        if number is None and isinstance(value, exp.Mul):
            number, inner = constant(value.this), value.expression
        if number is None or number <= 0:
            return None
        scale = scale * number if isinstance(value, exp.Mul) else scale / number
        value = inner
    one, two = value.meta["spots"]
    near = reach_within(one, two, most)
    return None if near is None else replace(near, reach=replace(near.reach, factor=near.reach.factor / scale))


def _reach(node: exp.Expr) -> Reach | None:
    number = constant(node)
    if number is not None:
        return Reach(max(0.0, number))
    if isinstance(node, exp.Paren | exp.Cast):
        return _reach(node.this)
    if isinstance(node, exp.Column):
        return Reach(1.0, node.table, node.name)
    if isinstance(node, exp.Mul | exp.Div):
        number, inner = constant(node.expression), node.this
        if number is None and isinstance(node, exp.Mul):
            number, inner = constant(node.this), node.expression
        found = None if number is None or number <= 0 else _reach(inner)
        if found is not None and number is not None:
            return replace(
                found, factor=found.factor * number if isinstance(node, exp.Mul) else found.factor / number
            )
    return None
