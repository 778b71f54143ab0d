"""One table in its three forms (serving copy, Parquet, memory), and every engine over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot

from tianku.engines.base import EngineQuery, Limits, Relation
from tianku.engines.child import ChildEngine
from tianku.engines.duckdb import DuckDBEngine

MEMORY = 256 << 20
SPILL = 64 << 20


def _stars() -> pa.Table:
    n = 200_000
    rng = np.random.default_rng(7)
    return pa.table(
        {
            "id": np.arange(n),
            "ra": rng.uniform(0, 360, n),
            "mag": (np.arange(n) % 1000 / np.float32(1000)).astype(np.float32),
            "class": pa.array(["STAR", "GALAXY", None, "类星体"] * (n // 4)),
            "_healpix_29": np.arange(n) * 1000,
        }
    )


@pytest.fixture(scope="session")
def stars(tmp_path_factory: pytest.TempPathFactory) -> Relation:
    """200 000 rows as two Parquet files and a serving copy."""
    folder = tmp_path_factory.mktemp("stars")
    table = _stars()
    files = []
    for number in range(2):
        # a name like a Hive partition, which must not become a column
        path = folder / f"Npix={number}" / "part0.parquet"
        path.parent.mkdir()
        pq.write_table(table.slice(number * 100_000, 100_000), path)
        files.append(str(path))
    serving = folder / "stars.duckdb"
    with duckdb.connect(str(serving)) as connection:
        connection.register("source", table)
        connection.execute("CREATE TABLE data AS SELECT * FROM source")
    return Relation("test_dr1.stars@1", table.schema, tuple(files), str(serving))


@pytest.fixture(scope="session")
def small() -> Relation:
    """Every type, with nulls and NaN, in memory."""
    table = pa.table(
        {
            "i": pa.array([1, 2, None, 4], pa.int32()),
            "f": pa.array([0.1, float("nan"), None, 16777216.0], pa.float32()),
            "d": pa.array([0.1, float("nan"), None, float("inf")], pa.float64()),
            "s": pa.array(["a", "", None, "天库"]),
            "b": pa.array([True, False, None, True]),
            "t": pa.array([0, 1, None, 1_600_000_000_500_000], pa.timestamp("us")),
            "v": pa.array([[1.0, 2.0], [], None, [3.0]], pa.list_(pa.float32())),
        }
    )
    return Relation("upload.small", table.schema, table=table)


@pytest.fixture(scope="module", params=["duckdb", "child"])
def engine(
    request: pytest.FixtureRequest, stars: Relation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DuckDBEngine | ChildEngine]:
    """Each engine in turn."""
    temp = tmp_path_factory.mktemp("temp")
    made: DuckDBEngine | ChildEngine
    if request.param == "duckdb":
        made = DuckDBEngine(
            [stars], threads=2, memory_bytes=MEMORY, temp_dir=temp, spill_bytes=SPILL, cursors=4, wait_seconds=2
        )
    else:
        made = ChildEngine(
            threads=2, memory_bytes=MEMORY, temp_dir=temp, spill_bytes=SPILL, children=4, wait_seconds=2
        )
    yield made
    made.close()
    assert made.active() == 0
    assert not list(temp.glob("*/*"))


@pytest.fixture
def parse(stars: Relation, small: Relation) -> Callable[..., EngineQuery]:
    """Canonical query over `stars` (also as `parquet`, from its files only) and `small`."""
    parquet = Relation("test_dr1.parquet@1", stars.schema, stars.files)
    relations = {"stars": stars, "small": small, "parquet": parquet}

    def made(sql: str, **limits: float | int) -> EngineQuery:
        return EngineQuery(sqlglot.parse_one(sql), relations, Limits(**limits))

    return made


@pytest.fixture
def rows(engine: DuckDBEngine | ChildEngine, parse: Callable[..., EngineQuery]) -> Callable[[str], pa.Table]:
    """Run a query to its end."""

    def run(sql: str) -> pa.Table:
        with engine.run(parse(sql)) as result:
            return pa.Table.from_batches(list(result), result.schema)

    return run


@pytest.fixture
def temp_folder(tmp_path: Path) -> Path:
    """A folder for spill files."""
    return tmp_path / "spill"
