"""From regions on the sky to HEALPix ranges, files and an estimate of rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlglot import exp

from tianku.adql.schema import Cone, Region, SkyPolygon, TableRef
from tianku.adql.sphere import unit_vectors
from tianku.model.metadata import HEALPIX_COLUMN
from tianku.planner.stored import Int64Array, Stored
from tianku.sky.ranges import cone_ranges, polygon_ranges

Array = npt.NDArray[np.float64]

#: degrees from the mean direction up to which the hull of a polygon is taken in a tangent plane
_HULL_LIMIT = 80.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one reference reads: ranges of the index (None for all), files to keep, expected rows."""

    ranges: Int64Array | None
    files: Int64Array | None
    rows: float


def bounds_of(ranges: Int64Array | None, stored: Stored) -> Bounds:
    """Return what ranges of the index leave of a table; None stands for all of it."""
    if ranges is None:
        return Bounds(None, None, float(stored.nrows))
    if not len(stored.files):
        cells = float((ranges[:, 1] - ranges[:, 0] + 1).sum())
        return Bounds(ranges, None, stored.nrows * cells / (12 * 4.0**29))
    overlap = _overlap(stored.spans, ranges)
    keep = np.flatnonzero(overlap > 0)
    return Bounds(ranges, keep.astype(np.int64), float((overlap * stored.file_rows).sum()))


def predicate(ranges: Int64Array) -> exp.Expr:
    """Return the condition that the index is in one of the ranges.

    The outer BETWEEN lets an engine skip row groups; the alternatives do the rest.
    """
    outer = _within(int(ranges[0, 0]), int(ranges[-1, 1]))
    if len(ranges) == 1:
        return outer
    parts = [_within(int(low), int(high)) for low, high in ranges]
    while len(parts) > 1:
        pairs: list[exp.Expr] = [
            exp.Or(this=a, expression=b) for a, b in zip(parts[::2], parts[1::2], strict=False)
        ]
        parts = [*pairs, parts[-1]] if len(parts) % 2 else pairs
    return exp.And(this=outer, expression=exp.Paren(this=parts[0]))


def index_column() -> exp.Column:
    """Return the internal index column, unqualified."""
    return exp.Column(this=exp.Identifier(this=HEALPIX_COLUMN, quoted=True))


def _within(low: int, high: int) -> exp.Expr:
    return exp.Between(this=index_column(), low=exp.Literal.number(low), high=exp.Literal.number(high))


def _overlap(spans: Int64Array, ranges: Int64Array) -> Array:
    """Return which share of each file's span the ranges cover, shape (files,)."""
    low = np.maximum(spans[:, None, 0], ranges[None, :, 0]).astype(np.float64)
    high = np.minimum(spans[:, None, 1], ranges[None, :, 1]).astype(np.float64)
    covered = np.clip(high - low + 1, 0, None).sum(axis=1)
    width = spans[:, 1].astype(np.float64) - spans[:, 0].astype(np.float64) + 1
    return np.asarray(np.minimum(1.0, covered / width))


def ranges_of(ref: TableRef) -> Int64Array | None:
    """Return the smallest cover that the regions of a reference give; None where they give none."""
    regions: list[Region] = list(ref.regions)
    window = _window(ref)
    if window is not None:
        regions.append(window)
    covers = [c for c in (_cover(r) for r in regions) if c is not None]
    return min(covers, key=lambda c: int((c[:, 1] - c[:, 0]).sum())) if covers else None


def _cover(region: Region) -> Int64Array | None:
    if isinstance(region, Cone):
        return None if region.radius >= 180 else cone_ranges(region.ra % 360, region.dec, region.radius)
    hull = _hull(region)
    return None if hull is None else polygon_ranges(*hull)


def _window(ref: TableRef) -> Cone | None:
    """Return a cone around the limits that a query sets on right ascension and declination."""
    main = ref.table.main_position
    if main is None or main.ra not in ref.bounds or main.dec not in ref.bounds:
        return None
    (west, east), (south, north) = ref.bounds[main.ra], ref.bounds[main.dec]
    west, east = max(west, 0.0), min(east, 360.0)
    south, north = max(south, -90.0), min(north, 90.0)
    if not (west <= east and south <= north and east - west <= 180):
        return None
    ra, dec = (west + east) / 2, (south + north) / 2
    # within a quarter turn on each side the farthest point of the window is a corner
    corners = unit_vectors(np.array([west, west]), np.array([south, north]))
    centre = unit_vectors(np.array([ra]), np.array([dec]))[0]
    chord = float(np.linalg.norm(corners - centre, axis=1).max())
    return Cone(ra, dec, math.degrees(2 * math.asin(min(1.0, chord / 2))) + 1e-9)


def _hull(region: SkyPolygon) -> tuple[Array, Array] | None:
    """Return the convex hull of a polygon's vertices, or None when it is too wide for one.

    A hull holds the mean direction, which tells the inside of a polygon from its outside.
    """
    vectors = unit_vectors(np.array(region.ra), np.array(region.dec))
    mean = vectors.sum(axis=0)
    if np.linalg.norm(mean) < 1e-9:
        return None
    mean /= np.linalg.norm(mean)
    if float((vectors @ mean).min()) < math.cos(math.radians(_HULL_LIMIT)):
        return None
    helper = np.eye(3)[int(np.argmin(np.abs(mean)))]
    x = np.cross(mean, helper)
    x /= np.linalg.norm(x)
    plane = vectors / (vectors @ mean)[:, None]  # great circles become lines
    order = _monotone_chain(np.column_stack([plane @ x, plane @ np.cross(mean, x)]))
    if len(order) < 3:
        return None
    return np.array(region.ra)[order], np.array(region.dec)[order]


def _monotone_chain(points: Array) -> list[int]:
    """Return the indices of the convex hull of plane points, counter-clockwise (Andrew 1979)."""
    order = [int(i) for i in np.lexsort((points[:, 1], points[:, 0]))]

    def half(indices: list[int]) -> list[int]:
        chain: list[int] = []
        for i in indices:
            while len(chain) >= 2 and _turn(points[chain[-2]], points[chain[-1]], points[i]) <= 0:
                chain.pop()
            chain.append(i)
        return chain[:-1]

    return half(order) + half(order[::-1])


def _turn(a: Array, b: Array, c: Array) -> float:
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
