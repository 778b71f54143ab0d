"""What must not pass, and must not cost anything."""

from __future__ import annotations

import time

import pytest

from tests.adql.support import resolved
from tianku.adql.parser import parse
from tianku.model.errors import LimitError, UsageError

HOSTILE = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_csv('/etc/passwd') AS t",
    "SELECT * FROM read_parquet('x.parquet') t",
    "SELECT * FROM '/etc/passwd'",
    'SELECT * FROM "/etc/passwd"',
    "SELECT * FROM \"read_csv\"('/etc/passwd')",
    "PRAGMA database_list",
    "ATTACH 'x.db' AS x",
    "COPY (SELECT 1 FROM stars) TO 'x.csv'",
    "SET memory_limit='1TB'",
    "INSTALL httpfs",
    "SELECT id FROM survey.stars; DROP TABLE stars",
    "SELECT id FROM survey.stars;;",
    "SELECT * FROM duckdb_tables()",
    "SELECT * FROM duckdb_tables",
    "SELECT * FROM information_schema.tables",
    'SELECT * FROM "information_schema"."tables"',
    'SELECT * FROM "pg_catalog".pg_tables',
    "SELECT * FROM pg_catalog.pg_tables",
    "SELECT * FROM sqlite_master",
    "SELECT getvariable('x') FROM survey.stars",
    "SELECT current_setting('memory_limit') FROM survey.stars",
    "SELECT read_text('/etc/passwd') FROM survey.stars",
    "SELECT getenv('HOME') FROM survey.stars",
    "SELECT \"getenv\"('HOME') FROM survey.stars",
    "SELECT {'a': 1} FROM survey.stars",
    "SELECT [1, 2] FROM survey.stars",
    "SELECT id[1] FROM survey.stars",
    "SELECT list_transform(x, y -> y + 1) FROM survey.stars",
    "SELECT id::VARCHAR FROM survey.stars",
    "SELECT CAST(id AS STRUCT(a INTEGER)) FROM survey.stars",
    "SELECT $1 FROM survey.stars",
    "SELECT ? FROM survey.stars",
    "SELECT id FROM survey.stars LIMIT 5",
    "SELECT id FROM survey.stars /* x */",
    "SELECT id FROM survey.stars QUALIFY 1=1",
    "SELECT id FROM survey.stars TABLESAMPLE 10",
    "SELECT CASE WHEN 1=1 THEN 1 END FROM survey.stars",
    "SELECT COUNT(*) OVER () FROM survey.stars",
    "SELECT COLUMNS('.*') FROM survey.stars",
    "SELECT * EXCLUDE (id) FROM survey.stars",
    "SELECT * FROM survey.stars AS OF 3",
    "SELECT id FROM t0",
    "SELECT t0.id FROM survey.stars",
    "SELECT _healpix_29 FROM survey.stars",
    'SELECT "_healpix_29" FROM survey.stars',
    'SELECT "_dataset" FROM survey.stars',
    'SELECT stars."_dataset" FROM survey.stars',
    'SELECT "rowid" FROM survey.stars',
    'SELECT "filename" FROM survey.stars',
    "WITH RECURSIVE r AS (SELECT 1 FROM r) SELECT * FROM r",
    "WITH r AS (SELECT id FROM r) SELECT * FROM r",
    "VALUES (1)",
    "FROM survey.stars",
    "EXPLAIN SELECT id FROM survey.stars",
    "SELECT id FROM survey.stars\x00",
    "",
    "   -- only a comment",
]


@pytest.mark.parametrize("query", HOSTILE)
def test_rejected(query: str) -> None:
    with pytest.raises(UsageError):
        resolved(query)


FLOODS = {
    "parentheses": ("SELECT " + "(" * 200 + "1" + ")" * 200 + " FROM s.t", "adql.too_deep"),
    "functions": ("SELECT " + "ABS(" * 400 + "1" + ")" * 400 + " FROM s.t", "adql.too_deep"),
    "negations": ("SELECT a FROM t WHERE " + "NOT " * 3000 + "a=1", "adql.too_deep"),
    "chain": ("SELECT " + "1-1+" * 4000 + "1 FROM t", "adql.too_deep"),
    "sub-queries": ("SELECT a FROM " + "(SELECT a FROM " * 50 + "t" + ") AS q" * 50, "adql.too_deep"),
    "open": ("SELECT a FROM " + "(" * 9000, "adql.too_deep"),
    "unions": ("SELECT a FROM t " + "UNION SELECT a FROM t " * 2000, "adql.too_deep"),
    "joins": ("SELECT a FROM t" + " NATURAL JOIN t" * 5000, "adql.too_deep"),
    "tables": ("SELECT a FROM t" + ", t" * 9000, "adql.too_deep"),
    "conditions": ("SELECT a FROM t WHERE " + " AND ".join(["a=1"] * 20_000), "adql.too_many_tokens"),
    "text": ("SELECT '" + "x" * 300_000 + "' FROM t", "adql.too_long"),
}


@pytest.mark.parametrize("name", FLOODS)
def test_limits_are_named_and_cheap(name: str) -> None:
    query, code = FLOODS[name]
    start = time.perf_counter()
    with pytest.raises(LimitError) as caught:
        parse(query)
    assert caught.value.code == code
    assert str(caught.value.params["limit"]) in caught.value.message
    assert time.perf_counter() - start < 2


def test_long_conditions_within_the_limit_run_flat() -> None:
    answer = resolved("SELECT id FROM survey.stars WHERE " + " OR ".join(f"n={i}" for i in range(4000)))
    assert answer.tree.sql("duckdb").count(" OR ") == 3999


@pytest.mark.parametrize(
    "inner",
    ["DISTANCE({},1,2,3)", "DISTANCE({0},{0},2,3)", "COORD1(POINT({},1))"],
)
def test_geometry_does_not_explode(inner: str) -> None:
    expression = "ra"
    for _ in range(12):
        expression = inner.format(expression)
        if len(expression) > 20_000:
            break
    start = time.perf_counter()
    try:
        size = len(resolved(f"SELECT {expression} FROM survey.stars").tree.sql("duckdb"))
        assert size < 5_000_000
    except LimitError as limit:
        assert limit.code in ("adql.too_complex", "adql.too_deep", "adql.too_many_tokens")
    assert time.perf_counter() - start < 5
