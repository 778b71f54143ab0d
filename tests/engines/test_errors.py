"""What a query may not do, and what its caller is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
import sqlglot
from sqlglot import exp

from tianku.engines.base import Cancellation, EngineQuery
from tianku.model.errors import FatalError, TiankuError, UsageError

#: Runs for minutes in one operator, and without spilling.
ENDLESS = "SELECT SUM(SIN(a.id * b.id)) AS x FROM stars AS a, stars AS b"
#: Streams for minutes.
LONG = "SELECT a.id, b.ra FROM stars AS a, stars AS b"


def error_of(engine, query: EngineQuery) -> TiankuError:
    with pytest.raises(TiankuError) as caught, engine.run(query) as result:
        for _ in result:
            pass
    assert engine.active() == 0
    return caught.value


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT SUM(id * id * id * id) AS x FROM stars", "query.arithmetic"),
        ("SELECT i % 0 AS x FROM small", "query.arithmetic"),
        ("SELECT CAST(s AS INTEGER) AS x FROM small", "query.conversion"),
        ("SELECT ABS(s) AS x FROM small", "query.types"),
    ],
)
def test_mistakes_of_the_caller_have_a_code_and_a_hint(engine, parse, sql: str, code: str) -> None:
    error = error_of(engine, parse(sql))
    assert isinstance(error, UsageError)
    assert error.code == code
    assert "LINE" not in error.message and "Error:" not in error.message


def test_an_error_after_the_first_rows_is_raised_too(engine, parse) -> None:
    error = error_of(
        engine, parse("SELECT CAST(CASE WHEN id = 199999 THEN 'x' ELSE '1' END AS INTEGER) AS x FROM stars")
    )
    assert error.code == "query.conversion"


def test_time_limit(engine, parse) -> None:
    started = time.monotonic()
    error = error_of(engine, parse(ENDLESS, seconds=0.3))
    assert error.code == "query.timeout"
    assert "0.3 s" in error.message
    assert time.monotonic() - started < 2


def test_memory_limit(engine, parse) -> None:
    sql = "SELECT a.id, b.ra FROM stars AS a, (SELECT * FROM stars WHERE id < 500) AS b ORDER BY SIN(a.id * b.id)"
    assert error_of(engine, parse(sql)).code == "query.memory"


def test_cancel_while_streaming(engine, parse) -> None:
    with engine.run(parse(LONG)) as result:
        batches = iter(result)
        next(batches)
        result.cancel()
        with pytest.raises(UsageError, match="cancelled"):
            for _ in batches:
                pass
    assert engine.active() == 0


def test_cancel_before_the_first_rows(engine, parse) -> None:
    cancellation = Cancellation()
    timer = threading.Timer(0.2, cancellation.cancel)
    timer.start()
    started = time.monotonic()
    with pytest.raises(UsageError) as caught:
        engine.run(parse(ENDLESS), cancellation)
    timer.join()
    assert caught.value.code == "query.cancelled"
    assert time.monotonic() - started < 2
    assert engine.active() == 0


def _calling(function: str) -> exp.Expression:
    return exp.select("*").from_(
        exp.Table(this=exp.Anonymous(this=function, expressions=[exp.Literal.string("/etc/passwd")]))
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: _calling("read_csv"),
        lambda: _calling("read_text"),
        lambda: _calling("read_parquet"),
        lambda: _calling("glob"),
        lambda: sqlglot.parse_one("SELECT * FROM '/etc/passwd'", dialect="duckdb"),
        lambda: sqlglot.parse_one('SELECT * FROM "/etc/passwd"'),
        lambda: sqlglot.parse_one("SELECT * FROM duckdb_settings"),
        lambda: sqlglot.parse_one("SELECT * FROM information_schema.tables"),
        lambda: sqlglot.parse_one("SELECT * FROM stars.main.data"),
        lambda: sqlglot.parse_one("ATTACH 'x.db'", dialect="duckdb"),
        lambda: sqlglot.parse_one("COPY stars TO 'x.csv'", dialect="duckdb"),
        lambda: sqlglot.parse_one("SET threads = 1", dialect="duckdb"),
        lambda: sqlglot.parse_one("INSTALL httpfs", dialect="duckdb"),
        lambda: sqlglot.parse_one("DROP TABLE stars"),
    ],
)
def test_nothing_but_the_relations_can_be_read(engine, stars, make: Callable[[], exp.Expression], caplog) -> None:
    error = error_of(engine, EngineQuery(make(), {"stars": stars}))
    assert isinstance(error, FatalError)
    assert error.code == "engine.failed"
    assert "passwd" not in error.message
    assert error.incident in caplog.text


def test_files_are_closed_to_functions_that_read_them(engine, stars, caplog) -> None:
    """Even an expression that gets past the front end meets a locked instance."""
    query = sqlglot.parse_one("SELECT (SELECT COUNT(*) FROM stars) AS n, getenv('HOME') AS x")
    assert error_of(engine, EngineQuery(query, {"stars": stars})).code == "engine.failed"
