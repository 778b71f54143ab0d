"""Constant polygons on the sphere: vertices to half-spaces or crossings, exact for great-circle sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_POLE_MARGIN = 1e-6


def unit_vectors(ra: Array, dec: Array) -> Array:
    """Return unit vectors, shape (n, 3), of directions in degrees."""
    a, d = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=-1)


@dataclass(frozen=True, slots=True)
class Crossing:
    """One side as seen from a pole: it is crossed by the meridians in [low, high) (radians)."""

    low: float
    high: float
    normal: Array


@dataclass(frozen=True, slots=True)
class Crossings:
    """Even-odd test: go from a point along its meridian to the pole and count the sides crossed.

    `x`, `y` span the equator of the pole; `odd` is the parity at the pole itself.
    """

    x: Array
    y: Array
    odd: bool
    sides: tuple[Crossing, ...]


class Polygon:
    """The smaller of the two sides of a closed line of great-circle arcs.

    Parameters
    ----------
    ra, dec
        Vertices in degrees, in either direction; the last joins the first.

    Raises
    ------
    ValueError
        Fewer than three different vertices, or a side of 180 degrees.
    """

    def __init__(self, ra: Array, dec: Array) -> None:
        vertices = unit_vectors(ra, dec)
        keep = np.linalg.norm(vertices - np.roll(vertices, 1, axis=0), axis=1) > 1e-13
        vertices = vertices[keep]
        if len(vertices) < 3:
            raise ValueError("a polygon needs three different vertices")
        following = np.roll(vertices, -1, axis=0)
        if np.any(np.linalg.norm(vertices + following, axis=1) < 1e-9):
            raise ValueError("a side of a polygon is shorter than 180 degrees")
        area = _left_area(vertices)
        if area > 2 * np.pi:
            vertices = vertices[::-1]
            following = np.roll(vertices, -1, axis=0)
            area = 4 * np.pi - area
        self.vertices = vertices
        self.area = float(np.degrees(np.degrees(area)))
        self.normals = _normals(vertices, following)

    @property
    def convex(self) -> bool:
        """Whether the inside is where every side has it on its left."""
        turns = np.einsum("ij,ij->i", self.normals, np.roll(self.vertices, -2, axis=0))
        everywhere = self.vertices @ self.normals.T
        return bool(np.all(turns > -1e-14) and np.all(everywhere > -1e-12))

    @property
    def centre(self) -> Array:
        """The mean direction of the vertices (of the sides' normals when those cancel)."""
        mean = self.vertices.sum(axis=0)
        if np.linalg.norm(mean) < 1e-6:
            mean = self.normals.sum(axis=0)
        if np.linalg.norm(mean) < 1e-6:
            mean = self.vertices[0] + 0.5 * self.vertices[1]
        return np.asarray(mean / np.linalg.norm(mean))

    def centroid(self) -> Array:
        """Return the unit vector of the centre of area: the sum of the sides' normals, each times its arc."""
        following = np.roll(self.vertices, -1, axis=0)
        chords = np.linalg.norm(following - self.vertices, axis=1)
        arcs = 2 * np.arcsin(np.clip(chords / 2, 0, 1))
        mean = (self.normals * arcs[:, None]).sum(axis=0)
        size = np.linalg.norm(mean)
        return np.asarray(mean / size) if size > 1e-12 else self.centre

    def crossings(self) -> Crossings:
        """Return the even-odd test for polygons that are not convex."""
        pole, x, y = self._frame()
        lon = np.arctan2(self.vertices @ y, self.vertices @ x)
        sides: list[Crossing] = []
        for i, normal in enumerate(self.normals):
            up = normal if normal @ pole > 0 else -normal
            sides.extend(_spans(float(lon[i]), float(lon[(i + 1) % len(lon)]), up))
        inside = self.inner_point()
        at = float(np.arctan2(inside @ y, inside @ x))
        count = sum(s.low <= at < s.high and bool(s.normal @ inside < 0) for s in sides)
        return Crossings(x, y, count % 2 == 0, tuple(sides))

    def _frame(self) -> tuple[Array, Array, Array]:
        """Return a pole that no vertex and no side comes near, and its equator."""
        generator = np.random.default_rng(20290229)
        pole = -self.centre
        while True:
            nearest = np.min(np.abs(self.normals @ pole))
            if nearest > _POLE_MARGIN:
                break
            pole = pole + generator.normal(scale=0.05, size=3)
            pole /= np.linalg.norm(pole)
        helper = np.eye(3)[int(np.argmin(np.abs(pole)))]
        x = np.cross(pole, helper)
        x /= np.linalg.norm(x)
        return pole, x, np.cross(pole, x)

    def inner_point(self) -> Array:
        """A point just left of the middle of the longest side."""
        following = np.roll(self.vertices, -1, axis=0)
        lengths = np.linalg.norm(following - self.vertices, axis=1)
        i = int(np.argmax(lengths))
        middle = self.vertices[i] + following[i]
        middle /= np.linalg.norm(middle)
        point = middle + self.normals[i] * min(1e-7, 1e-4 * float(lengths[i]))
        return np.asarray(point / np.linalg.norm(point))


def _normals(start: Array, end: Array) -> Array:
    """Unit normals of arcs, to their left; stable for short arcs."""
    normals = np.cross(start - end, start + end)
    normals = -normals if np.einsum("ij,ij->i", normals, np.cross(start, end)).sum() < 0 else normals
    return np.asarray(normals / np.linalg.norm(normals, axis=1, keepdims=True))


def _left_area(vertices: Array) -> float:
    """Area (steradians) to the left of a closed line, by its turning (Gauss-Bonnet)."""
    normals = _normals(vertices, np.roll(vertices, -1, axis=0))
    following = np.roll(normals, -1, axis=0)
    at = np.roll(vertices, -1, axis=0)
    sine = np.einsum("ij,ij->i", np.cross(normals, following), at)
    cosine = np.einsum("ij,ij->i", normals, following)
    return float((2 * np.pi - np.arctan2(sine, cosine).sum()) % (4 * np.pi))


def _spans(a: float, b: float, normal: Array) -> list[Crossing]:
    """The meridians between two longitudes, the shorter way, cut at 180 degrees."""
    low, high = min(a, b), max(a, b)
    if high - low <= np.pi:
        return [Crossing(low, high, normal)]
    return [Crossing(high, np.inf, normal), Crossing(-np.inf, low, normal)]
