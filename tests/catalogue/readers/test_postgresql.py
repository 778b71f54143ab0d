"""Tables of PostgreSQL: the rows that are published are those of the database."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.datasets import configured, evaluate
from tests.support.postgres import database, run_sql
from tianku.catalogue.ingest import ingest_table
from tianku.catalogue.sources import source_digest
from tianku.model.errors import TransientError, UsageError

pytest.importorskip("adbc_driver_postgresql")

ROWS = 40_000

SCRIPT = f"""
CREATE SCHEMA survey;
CREATE TYPE spoint AS (lng float8, lat float8);
CREATE FUNCTION long(spoint) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT ($1).lng';
CREATE FUNCTION lat(spoint) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT ($1).lat';
CREATE DOMAIN magnitude AS numeric(6,3);
CREATE TABLE survey."Stars" (
  id bigint PRIMARY KEY, ra float8, dec float8, g magnitude, big numeric(20,0), few numeric(9,0), loose numeric,
  short smallint, single real, good bool, name text, code char(6), seen timestamptz, local timestamp, day date,
  fluxes real[], tags text[], parts numeric(8,2)[], raw bytea, place spoint, "Odd ""name" int, extra jsonb
);
COMMENT ON COLUMN survey."Stars".g IS 'G magnitude';
INSERT INTO survey."Stars"
SELECT i, (i * 137.50776405) % 360, degrees(asin(2 * (i + 0.5) / {ROWS} - 1)),
  CASE WHEN i % 7 > 0 THEN 10 + (i % 1000) / 1000.0 END, 12345678901234567890 - i, i, i / 3.0,
  i % 100, CASE WHEN i % 11 = 0 THEN 'NaN' ELSE i / 8.0 END, i % 2 = 0, '星 ' || i, 'c' || i % 10,
  CASE WHEN i = 5 THEN 'infinity' ELSE timestamptz '2020-01-01 08:00:00+08' + i * interval '1 second' END,
  timestamp '2021-02-03 04:05:06.789012', date '1999-12-31',
  ARRAY[i, NULL, 0.5]::real[], ARRAY['a,b', 'c"d'], ARRAY[1.25, i], '\\x00'::bytea,
  ROW(radians(10.5), radians(-20.25))::spoint, i, '{{"a": 1}}'
FROM generate_series(0, {ROWS - 1}) i;
CREATE VIEW survey.bright AS SELECT id, ra, dec FROM survey."Stars" WHERE id < 10;
"""


@pytest.fixture(scope="module")
def stars():
    with database(SCRIPT) as address:
        yield address


def table_of(address, table):
    place, _, options = address.partition("?")
    return f"{place}/{table}?{options}"


def dataset_of(folder, address, table="survey.Stars", **more):
    said = {
        "from": {"postgresql": table_of(address, table)},
        "id": "id",
        "positions": [{"ra": "ra", "dec": "dec"}],
    }
    return configured(folder, {"stars": said | more})


def ingested(dataset, out):
    out.mkdir()
    manifest = ingest_table(dataset, "stars", out, evaluate=evaluate)
    rows = pa.concat_tables([pq.ParquetFile(out / f.path).read() for f in manifest.files])
    return manifest, rows.sort_by("id")


def test_rows_are_those_of_the_database(stars, tmp_path):
    big = {"name": "big", "type": "string"}
    manifest, rows = ingested(dataset_of(tmp_path, stars, columns=[big]), tmp_path / "out")
    assert len(rows) == ROWS and rows["id"].to_pylist() == list(range(ROWS))
    asked = run_sql(
        stars,
        "SELECT json_agg(json_build_array(ra, dec, g, big::text, few, loose::float8, short,"
        " nullif(single, 'NaN'), good, name, code::text, fluxes, tags, parts) ORDER BY id)"
        ' FROM survey."Stars" WHERE id % 1000 < 12',
    )
    names = ["ra", "dec", "g", "big", "few", "loose", "short", "single", "good", "name", "code"]
    names += ["fluxes", "tags", "parts"]
    chosen = rows.filter(pa.array(np.arange(ROWS) % 1000 < 12))
    assert [list(row.values()) for row in chosen.select(names).to_pylist()] == json.loads(asked)
    assert rows.schema.field("few").type == pa.int64() and rows.schema.field("short").type == pa.int16()
    assert rows["seen"][7].as_py().isoformat() == "2020-01-01T00:00:07" and rows["seen"][5].as_py() is None
    assert rows["local"][0].as_py().isoformat() == "2021-02-03T04:05:06.789012"
    assert rows["day"][0].as_py().isoformat() == "1999-12-31T00:00:00"
    assert np.allclose([rows["place_ra"][3].as_py(), rows["place_dec"][3].as_py()], [10.5, -20.25], atol=1e-12)
    assert json.loads(rows["extra"][0].as_py()) == {"a": 1} and "Odd_name" in rows.schema.names
    assert manifest.statistics["single"].nans == len(range(0, ROWS, 11))


def test_comments_describe_and_what_is_not_read_is_said(stars, tmp_path):
    manifest, rows = ingested(dataset_of(tmp_path, stars), tmp_path / "out")
    columns = {c.name: c for c in manifest.meta.columns}
    assert columns["g"].description.en == "G magnitude" and "raw" not in rows.schema.names
    said = "\n".join(manifest.warnings)
    assert "raw: bytes are no values" in said and "loose: of numeric, a double keeps 15 digits" in said


def test_a_view_is_read(stars, tmp_path):
    _, rows = ingested(dataset_of(tmp_path, stars, "survey.bright"), tmp_path / "out")
    assert rows["id"].to_pylist() == list(range(10))


@pytest.mark.parametrize("table", ["public.t", "public.v"])
@pytest.mark.parametrize(
    "change", ["UPDATE t SET x = 9 WHERE id = 1", "DELETE FROM t WHERE id = 2", "INSERT INTO t VALUES (9, 1)"]
)
def test_any_change_of_rows_is_noticed(tmp_path, table, change):
    script = "CREATE TABLE t (id int, x int); INSERT INTO t VALUES (1, 1), (2, 2); CREATE VIEW v AS TABLE t"
    with database(script) as address:
        dataset = dataset_of(tmp_path, address, table)
        before = source_digest(dataset, "stars")
        assert source_digest(dataset, "stars") == before
        run_sql(address, change)
        assert source_digest(dataset, "stars") != before


def test_mistakes_are_named(stars, tmp_path):
    with pytest.raises(UsageError, match=r"did you mean survey\.Stars\?"):
        ingested(dataset_of(tmp_path, stars, "survey.Star"), tmp_path / "out")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://me:secret@host/db/s.t", "a password does not belong"),
        ("postgresql://me@host/db/s.t?password=secret", "a password does not belong"),
        ("postgresql://me@host/db", "wants postgresql://"),
        ("postgresql://me@host:x/db/s.t", "wants postgresql://"),
        ("mysql://me@host/db/s.t", "wants postgresql://"),
        ("postgresql://me@host/db/s.t?options=-cx", "no option 'options'"),
    ],
)
def test_addresses_are_checked_and_hold_no_password(tmp_path, address, said):
    dataset = configured(tmp_path, {"stars": {"from": {"postgresql": address}}})
    with pytest.raises(UsageError, match=said) as error:
        source_digest(dataset, "stars")
    assert "secret" not in str(error.value)


def test_a_server_that_is_not_there_is_said_without_the_password(tmp_path, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "s3cr3t")
    address = f"postgresql://me@/db/s.t?host={tmp_path}"
    with pytest.raises(TransientError, match="PostgreSQL says") as error:
        source_digest(configured(tmp_path, {"stars": {"from": {"postgresql": address}}}), "stars")
    assert "s3cr3t" not in str(error.value)
