"""Tables as PostgreSQL archives keep them: ordered and found by q3c."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.datasets import configured, evaluate
from tests.support.postgres import database, run_sql
from tianku.catalogue.ingest import ingest_table

pytest.importorskip("adbc_driver_postgresql")

ROWS = 20_000
KNOWN = "SELECT count(*) FROM pg_available_extensions WHERE name = 'q3c'"
SCRIPT = f"""
CREATE EXTENSION q3c;
CREATE TABLE stars (
  id int PRIMARY KEY, ra float8 NOT NULL, dec float8 NOT NULL,
  ipix bigint GENERATED ALWAYS AS (q3c_ang2ipix(ra, dec)) STORED
);
INSERT INTO stars SELECT i, (i * 137.50776405) % 360, degrees(asin(2 * (i + 0.5) / {ROWS} - 1))
FROM generate_series(0, {ROWS - 1}) i;
CREATE INDEX stars_q3c ON stars (q3c_ang2ipix(ra, dec));
CLUSTER stars USING stars_q3c;
ANALYZE stars;
CREATE VIEW field AS SELECT * FROM stars WHERE q3c_radial_query(ra, dec, 150.0, 2.0, 10.0);
"""


@pytest.fixture(scope="module")
def address():
    with database("SELECT 1") as place:
        if run_sql(place, KNOWN).strip() != "1":
            pytest.skip("q3c is not installed (Debian: postgresql-15-q3c)")
    with database(SCRIPT) as place:
        yield place


@pytest.mark.parametrize("table", ["stars", "field"])
def test_rows_are_those_of_the_database(address, table, tmp_path):
    place, _, options = address.partition("?")
    said = {
        "from": {"postgresql": f"{place}/public.{table}?{options}"},
        "id": "id",
        "positions": [{"ra": "ra", "dec": "dec"}],
    }
    out = tmp_path / "out"
    out.mkdir()
    manifest = ingest_table(configured(tmp_path, {table: said}), table, out, evaluate=evaluate)
    rows = pa.concat_tables([pq.ParquetFile(out / file.path).read() for file in manifest.files]).sort_by("id")
    asked = run_sql(address, f"SELECT json_agg(json_build_array(id, ra, dec, ipix) ORDER BY id) FROM {table}")
    expected = json.loads(asked)
    assert [list(row.values()) for row in rows.select(["id", "ra", "dec", "ipix"]).to_pylist()] == expected
    assert len(expected) == ROWS if table == "stars" else 0 < len(expected) < ROWS
    assert rows.schema.field("ipix").type == pa.int64()
