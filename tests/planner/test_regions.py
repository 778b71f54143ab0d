"""Regions and outlines: how they lie to each other, against points thrown on the sphere."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from tianku.planner.outlines import outlines
from tianku.planner.regions import Circle, PolygonShape, Range

#: unit vectors all over the sphere; regions of some degrees hold hundreds
THROWN = np.random.default_rng(5).normal(size=(400_000, 3))
THROWN /= np.linalg.norm(THROWN, axis=1, keepdims=True)


def vector(ra, dec):
    return SkyCoord(ra, dec, unit="deg").cartesian.xyz.value.T


def in_convex(ra, dec, points):
    """Convex polygons: all sides have the point on the same hand."""
    corners = vector(np.array(ra), np.array(dec))
    hands = points @ np.cross(corners, np.roll(corners, -1, axis=0)).T
    return (hands >= 0).all(axis=1) | (hands <= 0).all(axis=1)


def in_circle(ra, dec, radius, points):
    return points @ vector(ra, dec) >= np.cos(np.radians(radius))


def in_range(west, east, south, north, points):
    lon, lat = np.degrees(np.arctan2(points[:, 1], points[:, 0])), np.degrees(np.arcsin(points[:, 2]))
    return (((lon - west) % 360) <= east - west) & (lat >= south) & (lat <= north)


def square(ra, dec, half, turn):
    """Corners of a square around a place."""
    angles = (np.array([45, 135, 225, 315]) + turn) * u.deg
    found = SkyCoord(ra, dec, unit="deg").directional_offset_by(angles, half * u.deg)
    return tuple(found.ra.deg.tolist()), tuple(found.dec.deg.tolist())


def rows(texts, ra=None, dec=None):
    empty = pa.nulls(len(texts), pa.float64())
    lon = empty if ra is None else pa.array(ra, pa.float64())
    lat = empty if dec is None else pa.array(dec, pa.float64())
    return outlines(pa.array(texts, pa.string()), lon, lat)


def polygon_text(ra, dec):
    return "POLYGON ICRS " + " ".join(f"{a!r} {d!r}" for a, d in zip(ra, dec, strict=True))


PLACES = st.tuples(st.floats(0, 359.9), st.floats(-90, 90))


@settings(max_examples=20)
@given(PLACES, st.floats(0, 360), st.floats(0.2, 3), st.floats(2, 12), st.floats(2, 12), st.floats(0, 90))
def test_overlaps_are_those_that_share_points(place, direction, away, half, other, turn):
    ra, dec = square(*place, half, turn)
    near = SkyCoord(*place, unit="deg").directional_offset_by(direction * u.deg, away * half * u.deg)
    there = (float(near.ra.deg), float(near.dec.deg))
    square_there = square(*there, other, 10.0)
    south, north = max(-90.0, there[1] - other), min(90.0, there[1] + other)
    kinds = [
        (Circle(*there, other), in_circle(*there, other, THROWN)),
        (PolygonShape(*square_there), in_convex(*square_there, THROWN) & in_circle(*there, 2 * other, THROWN)),
        (
            Range(there[0], there[0] + other, south, north),
            in_range(there[0], there[0] + other, south, north, THROWN),
        ),
    ]
    own = in_convex(ra, dec, THROWN) & in_circle(*place, 2 * half, THROWN)
    found = rows([polygon_text(ra, dec), f"CIRCLE {place[0]!r} {place[1]!r} {half!r}"])
    bowl = in_circle(*place, half, THROWN)
    for shape, inside in kinds:
        overlaps = shape.overlaps(found)
        for told, outline in zip(overlaps, (own, bowl), strict=True):
            if (inside & outline).sum() > 0:
                assert told, shape
            elif told:  # a sliver that no point hit
                assert _apart(inside, outline) < 1.5


def _apart(one, other):
    """Degrees between the nearest points of two sets, roughly."""
    return float(np.degrees(np.arccos(np.clip((THROWN[one][::3] @ THROWN[other][::3].T).max(initial=-1), -1, 1))))


@settings(max_examples=20)
@given(PLACES, st.floats(0.3, 2.0), st.floats(0, 90))
def test_covering_and_being_enclosed(place, ratio, turn):
    shape = PolygonShape(*square(*place, 5.0, 0.0))
    found = rows(
        [polygon_text(*square(*place, 5.0 * ratio, turn)), f"CIRCLE {place[0]!r} {place[1]!r} {5 * ratio!r}"]
    )
    ours = in_convex(shape.ra, shape.dec, THROWN) & in_circle(*place, 10, THROWN)
    theirs = in_convex(*square(*place, 5.0 * ratio, turn), THROWN) & in_circle(*place, 20, THROWN)
    bowl = in_circle(*place, 5 * ratio, THROWN)
    for told, outline in zip(shape.covered_by(found), (theirs, bowl), strict=True):
        assert not told or not (ours & ~outline).any()
        assert told or (ours & ~outline).sum() or ratio > 0.7
    for told, outline in zip(shape.holds_all_of(found), (theirs, bowl), strict=True):
        assert not told or not (outline & ~ours).any()
        assert told or (outline & ~ours).sum() or ratio < 1.45


@settings(max_examples=20)
@given(PLACES, st.floats(0.1, 40), st.floats(0, 350))
def test_cones_around_shapes_hold_them(place, size, width):
    south, north = max(-90.0, place[1] - size), min(90.0, place[1] + size)
    for shape, inside in (
        (PolygonShape(*square(*place, size, 7.0)), in_convex(*square(*place, size, 7.0), THROWN)
         & in_circle(*place, size + 1, THROWN)),
        (Range(place[0], place[0] + width, south, north),
         in_range(place[0], place[0] + width, south, north, THROWN)),
    ):  # fmt: skip
        cone = shape.around()
        assert in_circle(cone.ra, cone.dec, min(180, cone.radius + 1e-6), THROWN)[inside].all(), shape


def test_outlines_of_all_kinds_of_rows():
    texts = ["POLYGON 1 1 3 1 3 3 1 3", "circle ICRS 2 2 0.5", None, "nonsense 1 2", "POLYGON ICRS 1 1 2"]
    found = rows(texts, [0, 0, 2, None, 50], [0, 0, 2, 2, 2])
    assert Circle(2, 2, 0.1).overlaps(found).tolist() == [True, True, True, False, False]
    assert Circle(50, 2, 0.1).overlaps(found).tolist() == [False] * 4 + [True]
    assert Circle(2, 2, 0).overlaps(rows([])).tolist() == []


def test_a_bent_outline_holds_only_its_own_points():
    """An L: the point in its corner is outside."""
    found = rows(["POLYGON ICRS 0 0 4 0 4 1 1 1 1 4 0 4"])
    assert [bool(Circle(x, y, 0).overlaps(found)[0]) for x, y in ((0.5, 3), (3, 0.5), (3, 3))] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("ra", [0.0, 180.0])
def test_equal_outlines_overlap_and_cover(ra):
    corners = (ra, ra + 1, ra + 1, ra), (0.0, 0.0, 1.0, 1.0)
    assert PolygonShape(*corners).overlaps(rows([polygon_text(*corners)])).all()
