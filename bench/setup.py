"""The installation that is measured: one table of the synthetic catalogue, ingested and served as any other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench import catalogue
from tianku.sky.ranges import healpix29
from tianku.usecases.installation import create

DATASET = "bench/v1"
TABLE = "stars"
QUALIFIED = "bench_v1.stars"
#: answers of more than the usual 10⁶ rows, to see that memory does not follow their length
_SITE = "limits: {sync_rows: 10000000}\n"
_COLLECTION = "collection: bench\ntitle: Benchmark\n"
_DATASET = """\
dataset: bench/v1
title: Synthetic survey
serving: {serving}
tables:
  stars:
    from: {source}
    id: obsid
    positions: [{{name: target, ra: ra, dec: dec, frame: ICRS, main: true}}]
"""


@dataclass(frozen=True)
class Inputs:
    """The same rows twice: as an archive would have them, and with the HEALPix column that the peer sorts by."""

    plain: Path
    placed: Path


def inputs(folder: Path, rows: int) -> Inputs:
    """Write the input files, once per number of rows."""
    plain = catalogue.write(folder / f"catalogue-{rows}.parquet", rows)
    placed = folder / f"placed-{rows}.parquet"
    if not placed.exists():
        draft = placed.with_suffix(".part")
        schema = catalogue.SCHEMA.append(pa.field("_healpix_29", pa.int64()))
        with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
            for batch in pq.ParquetFile(plain).iter_batches(catalogue.BATCH):
                cells = healpix29(batch["ra"].to_numpy(), batch["dec"].to_numpy())
                writer.write_batch(pa.RecordBatch.from_arrays([*batch.columns, pa.array(cells)], schema=schema))
        draft.rename(placed)
    return Inputs(plain, placed)


def installation(folder: Path, source: Path) -> Path:
    """Make an installation over `source`, once; return its root."""
    root = folder / "installation"
    if not (root / "site.yaml").exists():
        create(root, authority="bench.example", title="Benchmark")
        with (root / "site.yaml").open("a", encoding="utf-8") as site:
            site.write(_SITE)
    collection = root / "collections" / "bench"
    collection.mkdir(parents=True, exist_ok=True)
    (collection / "collection.yaml").write_text(_COLLECTION, "utf-8")
    (collection / "dataset.yaml").write_text(_DATASET.format(serving="always", source=source.resolve()), "utf-8")
    return root
