"""Every real image, plate and solar image is published; values are those of an independent read by astropy."""

from __future__ import annotations

import json
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image

from tests.support.real_images import DATASETS, IMAGES, PLATES, SUN, real_images
from tianku.model.access import ANONYMOUS
from tianku.products.image import read_indexed
from tianku.products.index import IndexEntry, ProductIndex
from tianku.usecases.centre import Centre
from tianku.usecases.images import image_wire
from tianku.usecases.links import links
from tianku.usecases.previews import preview
from tianku.usecases.products import product_file

#: files of the folders that are no images and are published in another way, or by another suite
TABLES = {"mzlsbass3-survey-ccds-1.fits.gz"}


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, test_data: Path) -> Iterator[Centre]:
    with real_images(tmp_path_factory.mktemp("real") / "site", test_data) as opened:
        yield opened


@pytest.fixture(scope="module")
def entries(centre: Centre) -> dict[tuple[str, str, str], list[IndexEntry]]:
    """All rows of all indexes, by dataset, set and key."""
    found: dict[tuple[str, str, str], list[IndexEntry]] = {}
    for dataset in DATASETS:
        for name, one in centre.picture().datasets[dataset].sets.items():
            index = ProductIndex(one.folder / one.manifest.index.path)
            for rows in index.products(0, 1000):
                found[dataset, name, rows[0].key] = sorted(rows, key=lambda e: e.category != "science")
    return found


def main(entries: dict[tuple[str, str, str], list[IndexEntry]]) -> list[IndexEntry]:
    return [e for rows in entries.values() for e in rows if e.category == "science" and e.part_kind]


def opened(entry: IndexEntry) -> tuple[np.ndarray, fits.Header]:
    """Pixels and header by astropy."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # astropy scales integers in single precision: done here in double
        with fits.open(entry.path, do_not_scale_image_data=entry.layout == "fits") as hdus:
            assert entry.ext is not None
            data, header = np.asarray(hdus[entry.ext].data), hdus[entry.ext].header.copy()
    if entry.layout == "fits" and ("BSCALE" in header or "BZERO" in header):
        data = data * float(header.get("BSCALE", 1.0)) + float(header.get("BZERO", 0.0))
    return data, header


def test_every_file_is_published_and_none_rejected(
    centre: Centre, entries: dict[tuple[str, str, str], list[IndexEntry]], test_data: Path
) -> None:
    published = {Path(e.path).name for rows in entries.values() for e in rows}
    files = {p.name for folder in ("images", "plates") for p in (test_data / folder).iterdir()}
    assert files - published == TABLES
    assert centre.picture().datasets[IMAGES].tables["survey_ccds"].manifest.meta.nrows == 8
    for dataset in DATASETS:
        for one in centre.picture().datasets[dataset].sets.values():
            assert one.manifest.rejects.total == 0


def test_shapes_and_footprints_are_those_of_astropy(
    entries: dict[tuple[str, str, str], list[IndexEntry]],
) -> None:
    celestial = 0
    for entry in main(entries):
        if entry.path.endswith(".jp2"):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(entry.path) as hdus:
                header = hdus[entry.ext or 0].header
                wcs = WCS(header, naxis=2)
        assert (entry.s_xel1, entry.s_xel2) == (header["NAXIS1"], header["NAXIS2"]), entry.path
        if not wcs.has_celestial or str(wcs.wcs.ctype[0]).startswith("HP"):
            assert entry.s_region is None and entry.ra is None
            continue
        celestial += 1
        nx, ny = header["NAXIS1"], header["NAXIS2"]
        corners = np.array([[0.5, 0.5], [nx + 0.5, 0.5], [nx + 0.5, ny + 0.5], [0.5, ny + 0.5]])
        expected = wcs.pixel_to_world(*(corners - 1).T).icrs
        words = (entry.s_region or "").split()
        assert words[:2] == ["POLYGON", "ICRS"]
        numbers = np.array(words[2:], dtype=float)
        found = SkyCoord(numbers[::2], numbers[1::2], unit="deg")
        tolerance = min(1e-6, 0.1 * (entry.s_pixel_scale or 0) / 3600)
        for corner in expected:
            assert corner.separation(found).deg.min() < tolerance, entry.path
        middle = wcs.pixel_to_world((nx - 1) / 2, (ny - 1) / 2).icrs
        assert middle.separation(SkyCoord(entry.ra, entry.dec, unit="deg")).deg < tolerance
    assert celestial == 12 + 10 + 4 + 37 + 5


def test_polygons_run_counter_clockwise_as_seen_from_inside(
    entries: dict[tuple[str, str, str], list[IndexEntry]],
) -> None:
    for entry in main(entries):
        if entry.s_region is None:
            continue
        numbers = np.array(entry.s_region.split()[2:], dtype=float)
        vertices = SkyCoord(numbers[::2], numbers[1::2], unit="deg")
        middle = SkyCoord(entry.ra, entry.dec, unit="deg")
        angles = middle.position_angle(vertices).deg
        turns = (np.diff(np.append(angles, angles[0])) + 180) % 360 - 180
        # position angles grow from north through east, which is counter-clockwise with north up and east left
        assert np.all(turns > 0) and abs(turns.sum() - 360) < 1e-6


def test_pixels_are_those_of_astropy(entries: dict[tuple[str, str, str], list[IndexEntry]]) -> None:
    for entry in main(entries):
        if entry.path.endswith((".jp2", ".fz")):
            continue
        data, _ = opened(entry)
        image = read_indexed(Path(entry.path), entry, most=4096)
        assert image.step == 1
        expected = data.reshape(-1, *data.shape[-2:])[0].astype(np.float32)
        assert np.array_equal(image.pixels, expected, equal_nan=True), entry.path


def test_a_large_mask_is_reduced_by_means_of_its_pixels(
    entries: dict[tuple[str, str, str], list[IndexEntry]],
) -> None:
    entry = entries[IMAGES, "mask", "ksb_staticmask_ood_v1"][1]
    assert (entry.part, entry.layout) == ("ccd2", "fits plio_1")
    data, _ = opened(entry)
    image = read_indexed(Path(entry.path), entry)
    assert image.step == 4 and image.pixels.shape == (1024, 1008)
    means = data.reshape(1024, 4, 1008, 4).mean(axis=(1, 3))
    assert np.allclose(image.pixels, means, atol=1e-6)


def test_times_bands_and_units(entries: dict[tuple[str, str, str], list[IndexEntry]]) -> None:
    ccd = entries[IMAGES, "ccd", "bass-ksb_160203_115029_ooi_r_v1-ccd2"][0]
    assert abs(ccd.t_min - 57421.493395716) < 2e-8 and ccd.t_exptime == 57.4  # type: ignore[operator]
    assert abs(ccd.t_max - ccd.t_min - 57.4 / 86400) < 1e-9  # type: ignore[operator]
    assert (ccd.em_min, ccd.em_max, ccd.o_unit) == (5.6e-7, 7.2e-7, "adu")
    # FITS of 1987: 05/04/87 is the fifth of April
    old = entries[IMAGES, "survey", "M51"][0]
    assert abs(old.t_min - (46890 + (9 * 3600 + 27 * 60 + 27) / 86400)) < 1e-8  # type: ignore[operator]
    assert "wcs.none" in (old.notes or "")
    radio = entries[IMAGES, "survey", "image"][0]
    assert json.loads(radio.detail or "")["frame"] == "galactic"


def test_companions_are_files_of_their_product(centre: Centre) -> None:
    key = "decam-c4d_141029_043420_ooi_r_ls9.N26"
    for category, word in (("mask", "_ood_"), ("weight", "_oow_")):
        file = product_file(centre, ANONYMOUS, IMAGES, "ccd", key, category)
        assert word in file.path.name
    did = f"ivo://test.example/{IMAGES}/ccd?{key}"
    found = [(link.semantics, link.local_semantics) for link in links(centre, ANONYMOUS, [did])]
    assert found.count(("#this", "science")) == 1 and ("#auxiliary", "mask") in found
    assert ("#preview", None) in found


def test_images_of_the_sun_keep_time_and_wavelength_but_have_no_place_in_the_sky(
    entries: dict[tuple[str, str, str], list[IndexEntry]],
) -> None:
    sun = {key: rows[0] for (dataset, _, key), rows in entries.items() if dataset == SUN}
    assert len(sun) == 5
    for entry in sun.values():
        assert entry.ra is None and entry.s_region is None and "frame.helioprojective" in (entry.notes or "")
        assert entry.t_min is not None and entry.em_min is not None
    waves = {key.partition("_")[0]: round((e.em_min or 0) * 1e10) for key, e in sun.items()}
    assert waves == {"aia": 171, "efz20040301.000010": 195, "resampled": 6173, "secchi": 171, "2013": 193}
    jp2 = next(e for key, e in sun.items() if key.startswith("2013"))
    assert (jp2.layout, jp2.s_xel1, jp2.t_exptime) == ("jpeg 2000", 410, 1.999637)
    pixels = read_indexed(Path(jp2.path), jp2).pixels
    with Image.open(jp2.path) as picture:
        assert np.array_equal(pixels, np.asarray(picture, np.float32))


def test_obscore_rows_of_images_are_complete(centre: Centre) -> None:
    one = centre.picture().datasets[IMAGES].sets["ccd"]
    rows = pq.read_table(one.folder / one.manifest.obscore.path).to_pylist()
    assert len(rows) == 12
    for row in rows:
        for name in ("s_ra", "s_dec", "s_fov", "s_region", "s_pixel_scale", "s_xel1", "s_xel2", "t_min", "t_max",
                     "t_exptime", "em_min", "em_max", "access_url", "access_estsize"):  # fmt: skip
            assert row[name] is not None, name
        assert row["dataproduct_type"] == "image" and row["calib_level"] == 2


def test_the_viewer_gets_pixels_and_coordinates_good_to_a_tenth_of_a_pixel(
    centre: Centre, entries: dict[tuple[str, str, str], list[IndexEntry]]
) -> None:
    for dataset, name, key in ((IMAGES, "survey", "image"), (PLATES, "scan", "HorseHead")):
        wire, public = image_wire(centre, ANONYMOUS, dataset, name, key)
        header, arrays = unpacked(wire)
        data, head = opened(entries[dataset, name, key][0])
        data = data.reshape(-1, *data.shape[-2:])[0]
        assert public and np.array_equal(arrays["pixels"].reshape(data.shape), data.astype(np.float32))
        n = header["lattice"]
        vectors = np.stack(SkyCoord(arrays["lon"], arrays["lat"], unit="deg").cartesian.xyz.value).T
        wcs = WCS(head, naxis=2)
        for x, y in ((3.2, 7.9), (data.shape[1] / 3, data.shape[0] / 1.7), (data.shape[1] - 2, 1.0)):
            u, v = (x + 0.5) / data.shape[1] * (n - 1), (y + 0.5) / data.shape[0] * (n - 1)
            i, j = int(u), int(v)
            cell = vectors.reshape(n, n, 3)[j : j + 2, i : i + 2]
            a, b = u - i, v - j
            found = np.einsum("j,i,jik->k", [1 - b, b], [1 - a, a], cell)
            place = SkyCoord(*found, representation_type="cartesian")
            away = wcs.pixel_to_world(x, y).icrs.separation(place).arcsec
            assert away < 0.1 * header["scale"]


def unpacked(wire: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    assert wire[:4] == b"TKI1"
    (length,) = struct.unpack_from("<I", wire, 4)
    header = json.loads(wire[8 : 8 + length])
    start, (part,) = 8 + length, header["parts"]
    counts = {"pixels": header["width"] * header["height"]}
    default = header["lattice"] ** 2
    return header, {
        name: np.frombuffer(wire, "<" + c["dtype"], counts.get(name, default), start + c["offset"])
        for name, c in part["columns"].items()
    }


@pytest.mark.parametrize("language", ["en", "zh"])
def test_previews_are_drawn(centre: Centre, language: str) -> None:
    for dataset, name, key in ((IMAGES, "survey", "m13_hcomp"), (SUN, "disk", "aia_171_level1")):
        large = preview(centre, ANONYMOUS, dataset, name, key, size="large", language=language)
        small = preview(centre, ANONYMOUS, dataset, name, key, size="small", language=language)
        assert large.public and large.png.startswith(b"\x89PNG") and small.png.startswith(b"\x89PNG")
        assert len(small.png) < len(large.png)
