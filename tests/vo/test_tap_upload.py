"""Tables sent with a query: named in it, typed, joined, and gone afterwards."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import pyvo
from astropy.io.votable import parse
from astropy.table import Table

from tests.support.centre import stars
from tests.support.web import Reply, fetch

STARS = "sky_dr1.stars"
BOUNDARY = "<<<--------------MULTIPART-BOUNDARY------->>>"
FIELDS = {"REQUEST": "doQuery", "LANG": "ADQL", "RESPONSEFORMAT": "csv"}
CSV = b"k,ra,dec,name\n1,10.0,20.0001,a\n2,200.0,-5.0,b\n3,,,c\n"


def multipart(fields: Mapping[str, str], files: Mapping[str, bytes]) -> Iterator[bytes]:
    """As STILTS writes it: a preamble, and parts that say their types."""
    yield b"\r\n"
    for name, value in fields.items():
        yield (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n'
            f"Content-Type: text/plain;charset=UTF-8\r\n\r\n{value}\r\n"
        ).encode()
    for name, content in files.items():
        yield (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
            "Content-Type: application/x-votable+xml\r\n\r\n"
        ).encode()
        yield from (content[i : i + 1000] for i in range(0, len(content), 1000))
        yield b"\r\n"
    yield f"--{BOUNDARY}--\r\n".encode()


def post(address: str, query: str, files: Mapping[str, bytes], upload: str, **more: str) -> Reply:
    """Send in chunks, without Content-Length."""
    fields = {**FIELDS, "QUERY": query, "UPLOAD": upload, **more}
    connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        headers = {"Content-Type": f'multipart/form-data; boundary="{BOUNDARY}"'}
        connection.request("POST", "/vo/tap/sync", multipart(fields, files), headers, encode_chunked=True)
        reply = connection.getresponse()
        return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
    finally:
        connection.close()


def as_format(table: Table, kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "parquet":
        pq.write_table(pa.table({n: table[n].tolist() for n in table.colnames}), out)
    elif kind == "csv":
        table.write(text := io.StringIO(), format="ascii.csv")
        return text.getvalue().encode()
    elif kind.startswith("votable"):
        table.write(out, format="votable", tabledata_format=kind.partition("-")[2])
    else:
        table.write(out, format=kind)
    return out.getvalue()


@pytest.mark.parametrize(
    "kind", ["votable-tabledata", "votable-binary", "votable-binary2", "csv", "fits", "parquet"]
)
def test_every_format_comes_back_as_it_was_sent(address: str, kind: str) -> None:
    table = Table({"n": np.arange(5), "x": np.linspace(0, 1, 5), "s": [f"row {i}" for i in range(5)]})
    reply = post(
        address, "SELECT n, x, s FROM TAP_UPLOAD.mine ORDER BY n", {"f": as_format(table, kind)}, "mine,param:f"
    )
    back = Table.read(reply.text, format="ascii.csv")
    assert list(back["n"]) == list(table["n"]) and list(back["s"]) == list(table["s"])
    assert np.array_equal(back["x"], table["x"])


def test_types_units_and_ucds_are_carried_to_the_result(address: str, invalid: Any) -> None:
    table = Table({"flux": np.float32([1.5, 2.5]), "_RAJ2000": [1.0, 2.0], "名": ["星", "b"]})
    table["flux"].unit = "mJy"
    table["flux"].meta["ucd"] = "phot.flux"
    table["flux"].description = "what I measured"
    query = 'SELECT flux, t."_RAJ2000", "名" FROM tap_upload.T AS t ORDER BY flux'
    reply = post(address, query, {"T": as_format(table, "votable-binary2")}, "T,param:T", RESPONSEFORMAT="votable")
    found = parse(io.BytesIO(reply.body)).get_first_table()
    flux, ra, name = found.fields
    assert (flux.datatype, str(flux.unit), flux.ucd, flux.description) == (
        "float",
        "mJy",
        "phot.flux",
        "what I measured",
    )
    assert (ra.name, ra.datatype, name.name, name.datatype) == ("_RAJ2000", "double", "名", "unicodeChar")
    assert list(found.to_table(use_names_over_ids=True)["名"]) == ["星", "b"]
    assert invalid(reply.body) == []
    assert "public" not in reply.headers["cache-control"]


def test_several_tables_and_a_published_one(address: str) -> None:
    query = (
        f"SELECT a.name, b.v, s.source_id FROM TAP_UPLOAD.a AS a JOIN TAP_UPLOAD.b AS b ON a.k = b.k"
        f" LEFT JOIN {STARS} AS s ON 1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(a.ra, a.dec, 0.001)) ORDER BY a.k"
    )
    for upload in ("a,param:one;b,param:two", " A , param:one ; B,param:two;"):
        reply = post(address, query, {"one": CSV, "two": b"k,v\n1,x\n2,y\n3,z\n"}, upload)
        assert reply.text.split() == ["name,v,source_id", f"a,x,{2**60}", "b,y,", "c,z,"]


def test_names_in_quotes_keep_their_case(address: str) -> None:
    files = {"f": CSV}
    assert post(address, 'SELECT k FROM TAP_UPLOAD."My t"', files, '"My t",param:f').status == 200
    assert post(address, "SELECT k FROM tap_upload.MINE", files, "Mine,param:f").status == 200
    reply = post(address, 'SELECT k FROM TAP_UPLOAD."MINE"', files, "Mine,param:f")
    assert reply.status == 400 and "no table" in reply.text


def test_it_is_gone_with_the_request(address: str) -> None:
    assert post(address, "SELECT k FROM TAP_UPLOAD.mine", {"f": CSV}, "mine,param:f").status == 200
    reply = fetch(address, "/vo/tap/sync", params={"LANG": "ADQL", "QUERY": "SELECT k FROM TAP_UPLOAD.mine"})
    assert reply.status == 400 and "no table" in reply.text


@pytest.mark.parametrize(
    ("upload", "content", "says"),
    [
        ("mine,param:other", CSV, "does not have as a file"),
        ("mine", CSV, "table,param:part"),
        ("mine,http://example.org/t.vot", CSV, "sent along"),
        ("mine,file:///etc/passwd", CSV, "sent along"),
        ("1x,param:f", CSV, "no name of a table"),
        ("select,param:f", CSV, "no name of a table"),
        ("a.b,param:f", CSV, "no name of a table"),
        ("mine,param:f;MINE,param:f", CSV, "two tables"),
        (";".join(f"t{i},param:f" for i in range(21)), CSV, "20 tables"),
        ("mine,param:f", b"\x1f\x8b\x08\0nothing", "compressed"),
        ("mine,param:f", b"<VOTABLE><RESOURCE><TABLE>", "VOTable"),
        ("mine,param:f", b"\x7fELF\0\0\0", "cannot be read"),
        ("mine,param:f", b"", "cannot be read"),
        ('"../../x",param:f', b"\0\0", "cannot be read"),
    ],
)
def test_what_cannot_be_sent(address: str, upload: str, content: bytes, says: str, invalid: Any) -> None:
    reply = post(address, "SELECT * FROM TAP_UPLOAD.mine", {"f": content}, upload, RESPONSEFORMAT="votable")
    assert reply.status in (400, 413) and says in reply.text
    assert invalid(reply.body) == []


def test_bodies_beyond_the_limit_are_refused(address: str, centre: Any) -> None:
    rows = b"1" * 1_000_000 + b"\n"
    reply = post(address, "SELECT * FROM TAP_UPLOAD.mine", {"f": rows * 101}, "mine,param:f")
    assert reply.status == 413


def test_pyvo_sends_tables(address: str) -> None:
    service = pyvo.dal.TAPService(f"{address}/vo/tap")
    assert {m.ivo_id.rpartition("#")[2] for m in service.upload_methods} == {"upload-inline"}
    assert service.get_tap_capability().uploadlimit.hard.content == 1_000_000
    table = Table({"i": np.arange(3), "lon": stars()["ra"].to_numpy()[:3], "lat": stars()["dec"].to_numpy()[:3]})
    query = f"SELECT i, source_id FROM {STARS} JOIN TAP_UPLOAD.u ON DISTANCE(ra, dec, lon, lat) < 1e-6 ORDER BY i"
    found = service.run_sync(query, uploads={"u": table})
    assert list(found["source_id"]) == stars()["source_id"].to_pylist()[:3]
