"""The NADC query interface: the shapes of the captured replies, and what can be asked."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.compat.conftest import Served
from tests.support.captured import Captured
from tests.support.web import Reply

ROOT = "/query/openapi"
CAT = f"{ROOT}/catalogs/lamost"
SPECTRUM = "353301001"


def captured_json(captured: Captured, catalogue: str, name: str) -> Any:
    return json.loads((captured.folder.parent / catalogue / f"{name}.json").read_text())


def post(lamost: Served, path: str, **body: Any) -> Reply:
    return lamost.post(
        f"{CAT}/{path}", json.dumps({k.replace("_fmt", ".fmt"): v for k, v in body.items()}).encode()
    )


@pytest.mark.parametrize("catalogue", ["cstar", "scuss", "legacyplate"])
def test_shapes_are_those_captured(lamost: Served, captured: Captured, catalogue: str) -> None:
    theirs = captured_json(captured, catalogue, "catalog_metadata")
    ours = lamost.get(CAT).json
    assert set(ours) == set(theirs)
    for part in ("capabilities", "query_status", "file_download"):
        assert set(ours[part]) == set(theirs[part])
    tables, said = lamost.get(f"{CAT}/tables").json, captured_json(captured, catalogue, "tables")
    assert set(tables) == set(said) and set(tables["tables"][0]) == set(said["tables"][0])
    columns, said = (
        lamost.get(f"{CAT}/tables/combined/columns").json,
        captured_json(captured, catalogue, "columns"),
    )
    assert set(columns) == set(said) and set(columns["columns"][0]) == set(said["columns"][0])
    submitted, said = (
        post(lamost, "query", output_fmt="html").json,
        captured_json(captured, catalogue, "query_submit"),
    )
    assert set(submitted) == set(said) and type(submitted["sqlid"]) is int
    assert set(submitted["metacols"][0]) == set(said["metacols"][0])


def test_listing_and_words(lamost: Served) -> None:
    (row,) = lamost.get(f"{ROOT}/get_catalogs").json["rows"]
    assert (row["catname"], row["datatype"], row["queryable"]) == ("lamost", "catalog,spectrum", True)
    assert lamost.get(f"{ROOT}/ping").status == 200
    tables = lamost.get(f"{CAT}/tables").json["tables"]
    assert {one["tblname"] for one in tables} == {one["table_name"] for one in lamost.get("tables").json}
    assert next(one for one in tables if one["tblname"] == "combined")["pos_group"] == "ra,dec"
    groups = lamost.get(f"{CAT}/tables/combined/coordinate_groups").json["coordinate_groups"]
    assert [one["name"] for one in groups] == ["ra,dec"]
    assert lamost.get(f"{CAT}/docs").json == {"rows": []}


def test_submit_count_page(lamost: Served, captured: Captured) -> None:
    place = {"racenter": 10.0004738, "deccenter": 40.9952444, "radius": 720}
    made = post(
        lamost, "tables/combined/query", output_fmt="html", pos={"type": "cone", "cone": place},
        showcol=["obsid", "ra", "lmjd"],
    ).json  # fmt: skip
    assert [one["colname"] for one in made["metacols"]] == ["obsid", "lmjd", "ra"]
    where = f"{ROOT}/sqlid/{made['sqlid']}"
    assert lamost.get(f"{where}/count").json == 195
    rows = [row for page in (1, 2, 3, 4) for row in lamost.get(f"{where}/results.json", page=page, rows=50).json]
    theirs = {int(row["obsid"]): row for row in captured.cone}
    assert sorted(row["obsid"] for row in rows) == sorted(theirs)
    assert all(row["ra"] == theirs[row["obsid"]]["ra"] for row in rows)
    last = lamost.get(f"{where}/results.json", rows=1, sort="lmjd", order="desc").json
    assert last[0]["lmjd"] == max(int(row["lmjd"]) for row in captured.cone)
    for form, start in {
        "csv": b"\xef\xbb\xbfobsid,ra,lmjd\r\n",
        "txt": b"obsid\tra\tlmjd\n",
        "votable": b"<?xml",
    }.items():
        assert lamost.get(f"{where}/results.{form}", rows=2).body.startswith(start)


def test_cones(lamost: Served, captured: Captured) -> None:
    cone = {"RA": 10.0004738, "DEC": 40.9952444, "SR": 0.2, "output_fmt": "json"}
    found = lamost.get(f"{CAT}/tables/combined/vo/conesearch", coordinate_group="ra,dec", **cone).json
    assert sorted(row["obsid"] for row in found) == sorted(int(row["obsid"]) for row in captured.cone)
    assert set(lamost.get(f"{CAT}/tables/combined/vo/conesearch", VERB=1, **cone).json[0]) == {
        "obsid",
        "ra",
        "dec",
    }
    assert lamost.get(f"{ROOT}/vo/lamost/conesearch", **cone).status == 200


def test_files_and_archives(lamost: Served, captured: Captured) -> None:
    original: Path = next(captured.folder.glob("spec-*.fits.gz"))
    one = lamost.get(f"{CAT}/file", id=SPECTRUM)
    assert one.body == original.read_bytes()
    assert one.headers["content-disposition"] == f"attachment; filename={original.name}"
    reply = post(lamost, "download", fmt="targz", id_list=[SPECTRUM, int(SPECTRUM)])
    assert reply.headers["content-disposition"] == "attachment; filename=lamost.tar.gz"
    with tarfile.open(fileobj=io.BytesIO(reply.body)) as packed:
        (member,) = packed.getmembers()
        content = packed.extractfile(member)
        assert member.name == original.name and content is not None and content.read() == original.read_bytes()
    listed = post(lamost, "download", fmt="urllist", id_list=SPECTRUM).text.split()
    assert lamost.get(listed[0].removeprefix(lamost.address)).body == original.read_bytes()


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("catalogs/nothing", {}, 404, "compat.no_catalogue"),
        ("catalogs/lamost/tables/nothing/columns", {}, 404, "table.unknown"),
        ("catalogs/lamost/docs/1", {}, 404, "compat.no_document"),
        ("catalogs/lamost/file", {}, 400, "params.missing"),
        ("catalogs/lamost/file", {"id": "1"}, 404, "products.no_product"),
        ("catalogs/lamost/file", {"id": SPECTRUM, "category": "png"}, 404, "products.no_file"),
        ("vo/lamost/conesearch", {"RA": 1}, 400, "params.missing"),
        ("vo/lamost/conesearch", {"RA": 1, "DEC": 1, "SR": 1, "VERB": 4}, 400, "compat.value"),
        ("vo/lamost/siap", {"POS": "1,1"}, 404, "compat.no_images"),
        ("sqlid/1/count", {}, 404, "compat.no_query"),
        ("sqlid/x/results.json", {}, 400, "compat.value"),
        ("sqlid/1/results.xml", {}, 400, "compat.format"),
        ("nothing", {}, 404, "compat.no_operation"),
    ],
)
def test_wrong_parameters(lamost: Served, path: str, params: dict[str, Any], status: int, code: str) -> None:
    reply = lamost.get(f"{ROOT}/{path}", **params)
    assert (reply.status, reply.json["error_code"]) == (status, code)
    assert set(reply.json) == {"error_code", "message", "method", "path", "status_code"}


@pytest.mark.parametrize(
    "body", [{}, {"fmt": "samba", "id_list": ["1"]}, {"fmt": "targz", "sqlid": 1, "id_list": ["1"]}, {"x": 1}]
)
def test_wrong_downloads(lamost: Served, body: dict[str, Any]) -> None:
    reply = post(lamost, "download", **body)
    assert (reply.status, reply.json["error_code"]) == (400, "compat.body")
    assert reply.json["message"]


def test_who_may_have_what(lamost: Served) -> None:
    """The newest release that a caller may read stands under the name."""
    member = {"Authorization": f"Bearer {lamost.site.token}"}
    assert lamost.get(CAT).json["intro_en"] == "/data/lamost/dr10/v2.0/"
    assert lamost.get(CAT, headers=member).json["intro_en"] == "/data/lamost/dr12/v0/"
    assert lamost.get(CAT, token=lamost.site.token).json["intro_en"] == "/data/lamost/dr12/v0/"
    assert lamost.get(CAT, token="nothing").json["error_code"] == "identity.credentials"
