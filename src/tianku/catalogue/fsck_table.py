"""Whether the files of a table agree with each other and with its manifest."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tianku.catalogue.manifest import FileEntry, TableManifest
from tianku.model.metadata import HEALPIX_COLUMN
from tianku.sky.ranges import ORDER

_PIXEL = re.compile(r"(.*)/dataset/Norder=(\d+)/Dir=\d+/Npix=(\d+)/[^/]+")
_TAIL = 8  # of a Parquet file: length of the footer, and magic number
#: path relative to the snapshot, and what is wrong with it
Wrong = tuple[str, str]


def check_table(folder: Path, name: str, table: TableManifest, *, deep: bool) -> Iterator[Wrong]:
    """Yield what is wrong with a table of the snapshot in `folder`; with `deep` every value is read."""
    place = f"tables/{name}"
    foreign = [entry for entry in table.files if entry.mtime_ns is not None]
    gone = [(e.path, what) for e in foreign if (what := _foreign(folder / e.path, e))]
    yield from gone
    if gone:
        return
    for entry in table.files:
        yield from ((entry.path, what) for what in _file(folder, entry, deep))
    rows = sum(entry.rows or 0 for entry in table.files)
    if rows != table.meta.nrows:
        yield place, f"its files have {rows:,} rows, the manifest says {table.meta.nrows or 0:,}"
    if not foreign:
        for segment in (place, *(delta.folder for delta in table.deltas)):
            yield from _hats(folder, segment, table)
    yield from _ids(folder, table)


def _foreign(path: Path, entry: FileEntry) -> str | None:
    """Size and footer of a file of others, which alone were noted."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(-min(size, _TAIL), os.SEEK_END)
            length = int.from_bytes(file.read(4), "little")
            file.seek(-min(size, _TAIL + length), os.SEEK_END)
            footer = hashlib.sha256(file.read()).hexdigest()
    except OSError as error:
        return f"the file that it stands for cannot be read: {error.strerror}"
    if (size, footer) != (entry.bytes, entry.sha256):
        return "the file that it stands for was changed after the ingest; `tianku ingest` takes it up"
    return None


def _file(folder: Path, entry: FileEntry, deep: bool) -> Iterator[str]:
    """Rows, order, borders, and the statistics of row groups, which engines skip rows by."""
    with pq.ParquetFile(folder / entry.path) as file:
        meta = file.metadata
        if meta.num_rows != entry.rows:
            yield f"it has {meta.num_rows:,} rows, the manifest says {entry.rows or 0:,}"
        names = file.schema_arrow.names
        placed = HEALPIX_COLUMN in names
        columns = names if deep else [HEALPIX_COLUMN] if placed else []
        before = -1
        low, high = _borders(entry.path)
        for number in range(meta.num_row_groups if columns else 0):
            group = file.read_row_group(number, columns=columns)
            wrong = [n for n in columns if not _statistics_hold(meta.row_group(number), names.index(n), group[n])]
            if wrong:
                yield f"the statistics of row group {number} are not those of its values: {', '.join(wrong)}"
            if not placed:
                continue
            index = group[HEALPIX_COLUMN].drop_null().to_numpy()
            if not len(index):
                continue
            if (np.diff(index) < 0).any() or index[0] < before:
                yield f"its rows are not in the order of {HEALPIX_COLUMN} (row group {number})"
            if index[0] < low or index.max() > high:
                yield f"it has rows outside its partition (row group {number})"
            if before < 0 and entry.healpix is not None and index[0] != entry.healpix[0]:
                yield f"it begins with cell {index[0]}, the manifest says {entry.healpix[0]}"
            before = int(index[-1])
        if placed and entry.healpix is not None and before != entry.healpix[1] and entry.mtime_ns is None:
            yield f"it ends with cell {before}, the manifest says {entry.healpix[1]}"


def _borders(path: str) -> tuple[int, int]:
    """First and last index of the partition that a path names."""
    match = _PIXEL.fullmatch(path)
    if match is None:
        return 0, int(np.iinfo(np.int64).max)
    shift, pixel = 2 * (ORDER - int(match[2])), int(match[3])
    return pixel << shift, ((pixel + 1) << shift) - 1


def _statistics_hold(group: pq.RowGroupMetaData, column: int, values: pa.ChunkedArray) -> bool:
    if pa.types.is_nested(values.type) or group.num_columns <= column:
        return True
    said = group.column(column)
    if said.path_in_schema.count(".") or said.statistics is None:
        return True
    found = said.statistics
    if found.has_null_count and found.null_count != values.null_count:
        return False
    if not found.has_min_max or values.null_count == len(values):
        return True
    low, high = (v.as_py() for v in pc.min_max(values).values())
    if isinstance(low, str):  # long texts may be cut
        return bool(str(found.min) <= low)
    return bool(found.min <= low and high <= found.max)


def _hats(folder: Path, segment: str, table: TableManifest) -> Iterator[Wrong]:
    """Whether a segment is the HATS catalogue that it says it is."""
    files = [e for e in table.files if (m := _PIXEL.fullmatch(e.path)) and m[1] == segment]
    properties = folder / segment / "hats.properties"
    if not files and not properties.exists():
        return
    said = dict(
        line.split("=", 1) for line in properties.read_text("utf-8").splitlines() if "=" in line and line[0] != "#"
    )
    rows = sum(e.rows or 0 for e in files)
    if said.get("hats_nrows") != str(rows):
        yield f"{segment}/hats.properties", f"hats_nrows is {said.get('hats_nrows')}, its files have {rows}"
    schema = pq.read_schema(folder / segment / "dataset" / "_common_metadata")
    columns = [said.get(key) for key in ("hats_col_ra", "hats_col_dec", "hats_col_healpix")]
    if lacking := [column for column in columns if column not in schema.names]:
        yield f"{segment}/hats.properties", f"no column is called {lacking[0]}"
    if files and not schema.equals(pq.read_schema(folder / files[0].path)):
        yield f"{segment}/dataset/_common_metadata", "its columns are not those of the files"
    info = (folder / segment / "partition_info.csv").read_text("utf-8").splitlines()[1:]
    listed = [line.split(",") for line in info]
    counted: dict[tuple[str, str], int] = {}
    for entry in files:
        match = _PIXEL.fullmatch(entry.path)
        assert match is not None  # only such files were taken
        counted[match[2], match[3]] = counted.get((match[2], match[3]), 0) + (entry.rows or 0)
    if {(norder, npix): int(count) for norder, npix, count in listed} != counted:
        yield f"{segment}/partition_info.csv", "its partitions and rows are not those of the files"


def _ids(folder: Path, table: TableManifest) -> Iterator[Wrong]:
    """Side tables: sorted, and exactly the values of the table with their cells."""
    sources = {c.name: c.source for c in table.columns}
    segments: list[Sequence[str]] = []
    added = [d.folder for d in table.deltas]
    segments.append([e.path for e in table.files if not e.path.startswith(tuple(f"{a}/" for a in added))])
    segments += [[e.path for e in table.files if e.path.startswith(f"{a}/")] for a in added]
    with duckdb.connect() as con:
        for column, paths in table.id_files().items():
            name = sources.get(column, column).replace('"', '""')
            for path, files in zip(paths, segments, strict=True):
                if not _sorted(folder / path):
                    yield path, "its values are not in order"
                rows = _multiset(con, f'"{name}"', [folder / f for f in files])
                if _multiset(con, "value", [folder / path]) != rows:
                    yield path, f"its values and cells are not those of the column {column}"


def _multiset(con: duckdb.DuckDBPyConnection, column: str, files: Sequence[Path]) -> tuple[object, ...]:
    """Return what equal sets of (value, cell) have in common, and hardly any others."""
    sums = f'count(*), sum(hash({column}, "{HEALPIX_COLUMN}"::BIGINT))'
    sql = f"SELECT {sums} FROM read_parquet($1, hive_partitioning=false) WHERE {column} IS NOT NULL"
    return tuple(con.execute(sql, [[str(f) for f in files]]).fetchall()[0])


def _sorted(path: Path) -> bool:
    last: pa.Scalar | None = None
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["value"]):
            values = batch["value"]
            if not len(values):
                continue
            if last is not None and pc.less(values[0], last).as_py():
                return False
            if pc.any(pc.less(values[1:], values[:-1])).as_py():
                return False
            last = values[-1]
    return True
