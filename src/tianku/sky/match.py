"""Pairs of positions that lie close together: complete at poles, at the wrap of RA and at cell corners.

Both sides are sorted by their HEALPix index. The sky is cut into cells at least `_WIDTHS` radii wide, so a
partner lies in a position's own cell or in one that touches it; only positions near an edge of their cell look
beyond it. How near is known from the bits of the index: the coordinate x along a side of a base cell (0 to 1) has
a gradient of at most `_STEEPEST` per radian (largest in the polar caps; Górski et al. 2005, section 5), so a
position farther than ``radius · _STEEPEST`` from an edge, in x, is farther than the radius from it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cdshealpix import cdshealpix as _rust

from tianku.sky.ranges import ORDER, FloatArray, Int64Array, healpix29

#: the largest gradient is 1.452; the rest covers rounding
_STEEPEST = 1.5
#: a cell is at least so many radii wide: below 2 a partner could lie beyond the neighbours
_WIDTHS = 4.0
#: positions and pairs handled at once
_ROWS, _PAIRS = 1 << 18, 1 << 21
#: added to the radius when looking for candidates, radians: rounding of positions to cells of order 29
_PAD = 1e-8
#: the largest radius, degrees: base cells are no wider
MAX_RADIUS = 5.0
#: neighbours of a cell in the library's order, by the side of the cell they touch
_SIDES = {1: (0, 3, 6), 2: (2, 5, 8), 4: (0, 1, 2), 8: (6, 7, 8)}
_BITS = 8


@dataclass(frozen=True, slots=True)
class Points:
    """Positions sorted by HEALPix index.

    Attributes
    ----------
    index
        Order-29 NESTED index, ascending.
    ra, dec
        ICRS degrees, in the order of `index`.
    row
        Where each position was before it was sorted.
    """

    index: Int64Array
    ra: FloatArray
    dec: FloatArray
    row: Int64Array

    @classmethod
    def of(cls, ra: npt.ArrayLike, dec: npt.ArrayLike, index: Int64Array | None = None) -> Points:
        """Sort positions; those that are none (NaN, out of range) are left out."""
        lon, lat = np.asarray(ra, dtype=np.float64), np.asarray(dec, dtype=np.float64)
        cells = healpix29(lon, lat) if index is None else index
        if len(cells) and cells[0] >= 0 and bool(np.all(cells[1:] >= cells[:-1])):
            return cls(cells, lon, lat, np.arange(len(cells)))
        order = np.argsort(cells, kind="stable")
        order = order[int(np.searchsorted(cells[order], 0)) :]
        return cls(cells[order], lon[order], lat[order], order)

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Matches: places in the sorted left and right positions, and their separation in degrees."""

    left: Int64Array
    right: Int64Array
    separation: FloatArray


def match_order(radius: float) -> int:
    """Return the order of the cells in which a radius (degrees) is matched.

    Raises
    ------
    ValueError
        The radius is negative, not finite, or larger than `MAX_RADIUS`.
    """
    if not 0.0 <= radius <= MAX_RADIUS:
        raise ValueError(f"a match radius lies between 0 and {MAX_RADIUS} degrees, not {radius}")
    reach = _WIDTHS * _STEEPEST * (math.radians(radius) + _PAD)
    return max(0, min(ORDER - _BITS, math.floor(-math.log2(reach)) if reach < 1 else 0))


def pairs_within(left: Points, right: Points, radius: float | FloatArray) -> Iterator[Pairs]:
    """Yield all pairs at most `radius` degrees apart, in chunks that ascend in `left`.

    Parameters
    ----------
    radius
        Degrees, at most `MAX_RADIUS`: one for all, or one for each position of `left`, in its sorted order.

    Yields
    ------
    Pairs
        Each pair once, unordered within a chunk; all pairs of one left position are in one chunk, unless
        it alone has more than some millions.
    """
    if not len(left) or not len(right):
        return
    least, widest = float(np.min(radius)), float(np.max(radius))
    match_order(least)
    order = min(match_order(widest), _filling_order(right.index))
    near = _edge_flags(order, math.radians(widest) + _PAD)
    for start in range(0, len(left), _ROWS):
        rows = slice(start, min(start + _ROWS, len(left)))
        found = _candidates(left, right, rows, order, near)
        for who, first, count in _shares(*found):
            pairs = _expand(who, first, count)
            yield _close(left, right, *pairs, radius)


def reached_cells(left: Points, radius: float) -> tuple[int, Int64Array]:
    """Return the cells (order, sorted numbers) that hold every position within `radius` degrees of `left`."""
    order, own, _, beyond = _cells_around(left.index, radius)
    return order, distinct(np.concatenate([own, beyond]))


def distinct(values: Int64Array) -> Int64Array:
    """Return the different values, sorted; found by sorting: numpy's hash is slow for numbers like these."""
    ordered = np.sort(values)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]]


def cells_around(index: Int64Array, radius: float) -> tuple[int, Int64Array, Int64Array]:
    """Return (order, places in `index`, cells): of each all cells that hold positions within `radius` degrees.

    A pair of place and cell comes once, so an equality of cells joins no two positions twice.
    """
    order, cell, who, beyond = _cells_around(index, radius)
    sorting = np.lexsort((beyond, who))
    who, beyond = who[sorting], beyond[sorting]
    # of large cells few are all around: the same one may lie beyond several sides, or be the own one
    new = np.append(True, (who[1:] != who[:-1]) | (beyond[1:] != beyond[:-1]))[: len(who)]
    other = new & (beyond != cell[who])
    return order, np.concatenate([np.arange(len(cell)), who[other]]), np.concatenate([cell, beyond[other]])


def _cells_around(index: Int64Array, radius: float) -> tuple[int, Int64Array, Int64Array, Int64Array]:
    """Return (order, own cells, places near edges, cells beyond these)."""
    order = match_order(radius)
    cell = index >> (2 * (ORDER - order))
    who, beyond = _beyond(index, cell, order, _edge_flags(order, math.radians(radius) + _PAD))
    return order, cell, who, beyond


def separation(ra1: FloatArray, dec1: FloatArray, ra2: FloatArray, dec2: FloatArray) -> FloatArray:
    """Return the angular distance of directions in degrees (haversine: exact where it is small)."""
    half_dec, half_ra = np.radians(dec2 - dec1) * 0.5, np.radians(ra2 - ra1) * 0.5
    squares = np.sin(half_dec) ** 2 + np.cos(np.radians(dec1)) * np.cos(np.radians(dec2)) * np.sin(half_ra) ** 2
    return np.asarray(np.degrees(2.0 * np.arcsin(np.sqrt(np.minimum(squares, 1.0)))))


def position_angle(ra1: FloatArray, dec1: FloatArray, ra2: FloatArray, dec2: FloatArray) -> FloatArray:
    """Return the angle at the first direction from north through east to the second, 0 to 360 degrees."""
    a, d1, d2 = np.radians(ra2 - ra1), np.radians(dec1), np.radians(dec2)
    east = np.sin(a) * np.cos(d2)
    north = np.cos(d1) * np.sin(d2) - np.sin(d1) * np.cos(d2) * np.cos(a)
    return np.asarray(np.degrees(np.arctan2(east, north)) % 360.0)


def _filling_order(index: Int64Array) -> int:
    """Return the order whose cells hold about one position each, where there are any.

    Smaller cells would hold no fewer candidates, but have more positions near their edges.
    """
    at = np.linspace(0, len(index) - 2, min(len(index) - 1, 4096)).astype(np.int64)
    gap = float(np.median(index[at + 1] - index[at])) if len(at) else 1.0
    return max(0, ORDER - math.ceil(math.log(max(gap, 1.0), 4)))


def _edge_flags(order: int, radius: float) -> npt.NDArray[np.uint8]:
    """Return the near sides of a cell (1 x low, 2 x high, 4, 8 y) by the first bits of x and y inside it."""
    steps = 1 << _BITS
    margin = radius * _STEEPEST * 2.0**order * steps  # in steps of the table
    code: npt.NDArray[np.uint32] = np.arange(steps * steps).astype(np.uint32)
    x, y = _even_bits(code), _even_bits(code >> np.uint32(1))
    flags = np.zeros(len(code), dtype=np.uint8)
    for flag, low in ((1, x), (4, y)):
        flags |= np.where(low < margin, flag, 0).astype(np.uint8)
        flags |= np.where(low + 1 > steps - margin, 2 * flag, 0).astype(np.uint8)
    return flags


def _even_bits(code: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Return the number whose bits are the even bits of `code`."""
    found = np.zeros_like(code)
    for bit in range(_BITS):
        found |= ((code >> np.uint32(2 * bit)) & np.uint32(1)) << np.uint32(bit)
    return found


def _candidates(
    left: Points, right: Points, rows: slice, order: int, near: npt.NDArray[np.uint8]
) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Return left rows with the first of their candidates on the right and their number."""
    index = left.index[rows]
    shift = 2 * (ORDER - order)
    cell = index >> shift
    begins = np.flatnonzero(np.concatenate([[True], cell[1:] != cell[:-1]]))
    first, last = _spans(right.index, cell[begins], shift)
    lengths = np.diff(np.append(begins, len(cell)))
    own = np.arange(rows.start, rows.stop, dtype=np.int64)
    who, beyond = _beyond(index, cell, order, near)
    begin, end = _spans(right.index, beyond, shift)
    some = end > begin
    return (
        np.concatenate([own, who[some] + rows.start]),
        np.concatenate([np.repeat(first, lengths), begin[some]]),
        np.concatenate([np.repeat(last - first, lengths), (end - begin)[some]]),
    )


def _spans(index: Int64Array, cells: Int64Array, shift: int) -> tuple[Int64Array, Int64Array]:
    """Return where the positions of each cell begin and end in a sorted index."""
    return np.searchsorted(index, cells << shift), np.searchsorted(index, (cells + 1) << shift)


def _beyond(
    index: Int64Array, cell: Int64Array, order: int, near: npt.NDArray[np.uint8]
) -> tuple[Int64Array, Int64Array]:
    """Return, for rows near edges of their cells, (row, neighbouring cell) for all that touch those edges."""
    flags = near[(index >> (2 * (ORDER - order - _BITS))) & (len(near) - 1)]
    rows, cells = [], []
    for flag in range(1, 16):
        who = np.flatnonzero(flags == flag)
        if not len(who):
            continue
        sides = sorted({n for bit, touching in _SIDES.items() if flag & bit for n in touching})
        around = _neighbours(cell[who], order)[:, sides]
        rows.append(np.repeat(who, len(sides)))
        cells.append(around.ravel())
    if not rows:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing
    who, there = np.concatenate(rows), np.concatenate(cells)
    exists = there >= 0  # some cells have seven neighbours
    return who[exists], there[exists]


def _neighbours(cells: Int64Array, order: int) -> Int64Array:
    """Return the 3 × 3 cells around each, shape (n, 9), −1 where there is none."""
    different, place = np.unique(cells, return_inverse=True)
    around = np.zeros((len(different), 9), dtype=np.int64)
    _rust.neighbours(order, different.view(np.uint64), around, np.uint16(1))
    return around[place]


def _shares(
    who: Int64Array, first: Int64Array, count: Int64Array
) -> Iterator[tuple[Int64Array, Int64Array, Int64Array]]:
    """Cut candidates into shares of about `_PAIRS` pairs, never within one left row unless it has more."""
    if int(count.sum()) <= _PAIRS:
        yield who, first, count
        return
    order = np.argsort(who, kind="stable")
    who, first, count = who[order], first[order], count[order]
    ends = np.cumsum(count)
    at = 0
    while at < len(who):
        before = int(ends[at - 1]) if at else 0
        stop = max(at + 1, int(np.searchsorted(ends, before + _PAIRS, side="right")))
        if stop < len(who):
            whole = int(np.searchsorted(who, who[stop], side="left"))
            stop = whole if whole > at else int(np.searchsorted(who, who[at], side="right"))
        yield who[at:stop], first[at:stop], count[at:stop]
        at = stop


def _expand(who: Int64Array, first: Int64Array, count: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Return (left, right) of every candidate pair."""
    some = count > 0
    who, first, count = who[some], first[some], count[some]
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    right = np.arange(total) + np.repeat(first - ends + count, count)
    return np.repeat(who, count), right


def _close(left: Points, right: Points, i: Int64Array, j: Int64Array, radius: float | FloatArray) -> Pairs:
    """Keep the candidates within the radius; the difference in declination alone drops most of them."""
    most = radius if isinstance(radius, float | int) else radius[i]
    near = np.abs(right.dec[j] - left.dec[i]) <= most + 1e-9
    i, j = i[near], j[near]
    apart = separation(left.ra[i], left.dec[i], right.ra[j], right.dec[j])
    inside = apart <= (most if isinstance(most, float | int) else most[near])
    return Pairs(i[inside], j[inside], apart[inside])
