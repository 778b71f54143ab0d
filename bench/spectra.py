"""Reading LAMOST spectra to metadata and arrays, beside `gzip -d` of the same files."""

from __future__ import annotations

import gzip
import itertools
import os
import shutil
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from bench.record import Report
from tianku.products.readers import read_spectrum

_FILES, _BAR = 1000, 0.4


def measure(report: Report, folder: Path, data: Path, times: int = 5) -> None:
    """Measure with as many processes as there are cores; both sides find the files in the page cache."""
    files = prepare(folder / "spectra", data)
    workers = os.cpu_count() or 1
    shares = [files[i::workers] for i in range(workers)]
    theirs = [_gzip(shares) for _ in range(times + 1)][1:]
    cold = time.perf_counter()
    with ProcessPoolExecutor(workers, mp_context=get_context("forkserver")) as pool:
        list(pool.map(_read, shares))
        cold = time.perf_counter() - cold
        ours = [_pooled(pool, shares) for _ in range(times)]
    report.add(
        "LAMOST .fits.gz to metadata and arrays",
        len(files),
        "rows/s",
        [len(files) / seconds for seconds in ours],
        f"gzip -d, {workers} processes",
        [len(files) / seconds for seconds in theirs],
        _BAR,
        note=f"files per second; {cold:.2f} s the first time, with the start of the {workers} processes",
    )


def prepare(folder: Path, data: Path) -> list[Path]:
    """Return 1000 distinct .fits.gz: real ones as they are, uncompressed ones gzipped, then copies."""
    folder.mkdir(parents=True, exist_ok=True)
    real = sorted(data.iterdir())
    made = []
    for number, source in zip(range(_FILES), itertools.cycle(real), strict=False):
        target = folder / f"{number:04d}-{source.name.removesuffix('.gz')}.gz"
        made.append(target)
        if target.exists():
            continue
        if source.suffix == ".gz":
            shutil.copyfile(source, target)
        else:
            target.write_bytes(gzip.compress(source.read_bytes(), 6))
    return made


def _read(files: list[Path]) -> int:
    return sum(len(part) for path in files for part in read_spectrum(path).parts)


def _pooled(pool: ProcessPoolExecutor, shares: list[list[Path]]) -> float:
    start = time.perf_counter()
    list(pool.map(_read, shares))
    return time.perf_counter() - start


def _gzip(shares: list[list[Path]]) -> float:
    start = time.perf_counter()
    running = [subprocess.Popen(["gzip", "-dc", *map(str, share)], stdout=subprocess.DEVNULL) for share in shares]
    if any(process.wait() for process in running):
        raise RuntimeError("gzip failed")
    return time.perf_counter() - start
