"""Plans prune without losing a row, know their lane, and bound the answer."""

from __future__ import annotations

from pathlib import Path

import astropy.units as u
import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from tests.adql.support import PAIRS, STARS, View, pairs, positions
from tianku.adql.build import Condition, select
from tianku.adql.parser import Statement, parse
from tianku.adql.resolve import resolve
from tianku.engines.base import Limits
from tianku.engines.bind import read_parquet, to_sql
from tianku.model.metadata import TableMeta
from tianku.planner.plan import Plan, plan
from tianku.planner.stored import Stored, StoredFile
from tianku.sky.ranges import healpix29

COUNT = 6000
FILES = 12
BASE = 100


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """Stars in files by HEALPix order, the last ones without position, with a side table of ids."""
    folder = tmp_path_factory.mktemp("stars")
    ra, dec = positions(COUNT)
    index = healpix29(ra, dec)
    order = np.argsort(index, kind="stable")
    lost = np.zeros(COUNT, dtype=bool)
    lost[order[-20:]] = True
    table = pa.table(
        {
            "id": np.arange(COUNT) + BASE,
            "ra": pa.array(ra, mask=lost),
            "dec": pa.array(dec, mask=lost),
            "teff": np.linspace(3000, 9000, COUNT).astype(np.float32),
            "mag": np.zeros(COUNT, np.float32),
            "n": np.zeros(COUNT, np.int16),
            "class": ["STAR"] * COUNT,
            "size": np.zeros(COUNT),
            "seen": pa.array(np.zeros(COUNT, np.int64), pa.timestamp("us")),
            "_dataset": (np.arange(COUNT) % 2).astype(np.int32),
            "_healpix_29": pa.array(index, mask=lost),
        }
    ).take(order)
    files = []
    for i, part in enumerate(np.array_split(np.arange(COUNT), FILES)):
        path = folder / f"{i}.parquet"
        piece = table.take(part)
        pq.write_table(piece, path)
        cells = piece.column("_healpix_29").drop_null().to_numpy()
        span = None if piece.column("_healpix_29").null_count else (int(cells[0]), int(cells[-1]))
        files.append(StoredFile(str(path), len(part), span))
    side = table.select(["id", "_healpix_29"]).rename_columns(["value", "_healpix_29"]).sort_by("value")
    pq.write_table(side, folder / "id.parquet", row_group_size=500)
    return Stored("stars@1", table.schema, COUNT, tuple(files), id_tables={"id": [str(folder / "id.parquet")]})


PAIRS_STORED = Stored("pairs@1", pairs().schema, pairs().num_rows, table=pairs())


def made(stored: Stored, query: str | Statement, maxrec: int | None = None, hide: int | None = None) -> Plan:
    statement = parse(query) if isinstance(query, str) else query

    def storage(table: TableMeta) -> Stored:
        return stored if table is STARS else PAIRS_STORED

    return plan(resolve(statement, View(hide)), storage, maxrec, limits=Limits(seconds=5))


def rows(planned: Plan) -> list[tuple]:
    connection = duckdb.connect(config={"threads": 1})

    def locate(key: str, relation: object) -> exp.Expression:
        found = planned.query.relations[key]
        if found.table is None:
            return read_parquet(found)
        connection.register(key, found.table)
        return exp.Table(this=exp.to_identifier(key, quoted=True))

    return connection.sql(to_sql(planned.query, locate)).fetchall()


def ids(planned: Plan) -> set[int]:
    return {r[0] - BASE for r in rows(planned)}


def truth(stored: Stored) -> tuple[np.ndarray, np.ndarray]:
    whole = pa.concat_tables([pq.read_table(f.path) for f in stored.files]).sort_by("id")
    return whole.column("ra").to_numpy(), whole.column("dec").to_numpy()


@settings(max_examples=25)
@given(st.floats(0, 360), st.floats(-90, 90), st.floats(-6, 2.2))
def test_cone_reads_few_files_and_loses_nothing(stored: Stored, ra: float, dec: float, scale: float) -> None:
    radius = 10.0**scale
    planned = made(stored, select(STARS, columns=["id"], cone=(ra, dec, radius)))
    x, y = truth(stored)
    good = ~np.isnan(x)
    separation = SkyCoord(ra * u.deg, dec * u.deg).separation(SkyCoord(x[good] * u.deg, y[good] * u.deg)).deg
    assert ids(planned) == set(np.flatnonzero(good)[separation <= radius])
    if radius < 0.1:
        assert len(planned.query.relations["t0"].files) <= 5  # a cone may touch several base cells
        assert planned.rows < 2000


def test_cone_has_outer_bounds_and_ranges(stored: Stored) -> None:
    planned = made(stored, select(STARS, columns=["id"], cone=(150, 2, 0.01)))
    text = planned.query.tree.sql("duckdb")
    assert text.startswith('SELECT "t0"."id" AS "id" FROM (SELECT * FROM "t0" WHERE "_healpix_29" BETWEEN ')
    assert " OR " in text
    assert planned.lane == "short"
    assert planned.query.limits.seconds == 5


@pytest.mark.parametrize(
    "polygon",
    ["359,-1, 1,-1, 1,1, 359,1", "358,-2, 0,1.5, 2,-2, 0,-0.5", "0,89.3, 120,89, 240,89.5", "0,0, 90,0, 0,90",
     "0,-60, 90,10, 180,-60, 270,10"],
)  # fmt: skip
def test_polygon(stored: Stored, polygon: str) -> None:
    test = f"CONTAINS(POINT(ra,dec), POLYGON({polygon}))"
    pruned = made(stored, f"SELECT id FROM survey.stars WHERE 1={test}")
    whole = made(stored, f"SELECT id FROM survey.stars WHERE 1={test} OR 1=2")
    assert whole.query.relations["t0"].files == tuple(f.path for f in stored.files)
    assert ids(pruned) == ids(whole) != set()


def test_limits_on_coordinates_prune(stored: Stored) -> None:
    x, y = truth(stored)
    for low, high, south, north in ((149.9, 150.1, 1, 3), (0, 0.5, -1, 1), (10, 60, 89.5, 90), (0, 360, -5, 5)):
        planned = made(
            stored,
            f"SELECT id FROM survey.stars WHERE ra BETWEEN {low} AND {high} AND dec >= {south} AND dec <= {north}",
        )
        expected = (x >= low) & (x <= high) & (y >= south) & (y <= north)
        assert ids(planned) == set(np.flatnonzero(expected))
        assert (len(planned.query.relations["t0"].files) < FILES) == (high < 360)


def test_cone_in_a_join_and_under_a_row_filter(stored: Stored) -> None:
    query = (
        "SELECT a.id, b.id FROM survey.stars a LEFT JOIN survey.stars b ON a.id = b.id"
        " WHERE 1=CONTAINS(POINT(a.ra,a.dec),CIRCLE(150,2,0.001))"
    )
    planned = made(stored, query, hide=1)
    open_plan = made(stored, query)
    assert len(planned.query.relations["t0"].files) < FILES
    assert len(planned.query.relations["t1"].files) == FILES
    assert ids(planned) == {i for i in ids(open_plan) if i % 2 == 0}
    text = planned.query.tree.sql("duckdb")
    assert text.count('"_dataset" <> 1') == 2


def test_id_look_up(stored: Stored) -> None:
    lost = [i for i, x in enumerate(truth(stored)[0]) if np.isnan(x)]
    for wanted in ([7], [3, 4000, 5999], [*range(50)], lost[:2], [lost[0], 17]):
        values = ", ".join(str(w + BASE) for w in wanted)
        planned = made(stored, f"SELECT id FROM survey.stars WHERE id IN ({values})")
        assert ids(planned) == set(wanted)
        assert planned.rows == len(wanted)
    planned = made(stored, select(STARS, where=[Condition("id", "equal", (7 + BASE,))]))
    assert len(planned.query.relations["t0"].files) <= 2  # its own, and the one without positions
    assert "survey" not in planned.query.tree.sql("duckdb")


def test_ids_that_do_not_exist(stored: Stored) -> None:
    planned = made(stored, "SELECT id FROM survey.stars WHERE id = 5 AND teff > 0")
    assert rows(planned) == []
    assert len(planned.query.relations["t0"].files) == 1
    assert rows(made(stored, "SELECT id FROM survey.stars WHERE id = 5.5")) == []
    assert rows(made(stored, "SELECT COUNT(*) FROM survey.stars WHERE id = 5")) == [(0,)]


@pytest.mark.parametrize(
    ("top", "maxrec", "limit"),
    [(10, 5, 6), (5, 10, 5), (None, 7, 8), (4, None, 4), (5, 5, 5), (None, 0, 1), (0, 5, 0)],
)
def test_top_and_maxrec(stored: Stored, top: int | None, maxrec: int | None, limit: int) -> None:
    planned = made(stored, select(STARS, columns=["id"], limit=top), maxrec)
    assert len(rows(planned)) == limit
    assert planned.maxrec == maxrec
    union = f"SELECT {'' if top is None else f'TOP {top}'} id FROM survey.stars"
    assert len(rows(made(stored, f"({union}) UNION ({union})", maxrec))) <= (maxrec or COUNT) + 1


def test_no_bound_no_limit(stored: Stored) -> None:
    planned = made(stored, "SELECT id FROM survey.stars")
    assert planned.query.tree.args.get("limit") is None
    assert len(rows(planned)) == COUNT


def big(stored: Stored, factor: int) -> Stored:
    files = tuple(StoredFile(f.path, f.rows * factor, f.healpix) for f in stored.files)
    return Stored("big@1", stored.schema, stored.nrows * factor, files, id_tables=stored.id_tables)


@pytest.mark.parametrize(
    ("query", "lane"),
    [
        ("SELECT COUNT(*) FROM survey.stars", "long"),
        ("SELECT TOP 10 * FROM survey.stars", "short"),
        ("SELECT TOP 10 * FROM survey.stars ORDER BY teff", "long"),
        ("SELECT TOP 10 * FROM survey.stars WHERE teff > 1e9", "long"),
        ("SELECT TOP 10 MAX(teff) FROM survey.stars", "long"),
        ("SELECT * FROM survey.stars WHERE 1=CONTAINS(POINT(ra,dec),CIRCLE(40,20,0.1))", "short"),
        ("SELECT * FROM survey.stars WHERE 1=CONTAINS(POINT(ra,dec),CIRCLE(40,20,80))", "long"),
        ("SELECT * FROM survey.stars WHERE id = 107", "short"),
        ("SELECT a.id FROM survey.stars a JOIN survey.stars b ON a.id=b.id WHERE a.id = 107", "long"),
        ("SELECT id FROM survey.pairs", "short"),
        ("SELECT a.id FROM survey.pairs a, survey.pairs b, survey.pairs c", "long"),
        ("SELECT a.id FROM survey.pairs a, survey.pairs b, survey.pairs c WHERE a.id=b.id AND b.id=c.id", "short"),
    ],
)
def test_lanes(stored: Stored, query: str, lane: str) -> None:
    assert made(big(stored, 10_000), query).lane == lane


def test_serving_copies_and_memory_stay_bound(stored: Stored, tmp_path: Path) -> None:
    copy = Stored("s@1", stored.schema, stored.nrows, stored.files, serving=str(tmp_path / "copy.duckdb"))
    planned = made(copy, select(STARS, columns=["id"], cone=(150, 2, 0.01)))
    relation = planned.query.relations["t0"]
    assert (relation.uid, relation.serving) == ("s@1", str(tmp_path / "copy.duckdb"))
    assert len(relation.files) < FILES
    assert made(copy, "SELECT id FROM survey.pairs").query.relations["t0"].table is PAIRS_STORED.table
    assert PAIRS.main_position is None
