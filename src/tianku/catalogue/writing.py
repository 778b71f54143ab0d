"""Cut a sorted stream of rows into partition files, written by a few threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from tianku.catalogue.manifest import FileEntry
from tianku.catalogue.parquet_files import MAX_BYTES, ROW_GROUP, write_parquet
from tianku.catalogue.partition import Partition
from tianku.catalogue.statistics import Statistics
from tianku.model.metadata import HEALPIX_COLUMN
from tianku.sky.moc import MOC, from_pixels
from tianku.sky.ranges import ORDER, distinct_sorted
from tianku.storage.failpoints import failpoint

#: order at which the coverage is kept while writing
MOC_ORDER = 10
#: bytes of a partition held at once: rows of one cell may be longer than those of the others
_MOST_HELD = 2 * MAX_BYTES


@dataclass(slots=True)
class Writer:
    """Writes tables as files in the background; at most `threads` + 1 tables are held."""

    root: Path
    schema: pa.Schema
    statistics: Statistics
    threads: int
    row_group: int = ROW_GROUP
    _cells: list[np.ndarray] = field(default_factory=list)
    _files: list[Future[FileEntry]] = field(default_factory=list)

    def write_all(self, parts: Iterable[tuple[Path, pa.Table]], written: Callable[[int], None]) -> list[FileEntry]:
        """Write every (path, table) and return the entries in order."""
        room = threading.Semaphore(max(1, self.threads) + 1)
        with ThreadPoolExecutor(max(1, self.threads), thread_name_prefix="ingest-write") as pool:
            for path, table in parts:
                room.acquire()
                future = pool.submit(self._write, path, table)
                future.add_done_callback(lambda _: room.release())
                self._files.append(future)
                written(len(table))
                failpoint("ingest.mid_write")
            return [future.result() for future in self._files]

    def _write(self, path: Path, table: pa.Table) -> FileEntry:
        table = table.combine_chunks().cast(self.schema)
        self.statistics.second(table)
        if HEALPIX_COLUMN in self.schema.names:
            index = table[HEALPIX_COLUMN].drop_null().to_numpy()
            self._cells.append(distinct_sorted(index >> (2 * (ORDER - MOC_ORDER))))
        return write_parquet(path, table, self.root, self.row_group)

    def covered(self) -> np.ndarray:
        """Sorted cells of `MOC_ORDER` that hold rows, as the first order-29 index in each."""
        cells = np.sort(np.concatenate(self._cells)) if self._cells else np.empty(0, dtype=np.int64)
        return distinct_sorted(cells) << (2 * (ORDER - MOC_ORDER))


#: most runs of cells of the coverage in a manifest (~100 kB); patchier skies are kept at a coarser order
MAX_MOC_RUNS = 12_000


def bounded_moc(index: np.ndarray, max_runs: int) -> MOC:
    """Return the coverage of sorted order-29 indices at the finest order with at most `max_runs` runs."""
    order = MOC_ORDER
    while True:
        cells = distinct_sorted(index >> (2 * (ORDER - order)))
        if order == 0 or np.count_nonzero(np.diff(cells) != 1) <= max_runs:
            return from_pixels(cells << (2 * (ORDER - order)), order)
        order -= 1


def bounded_runs(coverage: MOC, max_runs: int) -> MOC:
    """Return a coverage at the finest order, its own at most, with at most so many runs."""
    order = coverage.max_order
    while order > 0 and len(coverage.to_depth29_ranges) > max_runs:
        order -= 1
        coverage = coverage.degrade_to_order(order)
    return coverage


def cut_by_sky(
    rows: Iterable[pa.RecordBatch], partitions: Callable[[], list[Partition]], folder: Path, max_rows: int
) -> Iterator[tuple[Path, pa.Table]]:
    """Cut rows that are sorted by their index (null last) at partition borders.

    `partitions` is asked when the first rows arrive. Rows without position go to
    ``unplaced/``, outside the HATS dataset. A partition has one file, ``part0.parquet``, but where a cell
    of the finest order has more than `max_rows` rows, or more bytes than are to be held, it has several.
    """
    held = _Held(folder, max_rows)
    plan: list[Partition] = []
    at = -1
    for batch in rows:
        if at < 0:
            plan, at = partitions(), 0
            failpoint("ingest.after_sort")
        while len(batch):
            inside = _inside(batch, plan[at].last) if at < len(plan) else len(batch)
            if inside:
                yield from held.add(batch.slice(0, inside), plan, at)
                batch = batch.slice(inside)
            if len(batch):
                yield from held.flush(plan, at)
                at, held.part = at + 1, 0
    yield from held.flush(plan, at)


def _inside(batch: pa.RecordBatch, last: int) -> int:
    index = batch[HEALPIX_COLUMN]
    placed = index.slice(0, len(index) - index.null_count)  # null last
    return int(np.searchsorted(placed.to_numpy(), last, side="right"))


@dataclass(slots=True)
class _Held:
    """The rows of the present partition that are not in a file yet."""

    folder: Path
    max_rows: int
    batches: list[pa.RecordBatch] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0
    part: int = 0

    def add(self, batch: pa.RecordBatch, plan: list[Partition], at: int) -> Iterator[tuple[Path, pa.Table]]:
        """Take rows; a file is due when they would be too many."""
        if self.rows and (self.rows + len(batch) > self.max_rows or self.bytes > _MOST_HELD):
            yield from self.flush(plan, at)
        self.batches.append(batch)
        self.rows += len(batch)
        self.bytes += batch.nbytes

    def flush(self, plan: list[Partition], at: int) -> Iterator[tuple[Path, pa.Table]]:
        """Give the file of all that is held."""
        if not self.batches:
            return
        place = Path("dataset", plan[at].path) if at < len(plan) else Path("unplaced")
        yield self.folder / place / f"part{self.part}.parquet", pa.Table.from_batches(self.batches)
        self.batches, self.rows, self.bytes, self.part = [], 0, 0, self.part + 1


def cut_by_count(
    rows: Iterable[pa.RecordBatch], max_rows: int, max_bytes: int, folder: Path
) -> Iterator[tuple[Path, pa.Table]]:
    """Cut rows in the order they come into files of at most so many rows or bytes."""
    held: list[pa.RecordBatch] = []
    count = size = number = 0
    for batch in rows:
        if held and (count + len(batch) > max_rows or size + batch.nbytes > max_bytes):
            yield folder / "rows" / f"part{number:05d}.parquet", pa.Table.from_batches(held)
            held, count, size, number = [], 0, 0, number + 1
        held.append(batch)
        count += len(batch)
        size += batch.nbytes
    if held:
        yield folder / "rows" / f"part{number:05d}.parquet", pa.Table.from_batches(held)
