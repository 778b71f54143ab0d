"""Damaged files of every format end in an error of ours or in refused rows: never in another exception."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table

from tianku.catalogue.readers import TableSource, open_table
from tianku.model.config.formats import RecordFormat
from tianku.model.config.table import SourceConfig
from tianku.model.errors import UsageError

SEED = 20261122
ROWS = 150
#: seconds of a processor that no damaged small file may take
PATIENCE = 5.0
RECORDS = {
    "fixed.dat": {
        "text": True,
        "fields": [{"name": n, "start": i * 9 + 1, "width": 8} for i, n in enumerate("abc")],
    },
    "binary.dat": {
        "fields": [{"name": "n", "type": "i8"}, {"name": "x", "type": "f4"}, {"name": "s", "type": "s6"}]
    },
}


@cache
def stars() -> Table:
    random = np.random.default_rng(SEED)
    table = Table(
        {
            "id": np.arange(ROWS),
            "name": [f"star {i}" for i in range(ROWS)],
            "ra": random.uniform(0, 360, ROWS),
            "mag": random.normal(12, 2, ROWS).astype("f4"),
        },
        masked=True,
    )
    table["mag"].unit = "mag"
    table["mag"].mask[5] = True
    return table


def text(format_: str) -> bytes:
    table = stars().copy()
    table["mag"] = table["mag"].astype("f8")
    if format_ == "ascii.ecsv":
        table["v"] = [np.arange(i % 5) for i in range(ROWS)]
    out = io.StringIO()
    table.write(out, format=format_)
    return out.getvalue().encode()


def fits_file(kind: type) -> bytes:
    columns = [
        fits.Column("id", "J" if kind is fits.BinTableHDU else "I8", array=np.arange(ROWS)),
        fits.Column("name", "A9", array=stars()["name"]) if kind is fits.TableHDU else _arrays(),
        fits.Column("x", "D" if kind is fits.BinTableHDU else "D25.17", array=stars()["ra"]),
    ]
    out = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), kind.from_columns(columns)]).writeto(out)
    return out.getvalue()


def _arrays() -> fits.Column:
    made = np.empty(ROWS, dtype=object)
    made[:] = [np.arange(i % 9, dtype="f4") for i in range(ROWS)]
    return fits.Column("v", "PE()", array=made)


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({n: pa.array(stars()[n].tolist()) for n in stars().colnames}), out, row_group_size=40)
    return out.getvalue()


def vizier() -> bytes:
    head = (
        "#RESOURCE=x\n#Column\tid\t(I6)\tid\n#Column\tra\t(F9.5)\tra\t[ucd=pos.eq.ra]\nid\tra\n\tdeg\n---\t---\n"
    )
    return (head + "".join(f"{i}\t{i / 3:9.5f}\n" for i in range(ROWS * 3))).encode()


def blanks() -> bytes:
    return ("# id  ra  mag\n" + "".join(f"{i}  {i / 7:.6f}   {i % 3}\n" for i in range(ROWS * 3))).encode()


MAKERS: dict[str, Callable[[], bytes]] = {
    "bin.fits": lambda: fits_file(fits.BinTableHDU),
    "ascii.fits": lambda: fits_file(fits.TableHDU),
    "t.csv": lambda: text("ascii.csv"),
    "blanks.txt": blanks,
    "t.ecsv": lambda: text("ascii.ecsv"),
    "t.mrt": lambda: text("ascii.mrt"),
    "t.tbl": lambda: text("ascii.ipac"),
    "t.tsv": vizier,
    "t.parquet": parquet,
    "fixed.dat": lambda: "".join(f"{i:8d} {i / 3:8.3f} {i % 7:8d}\n" for i in range(ROWS * 2)).encode(),
    "binary.dat": lambda: np.random.default_rng(1).bytes(18 * ROWS * 3),
    "t.fits.gz": lambda: gzip.compress(fits_file(fits.BinTableHDU)),
    "t.csv.gz": lambda: gzip.compress(text("ascii.csv")),
    "t.csv.bz2": lambda: bz2.compress(text("ascii.csv")),
    "t.csv.xz": lambda: lzma.compress(text("ascii.csv")),
}


@cache
def made(name: str) -> bytes:
    return MAKERS[name]()


def survives(path: Path, data: bytes) -> int | None:
    """Read damaged bytes; the rows that came out, None when the file was refused as a whole."""
    path.write_bytes(data)
    layout = RECORDS.get(path.name)
    options = SourceConfig(delimiter="whitespace") if path.name == "blanks.txt" else SourceConfig()
    source = TableSource(path, config=options, record=RecordFormat.model_validate(layout) if layout else None)
    began, rejects, rows = time.process_time(), [], 0
    try:
        reader = open_table(source)
        for part in reader.batches(lambda *said: rejects.append(said)):
            part.batch.validate()
            assert part.batch.schema == reader.schema
            assert part.rows is None or len(part.rows) == len(part.batch)
            rows += len(part.batch)
    except UsageError as error:
        assert path.name in error.message or error.code.startswith("layout")
        return None
    finally:
        assert time.process_time() - began < PATIENCE
    assert all(reason and count >= 1 for _, reason, _, count in rejects)
    return rows


def flipped(data: bytes, random: np.random.Generator) -> bytes:
    """Some bytes replaced, mostly near the beginning where headers are."""
    out = bytearray(data)
    reach = len(out) if random.random() < 0.5 else min(len(out), 6000)
    for at in random.integers(0, reach, random.integers(1, 12)).tolist():
        out[at] = random.choice([random.integers(0, 256), ord("9"), ord("\n"), 0, 255, out[at] ^ 1])
    return bytes(out)


@pytest.mark.parametrize("name", MAKERS)
def test_truncated_at_every_kilobyte(tmp_path: Path, name: str) -> None:
    data = made(name)
    whole = survives(tmp_path / name, data)
    assert whole is not None and whole >= ROWS
    for size in [*range(0, len(data), 1024), 1, 3, 79, len(data) - 1]:
        rows = survives(tmp_path / name, data[:size])
        assert rows is None or rows <= whole


@pytest.mark.parametrize("name", MAKERS)
def test_flipped_bytes(tmp_path: Path, name: str) -> None:
    random = np.random.default_rng([SEED, *name.encode()])
    for _ in range(40):
        survives(tmp_path / name, flipped(made(name), random))


@pytest.mark.slow
@pytest.mark.parametrize("name", MAKERS)
def test_flipped_bytes_many_times(tmp_path: Path, name: str) -> None:
    random = np.random.default_rng([SEED + 1, *name.encode()])
    for _ in range(1500):
        survives(tmp_path / name, flipped(made(name), random))
