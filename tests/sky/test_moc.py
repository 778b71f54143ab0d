"""Coverage maps: building, serialising, containing, drawing."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from tianku.model.errors import UsageError
from tianku.sky import moc as mocs
from tianku.sky.coverage import coverage_path, coverage_svg, mollweide
from tianku.sky.ranges import healpix29


def sky(n=2000, seed=5):
    random = np.random.default_rng(seed)
    return random.uniform(0, 360, n), np.degrees(np.arcsin(random.uniform(-1, 1, n)))


def test_moc_of_positions_contains_them_and_survives_both_formats():
    ra, dec = sky()
    moc = mocs.from_pixels(np.append(healpix29(ra, dec), -1), order=8)
    assert mocs.contains(moc, ra, dec).all()
    assert mocs.from_ascii(mocs.to_ascii(moc)) == moc
    assert mocs.from_fits(mocs.to_fits(moc)) == moc
    assert moc.sky_fraction < 2000 / (12 * 4**8) * 1.01


def test_cones_cover_their_area():
    moc = mocs.from_cones(np.array([0.0, 180.0]), np.array([0.0, 60.0]), np.array([2.0, 1.0]), order=10)
    assert mocs.contains(moc, np.array([359.0, 180.0, 90.0]), np.array([1.0, 60.5, 0.0])).tolist() == [
        True,
        True,
        False,
    ]
    assert moc.sky_fraction * 41253 == pytest.approx(np.pi * 5, rel=0.1)


def test_nothing_is_an_empty_moc():
    assert mocs.from_pixels(np.array([-1])).empty()
    assert coverage_path(mocs.from_pixels(np.array([-1]))) == ""
    none = np.empty(0)
    assert mocs.from_cones(none, none, none).empty()


def test_broken_mocs_are_the_callers_mistake():
    with pytest.raises(UsageError) as caught:
        mocs.from_ascii("3/abc")
    assert caught.value.code == "moc.syntax"
    with pytest.raises(UsageError) as caught:
        mocs.from_fits(b"SIMPLE  = nothing")
    assert caught.value.code == "moc.fits"


def test_real_mocs_read(test_data):
    for path in sorted((test_data / "moc").glob("CDS*.fits"))[:6]:
        moc = mocs.from_fits(path)
        assert 0 < moc.sky_fraction <= 1
        assert len(coverage_svg(moc)) < 60_000


@pytest.mark.parametrize("n", [1, 300, 20000])
def test_map_is_small_closed_and_holds_the_positions(n):
    ra, dec = sky(n)
    svg = coverage_svg(mocs.from_pixels(healpix29(ra, dec), order=10), title="a <b>")
    assert len(svg) < 60_000
    root = ET.fromstring(svg)
    assert root.find("{*}title").text == "a <b>"
    path = root.find("{*}path[@class='coverage']").get("d")
    loops = re.findall(r"M(\d+) (\d+)((?:[hv]-?\d+)+)z", path)
    assert "".join(f"M{x} {y}{rest}z" for x, y, rest in loops) == path
    boxes = np.array([_bounds(*loop) for loop in loops])
    x, y = mollweide(ra[:50], dec[:50])
    slack = 13  # one step of the coarsest grid
    near = (x[:, None] > boxes[:, 0] - slack) & (x[:, None] < boxes[:, 1] + slack)
    assert (near & (y[:, None] > boxes[:, 2] - slack) & (y[:, None] < boxes[:, 3] + slack)).any(axis=1).all()


def test_whole_sky_fills_the_ellipse():
    whole = mocs.from_ascii("0/0-11")
    area = sum(_area(*loop) for loop in re.findall(r"M(\d+) (\d+)((?:[hv]-?\d+)+)z", coverage_path(whole)))
    assert abs(area) == pytest.approx(np.pi * 360 * 180, rel=0.02)


def _corners(x, y, rest):
    point = [int(x), int(y)]
    for axis, length in re.findall(r"([hv])(-?\d+)", rest):
        point["hv".index(axis)] += int(length)
        yield tuple(point)


def _bounds(x, y, rest):
    points = np.array([(int(x), int(y)), *_corners(x, y, rest)])
    return points[:, 0].min(), points[:, 0].max(), points[:, 1].min(), points[:, 1].max()


def _area(x, y, rest):
    points = np.array([(int(x), int(y)), *_corners(x, y, rest)], dtype=float)
    after = np.roll(points, -1, axis=0)
    return (points[:, 0] * after[:, 1] - after[:, 0] * points[:, 1]).sum() / 2
