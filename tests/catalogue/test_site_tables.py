"""ObsCore and TAP_SCHEMA of a generation: complete, self-describing, filtered by owner, quick."""

import time

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tianku.catalogue.site_tables import ObsCoreFile, SiteSchema, SiteTable, build_site_tables
from tianku.catalogue.tap_schema import delimited
from tianku.model.metadata import Column, ForeignKey, TableMeta
from tianku.model.text import Text
from tianku.model.types import DataType

OBSCORE = TableMeta(
    schema_name="ivoa",
    name="obscore",
    kind="system",
    columns=(Column(name="obs_id", type=DataType.STRING), Column(name="s_ra", type=DataType.FLOAT64, unit="deg")),
)


def table(schema, name, keys=(), columns=3):
    made = [Column(name="obsid", type=DataType.INT64, ucd="meta.id", principal=True, indexed=True)]
    made += [Column(name=f"c{i}", type=DataType.FLOAT32, unit="mag") for i in range(columns - 2)]
    made += [Column(name="count", type=DataType.STRING, arraysize=None, description=Text(en="how many"))]
    return TableMeta(schema_name=schema, name=name, columns=tuple(made), foreign_keys=keys)


def schema(number, name, tables=2, **options):
    key = ForeignKey(columns=("obsid",), target="t0", target_columns=("obsid",))
    metas = [table(name, f"t{i}", (key,) if i else (), **options) for i in range(tables)]
    return SiteSchema(number, name, tuple(SiteTable(number + i, m) for i, m in enumerate(metas)), "d")


def rows(built, name, sql="SELECT * FROM data"):
    with duckdb.connect(str(built[name].serving), read_only=True) as con:
        return con.execute(sql).fetchall()


@pytest.fixture
def built(tmp_path):
    files = []
    for number, index in ((5, [30, 10]), (6, [20, None])):
        path = tmp_path / f"it's {number}.parquet"
        ids = [f"{number}-{i}" for i in index]
        columns = {"obs_id": ids, "s_ra": [1.0, 2.0], "_healpix_29": pa.array(index, pa.int64())}
        pq.write_table(pa.table(columns), path)
        files.append(ObsCoreFile(number, path))
    return build_site_tables(
        tmp_path / "site",
        [schema(1, "a"), schema(3, "b")],
        OBSCORE,
        files,
        same_audience=lambda x, y: {x, y} == {1, 2},
    )


def test_obscore_is_one_sorted_table_that_names_owners(built):
    assert rows(built, "ivoa.obscore", "SELECT obs_id, _policy FROM data") == [
        ("5-10", 5),
        ("6-20", 6),
        ("5-30", 5),
        ("6-None", 6),
    ]


def test_stored_schemas_are_those_said(built):
    for name, one in built.items():
        with duckdb.connect(str(one.serving), read_only=True) as con:
            stored = con.sql("SELECT * FROM data").to_arrow_table().schema
        assert stored.names == one.schema.names and [f.type for f in stored] == [f.type for f in one.schema], name


def test_tap_schema_describes_itself_and_everything(built):
    assert [r[0] for r in rows(built, "tap_schema.schemas")] == ["ivoa", "a", "b", "tap_schema"]
    tables = {r[1] for r in rows(built, "tap_schema.tables")}
    assert {"ivoa.obscore", "a.t0", "b.t1", "tap_schema.schemas", "tap_schema.key_columns"} <= tables
    listed = rows(built, "tap_schema.columns", "SELECT DISTINCT table_name FROM data")
    assert {t for (t,) in listed} == tables
    for name, one in built.items():
        said = rows(
            built,
            "tap_schema.columns",
            f"SELECT column_name FROM data WHERE table_name = '{name}' ORDER BY column_index",
        )
        assert [c for (c,) in said] == [delimited(c.name) for c in one.meta.columns]


def test_columns_speak_votable_and_quote_reserved_names(built):
    sql = (
        "SELECT column_name, datatype, arraysize, unit, ucd, indexed, principal, std, _policy "
        "FROM data WHERE table_name = 'a.t1' ORDER BY column_index"
    )
    assert rows(built, "tap_schema.columns", sql) == [
        ("obsid", "long", None, None, "meta.id", 1, 1, 0, 2),
        ("c0", "float", None, "mag", None, 0, 0, 0, 2),
        ('"count"', "char", "*", None, None, 0, 0, 0, 2),
    ]
    size = rows(built, "tap_schema.columns", "SELECT count(*) FROM data WHERE column_name = '\"size\"'")
    assert size == [(1,)]


def test_relations_do_not_name_tables_of_another_audience(built):
    published = "FROM data WHERE from_table NOT LIKE 'tap_schema.%'"
    [(key, *tables)] = rows(built, "tap_schema.keys", f"SELECT key_id, from_table, target_table {published}")
    assert tables == ["a.t1", "a.t0"]
    found = rows(built, "tap_schema.key_columns", f"SELECT * FROM data WHERE key_id = '{key}'")
    assert found == [(key, "obsid", "obsid", 2)]


def test_no_products_give_an_empty_obscore(tmp_path):
    built = build_site_tables(tmp_path / "site", [], OBSCORE, [], same_audience=lambda x, y: True)
    assert rows(built, "ivoa.obscore") == []


def test_forty_versions_of_a_release_take_under_a_second(tmp_path):
    schemas = [schema(100 * i, f"lamost_dr10_v{i}", tables=18, columns=50) for i in range(40)]
    start = time.perf_counter()
    built = build_site_tables(tmp_path / "site", schemas, OBSCORE, [], same_audience=lambda x, y: True)
    seconds = time.perf_counter() - start
    assert rows(built, "tap_schema.columns", "SELECT count(*) FROM data")[0][0] > 36_000
    assert seconds < 3.0  # about 0.6 s on an idle core; shared machines are slower


def test_rows_of_one_place_keep_their_order_whoever_else_is_there(tmp_path):
    def made(name, numbers):
        files = []
        for number in numbers:
            path = tmp_path / f"{number}.parquet"
            ids = [f"{number}-{i:05}" for i in range(3000)]
            place = pa.array([7] * len(ids), pa.int64())
            pq.write_table(pa.table({"obs_id": ids, "s_ra": [1.0] * len(ids), "_healpix_29": place}), path)
            files.append(ObsCoreFile(number, path))
        built = build_site_tables(tmp_path / name, [], OBSCORE, files, same_audience=lambda x, y: True)
        return rows(built, "ivoa.obscore", "SELECT obs_id FROM data WHERE _policy IN (2, 4)")

    assert made("open", [2, 4]) == made("more", [1, 2, 3, 4, 5])


def test_tables_that_another_process_made_meanwhile_stay(tmp_path):
    def build():
        return build_site_tables(tmp_path / "site", [], OBSCORE, [], same_audience=lambda x, y: True)

    with duckdb.connect(str(build()["ivoa.obscore"].serving), read_only=True):
        before = (tmp_path / "site" / "ivoa.obscore.duckdb").stat().st_ino
        build()
    assert (tmp_path / "site" / "ivoa.obscore.duckdb").stat().st_ino == before
    assert [p.name for p in tmp_path.iterdir()] == ["site"]
