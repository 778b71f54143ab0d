"""Lists of positions over HTTP: pasted in JSON, uploaded in a form, answered as pages and files."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from tests.support.web import Reply, fetch

ADDRESS = "/api/v1/datasets/sky/dr1/tables/stars/positions"
LIST = "name,ra,dec\nfirst,00:40:00,+20:00:00\nnowhere,0,0\n"


def ask(address: str, **asked: Any) -> Reply:
    headers = {"Content-Type": "application/json"}
    return fetch(address, ADDRESS, "POST", body=json.dumps(asked).encode(), headers=headers)


def upload(address: str, content: bytes, **fields: str) -> Reply:
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in fields.items()
    ]
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="list.csv"\r\n\r\n'
    body = b"".join(parts) + head + content + b"\r\n--edge--\r\n"
    return fetch(
        address, ADDRESS, "POST", body=body, headers={"Content-Type": "multipart/form-data; boundary=edge"}
    )


def test_a_page_of_matches_and_of_positions_without(address: str) -> None:
    page = ask(address, positions=LIST, radius=5, unmatched=True, columns=["source_id", "mag"]).json
    names = [c["name"] for c in page["columns"]]
    assert names == ["input_line", "input_name", "input_ra", "input_dec", "separation", "source_id", "mag"]
    first, alone = page["rows"]
    assert first[:4] == [2, "first", 10.0, 20.0] and first[4] < 1e-6 and first[5] is not None
    assert alone == [3, "nowhere", 0.0, 0.0, None, None, None] and page["more"] is False


def test_pages_follow_each_other(address: str) -> None:
    everywhere = "\n".join(f"{ra} {dec}" for ra in range(0, 360, 6) for dec in range(-84, 90, 6))
    whole = ask(address, positions=everywhere, radius=1, unit="deg", limit=1000).json["rows"]
    pages = [
        ask(address, positions=everywhere, radius=1, unit="deg", limit=7, offset=o).json for o in range(0, 21, 7)
    ]
    assert [row for page in pages for row in page["rows"]] == whole[:21] and pages[0]["more"] is True


def test_an_uploaded_list_is_answered_as_a_file(address: str) -> None:
    where = json.dumps([{"column": "mag", "operator": "greater", "values": [0]}])
    reply = upload(address, LIST.encode(), radius="5", format="csv", limit="100", where=where, columns="source_id")
    assert reply.status == 200 and reply.headers["content-disposition"].endswith('"positions.csv"')
    (row,) = csv.DictReader(io.StringIO(reply.body.decode()))
    assert row["input_name"] == "first" and row["source_id"]


@pytest.mark.parametrize(
    ("asked", "code", "told"),
    [
        ({}, "api.body", "positions"),
        ({"positions": "1 2\n3 x"}, "positions.rows", "2 (dec: x)"),
        ({"positions": "1 2", "radius": 0}, "api.body", "radius"),
        ({"positions": "1 2", "unit": "pc"}, "positions.unit", "pc"),
        ({"positions": "1 2", "columns": ["nothing"]}, "adql.unknown_column", "nothing"),
        ({"positions": "1 2", "columns": ["_healpix_29"]}, "adql.unknown_column", "_healpix_29"),
        ({"positions": "1 2", "where": [{"column": "mag", "operator": "drop"}]}, "api.body", "operator"),
        ({"positions": "1 2", "format": "exe"}, "format.unknown", "exe"),
    ],
)
def test_wrong_requests_are_told(address: str, asked: dict[str, Any], code: str, told: str) -> None:
    reply = ask(address, **asked)
    error = reply.json["error"]
    assert (reply.status, error["code"]) == (400, code) and told in error["message"]


def test_hostile_uploads_are_refused(address: str) -> None:
    assert upload(address, b"\x89PNG\r\n\0\xff" * 100).json["error"]["code"] == "positions.unreadable"
    assert upload(address, b"<script>alert(1)</script>").json["error"]["code"] == "positions.header"
    long = upload(address, b"1 2\n" * 600_000)
    assert (long.status, long.json["error"]["code"]) == (413, "positions.too_long")
    assert upload(address, b"1 2\n" * 1_500_000).json["error"]["code"] == "http.body_too_long"
