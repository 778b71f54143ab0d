"""The simulated release is valid, labelled, complete, consistent and reproducible."""

from __future__ import annotations

import hashlib
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from tests.products.product_sets import context
from tianku.products.ingest import ingest_products
from tianku.products.readers import read_spectrum
from tianku.products.simulate import simulate_release
from tianku.products.spectrum import Spectrum


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("release")
    start = time.perf_counter()
    simulate_release(out)
    assert time.perf_counter() - start < 10
    return out


@pytest.fixture(scope="module")
def low(release: Path) -> list[Spectrum]:
    return [read_spectrum(p) for p in sorted((release / "spectra").rglob("*.fits.gz"))]


def _table(release: Path, name: str) -> Table:
    return Table.read(release / "catalogues" / f"dr10_v2.0_{name}.fits.gz", hdu=1)


def test_all_kinds_are_there_and_labelled(low: list[Spectrum]) -> None:
    assert len(low) == 120
    assert {s.layout for s in low} == {"lamost-lrs-table"}
    assert all(s.header["SIMULATE"] is True and "SIMULATED" in str(s.header["ORIGIN"]) for s in low)
    classes = Counter(str(s.header["CLASS"]) for s in low)
    assert {"STAR", "GALAXY", "QSO", "Unknown"} <= set(classes)
    first = {str(s.header["SUBCLASS"]).lstrip("dg")[:1] for s in low if s.header["CLASS"] == "STAR"}
    assert set("OBAFGKM") <= first
    assert {"WD", "CV"} <= {str(s.header["SUBCLASS"]) for s in low}
    assert "Sky" in {s.header["FIB_TYPE"] for s in low}
    assert all(s.notes == () and len(s.parts[0]) == 3909 for s in low)


def test_spectra_and_catalogue_agree(low: list[Spectrum], release: Path) -> None:
    rows = {int(r["obsid"]): r for r in _table(release, "LRS_catalogue")}
    assert len(rows) == 120
    for spectrum in low:
        row = rows[int(str(spectrum.header["OBSID"]))]
        assert (row["ra"], row["dec"]) == (spectrum.ra, spectrum.dec)
        assert row["class"].strip() == spectrum.header["CLASS"] and row["lmjd"] == spectrum.header["LMJD"]
        assert row["snrg"] == spectrum.header["SNRG"]


def test_secondary_tables_refer_to_the_catalogue(release: Path) -> None:
    known = set(_table(release, "LRS_catalogue")["obsid"])
    for name in ("LRS_stellar", "LRS_wd", "LRS_cv"):
        assert set(_table(release, name)["obsid"]) <= known
    epochs = _table(release, "LRS_mec")
    assert len(epochs) and all(int(o) in known for r in epochs for o in r["obsid_list"].strip().split("-"))
    parts = _table(release, "MRS_catalogue")
    assert len(set(parts["mobsid"])) == len(parts) == 9 * 6


def test_medium_resolution_has_nights_bands_exposures(release: Path, tmp_path: Path) -> None:
    files = sorted((release / "med-spectra").rglob("*.fits.gz"))
    spectra = [read_spectrum(p) for p in files]
    assert len({s.header["LMJD"] for s in spectra}) == 3 and len(spectra) == 9
    for spectrum in spectra:
        assert Counter((p.kind, p.band) for p in spectrum.parts) == {
            ("coadd", "blue"): 1,
            ("coadd", "red"): 1,
            ("exposure", "blue"): 2,
            ("exposure", "red"): 2,
        }
    manifest = ingest_products(context("mrs", rows_for="part"), files, tmp_path)
    assert (
        manifest.parts == 54 and manifest.rejects.total == 0 and manifest.obscore and manifest.obscore.rows == 54
    )


def test_files_are_standard_fits(release: Path) -> None:
    for path in [*sorted(release.rglob("*.fits.gz"))[::12]]:
        with warnings.catch_warnings(), fits.open(path) as hdus:
            warnings.simplefilter("error")
            hdus.verify("exception")
            assert all(h.header.get("SIMULATE", True) for h in hdus)


def test_hydrogen_is_where_the_redshift_says(low: list[Spectrum]) -> None:
    bright = [s for s in low if str(s.header["SUBCLASS"]).startswith("A") and float(str(s.header["SNRR"])) > 30]
    assert bright
    for spectrum in bright:
        part = spectrum.parts[0]
        near = np.abs(part.wavelength - 6564.61) < 25
        centre = part.wavelength[near][np.argmin(np.convolve(part.flux[near], np.ones(5) / 5, "same")[3:-3]) + 3]
        assert abs(centre / 6564.61 - 1 - float(str(spectrum.header["Z"]))) < 1e-3


def test_equal_seeds_give_equal_bytes(release: Path, tmp_path: Path) -> None:
    simulate_release(tmp_path, n_lrs=120)
    for path in sorted(tmp_path.rglob("*.gz"))[::7]:
        twin = release / path.relative_to(tmp_path)
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(twin.read_bytes()).digest()
