"""Outlines of many products at once, and how they lie to one region: exact tests on arrays, no loop over rows.

What is stored is text (DALI words: ``POLYGON ICRS …``, ``CIRCLE ICRS …``); a row without it is its position.
Sides are great circles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tianku.adql.sphere import unit_vectors

Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

_WORDS = r"^\s*(?P<kind>[A-Za-z]+)\s+(?:[A-Za-z]\S*\s+)*(?P<numbers>[-+\d][-+\d.eE\s]*?)\s*$"


@dataclass(frozen=True, slots=True, eq=False)
class Polygons:
    """Polygons of any numbers of vertices, one after the other.

    Attributes
    ----------
    rows
        Which row each polygon is of, shape (polygons,).
    owner
        Which polygon each vertex is of, shape (vertices,), ascending.
    start, end
        Unit vectors of the two ends of the side that begins at each vertex, shape (vertices, 3).
    middle
        Unit vectors of a point around which each polygon keeps within a hemisphere, shape (polygons, 3).
    """

    rows: Integers
    owner: Integers
    start: Doubles
    end: Doubles
    middle: Doubles

    def __len__(self) -> int:
        return len(self.rows)

    def any_side(self, flags: Flags) -> Flags:
        """Return for which polygons a flag of some vertex or side holds."""
        return np.bincount(self.owner, weights=flags, minlength=len(self)) > 0

    def hold(self, point: Doubles) -> Flags:
        """Return which polygons hold a direction: even-odd in the tangent plane, where sides are straight."""
        east, north = _tangent(self.middle)
        depth = self.middle @ point
        with np.errstate(divide="ignore", invalid="ignore"):
            x, y = (east @ point / depth)[self.owner], (north @ point / depth)[self.owner]
        middle, east, north = self.middle[self.owner], east[self.owner], north[self.owner]
        x1, y1 = _projected(self.start, middle, east, north)
        x2, y2 = _projected(self.end, middle, east, north)
        with np.errstate(divide="ignore", invalid="ignore"):
            crossed = ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
        odd = np.bincount(self.owner, weights=crossed, minlength=len(self)).astype(np.int64) % 2 == 1
        return odd & (depth > 0)

    def distance(self, point: Doubles) -> Doubles:
        """Return the angle (radians) from a direction to the nearest point of each polygon's outline."""
        nearest = np.full(len(self), np.inf)
        np.minimum.at(nearest, self.owner, arc_distance(point[None, :], self.start, self.end))
        return nearest


@dataclass(frozen=True, slots=True, eq=False)
class Circles:
    """Circles, positions among them: centres (n, 3), radii (n,) in radians, and the rows they are of."""

    rows: Integers
    centre: Doubles
    radius: Doubles


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """The outlines of `count` rows; rows that have none are in neither."""

    count: int
    polygons: Polygons
    circles: Circles

    def spread(self, polygons: Flags, circles: Flags) -> Flags:
        """Return what holds for each row, from what holds for each polygon and circle."""
        found = np.zeros(self.count, dtype=bool)
        found[self.polygons.rows] = polygons
        found[self.circles.rows] = circles
        return found


def outlines(region: pa.Array, ra: pa.Array, dec: pa.Array) -> Outlines:
    """Return the outlines of rows from their columns ``s_region``, ``s_ra`` and ``s_dec`` (degrees, ICRS)."""
    words = pc.extract_regex(region.cast(pa.string()), _WORDS)
    kind = pc.fill_null(pc.utf8_upper(pc.struct_field(words, "kind")), "").to_numpy(zero_copy_only=False)
    texts = pc.split_pattern_regex(pc.struct_field(words, "numbers"), r"\s+")
    counts = pc.fill_null(pc.list_value_length(texts), 0).to_numpy().astype(np.int64)
    values = pc.cast(pc.list_flatten(texts), pa.float64()).to_numpy()
    first = np.cumsum(counts) - counts
    is_polygon = (kind == "POLYGON") & (counts >= 6) & (counts % 2 == 0)
    is_circle = (kind == "CIRCLE") & (counts == 3)
    lon, lat = (pc.fill_null(one.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False) for one in (ra, dec))
    placed = ~(is_polygon | is_circle) & np.isfinite(lon) & np.isfinite(lat)
    at, alone = first[is_circle], np.flatnonzero(placed)
    circles = Circles(
        np.concatenate([np.flatnonzero(is_circle), alone]),
        unit_vectors(np.concatenate([values[at], lon[alone]]), np.concatenate([values[at + 1], lat[alone]])),
        np.radians(np.concatenate([values[at + 2], np.zeros(len(alone))])),
    )
    return Outlines(len(region), _polygons(np.flatnonzero(is_polygon), first, counts, values), circles)


def _polygons(rows: Integers, first: Integers, counts: Integers, values: Doubles) -> Polygons:
    sizes = counts[rows] // 2
    owner = np.repeat(np.arange(len(rows)), sizes)
    begins = np.cumsum(sizes) - sizes
    place = np.arange(len(owner)) - begins[owner]
    at = first[rows][owner] + 2 * place
    start = unit_vectors(values[at], values[at + 1])
    following = np.where(place + 1 < sizes[owner], np.arange(len(owner)) + 1, begins[owner])
    middle = np.zeros((len(rows), 3))
    np.add.at(middle, owner, start)
    return Polygons(rows, owner, start, start[following], normalised(middle))


def normalised(vectors: Doubles) -> Doubles:
    """Return vectors of length one, shape (n, 3)."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def arc_distance(point: Doubles, start: Doubles, end: Doubles) -> Doubles:
    """Return the angle from directions to great-circle arcs (radians); shapes (n, 3), or (1, 3) for all."""
    normal = np.cross(start, end)
    length = np.linalg.norm(normal, axis=1)
    unit = normal / np.where(length > 0, length, 1.0)[:, None]
    beside = (np.sum(np.cross(unit, start) * point, axis=1) >= 0) & (
        np.sum(np.cross(end, unit) * point, axis=1) >= 0
    )
    across = np.arcsin(np.clip(np.abs(np.sum(unit * point, axis=1)), 0.0, 1.0))
    ends = np.minimum(separation(point, start), separation(point, end))
    return np.where(beside & (length > 0), across, ends)


def separation(one: Doubles, other: Doubles) -> Doubles:
    """Return the angle between directions (radians); shapes (n, 3), or (1, 3) for all."""
    return np.asarray(np.arctan2(np.linalg.norm(np.cross(one, other), axis=1), np.sum(one * other, axis=1)))


def arcs_cross(a: Doubles, b: Doubles, c: Doubles, d: Doubles) -> Flags:
    """Return whether arcs ``ab`` and ``cd`` cross at an inner point; shapes (n, 3), or (1, 3) for all."""
    ab, cd = np.cross(a, b), np.cross(c, d)
    acb, bda = -np.sum(ab * c, axis=1), np.sum(ab * d, axis=1)
    cbd, dac = -np.sum(cd * b, axis=1), np.sum(cd * a, axis=1)
    return np.asarray((acb * bda > 0) & (acb * cbd > 0) & (acb * dac > 0))


def _tangent(middle: Doubles) -> tuple[Doubles, Doubles]:
    """Two axes of the plane that touches the sphere at each direction."""
    helper = np.zeros_like(middle)
    helper[np.arange(len(middle)), np.argmin(np.abs(middle), axis=1)] = 1.0
    east = normalised(np.cross(middle, helper)) if len(middle) else helper
    return east, np.cross(middle, east)


def _projected(vectors: Doubles, middle: Doubles, east: Doubles, north: Doubles) -> tuple[Doubles, Doubles]:
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = np.sum(vectors * middle, axis=1)
        return np.sum(vectors * east, axis=1) / depth, np.sum(vectors * north, axis=1) / depth
