"""The LAMOST OpenAPI beyond what was captured: grammar, pages, errors, who may have what, old addresses."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pytest
import yaml
from astropy.io import fits

from tests.compat.conftest import BASE, Served
from tests.support.captured import Captured
from tests.support.web import Reply, fetch

PLACE = {"racenter": 10.0004738, "deccenter": 40.9952444}
TEFF = {"column_name": "teff"}
OLD = "/dr10/v2.0"


def ask(lamost: Served, table: str = "combined", **body: Any) -> Reply:
    body = {key.replace("output_fmt", "output.fmt"): value for key, value in body.items()}
    return lamost.post(f"query/{table}", json.dumps(body).encode())


def obsids(reply: Reply) -> list[int]:
    assert reply.status == 200, reply.text
    return [row["obsid"] for row in reply.json]


def teff(captured: Captured) -> dict[int, float | None]:
    return {int(r["obsid"]): None if r.get("teff") in (None, "") else float(r["teff"]) for r in captured.combined}


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ({"operation": "between", "min": "5000", "max": 6000}, lambda v: v is not None and 5000 <= v <= 6000),
        ({"operation": "less", "constraint": "4000"}, lambda v: v is not None and v < 4000),
        ({"operation": "greaterequal", "constraint": 6000}, lambda v: v is not None and v >= 6000),
        ({"operation": "isnull"}, lambda v: v is None),
        ({"operation": "notnull"}, lambda v: v is not None),
    ],
)
def test_conditions_on_numbers(lamost: Served, captured: Captured, said: dict[str, Any], holds: Any) -> None:
    wanted = {obsid for obsid, value in teff(captured).items() if holds(value)}
    known = set(teff(captured))
    found = ask(lamost, column_constraints=[{"column_name": "teff", **said}], showcol=["obsid"])
    assert set(obsids(found)) & known == wanted


def test_conditions_on_texts_and_lists(lamost: Served, captured: Captured) -> None:
    stars = {int(r["obsid"]) for r in captured.combined if str(r["subclass"]).lower().startswith("k")}
    said = [{"column_name": "subclass", "operation": "contains", "constraint": "k"}]
    assert stars <= set(obsids(ask(lamost, column_constraints=said, showcol="obsid")))
    listed = {"column_name": "obsid", "operation": "in", "textarea": "403127\n 475306190, 1;2"}
    assert set(obsids(ask(lamost, column_constraints=[listed], showcol=["obsid"]))) == {403127, 475306190}


def test_integers_beyond_all_columns_match_nothing(lamost: Served) -> None:
    for value in ("9" * 30, 10**25, -(10**25)):
        said = {"column_name": "obsid", "operation": "equal", "constraint": value}
        assert obsids(ask(lamost, column_constraints=[said])) == []


def test_places(lamost: Served, captured: Captured) -> None:
    every = obsids(ask(lamost, pos={"cone": {**PLACE, "radius": 720}}, showcol=["obsid"]))
    assert sorted(every) == sorted(int(row["obsid"]) for row in captured.cone)  # all of them, not the nearest
    nearest = ask(lamost, pos={"cone": {**PLACE, "radius": 720, "cone_nearestonly": True}}, showcol=["obsid"])
    assert len(obsids(nearest)) == 1
    field = {"ramin": 359, "ramax": 10.1, "decmin": 40.9, "decmax": 41.0}
    found = ask(lamost, pos={"rect": field}, showcol=["obsid", "ra", "dec"]).json
    wanted = [r for r in captured.combined if float(r["ra"]) <= 10.1 and 40.9 <= float(r["dec"]) <= 41.0]
    assert {row["obsid"] for row in found} == {int(row["obsid"]) for row in wanted}
    text = "# mine\nra,dec,sep\n00:40:49.08,41.0645,2.0\n1.0,1.0,2.0"
    near = ask(lamost, pos={"type": "proximity", "proximity": {"radecTextarea": text}}, showcol=["obsid"]).json
    assert [row["obsid"] for row in near] == [403127]
    assert set(near[0]) == {
        "inputobjs_input_line", "inputobjs_ra", "inputobjs_dec", "inputobjs_dist_arcsec", "obsid"
    }  # fmt: skip


def test_pages_of_a_body(lamost: Served) -> None:
    everything = obsids(ask(lamost, showcol=["obsid"], sort="obsid"))
    assert everything == sorted(everything)
    assert obsids(ask(lamost, showcol=["obsid"], rows=7, page=3)) == everything[14:21]
    assert obsids(ask(lamost, showcol=["obsid"], limit=5, offset=9)) == everything[9:14]
    assert obsids(ask(lamost, showcol=["obsid"], sort="obsid", order="desc", limit=2)) == everything[:-3:-1]


def as_pylamost_pages(lamost: Served, number: int, count: int, rows: int) -> list[int]:
    """Fetch all pages as that client does: the last one with as many rows as are left."""
    found: list[int] = []
    for page in range(1, -(-count // rows) + 1):
        asked = rows if page * rows <= count else count - (page - 1) * rows
        reply = lamost.get("get_query_result", sqlid=number, rows=asked, page=page, output_fmt="json")
        found += obsids(reply)
    return found


@pytest.mark.parametrize("rows", [100, 50, 200, 1000])
def test_every_row_comes_once_whatever_the_page_size(lamost: Served, rows: int) -> None:
    number = ask(lamost, showcol=["obsid"], output_fmt="html").json["sqlid"]
    count = lamost.get("get_query_result_count", sqlid=number).json
    assert type(count) is int  # bare: the client adds it up
    found = as_pylamost_pages(lamost, number, count, rows)
    assert len(found) == count and len(set(found)) == count


def test_an_honest_page_of_the_same_numbers_is_not_mistaken(lamost: Served) -> None:
    """With pages of 50 all along, the third is rows 101 to 150, also where larger pages would end there."""
    said = [{"column_name": "obsid", "operation": "in", "textarea": "\n".join(map(str, _some(lamost, 250)))}]
    number = ask(lamost, column_constraints=said, showcol=["obsid"], output_fmt="html").json["sqlid"]
    pages = [lamost.get("get_query_result", sqlid=number, rows=50, page=n) for n in (1, 2, 3)]
    assert len({obsid for page in pages for obsid in obsids(page)}) == 150
    other = lamost.get("get_query_result", sqlid=number, rows=100, page=1, token=lamost.site.token)
    last = lamost.get("get_query_result", sqlid=number, rows=50, page=3, token=lamost.site.token)
    assert set(obsids(last)).isdisjoint(obsids(other)) and max(obsids(last)) == max(_some(lamost, 250))


def _some(lamost: Served, count: int) -> list[int]:
    return obsids(lamost.get("sql", sql=f"select obsid from combined order by obsid limit {count}"))


WRONG: list[tuple[str, dict[str, Any], int, str]] = [
    ("sql", {}, 400, "params.missing"),
    ("sql", {"sql": "selec 1"}, 400, "adql.syntax"),
    ("sql", {"sql": "select pg_sleep(1) from combined"}, 400, "adql.not_supported"),
    ("sql", {"sql": "select nothing from combined"}, 400, "adql.unknown_column"),
    ("sql", {"sql": "select 1 from combined", "output_fmt": "fits"}, 400, "compat.format"),
    ("sql", {"sql": "select 1 from lamost_dr12_v0.combined"}, 400, "adql.unknown_table"),
    ("lrs/voservice/conesearch", {"ra": 1, "dec": 1}, 400, "params.missing"),
    ("lrs/voservice/conesearch", {"ra": "x", "dec": 1, "sr": 1}, 400, "params.not_a_number"),
    ("lrs/voservice/conesearch", {"ra": 1, "dec": 91, "sr": 1}, 400, "params.out_of_range"),
    ("lrs/voservice/ssap", {"pos": "1", "size": 1}, 400, "compat.value"),
    ("lrs/voservice/ssap", {"pos": "1,99", "size": 1}, 400, "cone.invalid"),
    ("xrs/voservice/ssap", {"pos": "1,1", "size": 1}, 404, "compat.no_set"),
    ("lrs/spectrum/info", {}, 400, "params.missing"),
    ("lrs/spectrum/info", {"obsid": "x"}, 400, "compat.value"),
    ("lrs/spectrum/info", {"obsid": "--5"}, 400, "compat.value"),
    ("lrs/spectrum/fits", {"obsid": "1"}, 404, "products.no_product"),
    ("lrs/spectrum/fits", {"obsid": "../../x"}, 404, "products.no_product"),
    ("lrs/catalog", {"name": "../x.fits.gz"}, 404, "downloads.unknown"),
    ("get_query_result_count", {"sqlid": "x"}, 400, "compat.value"),
    ("get_query_result", {"sqlid": 1, "page": 0}, 400, "compat.value"),
    ("get_query_result", {"sqlid": 1}, 404, "compat.no_query"),
    ("get_unique_id_and_related_obsids", {}, 400, "params.missing"),
    ("get_unique_id_and_related_obsids", {"obsid": "no number"}, 404, "compat.no_source"),
    ("lrs", {}, 404, "compat.no_operation"),
    ("/openapi/dr99/v0/sql", {"sql": "x"}, 404, "compat.no_release"),
    ("/openapi/dr12/v0/sql", {"sql": "x"}, 404, "compat.no_release"),
]


@pytest.mark.parametrize(("path", "params", "status", "code"), WRONG)
def test_wrong_parameters(lamost: Served, path: str, params: dict[str, Any], status: int, code: str) -> None:
    reply = lamost.get(path, **params)
    assert (reply.status, reply.json["code"]) == (status, code)
    assert reply.json["error"] in ("Bad Request", "Not Found") and reply.json["description"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"wrong": 1}, "compat.body"),
        ({"rows": 0}, "compat.body"),
        ({"pos": {"cone": {"racenter": 400, "deccenter": 0}}}, "compat.body"),
        ({"pos": {"proximity": {"radecTextarea": "no place"}}}, "positions.header"),
        ({"pos": {"cone": PLACE}, "pos_group": "x,y"}, "compat.positions"),
        ({"showcol": ["nothing"]}, "adql.unknown_column"),
        (
            {"column_constraints": [{"column_name": "teff", "operation": "less", "constraint": "hot"}]},
            "compat.value",
        ),
        ({"column_constraints": [{"column_name": "teff", "operation": "between", "min": 1}]}, "compat.value"),
        ({"column_constraints": [{"column_name": "teff", "operation": "near"}]}, "compat.body"),
        ({"output.fmt": "xml"}, "compat.format"),
    ],
)
def test_wrong_bodies(lamost: Served, body: dict[str, Any], code: str) -> None:
    reply = lamost.post("query/combined", json.dumps(body).encode())
    assert (reply.status, reply.json["code"]) == (400, code)


@pytest.mark.parametrize("body", [b"[", b"\xff", b"[" * 100_000, b'"text"', b"1e999"])
def test_bodies_that_are_none(lamost: Served, body: bytes) -> None:
    assert lamost.post("query/combined", body).json["code"] == "compat.body"


def test_closed_and_hidden_releases(lamost: Served) -> None:
    token = lamost.site.token
    query = {"sql": "select obsid from combined limit 1"}
    closed = lamost.get("/openapi/dr11/v0/sql", **query)
    assert (closed.status, closed.json["code"]) == (401, "policy.closed")
    assert lamost.get("/openapi/dr11/v0/sql", token=token, **query).status == 200
    assert lamost.get("/openapi/dr11/v0/tables").json == []
    for tail in ("lrs/voservice/conesearch?ra=1&dec=1&sr=1", "lrs/footprint", "lrs/spectrum/fits?obsid=353301001"):
        assert lamost.get(f"/openapi/dr11/v0/{tail}").status == 401
        assert lamost.get(f"/openapi/dr12/v0/{tail}").status == 404
    member = lamost.get("/openapi/dr_versions", token=token).json["versions"]
    assert [one["dr_version"] for one in member] == ["dr10", "dr11", "dr12"]
    private = lamost.get("/openapi/dr12/v0/sql", token=token, **query)
    assert private.status == 200 and private.headers["cache-control"] == "private, no-store"
    wrong = lamost.get("sql", token="nothing", **query)
    assert wrong.status == 401 and wrong.json["description"].startswith("please check your token")


def test_a_number_of_a_query_opens_nothing(lamost: Served) -> None:
    token = lamost.site.token
    made = fetch(
        lamost.address, f"/openapi/dr11/v0/query/combined?token={token}", "POST",
        headers={"Content-Type": "application/json"}, body=b'{"output.fmt": "html"}',
    )  # fmt: skip
    number = made.json["sqlid"]
    assert lamost.get("/openapi/dr11/v0/get_query_result_count", sqlid=number).status == 401
    assert lamost.get("/openapi/dr11/v0/get_query_result_count", sqlid=number, token=token).status == 200
    assert lamost.get("get_query_result_count", sqlid=number).json["code"] == "compat.other_release"


def test_the_catalogue_of_postgresql_tells_what_is_seen(lamost: Served) -> None:
    look = (
        "select a.attname from pg_catalog.pg_attribute a, pg_class c where a.attrelid = c.oid "
        "and c.relname = 'stellar' and a.attnum > 0 and not a.attisdropped order by a.attnum"
    )
    columns = [one["column_name"] for one in _table(lamost, "stellar")]
    assert [row["attname"] for row in lamost.get("sql", sql=look).json] == columns
    listed = "select table_name from information_schema.tables"
    assert len(lamost.get("sql", sql=listed).json) == 18
    closed = "/openapi/dr11/v0/sql"
    assert lamost.get(closed, sql=listed).json == []
    assert len(lamost.get(closed, sql=listed, token=lamost.site.token).json) == 2


def _table(lamost: Served, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = next(t["columns"] for t in lamost.get("tables").json if t["table_name"] == name)
    return found


def test_joins_cases_and_places_in_postgresql(lamost: Served, captured: Captured) -> None:
    joined = "select c.obsid,s.teff from catalogue c, stellar s where c.obsid=s.obsid limit 10"
    rows = lamost.get("sql", sql=joined).json
    assert len(rows) == 10 and all(float(row["teff"]) == teff(captured)[row["obsid"]] for row in rows)
    cone = "select obsid from combined where q3c_radial_query(ra, dec, 10.0004738, 40.9952444, 0.2)"
    assert sorted(obsids(lamost.get("sql", sql=cone))) == sorted(int(row["obsid"]) for row in captured.cone)
    cases = "select obsid, case when teff is null then 'no' else 'yes' end k from combined"
    answers = {row["obsid"]: row["k"] for row in lamost.get("sql", sql=cases).json}
    assert all(answers[o] == ("no" if value is None else "yes") for o, value in teff(captured).items())
    refused = "select obsid from combined where subclass not ilike 'k%' and teff is not null"
    wanted = {int(r["obsid"]) for r in captured.combined if not str(r["subclass"]).lower().startswith("k")}
    assert set(obsids(lamost.get("sql", sql=refused))) == {o for o in wanted if teff(captured)[o] is not None}


@pytest.mark.parametrize(
    ("path", "modern"),
    [
        ("spectrum/fits/353301001", "lrs/spectrum/fits?obsid=353301001"),
        ("spectrum/png/353301001", "lrs/spectrum/png?obsid=353301001"),
        ("spectrum/fits2csv/353301001", "lrs/spectrum/fits2csv?obsid=353301001"),
        ("spectrum/info/686112127", "lrs/spectrum/info?obsid=686112127"),
        ("medvoservice/conesearch?ra=97.26&dec=20.6&sr=0.1", "mrs/voservice/conesearch?ra=97.26&dec=20.6&sr=0.1"),
        ("voservice/ssap?pos=10,41&size=0.1", "lrs/voservice/ssap?pos=10,41&size=0.1"),
    ],
)
def test_old_addresses_are_the_same_operations(lamost: Served, path: str, modern: str) -> None:
    old, new = lamost.get(f"{OLD}/{path}"), lamost.get(modern)
    assert (old.status, old.body) == (200, new.body)


def test_catalogues_by_the_name_of_the_file_they_came_from(lamost: Served) -> None:
    reply = lamost.get("lrs/catalog", name="stellar.fits.gz")
    assert reply.headers["content-disposition"] == "attachment; filename=stellar.fits.gz"
    assert reply.headers["content-type"] == "application/gzip"
    with fits.open(io.BytesIO(gzip.decompress(reply.body))) as opened:
        assert len(opened[1].data) == lamost.get("sql", sql="select count(*) n from stellar").json[0]["n"]
    ours = lamost.get("lrs/catalog", name="lamost_dr10_v2_0_stellar.fits.gz")
    assert ours.body == reply.body
    assert lamost.get(f"{OLD}/catdl", name="stellar.fits.gz").body == reply.body


def test_old_forms_and_ways_elsewhere(lamost: Served) -> None:
    form = {"sql": "select obsid from combined order by obsid limit 1", "output.fmt": "csv"}
    reply = fetch(lamost.address, f"{OLD}/sql/q", "POST", params=form)
    assert reply.body.startswith(b"\xef\xbb\xbfobsid\r\n")
    number = ask(lamost, showcol=["obsid"], output_fmt="html").json["sqlid"]
    told = lamost.get(f"{OLD}/medcas/sqlid/{number}", output_fmt="dbgrid", rows=3, page=2).json
    assert set(told) == {"total", "rows"} and len(told["rows"]) == 3
    for path, target in {
        "voservice/tap/sync": "/vo/tap/sync",
        "search?obsid=1": "/data/lamost/dr10/v2.0/products/lrs/1",
        "catalogue": "/data/lamost/dr10/v2.0/",
        "sas/fits/20150913/x.fits.gz": "/sas/lamost/dr10/v2.0/lrs/20150913/x.fits.gz",
    }.items():
        reply = lamost.get(f"{OLD}/{path}")
        assert reply.status == 307 and reply.headers["location"].split("?")[0] == target
    # what is hidden is answered as what is not there
    hidden, missing = (lamost.get(f"/{name}/v0/spectrum/fits/1") for name in ("dr12", "dr99"))
    assert hidden.text.replace("dr12", "dr99") == missing.text and hidden.status == missing.status == 404
    assert lamost.get("/dr10/nothing/else").headers["content-type"].startswith("text/plain")


def test_the_description_lists_every_operation(lamost: Served) -> None:
    from tianku.compat.lamost.routes import OF_RELEASE, OF_SET

    said = yaml.safe_load(lamost.get("/openapi/openapi.yaml").body)
    paths = {"/".join(path.split("/")[3:]) for path in said["paths"]}
    wanted = {"/".join(one) for one in OF_RELEASE} | {"{resolution}/" + "/".join(one) for one in OF_SET}
    assert wanted | {"query/{table}", ""} == paths
    for language in ("en", "zh"):
        page = lamost.get("/openapi/docs", lang=language)
        assert page.status == 200 and page.headers["content-language"] == language
    assert said["servers"][0]["url"] + BASE.removeprefix("/openapi") == lamost.address + BASE
