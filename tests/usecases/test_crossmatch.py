"""Cross-matches equal brute force: over rows in memory with planted corners, over Gaia and Hipparcos."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time

from tests.support.centre import FakeCentre, stars
from tianku.adql.schema import Cone
from tianku.model.access import ANONYMOUS
from tianku.model.errors import AuthError, NotFoundError, TiankuError, UsageError
from tianku.model.metadata import Column
from tianku.model.types import DataType
from tianku.planner.matching import How
from tianku.usecases.centre import Centre
from tianku.usecases.crossmatch import crossmatch
from tianku.usecases.current import Current
from tianku.usecases.installation import connect
from tianku.usecases.match_columns import Named
from tianku.usecases.match_tables import MatchTable
from tianku.usecases.match_upload import Given

SKY = "sky_dr1.stars"


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeCentre]:
    made = FakeCentre(tmp_path_factory.mktemp("match"), listed=True)
    yield made
    made.close()


def given(ra: Any, dec: Any, **more: Any) -> Given:
    """A table of the caller's own with `row` and whatever else is said."""
    values = {"row": np.arange(len(ra)), "ra": np.asarray(ra, float), "dec": np.asarray(dec, float)} | more
    kinds = {"row": DataType.INT64}
    columns = tuple(Column(name=n, type=kinds.get(n, DataType.FLOAT64)) for n in values)
    return Given(pa.table(values), columns)


def rows(
    centre: Any, left: Any, right: Any, radius: float, *, epoch: float | None = None, maxrec: int | None = None,
    area: Cone | None = None, **how: Any,
) -> pa.Table:  # fmt: skip
    sides = (one if isinstance(one, MatchTable) else MatchTable(one) for one in (left, right))
    with crossmatch(centre, ANONYMOUS, *sides, How(radius, **how), epoch, area, maxrec=maxrec) as answer:
        batches = list(answer.batches())
        schema = pa.schema([pa.field(c.name, c.arrow) for c in answer.columns])
    return pa.Table.from_batches(batches, schema)


def around_stars() -> tuple[Given, pa.Table]:
    """Positions within half a degree of the stars, at the poles and across RA 0; some are none."""
    table, random = stars(), np.random.default_rng(5)
    ra = table["ra"].to_numpy() + random.normal(0, 0.3, len(table))
    dec = np.clip(table["dec"].to_numpy() + random.normal(0, 0.3, len(table)), -90, 90)
    ra[:4], dec[:4] = [0, 359.9, 12, 190], [90, 89.9, -90, -89.9]
    ra[10:14] = [np.nan, np.inf, 400, -700]
    return given(ra, dec), table


def truth(ra: Any, dec: Any, ra2: Any, dec2: Any, radius: float) -> dict[tuple[int, int], float]:
    a = np.flatnonzero(np.isfinite(ra) & (np.asarray(ra) >= -180) & (np.asarray(ra) <= 360))
    one, two = SkyCoord(np.asarray(ra)[a], np.asarray(dec)[a], unit="deg"), SkyCoord(ra2, dec2, unit="deg")
    i, j, apart, _ = two.search_around_sky(one, radius * u.deg)
    return {(int(a[x]), int(y)): float(s) for x, y, s in zip(i, j, apart.arcsec, strict=True)}


@pytest.mark.parametrize("radius", [0.4, 3.0])
def test_a_list_against_a_table(centre: FakeCentre, radius: float) -> None:
    mine, table = around_stars()
    answer = rows(centre, mine, SKY, radius, nearest=None)
    assert answer.column_names == [
        "row", "ra", "dec", "source_id", "ra_2", "dec_2", "mag", "name", "seen", "separation", "position_angle"
    ]  # fmt: skip
    place = {identifier: i for i, identifier in enumerate(table["source_id"].to_pylist())}
    pairs = zip(answer["row"].to_pylist(), answer["source_id"].to_pylist(), strict=True)
    found = dict(zip(((i, place[j]) for i, j in pairs), answer["separation"].to_pylist(), strict=True))
    expected = truth(mine.rows["ra"], mine.rows["dec"], table["ra"], table["dec"], radius)
    assert found.keys() == expected.keys() and len(found) == len(answer) > 200
    assert np.allclose([found[k] for k in expected], list(expected.values()), rtol=0, atol=1e-5)


def test_a_table_against_a_list_and_rows_without_partner(centre: FakeCentre) -> None:
    mine, table = around_stars()
    expected = truth(mine.rows["ra"], mine.rows["dec"], table["ra"], table["dec"], 0.4)
    answer = rows(centre, SKY, mine, 0.4, join="left")
    with_partner = answer.filter(answer["row"].is_valid())
    assert len(answer) == len(table) and len(with_partner) == len({j for _, j in expected})
    lost = answer.filter(answer["row"].is_null())
    assert lost["separation"].null_count == lost["position_angle"].null_count == len(lost) > 0
    alone = rows(centre, mine, SKY, 0.4, join="anti")
    assert alone.column_names == ["row", "ra", "dec"]
    assert set(alone["row"].to_pylist()) == set(range(len(mine.rows))) - {i for i, _ in expected}


def test_a_table_against_itself_at_radius_0(centre: FakeCentre) -> None:
    answer = rows(centre, SKY, MatchTable(SKY, Named(["source_id"])), 0.0, nearest=None)
    assert answer["source_id"] == answer["source_id_2"] and len(answer) == 500


def test_a_position_the_table_is_not_sorted_by(centre: FakeCentre) -> None:
    mine, _ = around_stars()
    main, other = (rows(centre, mine, MatchTable(SKY, Named(["source_id"], p)), 0.4) for p in (None, "other"))
    assert main.sort_by("row").equals(other.sort_by("row"))


def test_radii_of_rows_in_their_unit(centre: FakeCentre) -> None:
    mine, table = around_stars()
    radius = np.random.default_rng(6).uniform(0, 40, len(mine.rows))  # arcmin
    radius[20:23] = [np.nan, -1, 0]
    columns = (*mine.columns, Column(name="r", type=DataType.FLOAT64, unit="arcmin"))
    left = MatchTable(Given(mine.rows.append_column("r", pa.array(radius)), columns), Named(["row"], radius="r"))
    answer = rows(centre, left, MatchTable(SKY, Named(["source_id"])), 1.0, nearest=None)
    every = truth(mine.rows["ra"], mine.rows["dec"], table["ra"], table["dec"], 1.0)
    assert len(answer) == sum(apart <= radius[i] * 60 for (i, _), apart in every.items()) > 50


def test_columns_by_ucd_before_names(centre: FakeCentre) -> None:
    table = stars()
    values = {"ra": np.zeros(500), "dec": np.zeros(500), "a": table["ra"], "d": table["dec"]}
    ucds = {"a": "pos.eq.ra;meta.main", "d": "POS.EQ.DEC;meta.main"}
    columns = tuple(Column(name=n, type=DataType.FLOAT64, ucd=ucds.get(n)) for n in values)
    assert len(rows(centre, Given(pa.table(values), columns), SKY, 0.0)) == 500
    named = MatchTable(Given(pa.table(values), columns), Named(ra="ra", dec="DEC"))
    assert len(rows(centre, named, SKY, 0.0)) == 0


def test_rows_beyond_maxrec_and_empty_lists(centre: FakeCentre) -> None:
    with crossmatch(centre, ANONYMOUS, MatchTable(SKY), MatchTable(SKY), How(0.0), maxrec=7) as answer:
        assert sum(b.num_rows for b in answer.batches()) == 7 and answer.overflowed
    empty = given([], [])
    assert len(rows(centre, empty, SKY, 1.0, join="left")) == len(rows(centre, SKY, empty, 1.0)) == 0
    assert len(rows(centre, SKY, empty, 1.0, join="anti")) == 500


def test_a_match_that_is_cancelled_gives_no_more(centre: FakeCentre) -> None:
    with crossmatch(centre, ANONYMOUS, MatchTable(SKY), MatchTable(SKY), How(0.0)) as answer:
        answer.cancel()
        with pytest.raises(UsageError, match="cancelled"):
            list(answer.batches())


FLAT = Given(pa.table({"x": [1.0], "s": ["a"]}), tuple(
    Column(name=n, type=t) for n, t in (("x", DataType.FLOAT64), ("s", DataType.STRING))))  # fmt: skip


@pytest.mark.parametrize(
    ("left", "more", "kind", "code"),
    [
        (MatchTable(SKY), {"radius": 5.1}, UsageError, "match.radius"),
        (MatchTable(SKY), {"radius": float("nan")}, UsageError, "match.radius"),
        (MatchTable(SKY), {"epoch": 90000.0}, UsageError, "match.epoch"),
        (MatchTable("sky_dr1.nothing"), {}, NotFoundError, "table.unknown"),
        (MatchTable("stars"), {}, NotFoundError, "table.unknown"),
        (MatchTable("secret_dr1.stars"), {}, AuthError, "policy.closed"),
        (MatchTable(SKY, Named(position="no")), {}, NotFoundError, "position.unknown"),
        (MatchTable(SKY, Named(["no"])), {}, UsageError, "match.column"),
        (MatchTable(SKY, Named(ra="ra")), {}, UsageError, "match.no_position"),
        (MatchTable(SKY, Named(ra="name", dec="dec")), {}, UsageError, "match.number"),
        (MatchTable(FLAT), {}, UsageError, "match.no_position"),
        (MatchTable(FLAT, Named(ra="x", dec="s")), {}, UsageError, "match.number"),
        (MatchTable(SKY, Named(radius="mag")), {}, UsageError, "match.radius_unit"),
        (MatchTable(SKY, Named(errors={"major": "ra"})), {}, UsageError, "match.errors"),
        (MatchTable(SKY, Named(errors={"sigma": "mag"})), {}, UsageError, "match.radius_unit"),
        (MatchTable(SKY), {"sigmas": -1.0}, UsageError, "match.sigmas"),
    ],
)
def test_what_cannot_be_matched(
    centre: FakeCentre, left: MatchTable, more: dict[str, Any], kind: type[TiankuError], code: str
) -> None:
    with pytest.raises(kind) as caught:
        rows(centre, left, SKY, **({"radius": 0.1} | more))
    assert caught.value.code == code


def test_too_many_pairs_are_refused_before_any_is_made(centre: FakeCentre) -> None:
    crowd = given(np.linspace(10, 10.001, 40_000), np.full(40_000, 20.0))
    with pytest.raises(UsageError, match="e\\+") as caught:
        rows(centre, crowd, crowd, 5.0)
    assert caught.value.code == "match.too_many"


def ellipse_table(random: np.random.Generator, count: int, place: pa.Table, scatter: float) -> Given:
    """Positions near others, with the ellipses of their errors: arcsec, mas and degrees; some have none."""
    ra0, dec0 = place["ra"].to_numpy()[:count], place["dec"].to_numpy()[:count]
    dec = np.clip(dec0 + random.normal(0, scatter, count) / 3600, -90, 90)
    ra = (ra0 + random.normal(0, scatter, count) / 3600 / np.maximum(np.cos(np.radians(dec)), 1e-9)) % 360
    values = {
        "major": random.uniform(1, 4, count),
        "minor": random.uniform(0, 1000, count),
        "pa": random.uniform(0, 360, count),
    }
    values["major"][:4], values["minor"][4:8] = [np.nan, -1, np.inf, 0], 0
    made = given(ra, dec, **values)
    units = {"minor": "mas", "pa": "deg"}
    return Given(made.rows, tuple(c.model_copy(update={"unit": units.get(c.name)}) for c in made.columns))


def covariance(one: Given, i: int) -> np.ndarray:
    """East-north covariance of a row, arcsec²."""
    major, minor, angle = (one.rows[n][i].as_py() for n in ("major", "minor", "pa"))
    a, b, t = major, minor / 1000, np.radians(angle)
    turn = np.array([[np.sin(t), np.cos(t)], [np.cos(t), -np.sin(t)]])
    return turn.T @ np.diag([a * a, b * b]) @ turn


def known_error(one: Given, i: int) -> bool:
    major = one.rows["major"][i].as_py()
    return bool(np.isfinite(major) and major >= 0)


def test_ellipses_of_both_sides(centre: FakeCentre) -> None:
    table, random = stars(), np.random.default_rng(8)
    a, b = ellipse_table(random, 300, table, 3.0), ellipse_table(random, 300, table, 3.0)
    errors = {"major": "major", "minor": "minor", "angle": "pa"}
    sides = [MatchTable(one, Named(["row"], errors=errors)) for one in (a, b)]
    answer = rows(centre, *sides, 1.0, nearest=None, sigmas=2.5)
    one, two = (SkyCoord(s.rows["ra"], s.rows["dec"], unit="deg") for s in (a, b))
    expected = set()
    for i in range(300):  # each has one candidate: the stars are degrees apart
        east, north = (o.to_value(u.arcsec) for o in one[i].spherical_offsets_to(two[i]))
        if known_error(a, i) and known_error(b, i):
            away = np.array([east, north])
            if away @ np.linalg.inv(covariance(a, i) + covariance(b, i)) @ away <= 2.5**2:
                expected.add((i, i))
    assert set(zip(answer["row"].to_pylist(), answer["row_2"].to_pylist(), strict=True)) == expected
    assert 100 < len(expected) < 280
    capped = rows(centre, *sides, 3 / 3600, nearest=None, sigmas=2.5)
    assert 0 < len(capped) < len(answer) and max(capped["separation"].to_pylist()) <= 3.0
    best = rows(centre, *sides, 1.0, join="best", sigmas=2.5)
    assert set(best["row"].to_pylist()) == {i for i, _ in expected}
    left = rows(centre, *sides, 1.0, join="left", sigmas=2.5)
    assert len(left) == 300 and left["row_2"].null_count == 300 - len(expected)


@pytest.mark.parametrize("centre_at", [(10.0, 20.0), (0.0, 89.0), (359.9, -5.0)])
def test_rows_outside_an_area_are_not_considered(centre: FakeCentre, centre_at: tuple[float, float]) -> None:
    table, area = stars(), Cone(*centre_at, 30.0)
    away = SkyCoord(table["ra"], table["dec"], unit="deg").separation(SkyCoord(*centre_at, unit="deg")).deg
    inside = {i for i, far in zip(table["source_id"].to_pylist(), away, strict=True) if far <= 30}
    one, mine = MatchTable(SKY, Named(["source_id"])), MatchTable(given(table["ra"], table["dec"]))
    assert 10 < len(inside) < 100
    for sides in ((one, mine), (mine, one)):
        for join in ("inner", "left", "best"):
            answer = rows(centre, *sides, 0.001, join=join, area=area)
            assert set(answer["source_id"].to_pylist()) == inside and len(answer) == len(inside)
    with pytest.raises(UsageError, match="radius"):
        rows(centre, SKY, SKY, 0.1, area=Cone(0, 0, 181))


def test_errors_along_the_axes_equal_the_ellipse_they_make(centre: FakeCentre) -> None:
    table, random = stars(), np.random.default_rng(9)
    one = ellipse_table(random, 300, table, 3.0)
    both = [covariance(one, i) if known_error(one, i) else np.full((2, 2), np.nan) for i in range(300)]
    sx, sy = (np.sqrt([c[k, k] for c in both]) for k in (0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.array([c[0, 1] for c in both]) / (sx * sy)
    columns = (*one.columns, *(Column(name=n, type=DataType.FLOAT64) for n in ("sx", "sy", "rho")))
    more = one.rows.append_column("sx", pa.array(sx)).append_column("sy", pa.array(sy))
    axes = Given(more.append_column("rho", pa.array(correlation)), columns)
    names = {"major": "major", "minor": "minor", "angle": "pa"}, {"ra": "sx", "dec": "sy", "correlation": "rho"}
    right = MatchTable(SKY, Named(["source_id"]))
    found = [rows(centre, MatchTable(axes, Named(["row"], errors=e)), right, 0.1) for e in names]
    same = [set(f["row"].to_pylist()) - {1, 4, 5, 6, 7} for f in found]  # no squares of −1; 0 is on the edge
    assert same[0] == same[1] and len(same[0]) > 80


def test_a_column_of_standard_deviations(centre: FakeCentre) -> None:
    table = stars()
    dec = table["dec"].to_numpy() + np.where(table["dec"].to_numpy() > 0, -3, 3) / 3600
    mine = given(table["ra"], dec, e=np.linspace(0, 4, 500))
    answer = rows(centre, MatchTable(mine, Named(["e"], errors={"sigma": "e"})), SKY, 1.0)
    assert len(answer) == np.sum(np.linspace(0, 4, 500) * 3 >= 3)


@pytest.fixture(scope="module")
def demo(demo_root: Path) -> Iterator[Centre]:
    connect(demo_root, profile="web")
    made = Centre.open(demo_root)
    yield made
    made.close()


def _all(centre: Centre, name: str) -> dict[str, np.ndarray]:
    schema, table = name.split(".")
    meta = centre.picture().by_schema[schema].tables[table].meta
    files = [f.path for f in centre.current().storage(meta).files]
    read = pa.concat_tables(
        [pq.read_table(f, columns=[meta.id_column, "ra", "dec", "pmra", "pmdec"]) for f in files]
    )
    return {n: read[n].to_numpy() for n in read.column_names} | {"id": read[meta.id_column].to_numpy()}


@pytest.mark.filterwarnings("ignore:ERFA")  # directions have no distance
@pytest.mark.parametrize(("epoch", "copies"), [(None, True), (2016.0, True), (2016.0, False)])
def test_gaia_and_hipparcos(
    demo: Centre, epoch: float | None, copies: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    gaia, hipparcos = _all(demo, "gaia.source"), _all(demo, "hipparcos.main")
    here = SkyCoord(gaia["ra"], gaia["dec"], unit="deg")
    there = SkyCoord(hipparcos["ra"], hipparcos["dec"], unit="deg")
    if epoch is not None:
        motion = {
            "pm_ra_cosdec": hipparcos["pmra"] * u.mas / u.yr,
            "pm_dec": hipparcos["pmdec"] * u.mas / u.yr,
            "distance": 1 * u.Mpc,
        }
        old = SkyCoord(hipparcos["ra"] * u.deg, hipparcos["dec"] * u.deg, obstime=Time("J1991.25"), **motion)
        there = old.apply_space_motion(new_obstime=Time(epoch, format="jyear"))
        there = SkyCoord(there.ra, there.dec)
    i, j, _, _ = here.search_around_sky(there, 2.0 * u.arcsec)
    expected = {(int(hipparcos["id"][a]), int(gaia["id"][b])) for a, b in zip(i, j, strict=True)}
    if not copies:  # Parquet alone
        now = demo.current()
        bare = {name: dataclasses.replace(stored, serving=None) for name, stored in now.stored.items()}
        monkeypatch.setattr(demo, "current", lambda: Current(now.picture, bare))
        monkeypatch.setattr("tianku.usecases.crossmatch.SHORT_ROWS", 0)  # and every block in a child
    left, right = MatchTable("hipparcos.main", Named(["hip"])), MatchTable("gaia.source", Named(["source_id"]))
    answer = rows(demo, left, right, 2 / 3600, nearest=None, epoch=epoch, maxrec=10**6)
    found = set(zip(answer["hip"].to_pylist(), answer["source_id"].to_pylist(), strict=True))
    assert len(answer) == len(found) > 50_000
    assert found == expected
    borrowed = sum(hip == -identifier for hip, identifier in found)
    assert borrowed == 70 if epoch is not None else borrowed < 60
