"""The CDS cross-match interface, asked as astroquery.xmatch asks it."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlencode

import pytest
from astropy.io import votable
from astropy.table import Table

from tests.support.web import Reply, fetch

SYNC, STARS = "/xmatch/api/v1/sync", "vizier:sky_dr1.stars"
NEAR = "my_id,a,d\n1,10.0,20.0005\n2,0.0,90.0\n"


def post(address: str, **asked: Any) -> Reply:
    body = urlencode({"request": "xmatch", "RESPONSEFORMAT": "votable", "area": "allsky"} | asked).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return fetch(address, SYNC, "POST", body=body, headers=headers)


def send(address: str, **asked: Any) -> Reply:
    parts = [f'--e\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in asked.items()]
    parts.append(
        f'--e\r\nContent-Disposition: form-data; name="cat1"; filename="cat1.csv"\r\n\r\n{NEAR}\r\n--e--\r\n'
    )
    headers = {"Content-Type": "multipart/form-data; boundary=e"}
    return fetch(address, SYNC, "POST", body="".join(parts).encode(), headers=headers)


def test_the_tables_that_can_be_matched(address: str) -> None:
    names = fetch(address, f"{SYNC}/tables?action=getVizieRTableNames&RESPONSEFORMAT=txt").text.splitlines()
    assert "sky_dr1.stars" in names


def test_two_tables(address: str) -> None:
    reply = post(address, cat1=STARS, cat2="sky_dr1.stars", distMaxArcsec=1.0, cols1="source_id", cols2="mag,name")
    table = Table.read(io.BytesIO(reply.body), format="votable", use_names_over_ids=True)
    assert table.colnames == ["angDist", "source_id", "mag", "name"] and len(table) == 500
    assert str(table["angDist"].unit) == "arcsec" and table["angDist"].max() == 0


def test_a_file_sent_along(address: str) -> None:
    asked = {"request": "xmatch", "distMaxArcsec": 5.0, "colRA1": "a", "colDec1": "d", "cat2": STARS}
    for selection in ("all", "best"):
        reply = send(address, **asked, RESPONSEFORMAT="csv", selection=selection, cols2="source_id")
        head, row = reply.text.splitlines()
        assert head == "angDist,my_id,a,d,source_id"
        assert float(row.split(",")[0]) == pytest.approx(1.8) and row.split(",")[1] == "1"
    best = post(address, cat1=STARS, cat2=STARS, distMaxArcsec=18000, selection="best", RESPONSEFORMAT="csv")
    every = post(address, cat1=STARS, cat2=STARS, distMaxArcsec=18000, RESPONSEFORMAT="csv")
    assert len(best.text.splitlines()) == 501 < len(every.text.splitlines())


def test_a_circle(address: str) -> None:
    cone = {"area": "cone", "coneRA": 10.0, "coneDec": 20.0, "coneRadiusDeg": 0.5}
    reply = post(address, cat1=STARS, cat2=STARS, distMaxArcsec=1.0, RESPONSEFORMAT="csv", cols1="ra,dec", **cone)
    assert [line.split(",")[1:3] for line in reply.text.splitlines()[1:]] == [["10", "20"]]


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ({"cat2": "vizier:II/246/out"}, 404, "no table"),
        ({"distMaxArcsec": 1e9}, 400, "out of range"),
        ({"area": "cone"}, 400, "CONERA"),
        ({"area": "healpix"}, 400, "AREA is allsky or cone"),
        ({"request": "other"}, 400, "REQUEST is xmatch"),
        ({"cols1": "nothing"}, 400, "no column"),
    ],
)
def test_errors_are_where_clients_look(address: str, more: dict[str, Any], status: int, words: str) -> None:
    reply = post(address, **({"cat1": STARS, "cat2": STARS, "distMaxArcsec": 1} | more))
    assert reply.status == status
    assert words in votable.parse(io.BytesIO(reply.body)).get_info_by_id("QUERY_STATUS").content
