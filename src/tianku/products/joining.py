"""Consecutive files of one series as one product: the first gives the key, the others follow as `science-2` …"""

from __future__ import annotations

import duckdb

from tianku.model.config.dynamic import Join

_JOINED = """
CREATE TEMP TABLE {target} AS
WITH spaced AS (
    SELECT *, lag(t_max) OVER ordered AS _before FROM {source}
    WINDOW ordered AS (PARTITION BY series ORDER BY t_min, path)
), numbered AS (
    SELECT *, count(*) FILTER (
        series IS NULL OR _before IS NULL OR NOT abs(t_min - _before) <= {days}
    ) OVER (PARTITION BY series ORDER BY t_min, path ROWS UNBOUNDED PRECEDING) AS _run FROM spaced
), placed AS (
    SELECT *, row_number() OVER following AS _place, first(key) OVER following AS _key,
        max(t_max) OVER product AS _end, sum(t_exptime) OVER product AS _total, sum(t_xel) OVER product AS _rows
    FROM numbered
    WINDOW following AS (PARTITION BY series, _run ORDER BY t_min, path),
        product AS (PARTITION BY series, _run)
)
SELECT * EXCLUDE (_before, _run, _place, _key, _end, _total, _rows) REPLACE (
    _key AS key,
    CASE _place WHEN 1 THEN category ELSE category || '-' || _place END AS category,
    CASE _place WHEN 1 THEN _end ELSE t_max END AS t_max,
    CASE _place WHEN 1 THEN _total ELSE t_exptime END AS t_exptime,
    CASE _place WHEN 1 THEN _rows ELSE t_xel END::BIGINT AS t_xel
) FROM placed
"""


def join_files(con: duckdb.DuckDBPyConnection, join: Join, source: str, target: str) -> None:
    """Make table `target` from the index rows of `source`: one row per file, files that follow each other joined.

    A file follows another of its series when it begins within the longest gap of the other's end, before or
    after it. The first row of a product spans them all in time.
    """
    con.execute(_JOINED.format(source=source, target=target, days=repr(join.seconds / 86400.0)))


def following(category: str, main: str) -> int | None:
    """Return the place (1 …) of a file in its product, None for a file of another kind."""
    if category == main:
        return 1
    tail = category.removeprefix(f"{main}-")
    return int(tail) if tail != category and tail.isdecimal() and len(tail) < 7 else None
