"""Every solar file that is no image is published; values and axes are those of an independent read."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.time import Time

from tests.support.solar import PRODUCTS, SOLAR, solar
from tianku.model.access import ANONYMOUS
from tianku.model.config.products import ProductConfig
from tianku.model.errors import UsageError
from tianku.products.index import IndexEntry, ProductIndex
from tianku.products.readers.dynamic import read_dynamic
from tianku.products.readers.timeseries import read_timeseries
from tianku.usecases.centre import Centre
from tianku.usecases.dynamic import dynamic
from tianku.usecases.previews import preview
from tianku.usecases.timeseries import timeseries

#: file -> why it is not published: Solar Orbiter's moments of that day have no record
REJECTED = {"solo_L1_swa-pas-mom_20200706_V01.cdf": "timeseries.empty"}
OTHER = {"19960106SRS.txt", "19960430SRS.txt", "19960513SRS.txt"}
#: published as images, by another suite
IMAGES = {
    "2013_06_24__17_31_30_84__SDO_AIA_AIA_193.jp2",
    "aia_171_level1.fits",
    "efz20040301.000010_s.fits",
    "resampled_hmi.fits",
    "secchi_l0_a.fits",
}
GREENLAND = "GREENLAND_20240716_130442_62"
WHOLE = slice(None)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, test_data: Path) -> Iterator[Centre]:
    with solar(tmp_path_factory.mktemp("solar") / "site", test_data) as opened:
        yield opened


def rows(centre: Centre, name: str) -> list[IndexEntry]:
    one = centre.picture().datasets[SOLAR].sets[name]
    index = ProductIndex(one.folder / one.manifest.index.path)
    return [entry for product in index.products(0, 100) for entry in product]


def test_every_file_is_published_or_rejected_by_name(centre: Centre, test_data: Path) -> None:
    published: dict[str, str] = {}
    rejected: dict[str, str] = {}
    for name in PRODUCTS:
        published |= {Path(entry.path).name: name for entry in rows(centre, name)}
        one = centre.picture().datasets[SOLAR].sets[name]
        if one.manifest.rejects.report:
            with (one.folder / one.manifest.rejects.report).open(encoding="utf-8", newline="") as stream:
                rejected |= {Path(r["file"]).name: r["reason"].partition(":")[0] for r in csv.DictReader(stream)}
    assert rejected == REJECTED
    assert {file for file, name in published.items() if name == "regions"} == OTHER
    everything = {path.name for path in (test_data / "solar").iterdir()}
    assert everything - published.keys() - rejected.keys() == IMAGES


def test_callisto_values_and_axes_are_the_files(centre: Centre, test_data: Path) -> None:
    keys = {}
    for entry in rows(centre, "bursts"):
        keys.setdefault(entry.key, []).append((entry.category, Path(entry.path)))
    assert {key: len(files) for key, files in keys.items()} == {
        "BIR_20110607_062400_10": 1,
        "BLEN7M_20110809_080004_25": 2,
        "GAURI_20151104_033000_59": 1,
        GREENLAND: 4,
    }
    for key, files in keys.items():
        found = dynamic(centre, ANONYMOUS, SOLAR, "bursts", key).spectrum
        images, times = [], []
        for _, path in sorted(files):
            # astropy scales bytes in single precision: done here in double
            with fits.open(path, do_not_scale_image_data=True) as hdus:
                scale = hdus[0].header["BSCALE"]
                images.append(hdus[0].data.T if scale == 1 else hdus[0].data.T * scale + hdus[0].header["BZERO"])
                start = f"{hdus[0].header['DATE-OBS'].replace('/', '-')}T{hdus[0].header['TIME-OBS']}"
                times.append(Time(start).mjd + hdus[1].data["TIME"][0] / 86400)
                axis, unit = hdus[1].data["FREQUENCY"][0], hdus[0].header["BUNIT"]
        kept = np.concatenate(times) > np.concatenate(
            [np.full(len(t), times[n - 1][-1] if n else -1) for n, t in enumerate(times)]
        )
        plane = found.planes[0]
        assert np.array_equal(plane.values.read(WHOLE, WHOLE), np.concatenate(images)[kept])
        assert np.abs(plane.times - np.concatenate(times)[kept]).max() * 86400 < 2e-6
        assert np.array_equal(found.frequency, axis) and found.original_unit == unit


def test_callisto_rows_of_obscore(centre: Centre) -> None:
    one = centre.picture().datasets[SOLAR].sets["bursts"]
    found = {row["obs_id"]: row for row in pq.read_table(one.folder / one.manifest.obscore.path).to_pylist()}
    row = found[GREENLAND]
    assert row["dataproduct_subtype"] == "dynamic-spectrum"
    assert (row["target_name"], row["instrument_name"], row["o_unit"]) == ("Sun", "GREENLAND", "adu")
    start, end = Time(["2024-07-16T13:04:42.954", "2024-07-16T14:04:42.959"]).mjd
    assert row["t_min"] == pytest.approx(start, abs=1e-8) and row["t_max"] == pytest.approx(end, abs=1e-8)
    assert row["t_resolution"] == pytest.approx(0.25, abs=1e-6) and (row["t_xel"], row["em_xel"]) == (14400, 200)
    assert row["em_max"] == pytest.approx(299.792458 / 10) and row["em_min"] == pytest.approx(299.792458 / 105.813)
    assert (row["t_max"] - row["t_min"]) * 86400 == pytest.approx(3600.005, abs=1e-3)


@pytest.mark.parametrize("name", ["avg1m_g15_d20190102", "avg1m_g16_d20210101", "flx1s_g17_d20201016"])
def test_goes_netcdf_series_are_the_files(centre: Centre, test_data: Path, name: str) -> None:
    found = timeseries(centre, ANONYMOUS, SOLAR, "monitors", f"sci_xrsf-l2-{name}_truncated").curves
    with h5py.File(test_data / "solar" / f"sci_xrsf-l2-{name}_truncated.nc") as file:
        seconds = file["time"][:]
        for part in found.parts:
            variable, _, component = part.name.partition("[")
            raw = file[variable][...].astype(np.float64)
            raw = raw[:, int(component.rstrip("]"))] if component else raw
            raw[raw == float(np.ravel(file[variable].attrs["_FillValue"])[0])] = np.nan
            assert np.array_equal(part.value, raw.astype(part.value.dtype), equal_nan=True), part.name
            assert np.abs(part.time - (Time("2000-01-01T12:00:00").mjd + seconds / 86400)).max() < 1e-10
        measured = {n for n, v in file.items() if v.ndim and v.dtype.kind in "iuf" and not v.is_scale}
        assert {part.name.partition("[")[0] for part in found.parts} == measured
    assert [(p.name, p.unit, p.band, p.em_max) for p in found.parts[:2]] == [
        ("xrsb_flux", "W.m**-2", "XRS-B", 8e-10),
        ("xrsa_flux", "W.m**-2", "XRS-A", 4e-10),
    ]


def test_goes_fits_of_vectors_and_parker_cdf(centre: Centre, test_data: Path) -> None:
    found = timeseries(centre, ANONYMOUS, SOLAR, "monitors", "go1520110607").curves
    with fits.open(test_data / "solar" / "go1520110607.fits") as hdus:
        flux, seconds = hdus["FLUXES"].data["FLUX"][0].astype(float), hdus["FLUXES"].data["TIME"][0]
    flux[flux == -99999] = np.nan
    for number, part in enumerate(found.parts):
        assert np.array_equal(part.value, flux[:, number], equal_nan=True) and part.unit == "W.m**-2"
        assert np.abs(part.time - (Time("2011-06-07").mjd + seconds / 86400)).max() < 1e-10
    field = timeseries(centre, ANONYMOUS, SOLAR, "monitors", "psp_fld_l2_mag_rtn_1min_20200104_v02").curves
    assert [(p.name, p.unit, len(p)) for p in field.parts] == [
        ("psp_fld_l2_mag_RTN_1min[B_R]", "nT", 118),
        ("psp_fld_l2_mag_RTN_1min[B_T]", "nT", 118),
        ("psp_fld_l2_mag_RTN_1min[B_N]", "nT", 118),
        ("psp_fld_l2_quality_flags", None, 1440),
    ]
    assert field.parts[3].time[:2] == pytest.approx(Time(["2020-01-04T00:00:00", "2020-01-04T00:01:00"]).mjd)
    assert np.isnan(field.parts[0].value[0]) and field.parts[0].value[1] == np.float32(-4.2466445)


def test_other_files_have_dates_by_their_names(centre: Centre, test_data: Path) -> None:
    one = centre.picture().datasets[SOLAR].sets["regions"]
    found = {
        row["obs_id"]: row["t_min"] for row in pq.read_table(one.folder / one.manifest.obscore.path).to_pylist()
    }
    assert found == {stem: Time(f"{stem[:4]}-{stem[4:6]}-{stem[6:8]}").mjd for stem in (f[:-4] for f in OTHER)}
    assert all(len(entry.sha256) == 64 for entry in rows(centre, "regions"))


def test_previews_are_pictures_of_the_size_asked_for(centre: Centre) -> None:
    for size in ("small", "medium"):
        png = preview(centre, ANONYMOUS, SOLAR, "bursts", GREENLAND, size=size, language="zh").png
        assert png.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "name",
    [
        "GAURI_20151104_033000_59.fit",
        "sci_xrsf-l2-avg1m_g15_d20190102_truncated.nc",
        "psp_fld_l2_mag_rtn_1min_20200104_v02.cdf",
    ],
)
def test_hostile_bytes_end_in_a_usage_error(tmp_path: Path, test_data: Path, name: str) -> None:
    whole = (test_data / "solar" / name).read_bytes()
    chance = random.Random(name)
    path = tmp_path / name
    dynamic_set = ProductConfig.model_validate({"type": "dynamic-spectrum"})
    series_set = ProductConfig.model_validate({"type": "timeseries"})
    for _ in range(40):
        content = bytearray(whole[: chance.randrange(len(whole))] if chance.random() < 0.4 else whole)
        for _ in range(chance.choice((0, 1, 4, 40))):
            if content:
                content[chance.randrange(min(len(content), chance.choice((400, 6000, 1 << 30))))] = (
                    chance.randrange(256)
                )
        path.write_bytes(content)
        try:
            if name.endswith(".fit"):
                read_dynamic(path, dynamic_set, None)
            else:
                read_timeseries(path, series_set)
        except UsageError:
            continue
