"""A side of a cross-match of which only a circle on the sky is considered."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tianku.adql.schema import Cone
from tianku.planner.match_sides import DENSITY_ORDER, MemorySide, StoredSide
from tianku.planner.matching import Rows
from tianku.sky.match import Points, separation
from tianku.sky.ranges import ORDER, FloatArray, Int64Array, cone_ranges, merge_ranges

#: ranges of the index that a circle is read in at most
_RANGES = 16


class AreaSide:
    """The rows of another side that lie in a circle at the epoch of the match; no others exist."""

    def __init__(self, side: MemorySide | StoredSide, area: Cone) -> None:
        self._side, self._area = side, area
        self.shift = side.shift

    def blocks(self) -> list[tuple[int, int]]:
        """Return the parts of the other side's blocks that may hold rows in the circle."""
        cover = merge_ranges(self._cover(self.shift), _RANGES).tolist()
        parts = [
            (max(low, first), min(high, last))
            for low, high in self._side.blocks()
            for first, last in cover
            if low <= last and first <= high
        ]
        return sorted(parts)

    def within(self, low: int, high: int) -> Rows:
        """Return the rows in the circle stored under an index from `low` to `high`."""
        return self._inside(self._side.within(low, high))

    def around(self, order: int, cells: Int64Array) -> Rows:
        """Return the rows in the circle that are stored in the cells."""
        return self._inside(self._side.around(order, cells))

    def unplaced(self) -> Rows | None:
        """Return nothing: a row without a position is not in the circle."""
        return None

    def density(self) -> FloatArray:
        """Return about how many rows each cell of `DENSITY_ORDER` has in the circle."""
        shift = 2 * (ORDER - DENSITY_ORDER)
        share = np.zeros(12 << (2 * DENSITY_ORDER))
        for low, high in self._cover(0.0).tolist():
            first, last = low >> shift, high >> shift
            share[first + 1 : last] = 1.0
            for cell in {first, last}:
                begin, end = max(low, cell << shift), min(high, ((cell + 1) << shift) - 1)
                share[cell] += (end - begin + 1) / (1 << shift)
        return self._side.density() * np.minimum(share, 1.0)

    def _cover(self, more: float) -> Int64Array:
        return cone_ranges(self._area.ra, self._area.dec, min(self._area.radius + more, 180.0))

    def _inside(self, rows: Rows) -> Rows:
        points = rows.points
        centre = np.full(len(points), self._area.ra), np.full(len(points), self._area.dec)
        chosen = np.flatnonzero(separation(points.ra, points.dec, *centre) <= self._area.radius)
        row = points.row[chosen]
        here = Points(points.index[chosen], points.ra[chosen], points.dec[chosen], np.arange(len(row)))
        radius = None if rows.radius is None else rows.radius[row]
        errors = None if rows.errors is None else rows.errors.take(row)
        return Rows(rows.table.take(pa.array(row)), here, radius, errors)
