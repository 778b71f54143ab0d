"""Errors of positions in a cross-match: ellipses of both sides, added as covariances along each pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tianku.sky.match import Pairs, Points, position_angle
from tianku.sky.ranges import FloatArray, Int64Array


@dataclass(frozen=True, slots=True)
class ErrorColumns:
    """The columns that say how well positions are known, one standard deviation.

    Attributes
    ----------
    kind
        ``circle``: `first` in all directions. ``ellipse``: semi-axes `first` and `second`, the first at the
        position angle `third`. ``axes``: errors in right ascension times cos(Dec) and in declination, with
        the correlation `third` if there is one.
    first_unit, second_unit, third_unit
        One unit of each in degrees.
    """

    kind: Literal["circle", "ellipse", "axes"]
    first: str
    second: str
    third: str | None
    first_unit: float
    second_unit: float
    third_unit: float = 1.0

    @property
    def columns(self) -> list[str]:
        """Names of all of them."""
        return [name for name in (self.first, self.second, self.third) if name is not None]

    def ellipses(self, first: FloatArray, second: FloatArray, third: FloatArray | None) -> Ellipses:
        """Return the errors of rows from the values of the columns."""
        a, b = first * self.first_unit, second * self.second_unit
        if self.kind == "axes":
            return Ellipses.of_axes(a, b, np.zeros_like(a) if third is None else third)
        angle = np.zeros_like(a) if third is None else third * self.third_unit
        return Ellipses(a, b, angle)


@dataclass(frozen=True, slots=True)
class Ellipses:
    """Semi-axes in degrees, and the position angle of the first in degrees, of one standard deviation."""

    first: FloatArray
    second: FloatArray
    angle: FloatArray

    @classmethod
    def of_axes(cls, east: FloatArray, north: FloatArray, correlation: FloatArray) -> Ellipses:
        """Return the ellipses of errors in right ascension times cos(Dec) and declination."""
        known = np.isfinite(east + north) & (east >= 0) & (north >= 0) & (np.abs(correlation) <= 1)
        east, north, correlation = (np.where(known, values, 0.0) for values in (east, north, correlation))
        both, differ = correlation * east * north, north**2 - east**2
        middle, half = (north**2 + east**2) / 2, np.hypot(differ / 2, both)
        angle = np.degrees(np.arctan2(2 * both, differ)) / 2
        major = np.where(known, np.sqrt(middle + half), np.nan)
        return cls(major, np.sqrt(np.maximum(middle - half, 0.0)), angle)

    @property
    def known(self) -> np.ndarray:
        """Where there is an error: all values finite, no axis negative."""
        whole = np.isfinite(self.first) & np.isfinite(self.second) & np.isfinite(self.angle)
        return np.asarray(whole & (self.first >= 0) & (self.second >= 0))

    def largest(self) -> FloatArray:
        """Return the largest error of each in any direction; 0 where it is not known."""
        return np.where(self.known, np.maximum(self.first, self.second), 0.0)

    def take(self, rows: Int64Array) -> Ellipses:
        """Return those of some rows."""
        return Ellipses(self.first[rows], self.second[rows], self.angle[rows])

    def along(self, direction: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the variances along a direction and across it, and their covariance, square degrees."""
        turned = np.radians(direction - self.angle)
        cos, sin = np.cos(turned), np.sin(turned)
        a, b = self.first**2, self.second**2
        return a * cos**2 + b * sin**2, a * sin**2 + b * cos**2, (a - b) * sin * cos


def reach(left: Ellipses | None, right: Ellipses | None, sigmas: float) -> float | FloatArray:
    """Return the separation beyond which no pair agrees, for each row of `left` if it has errors."""
    most = 0.0 if right is None or not len(right.first) else float(np.max(right.largest()))
    return sigmas * (most if left is None else np.hypot(left.largest(), most))


def agreeing(
    left: Points, right: Points, errors: tuple[Ellipses | None, Ellipses | None], sigmas: float, pairs: Pairs
) -> Pairs:
    """Keep the pairs whose separation is at most `sigmas` of the errors of both together.

    With the covariances V of both sides added, in the frame of the arc between them, the separation s agrees if
    s² V_across ≤ sigmas² det V: the inverse of V is never formed, for errors may be 0.
    """
    a = (left.ra[pairs.left], left.dec[pairs.left])
    b = (right.ra[pairs.right], right.dec[pairs.right])
    ahead, across, both = np.zeros((3, len(pairs.left)))
    for side, rows, here, there in (
        (errors[0], left.row[pairs.left], a, b),
        (errors[1], right.row[pairs.right], b, a),
    ):
        if side is not None:
            one = side.take(rows).along(position_angle(*here, *there))
            ahead, across, both = ahead + one[0], across + one[1], both + one[2]
    room = sigmas**2 * np.maximum(ahead * across - both**2, 0.0)
    kept = pairs.separation**2 * across <= room * (1 + 1e-12)
    return Pairs(pairs.left[kept], pairs.right[kept], pairs.separation[kept])
