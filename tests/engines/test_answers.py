"""The same tree gives the same rows on every engine."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

CASES = [
    ("SELECT COUNT(*) AS n FROM stars", [200_000]),
    ("SELECT COUNT(*) AS n FROM parquet", [200_000]),
    ("SELECT s.id FROM stars AS s WHERE s.id BETWEEN 5 AND 7 ORDER BY s.id DESC", [7, 6, 5]),
    ("SELECT id FROM stars WHERE _healpix_29 BETWEEN 0 AND 1500 ORDER BY id", [0, 1]),
    ("SELECT COUNT(*) AS n FROM stars AS a JOIN parquet AS b ON a.id = b.id WHERE a.id < 10", [10]),
    ("SELECT COUNT(*) AS n FROM stars JOIN small ON stars.id = small.i", [3]),
    ("WITH c AS (SELECT id FROM stars WHERE id < 4) SELECT SUM(id) AS x FROM c", [6]),
    ("SELECT x FROM (SELECT id AS x FROM parquet) AS q WHERE x < 2 ORDER BY x", [0, 1]),
    ("SELECT id FROM stars WHERE id = 1 UNION ALL SELECT i FROM small WHERE i = 4 ORDER BY 1", [1, 4]),
    ("SELECT id FROM stars ORDER BY id LIMIT 2 OFFSET 3", [3, 4]),
    ("SELECT COUNT(*) AS n FROM stars WHERE \"class\" = '类星体'", [50_000]),
    ("SELECT i % 3 AS x FROM small WHERE i = 4", [1]),
    ("SELECT 7 / 2 AS x", [3.5]),
    ("SELECT LOG(10, 100) AS x", [2.0]),
    ("SELECT LN(EXP(1)) AS x", [1.0]),
    ("SELECT POWER(2, 10) AS x", [1024.0]),
    ("SELECT CAST(i AS DOUBLE) / 4 AS x FROM small WHERE i = 1", [0.25]),
    ("SELECT COALESCE(s, 'none') AS x FROM small ORDER BY i NULLS LAST", ["a", "", "天库", "none"]),
    ("SELECT UPPER(s) || '!' AS x FROM small WHERE i = 1", ["A!"]),
    ("SELECT COUNT(*) AS n FROM small WHERE s LIKE '%'", [3]),
    (
        "SELECT CASE WHEN i > 1 THEN 'big' ELSE 'small' END AS x FROM small WHERE i < 3 ORDER BY i",
        ["small", "big"],
    ),
]


@pytest.mark.parametrize(("sql", "expected"), CASES, ids=range(len(CASES)))
def test_rows(rows, sql: str, expected: list[object]) -> None:
    assert rows(sql).column(0).to_pylist() == pytest.approx(expected)


def test_every_type_comes_back_as_it_went_in(rows, small) -> None:
    answer = rows("SELECT * FROM small")
    assert answer.schema.equals(small.schema)
    assert str(answer.to_pylist()) == str(small.table.to_pylist())


def test_partition_folders_are_no_columns(rows, stars) -> None:
    assert rows("SELECT * FROM parquet LIMIT 1").column_names == stars.schema.names


def test_null_is_not_nan(rows) -> None:
    answer = rows("SELECT COUNT(d) AS n, COUNT(*) AS m FROM small").to_pylist()
    assert answer == [{"n": 3, "m": 4}]
    assert math.isnan(rows("SELECT d FROM small WHERE i = 2").column(0)[0].as_py())
    assert rows("SELECT d FROM small WHERE i IS NULL").column(0).to_pylist() == [None]


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        # 0.1 as float32 is a little more than 0.1, whatever it is compared with
        ("f > 0.1 AND i = 1", 1),
        ("f = 0.1", 0),
        ("f IN (0.1, 5)", 0),
        ("f BETWEEN 0.1 AND 0.2", 1),
        ("f BETWEEN 0.0 AND 0.1", 0),
        ("f > d AND i = 1", 1),
        # 16777217 is no float32, and would round to the value that is there
        ("f = 16777217", 0),
        ("f < 16777217 AND i = 4", 1),
        ("small.f = 16777216", 1),
    ],
)
def test_float32_is_compared_in_double(rows, condition: str, count: int) -> None:
    assert rows(f"SELECT COUNT(*) AS n FROM small WHERE {condition}").column(0).to_pylist() == [count]


def test_fractions_are_doubles(rows) -> None:
    assert rows("SELECT 0.1 AS x, 0.1 + 0.2 AS y").to_pylist() == [{"x": 0.1, "y": 0.1 + 0.2}]
    assert rows("SELECT 1.5 AS x").schema.field(0).type == pa.float64()


def test_no_rows_still_have_a_schema(rows) -> None:
    answer = rows("SELECT id, ra FROM stars WHERE id < 0")
    assert answer.num_rows == 0
    assert answer.schema.types == [pa.int64(), pa.float64()]
