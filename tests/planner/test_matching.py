"""Matches over many blocks equal those of astropy over all rows at once, for every kind of join."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import astropy.units as u
import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time

from tianku.planner.matching import How, Rows, blocks_of, match, moved
from tianku.sky.match import Points
from tianku.sky.ranges import Int64Array

RADIUS = 0.05


@dataclass
class Memory:
    """A side in memory, cut into blocks of a few rows; counts the rows it gives."""

    ra: np.ndarray
    dec: np.ndarray
    radius: np.ndarray | None = None
    size: int = 40
    shift: float = 0.0
    given: int = 0

    def __post_init__(self) -> None:
        self.points = Points.of(self.ra, self.dec)

    def blocks(self) -> list[tuple[int, int]]:
        index = self.points.index
        starts = range(0, len(index), self.size)
        edges = [int(index[s]) for s in starts] + [12 << 58]
        return [(low, high - 1) for low, high in pairwise(edges) if low < high]

    def within(self, low: int, high: int) -> Rows:
        return self._rows((self.points.index >= low) & (self.points.index <= high))

    def around(self, order: int, cells: Int64Array) -> Rows:
        return self._rows(np.isin(self.points.index >> (2 * (29 - order)), cells))

    def unplaced(self) -> Rows | None:
        lost = np.setdiff1d(np.arange(len(self.ra)), self.points.row)
        return Rows(pa.table({"row": lost}), Points.of([], [])) if len(lost) else None

    def _rows(self, chosen: np.ndarray) -> Rows:
        p = self.points
        row = p.row[chosen]
        self.given += len(row)
        points = Points(p.index[chosen], p.ra[chosen], p.dec[chosen], np.arange(len(row)))
        return Rows(pa.table({"row": row}), points, None if self.radius is None else self.radius[row])


def sides(seed: int = 3) -> tuple[Memory, Memory]:
    random = np.random.default_rng(seed)
    centres = random.uniform(0, 360, 60), np.degrees(np.arcsin(random.uniform(-1, 1, 60)))
    centres[1][:6] = [90, -90, 89.99, -89.99, 0, 41.8]
    centres[0][:12] = 0.0

    def crowd(each: int) -> Memory:
        ra, dec = np.repeat(centres[0], each), np.repeat(centres[1], each)
        dec = np.clip(dec + random.normal(0, RADIUS, len(dec)), -90, 90)
        ra = (ra + random.normal(0, RADIUS, len(ra)) / np.maximum(np.cos(np.radians(dec)), 1e-6)) % 360
        ra[::50] = np.nan
        return Memory(ra, dec)

    return crowd(6), crowd(5)


def truth(left: Memory, right: Memory, radius: np.ndarray | float = RADIUS) -> list[tuple[int, int, float]]:
    a, b = np.flatnonzero(~np.isnan(left.ra)), np.flatnonzero(~np.isnan(right.ra))
    one, two = SkyCoord(left.ra[a], left.dec[a], unit="deg"), SkyCoord(right.ra[b], right.dec[b], unit="deg")
    i, j, apart, _ = two.search_around_sky(one, float(np.max(radius)) * u.deg)
    most = np.broadcast_to(radius, len(left.ra))[a[i]]
    return [(int(a[x]), int(b[y]), float(s)) for x, y, s, m in zip(i, j, apart.deg, most, strict=True) if s <= m]


def found(left: Memory, right: Memory, how: How) -> list[tuple[int, int | None]]:
    rows: list[tuple[int, int | None]] = []
    for part in match(left, right, how):
        partners = [None] * len(part.left) if part.right is None else part.right["row"].to_pylist()
        rows += zip(part.left["row"].to_pylist(), partners, strict=True)
        if part.right is not None:
            _check_geometry(left, right, part)
    return rows


def _check_geometry(left: Memory, right: Memory, part: object) -> None:
    i, j = part.left["row"].to_numpy(), part.right["row"].to_numpy()
    one, two = SkyCoord(left.ra[i], left.dec[i], unit="deg"), SkyCoord(right.ra[j], right.dec[j], unit="deg")
    assert np.allclose(part.separation, one.separation(two).deg, rtol=0, atol=1e-10)
    turn = (part.angle - one.position_angle(two).deg + 180) % 360 - 180
    assert np.abs(turn[part.separation > 1e-5]).max(initial=0) < 1e-5


def test_all_pairs() -> None:
    left, right = sides()
    rows = found(left, right, How(RADIUS, None))
    expected = {(i, j) for i, j, _ in truth(left, right)}
    assert len(rows) == len(set(rows)) and set(rows) == expected and len(expected) > 300
    assert left.given == len(left.points)


@pytest.mark.parametrize("most", [1, 3])
def test_nearest(most: int) -> None:
    left, right = sides()
    by_left: dict[int, list[tuple[float, int]]] = {}
    for i, j, apart in truth(left, right):
        by_left.setdefault(i, []).append((apart, j))
    expected = {(i, j) for i, near in by_left.items() for _, j in sorted(near)[:most]}
    assert set(found(left, right, How(RADIUS, most))) == expected


def test_left_and_anti_join_keep_those_without_partner() -> None:
    left, right = sides()
    lonely = set(range(len(left.ra))) - {i for i, _, _ in truth(left, right)}
    assert lonely > set(np.flatnonzero(np.isnan(left.ra)).tolist())
    rows = found(left, right, How(RADIUS, 1, "left"))
    assert {i for i, j in rows if j is None} == lonely and len(rows) == len(left.ra)
    alone = found(left, right, How(RADIUS, None, "anti"))
    assert {i for i, _ in alone} == lonely and len(alone) == len(lonely)


def test_best_pairs_are_each_others_nearest_across_blocks() -> None:
    left, right = sides()
    pairs = truth(left, right)
    near_left = {i: min((s, j) for k, j, s in pairs if k == i) for i in {p[0] for p in pairs}}
    near_right = {j: min((s, i) for i, k, s in pairs if k == j) for j in {p[1] for p in pairs}}
    expected = {(i, j) for i, (_, j) in near_left.items() if near_right[j][1] == i}
    assert set(found(left, right, How(RADIUS, 1, "best"))) == expected
    assert len(expected) < len(near_left)


def test_a_radius_for_each_row() -> None:
    left, right = sides()
    left.radius = np.random.default_rng(1).uniform(0, 2 * RADIUS, len(left.ra))
    expected = {(i, j) for i, j, _ in truth(left, right, left.radius)}
    assert set(found(left, right, How(2 * RADIUS, None))) == expected


@pytest.mark.parametrize("join", ["inner", "left", "anti", "best"])
def test_empty_tables(join: str) -> None:
    empty, (left, _) = Memory(np.array([]), np.array([])), sides()
    assert found(empty, left, How(RADIUS, 1, join)) == []
    rows = found(left, empty, How(RADIUS, 1, join))
    assert len(rows) == (len(left.ra) if join in ("left", "anti") else 0)


def test_motion_is_that_of_astropy() -> None:
    random = np.random.default_rng(9)
    ra, dec = random.uniform(0, 360, 300), np.degrees(np.arcsin(random.uniform(-1, 1, 300)))
    pm_ra, pm_dec = random.normal(0, 2000, 300), random.normal(0, 2000, 300)
    start = SkyCoord(
        ra * u.deg, dec * u.deg, pm_ra_cosdec=pm_ra * u.mas / u.yr, pm_dec=pm_dec * u.mas / u.yr,
        distance=1 * u.kpc, obstime=Time(2000.0, format="jyear", scale="tdb"),
    )  # fmt: skip
    then = start.apply_space_motion(new_obstime=Time(2050.0, format="jyear", scale="tdb"))
    x, y = moved(ra, dec, pm_ra, pm_dec, 50.0)
    assert SkyCoord(x, y, unit="deg").separation(SkyCoord(then.ra, then.dec)).mas.max() < 1.0
    still = moved(ra[:2], dec[:2], np.array([np.nan, 5.0]), np.array([1.0, np.nan]), 100.0)
    assert np.allclose(still, (ra[:2], dec[:2]), atol=1e-12)


def test_blocks_join_small_files() -> None:
    spans = np.array([[0, 9], [10, 19], [25, 30], [40, 50]])
    assert blocks_of(spans, np.array([5.0, 5.0, 20.0, 3.0]), 10) == [(0, 19), (25, 30), (40, 50)]
