"""Products of a real, small installation: metadata, spectra, files, and links to them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvo
from astropy.io import fits
from astropy.io.votable import parse

from tests.api.conftest import Small
from tests.support.web import fetch


@pytest.fixture(scope="module")
def sources(small: Small) -> Path:
    return small.root


@pytest.fixture(scope="module")
def address(small: Small) -> str:
    return small.address


@pytest.fixture(scope="module")
def original(sources: Path, address: str) -> tuple[str, Path]:
    """The key and the file of one low-resolution spectrum."""
    path = min((sources / "sources" / "spectra").rglob("*.fits.gz"))
    return str(fits.getheader(path)["OBSID"]), path


def test_metadata_say_how_to_get_everything(address: str, original: tuple[str, Path]) -> None:
    key, path = original
    one = fetch(address, f"/api/v1/products/sim/dr1/lrs/{key}").json
    assert one["did"] == f"ivo://test.example/sim/dr1/lrs?{key}" and one["simulated"] is True
    assert one["files"][0]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert one["access"] == {"data": True, "public": True} and len(one["parts"]) == 1
    for url in [one["files"][0]["url"], one["links"], *one["formats"].values()]:
        assert fetch(address, url).status == 200, url


def test_a_file_is_served_byte_for_byte_and_by_range(address: str, original: tuple[str, Path]) -> None:
    key, path = original
    url = f"/download/sim/dr1/lrs/{key}"
    whole = fetch(address, url)
    assert whole.body == path.read_bytes() and whole.headers["content-type"] == "application/fits"
    assert whole.headers["access-control-allow-origin"] == "*"
    part = fetch(address, url, headers={"Range": "bytes=100-199", "If-Range": whole.headers["etag"]})
    assert part.status == 206 and part.body == path.read_bytes()[100:200]
    assert fetch(address, url, headers={"If-None-Match": whole.headers["etag"]}).status == 304
    assert fetch(address, f"{url}/science").body == whole.body
    assert fetch(address, f"{url}/weight").status == 404


def test_the_viewer_reads_what_astropy_reads(address: str, original: tuple[str, Path]) -> None:
    key, path = original
    reply = fetch(address, f"/api/v1/products/sim/dr1/lrs/{key}/spectrum")
    assert reply.body[:4] == b"TKS1"
    (length,) = struct.unpack("<I", reply.body[4:8])
    header: dict[str, Any] = json.loads(reply.body[8 : 8 + length])
    (part,) = header["parts"]
    column = part["columns"]["flux"]
    kind = np.dtype(column["dtype"]).newbyteorder("<")
    start = -(-(8 + length) // 8) * 8 + column["offset"]
    flux = np.frombuffer(reply.body[start : start + part["n"] * kind.itemsize], kind)
    with fits.open(path) as hdus:
        expected = hdus[1].data["FLUX"][0]
    assert np.array_equal(flux, expected)


@pytest.mark.parametrize("suffix", ["csv", "vot", "fits", "png"])
def test_a_spectrum_in_every_format(address: str, original: tuple[str, Path], suffix: str) -> None:
    key, _ = original
    reply = fetch(address, f"/api/v1/products/sim/dr1/lrs/{key}/spectrum.{suffix}")
    assert reply.status == 200
    if suffix == "csv":
        assert len(list(csv.reader(io.StringIO(reply.text)))) > 3000
        assert reply.headers["content-disposition"] == f'attachment; filename="{key}.csv"'
    elif suffix == "vot":
        assert len(parse(io.BytesIO(reply.body)).get_first_table().array) > 3000
    elif suffix == "fits":
        with fits.open(io.BytesIO(reply.body)) as hdus:
            assert len(hdus) == 2
    else:
        assert reply.body.startswith(b"\x89PNG") and "content-disposition" not in reply.headers


def test_what_is_not_there_is_named(address: str, original: tuple[str, Path]) -> None:
    key, _ = original
    base = "/api/v1/products/sim/dr1/lrs"
    for path, status in [
        (f"{base}/0", 404),
        (f"{base}/0/spectrum", 404),
        (f"{base}/{key}/spectrum?part=none", 404),
        (f"{base}/{key}/spectrum.docx", 400),
        ("/download/sim/dr1/lrs/0", 404),
        ("/download/sim/dr1/none/0", 404),
        ("/download/../../etc/passwd", 404),
    ]:
        reply = fetch(address, path)
        assert reply.status == status and reply.json["error"]["message"], path


def test_a_file_that_is_gone_is_named_and_is_no_fault_of_ours(address: str, original: tuple[str, Path]) -> None:
    key, path = original
    aside = path.with_name("aside")
    path.rename(aside)
    try:
        for url in (f"/download/sim/dr1/lrs/{key}", f"/api/v1/products/sim/dr1/lrs/{key}/spectrum"):
            reply = fetch(address, url)
            assert (reply.status, reply.json["error"]["code"]) == (404, "file.gone"), url
            assert path.name in reply.json["error"]["message"]
    finally:
        aside.rename(path)


@pytest.mark.clients
def test_pyvo_walks_from_obscore_over_datalink_to_the_file(address: str, sources: Path) -> None:
    service = pyvo.dal.TAPService(f"{address}/vo/tap")
    found = service.search("SELECT * FROM ivoa.obscore WHERE obs_publisher_did LIKE '%/lrs?%'")
    assert len(found) == 4 and set(found["dataproduct_type"]) == {"spectrum"}
    sums = {hashlib.sha256(p.read_bytes()).digest() for p in (sources / "sources" / "spectra").rglob("*.gz")}
    for links in found.iter_datalinks():
        # by hand: pyVO's own selection by semantics fetches the vocabulary from the network
        (url,) = [row["access_url"] for row in links if row["semantics"] == "#this"]
        assert url.startswith(address)
        assert hashlib.sha256(fetch(address, url.removeprefix(address)).body).digest() in sums
    assert {t.name for t in service.tables} >= {"sim_dr1.catalogue", "ivoa.obscore", "tap_schema.columns"}


@pytest.mark.clients
def test_pyvo_finds_a_catalogued_star_by_cone(address: str) -> None:
    row = pyvo.dal.TAPService(f"{address}/vo/tap").search("SELECT TOP 1 obsid, ra, dec FROM sim_dr1.catalogue")[0]
    cone = pyvo.dal.SCSService(f"{address}/vo/sim/dr1/catalogue/scs")
    found = cone.search(pos=(row["ra"], row["dec"]), radius=0.001)
    assert str(row["obsid"]) in [one.id for one in found]


def test_every_medium_part_has_its_row_and_its_spectrum(address: str) -> None:
    query = "SELECT obs_publisher_did FROM ivoa.obscore WHERE obs_publisher_did LIKE '%/mrs?%'"
    page = fetch(address, "/api/v1/query", "POST", body=json.dumps({"adql": query, "limit": 1}).encode()).json
    key, part = page["rows"][0][0].partition("?")[2].split("/")
    one = fetch(address, f"/api/v1/products/sim/dr1/mrs/{key}").json
    assert part in [p["name"] for p in one["parts"]] and len(one["parts"]) > 2
    reply = fetch(address, f"/api/v1/products/sim/dr1/mrs/{key}/spectrum?part={part}")
    (length,) = struct.unpack("<I", reply.body[4:8])
    assert [p["name"] for p in json.loads(reply.body[8 : 8 + length])["parts"]] == [part]
