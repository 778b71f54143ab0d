"""Regions in parameters (SIA 2.0, 2.1.1; SODA 1.0, 3.3): ``CIRCLE``, ``RANGE``, ``POLYGON``; ICRS degrees."""

from __future__ import annotations

import math
from collections.abc import Callable

from tianku.model.errors import UsageError
from tianku.planner.regions import Circle, PolygonShape, Range, Shape
from tianku.vo.dali.intervals import numbers

MOST_VERTICES = 500


def shape(name: str, text: str) -> Shape:
    """Return the region that a value of POS says.

    Raises
    ------
    UsageError
        ``dali.shape``, with what is wrong.
    """
    kind, _, rest = text.strip().partition(" ")
    make = _KINDS.get(kind.upper())
    values = numbers(rest)
    if make is None or not values:
        raise _wrong(name, text, "write `CIRCLE ra dec radius`, `RANGE ra1 ra2 dec1 dec2` or `POLYGON ra1 dec1 …`")
    try:
        return make(values)
    except ValueError as problem:
        raise _wrong(name, text, str(problem)) from None


def _circle(values: list[float]) -> Shape:
    if len(values) != 3:
        raise ValueError("a circle has three numbers: ra dec radius")
    ra, dec, radius = values
    _position(ra, dec)
    if not 0.0 <= radius <= 180.0:
        raise ValueError("the radius lies between 0 and 180 degrees")
    return Circle(ra, dec, radius)


def _range(values: list[float]) -> Shape:
    if len(values) != 4:
        raise ValueError("a range has four numbers: ra1 ra2 dec1 dec2")
    west, east = _clipped(values[0], 0.0, 360.0), _clipped(values[1], 0.0, 360.0)
    south, north = _clipped(values[2], -90.0, 90.0), _clipped(values[3], -90.0, 90.0)
    _position(west, south)
    _position(east, north)
    if south > north:
        raise ValueError("dec1 is above dec2")
    return Range(west, east if east >= west else east + 360.0, south, north)


def _clipped(value: float, low: float, high: float) -> float:
    """An infinite end is the end of the axis."""
    return min(max(value, low), high) if math.isinf(value) else value


def _polygon(values: list[float]) -> Shape:
    if len(values) < 6 or len(values) % 2 or len(values) > 2 * MOST_VERTICES:
        raise ValueError(f"a polygon has 3 to {MOST_VERTICES} pairs of ra and dec")
    for ra, dec in zip(values[::2], values[1::2], strict=True):
        _position(ra, dec)
    made = PolygonShape(tuple(values[::2]), tuple(values[1::2]))
    made.polygon()
    return made


def _position(ra: float, dec: float) -> None:
    if not (0.0 <= ra <= 360.0 and -90.0 <= dec <= 90.0):
        raise ValueError("ra lies between 0 and 360, dec between -90 and 90 degrees")


_KINDS: dict[str, Callable[[list[float]], Shape]] = {"CIRCLE": _circle, "RANGE": _range, "POLYGON": _polygon}


def _wrong(name: str, text: str, why: str) -> UsageError:
    return UsageError("dali.shape", "{name}={value!r}: {reason}.", name=name, value=text[:80], reason=why)
