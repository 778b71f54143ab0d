"""Cross-matches: an uploaded list and two whole tables, beside LSDB, STILTS and one k-d tree of the whole sky.

``python -m bench.match --rows 10_000_000`` measures this alone. All look for the nearest partner within 3 arcsec,
each in a process of its own; LSDB counts from its second call on, with the margin that ingest writes, STILTS from
files on.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.table import Table

from bench import catalogue
from bench.memory import peak_mib
from bench.record import Report
from tianku.usecases.installation import connect, create

RADIUS = 3.0  # arcsec
_JITTER = 0.7  # arcsec, in each direction
_SHARE, _UPLOADED = 0.9, 10  # of the rows: in the second table, one in so many in the list
_CALLS = 3
_BAR, _MOST_MIB = 1.0, 4096
_SITE = "limits: {sync_rows: 100000000, default_rows: 100000000, sync_seconds: 3600}\njobs: {rows: 100000000}\n"
_DATASET = """\
dataset: {name}/v1
title: Synthetic survey
tables:
  stars:
    from: {source}
    id: obsid
    margin: 10
    positions: [{{ra: ra, dec: dec}}]
"""
Measured = dict[str, float]


def measure(report: Report, folder: Path, rows: int) -> None:
    """Measure both matches, and that all find as many pairs."""
    folder = folder / f"match-{rows}"
    folder.mkdir(parents=True, exist_ok=True)
    root = _prepared(folder, rows)
    listed, pairs = folder / "list.parquet", {"list": ("list", "first"), "tables": ("first", "second")}
    for work, (left, right) in pairs.items():
        runs = {peer: _child(peer, root, listed, left, right) for peer in _PEERS if _possible(peer)}
        ours = runs.pop("tianku")
        best = min(runs, key=lambda peer: runs[peer]["seconds"])
        said = ", ".join(
            f"{peer} {run['seconds']:.2f} s, {run['peak']:.0f} MiB, {run['pairs']:.0f} pairs"
            for peer, run in runs.items()
        )
        count = rows // _UPLOADED if work == "list" else rows
        report.add(
            f"match of {work}", count, "s", [ours["seconds"]], best, [runs[best]["seconds"]], _BAR, note=said
        )
        print(f"     {said}; tianku {ours['pairs']:.0f} pairs", flush=True)
        report.limit(f"pairs missed, match of {work}", max(0.0, runs["tree"]["pairs"] - ours["pairs"]), 0, "pairs")
        report.limit(f"peak memory, match of {work}", ours["peak"], _MOST_MIB, "MiB")


def _prepared(folder: Path, rows: int) -> Path:
    """Return the root of an installation with both tables published, made once; the list lies beside it."""
    root = folder / "match"
    if (root / "done").exists():
        return root
    first = catalogue.write(folder / f"catalogue-{rows}.parquet", rows)
    table = pq.read_table(first, columns=["obsid", "ra", "dec", "mag_g", "teff"])
    create(root, authority="bench.example", title="Benchmark")
    with (root / "site.yaml").open("a", encoding="utf-8") as site:
        site.write(_SITE)
    second = folder / "second.parquet"
    pq.write_table(_moved(table, int(rows * _SHARE), 2), second)
    _publish(root, "first", first)
    _publish(root, "second", second)
    pq.write_table(_moved(table, rows // _UPLOADED, 3), folder / "list.parquet")
    for name, path in (("first", first), ("second", second), ("list", folder / "list.parquet")):
        plain = pq.read_table(path, columns=["obsid", "ra", "dec"])
        columns = {n: plain.column(n).to_numpy() for n in plain.column_names}
        Table(columns).write(folder / f"{name}.fits", overwrite=True)
    (root / "done").touch()
    return root


def _moved(table: pa.Table, count: int, seed: int) -> pa.Table:
    """Return some rows a little beside where they were."""
    random = np.random.default_rng([catalogue.SEED, seed])
    chosen = table.take(pa.array(np.sort(random.permutation(len(table))[:count])))
    dec = chosen["dec"].to_numpy() + random.normal(0, _JITTER / 3600, count)
    ra = chosen["ra"].to_numpy() + random.normal(0, _JITTER / 3600, count) / np.cos(np.radians(dec))
    moved = chosen.set_column(1, "ra", pa.array(ra % 360.0))
    return moved.set_column(2, "dec", pa.array(np.clip(dec, -90, 90)))


def _publish(root: Path, name: str, source: Path) -> None:
    from tianku.usecases.ingest import ingest_dataset
    from tianku.usecases.publish import publish

    folder = root / "collections" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "collection.yaml").write_text(f"collection: {name}\ntitle: Benchmark\n", "utf-8")
    (folder / "dataset.yaml").write_text(_DATASET.format(name=name, source=source.resolve()), "utf-8")
    connect(root)
    publish(root, f"{name}/v1", ingest_dataset(root, f"{name}/v1").revision)


def _possible(peer: str) -> bool:
    return peer != "stilts" or shutil.which("stilts") is not None


def _child(peer: str, root: Path, listed: Path, left: str, right: str) -> Measured:
    """Run in a process of its own, so that nobody pays for another's memory or caches."""
    command = [sys.executable, "-m", "bench.match", "--peer", peer, str(root), str(listed), left, right]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    found: Measured = json.loads(done.stdout.splitlines()[-1])
    return found


def _best_of(call: Callable[[], int], warm: int) -> Measured:
    """Return the median seconds of some calls after the first `warm`, pairs found and peak memory."""
    seconds, pairs = [], 0
    for _ in range(warm + _CALLS):
        start = time.perf_counter()
        pairs = call()
        seconds.append(time.perf_counter() - start)
    return {"seconds": float(np.median(seconds[warm:])), "pairs": pairs, "peak": peak_mib()}


def _tianku(root: Path, listed: Path, left: str, right: str) -> Measured:
    """Match as the API does, from reading the uploaded file on to the last batch of the answer."""
    from tianku.model.access import ANONYMOUS
    from tianku.planner.matching import How
    from tianku.usecases.centre import Centre
    from tianku.usecases.crossmatch import crossmatch
    from tianku.usecases.match_columns import Named
    from tianku.usecases.match_tables import MatchTable
    from tianku.usecases.match_upload import Kept

    connect(root, profile="web")
    centre = Centre.open(root)
    wanted = Named(["obsid"])
    ours = MatchTable(Kept(listed, "list") if left == "list" else f"{left}_v1.stars", wanted)

    def call() -> int:
        with crossmatch(
            centre, ANONYMOUS, ours, MatchTable(f"{right}_v1.stars", wanted), How(RADIUS / 3600)
        ) as answer:
            return sum(batch.num_rows for batch in answer.batches())

    try:
        return _best_of(call, 1)
    finally:
        centre.close()


def _lsdb(root: Path, listed: Path, left: str, right: str) -> Measured:
    import lsdb
    from dask.distributed import Client

    def opened(name: str) -> lsdb.Catalog:
        found = (root / "data" / "snapshots" / name).glob("v1@*")
        (snapshot,) = (one for one in found if one.is_dir())
        return lsdb.open_catalog(snapshot / "tables" / "stars" / "collection", columns=["obsid", "ra", "dec"])

    with Client(n_workers=os.cpu_count(), threads_per_worker=1, dashboard_address=None):  # type: ignore[no-untyped-call]
        mine = opened(left) if left != "list" else None
        theirs = opened(right)

        def call() -> int:
            here = mine
            if here is None:
                rows = pq.read_table(listed, columns=["obsid", "ra", "dec"]).to_pandas()
                here = lsdb.from_dataframe(rows, margin_threshold=10)
            pairs = here.crossmatch(
                theirs, n_neighbors=1, radius_arcsec=RADIUS, suffixes=("_a", "_b"), suffix_method="all_columns"
            )
            return len(pairs[["obsid_a", "obsid_b"]].compute())

        return _best_of(call, 1)


def _stilts(root: Path, listed: Path, left: str, right: str) -> Measured:
    words = [
        "stilts", "-Xmx6g", "tskymatch2", f"in1={root.parent / left}.fits", f"in2={root.parent / right}.fits",
        "ra1=ra", "dec1=dec", "ra2=ra", "dec2=dec", f"error={RADIUS}", "find=best1", "join=1and2", "omode=count",
    ]  # fmt: skip

    def call() -> int:
        done = subprocess.run(words, capture_output=True, check=True, text=True)
        return int(done.stdout.split("rows:")[1].split()[0])

    return _best_of(call, 0)


def _tree(root: Path, listed: Path, left: str, right: str) -> Measured:
    """One k-d tree of unit vectors over the second table, made and asked on all cores."""
    from scipy.spatial import cKDTree

    def vectors(name: str) -> np.ndarray:
        rows = pq.read_table(_source(root.parent, name), columns=["ra", "dec"])
        ra, dec = (np.radians(rows[n].to_numpy()) for n in ("ra", "dec"))
        return np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])

    chord = 2 * np.sin(np.radians(RADIUS / 3600) / 2)

    def call() -> int:
        tree = cKDTree(vectors(right), balanced_tree=False, compact_nodes=False)
        found, _ = tree.query(vectors(left), distance_upper_bound=chord, workers=-1)
        return int(np.isfinite(found).sum())

    return _best_of(call, 0)


def _source(folder: Path, name: str) -> Path:
    return next(iter(folder.glob("catalogue-*.parquet"))) if name == "first" else folder / f"{name}.parquet"


_PEERS = {"tianku": _tianku, "lsdb": _lsdb, "stilts": _stilts, "tree": _tree}


def main() -> None:
    """Measure this alone, or (as its own child) one peer."""
    parser = argparse.ArgumentParser(prog="python -m bench.match", description=__doc__)
    parser.add_argument("--rows", type=lambda text: int(text.replace("_", "")), default=10_000_000)
    parser.add_argument("--work", help="keep inputs and installation in this folder")
    parser.add_argument("--peer", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        peer, root, listed, left, right = options.peer
        print(json.dumps(_PEERS[peer](Path(root), Path(listed), left, right)))
        return
    with tempfile.TemporaryDirectory(prefix="tianku-bench-") as own:
        folder = Path(options.work or own)
        folder.mkdir(parents=True, exist_ok=True)
        report = Report()
        measure(report, folder, options.rows)


if __name__ == "__main__":
    main()
