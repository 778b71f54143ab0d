"""Every captured reply as an expectation: keys, types, shapes, and values of all rows that could be loaded.

Repairs of types, each against the standard or the service's own list of columns: VOTables are typed (``/sql``
declared every column a text), days are texts with the xtype of an instant (``datatype="date"`` is none of
VOTable), two columns without a type are texts, fields have names of their own and no empty ``arraysize``.
"""

from __future__ import annotations

import io
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse
from astropy.table import Table

from tests.compat.conftest import Served, opened
from tests.support.captured import Captured, Row, build_lamost
from tianku.usecases.installation import connect

CONE = {"ra": 10.0004738, "dec": 40.9952444, "sr": 0.2}
SQL = "SELECT * FROM combined LIMIT 3"


def same(ours: Any, theirs: Any) -> bool:
    """Whether a value of ours says what theirs does, whatever its type."""
    missing = [one is None or one == "" or (isinstance(one, float) and math.isnan(one)) for one in (ours, theirs)]
    if any(missing):
        return all(missing)
    try:
        return float(ours) == float(theirs)
    except ValueError:
        return str(ours).removesuffix("T00:00:00") == str(theirs)


def differences(ours: Row, theirs: Row, names: set[str]) -> dict[str, tuple[Any, Any]]:
    return {n: (ours[n], theirs[n]) for n in names if not same(ours[n], theirs[n])}


def rows_of(table: Table) -> list[Row]:
    columns = {name: table[name].tolist() for name in table.colnames}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def votable(body: bytes) -> Table:
    return parse(io.BytesIO(body), verify="exception").get_first_table().to_table(use_names_over_ids=True)


def schema(captured: Captured) -> dict[str, str]:
    return {one["column_name"]: one["datatype"] or "char" for one in captured.tables["combined"]}


def test_cone_reply(lamost: Served, captured: Captured) -> None:
    reply = lamost.get("lrs/voservice/conesearch", **CONE)
    assert reply.status == 200 and reply.headers["content-type"] == "application/xml-votable"
    ours = {int(row["obsid"]): row for row in rows_of(votable(reply.body))}
    theirs = {int(row["obsid"]): row for row in captured.cone}
    assert set(ours) == set(theirs) and len(ours) == 195
    names = set(schema(captured)) & set(captured.cone[0])
    assert len(names) > 270
    assert {obsid: found for obsid in ours if (found := differences(ours[obsid], theirs[obsid], names))} == {}


def test_cone_reply_types(lamost: Served, captured: Captured) -> None:
    fields, _ = captured.votable("conesearch_response")
    table = parse(io.BytesIO(lamost.get("lrs/voservice/conesearch", **CONE).body)).get_first_table()
    ours = {field.name: (field.datatype, field.arraysize) for field in table.fields}
    for field in fields:
        if field["name"] in ours and field.get("datatype") and field["datatype"] != "date":
            assert ours[field["name"]][0].replace("unicodeChar", "char") == field["datatype"], field["name"]
    assert ours["obsdate"] == ("char", "*")


@pytest.mark.parametrize("form", ["json", "csv"])
def test_cone_in_other_formats_has_the_same_rows(lamost: Served, captured: Captured, form: str) -> None:
    reply = lamost.get("lrs/voservice/conesearch", output_fmt=form, **CONE)
    if form == "json":
        found = [row["obsid"] for row in reply.json]
    else:
        assert reply.body.startswith(b"\xef\xbb\xbf")
        found = [int(line.split(",")[0]) for line in reply.body.decode("utf-8-sig").splitlines()[1:]]
    assert sorted(found) == sorted(int(row["obsid"]) for row in captured.cone)


def test_ssap_reply(lamost: Served, captured: Captured) -> None:
    reply = lamost.get("lrs/voservice/ssap", pos="10.0,40.0", size=0.2, output_fmt="votable")
    ours = {int(row["obsid"]): row for row in rows_of(votable(reply.body))}
    theirs = {int(row["obsid"]): row for row in captured.ssap}
    assert set(ours) == set(theirs) and len(ours) == 225
    names = (set(schema(captured)) | {"ssa_dstitle", "mime", "ssa_pubDID", "ssa_length", "ssa_aperture"}) & set(
        captured.ssap[0]
    )
    assert {obsid: found for obsid in ours if (found := differences(ours[obsid], theirs[obsid], names))} == {}
    for obsid, row in ours.items():
        assert row["accref"] == f"{lamost.address}/openapi/dr10/v2.0/lrs/spectrum/fits?obsid={obsid}"
        there = [float(one) for one in theirs[obsid]["ssa_location"].split()]
        assert [float(one) for one in row["ssa_location"].split()] == there


def test_sql_replies(lamost: Served, captured: Captured) -> None:
    """Which three rows LIMIT gives is nobody's promise: the shapes are, and the values of the same rows."""
    theirs = captured.json("sql_response_json")
    free = lamost.get("sql", sql=SQL, output_fmt="json").json
    assert len(free) == 3 and set(free[0]) == set(theirs[0])
    keys = ", ".join(str(row["obsid"]) for row in theirs)
    ours = {
        row["obsid"]: row for row in lamost.get("sql", sql=f"SELECT * FROM combined WHERE obsid IN ({keys})").json
    }
    for row in theirs:
        mine = ours[row["obsid"]]
        assert {n: (mine[n], v) for n, v in row.items() if type(mine[n]) is not type(v)} == {}
        assert differences(mine, row, set(row)) == {}
        assert mine["ra"] == row["ra"] and mine["z_err"] == row["z_err"] and mine["obsdate"] == row["obsdate"]
    table = votable(lamost.get("sql", sql=SQL, output_fmt="votable").body)
    fields, _ = captured.votable("sql_response_votable")
    assert set(table.colnames) == {field["name"] for field in fields} and len(table) == 3
    head = (captured.folder / "sql_response_csv.csv").read_bytes().splitlines()[0]
    reply = lamost.get("sql", sql=SQL, output_fmt="csv")
    assert reply.headers["content-type"] == "text/csv; charset=utf-8" and reply.body[:3] == head[:3]
    assert set(reply.body.splitlines()[0][3:].split(b",")) == set(head[3:].split(b","))


def test_structured_query_reply(lamost: Served, captured: Captured) -> None:
    theirs = captured.json("catalog_query_response")
    wanted = b'[{"column_name": "obsid", "operation": "in", "select": [780407018, 780407020, 780407007]}]'
    body = b'{"order":"asc","output.fmt":"json","page":1,"rows":3,"showcol":["obsid","ra","dec","teff","class"]'
    ours = lamost.post("query/combined", body + b', "column_constraints": ' + wanted + b"}").json
    assert sorted(ours, key=lambda row: row["obsid"]) == sorted(theirs, key=lambda row: row["obsid"])
    assert [row["obsid"] for row in ours] == sorted(row["obsid"] for row in theirs)
    free = lamost.post("query/combined", body + b"}").json
    assert len(free) == 3 and [set(row) for row in free] == [set(theirs[0])] * 3


def test_spectrum_info_reply(lamost: Served, captured: Captured) -> None:
    theirs = captured.json("metadata_response")
    ours = lamost.get("lrs/spectrum/info", obsid="686112127").json
    assert set(ours) == set(theirs) and ours["total"] == 1
    assert set(ours["columns"]) == set(theirs["columns"])
    (mine,), (row,) = ours["rows"], theirs["rows"]
    assert set(mine) == set(row)
    assert {n: (mine[n], v) for n, v in row.items() if type(mine[n]) is not type(v) or not same(mine[n], v)} == {}


def test_tables_reply(lamost: Served, captured: Captured) -> None:
    ours = {one["table_name"]: one for one in lamost.get("tables").json}
    theirs = {one["table_name"]: one for one in captured.json("tables_metadata_response")}
    assert set(ours) == set(theirs) and len(ours) == 18
    for name, one in theirs.items():
        wanted = [column | {"datatype": column["datatype"] or "char"} for column in one["columns"]]
        assert ours[name]["columns"] == wanted, name
    assert ours["combined"]["description"] == theirs["combined"]["description"]


def test_unique_id_reply(lamost: Served, captured: Captured) -> None:
    theirs = captured.json("unique_id_response")
    assert lamost.get("get_unique_id_and_related_obsids", obsid="686112127").json == theirs
    row = captured.json("metadata_response")["rows"][0]
    near = lamost.get("get_unique_id_and_related_obsids", ra=row["ra"], dec=row["dec"], radius=2 / 3600)
    assert near.json == theirs


def test_listings(lamost: Served, captured: Captured) -> None:
    theirs = captured.json("dr_versions_response")["versions"][0]
    ours = lamost.get("/openapi/dr_versions").json["versions"]
    assert [set(one) for one in ours] == [set(theirs)] * 2
    assert [(one["dr_version"], one["public_status"]) for one in ours] == [
        ("dr10", "public"),
        ("dr11", "internal"),
    ]
    url = lamost.get("voservice/tap_url").json["url"]
    assert lamost.get(re.sub(r"^http://[^/]+", "", url) + "/capabilities").status == 200


def test_footprint(lamost: Served, captured: Captured) -> None:
    reply = lamost.get("lrs/footprint")
    assert reply.headers["content-type"] == "image/png" and reply.body[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_captured_spectrum(lamost: Served, captured: Captured) -> None:
    reply = lamost.get("lrs/spectrum/fits", obsid="353301001")
    original = next(captured.folder.glob("spec-*.fits.gz"))
    assert reply.body == original.read_bytes() and reply.headers["content-type"] == "application/gzip"
    said = reply.headers["content-disposition"]
    assert said == f"attachment; filename={original.name}"
    assert said.split("=")[1] == original.name  # as pylamost cuts it up


@pytest.mark.slow
def test_answers_follow_the_data(lamost: Served, captured: Captured, tmp_path: Path) -> None:
    """With other rows in place of those captured, the answers are of the other rows."""
    try:
        _ask_of_other_rows(captured, tmp_path)
    finally:
        connect(lamost.site.root, profile="web")  # one state database a process


def _ask_of_other_rows(captured: Captured, tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    rows: list[Row] = []
    for n, row in enumerate(captured.cone):
        ra, dec = 10.0 + random.uniform(-0.5, 0.5), 41.0 + random.uniform(-0.5, 0.5)
        place = {"ra": round(ra, 7), "dec": round(dec, 7), "obsid": 5000 + n, "teff": float(4000 + n)}
        rows.append(row | place)
    site = build_lamost(tmp_path, captured, rows)
    with opened(site) as address:
        served = Served(site, address)
        reply = served.get("lrs/voservice/conesearch", output_fmt="json", **CONE).json
        there = SkyCoord(CONE["ra"], CONE["dec"], unit="deg")
        apart = there.separation(SkyCoord([r["ra"] for r in rows], [r["dec"] for r in rows], unit="deg")).deg
        assert {row["obsid"] for row in reply} == {5000 + int(n) for n in np.flatnonzero(apart <= CONE["sr"])}
        assert all(row["teff"] == f"{4000 + row['obsid'] - 5000}.00" for row in reply)
        assert served.get("sql", sql="select count(*) n from stellar").json == [{"n": 195}]
        info = served.get("lrs/spectrum/info", obsid="5003").json
        assert info["rows"][0]["teff"] == "4003.00"
