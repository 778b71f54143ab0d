"""Range covers are complete, few and quick."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianku.sky.ranges import CELLS, cone_ranges, healpix29, merge_ranges, polygon_ranges, unit_vectors

RADII = st.one_of(st.floats(0, 180), st.floats(-7, 2.2).map(lambda e: 10**e))
DECS = st.one_of(st.floats(-90, 90), st.sampled_from([-90.0, 90.0, 89.9999, -89.9999, 0.0, 41.8103]))
RAS = st.one_of(st.floats(0, 360), st.sampled_from([0.0, 360.0, 1e-9, 359.9999999, 45.0, 90.0]))


def inside(index, ranges):
    position = np.searchsorted(ranges[:, 0], index, side="right") - 1
    return (position >= 0) & (index <= ranges[np.maximum(position, 0), 1])


def offset(ra, dec, angle, distance):
    """Points at bearings and distances (radians) around a centre (degrees)."""
    lon, lat = np.radians(ra), np.radians(dec)
    centre = unit_vectors(np.array([lon]), np.array([lat]))[0]
    east = np.array([-np.sin(lon), np.cos(lon), 0.0])
    north = np.cross(centre, east)
    direction = np.cos(angle)[:, None] * north + np.sin(angle)[:, None] * east
    point = np.cos(distance)[:, None] * centre + np.sin(distance)[:, None] * direction
    return to_degrees(point)


def to_degrees(point):
    ra = np.degrees(np.arctan2(point[:, 1], point[:, 0])) % 360
    return ra, np.degrees(np.arctan2(point[:, 2], np.hypot(point[:, 0], point[:, 1])))


@given(RAS, DECS, RADII, st.integers(1, 64), st.integers(0, 2**32 - 1))
def test_cone_cover_is_complete(ra, dec, radius, most, seed):
    ranges = cone_ranges(ra, dec, radius, most)
    assert 1 <= len(ranges) <= most
    assert (ranges[:, 0] <= ranges[:, 1]).all() and (ranges[1:, 0] > ranges[:-1, 1] + 1).all()
    assert ranges[0, 0] >= 0 and ranges[-1, 1] < CELLS
    random = np.random.default_rng(seed)
    distance = np.radians(radius) * np.concatenate([np.ones(100), np.sqrt(random.uniform(0, 1, 200)), [0.0]])
    points = offset(ra, dec, random.uniform(0, 2 * np.pi, 301), distance)
    assert inside(healpix29(*points), ranges).all()


@pytest.mark.parametrize("radius", [1e-4, 0.01, 1.0, 20.0])
def test_cone_cover_is_tight_and_quick(radius):
    ranges = cone_ranges(10.68, 41.27, radius)
    area = (ranges[:, 1] - ranges[:, 0] + 1).sum() / CELLS * 41252.96
    assert area < 2.5 * np.pi * radius**2
    start = time.perf_counter()
    for _ in range(50):
        cone_ranges(10.68, 41.27, radius)
    assert (time.perf_counter() - start) / 50 < 1e-3


def test_far_cone_excludes_the_antipode():
    assert not inside(healpix29([190.0], [-30.0]), cone_ranges(10.0, 30.0, 60.0)).any()


@pytest.mark.parametrize(("ra", "dec", "radius"), [(0, 91, 1), (0, 0, -1), (np.nan, 0, 1), (0, 0, np.nan)])
def test_impossible_cones_are_refused(ra, dec, radius):
    with pytest.raises(ValueError, match="no cone"):
        cone_ranges(ra, dec, radius)


@given(RAS, DECS, st.floats(-4, 1.85).map(lambda e: 10**e), st.integers(3, 9), st.integers(0, 2**32 - 1))
def test_polygon_cover_is_complete(ra, dec, radius, corners, seed):
    random = np.random.default_rng(seed)
    angle = np.sort(random.uniform(0, 2 * np.pi, corners))
    vertices = offset(ra, dec, angle, np.full(corners, np.radians(radius)))
    ranges = polygon_ranges(*vertices)
    assert len(ranges) <= 64
    # Corners on one circle make a convex polygon: every positive mix of corners is inside.
    mix = random.dirichlet(np.ones(corners), 300) @ unit_vectors(*np.radians(vertices))
    assert inside(healpix29(*to_degrees(mix)), ranges).all()


def test_polygon_cover_leaves_the_rest_out():
    ranges = polygon_ranges(np.array([10.0, 12.0, 12.0, 10.0]), np.array([40.0, 40.0, 42.0, 42.0]))
    area = (ranges[:, 1] - ranges[:, 0] + 1).sum() / CELLS * 41252.96
    assert 3.0 < area < 6.0
    assert not inside(healpix29([30.0], [41.0]), ranges).any()


def test_invalid_positions_have_no_index():
    index = healpix29([np.nan, 400.0, -1.0, 0.0, 10.0, np.inf, 360.0], [0, 0, 0, 91, -90, 0, 0])
    assert (index[[0, 1, 2, 3, 5]] == -1).all()
    assert index[4] >= 0 and index[6] == healpix29([0.0], [0.0])[0]


def test_index_nests():
    assert healpix29([0.0], [0.0])[0] >> 58 == 4
    assert len(healpix29([], [])) == 0


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 20)), min_size=1, max_size=40), st.integers(1, 10))
def test_merge_keeps_every_member(pairs, most):
    ranges = np.array([(a, a + n) for a, n in pairs], dtype=np.int64)
    merged = merge_ranges(ranges, most)
    members = np.unique(np.concatenate([np.arange(a, b + 1) for a, b in ranges]))
    assert inside(members, merged).all()
    assert len(merged) <= most and (merged[1:, 0] > merged[:-1, 1] + 1).all()
