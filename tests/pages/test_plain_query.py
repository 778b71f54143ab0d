"""The query form as a browser without JavaScript sends it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client

from tianku.adql.parser import parse

PAGE = "/data/hipparcos/hip2/tables/main/query"


def asked(client: Client, *fields: tuple[str, str]) -> dict[str, str]:
    reply = client.get(f"{PAGE}?{urlencode([('run', '1'), *fields])}")
    assert reply.status_code == 302
    where = urlsplit(reply["Location"])
    assert where.path == "/vo/tap/sync"
    said = {name: values[0] for name, values in parse_qs(where.query).items()}
    parse(said["QUERY"])
    return said


def test_all_fields_become_one_query(client: Client) -> None:
    said = asked(
        client, ("ra", "03:47:00"), ("dec", "24.12"), ("radius", "0.5"), ("sort", "hip"), ("descending", "on"),
        ("condition-column", "hip"), ("condition-operator", "between"), ("condition-value", "1..9"),
        ("condition-column", "flags"), ("condition-operator", "notin"), ("condition-value", "1, 2"),
        ("condition-column", ""), ("condition-operator", "equal"), ("condition-value", ""),
        ("limit", "7"), ("format", "csv"), ("column", "hip"),
    )  # fmt: skip
    assert said["FORMAT"] == "csv"
    assert said["QUERY"] == (
        "SELECT TOP 7 hip FROM hipparcos_hip2.main WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(56.75, 24.12, 0.5)) "
        "AND hip BETWEEN 1 AND 9 AND flags NOT IN (1, 2) ORDER BY hip DESC"
    )


def test_a_rectangle_goes_over_zero(client: Client) -> None:
    query = asked(client, ("west", "350"), ("east", "10"), ("south", "-5"))["QUERY"]
    assert query.endswith("WHERE (ra >= 350.0 OR ra <= 10.0) AND dec >= -5.0")


@pytest.mark.parametrize(
    "fields",
    [
        [("ra", "25h"), ("dec", "1")],
        [("ra", "1")],
        [("ra", "1"), ("dec", "2"), ("radius", "nan")],
        [("limit", "1e99")],
        [("condition-column", "hip"), ("condition-operator", "equal"), ("condition-value", "1; DROP")],
        [("condition-column", "nothing"), ("condition-operator", "equal"), ("condition-value", "1")],
        [("condition-column", "hip"), ("condition-operator", "exec"), ("condition-value", "1")],
    ],
)
def test_wrong_fields_are_told(client: Client, fields: list[tuple[str, str]]) -> None:
    assert client.get(f"{PAGE}?{urlencode([('run', '1'), *fields])}").status_code == 400


def test_the_form_is_there_without_scripts(client: Client) -> None:
    body = client.get(PAGE).content.decode()
    plain = body.split("<noscript>")[1].split("</noscript>")[0]
    assert 'action="/api/v1/datasets/hipparcos/hip2/tables/main/positions"' in plain
    assert '<option value="hip">' in plain and 'list="column-names"' in plain
