"""Spectra found and fetched by the programs that astronomers use."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvo
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.io.votable import parse
from astropy.time import Time

from tests.clients.conftest import Stilts
from tests.support.web import fetch

LRS, MRS = "/vo/lamost-sim/dr10/v2.0/lrs/ssa", "/vo/lamost-sim/dr10/v2.0/mrs/ssa"


@pytest.fixture(scope="module")
def headers(demo_root: Path) -> list[Any]:
    """The primary headers of the demo's low-resolution files, read by astropy."""
    found = [fits.getheader(path) for path in sorted((demo_root / "sources").rglob("spec-*.fits.gz"))]
    return [header for header in found if not str(header["FILENAME"]).startswith("med")]


def search(site: str, path: str = LRS, **params: str) -> Any:
    return pyvo.dal.SSAService(site + path).search(**params)


def keys(rows: Any) -> set[str]:
    return {did.partition("?")[2] for did in rows["obs_publisher_did"]}


def test_a_field_holds_the_spectra_whose_headers_say_so(demo_site: str, headers: list[Any]):
    centre = SkyCoord(56.75, 24.12, unit="deg")
    places = SkyCoord([h["RA"] for h in headers], [h["DEC"] for h in headers], unit="deg")
    inside = {str(headers[i]["OBSID"]) for i in np.flatnonzero(places.separation(centre).deg <= 1.0)}
    assert 0 < len(inside) < len(headers)
    assert keys(search(demo_site, pos=centre, diameter=2.0, format="votable")) == inside


def test_a_night_holds_the_spectra_taken_then(demo_site: str, headers: list[Any]):
    night = str(headers[0]["DATE-OBS"])[:10]
    day = Time(night).mjd
    rows = search(demo_site, time=Time([day, day + 1], format="mjd"), format="native")
    assert len(rows) and all(row["t_max"] >= day and row["t_min"] <= day + 1 for row in rows)
    assert str(headers[0]["OBSID"]) in keys(rows)


def test_links_and_files_of_what_was_found(demo_site: str, headers: list[Any]):
    row = search(demo_site, format="fits", maxrec=1)[0]
    with fits.open(row.getdataurl(), cache=False) as file:
        assert str(file[0].header["OBSID"]) == row["dataset_id"]
    assert row.format == "application/fits" and row["em_min"] < 4e-7 < row["em_max"]
    links = next(search(demo_site, format="votable", maxrec=1).iter_datalinks())
    assert [link["access_url"] for link in links if link["semantics"] == "#this"] == [row.getdataurl()]


@pytest.mark.parametrize("path", [LRS, MRS])
def test_every_format_of_a_spectrum_can_be_had(demo_site: str, path: str):
    rows = search(demo_site, path, maxrec=6)
    assert [row["association_key"] for row in rows] == ["votable", "native"] * 3
    names = list(rows["association_id"])
    assert names[::2] == names[1::2] and len(set(names)) == 3
    drawn = parse(io.BytesIO(fetch(demo_site, rows[0].getdataurl().removeprefix(demo_site)).body))
    spectrum = drawn.resources[0].tables[0]
    assert len(spectrum.array) == rows[0]["length"]
    wave = np.asarray(spectrum.array["wavelength"]) * 1e-10
    assert (wave.min(), wave.max()) == pytest.approx((rows[0]["em_min"], rows[0]["em_max"]), rel=1e-4)
    assert rows[0]["spectral_location"] == pytest.approx((wave.min() + wave.max()) / 2, rel=1e-4)


def test_parts_are_rows_where_the_set_says_so(demo_site: str):
    rows = search(demo_site, MRS, format="votable")
    parts = [did.partition("?")[2].partition("/")[2] for did in rows["obs_publisher_did"]]
    assert all(parts) and len(set(rows["dataset_id"])) < len(rows)
    assert all("?part=" in row.getdataurl() for row in rows)


def test_no_more_rows_than_asked_for_and_that_said(demo_site: str):
    body = fetch(demo_site, f"{LRS}?REQUEST=queryData&MAXREC=3").text
    assert body.count("<TR>") == 3 and 'value="OVERFLOW"' in body
    whole = fetch(demo_site, f"{LRS}?REQUEST=queryData&FORMAT=votable").text
    exactly = fetch(demo_site, f"{LRS}?REQUEST=queryData&FORMAT=votable&MAXREC={whole.count('<TR>')}").text
    assert "OVERFLOW" not in whole + exactly and exactly.count("<TR>") == whole.count("<TR>")


def test_the_service_says_what_can_be_asked(demo_site: str):
    document = parse(io.BytesIO(fetch(demo_site, f"{LRS}?REQUEST=queryData&FORMAT=METADATA").body))
    resource = document.resources[0]
    assert {"INPUT:POS", "INPUT:SIZE", "INPUT:BAND", "INPUT:TIME", "INPUT:FORMAT"} <= {
        p.name for p in resource.params
    }
    utypes = {field.utype for field in resource.tables[0].fields}
    axes = {"Spectral": "Value", "Time": "Value", "Spatial": "Value"}
    mandatory = {"Access.Reference", "Access.Format", "Dataset.DataModel", "Dataset.Length", "DataID.Title",
                 "Curation.Publisher", "Target.Name", "Char.SpatialAxis.Coverage.Bounds.Extent"}  # fmt: skip
    mandatory |= {f"Char.{axis}Axis.Coverage.Location.{value}" for axis, value in axes.items()}
    assert {f"ssa:{name}" for name in mandatory} <= utypes
    assert len(resource.tables[0].array) == 0


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("MTIME=2020/", True),
        ("MTIME=2001/2002,/1999", False),
        ("WAVECALIB=any", True),
        ("WAVECALIB=approximate", False),
        ("APERTURE=0.5", True),
        ("APERTURE=0.5/", False),
        ("SPECRP=1000/2500", True),
        ("SPECRP=5000", False),
        ("FLUXCALIB=relative,absolute", True),
        ("FLUXCALIB=absolute", False),
        ("TARGETCLASS=star", True),
        ("TARGETCLASS=nova", False),
        ("COLLECTION=lamost", True),
        ("SNR=1000", True),
    ],
)
def test_what_is_known_of_all_spectra_is_searched(demo_site: str, asked: str, found: bool):
    assert ("<TR>" in fetch(demo_site, f"{LRS}?REQUEST=queryData&{asked}").text) == found


@pytest.mark.parametrize("wrong", ["BAND=V", "POS=1", "REQUEST=getData", "FORMAT=paper", "TIME=now"])
def test_errors_are_votables(demo_site: str, wrong: str):
    reply = fetch(demo_site, f"{LRS}?{wrong}" + ("" if "REQUEST" in wrong else "&REQUEST=queryData"))
    infos = parse(io.BytesIO(reply.body)).resources[0].infos
    assert reply.status == 200 and infos[0].name == "QUERY_STATUS" and infos[0].value == "ERROR"


def test_stilts_searches_and_matches(stilts: Stilts, demo_site: str, headers: list[Any], tmp_path: Path):
    service = [f"serviceurl={demo_site}{LRS}?", "servicetype=ssa", "dataformat=votable"]
    found = stilts("cone", *service, "lon=56.75", "lat=24.12", "radius=1", "ofmt=csv")
    assert len(list(csv.reader(io.StringIO(found[found.index("access_reference") :])))) > 1
    mine = tmp_path / "mine.csv"
    mine.write_text("ra,dec\n" + "".join(f"{h['RA']},{h['DEC']}\n" for h in headers[:2]))
    words = [f"in={mine}", "ra=ra", "dec=dec", "sr=0.001", "find=each", "ofmt=csv"]
    pairs = stilts("coneskymatch", *service, *words)
    for header in headers[:2]:
        assert re.search(rf"\?{header['OBSID']}\b", pairs)


def test_answers_are_valid_votables(stilts: Stilts, demo_site: str, tmp_path: Path):
    for name, query in (("rows", "MAXREC=20"), ("said", "FORMAT=METADATA"), ("wrong", "BAND=V")):
        file = tmp_path / f"{name}.vot"
        file.write_bytes(fetch(demo_site, f"{LRS}?REQUEST=queryData&{query}").body)
        assert stilts("votlint", f"votable={file}", "ucd=true", "unit=true").strip() == ""
