"""Spherical trigonometry as plain SQL arithmetic."""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from tianku.adql import sphere
from tianku.adql.floats import literal
from tianku.adql.parameters import cosine_of, reach_of
from tianku.adql.terms import wrap
from tianku.adql.values import constant


def radians(degrees: exp.Expr) -> exp.Expr:
    """``RADIANS(x)``, folded when it is constant."""
    number = constant(degrees)
    return literal(math.radians(number)) if number is not None else exp.Radians(this=degrees.copy())


def sine(angle: exp.Expr) -> exp.Expr:
    """``SIN(x)`` of radians, folded when it is constant."""
    number = constant(angle)
    return literal(math.sin(number)) if number is not None else exp.Sin(this=angle.copy())


def cosine(angle: exp.Expr) -> exp.Expr:
    """``COS(x)`` of radians, folded when it is constant."""
    number = constant(angle)
    if number is not None:
        return literal(math.cos(number))
    return cosine_of(angle) or exp.Cos(this=angle.copy())


def product(*factors: exp.Expr) -> exp.Expr:
    """Multiply; the factors become part of the result."""
    return reduce(lambda a, b: exp.Mul(this=a, expression=b), [wrap(f) for f in factors])


def square(node: exp.Expr) -> exp.Expr:
    """Multiply a node by itself: engines compute it once, and a power is slower."""
    return product(node, node.copy())


def total(*terms: exp.Expr) -> exp.Expr:
    """Add; the terms become part of the result."""
    return reduce(lambda a, b: exp.Add(this=a, expression=b), [wrap(t) for t in terms])


def difference(a: exp.Expr, b: exp.Expr) -> exp.Expr:
    """Subtract; both become part of the result."""
    return exp.Sub(this=wrap(a), expression=wrap(b))


def _between(a: exp.Expr, b: exp.Expr) -> exp.Expr:
    """Radians of ``a - b``, of copies of angles in degrees."""
    return exp.Radians(this=difference(a.copy(), b.copy()))


def half_sine_squared(ra1: exp.Expr, dec1: exp.Expr, ra2: exp.Expr, dec2: exp.Expr) -> exp.Expr:
    """``sin²(distance / 2)`` by the haversine formula: exact for the smallest distances."""
    north = exp.Sin(this=product(_between(dec1, dec2), literal(0.5)))
    east = exp.Sin(this=product(_between(ra1, ra2), literal(0.5)))
    cosines = product(cosine(radians(dec1)), cosine(radians(dec2)))
    return total(square(north), product(cosines, square(east)))


def within(ra1: exp.Expr, dec1: exp.Expr, ra2: exp.Expr, dec2: exp.Expr, radius: exp.Expr) -> exp.Expr:
    """Condition: the distance of two directions is at most `radius` (degrees)."""
    number = constant(radius)
    if number is not None:
        limit = -1.0 if number < 0 else math.sin(math.radians(min(number, 180.0) / 2)) ** 2
        # at 180 degrees everything is within, whatever the last bit of the left side
        bound = literal(2.0 if number >= 180 else limit)
        return exp.LTE(this=half_sine_squared(ra1, dec1, ra2, dec2), expression=bound)
    reach = reach_of(radius)
    if reach is not None:
        return exp.LTE(this=half_sine_squared(ra1, dec1, ra2, dec2), expression=reach)
    capped = exp.Least(this=wrap(radius.copy()), expressions=[literal(180.0)])
    root = exp.Sin(this=product(exp.Radians(this=capped), literal(0.5)))
    near = exp.LTE(this=half_sine_squared(ra1, dec1, ra2, dec2), expression=square(root))
    return exp.And(this=near, expression=exp.GTE(this=wrap(radius.copy()), expression=literal(0.0)))


def distance(ra1: exp.Expr, dec1: exp.Expr, ra2: exp.Expr, dec2: exp.Expr) -> exp.Expr:
    """Angular distance in degrees by Vincenty's formula: accurate everywhere, antipodes too."""
    d1, d2 = radians(dec1), radians(dec2)
    delta = _between(ra2, ra1)
    east = product(cosine(d2), sine(delta))
    along = product(cosine(d2), cosine(delta))
    north = difference(product(cosine(d1), sine(d2)), product(sine(d1), along))
    adjacent = total(product(sine(d1), sine(d2)), product(cosine(d1), along.copy()))
    opposite = exp.Sqrt(this=total(square(east), square(north)))
    return exp.Degrees(this=exp.Atan2(this=opposite, expression=adjacent))


def dot(ra: exp.Expr, dec: exp.Expr, vector: NDArray[np.float64]) -> exp.Expr:
    """Scalar product of a direction and a constant vector."""
    a, d = radians(ra), radians(dec)
    x, y, z = (float(v) for v in vector)
    return total(
        product(literal(x), cosine(d), cosine(a)),
        product(literal(y), cosine(d), sine(a)),
        product(literal(z), sine(d)),
    )


def in_polygon(ra: exp.Expr, dec: exp.Expr, polygon: sphere.Polygon) -> exp.Expr:
    """Condition: a direction lies in a constant polygon."""
    if polygon.convex:
        sides: list[exp.Expr] = [exp.GTE(this=dot(ra, dec, n), expression=literal(0.0)) for n in polygon.normals]
        return reduce(lambda a, b: exp.And(this=a, expression=b), sides)
    crossings = polygon.crossings()
    lon = exp.Atan2(this=dot(ra, dec, crossings.y), expression=dot(ra, dec, crossings.x))
    counts = [_crossed(ra, dec, lon, side) for side in crossings.sides]
    number = total(exp.Literal.number(int(crossings.odd)), *counts)
    odd = exp.Mod(this=exp.Paren(this=number), expression=exp.Literal.number(2))
    return exp.EQ(this=exp.Paren(this=odd), expression=exp.Literal.number(1))


def _crossed(ra: exp.Expr, dec: exp.Expr, lon: exp.Expr, side: sphere.Crossing) -> exp.Expr:
    """1 when the way from a direction to the pole crosses a side, else 0.

    A product of casts, not CASE: an engine computes shared parts once only when nothing is skipped.
    """
    tests: list[exp.Expr] = [exp.LT(this=dot(ra, dec, side.normal), expression=literal(0.0))]
    if math.isfinite(side.low):
        tests.append(exp.GTE(this=lon.copy(), expression=literal(side.low)))
    if math.isfinite(side.high):
        tests.append(exp.LT(this=lon.copy(), expression=literal(side.high)))
    whole = exp.DataType.build("INT")
    return product(*(exp.Cast(this=exp.Paren(this=t), to=whole.copy()) for t in tests))


def in_box(
    ra: exp.Expr, dec: exp.Expr, ra0: exp.Expr, dec0: exp.Expr, width: exp.Expr, height: exp.Expr
) -> exp.Expr:
    """Condition: a direction lies in a BOX, whose sides cross the arms of a cross at right angles.

    In the axes (east, north, out) of the centre a side is a plane through the origin:
    ``|east| cos(w/2) <= out sin(w/2)`` (ADQL 2.1 section 4.2.9).
    """
    d, d0 = radians(dec), radians(dec0)
    delta = _between(ra, ra0)
    along = product(cosine(d), cosine(delta))
    east = product(cosine(d), sine(delta))
    north = difference(product(sine(d), cosine(d0)), product(sine(d0), along))
    out = total(product(sine(d), sine(d0)), product(cosine(d0), along.copy()))
    across = _between_arms(east, out, width)
    return exp.And(this=across, expression=_between_arms(north, out.copy(), height))


def _between_arms(across: exp.Expr, out: exp.Expr, size: exp.Expr) -> exp.Expr:
    number = constant(size)
    half = (
        literal(math.radians(min(number, 360.0) / 2))
        if number is not None
        else product(exp.Radians(this=_capped(size)), literal(0.5))
    )
    left = product(exp.Abs(this=across), cosine(half))
    return exp.LTE(this=left, expression=product(out, sine(half)))


def _capped(size: exp.Expr) -> exp.Expr:
    return exp.Least(this=wrap(size.copy()), expressions=[literal(360.0)])
