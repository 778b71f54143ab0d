"""The margin cache of a HATS catalogue: rows just outside each partition, for matches across borders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cdshealpix
import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tianku.catalogue.manifest import FileEntry
from tianku.catalogue.parquet_files import write_parquet
from tianku.catalogue.partition import Partition
from tianku.model.metadata import HEALPIX_COLUMN, Position
from tianku.sky.ranges import ORDER

#: arcsec, the side of a cell of order 0 (the square root of its area)
_SIDE = 58.63 * 3600
#: sides of cells over the margin: the narrowest cells, near the poles, are as wide as half their side
_SAFE = 4


def write_margin(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    name: str,
    files: Sequence[Path],
    partitions: Sequence[Partition],
    position: Position,
    arcsec: float,
    root: Path,
) -> list[FileEntry]:
    """Write ``collection/``, which holds the margin and names the catalogue, into the folder of a catalogue.

    Rows of all cells that touch a partition from outside are its margin: those within `arcsec`, and some more.
    The entries of its Parquet files are returned, with paths relative to `root`.
    """
    edges = _edges(partitions, arcsec)
    con.register("edges", edges)
    shift = 2 * (ORDER - _order(partitions, arcsec))
    rows = con.sql(
        f"SELECT e.part AS _part, d.* FROM read_parquet($files, hive_partitioning=false) d JOIN edges e"
        f' ON e.cell = d."{HEALPIX_COLUMN}" >> {shift} ORDER BY e.part, d."{HEALPIX_COLUMN}"',
        params={"files": [str(f) for f in files]},
    ).to_arrow_reader(131_072)
    collection = folder / "collection"
    margin = collection / "margin"
    (margin / "dataset").mkdir(parents=True, exist_ok=True)
    schema = rows.schema.remove(0)
    pq.write_metadata(schema, margin / "dataset" / "_common_metadata")
    lines, written = ["Norder,Npix,num_rows"], []
    for part, table in _by_part(rows):
        one = partitions[part]
        written.append(write_parquet(margin / "dataset" / one.path / "part0.parquet", table, root))
        lines.append(f"{one.norder},{one.npix},{len(table)}")
    con.unregister("edges")
    (margin / "partition_info.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    total = sum(int(line.rpartition(",")[2]) for line in lines[1:])
    _properties(
        margin / "hats.properties",
        "catalog",
        {
            "obs_collection": f"{name}_margin",
            "dataproduct_type": "margin",
            "hats_nrows": total,
            "hats_col_ra": position.ra,
            "hats_col_dec": position.dec,
            "hats_col_healpix": HEALPIX_COLUMN,
            "hats_col_healpix_order": ORDER,
            "hats_primary_table_url": "../..",
            "hats_margin_threshold": arcsec,
            "hats_npix_suffix": "/",
            "hats_order": max((p.norder for p in partitions), default=0),
            "hats_builder": "tianku",
        },
    )
    _properties(
        collection / "collection.properties",
        "Collection",
        {
            "obs_collection": name,
            "hats_primary_table_url": "..",
            "all_margins": "margin",
            "default_margin": "margin",
            "hats_builder": "tianku",
        },
    )
    return written


def _properties(path: Path, kind: str, said: dict[str, object]) -> None:
    text = f"#HATS {kind}\n" + "".join(f"{key}={value}\n" for key, value in said.items())
    path.write_text(text, encoding="utf-8")


def _order(partitions: Sequence[Partition], arcsec: float) -> int:
    """The finest order whose cells are safely wider than the margin; at least that of the finest partition."""
    fine = int(np.floor(np.log2(_SIDE / (_SAFE * arcsec))))
    return int(np.clip(fine, max((p.norder for p in partitions), default=0), ORDER))


def _edges(partitions: Sequence[Partition], arcsec: float) -> pa.Table:
    """Cells that touch a partition from outside, with the partition's number."""
    order = _order(partitions, arcsec)
    parts, cells = [], []
    for norder in sorted({p.norder for p in partitions}):
        numbers = np.array([i for i, p in enumerate(partitions) if p.norder == norder], dtype=np.int64)
        pixels = np.array([partitions[i].npix for i in numbers], dtype=np.uint64)
        if norder == order:
            around = cdshealpix.neighbours(pixels, norder).astype(np.int64)
            around[around == pixels[:, None].astype(np.int64)] = -1
        else:
            border, corner = cdshealpix.external_neighbours(pixels, norder, order - norder)
            around = np.concatenate([border.astype(np.int64), corner.astype(np.int64)], axis=1)
        parts.append(np.repeat(numbers, around.shape[1])[around.ravel() >= 0])
        cells.append(around.ravel()[around.ravel() >= 0])
    return pa.table({"part": np.concatenate(parts), "cell": np.concatenate(cells)})


def _by_part(rows: pa.RecordBatchReader) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each partition's margin, which come sorted by partition."""
    held: list[pa.RecordBatch] = []
    current = -1
    for batch in rows:
        numbers = batch["_part"].to_numpy()
        batch = batch.drop_columns(["_part"])
        starts = np.flatnonzero(np.diff(numbers, prepend=current if held else -1))
        for start, stop in zip([0, *starts], [*starts, len(batch)], strict=True):
            if stop == start:
                continue
            if held and numbers[start] != current:
                yield current, pa.Table.from_batches(held)
                held = []
            current = int(numbers[start])
            held.append(batch.slice(start, stop - start))
    if held:
        yield current, pa.Table.from_batches(held)
