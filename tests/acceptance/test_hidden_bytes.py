"""What is published for a group alone changes no byte of any anonymous answer."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest

from tests.acceptance.conftest import Site
from tests.support.archive import CLOSED, HALF, HIDDEN, SPECTRA, STARS
from tests.support.slow import tap
from tests.support.web import Reply, fetch

PAGES = [
    "/",
    "/data/",
    "/data/?q=hidden",
    "/data/?facility=hidden&type=spectrum",
    "/search",
    "/sql",
    "/match",
    "/docs/",
    "/account/login/",
    "/account/",
    "/account/signup/",
    "/nothing",
]
PAGES += [
    f"/search?q={word}" for word in ("hidden", "hidden_mag", "spectra", "10+20+30", "lamost", "v2.5", "team")
]
PAGES += [
    f"/data/{dataset}/" for dataset in (STARS, SPECTRA, CLOSED, HALF, *HIDDEN, "lamost-sim", "lamost-sim/dr10")
]
PAGES += [
    f"/data/{dataset}/tables/{table}/{tail}"
    for dataset, table in (
        (SPECTRA, "catalogue"),
        (CLOSED, "stars"),
        (HIDDEN[0], "stars"),
        (HIDDEN[1], "catalogue"),
    )
    for tail in ("", "query")
]
PAGES += [f"/data/{dataset}/downloads/" for dataset in (SPECTRA, CLOSED, HALF, *HIDDEN)]
PAGES += [f"/data/{dataset}/products/lrs/{{key}}" for dataset in (SPECTRA, CLOSED, HALF, *HIDDEN)]
OTHER = ["/admin/cms/", "/robots.txt", "/healthz", "/readyz", "/metrics.", "/static/nothing", "/favicon.ico"]
API = [
    "datasets",
    "datasets?q=hidden",
    "datasets?type=spectrum&access=granted",
    "schema",
    "schema?schema=hidden_dr1",
    "schema?schema=tap_schema",
    "openapi.json",
    "nothing",
]
API += [
    f"datasets/{dataset}{tail}"
    for dataset in (STARS, SPECTRA, CLOSED, HALF, *HIDDEN)
    for tail in ("", "/downloads")
]
API += [f"datasets/{d}/tables/{t}" for d, t in ((SPECTRA, "catalogue"), (CLOSED, "stars"), (HIDDEN[0], "stars"))]
API += [
    f"products/{dataset}/lrs/{{key}}{tail}"
    for dataset in (SPECTRA, CLOSED, HALF, *HIDDEN)
    for tail in ("", "/spectrum", "/spectrum.csv", "/spectrum.png")
]
DOWNLOADS = [f"/download/{dataset}/lrs/{{key}}" for dataset in (SPECTRA, CLOSED, HALF, *HIDDEN)]
DOWNLOADS += ["/sas", "/sas/", "/sas/hidden/", "/sas/lamost-sim/dr10/"]
DOWNLOADS += [
    f"/sas/{dataset}/{inside}"
    for dataset in (STARS, SPECTRA, CLOSED, HALF, *HIDDEN)
    for inside in ("", "lrs/", "lrs", "catalogues/", "catalogues/SHA256SUMS")
]
VO = ["tap", "tap/capabilities", "tap/tables", "tap/tables?detail=min", "tap/examples", "tap/availability"]
VO += [f"tap/tables/{name}" for name in ("hidden_dr1.stars", "lamost_sim_dr10.catalogue", "ivoa.ObsCore")]
VO += [
    f"{dataset}/{table}/scs{tail}"
    for dataset, table in ((STARS, "main"), (CLOSED, "stars"), (HIDDEN[0], "stars"), (HIDDEN[1], "catalogue"))
    for tail in ("", "?RA=10&DEC=20&SR=1", "?RA=10&DEC=20&SR=180&VERB=3&MAXREC=0", "/capabilities", "/tables")
]
VO += ["datalink/capabilities", "datalink/links", "nothing"]
VO += [
    "datalink/links?ID=" + quote(f"ivo://archive.example/{dataset}/lrs?{{key}}", safe="{}")
    for dataset in (SPECTRA, CLOSED, HALF, *HIDDEN)
]
QUERIES = [
    *(f"SELECT * FROM tap_schema.{name}" for name in ("schemas", "tables", "columns", "keys", "key_columns")),
    "SELECT COUNT(*) AS n, MAX(table_index) AS t, MAX(key_id) AS k FROM tap_schema.tables, tap_schema.keys",
    "SELECT TOP 5 * FROM tap_schema.columns ORDER BY column_name DESC",
    "SELECT table_name FROM tap_schema.tables WHERE table_name IN (SELECT table_name FROM tap_schema.columns)",
    "SELECT s.schema_name, t.table_name FROM tap_schema.schemas AS s LEFT JOIN tap_schema.tables AS t"
    " ON s.schema_name = t.schema_name",
    "WITH every AS (SELECT * FROM tap_schema.tables) SELECT COUNT(*) AS n FROM every",
    "SELECT table_name FROM tap_schema.tables UNION ALL SELECT table_name FROM tap_schema.columns",
    "SELECT * FROM ivoa.obscore",
    "SELECT COUNT(*) AS n, MIN(t_min) AS a, MAX(t_max) AS b, AVG(s_ra) AS c FROM ivoa.obscore",
    "SELECT obs_collection, COUNT(*) AS n FROM ivoa.obscore GROUP BY obs_collection ORDER BY obs_collection",
    "SELECT TOP 3 obs_publisher_did FROM ivoa.obscore",
    "SELECT * FROM ivoa.obscore WHERE obs_publisher_did LIKE '%hidden%'",
    "SELECT TOP 7 * FROM ivoa.obscore WHERE 1 = CONTAINS(POINT('ICRS', s_ra, s_dec), CIRCLE('ICRS', 56, 22, 20))",
    "SELECT TOP 3 * FROM lamost_sim_dr10.catalogue ORDER BY obsid",
    "SELECT TOP 3 * FROM lamost_sim.stellar ORDER BY obsid",
    "SELECT COUNT(*) AS n FROM hipparcos.main",
    "SELECT * FROM hidden_dr1.stars",
    "SELECT * FROM HIDDEN_DR1.nothing",
    "SELECT * FROM hidden_dr.stars",
    "SELECT * FROM hiden_dr1.stars",
    "SELECT * FROM hidden.stars",
    "SELECT * FROM half_dr1.star",
    "SELECT * FROM secret_dr1.stars",
    "SELECT * FROM lamost_sim_dr10_v2_5.catalogue",
    "SELECT * FROM lamost_sim_dr10_v2_4.catalogue",
    "SELECT * FROM stars",
    "SELECT hidden_mag FROM half_dr1.stars",
    "SELECT hiden_mag FROM hipparcos.main",
    "SELECT _policy FROM ivoa.obscore",
    "SELECT _policy FROM tap_schema.tables",
]
PATHS = [*PAGES, *(f"/zh{path}" for path in PAGES), *OTHER, *(f"/api/v1/{p}" for p in API), "/api/docs"]
PATHS += [*DOWNLOADS, *(f"/vo/{p}" for p in VO)]


#: headers that tell of the moment: how an answer is framed depends on how soon its last byte was there
VARYING = ("date", "expires", "set-cookie", "content-length", "transfer-encoding")


@pytest.fixture(scope="module")
def key(without_hidden: Site) -> str:
    """A product that is in every set of spectra."""
    text = fetch(
        without_hidden.address, tap("SELECT obs_id FROM ivoa.obscore WHERE obs_collection = 'half data'")
    ).text
    return text.split()[1]


def said(site: Site, path: str, **more: object) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, without what differs between any two answers of one server."""
    reply: Reply = fetch(site.address, path, **more)  # type: ignore[arg-type]
    headers = {k: v for k, v in reply.headers.items() if k not in VARYING}
    headers["cookies"] = re.sub(r"=[^;]*;", "=;", reply.headers.get("set-cookie", ""))
    body = reply.body.replace(site.address.encode(), b"http://site")
    body = re.sub(rb'(csrf\w*" value="|csrf_?token" content="|"csrf\w*": ?")[\w-]+', rb"\1", body)
    body = re.sub(rb"(<vosi:upSince>)[^<]+", rb"\1", body)
    return reply.status, {k: v.replace(site.address, "http://site") for k, v in headers.items()}, body


@pytest.mark.parametrize("path", PATHS)
def test_no_byte_of_an_address_changes(with_hidden: Site, without_hidden: Site, key: str, path: str) -> None:
    path = path.replace("{key}", key)
    expected, given = said(without_hidden, path), said(with_hidden, path)
    assert given == expected
    assert given[0] < 500


@pytest.mark.parametrize("form", ["csv", "votable/td"])
@pytest.mark.parametrize("adql", QUERIES)
def test_no_byte_of_a_query_changes(with_hidden: Site, without_hidden: Site, adql: str, form: str) -> None:
    expected, given = said(without_hidden, tap(adql, form)), said(with_hidden, tap(adql, form))
    assert given == expected
    assert given[0] < 500
    body = json.dumps({"adql": adql, "limit": 50}).encode()
    asked = {"method": "POST", "body": body, "headers": {"Content-Type": "application/json"}}
    assert said(with_hidden, "/api/v1/query", **asked) == said(without_hidden, "/api/v1/query", **asked)


def test_the_hidden_is_there_for_its_group(with_hidden: Site, key: str) -> None:
    """Else the tests above would show nothing."""
    member = with_hidden.archive.headers("member")
    for path in (
        tap("SELECT * FROM hidden_dr1.stars"),
        f"/data/{HIDDEN[1]}/",
        f"/download/{HIDDEN[0]}/lrs/{key}",
        f"/vo/{HIDDEN[0]}/stars/scs?RA=10&DEC=20&SR=1",
    ):
        assert fetch(with_hidden.address, path, headers=member).status == 200, path
        assert fetch(with_hidden.address, path).status in (400, 404), path
    count = tap("SELECT COUNT(*) AS n FROM ivoa.obscore")
    seen = [int(fetch(with_hidden.address, count, headers=h).text.split()[1]) for h in ({}, member)]
    assert seen[0] < seen[1]
