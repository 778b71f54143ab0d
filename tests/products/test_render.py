"""What the viewer and downloads get equals what the file holds."""

from __future__ import annotations

import csv
import io
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from tests.products.product_sets import UNIT
from tests.support.spectra import unwired
from tianku.model.errors import NotFoundError
from tianku.model.metadata import Bit
from tianku.model.text import Text
from tianku.model.vocabulary.ucds import ucd_problem
from tianku.model.vocabulary.units import is_vounit
from tianku.products.plot import thumbnail, to_png
from tianku.products.plot_frame import ticks
from tianku.products.readers import read_spectrum
from tianku.products.render import inverse_square, table_columns, to_csv, to_fits, to_wire
from tianku.products.spectrum import FluxInfo, Part, Spectrum

FLUX = FluxInfo(UNIT, "relative")
BITS = {"andmask": (Bit(bit=7, name="NEARBADPIX", description=Text(en="near a bad pixel", zh="邻近坏像素")),)}


def same(part: Part, arrays: dict[str, np.ndarray]) -> None:
    np.testing.assert_array_equal(part.wavelength, arrays["wavelength"])
    np.testing.assert_array_equal(part.flux, arrays["flux"])
    np.testing.assert_array_equal(part.ivar, arrays["ivar"])  # type: ignore[arg-type]
    for name, mask in part.masks.items():
        np.testing.assert_array_equal(mask, arrays[name])


@pytest.fixture(scope="module")
def files(test_data: Path) -> list[Path]:
    return sorted((test_data / "lamost-spectra").iterdir())


@pytest.fixture(scope="module")
def spectrum(files: list[Path]) -> Spectrum:
    return read_spectrum(files[0], flux=FLUX, bits=BITS)


def test_every_real_file_arrives_whole(files: list[Path]) -> None:
    for path in files:
        read = read_spectrum(path)
        reply = to_wire(read)
        header, arrays = unwired(reply)
        assert [p["name"] for p in header["parts"]] == [p.name for p in read.parts]
        for part, found in zip(read.parts, arrays, strict=True):
            same(part, found)
        assert (8 + struct.unpack("<I", reply[4:8])[0]) % 8 == 0


def test_the_reply_says_what_the_numbers_are(spectrum: Spectrum) -> None:
    header, _ = unwired(to_wire(spectrum))
    part = header["parts"][0]
    assert (
        header["flux"] == {"unit": UNIT, "calibration": "relative"} and header["frame"] == "heliocentric, vacuum"
    )
    text = {"en": "near a bad pixel", "zh": "邻近坏像素"}
    assert header["masks"]["andmask"] == [{"bit": 7, "name": "NEARBADPIX", "description": text}]
    assert (header["id"], header["title"]) == ("3703110", "LAMOST J091219.42+275336.4")
    assert (header["class"], header["subclass"], header["z"]) == ("STAR", "K7", -5.617e-05)
    assert header["header"]["OBSID"] == 3703110 and part["columns"]["wavelength"]["dtype"] == "f8"
    assert header["simulated"] is False


def test_a_sentinel_is_no_redshift(spectrum: Spectrum) -> None:
    unknown = replace(spectrum, header={**spectrum.header, "Z": -9999.0, "SIMULATE": True})
    header, _ = unwired(to_wire(unknown))
    assert header["z"] is None and header["simulated"] is True


def test_csv_holds_the_values(spectrum: Spectrum) -> None:
    rows = list(csv.DictReader(io.StringIO(b"".join(to_csv(spectrum)).decode())))
    part = spectrum.parts[0]
    assert [np.float32(r["flux"]) for r in rows[:50]] == part.flux[:50].tolist()
    assert float(rows[-1]["wavelength"]) == part.wavelength[-1]


def test_fits_tables_of_all_parts(files: list[Path]) -> None:
    med = read_spectrum(
        next(p for p in files if p.name.startswith("med-58646")), flux=FluxInfo("count", "uncalibrated")
    )
    with fits.open(io.BytesIO(to_fits(med))) as hdus:
        hdus.verify("exception")
        assert [h.name for h in hdus[1:]] == [p.name for p in med.parts]
        for part, hdu in zip(med.parts, hdus[1:], strict=True):
            same(part, {name: hdu.data[name] for name in hdu.columns.names})
            assert hdu.header["MJD-BEG"] == part.t_min and hdu.columns["flux"].unit == "count"


def test_columns_are_described_in_the_words_of_the_vo(spectrum: Spectrum) -> None:
    for column in table_columns(spectrum.parts[0]):
        assert column.ucd and ucd_problem(column.ucd) is None, column
        assert column.unit is None or is_vounit(column.unit), column
    assert inverse_square(UNIT) == "10**34erg**-2.s**2.cm**4.Angstrom**2"
    assert inverse_square("count") == "count**-2" and inverse_square(None) is None


def test_pictures(spectrum: Spectrum) -> None:
    plot = Image.open(io.BytesIO(to_png(spectrum)))
    small = Image.open(io.BytesIO(thumbnail(spectrum)))
    assert plot.size == (1000, 420) and small.size == (240, 80)
    assert len(plot.getcolors(1 << 20) or []) > 50
    assert ticks(3700, 9100, 9) == [4000, 5000, 6000, 7000, 8000, 9000]


def test_an_unknown_part_names_those_there_are(spectrum: Spectrum) -> None:
    with pytest.raises(NotFoundError, match="COADD"):
        to_csv(spectrum, "B-1")
