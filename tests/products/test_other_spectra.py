"""Spectra beyond LAMOST: SDSS in both layouts, spectra by world coordinates, wavelengths in air."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.time import Time

from tests.products.product_sets import context
from tianku.model.errors import UsageError
from tianku.products.ingest import ingest_products
from tianku.products.readers.spectra import from_air, read_spectrum
from tianku.products.spectrum import Spectrum

UNIT = "10**-17erg.cm**-2.s**-1.Angstrom**-1"
GALAXY, STAR = "spec-1230-52672-0233.fits", "spec-3128-54776-0008.fits"


@pytest.fixture(scope="module")
def folder(test_data: Path) -> Path:
    return test_data / "other-spectra"


def test_every_real_file_is_published(folder: Path, tmp_path: Path) -> None:
    files = sorted(folder.iterdir())
    said: dict[str, Any] = {
        "reader": "auto",
        "key": "{PLATEID}-{MJD}-{FIBERID}",
        "flux": {},
        "obscore": {"target_class": "CLASS"},
    }
    manifest = ingest_products(context("spectra", **said), files, tmp_path)
    assert (manifest.products, manifest.parts, manifest.rejects.total) == (len(files), 8, 0)
    rows = pq.read_table(tmp_path / manifest.obscore.path).to_pylist()  # type: ignore[union-attr]
    first = next(r for r in rows if r["obs_id"] == "1230-52672-233")
    assert (first["s_ra"], first["s_dec"], first["target_class"]) == (183.87712, 9.5848939, "GALAXY")
    assert (first["o_unit"], first["o_calib_status"], first["t_exptime"]) == (UNIT, "absolute", 2100.3)


@pytest.mark.parametrize("name", [GALAXY, STAR])
def test_values_equal_those_astropy_reads(folder: Path, name: str) -> None:
    found = read_spectrum(folder / name, "sdss")
    with fits.open(folder / name) as hdus:
        for part in found.parts:
            table = hdus[part.name].data
            np.testing.assert_array_equal(part.flux, table["flux"])
            np.testing.assert_array_equal(part.ivar, table["ivar"])
            np.testing.assert_allclose(part.wavelength, 10 ** table["loglam"].astype("f8"), rtol=1e-14)
            for role, column in (("andmask", "and_mask"), ("ormask", "or_mask"), ("pixmask", "mask")):
                if role in part.masks:
                    np.testing.assert_array_equal(part.masks[role], table[column])
                    assert part.bits[role][-1].name == "REDMONSTER"
        row = hdus["SPECOBJ"].data[0]
        assert found.header["CLASS"] == row["CLASS"] and found.header["Z"] == pytest.approx(row["Z"])
        assert found.parts[0].snr[""] == pytest.approx(row["SN_MEDIAN_ALL"])
        assert (found.ra, found.dec) == (row["PLUG_RA"], row["PLUG_DEC"])
    assert {p.flux_unit for p in found.parts} == {UNIT} and {p.calibration for p in found.parts} == {"absolute"}


def test_times_are_utc_of_tai_seconds_or_whole_nights(folder: Path) -> None:
    exposures = read_spectrum(folder / GALAXY, "sdss")
    with fits.open(folder / GALAXY) as hdus:
        ends = ([h.header[k] / 86400 for h in hdus[4:]] for k in ("TAI-BEG", "TAI-END"))
        begin, end = (Time(times, format="mjd", scale="tai").utc.mjd for times in ends)
    assert [p.t_min for p in exposures.parts[1:]] == pytest.approx(begin, abs=1e-9)
    coadd = exposures.parts[0]
    assert (coadd.t_min, coadd.t_max) == (pytest.approx(min(begin)), pytest.approx(max(end)))
    assert coadd.t_exptime == 2100.3
    nights = read_spectrum(folder / STAR, "sdss")
    assert nights.notes == ("time.nights",)
    # the mean time of the file lies inside
    assert nights.parts[0].t_min < 4731799582.69 / 86400 < nights.parts[0].t_max  # type: ignore[operator]
    assert 54758.6 < nights.parts[0].t_min < 54759 and 54774.6 < nights.parts[0].t_max < 54775  # type: ignore[operator]


def _image(data: np.ndarray[Any, Any], **cards: Any) -> bytes:
    hdu = fits.PrimaryHDU(data)
    hdu.header.update({k.replace("_", "-"): v for k, v in cards.items()})
    stream = io.BytesIO()
    hdu.writeto(stream)
    return stream.getvalue()


def test_older_sdss_files_are_images_with_errors() -> None:
    rows = np.ones((5, 40), "f4")
    rows[2] = 0.5
    rows[2, 7] = 0
    rows[3:] = 1 << 18
    cards = {"ARRAY1": "SPECTRUM", "COEFF0": 3.58, "COEFF1": 1e-4, "RAOBJ": 10.0, "DECOBJ": -1.0, "VACUUM": True}
    unit = {"BUNIT": "1.0E-17 erg/cm/s/Ang", "EXPTIME": 900.0, "MJDLIST": "51788 51789"}
    found = read_spectrum(_image(rows, **cards, **unit), "auto")
    part = found.parts[0]
    assert (found.layout, found.ra, found.dec, part.t_exptime) == ("sdss-spspec", 10.0, -1.0, 900.0)
    np.testing.assert_allclose(part.wavelength, 10 ** (3.58 + 1e-4 * np.arange(40)))
    assert part.ivar is not None and part.ivar[0] == 4 and part.ivar[7] == 0
    assert set(part.masks["andmask"]) == {1 << 18} and part.t_max - part.t_min == pytest.approx(2)  # type: ignore[operator]


def _by_coordinates(**cards: Any) -> Spectrum:
    said = {"CRVAL1": 6562.79, "CDELT1": 0.5, "CRPIX1": 1.0, "CTYPE1": "WAVE", "BUNIT": "Jy"}
    return read_spectrum(_image(np.arange(30, dtype="f4"), **(said | cards)), "fits-spectrum")


def test_world_coordinates_give_wavelengths_in_any_unit() -> None:
    plain = _by_coordinates().parts[0]
    np.testing.assert_allclose(plain.wavelength, 6562.79 + 0.5 * np.arange(30))
    assert (plain.flux_unit, plain.calibration, plain.frame) == ("Jy", "unknown", "TOPOCENTER")
    other = _by_coordinates(CRVAL1=656.279, CDELT1=0.05, CRPIX1=3.0, CUNIT1="nm").parts[0]
    np.testing.assert_allclose(other.wavelength, 6561.79 + 0.5 * np.arange(30))
    log = _by_coordinates(CRVAL1=3.5, CDELT1=1e-4, CTYPE1="LINEAR", DC_FLAG=1).parts[0]
    np.testing.assert_allclose(log.wavelength, 10 ** (3.5 + 1e-4 * np.arange(30)))
    with pytest.raises(UsageError, match="no wavelength"):
        _by_coordinates(CUNIT1="Hz")


def test_wavelengths_in_air_are_converted_and_noted() -> None:
    found = _by_coordinates(CTYPE1="AWAV")
    assert found.notes[-1] == "wavelength.from_air"
    # H alpha, the sodium D2 line and [O III] in air and in vacuum, as tables of lines give them
    assert found.parts[0].wavelength[0] == pytest.approx(6564.61, abs=0.01)
    vacuum = from_air(np.array([5889.950, 5006.843, 1215.67]))
    np.testing.assert_allclose(vacuum, [5891.583, 5008.240, 1215.67], atol=0.01)
    assert _by_coordinates(VACUUM=False).parts[0].wavelength[0] == found.parts[0].wavelength[0]


def test_damage_ends_in_a_clean_reject_or_whole_spectra(folder: Path) -> None:
    data = (folder / STAR).read_bytes()
    random = np.random.default_rng(3)
    damaged = [data[:size] for size in range(0, len(data), 4096)]
    for _ in range(60):
        copy = bytearray(data)
        copy[random.integers(len(copy) // 3)] ^= 1 << random.integers(8)
        damaged.append(bytes(copy))
    for one in damaged:
        try:
            found = read_spectrum(one, "auto")
        except UsageError as error:
            assert error.code and error.message
        else:
            assert all(len(p.flux) == len(p.wavelength) for p in found.parts)
