"""Plates as the example configures them: a logbook, several exposures on one plate, four ways to coordinates."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import FK4, SkyCoord
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS
from PIL import Image

from tests.support.state import empty_state
from tianku.model.access import ANONYMOUS
from tianku.products.image import read_indexed
from tianku.products.index import IndexEntry
from tianku.usecases.centre import Centre
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.products import ProductPage, product_file, product_page
from tianku.usecases.publish import publish

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "plates"
DATASET = "plates/scans"
NX, NY = 40, 30
LOGBOOK = """\
plate_no,filename,ra,dec,emulsion
1,p001,05:11:48,+10:20:00,103aO
2,p002,05:11:48,-10:20:00,103aO
3,p003,23:58:00,+60:00:00,IIaO
4,p004,00:02:00,+88:30:00,IIaO
"""
EXPOSURES = """\
plate_no,date_obs,lst,exptime_min
1,1935-11-03,01:14:32.9169,20
1,1935-11-03,02:00:00,10
4,1940-01-01,06:00:00,60
"""


def tangent(ra: float, dec: float) -> fits.Header:
    header = fits.Header()
    header.update(CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRVAL1=ra, CRVAL2=dec, CRPIX1=20.5, CRPIX2=15.5)
    header.update(CD1_1=-0.1, CD1_2=0.01, CD2_1=0.01, CD2_2=0.1)
    return header


def survey_plate() -> fits.Header:
    """A digitised sky survey's header: a plate polynomial, and no linear coordinates."""
    header = fits.Header()
    header.update(PLTRAH=5, PLTRAM=42, PLTRAS=23.86, PLTDECSN="-", PLTDECD=4, PLTDECM=56, PLTDECS=47.9)
    header.update(PPO3=177500.0, PPO6=177500.0, XPIXELSZ=25.284, YPIXELSZ=25.284, CNPIX1=6500, CNPIX2=7000)
    amdx = [67.2, 0.05, -200.0, 1e-6, 2e-6, 0.0, 0.0, 2e-6] + [0.0] * 12
    amdy = [67.2, -0.05, 110.0, 1e-6, 2e-6, 0.0, 0.0, 2e-6] + [0.0] * 12
    header.update(
        {f"AMDX{i + 1}": v for i, v in enumerate(amdx)} | {f"AMDY{i + 1}": v for i, v in enumerate(amdy)}
    )
    return header


def write_sources(root: Path) -> None:
    for name in ("scan", "wcs", "jpg"):
        (root / name).mkdir()
    pixels = np.arange(NX * NY, dtype=np.int16).reshape(NY, NX)
    solved = {"p001": tangent(78.0, 10.3), "p003": survey_plate()}
    for name in ("p001", "p002", "p003", "p004", "p005"):
        fits.PrimaryHDU(pixels, solved.get(name)).writeto(root / "scan" / f"{name}.fits")
    cards = tangent(78.5, -10.2).tostring(sep="\n", endcard=True, padding=False)
    (root / "wcs" / "p002.out").write_text(cards)
    for name in ("p001", "p009"):
        Image.new("L", (8, 6)).save(root / "jpg" / f"{name}.jpg")
    (root / "logbook.csv").write_text(LOGBOOK)
    (root / "exposures.csv").write_text(EXPOSURES)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    root = tmp_path_factory.mktemp("plates")
    (root / "data").mkdir()
    (root / "sources").mkdir()
    write_sources(root / "sources")
    shutil.copytree(EXAMPLE, root / "collections" / "plates")
    (root / "site.yaml").write_text(
        f"authority: test.example\ntitle: Test\ndata_root: data\nsources: {{plates: {root / 'sources'}}}\n"
    )
    with empty_state(root / "data"):
        ingest_dataset(root, DATASET)
        publish(root, DATASET)
        opened = Centre.open(root)
        try:
            yield opened
        finally:
            opened.close()


def page(centre: Centre, key: str) -> ProductPage:
    return product_page(centre, ANONYMOUS, DATASET, "scan", key)


def parts(centre: Centre, key: str) -> list[IndexEntry]:
    return [e for e in page(centre, key).entries if e.category == "fits"]


def region(entry: IndexEntry) -> SkyCoord:
    numbers = [float(word) for word in (entry.s_region or "").split()[2:]]
    return SkyCoord(numbers[::2], numbers[1::2], unit="deg")


def corners(header: fits.Header) -> SkyCoord:
    x, y = np.array([-0.5, NX - 0.5, NX - 0.5, -0.5]), np.array([-0.5, -0.5, NY - 0.5, NY - 0.5])
    return SkyCoord(*WCS(header).all_pix2world(x, y, 0), unit="deg")


def assert_holds(entry: IndexEntry, expected: SkyCoord) -> None:
    found = region(entry)
    for corner in expected:
        assert corner.separation(found).deg.min() < 1e-6


def test_every_exposure_of_a_plate_is_a_part_with_the_columns_of_the_logbook(centre: Centre) -> None:
    first, second = parts(centre, "p001")
    assert (first.part, second.part, first.part_kind) == ("exposure-1", "exposure-2", "exposure")
    assert json.loads(first.detail or "")["logbook"]["exptime_min"] in (20, 10)
    assert_holds(first, corners(tangent(78.0, 10.3)))


def test_a_plate_is_dated_from_its_local_sidereal_time(centre: Centre) -> None:
    one = centre.picture().datasets[DATASET].sets["scan"]
    rows = {r["obs_id"]: r for r in pq.read_table(one.folder / one.manifest.obscore.path).to_pylist()}
    # astropy's mean sidereal time at this instant is 01:14:32.92
    assert abs(rows["p001"]["t_min"] - Time("1935-11-03T14:22:10").mjd) * 86400 < 2
    assert rows["p001"]["t_exptime"] == 1200 and rows["p001"]["calib_level"] == 1
    assert rows["p001"]["dataproduct_subtype"] == "plate" and rows["p001"]["o_ucd"] is None
    assert len(rows) == 5


def test_coordinates_come_from_a_file_beside_it_where_the_header_has_none(centre: Centre) -> None:
    (plate,) = parts(centre, "p002")
    assert_holds(plate, corners(tangent(78.5, -10.2)))
    assert "wcs.sidecar" in (plate.notes or "")
    files = {e.category for e in page(centre, "p002").entries}
    assert files == {"fits", "out"}
    image = read_indexed(plate.file(Path()), plate)
    assert image.sky is not None
    ra, dec = image.sky.to_sky(np.array([19.5]), np.array([14.5]))
    assert abs(ra[0] - 78.5) < 1e-9 and abs(dec[0] + 10.2) < 1e-9


def test_a_plate_polynomial_is_solved(centre: Centre) -> None:
    (plate,) = parts(centre, "p003")
    header = survey_plate()
    # the polynomials of the Guide Star plates (mm from the centre to arcsec), for the lower left outer corner
    x = (header["PPO3"] - header["XPIXELSZ"] * (header["CNPIX1"] + 0.0)) / 1000
    y = (header["YPIXELSZ"] * (header["CNPIX2"] + 0.0) - header["PPO6"]) / 1000
    a = [header[f"AMDX{i}"] for i in range(1, 21)]
    b = [header[f"AMDY{i}"] for i in range(1, 21)]
    xi = a[0] * x + a[1] * y + a[2] + a[3] * x * x + a[4] * x * y
    eta = b[0] * y + b[1] * x + b[2] + b[3] * y * y + b[4] * x * y
    xi, eta = xi + a[7] * x**3, eta + b[7] * y**3
    plate_centre = SkyCoord("05h42m23.86s -04d56m47.9s")
    rho = np.radians(np.array([xi, eta]) / 3600)
    d0, a0 = plate_centre.dec.rad, plate_centre.ra.rad
    below = np.cos(d0) - rho[1] * np.sin(d0)
    ra = a0 + np.arctan2(rho[0], below)
    dec = np.arctan2(np.sin(d0) + rho[1] * np.cos(d0), np.hypot(rho[0], below))
    corner = SkyCoord(ra, dec, unit="rad")
    assert corner.separation(region(plate)).arcsec.min() < 0.1
    assert "wcs.plate" in (plate.notes or "")


def test_an_unsolved_plate_has_the_box_of_its_kind_and_says_so(centre: Centre) -> None:
    (plate,) = parts(centre, "p004")
    assert "wcs.box" in (plate.notes or "")
    middle = SkyCoord("00h02m00s +88d30m00s", frame=FK4(equinox="B1950")).icrs
    assert SkyCoord(plate.ra, plate.dec, unit="deg").separation(middle).arcsec < 0.1
    away = region(plate).separation(middle)
    assert np.allclose(away.deg, np.degrees(np.arctan(np.hypot(*np.radians([2.5, 2.5])))), atol=1e-6)
    assert abs(plate.s_fov - 2 * away.max().deg) < 1e-6  # type: ignore[operator]
    # the pole lies inside: the vertices go once around it
    assert np.ptp(region(plate).ra.deg) > 180
    assert read_indexed(plate.file(Path()), plate).axes == "pixel"


def test_what_has_no_row_and_what_has_no_scan_is_told(centre: Centre) -> None:
    (plate,) = parts(centre, "p005")
    assert "logbook.missing" in (plate.notes or "") and plate.ra is None
    one = centre.picture().datasets[DATASET].sets["scan"]
    assert one.manifest.rejects.reasons == {"rendition.alone": 1}
    counts = (one.manifest.products, one.manifest.parts, one.manifest.files)
    assert counts == (5, 6, 7)


def test_every_category_is_downloaded(centre: Centre) -> None:
    for category, suffix in (("fits", ".fits"), ("preview", ".jpg")):
        file = product_file(centre, ANONYMOUS, DATASET, "scan", "p001", category)
        assert file.path.suffix == suffix and file.size == file.path.stat().st_size
