"""SDSS spectra as they are in the archives: found by pyVO, followed to their links, fetched."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvo
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.io.votable import parse

from tests.support.server import serving
from tests.support.state import empty_state
from tests.support.web import fetch
from tianku.usecases.centre import Centre
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.publish import publish

DATASET = "sdss/dr9"
_DATASET = f"""\
dataset: {DATASET}
products:
  spectra:
    type: spectrum
    from: "*.fits"
    reader: sdss
    key: "{{PLATEID}}-{{MJD}}-{{FIBERID}}"
    flux: {{calibration: absolute}}
    obscore: {{calib_level: 2, target_class: CLASS}}
"""


@pytest.fixture(scope="module")
def files(test_data: Path) -> dict[str, Path]:
    """Key -> file, by the headers astropy reads."""
    found = {}
    for path in (test_data / "other-spectra").glob("spec-*.fits"):
        header = fits.getheader(path)
        found[f"{header['PLATEID']}-{header['MJD']}-{header['FIBERID']}"] = path
    return found


@pytest.fixture(scope="module")
def site(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("sdss")
    folder = root / "collections" / DATASET
    folder.mkdir(parents=True)
    (root / "data").mkdir()
    sources = next(iter(files.values())).parent
    (root / "site.yaml").write_text(
        f'authority: test.example\ntitle: Test\ndata_root: data\nsources: {{sdss: "{sources}"}}\n'
    )
    (folder.parent / "collection.yaml").write_text("collection: sdss\ntitle: SDSS\n")
    (folder / "dataset.yaml").write_text(_DATASET)
    with empty_state(root / "data"):
        ingest_dataset(root, DATASET)
        publish(root, DATASET)
        centre = Centre.open(root)
        with serving(centre) as (address, _):
            yield address
        centre.close()


def search(site: str, **params: Any) -> Any:
    return pyvo.dal.SSAService(f"{site}/vo/{DATASET}/spectra/ssa").search(**params)


def test_what_links_lead_to_is_the_file_of_the_archive(site: str, files: dict[str, Path]):
    rows = search(site, format="votable")
    assert sorted(rows["dataset_id"]) == sorted(files) and len(files) == 2
    for links in rows.iter_datalinks():
        key = links["ID"][0].partition("?")[2]
        (url,) = (link["access_url"] for link in links if link["semantics"] == "#this")
        assert fetch(site, url.removeprefix(site)).body == files[key].read_bytes()


def test_the_row_leads_to_the_file_itself(site: str, files: dict[str, Path]):
    for row in search(site, format="fits"):
        file = fetch(site, row.getdataurl().removeprefix(site))
        assert file.body == files[row["dataset_id"]].read_bytes()


def test_a_field_holds_what_was_plugged_there(site: str, files: dict[str, Path]):
    for key, path in files.items():
        header = fits.getheader(path)
        place = SkyCoord(header["PLUG_RA"], header["PLUG_DEC"], unit="deg")
        (row,) = search(site, pos=place, diameter=0.01, format="votable")
        assert row["dataset_id"] == key
        loglam = np.asarray(fits.getdata(path, "COADD")["loglam"], dtype=float)
        low, high = 10 ** loglam[[0, -1]] * 1e-10
        # single exposures reach a little further than what was coadded
        assert 0.99 * low < row["em_min"] <= low * (1 + 1e-6) and high * (1 - 1e-6) <= row["em_max"] < 1.01 * high


def test_the_votable_holds_the_values_of_the_file(site: str, files: dict[str, Path]):
    for row in search(site, format="votable"):
        body = fetch(site, row.getdataurl().removeprefix(site)).body
        table = parse(io.BytesIO(body)).resources[0].tables[0].to_table()
        stored = fits.getdata(files[row["dataset_id"]], "COADD")
        assert len(table) == row["length"] == len(stored)
        np.testing.assert_allclose(table["wavelength"], 10 ** stored["loglam"].astype(float), rtol=1e-6)
        np.testing.assert_allclose(table["flux"], stored["flux"], rtol=1e-6)
