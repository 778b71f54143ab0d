"""Cone search as SCS 1.03 and its validators want it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import angular_separation
from astropy.io.votable import parse
from hypothesis import given
from hypothesis import strategies as st

from tests.support.centre import stars
from tests.support.web import Reply, fetch
from tianku.model.errors import NotFoundError
from tianku.vo.scs.address import parse_address

SCS = "/vo/sky/dr1/stars/scs"


def cone(address: str, path: str = SCS, **params: Any) -> Reply:
    return fetch(address, path, params=params)


def table(reply: Reply) -> Any:
    assert reply.status == 200 and reply.headers["content-type"].startswith("text/xml")
    return parse(io.BytesIO(reply.body)).resources[0].tables[0]


@pytest.mark.parametrize(
    ("ra", "dec", "radius"),
    [(10, 20, 0.1), (0, 0, 30), (359.9, 0, 20), (123, 90, 25), (123, -90, 25), (180, 45, 180), (50, -60, 91)],
)
def test_a_cone_is_exactly_that(address: str, ra: float, dec: float, radius: float) -> None:
    rows = stars()
    degrees = np.radians([rows["ra"].to_numpy(), rows["dec"].to_numpy()])
    inside = angular_separation(np.radians(ra), np.radians(dec), *degrees) <= np.radians(radius)
    found = table(cone(address, RA=ra, DEC=dec, SR=radius)).to_table()
    assert sorted(map(int, found["source_id"])) == sorted(rows["source_id"].to_numpy()[inside])


def test_the_three_fields_of_the_standard(address: str, invalid: Any) -> None:
    reply = cone(address, RA=10, DEC=20, SR=1)
    fields = {f.ucd: f for f in table(reply).fields}
    assert fields["ID_MAIN"].datatype == "char" and fields["ID_MAIN"].arraysize == "*"
    assert fields["POS_EQ_RA_MAIN"].datatype == fields["POS_EQ_DEC_MAIN"].datatype == "double"
    assert invalid(reply.body) == []


@pytest.mark.parametrize(
    ("verbosity", "names"),
    [
        ("1", ["source_id", "ra", "dec"]),
        ("2", ["source_id", "ra", "dec"]),
        ("3", ["source_id", "ra", "dec", "mag", "name", "seen"]),
    ],
)
def test_verbosity_chooses_columns(address: str, verbosity: str, names: list[str]) -> None:
    assert [f.name for f in table(cone(address, RA=10, DEC=20, SR=1, VERB=verbosity)).fields] == names


def test_a_table_without_identifier_gets_one(address: str) -> None:
    found = table(cone(address, "/vo/sky/dr1/unnamed/scs", RA=10, DEC=20, SR=0.01, VERB=3))
    assert found.fields[0].ucd == "ID_MAIN" and found.array["scs_id"][0] == "J10_20"
    assert sum(f.ucd == "ID_MAIN" for f in found.fields) == 1


def test_a_radius_of_zero_asks_for_metadata(address: str) -> None:
    found = table(cone(address, RA=10, DEC=20, SR=0))
    assert len(found.array) == 0 and len(found.fields) == 3


@pytest.mark.parametrize(
    "params",
    [
        {"RA": "x", "DEC": 0, "SR": 1},
        {"DEC": 0, "SR": 1},
        {"RA": 361, "DEC": 0, "SR": 1},
        {"RA": 0, "DEC": 91, "SR": 1},
        {"RA": 0, "DEC": 0, "SR": -1},
        {"RA": 0, "DEC": 0, "SR": "nan"},
        {"RA": 0, "DEC": 0, "SR": 1, "VERB": 4},
        {"RA": 0, "DEC": 0, "SR": 1, "RESPONSEFORMAT": "csv"},
    ],
)
def test_errors_are_votables_with_status_200(address: str, params: dict[str, Any], invalid: Any) -> None:
    reply = cone(address, **params)
    assert reply.status == 200 and invalid(reply.body) == []
    infos = {i.name: i.value for i in parse(io.BytesIO(reply.body)).resources[0].infos}
    assert infos["Error"]


def test_too_many_rows_are_flagged(address: str) -> None:
    reply = cone(address, RA=0, DEC=0, SR=180, MAXREC=7)
    assert len(table(reply).array) == 7 and 'value="OVERFLOW"' in reply.text


@pytest.mark.parametrize(
    "path",
    [
        "/vo/sky/dr1/nothing/scs",
        "/vo/sky/nothing/stars/scs",
        "/vo/sky/stars/scs",
        "/vo/sky/dr1/stars/scs/nowhere",
        "/vo/sky/dr1/stars",
        "/vo/",
        "/vo/../etc/scs",
    ],
)
def test_what_is_no_service_is_404(address: str, path: str) -> None:
    assert cone(address, path, RA=0, DEC=0, SR=1).status == 404


def test_the_test_query_finds_a_row(address: str) -> None:
    from xml.etree import ElementTree

    root = ElementTree.fromstring(fetch(address, f"{SCS}/capabilities").body)
    test = next(root.iter("testQuery"))
    ra, dec, radius = (float(test.findtext(n) or "nan") for n in ("ra", "dec", "sr"))
    assert len(table(cone(address, RA=ra, DEC=dec, SR=radius)).array) >= 1


SEGMENT = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,6}", fullmatch=True)
NAME = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)


@given(
    st.lists(SEGMENT, min_size=1, max_size=3),
    NAME,
    st.none() | NAME,
    st.sampled_from([None, "tables", "capabilities"]),
)
def test_paths_are_parsed_back(dataset: list[str], name: str, position: str | None, sibling: str | None) -> None:
    if "scs" in (*dataset, name, position) or position in ("tables", "capabilities", "availability"):
        return
    path = "/".join(part for part in (*dataset, name, "scs", position, sibling) if part)
    found = parse_address(path)
    assert (found.dataset, found.table) == ("/".join(dataset), name)
    assert (found.position, found.sibling) == (position, sibling)


@pytest.mark.parametrize(
    "path", ["", "scs", "a/scs", "a/b/c/d/e/scs", "A/b/scs", "a/b/scs/p/q", "a/b/scs/p/tables/x"]
)
def test_paths_that_name_nothing(path: str) -> None:
    with pytest.raises(NotFoundError):
        parse_address(path)
