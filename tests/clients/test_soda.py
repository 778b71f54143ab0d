"""Parts of spectra, cut out by the programs that astronomers use."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import astropy.units as u
import numpy as np
import pytest
import pyvo
from astropy.io import fits
from astropy.io.votable import parse

from tests.clients.conftest import Stilts
from tests.support.web import Reply, fetch

LRS, MRS = "/vo/lamost-sim/dr10/v2.0/lrs/ssa", "/vo/lamost-sim/dr10/v2.0/mrs/ssa"
LOW, HIGH = 5e-7, 5.5e-7


@pytest.fixture(scope="module")
def links(demo_site: str) -> Any:
    """The links of some spectrum."""
    found = pyvo.dal.SSAService(demo_site + LRS).search(maxrec=1, format="votable")
    return next(found.iter_datalinks())


def cut(site: str, did: str, **params: str) -> Reply:
    return fetch(site, f"/vo/soda/sync?{urlencode({'ID': did, **params})}")


def test_the_cutout_of_a_link_is_that_part_of_the_file(links: Any, demo_site: str):
    row = links.get_first_proc()
    assert row["semantics"] == "#cutout"
    with fits.open(io.BytesIO(row.processed(band=(LOW, HIGH) * u.m).read())) as part:
        cut_out = part[1].data
        whole_file = next(r["access_url"] for r in links if r["semantics"] == "#this")
        body = gzip.decompress(fetch(demo_site, whole_file.removeprefix(demo_site)).body)
        with fits.open(io.BytesIO(body)) as whole:
            original = whole[1].data[0]
            wave = np.asarray(original["WAVELENGTH"], float)
            inside = (wave >= LOW * 1e10) & (wave <= HIGH * 1e10)
            assert 100 < inside.sum() == len(cut_out) < len(wave)
            np.testing.assert_allclose(cut_out["wavelength"], wave[inside])
            np.testing.assert_array_equal(cut_out["flux"], original["FLUX"][inside])
            np.testing.assert_array_equal(cut_out["ivar"], original["IVAR"][inside])
            np.testing.assert_array_equal(cut_out["ANDMASK"], original["ANDMASK"][inside].astype(int))


def test_the_descriptor_says_what_can_be_cut(links: Any):
    service = links.get_adhocservice_by_id(links.get_first_proc()["service_def"])
    inputs = {p.name: p for group in service.groups for p in group.entries}
    low, high = (float(word) for word in str(inputs["BAND"].values.max).strip("[]").split())
    assert 3e-7 < low < 4e-7 < 8e-7 < high < 1e-6
    assert inputs["BAND"].unit == u.m and inputs["BAND"].xtype == "interval"
    assert str(inputs["ID"].value).startswith("ivo://")


def test_open_ends_and_nothing(links: Any, demo_site: str):
    did = str(links["ID"][0])
    whole = fits.getdata(io.BytesIO(cut(demo_site, did, BAND="-Inf +Inf").body), 1)
    assert len(whole) == len(fits.getdata(io.BytesIO(cut(demo_site, did).body), 1))
    upper = fits.getdata(io.BytesIO(cut(demo_site, did, BAND=f"{LOW} Inf").body), 1)
    assert upper["wavelength"].min() >= LOW * 1e10 and upper["wavelength"].max() == whole["wavelength"].max()
    nothing = cut(demo_site, did, BAND="1e-3 2e-3")
    assert nothing.status == 204 and nothing.body == b""


def test_parts_of_a_product(demo_site: str):
    rows = pyvo.dal.SSAService(demo_site + MRS).search(maxrec=1, format="votable")
    part = str(rows[0]["obs_publisher_did"])
    band = f"{rows[0]['em_min']} {rows[0]['em_min'] + 1e-8}"
    table = parse(io.BytesIO(cut(demo_site, part, BAND=band, RESPONSEFORMAT="votable").body)).get_first_table()
    assert 10 < len(table.array) < rows[0]["length"]
    product = part.rpartition("/")[0]
    with fits.open(io.BytesIO(cut(demo_site, product, BAND=band).body)) as file:
        assert part.rpartition("/")[2] in [hdu.name for hdu in file[1:]] and len(file) > 2
    several = cut(demo_site, product, BAND=band, RESPONSEFORMAT="votable")
    assert several.status == 400 and several.text.startswith("UsageError: ") and "/part" in several.text


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("", "UsageError: Say with ID"),
        ("ID=nonsense", "UsageError: "),
        ("ID=%s&BAND=red", "UsageError: BAND='red'"),
        ("ID=%s&BAND=2e-7+1e-7", "UsageError: BAND="),
        ("ID=%s&BAND=1e-7+2e-7&BAND=3e-7+4e-7", "MultiValuedParamNotSupported: BAND"),
        ("ID=%s&CIRCLE=1+2+3", "UsageError: CIRCLE"),
        ("ID=%s&RESPONSEFORMAT=csv", "UsageError: Cutouts come as"),
        ("ID=ivo://elsewhere/a/b?c", "UsageError: "),
    ],
)
def test_errors_are_texts_that_say_what_is_wrong(demo_site: str, links: Any, query: str, word: str):
    identifier = urlencode({"ID": str(links["ID"][0])}).removeprefix("ID=")
    reply = fetch(demo_site, "/vo/soda/sync?" + query.replace("%s", identifier))
    assert reply.status in (400, 404) and reply.text.startswith(word), reply.text
    assert reply.headers["content-type"].startswith("text/plain")


def test_links_with_a_descriptor_are_valid(stilts: Stilts, demo_site: str, links: Any, tmp_path: Path):
    query = urlencode({"ID": str(links["ID"][0])})
    file = tmp_path / "links.vot"
    file.write_bytes(fetch(demo_site, f"/vo/datalink/links?{query}").body)
    assert stilts("votlint", f"votable={file}", "ucd=true", "unit=true").strip() == ""
    report = stilts("datalinklint", f"votable={demo_site}/vo/datalink/links?{query}")
    assert not [line for line in report.splitlines() if line.startswith("E-") and "'documentation'" not in line]
