"""The VOTable form of real spectra, as astropy and the validators of STILTS read it."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io.votable import parse

from tests.products.product_sets import UNIT
from tianku.model.vocabulary.ucds import ucd_problem
from tianku.products.readers import read_spectrum
from tianku.products.spectrum import FluxInfo, Spectrum
from tianku.products.spectrum_votable import Curation, to_votable

CURATION = Curation("Archive", "ivo://test.example/sky/dr1/s?1", "Sky", "")


FILES = [("lamost-spectra/spec-*", "lamost"), ("lamost-spectra/med-*", "lamost"), ("other-spectra/*", "sdss")]


@pytest.fixture(scope="module", params=FILES, ids=lambda one: one[0])
def spectrum(request: pytest.FixtureRequest, test_data: Path) -> Spectrum:
    pattern, reader = request.param
    return read_spectrum(sorted(test_data.glob(pattern))[0], reader, flux=FluxInfo(UNIT, "relative"))


@pytest.fixture(scope="module")
def document(spectrum: Spectrum) -> bytes:
    return b"".join(to_votable(spectrum, None, CURATION))


@pytest.fixture(scope="module")
def resource(document: bytes) -> Any:
    return parse(io.BytesIO(document), verify="exception").resources[0]


def test_axes_are_known_by_their_utypes(spectrum: Spectrum, resource: Any) -> None:
    part, table = spectrum.parts[0], resource.tables[0]
    by_utype = {field.utype: table.array[field.name] for field in table.fields if field.utype}
    assert table.utype == resource.utype == "spec:Spectrum"
    np.testing.assert_array_equal(by_utype["spec:Spectrum.Data.SpectralAxis.Value"], part.wavelength)
    np.testing.assert_array_equal(by_utype["spec:Spectrum.Data.FluxAxis.Value"], part.flux)
    assert part.ivar is not None
    known = part.ivar > 0
    error = np.ma.filled(by_utype["spec:Spectrum.Data.FluxAxis.Accuracy.StatError"], np.nan)
    assert known.any()
    np.testing.assert_allclose(error[known], part.ivar[known].astype(float) ** -0.5, rtol=1e-6)
    assert np.isnan(error[~known]).all()


def test_what_is_said_of_it(spectrum: Spectrum, resource: Any) -> None:
    part = spectrum.parts[0]
    said = {p.utype.removeprefix("spec:Spectrum."): p for p in resource.params}
    wave, time = "Char.SpectralAxis.Coverage.Bounds", "Char.TimeAxis.Coverage"
    assert said["DataModel"].value == "Spectrum-1.1" and said["Length"].value == len(part)
    assert said["Curation.PublisherDID"].value == CURATION.publisher_did
    assert said["CoordSys.SpectralFrame.RefPos"].value == part.frame
    assert said["Char.FluxAxis.Calibration"].value == "relative" and said["Char.FluxAxis.Unit"].value == UNIT
    assert (said[f"{wave}.Start"].value, said[f"{wave}.Stop"].value) == (
        part.wavelength.min(),
        part.wavelength.max(),
    )
    assert list(said["Char.SpatialAxis.Coverage.Location.Value"].value) == [spectrum.ra, spectrum.dec]
    assert said["Char.SpatialAxis.Coverage.Location.Value"].ref == resource.coordinate_systems[0].ID
    assert said[f"{time}.Bounds.Start"].value == part.t_min and said[f"{time}.Bounds.Start"].ref == "time_frame"
    (clock,) = resource.time_systems
    assert (clock.ID, clock.timeorigin, clock.timescale) == ("time_frame", "MJD-origin", "UTC")
    assert said[f"{time}.Bounds.Extent"].ref is None
    assert all(p.ucd is None or ucd_problem(p.ucd) is None for p in resource.params)


def test_it_is_valid_and_opened_by_stilts(document: bytes, spectrum: Spectrum, tmp_path: Path) -> None:
    stilts = shutil.which("stilts")
    if stilts is None:
        pytest.skip("stilts is not installed (Debian: stilts)")
    file = tmp_path / "spectrum.vot"
    file.write_bytes(document)
    lint = [stilts, "votlint", f"votable={file}", "ucd=true", "unit=true"]
    done = subprocess.run(lint, capture_output=True, text=True, timeout=120)
    assert (done.stdout + done.stderr).strip() == ""
    count = [stilts, "tpipe", f"in={file}", "omode=count"]
    said = subprocess.run(count, capture_output=True, text=True, timeout=120).stdout
    assert f"rows: {len(spectrum.parts[0])}" in said
