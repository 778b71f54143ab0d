"""TAP: parameters, formats, limits and errors of synchronous queries."""

from __future__ import annotations

import io
from typing import Any
from xml.etree import ElementTree

import pytest
from astropy.io.votable import parse

from tests.support.web import Reply, fetch
from tianku.vo.tap.describe import feature_groups

STARS = "sky_dr1.stars"


def query(address: str, adql: str, method: str = "GET", **params: Any) -> Reply:
    return fetch(address, "/vo/tap/sync", method, {"LANG": "ADQL", "QUERY": adql, **params})


def votable(reply: Reply) -> Any:
    assert reply.headers["content-type"].startswith("application/x-votable+xml")
    return parse(io.BytesIO(reply.body))


def status_of(reply: Reply) -> list[str]:
    infos = votable(reply).resources[0].infos
    return [i.value for i in infos if i.name == "QUERY_STATUS"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_rows_and_metadata_come_back(address: str, method: str) -> None:
    reply = query(address, f"SELECT source_id, ra, mag, name FROM {STARS} WHERE source_id < {2**60 + 5}", method)
    table = votable(reply).resources[0].tables[0].to_table()
    assert sorted(table["source_id"]) == [2**60 + i for i in range(5)]
    assert str(table["ra"].unit) == "deg" and table["mag"].meta["ucd"] == "phot.mag;em.opt.V"
    assert table["name"][list(table["source_id"]).index(2**60)] == "star 0 星 <&>"
    assert reply.headers["cache-control"] == "public, no-cache"


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({"RESPONSEFORMAT": "csv"}, "text/csv"),
        ({"FORMAT": "csv"}, "text/csv"),
        ({"FORMAT": "fits", "RESPONSEFORMAT": "tsv"}, "text/tab-separated-values"),
        ({"responseformat": "fits"}, "application/fits"),
        ({"RESPONSEFORMAT": "application/x-votable+xml;serialization=TABLEDATA"}, "application/x-votable+xml"),
        ({"RESPONSEFORMAT": "json"}, "application/json"),
        ({"RESPONSEFORMAT": "parquet"}, "application/vnd.apache.parquet"),
    ],
)
def test_formats(address: str, params: dict[str, str], kind: str) -> None:
    reply = query(address, f"SELECT TOP 3 ra, dec FROM {STARS}", **params)
    assert reply.status == 200 and reply.headers["content-type"].startswith(kind)


@pytest.mark.parametrize(
    ("maxrec", "rows", "status"),
    [("500", 500, ["OK"]), ("499", 499, ["OK", "OVERFLOW"]), ("0", 0, ["OK", "OVERFLOW"]), (None, 500, ["OK"])],
)
def test_overflow_is_exact(address: str, maxrec: str | None, rows: int, status: list[str]) -> None:
    params = {} if maxrec is None else {"MAXREC": maxrec}
    reply = query(address, f"SELECT ra FROM {STARS}", **params)
    assert len(votable(reply).resources[0].tables[0].array) == rows
    assert status_of(reply) == status
    assert reply.text.rindex("</TABLE>") < reply.text.find("OVERFLOW") or len(status) == 1


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"LANG": "OOBLECK", "QUERY": "SELECT 1"}, "OOBLECK"),
        ({"LANG": "ADQL"}, "QUERY is required"),
        ({"LANG": "ADQL", "QUERY": "SELECT"}, "line 1"),
        ({"LANG": "ADQL", "QUERY": "SELECT tef FROM sky_dr1.stars"}, "tef"),
        ({"LANG": "ADQL", "QUERY": "SELECT * FROM sky_dr1.starz"}, "sky_dr1.stars"),
        ({"LANG": "ADQL", "QUERY": "SELECT * FROM sky_dr1.stars", "MAXREC": "-1"}, "MAXREC"),
        ({"LANG": "ADQL", "QUERY": "SELECT * FROM sky_dr1.stars", "RESPONSEFORMAT": "docx"}, "docx"),
        ({"LANG": "ADQL", "QUERY": "SELECT * FROM sky_dr1.stars", "REQUEST": "getTea"}, "getTea"),
        ({"LANG": "ADQL", "QUERY": "SELECT * FROM sky_dr1.stars", "UPLOAD": "a,param:a"}, "UPLOAD"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_errors_are_votables_that_say_what_is_wrong(
    address: str, params: dict[str, str], says: str, method: str, invalid: Any
) -> None:
    reply = fetch(address, "/vo/tap/sync", method, params)
    assert reply.status == 400 and status_of(reply) == ["ERROR"] and says in reply.text
    assert invalid(reply.body) == []


def test_every_example_works(address: str) -> None:
    reply = fetch(address, "/vo/tap/examples")
    assert reply.headers["content-type"] == "application/xhtml+xml"
    root = ElementTree.fromstring(reply.body)
    found = [e for e in root.iter() if e.get("typeof") == "example"]
    assert len({e.get("id") for e in found}) == len(found) >= 3
    for example in found:
        assert example.get("resource") == f"#{example.get('id')}"
        text = next(e.text for e in example.iter() if e.get("property") == "query")
        if "obscore" not in str(text):  # the support's ObsCore has a few columns only
            assert query(address, str(text)).status == 200, text


def test_what_is_not_known_is_ignored(address: str) -> None:
    extra = {"REQUEST": "doQuery", "VERSION": "1.0", "RUNID": "me", "DUMMY": "ignore-me", "FORMAT": "csv"}
    assert query(address, f"SELECT COUNT(*) AS n FROM {STARS}", **extra).text.split() == ["n", "500"]


def test_answers_with_publisher_identifiers_carry_the_datalink_descriptor(address: str, invalid: Any) -> None:
    reply = query(address, "SELECT obs_publisher_did, s_ra FROM ivoa.obscore")
    service = votable(reply).resources[1]
    params = {p.name: p.value for p in service.params}
    assert service.utype == "adhoc:service" and params["accessURL"] == f"{address}/vo/datalink/links"
    assert params["standardID"] == "ivo://ivoa.net/std/DataLink#links-1.1"
    assert service.groups[0].entries[0].ref == "obs_publisher_did"
    assert invalid(reply.body) == []
    assert len(votable(query(address, f"SELECT ra FROM {STARS}")).resources) == 1


def test_addresses_in_rows_are_absolute(address: str) -> None:
    reply = query(address, "SELECT access_url, s_ra FROM ivoa.obscore", FORMAT="csv")
    assert f"{address}/vo/datalink/links?ID=x" in reply.text


@pytest.mark.parametrize("form", ["votable", "votable/td"])
def test_answers_are_valid(address: str, form: str, invalid: Any) -> None:
    assert invalid(query(address, f"SELECT TOP 20 * FROM {STARS}", RESPONSEFORMAT=form).body) == []


def test_a_browser_is_led_to_the_capabilities_and_head_is_answered(address: str) -> None:
    assert fetch(address, "/vo/tap").status == 303
    head = fetch(address, "/vo/tap/capabilities", "HEAD")
    assert head.status == 200 and head.body == b""


def test_every_declared_function_is_accepted(address: str) -> None:
    forms = {f.form for g in feature_groups() if g.type.endswith("udf") for f in g.features}
    assert any(form.startswith("ivo_hasword") for form in forms)
    calls = {
        "ivo_hasword": "ivo_hasword(name, 'star')",
        "ivo_nocasematch": "ivo_nocasematch(name, 'STAR%')",
        "ivo_hashlist_has": "ivo_hashlist_has('a#b', 'a')",
        "ivo_interval_overlaps": "ivo_interval_overlaps(1.0, 2.0, 1.5, 3.0)",
        "ivo_string_agg": "ivo_string_agg(name, ',')",
    }
    assert {form.partition("(")[0] for form in forms} == set(calls)
    for call in calls.values():
        reply = query(address, f"SELECT {call} AS x FROM {STARS}", FORMAT="csv")
        assert reply.status == 200, reply.text


GEOMETRY = {
    "AREA": "AREA(CIRCLE(1, 2, 3))",
    "BOX": "CONTAINS(POINT(ra, dec), BOX(10, 20, 1, 1))",
    "CENTROID": "COORD1(CENTROID(CIRCLE(ra, dec, 1)))",
    "CIRCLE": "CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 1))",
    "CONTAINS": "CONTAINS(POINT(ra, dec), CIRCLE('ICRS', 10, 20, 1))",
    "COORD1": "COORD1(POINT(ra, dec))",
    "COORD2": "COORD2(POINT(ra, dec))",
    "COORDSYS": "COORDSYS(POINT('ICRS', ra, dec))",
    "DISTANCE": "DISTANCE(POINT(ra, dec), POINT(10, 20))",
    "INTERSECTS": "INTERSECTS(CIRCLE(ra, dec, 1), CIRCLE(10, 20, 1))",
    "POINT": "DISTANCE(ra, dec, 10, 20)",
    "POLYGON": "CONTAINS(POINT(ra, dec), POLYGON(9, 19, 11, 19, 11, 21, 9, 21))",
}


def test_every_declared_geometry_works(address: str) -> None:
    declared = next(g for g in feature_groups() if g.type.endswith("adqlgeo"))
    assert {f.form for f in declared.features} == set(GEOMETRY)
    for call in GEOMETRY.values():
        reply = query(address, f"SELECT TOP 2 {call} AS x FROM {STARS}", FORMAT="csv")
        assert reply.status == 200, (call, reply.text)


FEATURES = {
    "adql-string": [f"SELECT TOP 1 LOWER(name) AS a, UPPER(name) AS b FROM {STARS} WHERE name ILIKE 'STAR%'"],
    "adql-conditional": [f"SELECT TOP 1 COALESCE(mag, 0) AS a FROM {STARS}"],
    "adql-common-table": [f"WITH w AS (SELECT ra FROM {STARS}) SELECT TOP 1 ra FROM w"],
    "adql-sets": [
        f"SELECT ra FROM {STARS} WHERE ra < 9 UNION SELECT ra FROM {STARS} WHERE ra > 350",
        f"SELECT ra FROM {STARS} EXCEPT SELECT ra FROM {STARS} WHERE ra > 5",
        f"SELECT ra FROM {STARS} INTERSECT SELECT ra FROM {STARS} WHERE ra > 350",
    ],
    "adql-type": [f"SELECT TOP 1 CAST(mag AS INTEGER) AS a FROM {STARS}"],
    "adql-unit": [f"SELECT TOP 1 IN_UNIT(ra, 'rad') AS a FROM {STARS}"],
    "adql-offset": [f"SELECT ra FROM {STARS} ORDER BY ra OFFSET 490"],
}


def test_every_declared_feature_works(address: str) -> None:
    declared = {g.type.partition("#features-")[2] for g in feature_groups()} - {"adqlgeo", "udf"}
    assert declared <= set(FEATURES)
    for name in declared:
        for adql in FEATURES[name]:
            reply = query(address, adql, FORMAT="csv")
            assert reply.status == 200 and reply.text.count("\n") >= 2, reply.text
