"""Publish an existing HATS catalogue where it is: measured and linked, never copied."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tianku.catalogue.engine import working_engine
from tianku.catalogue.hats_source import HatsCatalogue, HatsPartition, open_hats
from tianku.catalogue.id_tables import build_id_table
from tianku.catalogue.in_place_statistics import scan
from tianku.catalogue.manifest import FileColumn, FileEntry, TableManifest
from tianku.catalogue.plan import TablePlan, plan_table
from tianku.catalogue.positions import PositionPlan, plan_positions
from tianku.catalogue.progress import Meter
from tianku.catalogue.table_meta import build_meta
from tianku.catalogue.writing import MAX_MOC_RUNS, MOC_ORDER, bounded_moc
from tianku.model.config.load import LoadedDataset
from tianku.model.errors import UsageError
from tianku.model.metadata import HEALPIX_COLUMN
from tianku.sky import moc as mocs
from tianku.sky.ranges import ORDER, healpix29

#: rows whose positions are compared with their cells
_SAMPLE = 1000
_TAIL = 8  # of a Parquet file: length of the footer, and magic number


def publish_in_place(
    dataset: LoadedDataset, table: str, out_dir: Path, digest: str, memory_bytes: int, threads: int, meter: Meter
) -> TableManifest:
    """Describe a HATS catalogue as table of a snapshot; ``out_dir/tables/<table>/`` holds links to its files.

    Raises
    ------
    UsageError
        As `open_hats`; ``hats.as_it_is`` where the configuration wants rows changed, ``hats.schema`` where files
        differ, ``hats.cells`` where the index is not that of the positions.
    """
    said = dataset.config.tables[table]
    catalogue = open_hats(said.from_.hats or "" if said.from_ else "", dataset.source_root)
    folder = out_dir / "tables" / table
    meter.stage("look at files", None)
    schema, remarks = _schema(catalogue)
    plan = plan_table(dataset, table, schema)
    positions = plan_positions(said.positions, [c.meta.name for c in plan.columns])
    _check_plan(table, plan, positions, catalogue, margin=said.margin is not None)
    _check_cells(catalogue, table)
    with ThreadPoolExecutor(threads) as pool:
        entries = list(pool.map(lambda p: _entry(catalogue, p, folder, out_dir), catalogue.partitions))
    files = [p.path for p in catalogue.partitions]
    with working_engine(folder / ".scratch", memory_bytes // 2, threads) as con:
        meter.stage("measure", None)
        measured = scan(con, files, plan)
        meter.stage("ids", None)
        ids = {}
        for name in dict.fromkeys([*([said.id] if said.id else []), *said.unique]):
            column = plan.column(name)
            assert column is not None and column.source is not None  # plan_table refuses unknown names
            made = build_id_table(
                con, column.source, files, folder / "ids" / f"{column.meta.name}.parquet", out_dir
            )
            made.column, made.nulls = column.meta.name, measured[column.meta.name].nulls
            ids[column.meta.name] = made
        coverage = mocs.to_ascii(bounded_moc(_cells(con, files), MAX_MOC_RUNS))
    meter.finish()
    rows = sum(e.rows or 0 for e in entries)
    wrong = [remark for made in ids.values() if (remark := made.remark())]
    unique = tuple(name for name, made in ids.items() if made.remark() is None)
    return TableManifest(
        meta=build_meta(dataset, table, plan, positions, measured, unique, rows),
        files=tuple(entries),
        columns=tuple(
            FileColumn(name=c.meta.name, source=c.source or c.meta.name, nan=measured[c.meta.name].nans > 0)
            for c in plan.columns
        ),
        id_tables={name: made.entry.path for name, made in ids.items()},
        beside=tuple(made.entry for made in ids.values()),
        statistics=measured,
        moc=coverage,
        warnings=tuple(dict.fromkeys([*remarks, *plan.warnings, *wrong])),
        digest=digest,
    )


def _schema(catalogue: HatsCatalogue) -> tuple[pa.Schema, list[str]]:
    """The columns that all files share, without those that cannot be served as they are."""
    first, *others = (pq.read_schema(p.path) for p in catalogue.partitions)
    if HEALPIX_COLUMN not in first.names or not pa.types.is_integer(first.field(HEALPIX_COLUMN).type):
        raise UsageError(
            "hats.schema",
            "{file}: it has no column {column}",
            file=catalogue.partitions[0].path.name,
            column=HEALPIX_COLUMN,
        )
    for partition, schema in zip(catalogue.partitions[1:], others, strict=True):
        unlike = [f.name for f in first if f.name not in schema.names or schema.field(f.name).type != f.type]
        if unlike:
            raise UsageError(
                "hats.schema",
                "{file} (order {norder}, pixel {npix}) has no column {column} of type {type}, the first file has",
                file=partition.path.name,
                norder=partition.norder,
                npix=partition.npix,
                column=unlike[0],
                type=str(first.field(unlike[0]).type),
            )
    nested = [f.name for f in first if not _plain(f.type)]
    remarks = [f"{name}: nested values are not served in place; `from: {{files: …}}` has them" for name in nested]
    return pa.schema([f for f in first if f.name not in nested]), remarks


def _plain(kind: pa.DataType) -> bool:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        kind = kind.value_type
    binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    return not (pa.types.is_nested(kind) or pa.types.is_null(kind) or binary)


def _check_plan(
    table: str, plan: TablePlan, positions: Sequence[PositionPlan], catalogue: HatsCatalogue, *, margin: bool
) -> None:
    """Rows stay as they are: whatever would change one is refused."""
    changed = [
        f"{c.meta.name} is converted, split, computed or has values that mean null"
        for c in plan.columns
        if c.expression is not None or c.factor != 1.0 or c.nulls or c.split
    ]
    changed += [f"position {p.config.name} is not in ICRS degrees" for p in positions if p.added]
    if plan.public_from is not None:
        changed.append("rows become public one by one")
    main = next((p for p in positions if p.main), None)
    if main is not None:
        sources = tuple(str(c.source) for n in (main.ra, main.dec) if (c := plan.column(n)) is not None)
        if sources != catalogue.position:
            changed.append(f"the main position is not {' and '.join(catalogue.position)}, which it is sorted by")
    if main is None:
        changed.append("`positions:` names no main position")
    if margin:
        changed.append("`margin:` wants rows written beside it")
    if changed:
        raise UsageError(
            "hats.as_it_is",
            "table {table}: a catalogue that is served in place is published as it is, but {reason};"
            " publish its files with `from: {{files: …}}` instead",
            table=table,
            reason=changed[0],
        )


def _check_cells(catalogue: HatsCatalogue, table: str) -> None:
    """Compare the index of the first rows with their positions."""
    names = [HEALPIX_COLUMN, *catalogue.position]
    with pq.ParquetFile(catalogue.partitions[0].path) as file:
        rows = next(file.iter_batches(_SAMPLE, columns=names))
    index, ra, dec = (rows[name].to_numpy(zero_copy_only=False) for name in names)
    ours = healpix29(ra.astype(np.float64), dec.astype(np.float64))
    # positions that were kept in single precision are a few cells off
    if (np.abs(ours - index.astype(np.int64)) > 0).mean() > 0.5:
        raise UsageError(
            "hats.cells",
            "table {table}: {column} is not the cell of {ra}, {dec} in the scheme NESTED at order 29",
            table=table,
            column=HEALPIX_COLUMN,
            ra=catalogue.position[0],
            dec=catalogue.position[1],
        )


def _entry(catalogue: HatsCatalogue, partition: HatsPartition, folder: Path, root: Path) -> FileEntry:
    """Link one file, and note by what a change of it will be seen."""
    link = folder / "dataset" / partition.path.relative_to((catalogue.folder / "dataset").resolve())
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(partition.path)
    facts = partition.path.stat()
    with partition.path.open("rb") as file:
        file.seek(-_TAIL, os.SEEK_END)
        length = int.from_bytes(file.read(4), "little")
        file.seek(-min(facts.st_size, _TAIL + length), os.SEEK_END)
        footer = hashlib.sha256(file.read()).hexdigest()
        file.seek(0)
        rows = pq.ParquetFile(file).metadata.num_rows
    return FileEntry(
        path=str(link.relative_to(root)),
        bytes=facts.st_size,
        sha256=footer,
        rows=rows,
        healpix=partition.span,
        mtime_ns=facts.st_mtime_ns,
    )


def _cells(con: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The first index in each cell of the coverage's order that holds rows, sorted."""
    found = con.execute(
        f'SELECT min("{HEALPIX_COLUMN}")::BIGINT AS first FROM read_parquet($1, hive_partitioning=false)'
        f' GROUP BY "{HEALPIX_COLUMN}"::BIGINT >> {2 * (ORDER - MOC_ORDER)} ORDER BY 1',
        [[str(f) for f in files]],
    )
    cells: pa.Table = found.to_arrow_table()
    return np.asarray(cells["first"].to_numpy())
