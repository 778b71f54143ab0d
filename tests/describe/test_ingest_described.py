"""Every real table is published from what `describe` writes, with no line by hand, its values as in the file."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import ascii as astropy_ascii
from astropy.io import fits

from tests.support.datasets import evaluate
from tianku.catalogue.ingest import ingest_table
from tianku.catalogue.manifest import TableManifest
from tianku.model.config import LoadedDataset, load_collection
from tianku.usecases.check import check
from tianku.usecases.describe import ColumnDescription, TableDescription

from .draw import TABLES
from .real import described

#: further tables: read by an independent reader as CSV (delimiter), FITS (HDU) or what astropy calls them
MORE = (
    "lamost-catalogues/LMDR3_diskRGB2.dat.gz",
    "lamost-catalogues/flare_param.txt.gz",
    "star-catalogues/NGC.csv.gz",
    "star-catalogues/addendum.csv",
    "star-catalogues/dss_hd219829.fits",
    "star-catalogues/open_exoplanet_catalogue.txt",
    "plates/HorseHead.fits",
)


def ingested(source: Path, folder: Path) -> tuple[TableDescription, LoadedDataset, TableManifest]:
    found = described(source)
    (folder / "collection.yaml").write_text(found.collection_yaml())
    (folder / "dataset.yaml").write_text(found.to_yaml())
    _, (loaded,) = load_collection(folder / "collection.yaml")
    loaded = replace(loaded, source_root=found.root)
    (folder / "snapshot").mkdir()
    name = found.tables[0].name
    return found.tables[0], loaded, ingest_table(loaded, name, folder / "snapshot", evaluate=evaluate)


def test_no_table_is_left_out(test_data: Path) -> None:
    there = {p for f in ("lamost-catalogues", "star-catalogues") for p in (test_data / f).iterdir()}
    votables = {p for p in there if p.suffix == ".vot"}  # these have tests of their own
    assert there - votables <= {test_data / t for t in (*TABLES, *MORE)}


@pytest.mark.parametrize("table", (*TABLES, *MORE))
def test_no_line_by_hand_is_needed(test_data: Path, tmp_path: Path, table: str) -> None:
    found, loaded, manifest = ingested(test_data / table, tmp_path)
    assert [f for f in check(loaded) if f.severity == "error"] == []
    meta = manifest.meta
    assert manifest.rejects.reasons == {}
    assert meta.nrows == found.rows
    assert meta.id_column == found.id
    assert (meta.main_position is None) == (found.main_position is None)
    for column in found.columns:
        published = meta.column(column.name)
        assert published is not None
        assert (published.unit or "") == (column.unit or "")
        assert published.ucd == column.ucd
        assert manifest.nulled.get(column.name, 0) == sum(column.stats.candidates[n] for n in column.null)
    rows = pa.concat_tables(
        [
            pq.ParquetFile(tmp_path / "snapshot" / f.path).read([c.name for c in found.columns])
            for f in manifest.files
        ]
    )
    ours = Counter(zip(*([_plain(v) for v in rows[c.name].to_pylist()] for c in found.columns), strict=True))
    theirs = Counter(_independent(test_data / table, found))
    assert theirs - ours == ours - theirs == Counter()


def _independent(path: Path, table: TableDescription) -> Iterator[tuple[Any, ...]]:
    """The rows of a file as another reader reads them, with nothing of ours but types and nulls."""
    if path.suffix == ".fits":
        with fits.open(path) as hdus:
            data = hdus[table.source.reading.get("hdu", 1)].data
            columns = [data[c.source].tolist() for c in table.columns]
    elif "flare" in path.name:
        read = astropy_ascii.read(str(path), format="cds")
        columns = [np.ma.asarray(read[n].data).tolist() for n in read.colnames]
    else:
        columns = list(map(list, zip(*_cells(path, table), strict=True)))
    typed = [[_value(v, c) for v in values] for c, values in zip(table.columns, columns, strict=True)]
    return zip(*typed, strict=True)


def _cells(path: Path, table: TableDescription) -> Iterator[list[str]]:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8-sig") as file:
        if table.source.reading.get("delimiter") == "whitespace":
            yield from (line.split() for line in file if not line.startswith("#"))
            return
        lines = list(file)
        delimiter = ";" if lines[0].count(";") > lines[0].count(",") else ","
        yield from csv.reader(lines[not table.source.names :], delimiter=delimiter)


def _value(value: Any, column: ColumnDescription) -> Any:
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, str) and (not value.strip() or value.strip() in column.null):
        return None
    if value is None or value in column.null:
        return None
    if column.type == "string":
        return str(value).strip()
    if column.type == "timestamp":
        return dt.datetime.fromisoformat(str(value).replace("/", "-"))
    if column.type == "boolean":
        return str(value).lower() in ("true", "t", "1")
    return _plain(None if float(value) in column.null else float(value))


def _plain(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if value == value else None
    return tuple(value) if isinstance(value, list) else value
