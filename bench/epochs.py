"""One source's light curve from a table of epochs, beside the bare engine on the same files.

``python -m bench.epochs --rows 100_000_000`` measures this alone.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.record import Report
from tianku.model.access import ANONYMOUS
from tianku.usecases.centre import Centre
from tianku.usecases.ingest import ingest_dataset
from tianku.usecases.installation import create
from tianku.usecases.progress import Step
from tianku.usecases.publish import publish
from tianku.usecases.timeseries import timeseries

DATASET = "epochs/v1"
_EPOCHS, _LOOKED_AT, _MOST_MS = 100, 200, 50.0
#: the engine alone reads rows; ours also finds the product in its index and asks the policy
_BAR = 0.2
_COLLECTION = "collection: epochs\ntitle: Benchmark of epochs\n"
_CONFIG = """\
dataset: epochs/v1
title: Synthetic epochs
serving: never
tables:
  sources: {from: sources.parquet, id: source_id, positions: [{ra: ra, dec: dec}]}
  epochs:
    from: "epochs-*.parquet"
    kind: epochs
    times: [{column: bjd, origin: JD, scale: TDB, refposition: BARYCENTER}]
products:
  curves:
    type: timeseries
    from: {table: epochs, group: source_id, source: sources}
    key: "{source_id}"
    time: {column: bjd}
    value: {column: mag, error: mag_err, unit: mag, band: i}
"""


def measure(report: Report, folder: Path, rows: int, seed: int = 11) -> None:
    """Generate, ingest, publish, then read sources chosen at random, each once."""
    sources = write_inputs(folder / "sources", rows)
    root = folder / "site"
    _configure(root, folder / "sources")
    began = time.perf_counter()
    ingest_dataset(root, DATASET, progress=_shown)
    print(
        f"     {rows:,} epochs of {len(sources):,} sources ingested in {time.perf_counter() - began:.0f} s",
        flush=True,
    )
    publish(root, DATASET)
    chosen = np.random.default_rng(seed).choice(sources, min(_LOOKED_AT, len(sources) // 2), replace=False)
    centre = Centre.open(root)
    try:
        look = partial(timeseries, centre, ANONYMOUS, DATASET, "curves")
        ours = [_timed(partial(look, str(key))) for key in chosen]
    finally:
        centre.close()
    files = sorted(str(p) for p in root.glob("data/snapshots/**/tables/epochs/rows/*.parquet"))
    con = duckdb.connect(config={"threads": 2})
    sql = "SELECT bjd, mag, mag_err FROM read_parquet(?) WHERE source_id = ? ORDER BY bjd"
    theirs = [_timed(partial(_fetch, con, sql, [files, int(key)])) for key in chosen]
    con.close()
    p95 = f"p95 {np.percentile(ours, 95):.3g} ms against {np.percentile(theirs, 95):.3g} ms"
    report.add(
        "light curve of one source (p50)", rows, "ms", ours, "bare DuckDB, same files", theirs, _BAR, note=p95
    )
    report.limit("p50 of one source's light curve", float(np.median(ours)), _MOST_MS, "ms")


def write_inputs(folder: Path, rows: int) -> np.ndarray:
    """Write the epochs as a survey makes them, all sources at each time; return the ids."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    ids = 10**12 + np.arange(rows // _EPOCHS, dtype=np.int64) * 13
    place = {"ra": random.uniform(0, 360, len(ids)), "dec": np.degrees(np.arcsin(random.uniform(-1, 1, len(ids))))}
    pq.write_table(pa.table({"source_id": ids, **place}), folder / "sources.parquet")
    for epoch in range(_EPOCHS):
        target = folder / f"epochs-{epoch:03d}.parquet"
        if target.exists():
            continue
        columns = {
            "source_id": ids,
            "bjd": 2456700.0 + epoch * 1.25 + random.uniform(0, 0.3, len(ids)),
            "mag": random.normal(15, 1, len(ids)).astype("f4"),
            "mag_err": random.uniform(0.01, 0.1, len(ids)).astype("f4"),
        }
        pq.write_table(pa.table(columns), target)
    return ids


def _configure(root: Path, sources: Path) -> None:
    if not (root / "site.yaml").exists():
        create(root, authority="bench.example", title="Benchmark", sources={"epochs": str(sources.resolve())})
    folder = root / "collections" / DATASET
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / "collection.yaml").write_text(_COLLECTION)
    (folder / "dataset.yaml").write_text(_CONFIG)


def _fetch(con: duckdb.DuckDBPyConnection, sql: str, values: list[object]) -> dict[str, np.ndarray]:
    return con.execute(sql, values).fetchnumpy()


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def _shown(step: Step) -> None:
    if step.total and step.done == step.total and step.done > 1:
        print(f"     {step.name}: {step.done:,}", flush=True)


def main() -> None:
    """Measure with a number of rows."""
    parser = argparse.ArgumentParser(prog="python -m bench.epochs", description=__doc__)
    parser.add_argument("--rows", type=lambda text: int(text.replace("_", "")), default=10_000_000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tianku-epochs-"))
    try:
        measure(Report(), folder, options.rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
