"""Generated light curves in the layout of `examples/ast3`: files with renditions, and a table of epochs."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io import fits
from astropy.table import Table
from PIL import Image

SOURCES, SEED = 60, 5
#: Julian Date of the first epoch
START = 2456700.0


def write_ast3(root: Path) -> None:
    """Write ``lc/`` (three stars, each as fits, csv, vot and png) and ``tables/`` below `root`."""
    (root / "lc").mkdir(parents=True)
    (root / "tables").mkdir()
    for number in range(3):
        _renditions(root / "lc", f"star{number:03d}", number)
    epochs, sources = epoch_tables()
    pq.write_table(epochs, root / "tables" / "epochs.parquet")
    pq.write_table(sources, root / "tables" / "sources.parquet")


def epoch_tables(sources: int = SOURCES, each: int = 40, seed: int = SEED) -> tuple[pa.Table, pa.Table]:
    """Return epochs in the order they were observed (all sources at each time), and the sources."""
    random = np.random.default_rng(seed)
    number = np.tile(np.arange(sources), each)
    bjd = START + np.repeat(np.arange(each) * 0.25, sources) + random.uniform(0, 0.01, sources * each)
    mag = 14 + number * 0.05 + 0.3 * np.sin(2 * np.pi * bjd / (0.5 + number * 0.01))
    ids = 1_000_000_000_000 + number * 7
    flag = (random.uniform(size=len(bjd)) < 0.05).astype("i4")
    epochs = {"source_id": ids, "bjd": bjd, "mag": mag.astype("f4"), "mag_err": np.full(len(bjd), 0.01, "f4")}
    place = random.uniform(-1, 1, (2, sources))
    listed = {"source_id": np.unique(ids), "ra": 90 + place[0], "dec": -70 + place[1]}
    return pa.table({**epochs, "flag": flag}), pa.table(listed)


def _renditions(folder: Path, name: str, number: int) -> None:
    hjd = START + np.arange(80) * 0.125
    mag = (12 + number + 0.2 * np.cos(hjd)).astype("f4")
    flag = (np.arange(80) % 20 == 7).astype("i2")
    table = Table({"HJD": hjd, "mag": mag, "mag_err": np.full(80, 0.02, "f4"), "flag": flag})
    hdu = fits.BinTableHDU(table, name="LC")
    hdu.header["OBJECT"] = f"AST3 {name}"
    hdu.writeto(folder / f"{name}.fits")
    table.write(folder / f"{name}.csv", format="ascii.csv")
    table.write(folder / f"{name}.vot", format="votable")
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(stream, "PNG")
    (folder / f"{name}.png").write_bytes(stream.getvalue())
