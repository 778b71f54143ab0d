"""Footprints on the sphere: every kind of celestial WCS, poles, RA 0, bent edges, projections of the whole sky."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from tianku.products.celestial import celestial
from tianku.products.footprint import Footprint, footprint

NX, NY = 60, 40


def header(
    projection: str = "TAN", ra: float = 150.0, dec: float = 2.0, step: float = 1e-3, **more: object
) -> fits.Header:
    made = fits.Header()
    made.update(NAXIS=2, NAXIS1=NX, NAXIS2=NY, CTYPE1=f"RA---{projection}", CTYPE2=f"DEC--{projection}")
    made.update(CRVAL1=ra, CRVAL2=dec, CRPIX1=30.5, CRPIX2=20.5, CDELT1=-step, CDELT2=step)
    for name, value in more.items():
        if value is None:
            del made[name]
        else:
            made[name] = value
    return made


SIP = {f"A_{p}_{q}": v for p, q, v in ((2, 0, 2e-3), (1, 1, -3e-3), (0, 2, 1e-3), (3, 0, 1e-5))}
SIP |= {f"B_{p}_{q}": v for p, q, v in ((2, 0, -1e-3), (1, 1, 2e-3), (0, 2, 3e-3))}
#: TPV counts degrees, so the matrix is CD
MATRIX = {"CD1_1": -1e-3, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 1e-3, "CDELT1": None, "CDELT2": None}
TPV = {"PV1_0": 1e-4, "PV1_1": 1.001, "PV1_4": 1.0, "PV2_1": 0.999, "PV2_4": -2.0, "PV2_6": 3.0}
GALACTIC = {"CTYPE1": "GLON-CAR", "CTYPE2": "GLAT-CAR", "CRVAL1": 359.99, "CRVAL2": 0.0}
SWAPPED = {"CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN", "CRVAL1": 2.0, "CRVAL2": 150.0}
KINDS = {
    "TAN": header(),
    "CROTA": header(CROTA2=33.0),
    "PC": header(PC1_1=0.8, PC1_2=-0.6, PC2_1=0.6, PC2_2=0.8),
    "CD": header(CD1_1=-8e-4, CD1_2=6e-4, CD2_1=6e-4, CD2_2=8e-4, CDELT1=None, CDELT2=None),
    "SIN": header("SIN"),
    "ZPN": header("ZPN", PV2_1=1.0, PV2_3=42.0),
    "ZEA": header("ZEA", ra=10.0, dec=-70.0),
    "SIP": header("TAN-SIP", A_ORDER=3, B_ORDER=2, **SIP),
    "TPV": header("TPV", **TPV, **MATRIX),
    "galactic": header(**GALACTIC),
    "FK4 by EQUINOX alone": header(EQUINOX=1950.0),
    "FK5 by EQUINOX alone": header(EQUINOX=2000.0),
    "FK5 of another equinox": header(EQUINOX=1984.5, RADESYS="FK5"),
    "ICRS by default": header(),
    "RA on the second axis": header(**SWAPPED),
    "over RA 0": header(ra=0.01),
    "north pole": header(dec=89.995),
    "south pole": header("STG", dec=-90.0),
    "cube": header(NAXIS=3, NAXIS3=5, CTYPE3="FREQ", CRVAL3=1.4e9, CRPIX3=1.0, CDELT3=1e6, CUNIT3="Hz"),
}


def found(one: fits.Header) -> Footprint:
    sky = celestial(one.tostring(padding=False, endcard=False))
    assert sky is not None
    place = footprint(sky.to_sky, NX, NY)
    assert place is not None
    return place


def vertices(place: Footprint) -> SkyCoord:
    words = place.region.split()
    assert words[:2] == ["POLYGON", "ICRS"]
    numbers = np.array(words[2:], dtype=float)
    assert np.all((numbers[::2] >= 0) & (numbers[::2] < 360))
    return SkyCoord(numbers[::2], numbers[1::2], unit="deg")


def by_astropy(one: fits.Header, x: object, y: object) -> SkyCoord:
    return WCS(one, naxis=2).pixel_to_world(np.asarray(x), np.asarray(y)).icrs


@pytest.mark.parametrize("kind", KINDS)
def test_corners_and_centre_are_those_of_astropy(kind: str) -> None:
    place, one = found(KINDS[kind]), KINDS[kind]
    outline = vertices(place)
    for corner in by_astropy(one, [-0.5, NX - 0.5, NX - 0.5, -0.5], [-0.5, -0.5, NY - 0.5, NY - 0.5]):
        assert corner.separation(outline).deg.min() < 1e-8
    middle = by_astropy(one, (NX - 1) / 2, (NY - 1) / 2)
    assert middle.separation(SkyCoord(place.ra, place.dec, unit="deg")).deg < 1e-8
    assert place.fov == pytest.approx(2 * middle.separation(outline).deg.max(), abs=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_edges_stay_within_a_tenth_of_a_pixel_of_the_polygon(kind: str) -> None:
    place, one = found(KINDS[kind]), KINDS[kind]
    points = vertices(place).cartesian.xyz.value.T
    ends = np.roll(points, -1, axis=0)
    edge = np.linspace(-0.5, NX - 0.5, 77)
    for x, y in ((edge, np.full(77, -0.5)), (np.full(77, NX - 0.5), np.linspace(-0.5, NY - 0.5, 77))):
        sample = by_astropy(one, x, y).cartesian.xyz.value.T
        away = np.array([min(distance(s, a, b) for a, b in zip(points, ends, strict=True)) for s in sample])
        assert away.max() * 206265 < 0.1 * place.scale + 1e-3


def distance(point: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
    """Angle between a point and the nearer part of a great circle's arc."""
    t = np.clip(np.dot(point - start, end - start) / np.dot(end - start, end - start), 0, 1)
    on = start + t * (end - start)
    return float(np.linalg.norm(point - on / np.linalg.norm(on)))


@pytest.mark.parametrize("kind", KINDS)
def test_vertices_run_counter_clockwise_as_seen_from_inside(kind: str) -> None:
    place = found(KINDS[kind])
    outline, middle = vertices(place), SkyCoord(place.ra, place.dec, unit="deg")
    angles = middle.position_angle(outline).deg
    turns = (np.diff(np.append(angles, angles[0])) + 180) % 360 - 180
    assert np.all(turns > 0) and turns.sum() == pytest.approx(360)


def test_straight_edges_have_four_vertices_and_bent_ones_more() -> None:
    assert len(vertices(found(KINDS["TAN"]))) == 4
    assert len(vertices(found(KINDS["SIP"]))) > 4


def test_the_scale_is_the_side_of_the_central_pixel() -> None:
    assert found(KINDS["TAN"]).scale == pytest.approx(3.6, rel=1e-6)
    assert found(header(step=0.5)).scale == pytest.approx(1800.0, rel=1e-3)


def test_the_whole_sky_is_a_circle_around_it_all() -> None:
    place = found(header("AIT", ra=0.0, dec=0.0, step=6.0))
    assert not place.whole and place.region.startswith("CIRCLE ICRS") and place.fov == pytest.approx(360, abs=20)


def test_an_image_off_the_sky_has_no_footprint() -> None:
    sky = celestial(header("SIN", CRPIX1=1e6, step=1.0).tostring(padding=False, endcard=False))
    assert sky is not None and footprint(sky.to_sky, NX, NY) is None


def test_solar_and_linear_axes_are_not_celestial() -> None:
    for axes in (("HPLN-TAN", "HPLT-TAN"), ("LAMBDA", "ANGLE"), ("Solar-X", "Solar-Y")):
        one = header(CTYPE1=axes[0], CTYPE2=axes[1])
        assert celestial(one.tostring(padding=False, endcard=False)) is None
