"""Geometries of a query, before they become arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlglot import exp

from tianku.adql import sphere
from tianku.adql.near import Spot
from tianku.adql.schema import Cone, Region, SkyPolygon, TableRef
from tianku.adql.values import constant


@dataclass(slots=True)
class Point:
    """A direction in degrees; `ref` when it is the main position of a table, `spot` when it is columns of one."""

    ra: exp.Expr
    dec: exp.Expr
    ref: TableRef | None = None
    spot: Spot | None = None

    @property
    def constant(self) -> tuple[float, float] | None:
        """Its coordinates when they are numbers."""
        ra, dec = constant(self.ra), constant(self.dec)
        return None if ra is None or dec is None else (ra, dec)

    def numbers(self) -> list[exp.Expr]:
        """Return what serialises it (DALI point)."""
        return [self.ra, self.dec]


@dataclass(slots=True)
class Circle:
    """All directions within a radius of a centre."""

    centre: Point
    radius: exp.Expr

    def region(self) -> Region | None:
        """Return it as a constant."""
        at, radius = self.centre.constant, constant(self.radius)
        return None if at is None or radius is None else Cone(at[0], at[1], max(0.0, radius))

    def numbers(self) -> list[exp.Expr]:
        """Return what serialises it (DALI circle)."""
        return [*self.centre.numbers(), self.radius]


def box_corners(ra: float, dec: float, width: float, height: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return right ascensions and declinations of the corners of a box smaller than 180 degrees (ADQL 4.2.9)."""
    a, d = np.radians(ra), np.radians(dec)
    out = np.array([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
    east = np.array([-np.sin(a), np.cos(a), 0.0])
    north = np.cross(out, east)
    x, y = np.tan(np.radians(width / 2)), np.tan(np.radians(height / 2))
    found = np.stack([out + sx * x * east + sy * y * north for sx, sy in ((1, -1), (1, 1), (-1, 1), (-1, -1))])
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    lon = np.degrees(np.arctan2(found[:, 1], found[:, 0])) % 360
    lat = np.degrees(np.arcsin(np.clip(found[:, 2], -1, 1)))
    return tuple(map(float, lon)), tuple(map(float, lat))


@dataclass(slots=True)
class Box:
    """A centre with the lengths of the arms of a cross."""

    centre: Point
    width: exp.Expr
    height: exp.Expr

    def corners(self) -> SkyPolygon | None:
        """Return its corners when it is constant and smaller than a hemisphere."""
        at, width, height = self.centre.constant, constant(self.width), constant(self.height)
        if at is None or width is None or height is None or not (0 < width < 179 and 0 < height < 179):
            return None
        return SkyPolygon(*box_corners(*at, width, height))

    def region(self) -> Region | None:
        """Return a constant region that holds it."""
        return self.corners()


@dataclass(slots=True)
class ConstantPolygon:
    """A polygon whose vertices are numbers."""

    vertices: SkyPolygon
    shape: sphere.Polygon

    def region(self) -> Region | None:
        """Return it as a constant."""
        return self.vertices


Shape = Point | Circle | Box | ConstantPolygon
