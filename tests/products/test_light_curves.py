"""Light curves: layouts, time frames, units, and damaged files."""

from __future__ import annotations

import bz2
import io
import tarfile
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time

from tests.products.light_curve_sets import curves
from tianku.model.config.products import ProductConfig
from tianku.model.errors import LimitError, UsageError
from tianku.products.readers.archive import unpacked
from tianku.products.readers.source import ReadLimits
from tianku.products.readers.timeseries import read_timeseries
from tianku.products.timeseries import TimeFrame, TimeSeries


def _config(**said: Any) -> ProductConfig:
    return curves(**said).config


def _read(data: bytes, filename: str = "x.csv", **said: Any) -> TimeSeries:
    return read_timeseries(data, _config(**said), filename)


def _kepler(rows: int = 40, **cards: Any) -> bytes:
    """A small file of the Kepler layout, made by astropy."""
    time = np.arange(rows, dtype="f8") * 0.02043 + 120.5
    time[3] = np.nan
    flux = np.linspace(1000, 1010, rows).astype("f4")
    quality = np.zeros(rows, "i4")
    quality[5] = 1 << 20
    columns = [
        fits.Column("TIME", "D", unit="BJD - 2454833", array=time),
        fits.Column("SAP_FLUX", "E", unit="e-/s", array=flux),
        fits.Column("SAP_FLUX_ERR", "E", unit="e-/s", array=flux / 100),
        fits.Column("SAP_QUALITY", "J", array=quality),
        fits.Column("PDCSAP_FLUX", "E", unit="e-/s", array=flux + 5),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="LIGHTCURVE")
    table.header.update({"TELESCOP": "Kepler", "BJDREFI": 2454833, "BJDREFF": 0.25, "TIMESYS": "TDB"} | cards)
    table.header.update({"TIMEREF": "SOLARSYSTEM", "OBJECT": "KIC 1", "RA_OBJ": 290.5, "DEC_OBJ": 44.5})
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(stream)
    return stream.getvalue()


def _tar(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name.replace("_", "."))
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return bz2.compress(stream.getvalue())


_MACHO = b"#Field Tile Seq RA(hour) Dec(deg) Filter\n#1 3444 614 5.02878 -69.171 %s -5.9 -5.9\n#MJD Mag Err\n"
MACHO = _tar(
    lc_B_mjd=_MACHO % b"B" + b"48823.5 -6.0 0.1\n48824.5 -6.1 0.2\n", lc_R_mjd=_MACHO % b"R" + b"48823.5 -5 0.1\n"
)
ASASSN = (
    b"HJD,UT Date,Camera,FWHM,Limit,mag,mag_err,flux(mJy),flux_err,Filter\n"
    b"2458817.82200,2019-11-30.3,bi,1.42,16.827,14.418,0.024,6.204,0.135,g\n"
    b"2458818.82200,2019-11-30.3,bi,1.42,16.827,>17.1,99.990,6.204,0.135,V\n"
    b"2458819.82200,2019-11-30.3,bi,1.42,16.827,99.990,99.990,99.990,99.990,g"
)


def test_keywords_say_how_times_count() -> None:
    found = _read(_kepler())
    first = found.parts[0]
    assert [p.name for p in found.parts] == ["PDCSAP", "SAP"] and found.layout == "kepler"
    assert first.frame == TimeFrame(2454833.25, "TDB", "BARYCENTER")
    assert (found.ra, found.dec, found.target) == (290.5, 44.5, "KIC 1")
    assert (first.unit, first.original_unit, first.ucd) == ("count.s**-1", "e-/s", "phot.count;em.opt")
    assert len(first) == 40 and first.good.sum() == 38  # one row without a time, one flagged
    assert first.bits[-1].name == "thruster" and first.bits[-1].bit == 20


def test_times_become_utc_as_astropy_does_it() -> None:
    days = np.array([120.5, 3000.25])
    expected = Time(2454833.25 + days, format="jd", scale="tdb").utc.mjd
    np.testing.assert_allclose(TimeFrame(2454833.25, "TDB").utc_mjd(days), expected, rtol=0, atol=1e-9)
    assert abs(expected[0] - (54833 - 0.25 + 120.5)) * 86400 > 60  # TDB is over a minute from UTC
    assert np.isnan(TimeFrame(0.0).utc_mjd(np.array([55000.0]))).all()  # no Julian Date of an observation


def test_an_archive_of_texts_is_one_product_with_a_part_per_member() -> None:
    found = _read(MACHO, "lc_1.tar.bz2")
    assert [(p.name, p.band, len(p), p.quantity, p.unit) for p in found.parts] == [
        ("B", "B", 2, "magnitude", "mag"),
        ("R", "R", 1, "magnitude", "mag"),
    ]
    assert found.ra == pytest.approx(5.02878 * 15) and found.dec == -69.171 and found.target == "MACHO 1.3444.614"
    assert found.parts[0].calibration == "uncalibrated" and found.parts[0].em_max == 6.3e-7


def test_a_column_of_bands_makes_parts_and_limits_are_told_from_values() -> None:
    found = _read(ASASSN)
    assert [(p.name, p.unit, len(p)) for p in found.parts] == [
        ("g", "mag", 2), ("V", "mag", 1), ("g-flux", "mJy", 2), ("V-flux", "mJy", 1),
    ]  # fmt: skip
    limit = found.parts[1]
    assert limit.value[0] == 17.1 and limit.limit is not None and limit.limit[0]
    assert np.isnan(found.parts[0].value[1]) and found.parts[0].frame == TimeFrame(0.0, "UTC", "HELIOCENTER")


@pytest.mark.parametrize(
    "rows", [b"2453421.5 15.1 0.01\n2453422.5 15.2 0.02\n", b"3421.5 15.1 0.01\n3422.5 15.2 0.02\n"]
)
def test_ogle_dates_are_whole_or_short(rows: bytes) -> None:
    found = _read(rows, "OGLE-LMC-CEP-0001.dat", value={"band": "I"})
    part = found.parts[0]
    np.testing.assert_allclose(part.frame.utc_mjd(part.time), [53421.0, 53422.0], atol=1e-9)
    assert (part.name, part.band, part.em_min, found.target) == ("I", "I", 7.1e-7, "OGLE-LMC-CEP-0001")


def test_configuration_overrides_a_layout_and_describes_an_unknown_file() -> None:
    text = b"when;m\n10;15.5\n86410;15.6\n"
    said: dict[str, Any] = {
        "time": {"column": "when", "origin": "MJD", "unit": "s", "scale": "TT"},
        "value": {"column": "m", "unit": "mag"},
    }
    with pytest.raises(UsageError, match="no light curve layout"):
        _read(text.replace(b";", b","), reader="kepler")
    part = _read(text.replace(b";", b","), reader="text", **said).parts[0]
    assert part.frame == TimeFrame(2400000.5, "TT", "TOPOCENTER") and part.quantity == "magnitude"
    np.testing.assert_allclose(np.diff(part.time), [1.0])
    moved = _read(_kepler(), time={"origin": 2400000.5, "scale": "UTC"}).parts[0]
    assert moved.frame == TimeFrame(2400000.5, "UTC", "BARYCENTER")
    assert _read(_kepler(), value={"column": "SAP_FLUX", "flag": "SAP_QUALITY"}).parts[0].flag is not None


@pytest.mark.parametrize(("head", "end"), [(b"", b""), (b",", b","), (b"", b","), (b",", b"")])
def test_empty_values_at_the_end_of_lines_are_values(head: bytes, end: bytes) -> None:
    rows = [b"55000.5,12.3,0.1", b"55001.5,12.4,", b"55002.5,,"]
    said: dict[str, Any] = {"time": {"column": "t", "origin": "MJD"}, "value": {"column": "m", "error": "e"}}
    text = b"\n".join([b"t,m,e" + head, *(row + end for row in rows)])
    part = _read(text, reader="text", **said).parts[0]
    np.testing.assert_array_equal(part.value, [12.3, 12.4, np.nan])
    assert part.error is not None
    np.testing.assert_array_equal(part.error, [0.1, np.nan, np.nan])


_TM = {"reader": "text", "time": {"column": "t"}, "value": {"column": "m"}}


@pytest.mark.parametrize(
    ("data", "filename", "said", "code"),
    [
        (b"", "x.csv", {}, "timeseries.unknown_layout"),
        (b"a,b\n1,2\n", "x.csv", {}, "timeseries.unknown_layout"),
        (b"\0\1\2", "EPIC1.csv", {}, "timeseries.not_text"),
        (b"1,2,3\n4,5\n", "EPIC1.csv", {}, "timeseries.bad_table"),
        (b"1,two\n", "EPIC1.csv", {}, "timeseries.bad_number"),
        (b"x," * 5000, "EPIC1.csv", {}, "timeseries.bad_table"),
        (b"t,m\n1,2\n", "x.csv", _TM, "timeseries.no_origin"),
        (_kepler(TIMESYS="MARS"), "x.fits", {}, "timeseries.time_scale"),
        (_kepler(), "x.fits", {"reader": "tess"}, "timeseries.unknown_layout"),
        (_kepler(), "x.fits", {"reader": "nothing"}, "timeseries.unknown_reader"),
        (bz2.compress(b"x" * 9000)[:-9], "x", {}, "file.bad_bzip2"),
    ],
)  # fmt: skip
def test_bad_files_are_refused_by_name(data: bytes, filename: str, said: dict[str, Any], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        _read(data, filename, **said)
    assert caught.value.code == code


def test_a_bzip2_bomb_is_stopped() -> None:
    with pytest.raises(LimitError) as caught:
        unpacked(bz2.compress(b"\0" * (6 << 20)), ReadLimits(max_bytes=5 << 20))
    assert caught.value.code == "file.bzip2_bomb"


@pytest.mark.parametrize(("data", "filename"), [(_kepler(), "k.fits"), (MACHO, "m.tar.bz2"), (ASASSN, "a.csv")])
def test_damage_ends_in_a_clean_reject_or_a_whole_curve(data: bytes, filename: str) -> None:
    config = _config()
    random = np.random.default_rng(7)
    damaged = [data[:size] for size in range(0, len(data), 1024)] + [data[:-1]]
    for _ in range(300):
        copy = bytearray(data)
        copy[random.integers(len(copy))] ^= 1 << random.integers(8)
        damaged.append(bytes(copy))
    for one in damaged:
        try:
            found = read_timeseries(one, config, filename)
        except UsageError as error:
            assert error.code and error.message
        else:
            assert all(len(p.time) == len(p.value) for p in found.parts)
