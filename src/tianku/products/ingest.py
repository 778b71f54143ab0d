"""Ingest of a product set: files in, index, ObsCore rows and reject report out; resumable, flat in memory."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path

from tianku.catalogue.manifest import ProductSetManifest
from tianku.catalogue.progress import Meter, Report
from tianku.model.errors import TransientError, UsageError
from tianku.products.context import SetContext
from tianku.products.ingest_chunk import ChunkReport, ingest_chunk
from tianku.products.ingest_finish import finish
from tianku.products.obscore import compile_mapping, header_names
from tianku.products.selection import compile_where, select

CHUNK = 1000


def ingest_products(
    context: SetContext,
    files: Iterable[Path],
    out: Path,
    workers: int = 1,
    progress: Report | None = None,
    total: int | None = None,
    chunk_size: int = CHUNK,
) -> ProductSetManifest:
    """Build the index and the ObsCore rows of one product set under ``out/products/<set>``.

    Parameters
    ----------
    files
        In a stable order (sorted), so that an interrupted ingest finds its finished chunks again.
    workers
        Processes; 1 reads in this one.
    progress, total
        Told of files read, at most twice a second; `total` is their number when it is known.

    Returns
    -------
    ProductSetManifest
        Paths are relative to `out`. Bad files and repeated keys are in its reject report; never an error. Files
        that the set's ``where`` leaves to other sets are only counted.

    Raises
    ------
    UsageError
        The configuration is at fault (mapping, key rule, ``ingest.unsupported_store``).
    TransientError
        ``storage.full``; ``ingest.worker_died``: run the same ingest again and it resumes.
    """
    compile_mapping(context)
    compile_where(context)
    if context.config.store == "pack-move":
        raise UsageError(
            "ingest.unsupported_store",
            "store: {store} is not available yet; use `pack-copy`, `copy` or `in-place`",
            store=context.config.store,
        )
    folder = out / "products" / context.name
    chunks = folder / "chunks"
    chunks.mkdir(parents=True, exist_ok=True)
    meter = Meter(progress)
    meter.stage("read files", total)
    reports: list[ChunkReport] = []
    for report in _reports(context, files, chunks, workers, chunk_size):
        meter.advance(report.files)
        reports.append(report)
    meter.stage("index and ObsCore")
    rejected = sorted(reject for report in reports for reject in report.rejects)
    skipped = sum(report.skipped for report in reports)
    manifest = finish(context, out, folder, sorted(r.data for r in reports), rejected, skipped)
    meter.finish()
    shutil.rmtree(chunks)
    return manifest


def _reports(
    context: SetContext, files: Iterable[Path], folder: Path, workers: int, chunk_size: int
) -> Iterator[ChunkReport]:
    chunks = _chunks(files, chunk_size)
    first = tuple(islice(chunks, 2))
    numbered = enumerate(chain(first, chunks))
    chosen = select if context.config.where else None
    read = partial(ingest_chunk, context, sorted(header_names(context)), chosen, folder)
    # starting processes takes longer than reading one chunk
    if workers <= 1 or len(first) < 2:
        for number, chunk in numbered:
            yield read(number, chunk)
        return
    processes = get_context("forkserver")
    processes.set_forkserver_preload(["__main__", "tianku.products.ingest_chunk"])
    try:
        with ProcessPoolExecutor(workers, mp_context=processes) as pool:
            yield from _windowed(pool, read, numbered, 2 * workers)
    except BrokenProcessPool as error:
        raise TransientError(
            "ingest.worker_died", "a reading process was killed (memory?); run the ingest again to resume it"
        ) from error


def _windowed(
    pool: ProcessPoolExecutor,
    read: Callable[[int, tuple[Path, ...]], ChunkReport],
    numbered: Iterator[tuple[int, tuple[Path, ...]]],
    window: int,
) -> Iterator[ChunkReport]:
    """Keep at most `window` chunks in flight, so that a long file list is never held."""
    running: set[Future[ChunkReport]] = set()
    while True:
        for number, chunk in islice(numbered, window - len(running)):
            running.add(pool.submit(read, number, chunk))
        if not running:
            return
        done, running = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()


def _chunks(files: Iterable[Path], size: int) -> Iterator[tuple[Path, ...]]:
    source = iter(files)
    while chunk := tuple(islice(source, size)):
        yield chunk


__all__ = ["CHUNK", "ingest_products"]
