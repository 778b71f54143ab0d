"""Every pair is found, once, and nothing else: against all distances computed by astropy."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from cdshealpix import vertices
from hypothesis import given, settings
from hypothesis import strategies as st

from tianku.sky import match
from tianku.sky.match import Points, match_order, pairs_within, position_angle, reached_cells, separation

RADII = [0.0, 1e-6, 1e-3, 0.02, 0.3, 2.0, 5.0]


def places(random: np.random.Generator, count: int, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Directions where matching goes wrong: poles, RA 0, corners of cells, the seams of the caps, and anywhere."""
    anywhere = random.uniform(0, 360, count), np.degrees(np.arcsin(random.uniform(-1, 1, count)))
    spread = max(radius, 1e-7) * 3
    poles = random.uniform(0, 360, count), np.where(random.random(count) < 0.5, 90.0, -90.0)
    wrap = np.where(random.random(count) < 0.5, 0.0, 360.0), random.uniform(-80, 80, count)
    seams = 90.0 * random.integers(0, 4, count), random.uniform(42, 89, count) * random.choice([-1, 1], count)
    order = max(1, match_order(radius))
    cells = random.integers(0, 12 << (2 * order), count // 4 + 1).astype(np.uint64)
    corner = vertices(cells, order)
    corners = np.asarray(corner[0].deg).ravel()[:count], np.asarray(corner[1].deg).ravel()[:count]
    ra, dec = (np.concatenate(c) for c in zip(anywhere, poles, wrap, seams, corners, strict=True))
    dec = np.clip(dec + random.normal(0, spread, len(dec)), -90, 90)
    ra = (ra + random.normal(0, spread, len(ra)) / np.maximum(np.cos(np.radians(dec)), 1e-9)) % 360
    return ra, dec


def truth(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray], radius: np.ndarray) -> set:
    one, two = SkyCoord(*a, unit="deg"), SkyCoord(*b, unit="deg")
    i, j, apart, _ = two.search_around_sky(one, (float(radius.max()) + 1e-9) * u.deg)
    inside = apart.deg <= radius[i]
    return set(zip(i[inside].tolist(), j[inside].tolist(), strict=True))


def found(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray], radius: np.ndarray) -> list:
    left, right = Points.of(*a), Points.of(*b)
    pairs = []
    for chunk in pairs_within(left, right, radius[left.row]):
        pairs += list(zip(left.row[chunk.left].tolist(), right.row[chunk.right].tolist(), strict=True))
    return pairs


@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize("seed", range(4))
def test_finds_every_pair_once(radius: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    a = places(random, 300, radius)
    b = places(random, 300, radius)
    copied = slice(0, 400, 2)  # exact copies, and partners at about the radius
    b = tuple(np.concatenate([y, x[copied]]) for x, y in zip(a, b, strict=True))
    turn = random.uniform(0, 360, 1500)
    moved = SkyCoord(*a, unit="deg").directional_offset_by(
        turn * u.deg, radius * random.uniform(0.9, 1.1, 1500) * u.deg
    )
    b = np.concatenate([b[0], moved.ra.deg]), np.concatenate([b[1], moved.dec.deg])
    radii = np.full(1500, radius)
    pairs = found(a, b, radii)
    assert len(pairs) == len(set(pairs)) > 0
    expected = truth(a, b, radii)
    borderline = {
        p for p in expected ^ set(pairs) if _apart(a, b, p) < radius - 1e-9 or _apart(a, b, p) > radius + 1e-9
    }
    assert not borderline


def _apart(a: tuple, b: tuple, pair: tuple[int, int]) -> float:
    i, j = pair
    one, two = SkyCoord(a[0][i], a[1][i], unit="deg"), SkyCoord(b[0][j], b[1][j], unit="deg")
    return float(one.separation(two).deg)


def test_a_radius_for_each_position() -> None:
    random = np.random.default_rng(5)
    a, b = places(random, 200, 0.05), places(random, 200, 0.05)
    radii = random.uniform(0, 0.2, 1000)
    assert set(found(a, b, radii)) == truth(a, b, radii)


def test_duplicates_make_all_their_pairs() -> None:
    ra, dec = np.full(50, 12.5), np.full(50, -30.25)
    assert len(found((ra, dec), (ra, dec), np.zeros(50))) == 2500


def test_crowds_are_cut_but_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match, "_PAIRS", 500)
    random = np.random.default_rng(6)
    a = random.normal(100, 0.01, 200), random.normal(10, 0.01, 200)
    b = random.normal(100, 0.01, 300), random.normal(10, 0.01, 300)
    radii = np.full(200, 0.02)
    left, right = Points.of(*a), Points.of(*b)
    chunks = list(pairs_within(left, right, radii[left.row]))
    assert len(chunks) > 20
    owners = [set(c.left.tolist()) for c in chunks]
    assert all(not (x & y) for n, x in enumerate(owners) for y in owners[:n])
    assert set(found(a, b, radii)) == truth(a, b, radii)


def test_what_is_no_position_is_left_out() -> None:
    points = Points.of([10, np.nan, 400, 20, np.inf, 30], [1, 1, 1, -91, 0, 2])
    assert sorted(points.row.tolist()) == [0, 5]
    assert not list(pairs_within(Points.of([], []), points, 0.1))


@pytest.mark.parametrize("radius", [-1.0, np.nan, np.inf, 5.1])
def test_refuses_radii_that_are_none(radius: float) -> None:
    with pytest.raises(ValueError, match="match radius"):
        list(pairs_within(Points.of([1], [1]), Points.of([1], [1]), radius))


@settings(max_examples=50)
@given(st.floats(0, 360), st.floats(-90, 90), st.floats(-6, 0.5), st.floats(0, 360))
def test_reached_cells_hold_all_that_is_near(ra: float, dec: float, scale: float, turn: float) -> None:
    radius = 10.0**scale
    order, cells = reached_cells(Points.of([ra], [dec]), radius)
    moved = SkyCoord(ra, dec, unit="deg").directional_offset_by(turn * u.deg, 0.999 * radius * u.deg)
    there = Points.of([moved.ra.deg], [moved.dec.deg]).index >> (2 * (29 - order))
    assert there[0] in cells
    assert len(cells) <= 9


@settings(max_examples=50)
@given(st.floats(0, 360), st.floats(-89.9, 89.9), st.floats(0, 360), st.floats(-89.9, 89.9))
def test_separation_and_angle_are_those_of_astropy(ra1: float, dec1: float, ra2: float, dec2: float) -> None:
    one, two = SkyCoord(ra1, dec1, unit="deg"), SkyCoord(ra2, dec2, unit="deg")
    args = [np.array([v]) for v in (ra1, dec1, ra2, dec2)]
    apart = one.separation(two).deg
    assert separation(*args)[0] == pytest.approx(apart, abs=1e-6 if apart > 179 else 1e-10)
    if 1e-6 < apart < 179.9:
        turn = (position_angle(*args)[0] - one.position_angle(two).deg + 180) % 360 - 180
        assert abs(turn) < 1e-6
