"""Counts of queries, for forms."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.support.centre import stars
from tests.support.web import Reply, fetch
from tianku.usecases import count


def ask(address: str, adql: str) -> Reply:
    body = json.dumps({"adql": adql}).encode()
    return fetch(address, "/api/v1/count", "POST", body=body, headers={"Content-Type": "application/json"})


def test_rows_are_counted(address: str) -> None:
    magnitudes = stars()["mag"].to_numpy(zero_copy_only=False)
    expected = int(np.nansum(magnitudes < 10))
    assert ask(address, "SELECT COUNT(*) FROM sky_dr1.stars WHERE mag < 10").json == {
        "rows": expected,
        "exact": True,
    }


def test_a_count_that_takes_too_long_is_estimated(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(count, "SECONDS", 1e-3)
    joined = "FROM sky_dr1.stars AS a, sky_dr1.stars AS b, sky_dr1.stars AS c"
    found = ask(address, f"SELECT COUNT(*) {joined} WHERE a.ra * b.ra + c.ra > 3").json
    assert found == {"rows": 1500, "exact": False}


@pytest.mark.parametrize(
    ("adql", "code"),
    [
        ("SELECT * FROM sky_dr1.stars", "count.not_a_count"),
        ("SELECT COUNT(*) FROM sky_dr1.stars GROUP BY mag", "count.not_a_count"),
        ("SELECT COUNT(*) FROM secret_dr1.stars", "adql.unknown_table"),
        ("SELECT COUNT(", "adql.syntax"),
        ("", "api.body"),
    ],
)
def test_what_is_no_count_is_refused(address: str, adql: str, code: str) -> None:
    assert ask(address, adql).json["error"]["code"] == code
