"""Light curves over a real installation: every real file, files with renditions, and the rows of a table."""

from __future__ import annotations

import bz2
import csv
import io
import json
import shutil
import tarfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits, votable
from astropy.io.votable.tree import VOTableFile
from astropy.time import Time

from tests.support.curves import epoch_tables, write_ast3
from tests.support.server import serving
from tests.support.state import empty_state
from tianku.products.render_curves import WIRE_MAGIC
from tianku.usecases.centre import Centre
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.publish import publish

ROOT = Path(__file__).resolve().parents[2]
AST3, REAL = "ast3/dr1", "curves"
_REAL = """\
dataset: curves
title: {en: Light curves, zh: 光变曲线}
products:
  files: {type: timeseries, from: "*", key: "{stem}", obscore: {calib_level: 2}}
"""


@dataclass(frozen=True)
class Small:
    """Where it is served, its centre and the folder of real files."""

    address: str
    centre: Centre
    files: Path

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.address + path) as reply:
            return bytes(reply.read())

    def obscore(self, dataset: str, name: str) -> list[dict[str, Any]]:
        one = self.centre.picture().datasets[dataset].sets[name]
        assert one.manifest.obscore is not None
        return pq.read_table(one.folder / one.manifest.obscore.path).to_pylist()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, test_data: Path) -> Iterator[Small]:
    root = tmp_path_factory.mktemp("curves")
    write_ast3(root / "ast3-files")
    shutil.copytree(ROOT / "examples" / "ast3", root / "collections" / "ast3")
    folder = root / "collections" / REAL
    folder.mkdir()
    (folder / "collection.yaml").write_text("collection: curves\ntitle: Light curves\n")
    (folder / "dataset.yaml").write_text(_REAL)
    files = test_data / "light-curves"
    sources = json.dumps({"ast3": str(root / "ast3-files"), REAL: str(files)})
    (root / "site.yaml").write_text(f"authority: test.example\ntitle: Test\ndata_root: data\nsources: {sources}\n")
    (root / "data").mkdir()
    with empty_state(root / "data"):
        for dataset in (AST3, REAL):
            report = ingest_dataset(root, dataset)
            assert all(not one.rejects.total for one in report.manifest.products.values())
            publish(root, dataset)
        centre = Centre.open(root)
        try:
            with serving(centre) as (address, _):
                yield Small(address, centre, files)
        finally:
            centre.close()


def _rows(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode())))


def _votable(body: bytes) -> VOTableFile:
    return votable.parse(io.BytesIO(body))


def test_every_real_file_is_a_product_with_axes_and_units(site: Small) -> None:
    rows = site.obscore(REAL, "files")
    stems = {p.name.split(".fits")[0].removesuffix(".csv").removesuffix(".txt") for p in site.files.iterdir()}
    assert {r["obs_id"] for r in rows} == {s.removesuffix(".tar.bz2") for s in stems}
    for row in rows:
        assert row["dataproduct_type"] == "timeseries" and row["o_ucd"].startswith("phot.")
        assert row["t_min"] < row["t_max"] and row["t_xel"] > 80 and row["t_resolution"] > 50
        assert 3e-7 < row["em_min"] < row["em_max"] < 1.1e-6


@pytest.mark.parametrize(
    ("key", "name", "flag", "zero"),
    [
        ("kplr009726699-2009350155506_llc", "kplr009726699-2009350155506_llc.fits", "SAP_QUALITY", 2454833),
        ("kplr010666592-2009131110544_slc", "kplr010666592-2009131110544_slc.fits.gz", "SAP_QUALITY", 2454833),
        ("ktwo211121743-c04_llc", "ktwo211121743-c04_llc.fits", "SAP_QUALITY", 2454833),
        (
            "hlsp_tess-data-alerts_tess_phot_00025155310-s01_tess_v1_lc",
            "hlsp_tess-data-alerts_tess_phot_00025155310-s01_tess_v1_lc.fits",
            "QUALITY",
            2457000,
        ),
    ],
)
def test_votable_holds_the_numbers_and_the_time_system_of_the_file(
    site: Small, key: str, name: str, flag: str, zero: float
) -> None:
    document = _votable(site.get(f"/api/v1/products/{REAL}/files/{key}/timeseries.vot?part=SAP"))
    system = next(iter(document.iter_timesys()))
    assert (float(system.timeorigin), system.timescale, system.refposition) == (zero, "TDB", "BARYCENTER")
    table = document.get_first_table()
    with fits.open(site.files / name) as hdus:
        truth, header = hdus[1].data, {**hdus[0].header, **hdus[1].header}
        np.testing.assert_array_equal(table.array["time"].filled(np.nan), truth["TIME"])
        np.testing.assert_array_equal(table.array["flux"].filled(np.nan), truth["SAP_FLUX"])
        np.testing.assert_array_equal(table.array["flux_error"].filled(np.nan), truth["SAP_FLUX_ERR"])
        np.testing.assert_array_equal(table.array["flag"], truth[flag])
        row = next(r for r in site.obscore(REAL, "files") if r["obs_id"] == key)
        utc = Time(zero, np.nanmin(truth["TIME"]), format="jd", scale="tdb").utc.mjd
        assert row["t_min"] == pytest.approx(utc, abs=1e-9)
        assert (row["s_ra"], row["s_dec"]) == (header["RA_OBJ"], header["DEC_OBJ"])
        assert row["t_exptime"] == pytest.approx(header["EXPOSURE"] * 86400) and row["o_unit"] == "count.s**-1"


def test_csv_of_an_archive_has_both_bands_of_its_members(site: Small) -> None:
    archive = site.files / "lc_1.3444.614.tar.bz2"
    rows = _rows(site.get(f"/api/v1/products/{REAL}/files/lc_1.3444.614/timeseries.csv"))
    with tarfile.open(fileobj=io.BytesIO(bz2.decompress(archive.read_bytes()))) as members:
        for band in "BR":
            stream = members.extractfile(f"lc_1.3444.614.{band}.mjd")
            assert stream is not None
            truth = np.loadtxt(stream)
            mine = [r for r in rows if r["band"] == band]
            np.testing.assert_allclose(
                [float(r["jd_utc"]) for r in mine], truth[:, 0] + 2400000.5, rtol=0, atol=1e-8
            )
            np.testing.assert_array_equal([float(r["mag"]) for r in mine], truth[:, 1])
            np.testing.assert_array_equal([float(r["mag_error"]) for r in mine], truth[:, 2])


@pytest.mark.parametrize("name", ["EPIC201367065", "EPIC201367065_detrended"])
def test_fits_of_two_columns_is_read_back_by_astropy(site: Small, name: str) -> None:
    body = site.get(f"/api/v1/products/{REAL}/files/{name}/timeseries.fits")
    truth = np.loadtxt(site.files / f"{name}.csv", delimiter=",")
    with fits.open(io.BytesIO(body)) as hdus:
        np.testing.assert_array_equal(hdus[1].data["TIME"], truth[:, 0])
        np.testing.assert_array_equal(hdus[1].data["FLUX"], truth[:, 1])
        cards = hdus[1].header
        assert (cards["JDREFI"] + cards["JDREFF"], cards["TIMESYS"], cards["TREFPOS"]) == (
            2454833,
            "TDB",
            "BARYCENTER",
        )


def test_text_with_limits_and_nulls_equals_the_file(site: Small) -> None:
    key = "light_curve_b4508c12-b04a-467c-9e20-6881885cf0fb"
    truth = list(csv.DictReader((site.files / f"{key}.csv").read_text().splitlines()))
    rows = _rows(site.get(f"/api/v1/products/{REAL}/files/{key}/timeseries.csv?part=g"))
    assert [float(r["hjd_utc"]) for r in rows] == [float(t["HJD"]) for t in truth]
    for row, true in zip(rows, truth, strict=True):
        assert (row["is_limit"] in ("true", "1", "T")) == true["mag"].startswith(">")
        expected = float(true["mag"].lstrip(">"))
        assert (row["mag"] == "NaN") if expected == 99.99 else float(row["mag"]) == expected
    flux = _rows(site.get(f"/api/v1/products/{REAL}/files/{key}/timeseries.csv?part=g-flux"))
    kept = [float(t["flux(mJy)"]) for t in truth if t["flux(mJy)"] != "99.990"]
    assert [float(r["flux"]) for r in flux if r["flux"] != "NaN"] == kept
    sff = "hlsp_k2sff_k2_lightcurve_220132548-c08_kepler_v1_llc-default-aper"
    values = np.loadtxt(site.files / f"{sff}.txt", delimiter=",", skiprows=1, usecols=(0, 1))
    rows = _rows(site.get(f"/api/v1/products/{REAL}/files/{sff}/timeseries.csv"))
    np.testing.assert_allclose([float(r["bjd_tdb"]) - 2454833 for r in rows], values[:, 0], rtol=0, atol=1e-9)
    np.testing.assert_array_equal([float(r["flux"]) for r in rows], values[:, 1])


def test_a_source_of_a_table_is_a_product_without_a_file(site: Small) -> None:
    epochs, sources = epoch_tables()
    rows = {r["obs_id"]: r for r in site.obscore(AST3, "lc_table")}
    assert sorted(rows) == sorted(str(i) for i in sources["source_id"].to_pylist())
    ids, bjd = epochs["source_id"].to_numpy(), epochs["bjd"].to_numpy()
    for source in sources.slice(0, 5).to_pylist():
        mine = np.flatnonzero(ids == source["source_id"])
        mine = mine[np.argsort(bjd[mine])]
        row = rows[str(source["source_id"])]
        utc = Time(bjd[mine][[0, -1]], format="jd", scale="tdb").utc.mjd
        assert (row["t_min"], row["t_max"]) == pytest.approx(tuple(utc), abs=1e-9)
        assert row["t_xel"] == len(mine) and (row["s_ra"], row["s_dec"]) == (source["ra"], source["dec"])
        assert row["t_resolution"] == pytest.approx(np.median(np.diff(bjd[mine])) * 86400)
        base = f"/api/v1/products/{AST3}/lc_table/{source['source_id']}"
        table = _votable(site.get(f"{base}/timeseries.vot")).get_first_table().array
        np.testing.assert_array_equal(table["time"], bjd[mine])
        np.testing.assert_array_equal(table["mag"], epochs["mag"].to_numpy()[mine])
    said = json.loads(site.get(base))
    assert said["files"] == [] and {"vot", "csv", "fits", "viewer"} <= said["formats"].keys()
    assert site.get(f"{base}/timeseries")[:4] == WIRE_MAGIC
    assert site.get(f"{base}/preview.png")[:4] == b"\x89PNG"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        site.get(f"/download/{AST3}/lc_table/{source['source_id']}")
    links = _votable(site.get(f"/vo/datalink/links?ID={rows[str(source['source_id'])]['obs_publisher_did']}"))
    array = links.get_first_table().array
    this = [a for a, s in zip(array["access_url"], array["semantics"], strict=True) if s == "#this"]
    assert len(this) == 1 and this[0].endswith("timeseries.vot")


def test_renditions_of_the_example_are_one_product(site: Small) -> None:
    said = json.loads(site.get(f"/api/v1/products/{AST3}/lc/star001"))
    assert {f["category"] for f in said["files"]} == {"fits", "csv", "vot", "png"}
    table = _votable(site.get(f"/api/v1/products/{AST3}/lc/star001/timeseries.vot"))
    system = next(iter(table.iter_timesys()))
    assert (float(system.timeorigin), system.timescale, system.refposition) == (0, "UTC", "HELIOCENTER")
    hjd = table.get_first_table().array["time"]
    assert hjd[0] == 2456700.0 and len(hjd) == 80 and said["parts"][0]["t_min"] == 56699.5


def test_what_is_not_there_is_said(site: Small) -> None:
    for path in (
        f"/api/v1/products/{AST3}/lc_table/12/timeseries.csv",
        f"/api/v1/products/{REAL}/files/EPIC201367065/timeseries.csv?part=none",
        f"/api/v1/products/{REAL}/files/EPIC201367065/spectrum.csv",
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            site.get(path)
        assert caught.value.code == 404
