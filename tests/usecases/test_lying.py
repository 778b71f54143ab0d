"""Searches by region: what the index leaves out before outlines are looked at."""

from __future__ import annotations

import pytest

from tianku.adql.build import AnyOf, Reaching
from tianku.planner.regions import Circle, PolygonShape, Range
from tianku.usecases.lying import Lying


def test_one_region_is_searched_in_a_cone_as_wide_as_it_and_half_the_widest_product():
    around = Lying((Circle(10, 20, 1.0),)).around(0.5)
    assert around is not None
    assert (around.ra, around.dec, around.radius) == pytest.approx((10, 20, 1.25), abs=1e-4)


def test_several_regions_are_held_by_one_cone():
    shapes = (Circle(359, 0, 0.5), PolygonShape((1, 2, 1), (0, 0, 1)), Range(0, 1, -1, 1))
    around = Lying(shapes).around(0.0)
    assert around is not None and around.radius < 4
    assert min(around.ra, 360 - around.ra) < 2 and abs(around.dec) < 1


@pytest.mark.parametrize("shapes", [(Circle(0, 0, 1), Circle(180, 0, 1)), (Range(0, 360, -90, 90),)])
def test_regions_all_over_the_sky_have_none(shapes):
    assert Lying(shapes).around(0.0) is None


def test_each_region_is_an_alternative_that_a_products_own_width_reaches():
    near = Lying((Circle(10, 20, 1.0), Circle(30, 40, 2.0))).near()
    assert isinstance(near, AnyOf)
    (first,), (second,) = near.alternatives
    assert isinstance(first, Reaching) and isinstance(second, Reaching)
    assert (first.ra, first.dec, second.ra, second.dec) == (10, 20, 30, 40)
    assert first.radius == pytest.approx(1.0, abs=1e-4) and first.diameter == "s_fov"
