"""Cross-match of two tables in a stream: block after block of the left one, with what lies around it on the right.

Memory follows the size of a block, not of the tables. A block of the left table is a range of the index; what its
rows may match lies in the cells that `tianku.sky.match.reached_cells` names, so no pair is lost at its border.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tianku.planner.match_errors import Ellipses, agreeing, reach
from tianku.sky.match import Pairs, Points, pairs_within, position_angle, reached_cells
from tianku.sky.ranges import FloatArray, Int64Array

Join = Literal["inner", "left", "anti", "best"]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one side: `points` are their positions, whose ``row`` counts in `table`.

    `radius` is that of each row of `table` in degrees, where the left side has its own; `errors` are
    those of the positions of its rows.
    """

    table: pa.Table
    points: Points
    radius: FloatArray | None = None
    errors: Ellipses | None = None


class Side(Protocol):
    """One table of a match.

    Attributes
    ----------
    shift
        Most degrees between where a row is looked for and the index it is stored under (proper motion).
    """

    shift: float

    def blocks(self) -> list[tuple[int, int]]:
        """Ranges of the index that hold all placed rows, a block's worth each, ascending."""
        ...

    def within(self, low: int, high: int) -> Rows:
        """Rows stored under an index from `low` to `high`."""
        ...

    def around(self, order: int, cells: Int64Array) -> Rows:
        """Rows stored in the cells, which are sorted, and perhaps some others."""
        ...

    def unplaced(self) -> Rows | None:
        """Rows that have no position; None when there are none."""
        ...


@dataclass(frozen=True, slots=True)
class How:
    """What is matched.

    Attributes
    ----------
    radius
        Largest separation in degrees, for all rows or at most.
    nearest
        How many partners of a left row are kept, the nearest first; None for all.
    join
        ``inner``: rows with partners; ``left``: all left rows; ``anti``: left rows without any; ``best``: pairs
        each of whose members is the other's nearest.
    sigmas
        Where a side has errors: partners agree with a row within so many of both errors together.
    """

    radius: float
    nearest: int | None = 1
    join: Join = "inner"
    sigmas: float = 3.0


@dataclass(frozen=True, slots=True)
class Matched:
    """Some of the answer: rows of the left table and their partners; `right` None where there are none.

    `separation` and `angle` (of the partner, north through east) are in degrees.
    """

    left: pa.Table
    right: pa.Table | None
    separation: FloatArray
    angle: FloatArray


def match(left: Side, right: Side, how: How) -> Iterator[Matched]:
    """Yield the match of two tables; while one block is matched the next is read."""
    with ThreadPoolExecutor(1, thread_name_prefix="match-read") as reader:
        waiting = None
        for low, high in left.blocks():
            following = reader.submit(_read, left, right, low, high, how)
            if waiting is not None:
                yield from _block(left, *waiting.result(), how)
            waiting = following
        if waiting is not None:
            yield from _block(left, *waiting.result(), how)
    if how.join in ("left", "anti") and (lost := left.unplaced()) is not None:
        yield _alone(lost.table)


def _read(left: Side, right: Side, low: int, high: int, how: How) -> tuple[Rows, Rows | None]:
    here = left.within(low, high)
    if not len(here.points):
        return here, None
    order, cells = reached_cells(here.points, how.radius + right.shift)
    return here, right.around(order, cells)


def _block(left: Side, here: Rows, there: Rows | None, how: How) -> Iterator[Matched]:
    with_partner = np.zeros(len(here.table), dtype=bool)
    if there is not None:
        for pairs in _partners(left, here, there, how):
            rows = here.points.row[pairs.left]
            with_partner[rows] = True
            if how.join != "anti" and len(rows):
                yield _together(here, there, pairs)
    if how.join in ("left", "anti") and not with_partner.all():
        yield _alone(here.table.filter(pa.array(~with_partner)))


def _partners(left: Side, here: Rows, there: Rows, how: How) -> Iterator[Pairs]:
    most = 1 if how.join in ("anti", "best") else how.nearest
    found = _agreeing(here, there, how)
    for pairs in found if most is None else (_nearest(p, most) for p in found):
        yield _mutual(left, there, pairs, how) if how.join == "best" else pairs


def _agreeing(here: Rows, there: Rows, how: How) -> Iterator[Pairs]:
    """Yield the pairs within the radius, or those of rows, and within their errors."""
    radius: float | FloatArray = how.radius
    if here.radius is not None:
        radius = np.minimum(here.radius[here.points.row], radius)
    errors = here.errors, there.errors
    if here.errors is None and there.errors is None:
        yield from pairs_within(here.points, there.points, radius)
        return
    furthest = reach(*errors, how.sigmas)
    radius = np.minimum(radius, furthest if here.errors is None else np.asarray(furthest)[here.points.row])
    for pairs in pairs_within(here.points, there.points, radius):
        yield agreeing(here.points, there.points, errors, how.sigmas, pairs)


def _nearest(pairs: Pairs, most: int) -> Pairs:
    """Keep the `most` nearest partners of each left position, in order of separation."""
    order = np.lexsort((pairs.right, pairs.separation, pairs.left))
    left = pairs.left[order]
    begins = np.flatnonzero(np.concatenate([[True], left[1:] != left[:-1]])) if len(left) else left
    place = np.arange(len(left)) - np.repeat(begins, np.diff(np.append(begins, len(left))))
    kept = order[place < most]
    return Pairs(pairs.left[kept], pairs.right[kept], pairs.separation[kept])


def _mutual(left: Side, there: Rows, pairs: Pairs, how: How) -> Pairs:
    """Keep the pairs whose left member is the nearest of its partner too, among all of the left table."""
    if not len(pairs.left):
        return pairs
    chosen = np.unique(pairs.right)
    points = there.points
    partners = Points(points.index[chosen], points.ra[chosen], points.dec[chosen], points.row[chosen])
    rivals = left.around(*reached_cells(partners, how.radius + left.shift))
    least = np.full(len(chosen), np.inf)
    for close in _agreeing(rivals, Rows(there.table, partners, errors=there.errors), how):
        np.minimum.at(least, close.right, close.separation)
    kept = pairs.separation <= least[np.searchsorted(chosen, pairs.right)]
    return Pairs(pairs.left[kept], pairs.right[kept], pairs.separation[kept])


def _together(here: Rows, there: Rows, pairs: Pairs) -> Matched:
    a, b = here.points, there.points
    angle = position_angle(a.ra[pairs.left], a.dec[pairs.left], b.ra[pairs.right], b.dec[pairs.right])
    left, right = here.table.take(a.row[pairs.left]), there.table.take(b.row[pairs.right])
    return Matched(left, right, pairs.separation, angle)


def _alone(table: pa.Table) -> Matched:
    nothing = np.full(len(table), np.nan)
    return Matched(table, None, nothing, nothing)


def moved(
    ra: FloatArray, dec: FloatArray, pm_ra: FloatArray, pm_dec: FloatArray, years: float | FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return positions after straight motion over `years` (Julian).

    Parameters
    ----------
    pm_ra, pm_dec
        mas/yr, the first times cos(Dec); where either is NaN the position stays.

    Notes
    -----
    The direction moves along its tangent and is normalised: the standard model of epoch propagation without
    parallax and radial velocity (ESA 1997, Hipparcos Catalogue, vol. 1, section 1.5.5).
    """
    known = np.isfinite(pm_ra) & np.isfinite(pm_dec)
    scale = np.radians(np.where(known, years, 0.0) / 3.6e6)
    east, north = np.where(known, pm_ra, 0.0) * scale, np.where(known, pm_dec, 0.0) * scale
    a, d = np.radians(ra), np.radians(dec)
    sin_a, cos_a, sin_d, cos_d = np.sin(a), np.cos(a), np.sin(d), np.cos(d)
    x = cos_d * cos_a - east * sin_a - north * sin_d * cos_a
    y = cos_d * sin_a + east * cos_a - north * sin_d * sin_a
    z = sin_d + north * cos_d
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))


def blocks_of(spans: Int64Array, rows: npt.NDArray[np.float64], most: int) -> list[tuple[int, int]]:
    """Join neighbouring files, given by their first and last index, into ranges of at most `most` rows."""
    blocks: list[tuple[int, int]] = []
    held = 0.0
    for (low, high), count in zip(spans.tolist(), rows.tolist(), strict=True):
        if blocks and held + count <= most:
            blocks[-1] = (blocks[-1][0], high)
            held += count
        else:
            blocks.append((low, high))
            held = count
    return blocks
