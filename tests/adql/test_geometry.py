"""Geometry as SQL arithmetic against astropy and an independent winding test."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord, angular_separation
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adql.support import DATA, ids, resolved, run
from tianku.adql.schema import Cone, SkyPolygon
from tianku.adql.sphere import Polygon, unit_vectors
from tianku.model.errors import UsageError

RA = DATA["stars"].column("ra").to_numpy()
DEC = DATA["stars"].column("dec").to_numpy()
SKY = SkyCoord(RA * u.deg, DEC * u.deg)


def within(ra: float, dec: float, radius: float) -> set[int]:
    separation = SkyCoord(ra * u.deg, dec * u.deg).separation(SKY).deg
    return set(np.flatnonzero(separation <= radius).tolist())


@pytest.mark.parametrize(
    ("ra", "dec", "radius"),
    [(0, 0, 1), (359.9, 0.1, 0.7), (10, 90, 0.4), (200, -89.9, 0.8), (150, 2, 5e-4), (150, 2, 1e-9), (40, 20, 120),
     (90, -30, 180), (150.0001, 2.0001, 1 / 3600)],
)  # fmt: skip
def test_cone(ra: float, dec: float, radius: float) -> None:
    expected = within(ra, dec, radius)
    circle = f"CIRCLE('ICRS', {ra}, {dec}, {radius})"
    test = f"CONTAINS(POINT('', ra, dec), {circle})"
    everything = set(range(len(RA)))
    query = "SELECT id FROM survey.stars WHERE "
    assert ids(f"{query} 1 = {test}") == expected
    assert ids(f"{query} {test} = 1") == expected
    assert ids(f"{query} {test} <> 0") == expected
    assert ids(f"{query} 0 = {test}") == everything - expected
    assert ids(f"{query} {test} > 0.5") == expected
    assert ids(f"{query} NOT (1 = INTERSECTS({circle}, POINT(ra, dec)))") == everything - expected
    assert ids(f"{query} DISTANCE(POINT(ra, dec), POINT({ra}, {dec})) <= {radius}") == expected
    assert ids(f"{query} DISTANCE({ra}, {dec}, ra, dec) <= {radius}") == expected


def test_region_is_known_only_where_it_certainly_holds() -> None:
    def regions(condition: str) -> list:
        return resolved(f"SELECT id FROM survey.stars WHERE {condition}").references["t0"].regions

    cone = "1=CONTAINS(POINT(ra,dec),CIRCLE(10,20,0.5))"
    assert regions(cone) == [Cone(10, 20, 0.5)]
    assert regions(f"({cone}) AND n > 1") == [Cone(10, 20, 0.5)]
    assert regions("CONTAINS(POINT(10,20),CIRCLE(ra,dec,1./60)) = 1") == [Cone(10, 20, 1 / 60)]
    assert regions("DISTANCE(ra,dec,10,20) < 0.5") == [Cone(10, 20, 0.5)]
    assert regions("0.5 >= DISTANCE(POINT(10,20),POINT(ra,dec))") == [Cone(10, 20, 0.5)]
    assert regions(f"{cone} OR n > 1") == []
    assert regions(f"NOT ({cone})") == []
    assert regions("0=CONTAINS(POINT(ra,dec),CIRCLE(10,20,0.5))") == []
    assert regions("DISTANCE(ra,dec,10,20) > 0.5") == []
    assert regions("1=CONTAINS(POINT(dec,ra),CIRCLE(10,20,0.5))") == []
    assert regions("1=CONTAINS(POINT(ra,dec),CIRCLE(10,n,0.5))") == []
    assert regions("1=CONTAINS(POINT(ra,dec),POLYGON(0,0,1,0,1,1))") == [SkyPolygon((0, 1, 1), (0, 0, 1))]


def test_region_belongs_to_the_reference_it_names() -> None:
    query = (
        "SELECT a.id FROM survey.stars a LEFT JOIN survey.stars b ON a.id = b.id"
        " AND 1=CONTAINS(POINT(a.ra,a.dec),CIRCLE(10,20,1)) WHERE DISTANCE(b.ra,b.dec,0,0) < 3"
    )
    references = resolved(query).references
    assert references["t0"].regions == []  # the left side of an outer join keeps its rows
    assert references["t1"].regions == [Cone(0, 0, 3)]


def test_distance_and_area() -> None:
    table = run("SELECT DISTANCE(POINT(ra,dec),POINT(150,2)) AS d, DISTANCE(ra,dec,330,-2) AS a FROM survey.stars")
    for column, at in (("d", (150, 2)), ("a", (330, -2))):
        expected = np.degrees(angular_separation(*np.radians([RA, DEC]), *np.radians(at)))
        np.testing.assert_allclose(table.column(column).to_numpy(), expected, rtol=0, atol=2e-13)
    row = run(
        "SELECT TOP 1 AREA(CIRCLE(1,2,90)) AS half, AREA(POLYGON(0,0, 90,0, 0,90)) AS octant,"
        " AREA(BOX(10,80,2,2)) AS cross_area, COORD1(CENTROID(POLYGON(0,0,90,0,0,90))) AS c1,"
        " COORD2(CENTROID(CIRCLE(3,4,5))) AS c2 FROM survey.stars"
    ).to_pylist()[0]
    sphere = 360**2 / np.pi
    assert row["half"] == pytest.approx(sphere / 2)
    assert row["octant"] == pytest.approx(sphere / 8)
    assert row["cross_area"] == pytest.approx(4, rel=1e-3)
    assert row["c1"] == pytest.approx(45)
    assert row["c2"] == 4


def test_crossmatch_of_rows() -> None:
    query = (
        "SELECT a.id, b.id FROM survey.stars a, survey.stars b WHERE a.id < b.id AND b.n = 1 AND"
        " 1 = CONTAINS(POINT(a.ra, a.dec), CIRCLE(b.ra, b.dec, 0.002))"
    )
    found = run(query)
    pairs = {tuple(r.values()) for r in found.to_pylist()}
    vectors = unit_vectors(RA, DEC)
    near = np.linalg.norm(vectors[:, None] - vectors[None], axis=2) <= 2 * np.sin(np.radians(0.001))
    n = DATA["stars"].column("n").to_numpy()
    base = 9_007_199_254_740_993
    expected = {(i + base, j + base) for i, j in zip(*np.nonzero(near), strict=True) if i < j and n[j] == 1}
    assert len(expected) > 100
    assert pairs == {(int(a), int(b)) for a, b in expected}
    assert resolved(query).joins


# Polygons -------------------------------------------------------------------------------------


def inside(ra: np.ndarray, dec: np.ndarray, px: np.ndarray, py: np.ndarray) -> np.ndarray:
    """Winding number of a small polygon around each point: sum of the angles the sides subtend."""
    points, corners = unit_vectors(px, py), unit_vectors(ra, dec)
    total = np.zeros(len(px))
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        one = a - points * (points @ a)[:, None]
        two = b - points * (points @ b)[:, None]
        sine = np.einsum("ij,ij->i", points, np.cross(one, two))
        total += np.arctan2(sine, np.einsum("ij,ij->i", one, two))
    return np.abs(total) > np.pi


SHAPES = {
    "square at RA 0": [(359, -1), (1, -1), (1, 1), (359, 1)],
    "around the north pole": [(0, 89.3), (120, 89), (240, 89.5)],
    "star around the south pole": [(0, -88), (30, -89.7), (120, -88), (150, -89.7), (240, -88), (270, -89.7)],
    "dart": [(358, -2), (0, 1.5), (2, -2), (0, -0.5)],
    "dart the other way": [(0, -0.5), (2, -2), (0, 1.5), (358, -2)],
    "letter U": [(149.998, 1.998), (150.002, 1.998), (150.002, 2.002), (150.001, 2.002), (150.001, 1.999),
                 (149.999, 1.999), (149.999, 2.002), (149.998, 2.002)],
    "octant": [(0, 0), (90, 0), (0, 90)],
    "repeated vertex": [(359, -1), (1, -1), (1, -1), (1, 1), (359, 1), (359, -1)],
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_polygon(name: str) -> None:
    ra, dec = (np.array(v, dtype=float) for v in zip(*SHAPES[name], strict=True))
    expected = inside(ra, dec, RA, DEC)
    # far points see a loop wind the other way round its antipode
    expected &= unit_vectors(RA, DEC) @ unit_vectors(ra, dec).mean(axis=0) > -0.2
    assert expected.any()
    numbers = ", ".join(f"{a}, {d}" for a, d in SHAPES[name])
    points = ", ".join(f"POINT({a}, {d})" for a, d in SHAPES[name])
    for arguments in (numbers, f"'ICRS', {numbers}", points):
        test = f"CONTAINS(POINT(ra, dec), POLYGON({arguments}))"
        assert ids(f"SELECT id FROM survey.stars WHERE 1={test}") == set(np.flatnonzero(expected).tolist())


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.floats(0.2, 1.0), st.floats(0.3, 1.0)), min_size=3, max_size=12),
    st.floats(0, 360), st.floats(-90, 90), st.floats(1e-3, 40),
)  # fmt: skip
def test_star_shaped_polygons(steps: list[tuple[float, float]], ra: float, dec: float, size: float) -> None:
    """Around any centre, of any size, convex or not."""
    angles = np.cumsum([s for s, _ in steps])
    angles *= 2 * np.pi / (angles[-1] + 0.2)
    if np.max(np.diff(np.append(angles, angles[0] + 2 * np.pi))) > 3.0:
        return
    lengths = np.array([r for _, r in steps]) * size
    centre = SkyCoord(ra * u.deg, dec * u.deg)
    corners = centre.directional_offset_by(angles * u.rad, lengths * u.deg)
    random = np.random.default_rng(3)
    points = centre.directional_offset_by(
        random.uniform(0, 360, 60) * u.deg, random.uniform(0, 1.2, 60) * size * u.deg
    )
    expected = inside(corners.ra.deg, corners.dec.deg, points.ra.deg, points.dec.deg)
    polygon = Polygon(corners.ra.deg, corners.dec.deg)
    vectors = unit_vectors(points.ra.deg, points.dec.deg)
    if polygon.convex:
        found = (vectors @ polygon.normals.T >= 0).all(axis=1)
    else:
        crossings = polygon.crossings()
        lon = np.arctan2(vectors @ crossings.y, vectors @ crossings.x)
        count = sum(
            ((s.low <= lon) & (lon < s.high) & (vectors @ s.normal < 0)).astype(int) for s in crossings.sides
        )
        found = (count + crossings.odd) % 2 == 1
    assert (found == expected).all()


@pytest.mark.parametrize("direction", [1, -1])
def test_the_smaller_side_is_inside(direction: int) -> None:
    ra, dec = np.array([0.0, 90, 180, 270])[::direction], np.full(4, 80.0)
    polygon = Polygon(ra, dec)
    assert polygon.area < 400
    assert (polygon.normals @ np.array([0, 0, 1]) > 0).all()


# Boxes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ra", "dec", "width", "height"),
    [
        (0, 0, 1.5, 0.5),
        (150, 2, 0.001, 0.003),
        (30, 90, 1, 0.2),
        (100, -89.5, 2, 2),
        (20, 40, 80, 30),
        (0, 0, 180, 20),
    ],
)
def test_box(ra: float, dec: float, width: float, height: float) -> None:
    offsets = SKY.transform_to(SkyCoord(ra * u.deg, dec * u.deg).skyoffset_frame()).cartesian
    out, east, north = offsets.x.value, offsets.y.value, offsets.z.value
    w, h = np.radians(width / 2), np.radians(height / 2)
    expected = (np.abs(east) * np.cos(w) <= out * np.sin(w)) & (np.abs(north) * np.cos(h) <= out * np.sin(h))
    assert expected.any()
    query = "SELECT id FROM survey.stars WHERE 1=CONTAINS(POINT(ra,dec), BOX"
    assert ids(f"{query}('ICRS', {ra}, {dec}, {width}, {height}))") == set(np.flatnonzero(expected).tolist())
    assert ids(f"{query}(POINT({ra}, {dec}), {width}, {height}))") == set(np.flatnonzero(expected).tolist())


def test_circles_with_circles() -> None:
    contained = ids("SELECT id FROM survey.stars WHERE 1=CONTAINS(CIRCLE(ra,dec,0.3), CIRCLE(0,0,1))")
    assert contained == within(0, 0, 0.7)
    touched = ids("SELECT id FROM survey.stars WHERE 1=INTERSECTS(CIRCLE(ra,dec,0.3), CIRCLE(0,0,1))")
    assert touched == within(0, 0, 1.3)


def test_geometry_in_results() -> None:
    answer = resolved("SELECT POINT(ra,dec) AS p, CIRCLE(1,2,3) AS c, POLYGON(0,0,1,0,1,1) AS g FROM survey.stars")
    assert [(c.xtype, c.arraysize, c.unit) for c in answer.columns] == [
        ("point", "2", "deg"), ("circle", "3", "deg"), ("polygon", "6", "deg"),
    ]  # fmt: skip
    table = run(
        "SELECT COORD1(q.p) AS x, COORD2(q.p) AS y, q.p FROM (SELECT POINT(ra,dec) AS p FROM survey.stars) AS q"
    )
    np.testing.assert_array_equal(table.column("x").to_numpy(), RA)
    np.testing.assert_array_equal(table.column("y").to_numpy(), DEC)
    assert table.column("p")[5].as_py() == [RA[5], DEC[5]]


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("1=CONTAINS(POINT('GALACTIC',ra,dec),CIRCLE(1,2,3))", "adql.not_supported"),
        ("1=CONTAINS(CIRCLE(1,2,3),POINT(ra,dec))", "adql.not_supported"),
        ("1=CONTAINS(POINT(ra,dec),class)", "adql.type_mismatch"),
        ("1=CONTAINS(POINT(ra,dec),POLYGON(ra,dec,1,0,1,1))", "adql.not_supported"),
        ("1=CONTAINS(POINT(ra,dec),POLYGON(1,1,1,1,2,2))", "adql.coordinate"),
        ("1=CONTAINS(POINT(ra,95),CIRCLE(1,2,3))", "adql.coordinate"),
        ("1=CONTAINS(POINT(class,dec),CIRCLE(1,2,3))", "adql.type_mismatch"),
        ("1=CONTAINS(POINT(ra,dec),REGION('CIRCLE 1 2 3'))", "adql.not_supported"),
    ],
)
def test_refused(condition: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolved(f"SELECT id FROM survey.stars WHERE {condition}")
    assert caught.value.code == code
    assert caught.value.message.startswith("line 1, column ")
