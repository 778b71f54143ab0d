"""Cones whose numbers come later: the placeholders of a statement that is planned once and run many times."""

from __future__ import annotations

import math

from sqlglot import exp

#: what CIRCLE takes: right ascension, declination and radius in degrees
CONE = ("ra", "dec", "radius")
#: what the exact test takes instead of functions of them, so that an engine has less to plan
_COSINE, _REACH = "cos_dec", "reach"


def cone_parameters(ra: float, dec: float, radius: float) -> dict[str, float]:
    """Return the values of the placeholders of a cone; degrees, ``0 <= radius < 180``."""
    cosine, reach = math.cos(math.radians(dec)), math.sin(math.radians(radius / 2)) ** 2
    return {"ra": ra, "dec": dec, _COSINE: cosine, _REACH: reach}


def cosine_of(angle: exp.Expr) -> exp.Placeholder | None:
    """Return the placeholder of the cosine of an angle that is one; None for every other."""
    inner = angle.this if isinstance(angle, exp.Radians) else None
    return exp.Placeholder(this=_COSINE) if isinstance(inner, exp.Placeholder) else None


def reach_of(radius: exp.Expr) -> exp.Placeholder | None:
    """Return the placeholder of ``sin²(radius / 2)`` of a radius that is one; None for every other."""
    return exp.Placeholder(this=_REACH) if isinstance(radius, exp.Placeholder) else None
