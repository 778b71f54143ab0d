"""Joins by position equal brute force, in every form that ADQL has for them, and never compare all with all."""

from __future__ import annotations

from dataclasses import replace

import astropy.units as u
import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from sqlglot import exp

from tests.adql.support import STARS, View, positions
from tianku.adql.parser import parse
from tianku.adql.resolve import resolve
from tianku.adql.uploads import WithUploads
from tianku.engines.bind import read_parquet, to_sql
from tianku.model.errors import LimitError
from tianku.model.metadata import HEALPIX_COLUMN, Column, TableMeta
from tianku.model.types import DataType
from tianku.planner.plan import Plan, plan
from tianku.planner.stored import Stored, StoredFile
from tianku.sky.ranges import healpix29

COUNT, FILES, MINE = 6000, 12, 900
SIZES = [0.0, 0.02, 0.3]

OWN = TableMeta(
    schema_name="TAP_UPLOAD",
    name="mine",
    columns=tuple(
        Column(name=n, type=DataType.INT64 if n == "k" else DataType.FLOAT64) for n in ("k", "lon", "lat", "r")
    ),
)


def sky(count: int = COUNT) -> tuple[np.ndarray, np.ndarray]:
    """Stars that crowd at the poles and at RA 0, some twice, and some at corners of cells."""
    ra, dec = positions(count)
    ra[-8:], dec[-8:] = [0, 45, 90, 135, 0, 360, 0, 77], [0, 41.8103149, 0, -41.8103149, 90, 0, -90, 90]
    ra[-16:-8], dec[-16:-8] = ra[:8], dec[:8]
    return ra, dec


def mine() -> pa.Table:
    """Positions near stars, of which some are none, some beyond the usual range of RA, some twice."""
    random = np.random.default_rng(3)
    ra, dec = sky()
    at = random.permutation(COUNT)[:MINE]
    at[:24] = np.arange(COUNT - 24, COUNT)
    lon = ra[at] + random.normal(0, 0.02, MINE)
    lat = np.clip(dec[at] + random.normal(0, 0.02, MINE), -90, 90)
    lon[:60], lat[:60] = ra[at[:60]], dec[at[:60]]
    lon[60:64], lat[64:67] = [np.nan, np.inf, lon[62] - 360, lon[63] + 360], [np.nan, np.inf, 91.0]
    r = random.uniform(0, 0.1, MINE)
    empty = np.isin(np.arange(MINE), [70, 71])
    return pa.table({"k": np.arange(MINE), "lon": pa.array(lon, mask=empty), "lat": lat, "r": r})


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """Stars in files by HEALPix order."""
    folder = tmp_path_factory.mktemp("near")
    ra, dec = sky()
    index = healpix29(ra, dec)
    order = np.argsort(index, kind="stable")
    dataset = (np.arange(COUNT) % 2).astype(np.int32)
    table = pa.table({"id": np.arange(COUNT), "ra": ra, "dec": dec, "_dataset": dataset, HEALPIX_COLUMN: index})
    files = []
    for i, part in enumerate(np.array_split(order, FILES)):
        pq.write_table(table.take(part), folder / f"{i}.parquet")
        files.append(
            StoredFile(str(folder / f"{i}.parquet"), len(part), (int(index[part[0]]), int(index[part[-1]])))
        )
    return Stored("stars@1", table.schema, COUNT, tuple(files))


def made(stored: Stored, query: str, own: pa.Table | None = None, hide: int | None = None) -> Plan:
    rows = mine() if own is None else own

    def storage(table: TableMeta) -> Stored:
        return stored if table is STARS else Stored("own", rows.schema, len(rows), table=rows)

    return plan(resolve(parse(query), WithUploads(View(hide), [OWN])), storage)


def answer(planned: Plan) -> list[tuple]:
    connection = duckdb.connect(config={"threads": 2})

    def locate(key: str, relation: object) -> exp.Expression:
        found = planned.query.relations[key]
        if found.table is None:
            return read_parquet(found)
        connection.register(key, found.table)
        return exp.Table(this=exp.to_identifier(key, quoted=True))

    return sorted(connection.sql(to_sql(planned.query, locate)).fetchall(), key=_with_nulls_first)


def _with_nulls_first(row: tuple) -> tuple:
    return tuple((v is not None, v) for v in row)


def truth(lon: np.ndarray, lat: np.ndarray, radius: float | np.ndarray) -> list[tuple[int, int]]:
    """All (row, star) within the radius, by astropy; rows that are no positions have none."""
    good = np.flatnonzero(np.isfinite(lon) & (np.abs(lat) <= 90))
    here, there = SkyCoord(lon[good], lat[good], unit="deg"), SkyCoord(*sky(), unit="deg")
    most = np.broadcast_to(radius, lon.shape)[good]
    i, j, apart, _ = there.search_around_sky(here, (float(np.max(radius)) + 1e-9) * u.deg)
    inside = apart.deg <= most[i] + 1e-11
    return sorted(zip(good[i[inside]].tolist(), j[inside].tolist(), strict=True))


def uploaded() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table = mine()
    return tuple(table[n].to_numpy(zero_copy_only=False) for n in ("lon", "lat", "r"))


def product_free(planned: Plan) -> bool:
    """Whether an equality of cells bounds the join."""
    joined = [k for k in planned.query.relations if k.startswith("n")]
    return len(joined) == planned.query.tree.sql("duckdb").count(">>") > 0


FORMS = [
    "FROM TAP_UPLOAD.mine AS m JOIN survey.stars AS s"
    " ON 1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(m.lon, m.lat, {r}))",
    "FROM survey.stars AS s JOIN TAP_UPLOAD.mine AS m"
    " ON CONTAINS(POINT('ICRS', m.lon, m.lat), CIRCLE('ICRS', s.ra, s.dec, {r})) = 1",
    "FROM TAP_UPLOAD.mine AS m, survey.stars AS s WHERE DISTANCE(POINT(m.lon, m.lat), POINT(s.ra, s.dec)) <= {r}",
    "FROM survey.stars AS s, TAP_UPLOAD.mine AS m WHERE {r} * 3600 >= DISTANCE(m.lon, m.lat, s.ra, s.dec) * 3600",
    "FROM survey.stars AS s JOIN TAP_UPLOAD.mine AS m"
    " ON DISTANCE(m.lon, m.lat, s.ra, s.dec) BETWEEN 0 AND {r} AND m.k >= 0",
    "FROM TAP_UPLOAD.mine AS m JOIN survey.stars AS s"
    " ON INTERSECTS(POINT(s.ra, s.dec), CIRCLE(POINT(m.lon, m.lat), {r})) = 1 WHERE s.id >= 0",
    "FROM TAP_UPLOAD.mine AS m JOIN survey.stars AS s"
    " ON 1 = INTERSECTS(CIRCLE(s.ra, s.dec, {r} / 2), CIRCLE(m.lon, m.lat, {r} / 2))",
]


@pytest.mark.parametrize("radius", SIZES)
@pytest.mark.parametrize("form", range(len(FORMS)))
def test_every_form_equals_brute_force(stored: Stored, form: int, radius: float) -> None:
    lon, lat, _ = uploaded()
    planned = made(stored, "SELECT m.k, s.id " + FORMS[form].format(r=radius))
    found = answer(planned)
    if radius == 0:  # the same coordinates; which formula is used decides on rounding
        same = {(k, i) for k, i in found if k < 60}
        assert {(k, i) for k, i in truth(lon, lat, 0.0) if k < 60} >= same and len(same) >= 30
    else:
        assert found == truth(lon, lat, radius)
    assert len(found) == len(set(found)) and product_free(planned)


def test_a_radius_of_each_row(stored: Stored) -> None:
    lon, lat, r = uploaded()
    for radius, factor in (("m.r", 1.0), ("m.r / 3600", 1 / 3600), ("2 * (m.r)", 2.0)):
        planned = made(
            stored,
            f"SELECT m.k, s.id FROM survey.stars AS s JOIN TAP_UPLOAD.mine AS m"
            f" ON 1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(m.lon, m.lat, {radius}))",
        )
        assert answer(planned) == truth(lon, lat, r * factor)
        assert product_free(planned)


def test_outer_joins_keep_rows_without_a_partner(stored: Stored) -> None:
    lon, lat, _ = uploaded()
    near = "ON 1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(m.lon, m.lat, 0.02))"
    pairs = truth(lon, lat, 0.02)
    lost = sorted(set(range(MINE)) - {k for k, _ in pairs})
    free = sorted(set(range(COUNT)) - {i for _, i in pairs})
    assert len(lost) > 50 and len(free) > 1000
    mine_left = f"FROM TAP_UPLOAD.mine AS m LEFT JOIN survey.stars AS s {near}"
    stars_left = f"FROM survey.stars AS s LEFT JOIN TAP_UPLOAD.mine AS m {near}"
    stars_right = f"FROM TAP_UPLOAD.mine AS m RIGHT OUTER JOIN survey.stars AS s {near}"
    chosen = "COALESCE(m.k, -1) AS k, COALESCE(s.id, -1) AS i"
    planned = [made(stored, f"SELECT {chosen} {form}") for form in (mine_left, stars_left, stars_right)]
    assert answer(planned[0]) == sorted([*pairs, *((k, -1) for k in lost)])
    for one in planned[1:]:
        assert answer(one) == sorted([*pairs, *((-1, i) for i in free)])
        assert one.rows >= COUNT  # what is kept is read
    assert all(product_free(one) for one in planned)
    anti = made(stored, f"SELECT m.k {mine_left} WHERE s.id IS NULL")
    assert [k for (k,) in answer(anti)] == lost


def test_whether_there_is_any(stored: Stored) -> None:
    lon, lat, _ = uploaded()
    near = "(SELECT s.id FROM survey.stars AS s WHERE DISTANCE(s.ra, s.dec, m.lon, m.lat) < 0.02)"
    some = {k for k, _ in truth(lon, lat, 0.02)}
    for word, expected in (("", some), ("NOT ", set(range(MINE)) - some)):
        planned = made(stored, f"SELECT m.k FROM TAP_UPLOAD.mine AS m WHERE {word}EXISTS {near}")
        assert {k for (k,) in answer(planned)} == expected
        assert product_free(planned)


def test_a_table_with_itself_and_three_tables(stored: Stored) -> None:
    ra, dec = sky()
    planned = made(
        stored,
        "SELECT a.id, b.id FROM survey.stars AS a JOIN survey.stars AS b"
        " ON 1 = CONTAINS(POINT(a.ra, a.dec), CIRCLE(b.ra, b.dec, 0.0005)) WHERE a.id < b.id",
    )
    pairs = [(i, j) for i, j in truth(ra, dec, 0.0005) if i < j]
    assert answer(planned) == pairs and len(pairs) > 1000 and product_free(planned)
    lon, lat, _ = uploaded()
    planned = made(
        stored,
        "SELECT m.k, a.id, b.id FROM TAP_UPLOAD.mine AS m"
        " JOIN survey.stars AS a ON 1 = CONTAINS(POINT(a.ra, a.dec), CIRCLE(m.lon, m.lat, 0.005))"
        " LEFT JOIN survey.stars AS b ON DISTANCE(a.ra, a.dec, b.ra, b.dec) < 0.0003 AND b.id > a.id",
    )
    first = truth(lon, lat, 0.005)
    later: dict[int, list[int]] = {}
    for i, j in truth(ra, dec, 0.0003):
        if i < j:
            later.setdefault(i, []).append(j)
    expected = [(k, a, b) for k, a in first for b in later.get(a, [None])]  # type: ignore[list-item]
    assert answer(planned) == sorted(expected, key=_with_nulls_first)


def test_hidden_rows_stay_hidden(stored: Stored) -> None:
    lon, lat, _ = uploaded()
    for form in FORMS[:3]:
        planned = made(stored, "SELECT m.k, s.id " + form.format(r=0.02), hide=1)
        assert answer(planned) == [(k, i) for k, i in truth(lon, lat, 0.02) if i % 2 == 0]


def test_few_positions_read_few_files(stored: Stored) -> None:
    few = mine().slice(0, MINE).filter(pa.compute.equal(mine()["k"], 100))
    for form in FORMS[:3]:
        planned = made(stored, "SELECT s.id " + form.format(r=0.001), few)
        (key,) = (k for k, r in planned.query.relations.items() if r.uid == "stars@1")
        assert len(planned.query.relations[key].files) <= 3 and planned.rows < COUNT / 3
        text = planned.query.tree.sql("duckdb")
        assert '"_healpix_29" BETWEEN ' in text
    assert made(stored, "SELECT s.id " + FORMS[0].format(r=0.001), mine().slice(0, 0)).rows == COUNT


def test_a_cone_narrows_both_sides(stored: Stored) -> None:
    lon, lat, _ = uploaded()
    within = "1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(150, 2, 0.002))"
    planned = made(stored, f"SELECT m.k, s.id {FORMS[0].format(r=0.02)} WHERE {within}")
    ra, dec = sky()
    apart = SkyCoord(150 * u.deg, 2 * u.deg).separation(SkyCoord(ra * u.deg, dec * u.deg)).deg
    assert answer(planned) == [(k, i) for k, i in truth(lon, lat, 0.02) if apart[i] <= 0.002]
    (key,) = (k for k, r in planned.query.relations.items() if r.uid == "stars@1")
    assert len(planned.query.relations[key].files) <= 5


def test_tables_that_are_too_large_are_refused_with_what_to_do(stored: Stored) -> None:
    huge = replace(stored, nrows=10**9, files=tuple(replace(f, rows=10**8) for f in stored.files))
    pair = "SELECT a.id FROM survey.stars AS a JOIN survey.stars AS b ON DISTANCE(a.ra, a.dec, b.ra, b.dec) < {r}"
    with pytest.raises(LimitError, match="cross-match service") as caught:
        made(huge, pair.format(r=0.001))
    assert caught.value.code == "query.near"
    with pytest.raises(LimitError, match="pairs of rows") as caught:
        made(huge, "SELECT m.k " + FORMS[0].format(r=4.9))
    assert caught.value.code == "query.pairs" and caught.value.params["pairs"] > 1e10
    for form in (
        "FROM survey.stars AS s FULL JOIN TAP_UPLOAD.mine AS m ON DISTANCE(s.ra, s.dec, m.lon, m.lat) < 1",
        "FROM survey.stars AS s JOIN TAP_UPLOAD.mine AS m ON DISTANCE(s.ra, s.dec, m.lon, m.lat) < 30",
    ):
        with pytest.raises(LimitError, match="pairs of rows"):
            made(huge, f"SELECT m.k {form}")


def test_what_is_no_limit_of_the_distance_joins_nothing_by_cells(stored: Stored) -> None:
    for condition in (
        "DISTANCE(s.ra, s.dec, m.lon, m.lat) > 1",
        "DISTANCE(s.ra, s.dec, m.lon, m.lat) < 1 OR m.k = 5",
        "NOT DISTANCE(s.ra, s.dec, m.lon, m.lat) < 1",
        "0 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(m.lon, m.lat, 1))",
        "DISTANCE(s.ra, s.dec, m.lon, m.lat) < 100",
        "DISTANCE(s.ra, s.dec, m.lon + 1, m.lat) < 1",
    ):
        planned = made(stored, f"SELECT m.k FROM survey.stars AS s, TAP_UPLOAD.mine AS m WHERE {condition}")
        assert not any(k.startswith("n") for k in planned.query.relations), condition
        assert not planned.query.small
