"""Every real LAMOST file reads as astropy reads it, with the right times."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from astropy.time import Time

from tests.support.spectra import truth as truth_of
from tianku.model.metadata import Bit
from tianku.products.readers import read_spectrum
from tianku.products.spectrum import FluxInfo, Part, Spectrum


@pytest.fixture(scope="module")
def files(test_data: Path) -> list[Path]:
    return sorted((test_data / "lamost-spectra").iterdir())


@pytest.fixture(scope="module")
def spectra(files: list[Path]) -> dict[Path, Spectrum]:
    return {path: read_spectrum(path) for path in files}


def _same(part: Part, truth: dict[str, np.ndarray]) -> None:
    assert part.wavelength.dtype == np.float64
    np.testing.assert_array_equal(part.wavelength, truth["wavelength"].astype(np.float64))
    np.testing.assert_array_equal(part.flux, truth["flux"])
    assert part.ivar is not None
    np.testing.assert_array_equal(part.ivar, truth["ivar"])
    named = {name for name in truth if name.endswith("mask")}
    assert set(part.masks) == named
    for name in named:
        np.testing.assert_array_equal(part.masks[name], truth[name])


def test_all_188_files_equal_astropy(spectra: dict[Path, Spectrum]) -> None:
    assert len(spectra) == 188
    for path, spectrum in spectra.items():
        truth = truth_of(path)
        assert {p.name for p in spectrum.parts} == set(truth), path.name
        for part in spectrum.parts:
            _same(part, truth[part.name])


def test_layouts_are_recognised(spectra: dict[Path, Spectrum]) -> None:
    found = Counter(s.layout for s in spectra.values())
    assert found == {"lamost-lrs-image": 172, "lamost-lrs-table": 12, "lamost-mrs-rows": 4}


def test_mid_time_is_near_the_median_observation(spectra: dict[Path, Spectrum]) -> None:
    for path, spectrum in spectra.items():
        if spectrum.layout == "lamost-mrs-rows":
            continue
        part = spectrum.parts[0]
        assert part.t_min is not None and part.t_max is not None
        median = Time(str(spectrum.header["DATE-OBS"]).replace(" ", "T")).mjd
        assert abs((part.t_min + part.t_max) / 2 - median) * 24 < 1, path.name
        assert part.t_exptime == spectrum.header["EXPTIME"]
        assert spectrum.notes == ()


def test_medium_resolution_times_come_from_the_exposures(files: list[Path]) -> None:
    path = next(p for p in files if p.name.startswith("med-58646-"))
    spectrum = read_spectrum(path, flux=FluxInfo("count", "uncalibrated"))
    exposure = spectrum.part("B-84450349")
    coadd = spectrum.part("COADD_B")
    assert exposure and coadd
    assert exposure.lmjm == 84450349 and exposure.band == "blue" and exposure.kind == "exposure"
    assert exposure.t_min == pytest.approx(84450349 / 1440 - 8 / 24, abs=1e-9)
    assert exposure.t_max == pytest.approx(exposure.t_min + 1200 / 86400, abs=1e-9)
    assert coadd.t_min == exposure.t_min
    assert coadd.t_max == pytest.approx(84450405 / 1440 - 8 / 24 + 1200 / 86400, abs=1e-9)
    assert (coadd.flux_unit, coadd.calibration, coadd.frame) == ("count", "uncalibrated", "HELIOCENTER")


def test_masks_carry_the_configured_bits(files: list[Path]) -> None:
    bits = {"andmask": (Bit(bit=0, name="NOPLUG"),)}
    part = read_spectrum(files[0], bits=bits).parts[0]
    assert part.bits == bits


def test_pilot_row_two_is_normalised_flux_not_wavelength(files: list[Path]) -> None:
    part = read_spectrum(next(p for p in files if p.name.startswith("spec-55862-"))).parts[0]
    assert part.normalized is not None and 0.1 < np.nanmedian(part.normalized) < 10
    assert 3600 < part.wavelength[0] < 3800 and 9000 < part.wavelength[-1] < 9200


def test_signal_to_noise_under_both_spellings(spectra: dict[Path, Spectrum]) -> None:
    for spectrum in spectra.values():
        if spectrum.layout != "lamost-mrs-rows":
            assert {"g", "r"} <= set(spectrum.parts[0].snr) <= set("ugriz")
