"""Pages of a query's rows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.web import Reply, fetch

QUERY = "/api/v1/query"
ORDERED = "SELECT source_id, ra, mag, name, seen FROM sky_dr1.stars ORDER BY source_id"


def ask(address: str, **asked: Any) -> Reply:
    return fetch(
        address, QUERY, "POST", body=json.dumps(asked).encode(), headers={"Content-Type": "application/json"}
    )


def test_a_page_has_columns_rows_and_says_whether_there_is_more(address: str) -> None:
    page = ask(address, adql=ORDERED, limit=3).json
    assert [c["name"] for c in page["columns"]] == ["source_id", "ra", "mag", "name", "seen"]
    assert page["columns"][2] == {
        "name": "mag", "type": "float32", "unit": "mag", "ucd": "phot.mag;em.opt.V",
        "description": {"en": "magnitude <V> & more"},
    }  # fmt: skip
    assert len(page["rows"]) == 3 and page["more"] is True and page["adql"] == ORDERED
    assert page["schema_versions"] == {}


def test_what_json_cannot_hold_is_null_or_text(address: str) -> None:
    rows = ask(address, adql=ORDERED, limit=3).json["rows"]
    assert rows[0][0] == str(2**60) and rows[0][3] == "star 0 星 <&>"
    assert rows[1][2] is None and rows[2][2] is None  # NaN and null
    assert rows[2][4] == "2020-01-01T00:00:00.000002"


def test_pages_follow_each_other_without_gap(address: str) -> None:
    ids: list[str] = []
    offset, more = 0, True
    while more:
        page = ask(address, adql=ORDERED, limit=170, offset=offset).json
        ids += [row[0] for row in page["rows"]]
        offset, more = offset + 170, page["more"]
    assert ids == [str(2**60 + i) for i in range(500)]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "api.body"),
        ({"adql": "SELECT 1", "limit": 0}, "api.body"),
        ({"adql": "SELECT 1", "limit": 10**9}, "api.body"),
        ({"adql": "SELECT 1", "lim": 1}, "api.body"),
        ({"adql": ORDERED, "offset": 10**7}, "api.page_too_far"),
        ({"adql": "SELECT nothing FROM sky_dr1.stars"}, "adql.unknown_column"),
        ({"adql": "DROP TABLE x"}, "adql.syntax"),
    ],
)
def test_errors_have_code_message_and_parameters(address: str, asked: dict[str, Any], code: str) -> None:
    reply = ask(address, **asked)
    error = reply.json["error"]
    assert reply.status == 400 and error["code"] == code and error["message"] and isinstance(error["params"], dict)


def test_a_body_that_is_no_json_is_refused(address: str) -> None:
    assert fetch(address, QUERY, "POST", body=b"\xff{").json["error"]["code"] == "api.body"
    assert fetch(address, QUERY, "GET").status in (404, 405)


def test_errors_of_the_query_carry_their_place(address: str) -> None:
    params = ask(address, adql="SELECT ra,\n  nothing FROM sky_dr1.stars").json["error"]["params"]
    assert (params["line"], params["column"]) == (2, 3)
