"""Regions of the sphere as inclusive ranges of NESTED HEALPix indices at order 29.

A range cover is *complete*: every point of the region has its index in a range. It may hold
more than the region, so an exact test always follows.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from cdshealpix import cdshealpix as _rust  # the extension itself: the astropy wrapper costs 0.3 ms a call

ORDER = 29
#: Number of cells of order 29 on the whole sphere.
CELLS = 12 << (2 * ORDER)
WHOLE_SKY = ((0, CELLS - 1),)

Int64Array = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

# A milliarcsecond: covers rounding of the caller's own distance formula, negligible for pruning.
_PAD = math.radians(1e-3 / 3600.0)
_CELL0 = math.radians(58.6)  # side of a base cell
_CHUNK = 1 << 18

# cdshealpix leaves cells out of cones beyond a hemisphere (seen at 136 degrees): those are covered
# by comparing centres of a fixed coarse order instead.
_WIDE = math.radians(45.0)
_WIDE_ORDER = 5


def healpix29(ra: npt.ArrayLike, dec: npt.ArrayLike, *, threads: int = 1) -> Int64Array:
    """Return the order-29 NESTED index of each position.

    Parameters
    ----------
    ra, dec
        ICRS degrees, shape (n,); valid are 0 ≤ ra ≤ 360 and −90 ≤ dec ≤ 90.

    Returns
    -------
    int64 array of shape (n,); −1 where a coordinate is NaN, infinite or out of range.
    """
    lon = np.array(ra, dtype=np.float64, ndmin=1)
    lat = np.array(dec, dtype=np.float64, ndmin=1)
    if lon.shape != lat.shape or lon.ndim != 1:
        raise ValueError(f"ra and dec must be 1-d and of one length, got {lon.shape} and {lat.shape}")
    good = (lon >= 0.0) & (lon <= 360.0) & (lat >= -90.0) & (lat <= 90.0)
    if not good.all():
        lon[~good] = lat[~good] = 0.0
    np.radians(lon, out=lon)
    np.radians(lat, out=lat)
    cells = np.empty(lon.shape, dtype=np.uint64)
    depth = np.full(min(_CHUNK, len(lon)), ORDER, dtype=np.uint8)
    offsets = np.empty((2, len(depth)))
    for start in range(0, len(lon), _CHUNK):
        part = slice(start, min(start + _CHUNK, len(lon)))
        n = part.stop - part.start
        _rust.lonlat_to_healpix(
            depth[:n], lon[part], lat[part], cells[part], offsets[0, :n], offsets[1, :n], np.uint16(threads)
        )
    index = cells.view(np.int64)
    index[~good] = -1
    return index


def cone_ranges(ra_deg: float, dec_deg: float, radius_deg: float, max_ranges: int = 32) -> Int64Array:
    """Return sorted, disjoint, inclusive order-29 ranges that cover a cone.

    Parameters
    ----------
    ra_deg, dec_deg
        Centre, ICRS degrees; right ascension may be any angle, declination is −90…90.
    radius_deg
        0…180 (180 and more is the whole sky).

    Returns
    -------
    int64 array of shape (n, 2) with 1 ≤ n ≤ `max_ranges`.
    """
    if not (math.isfinite(ra_deg) and -90.0 <= dec_deg <= 90.0 and radius_deg >= 0.0):
        raise ValueError(f"no cone at ({ra_deg}, {dec_deg}) with radius {radius_deg} degrees")
    radius = math.radians(radius_deg) + _PAD
    if radius >= math.pi:
        return np.array(WHOLE_SKY, dtype=np.int64)
    if radius > _WIDE:
        return merge_ranges(_wide_cone(math.radians(ra_deg % 360.0), math.radians(dec_deg), radius), max_ranges)
    depth = _depth(radius)
    pixels, depths, _ = _rust.cone_search(
        depth, min(2, ORDER - depth), math.radians(ra_deg % 360.0), math.radians(dec_deg), radius, False
    )
    return merge_ranges(_cells_to_ranges(pixels, depths), max_ranges)


def polygon_ranges(ra: FloatArray, dec: FloatArray, max_ranges: int = 64) -> Int64Array:
    """Return order-29 ranges that cover a spherical polygon with great-circle sides.

    The polygon is the side that holds the mean direction of its vertices; it may cross the
    poles and RA = 0 and must fit in a hemisphere around that direction.

    Parameters
    ----------
    ra, dec
        Vertices in ICRS degrees, shape (n,), n ≥ 3, in either sense; a repeated closing vertex is allowed.

    Returns
    -------
    int64 array of shape (m, 2), sorted, disjoint, m ≤ `max_ranges`.
    """
    lon, lat = np.radians(np.mod(ra, 360.0)), np.radians(np.asarray(dec, dtype=np.float64))
    if len(lon) < 3 or lon.shape != lat.shape:
        raise ValueError("a polygon needs at least 3 vertices")
    centre, radius = bounding_cone(lon, lat)
    around = cone_ranges(math.degrees(centre[0]), math.degrees(centre[1]), math.degrees(radius), max_ranges)
    if len(np.unique(np.column_stack([lon, lat]), axis=0)) < 3 or radius >= math.pi / 2:
        return around
    depth = min(_depth(radius) + 1, ORDER)
    pixels, depths, _ = _rust.polygon_search(np.uint8(depth), lon, lat, False)
    edges = _edge_cells(lon, lat, depth)
    ranges = _cells_to_ranges(
        np.concatenate([pixels, edges]), np.concatenate([depths, np.full(len(edges), depth, dtype=np.uint8)])
    )
    return merge_ranges(ranges, max_ranges)


def bounding_cone(lon: FloatArray, lat: FloatArray) -> tuple[tuple[float, float], float]:
    """Return ((lon, lat), radius) in radians of a cone around the mean direction of points (radians)."""
    vectors = unit_vectors(lon, lat)
    mean = vectors.mean(axis=0)
    norm = float(np.linalg.norm(mean))
    if norm < 1e-12:
        return (0.0, 0.0), math.pi
    mean /= norm
    chord = np.linalg.norm(vectors - mean, axis=1).max()
    radius = 2.0 * math.asin(min(1.0, chord / 2.0))
    return (math.atan2(mean[1], mean[0]) % (2 * math.pi), math.asin(max(-1.0, min(1.0, mean[2])))), radius


def unit_vectors(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Return unit vectors, shape (n, 3), of directions in radians."""
    cosine = np.cos(lat)
    return np.column_stack([cosine * np.cos(lon), cosine * np.sin(lon), np.sin(lat)])


def distinct_sorted(values: Int64Array) -> Int64Array:
    """Return the distinct values of a sorted array (`numpy.unique` hashes and is ten times slower)."""
    if len(values) == 0:
        return values
    keep = np.empty(len(values), dtype=bool)
    keep[0] = True
    np.not_equal(values[1:], values[:-1], out=keep[1:])
    return values[keep]


def merge_ranges(ranges: Int64Array, max_ranges: int) -> Int64Array:
    """Sort and join touching ranges, then bridge the smallest gaps until at most `max_ranges` remain."""
    if max_ranges < 1:
        raise ValueError("max_ranges must be at least 1")
    if len(ranges) == 0:
        return ranges
    ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
    ends = np.maximum.accumulate(ranges[:, 1])
    gaps = ranges[1:, 0] - ends[:-1] - 1
    cuts = np.flatnonzero(gaps > 0)
    if len(cuts) > max_ranges - 1:
        widest = np.argsort(gaps[cuts], kind="stable")[len(cuts) - (max_ranges - 1) :]
        cuts = np.sort(cuts[widest])
    return np.column_stack(
        [ranges[np.concatenate([[0], cuts + 1]), 0], ends[np.concatenate([cuts, [len(ends) - 1]])]]
    ).astype(np.int64)


@lru_cache(maxsize=1)
def _coarse_cells() -> tuple[FloatArray, float]:
    """Unit vectors of the cell centres of the coarse order, and the largest centre-to-vertex distance."""
    order = np.uint8(_WIDE_ORDER)
    pixels = np.arange(12 << (2 * _WIDE_ORDER), dtype=np.uint64)
    depth = np.full(len(pixels), order)
    lon, lat = np.empty(len(pixels)), np.empty(len(pixels))
    _rust.healpix_to_lonlat(depth, pixels, 0.5, 0.5, lon, lat, np.uint16(1))
    corner_lon, corner_lat = np.empty((2, len(pixels), 4))
    _rust.vertices(depth, pixels, 1, corner_lon, corner_lat, np.uint16(1))
    centres = unit_vectors(lon, lat)
    corners = unit_vectors(corner_lon.ravel(), corner_lat.ravel()).reshape(-1, 4, 3)
    chord = float(np.linalg.norm(corners - centres[:, None, :], axis=2).max())
    return centres, 2.0 * math.asin(chord / 2.0)


def _wide_cone(lon: float, lat: float, radius: float) -> Int64Array:
    centres, reach = _coarse_cells()
    axis = np.array([math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)])
    pixels = np.flatnonzero(centres @ axis >= math.cos(min(math.pi, radius + reach)))
    return _cells_to_ranges(pixels, np.full(len(pixels), _WIDE_ORDER))


def _depth(radius: float) -> int:
    # Cells of about a third of the radius: ~30 ranges, little area beyond the region.
    return max(0, min(ORDER, math.floor(math.log2(_CELL0 / radius)) + 2))


def _cells_to_ranges(pixels: npt.NDArray[np.integer], depths: npt.NDArray[np.integer]) -> Int64Array:
    shift = (2 * (ORDER - depths.astype(np.int64))).astype(np.int64)
    first = pixels.astype(np.int64) << shift
    return np.column_stack([first, first + (np.int64(1) << shift) - 1])


def _edge_cells(lon: FloatArray, lat: FloatArray, depth: int) -> npt.NDArray[np.uint64]:
    """Cells along the sides: slivers thinner than a cell, and sides through a pole, stay covered."""
    start = unit_vectors(lon, lat)
    steps = np.linspace(0.0, 1.0, 65)[:, None, None]
    points = ((1.0 - steps) * start + steps * np.roll(start, -1, axis=0)).reshape(-1, 3)
    side_lon = np.degrees(np.arctan2(points[:, 1], points[:, 0])) % 360.0
    side_lat = np.degrees(np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1])))
    return np.unique(healpix29(side_lon, side_lat) >> (2 * (ORDER - depth))).astype(np.uint64)
