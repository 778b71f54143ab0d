"""Several files of one product: by pattern, by name, and inside the same file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from astropy.io import fits

from tianku.model.config.products import ProductConfig
from tianku.products.context import SetContext
from tianku.products.index import IndexEntry, ProductIndex
from tianku.products.ingest import ingest_products
from tianku.products.renditions import OtherFile, offered, other_files

BASS = Path(__file__).resolve().parents[2] / "examples" / "bass" / "dr3" / "dataset.yaml"


def config(**said: Any) -> ProductConfig:
    return ProductConfig.model_validate({"type": "other", "key": "{stem}", **said})


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


def found(said: ProductConfig, root: Path, main: str) -> dict[str, str]:
    files, _ = other_files(said, root, root / main)
    return {f.category: f.path.relative_to(root).as_posix() for f in files}


PATTERNS = {
    "one folder per category": ({"fits": "lc/*.fits", "csv": "csv/*.csv"}, "lc/a.fits", "csv/a.csv"),
    "folders kept": ({"fits": "lc/**/*.fits", "csv": "csv/**/*.csv"}, "lc/x/y/a.fits", "csv/x/y/a.csv"),
    "several wildcards": ({"fits": "n*/s_*.fits", "csv": "n*/s_*.csv"}, "n1/s_a.fits", "n1/s_a.csv"),
    "compressed": ({"fits": "*.fits.gz", "csv": "*.csv"}, "a.fits.gz", "a.csv"),
    "other wildcards: by stem": ({"fits": "lc/**/*.fits", "csv": "csv/*.csv"}, "lc/x/a.fits", "csv/a.csv"),
    "alternatives": ({"fits": "*.{fits|fit}", "csv": "{x|y}/*.csv"}, "a.fit", "y/a.csv"),
}


@pytest.mark.parametrize("case", PATTERNS)
def test_a_rendition_is_found_by_what_the_wildcards_stand_for(case: str, tmp_path: Path) -> None:
    patterns, main, csv = PATTERNS[case]
    touch(tmp_path, main, csv, "csv/other.csv")
    said = config(**{"from": patterns, "main": "fits"})
    assert found(said, tmp_path, main) == {"csv": csv}
    assert OtherFile("csv", tmp_path / csv) in list(offered(said, tmp_path))


def test_a_product_without_a_rendition_has_none(tmp_path: Path) -> None:
    touch(tmp_path, "lc/a.fits", "csv/ab.csv")
    assert (
        found(config(**{"from": {"fits": "lc/*.fits", "csv": "csv/*.csv"}, "main": "fits"}), tmp_path, "lc/a.fits")
        == {}
    )


def test_a_companion_that_is_missing_is_noted(tmp_path: Path) -> None:
    touch(tmp_path, "a_ooi_1.fits", "a_ood_1.fits")
    said = config(companions={"mask": {"replace": ["_ooi_", "_ood_"]}, "weight": {"replace": ["_ooi_", "_oow_"]}})
    files, missing = other_files(said, tmp_path, tmp_path / "a_ooi_1.fits")
    assert [(f.category, f.path.name) for f in files] == [("mask", "a_ood_1.fits")] and missing == ["weight"]


def ingested(root: Path, out: Path, said: ProductConfig, pattern: str, **more: Any) -> list[list[IndexEntry]]:
    context = SetContext("org.example", "bass/dr3", "ccd", said, "t", "f", "i", source_root=root, **more)
    manifest = ingest_products(context, sorted(root.glob(pattern)), out)
    return ProductIndex(out / manifest.index.path).products(0, 100)


def ccd(seed: int) -> fits.CompImageHDU:
    header = fits.Header({"EXTNAME": f"ccd{seed}", "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"})
    header.update(CRVAL1=10.0 + seed, CRVAL2=20.0, CRPIX1=8.0, CRPIX2=8.0, CDELT1=-1e-4, CDELT2=1e-4)
    return fits.CompImageHDU(np.full((16, 16), seed, np.int16), header, name=f"ccd{seed}")


def test_the_example_of_triplets_with_a_product_per_ccd(tmp_path: Path) -> None:
    """Its own configuration, on files like those it is for."""
    root = tmp_path / "n1"
    root.mkdir()
    header = fits.Header({"FILTER": "g", "MJD-OBS": 57421.5, "EXPTIME": 60.0, "DTACQNAM": "d1", "SEEING": 1.4})
    for kind in ("ooi", "ood", "oow"):
        hdus = fits.HDUList([fits.PrimaryHDU(header=header), ccd(1), ccd(2)])
        hdus.writeto(root / f"ksb_1_{kind}_g.fits.fz")
    said = ProductConfig.model_validate(yaml.safe_load(BASS.read_text())["products"]["ccd"])
    products = ingested(tmp_path, tmp_path / "out", said, "**/*_ooi_*.fits.fz")
    assert [p[0].key for p in products] == ["ksb_1_ooi_g-CCD1", "ksb_1_ooi_g-CCD2"]
    for number, rows in enumerate(products, 1):
        by = {row.category: row for row in rows}
        assert set(by) == {"science", "mask", "weight"}
        assert by["mask"].path.endswith("ksb_1_ood_g.fits.fz") and by["mask"].ra is None
        main = by["science"]
        assert (main.ext, main.s_xel1, main.em_min, main.layout) == (number, 16, 4.0e-7, "fits rice_1")
        assert main.ra == pytest.approx(10 + number, abs=1e-4)
    obscore = pq.read_table(tmp_path / "out" / "products" / "ccd" / "obscore.parquet").to_pylist()
    assert {(r["obs_id"], r["t_min"], r["s_resolution"]) for r in obscore} == {("d1", 57421.5, 1.4)}


def test_a_companion_may_be_an_extension_of_the_same_file(tmp_path: Path) -> None:
    hdus = [fits.PrimaryHDU(np.zeros((4, 4), np.int16)), fits.ImageHDU(np.ones((4, 4), np.uint8), name="DQ")]
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")
    said = config(type="image", companions={"mask": {"ext": 1}, "quality": {"ext": "DQ"}})
    (rows,) = ingested(tmp_path, tmp_path / "out", said, "*.fits")
    by = {row.category: row for row in rows}
    assert by["mask"].path == by["science"].path and by["mask"].ext == 1
    assert by["quality"].detail == '{"ext": "DQ"}'


def test_copies_are_kept_of_every_file(tmp_path: Path) -> None:
    touch(tmp_path / "in", "a.dat", "a.txt")
    said = config(**{"from": {"dat": "*.dat", "log": "*.txt"}, "main": "dat", "store": "copy"})
    (rows,) = ingested(tmp_path / "in", tmp_path / "out", said, "*.dat", originals=tmp_path / "kept")
    for row in rows:
        assert row.file(tmp_path / "kept").read_text() == f"a.{'dat' if row.category == 'dat' else 'txt'}"
