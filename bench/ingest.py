"""Ingest to published Parquet, beside DuckDB doing nothing but the sort and the write."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb

from bench.memory import peak_mib
from bench.record import Report
from bench.setup import DATASET, inputs, installation

#: what an ingest of the default installation may use; the peer gets the same
_MEMORY_GB, _THREADS = 4, 2
_BAR, _MOST_MIB = 0.5, 4096


def measure(report: Report, folder: Path, rows: int, repeat: int = 3) -> Path:
    """Measure; return the root of the installation, with the catalogue published."""
    given = inputs(folder, rows)
    root = installation(folder, given.plain)
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    for _ in range(repeat):
        ours.append(_child("tianku", root))
        theirs.append(_child("duckdb", given.placed, folder / "peer"))
    for run in ours:
        print(f"     stages: {_shares(run)}; afterwards serving copy {run['serving copy']:.1f} s", flush=True)
    report.add(
        "ingest to published Parquet",
        rows,
        "rows/s",
        [rows / run["seconds"] for run in ours],
        "bare DuckDB: same sort, zstd-3 Parquet",
        [rows / run["seconds"] for run in theirs],
        _BAR,
        note=f"{_shares(ours[-1])}; CPU {ours[-1]['cpu']:.0f} s against {theirs[-1]['cpu']:.0f} s",
    )
    report.limit("peak memory of ingest", max(run["peak"] for run in ours), _MOST_MIB, "MiB")
    return root


def prepare(folder: Path, rows: int) -> Path:
    """Return the root of an installation with the catalogue published, without measuring; made once."""
    given = inputs(folder, rows)
    root = installation(folder, given.plain)
    if not list((root / "data" / "snapshots").glob(f"{DATASET}@*")):
        _child("tianku", root)
    return root


def _shares(run: dict[str, float]) -> str:
    stages = ((name, s) for name, s in run.items() if name not in ("seconds", "peak", "cpu", "serving copy"))
    return ", ".join(f"{name} {s:.1f} s ({s / run['seconds']:.0%})" for name, s in stages)


def _child(work: str, *paths: Path) -> dict[str, float]:
    """Run in a process of its own, so that neither pays for the other's memory or caches."""
    command = [sys.executable, "-m", "bench.ingest", work, *map(str, paths)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _tianku(root: Path) -> dict[str, float]:
    """Ingest and publish; the serving copy is a cache that a server does not wait for."""
    from tianku.usecases.ingest import ingest_dataset
    from tianku.usecases.installation import connect
    from tianku.usecases.progress import Step
    from tianku.usecases.publish import listing, publish, remove, withdraw

    connect(root)
    earlier = [row for row in listing(root) if row.revision is not None]
    for row in earlier:
        if row.state == "published":
            withdraw(root, row.dataset)
    if earlier:
        remove(root, DATASET)
    clock = _Stages()

    def progress(step: Step) -> None:
        clock.seen("commit" if step.name.endswith("serving copy") and not step.done else step.name)

    report = ingest_dataset(root, DATASET, progress=progress, force=True)
    publish(root, DATASET, report.revision)
    clock.seen("publish")
    found, processors = clock.taken(0), clock.taken(1)
    seconds = sum(found.values()) - found["serving copy"]
    found["cpu"] = sum(processors.values()) - processors["serving copy"]
    found["seconds"] = seconds
    found["peak"] = peak_mib()
    return found


class _Stages:
    """Seconds of each stage: it ends with the last report of its name, where the next begins."""

    def __init__(self) -> None:
        self._ends: dict[str, tuple[float, float]] = {"": (time.perf_counter(), time.process_time())}

    def seen(self, name: str) -> None:
        """Note a report of a stage."""
        self._ends[name.rpartition(": ")[2]] = time.perf_counter(), time.process_time()

    def taken(self, clock: int) -> dict[str, float]:
        """Return the seconds by stage: of the clock on the wall (0), of the processors (1)."""
        pairs = itertools.pairwise(self._ends.items())
        return {name: end[clock] - start[clock] for (_, start), (name, end) in pairs}


def _duckdb(source: Path, out: Path) -> dict[str, float]:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    start = time.perf_counter()
    with duckdb.connect(config={"memory_limit": f"{_MEMORY_GB}GB", "threads": _THREADS}) as con:
        con.execute(f"SET temp_directory='{out / 'spill'}'")
        con.execute(
            f"COPY (FROM '{source}' ORDER BY _healpix_29) TO '{out / 'sorted.parquet'}'"
            " (FORMAT PARQUET, COMPRESSION ZSTD, COMPRESSION_LEVEL 3, ROW_GROUP_SIZE 51200)"
        )
    seconds = time.perf_counter() - start
    shutil.rmtree(out)
    return {"seconds": seconds, "cpu": time.process_time()}


if __name__ == "__main__":
    _, work, *paths = sys.argv
    result = _tianku(Path(paths[0])) if work == "tianku" else _duckdb(Path(paths[0]), Path(paths[1]))
    print(json.dumps(result))
