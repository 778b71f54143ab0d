"""Which columns of tables the columns of a result are."""

from __future__ import annotations

import pytest

from tests.adql.support import View
from tianku.adql.parser import parse
from tianku.adql.resolve import resolve


def handed_on(query: str, hide: int | None = None) -> dict[str, str | None]:
    """Return ``table.column`` of each column of the result, None for what is computed."""
    found = resolve(parse(query), View(hide))
    assert len(found.origins) == len(found.columns)
    pairs = zip(found.columns, found.origins, strict=True)
    return {c.name: o and f"{o.table.name}.{o.column}" for c, o in pairs}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT id, ra AS x, ra + 1 AS y, 'a' AS z FROM survey.stars",
         {"id": "stars.id", "x": "stars.ra", "y": None, "z": None}),
        ("SELECT p.*, s.id FROM survey.stars s JOIN survey.pairs p ON s.id = p.id",
         {"id": "pairs.id", "other": "pairs.other", "sep": "pairs.sep", "Mixed": "pairs.Mixed",
          "id_2": "stars.id"}),
        ("SELECT id, sep FROM survey.stars JOIN survey.pairs USING (id)", {"id": "stars.id", "sep": "pairs.sep"}),
        ("SELECT id FROM survey.stars FULL JOIN survey.pairs USING (id)", {"id": None}),
        ("SELECT id, COUNT(*) AS n, MAX(ra) AS ra FROM survey.stars GROUP BY id",
         {"id": "stars.id", "n": None, "ra": None}),
        ("SELECT q.k FROM (SELECT DISTINCT id AS k, n FROM survey.stars ORDER BY n) AS q", {"k": "stars.id"}),
        ("WITH a AS (SELECT id AS k FROM survey.stars), b AS (SELECT k AS m, 2 * k AS t FROM a) "
         "SELECT x.m, y.t FROM b AS x, b AS y", {"m": "stars.id", "t": None}),
        ("SELECT id, n FROM survey.stars UNION SELECT id, 5 FROM survey.stars", {"id": "stars.id", "n": None}),
        ("SELECT id FROM survey.stars UNION ALL SELECT id FROM survey.pairs", {"id": None}),
        ("(SELECT id FROM survey.stars ORDER BY ra OFFSET 1)", {"id": "stars.id"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("hide", [None, 3])
def test_what_a_result_hands_on(query: str, expected: dict[str, str | None], hide: int | None) -> None:
    assert handed_on(query, hide) == expected


def test_queries_used_again_and_again_are_traced_once() -> None:
    steps = ["a0 AS (SELECT id FROM survey.stars)"]
    steps += [f"a{i} AS (SELECT id FROM a{i - 1} UNION SELECT id FROM a{i - 1})" for i in range(1, 25)]
    assert handed_on(f"WITH {', '.join(steps)} SELECT id FROM a24") == {"id": "stars.id"}
