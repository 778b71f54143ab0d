"""Regions that products are searched by, and which outlines overlap them, cover them or lie within.

ICRS degrees outside, unit vectors inside. A polygon is the smaller of the two sides of its line.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tianku.adql.schema import Cone
from tianku.adql.sphere import Polygon, unit_vectors
from tianku.planner.outlines import Doubles, Flags, Outlines, arc_distance, arcs_cross, normalised, separation

#: directions along a border, about
_BORDER = 512


class Shape(Protocol):
    """A region."""

    def around(self) -> Cone:
        """Return a cone that holds it."""
        ...

    def overlaps(self, found: Outlines) -> Flags:
        """Return which rows' outlines have a point in common with it, shape (rows,)."""
        ...

    def holds(self, vectors: Doubles) -> Flags:
        """Return which directions lie in it, shape (n,)."""
        ...

    def border(self) -> Doubles:
        """Return directions all along its border, unit vectors of shape (n, 3)."""
        ...


@dataclass(frozen=True, slots=True)
class Circle:
    """All directions within `radius` of a centre; a radius of 0 is a point."""

    ra: float
    dec: float
    radius: float

    def around(self) -> Cone:
        """Return itself."""
        return Cone(self.ra % 360.0, self.dec, self.radius)

    def overlaps(self, found: Outlines) -> Flags:
        """Return which rows' outlines have a point in common with it."""
        centre, radius = _vector(self.ra, self.dec), math.radians(self.radius)
        polygons = found.polygons.hold(centre) | (found.polygons.distance(centre) <= radius)
        circles = found.circles
        return found.spread(polygons, separation(circles.centre, centre[None, :]) <= radius + circles.radius)

    def holds(self, vectors: Doubles) -> Flags:
        """Return which directions lie in it."""
        return separation(vectors, _vector(self.ra, self.dec)[None, :]) <= math.radians(self.radius)

    def border(self) -> Doubles:
        """Return directions all along its border."""
        lon, lat, radius = (math.radians(one) for one in (self.ra, self.dec, self.radius))
        east = np.array([-math.sin(lon), math.cos(lon), 0.0])
        north = np.array([-math.sin(lat) * math.cos(lon), -math.sin(lat) * math.sin(lon), math.cos(lat)])
        angle = np.linspace(0.0, 2 * math.pi, _BORDER, endpoint=False)[:, None]
        around = np.cos(angle) * north + np.sin(angle) * east
        return np.asarray(math.cos(radius) * _vector(self.ra, self.dec) + math.sin(radius) * around)


@dataclass(frozen=True, slots=True)
class PolygonShape:
    """A polygon of great-circle sides."""

    ra: tuple[float, ...]
    dec: tuple[float, ...]

    def polygon(self) -> Polygon:
        """Return its geometry; `ValueError` when it has no area."""
        return Polygon(np.array(self.ra), np.array(self.dec))

    def around(self) -> Cone:
        """Return the cone around its middle; the whole sky when a hemisphere does not hold it."""
        shape = self.polygon()
        middle = shape.centre
        radius = math.degrees(float(separation(shape.vertices, middle[None, :]).max()))
        ra, dec = math.degrees(math.atan2(middle[1], middle[0])) % 360.0, math.degrees(math.asin(middle[2]))
        return Cone(ra, max(-90.0, min(90.0, dec)), 180.0 if radius >= 89.0 else radius)

    def overlaps(self, found: Outlines) -> Flags:
        """Return which rows' outlines have a point in common with it."""
        shape, polygons, circles = self.polygon(), found.polygons, found.circles
        middle = shape.inner_point()
        touched = polygons.any_side(holds(shape, polygons.start))
        for vertex in (middle, *shape.vertices):
            touched |= polygons.hold(vertex)
        touched |= polygons.any_side(self._crossed(shape, found))
        near = holds(shape, circles.centre) | (_to_outline(shape, circles.centre) <= circles.radius)
        return found.spread(touched, near)

    def covered_by(self, found: Outlines) -> Flags:
        """Return which rows' outlines hold all of it."""
        shape, polygons, circles = self.polygon(), found.polygons, found.circles
        whole = ~polygons.any_side(self._crossed(shape, found))
        apart = np.zeros(len(circles.rows))
        for vertex in shape.vertices:
            whole &= polygons.hold(vertex)
            apart = np.maximum(apart, separation(circles.centre, vertex[None, :]))
        return found.spread(whole, apart <= circles.radius)

    def holds_all_of(self, found: Outlines) -> Flags:
        """Return which rows' outlines lie within it."""
        shape, polygons, circles = self.polygon(), found.polygons, found.circles
        inside = ~polygons.any_side(~holds(shape, polygons.start) | self._crossed(shape, found))
        within = holds(shape, circles.centre) & (_to_outline(shape, circles.centre) >= circles.radius)
        return found.spread(inside, within)

    def holds(self, vectors: Doubles) -> Flags:
        """Return which directions lie in it."""
        return holds(self.polygon(), vectors)

    def border(self) -> Doubles:
        """Return directions all along its border."""
        start = self.polygon().vertices
        step = np.linspace(0.0, 1.0, max(2, _BORDER // len(start)), endpoint=False)[:, None, None]
        chords = start * (1.0 - step) + np.roll(start, -1, axis=0) * step
        return normalised(chords.reshape(-1, 3))

    @staticmethod
    def _crossed(shape: Polygon, found: Outlines) -> Flags:
        """Which sides of the outlines cross a side of the polygon."""
        polygons = found.polygons
        crossed = np.zeros(len(polygons.owner), dtype=bool)
        for start, end in _sides(shape):
            crossed |= arcs_cross(polygons.start, polygons.end, start, end)
        return crossed


@dataclass(frozen=True, slots=True)
class Range:
    """Directions between two meridians (`west` to `east`, eastwards) and two parallels."""

    west: float
    east: float
    south: float
    north: float

    @property
    def width(self) -> float:
        """Degrees from west to east."""
        return min(360.0, self.east - self.west)

    def around(self) -> Cone:
        """Return a cone around its middle: corners are farthest when it is no wider than half the sky."""
        dec = (self.south + self.north) / 2
        if self.width > 180.0:
            pole = 90.0 if dec >= 0 else -90.0
            return Cone(0.0, pole, 90.0 - self.south if dec >= 0 else 90.0 + self.north)
        ra = (self.west + self.width / 2) % 360.0
        corners = unit_vectors(np.array([self.west, self.west]), np.array([self.south, self.north]))
        return Cone(ra, dec, math.degrees(float(separation(corners, _vector(ra, dec)[None, :]).max())))

    def overlaps(self, found: Outlines) -> Flags:
        """Return which rows' outlines have a point in common with it."""
        polygons, circles = found.polygons, found.circles
        touched = polygons.any_side(self.holds(polygons.start) | self._parallels_crossed(found))
        for corner in self._corners():
            touched |= polygons.hold(corner)
        for start, end in self._meridians():
            touched |= polygons.any_side(arcs_cross(polygons.start, polygons.end, start, end))
        near = self.holds(circles.centre) | (self._distance(circles.centre) <= circles.radius)
        return found.spread(touched, near)

    def border(self) -> Doubles:
        """Return directions all along its border."""
        lon = np.linspace(self.west, self.west + self.width, _BORDER // 4)
        lat = np.linspace(self.south, self.north, _BORDER // 4)
        sides = [(lon, np.full(lon.shape, side)) for side in (self.south, self.north)]
        sides += [(np.full(lat.shape, side), lat) for side in (self.west, self.east)]
        return np.concatenate([unit_vectors(*side) for side in sides])

    def holds(self, vectors: Doubles) -> Flags:
        """Return which directions lie in it."""
        lat = np.degrees(np.arctan2(vectors[:, 2], np.hypot(vectors[:, 0], vectors[:, 1])))
        return np.asarray((lat >= self.south) & (lat <= self.north) & self._between(vectors))

    def _between(self, vectors: Doubles) -> Flags:
        """Which directions lie between the meridians; poles lie between all."""
        lon = np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0]))
        pole = np.hypot(vectors[:, 0], vectors[:, 1]) < 1e-15
        return np.asarray(((lon - self.west) % 360.0 <= self.width) | (self.width >= 360.0) | pole)

    def _corners(self) -> Doubles:
        lon = np.array([self.west, self.west + self.width / 2, self.east])
        return unit_vectors(np.repeat(lon, 2), np.tile(np.array([self.south, self.north]), 3))

    def _meridians(self) -> list[tuple[Doubles, Doubles]]:
        """The two sides along meridians, as arcs shorter than 180 degrees."""
        lat = np.linspace(self.south, self.north, 3)
        sides = [unit_vectors(np.full(3, lon), lat) for lon in (self.west, self.east)]
        return [(side[i : i + 1], side[i + 1 : i + 2]) for side in sides for i in range(2)]

    def _parallels_crossed(self, found: Outlines) -> Flags:
        """Which sides of the outlines cross a side along a parallel: where the arc has that height."""
        start, end = found.polygons.start, found.polygons.end
        towards = end - start * np.sum(start * end, axis=1, keepdims=True)
        length = np.linalg.norm(towards, axis=1, keepdims=True)
        towards = np.divide(towards, length, out=np.zeros_like(towards), where=length > 0)
        arc = separation(start, end)
        crossed = np.zeros(len(start), dtype=bool)
        top, phase = np.hypot(start[:, 2], towards[:, 2]), np.arctan2(towards[:, 2], start[:, 2])
        for lat in (self.south, self.north):
            with np.errstate(divide="ignore", invalid="ignore"):
                turn = np.arccos(math.sin(math.radians(lat)) / top)
            for way in (phase - turn, phase + turn):
                angle = way % (2 * math.pi)
                at = start * np.cos(angle)[:, None] + towards * np.sin(angle)[:, None]
                crossed |= (angle <= arc) & self._between(np.nan_to_num(at))
        return crossed

    def _distance(self, points: Doubles) -> Doubles:
        """The angle from directions to the nearest side (radians)."""
        nearest = np.full(len(points), np.inf)
        for start, end in self._meridians():
            nearest = np.minimum(nearest, arc_distance(points, start, end))
        lat = np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1]))
        for side in (self.south, self.north):
            away = np.where(self._between(points), np.abs(lat - math.radians(side)), np.inf)
            nearest = np.minimum(nearest, away)
        return nearest


def holds(shape: Polygon, vectors: Doubles) -> Flags:
    """Return which directions lie in a polygon, shape (n,)."""
    if shape.convex:
        return np.asarray((vectors @ shape.normals.T >= 0).all(axis=1))
    crossings = shape.crossings()
    lon = np.arctan2(vectors @ crossings.y, vectors @ crossings.x)
    count = np.full(len(vectors), int(crossings.odd))
    for side in crossings.sides:
        count += (vectors @ side.normal < 0) & (lon >= side.low) & (lon < side.high)
    return np.asarray(count % 2 == 1)


def _sides(shape: Polygon) -> list[tuple[Doubles, Doubles]]:
    ends = np.roll(shape.vertices, -1, axis=0)
    return [(start[None, :], end[None, :]) for start, end in zip(shape.vertices, ends, strict=True)]


def _to_outline(shape: Polygon, points: Doubles) -> Doubles:
    nearest = np.full(len(points), np.inf)
    for start, end in _sides(shape):
        nearest = np.minimum(nearest, arc_distance(points, start, end))
    return nearest


def _vector(ra: float, dec: float) -> Doubles:
    return np.asarray(unit_vectors(np.array([ra]), np.array([dec]))[0])
