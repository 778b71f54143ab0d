"""Hostile and unlucky queries through the front door: clear refusals, quickly, in no engine's words."""

from __future__ import annotations

import io
import re
import time
from urllib.parse import urlencode

import pytest
from astropy.io.votable import parse

from tests.acceptance.conftest import Site
from tests.support.web import Reply, fetch

FILES = (
    "read_csv",
    "read_parquet",
    "read_text",
    "read_blob",
    "read_json",
    "glob",
    "sniff_csv",
    "parquet_metadata",
)
CATALOGUES = (
    "duckdb_tables()", "duckdb_settings()", "duckdb_secrets()", "duckdb_databases", "pragma_table_info('main')",
    "information_schema.tables", '"information_schema"."tables"', "pg_catalog.pg_tables",
    '"pg_catalog"."pg_class"', "sqlite_master", '"sqlite_master"', "main.sqlite_master", '"main"."duckdb_tables"',
    "temp.sqlite_temp_master", "system.information_schema.tables", '"hipparcos.main@1"."data"',
    '"hipparcos.main@1".main.data', "state_user", "django_session", "data", '"data"', "generate_series(1, 9)",
    "range(9)", "unnest([1, 2])",
)  # fmt: skip
STATEMENTS = (
    "PRAGMA database_list", "PRAGMA enable_profiling", "ATTACH '/etc/passwd' AS x", "DETACH hipparcos",
    "LOAD httpfs", "INSTALL httpfs", "SET memory_limit = '1TB'", "RESET ALL",
    "COPY (SELECT 1 FROM hipparcos.main) TO '/tmp/x'", "CREATE TABLE x (a INTEGER)", "DROP TABLE hipparcos.main",
    "DELETE FROM hipparcos.main", "CALL pragma_version()", "INSERT INTO hipparcos.main VALUES (1)",
    "UPDATE hipparcos.main SET hip = 1", "EXPLAIN SELECT hip FROM hipparcos.main",
    "SELECT hip FROM hipparcos.main; DROP TABLE hipparcos.main", "SELECT hip FROM hipparcos.main;; SELECT 1", "",
    "SELECT hip INTO x FROM hipparcos.main", "EXPORT DATABASE '/tmp/x'", "VACUUM", "CHECKPOINT", "BEGIN", ";",
    "--",
)  # fmt: skip
EXPRESSIONS = (
    "getenv('HOME')", "current_setting('secret_directory')", "version()", "getvariable('x')",
    "\"getenv\"('HOME')", "nextval('x')", "query('SELECT 1')", "query_table('main')",
    "(SELECT content FROM read_text('/etc/passwd'))", "_healpix_29", '"_healpix_29"', '"_policy"', "rowid",
    "filename", "file_row_number", "site", "centre", "COLUMNS('.*')", "hip::VARCHAR", "$1", "?", "{'a': 1}",
    "[hip]", "list_transform(hip, x -> x)", "CAST(hip AS STRUCT(a INTEGER))", "pi() || version()",
    "COUNT(*) OVER ()", "E'\\x00'", "x'00'", "hash(hip)", "sleep(10)", "pg_sleep(10)", "error('x')",
)  # fmt: skip
LARGE = {
    "parentheses": "SELECT " + "(" * 5000 + "hip" + ")" * 5000 + " FROM hipparcos.main",
    "20,000 ANDs": "SELECT hip FROM hipparcos.main WHERE " + " AND ".join(["hip > 1"] * 20_000),
    "ANDs that fit": "SELECT TOP 1 ra FROM hipparcos.main WHERE hip < 0 AND " + " AND ".join(["hip > 1"] * 4000),
    "functions": "SELECT " + "ABS(" * 3000 + "hip" + ")" * 3000 + " FROM hipparcos.main",
    "negations": "SELECT hip FROM hipparcos.main WHERE " + "NOT " * 5000 + "hip = 1",
    "sub-queries": "SELECT hip FROM " + "(SELECT hip FROM " * 300 + "hipparcos.main" + ") AS q" * 300,
    "unions": "SELECT hip FROM hipparcos.main " + "UNION SELECT hip FROM hipparcos.main " * 2000,
    "joins": "SELECT hip FROM hipparcos.main" + " NATURAL JOIN hipparcos.main" * 4000,
    "text": "SELECT hip FROM hipparcos.main WHERE '" + "x" * 300_000 + "' = 'y'",
    "open": "SELECT hip FROM " + "(" * 9000,
}
#: well formed, and whatever comes of them is an answer or a refusal
UNLUCKY = (
    "1/0", "hip/0", "MOD(hip, 0)", "LOG(-1)", "LN(0)", "SQRT(-1)", "POWER(10, 400)", "EXP(10000)", "ACOS(2)",
    "1e400", "hip * 9223372036854775807 * 9", "9223372036854775808", "CAST('x' AS INTEGER)",
    "CAST(1e30 AS INTEGER)", "-1e308 * 10", "ROUND(ra, 1000000)", "TRUNCATE(ra, -400)",
    "SUM(9223372036854775807)", "CAST('nonsense' AS TIMESTAMP)", "''", "'星'",
    "DISTANCE(POINT('ICRS', 400, 100), POINT('ICRS', ra, dec))",
    "CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', 1, 1, -1))",
    "CONTAINS(POINT('ICRS', ra, dec), POLYGON('ICRS', 0, 0, 0, 0, 0, 0))", "UPPER(hip)", "CAST(hip AS CHAR(0))",
    "CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', 1, 1, 1/0))", "AREA(CIRCLE('ICRS', 1, 1, 200))",
    "COORD1(NULL)",
)  # fmt: skip
WORDS = re.compile(
    r"duckdb|sqlglot|pyarrow|traceback|binder|catalog error|parser error|conversion error|out of range error|"
    r"internal error|assert|\.parquet|snapshots/|/data/|site-packages|TransactionContext|allowed_|django",
    re.IGNORECASE,
)


def refused(reply: Reply, asked: str) -> None:
    """Check that an answer is a refusal in a VOTable that says what was wrong."""
    assert reply.status in (400, 413), reply.text[:300]
    assert "votable" in reply.headers["content-type"]
    info = {i.name: i for r in parse(io.BytesIO(reply.body)).resources for i in r.infos}
    assert info["QUERY_STATUS"].value == "ERROR"
    message = info["QUERY_STATUS"].content or ""
    assert 10 < len(message) < 2000
    quoted = sorted(re.findall(r"[\w/.@-]{3,}", asked), key=len, reverse=True)
    for words in quoted[:50]:
        message = message.replace(words, "")
    assert not WORDS.search(message), message


def ask(site: Site, adql: str) -> Reply:
    body = urlencode({"LANG": "ADQL", "QUERY": adql, "FORMAT": "csv"}).encode()
    began = time.monotonic()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = fetch(site.address, "/vo/tap/sync", "POST", headers=headers, body=body)
    assert time.monotonic() - began < 5
    return reply


@pytest.mark.parametrize("function", FILES)
def test_files_of_the_machine_are_not_tables(two_workers: Site, function: str) -> None:
    for path in ("/etc/passwd", "state.sqlite3", "*"):
        for form in (f"{function}('{path}')", f"\"{function}\"('{path}') AS t", f"'{path}'", f'"{path}"'):
            asked = f"SELECT * FROM {form}"
            refused(ask(two_workers, asked), asked)


@pytest.mark.parametrize("table", CATALOGUES)
def test_tables_of_the_engine_do_not_exist(two_workers: Site, table: str) -> None:
    for form in ("SELECT * FROM {}", "SELECT COUNT(*) FROM {} AS t", "SELECT 1 FROM hipparcos.main, {}"):
        asked = form.format(table)
        refused(ask(two_workers, asked), asked)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_only_queries_are_spoken(two_workers: Site, statement: str) -> None:
    refused(ask(two_workers, statement), statement)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_functions_and_columns_of_the_engine_do_not_exist(two_workers: Site, expression: str) -> None:
    for asked in (
        f"SELECT {expression} FROM hipparcos.main",
        f"SELECT TOP 1 hip FROM hipparcos.main WHERE {expression} = 1",
        f"SELECT TOP 1 hip FROM hipparcos.main ORDER BY {expression}",
    ):
        refused(ask(two_workers, asked), asked)


@pytest.mark.parametrize("name", list(LARGE))
def test_large_queries_are_refused_or_run_and_cost_little(two_workers: Site, name: str) -> None:
    reply = ask(two_workers, LARGE[name])
    if name == "ANDs that fit":
        assert reply.status == 200 and reply.text.strip() == "ra"
    else:
        refused(reply, "")
        assert "limit" in reply.text


@pytest.mark.parametrize("expression", UNLUCKY)
def test_unlucky_arithmetic_is_an_answer_or_a_refusal(two_workers: Site, expression: str) -> None:
    for asked in (
        f"SELECT {expression} AS x FROM hipparcos.main WHERE hip < 9",
        f"SELECT hip FROM hipparcos.main WHERE hip < 9 AND {expression} = 1" if "SUM" not in expression else "",
    ):
        reply = ask(two_workers, asked)
        if reply.status != 200:
            refused(reply, asked)


def test_nothing_of_it_stays(two_workers: Site) -> None:
    before = dict.fromkeys(two_workers.served.metrics(), 0)
    assert two_workers.served.released(before, 5) == {}
    assert two_workers.served.metrics()["streams_broken_total"] == 0
