"""Rows in, one segment of a table out: sorted, partitioned, with side tables of its ids, a HATS catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import duckdb
import pyarrow as pa

from tianku.catalogue.engine import working_engine
from tianku.catalogue.hats import write_hats_files
from tianku.catalogue.id_tables import IdTable, build_id_table, check_unique
from tianku.catalogue.layout import Layout
from tianku.catalogue.manifest import FileEntry
from tianku.catalogue.margin import write_margin
from tianku.catalogue.parquet_files import MAX_BYTES, MAX_ROWS
from tianku.catalogue.partition import Partition, SkyCounts
from tianku.catalogue.progress import Meter
from tianku.catalogue.statistics import Statistics
from tianku.catalogue.writing import MAX_MOC_RUNS, Writer, bounded_moc, cut_by_count, cut_by_sky
from tianku.model.metadata import HEALPIX_COLUMN
from tianku.sky.moc import MOC
from tianku.storage.failpoints import failpoint


@dataclass(frozen=True, slots=True)
class Resources:
    """What an ingest may use."""

    memory_bytes: int = 2 << 30
    threads: int = 2
    max_rows: int = MAX_ROWS


class Incoming(Protocol):
    """Rows on their way in; iterate once, then read the counts."""

    statistics: Statistics
    sky: SkyCounts
    #: the error that ended the stream: engines that pull it keep only its text
    error: BaseException | None

    def __iter__(self) -> Iterator[pa.RecordBatch]: ...


@dataclass(slots=True)
class Segment:
    """A segment as written.

    Attributes
    ----------
    beside
        Files beside those of the rows: side tables of ids, margins.
    coverage
        None where rows have no positions.
    """

    files: list[FileEntry]
    ids: dict[str, IdTable] = field(default_factory=dict)
    beside: list[FileEntry] = field(default_factory=list)
    coverage: MOC | None = None
    remarks: list[str] = field(default_factory=list)


def assemble(
    rows: Incoming, layout: Layout, resources: Resources, meter: Meter, total: int | None = None
) -> Segment:
    """Sort `rows` and write them below ``layout.folder``; memory is bounded whatever their number.

    Raises
    ------
    TransientError
        ``storage.full``, ``ingest.memory``.
    """
    return _Assembly(rows, layout, resources, meter).run(total)


class _Assembly:
    def __init__(self, rows: Incoming, layout: Layout, resources: Resources, meter: Meter) -> None:
        self.rows, self.layout, self.resources, self.meter = rows, layout, resources, meter
        self.statistics = rows.statistics
        # each holds a file's rows, and more while it packs them
        writers = max(1, min(resources.threads, resources.memory_bytes // (5 * MAX_BYTES)))
        self.writer = Writer(layout.root, layout.schema, self.statistics, writers, layout.row_group)
        self.max_rows, self.partitions = resources.max_rows, list[Partition]()

    def run(self, total: int | None) -> Segment:
        layout = self.layout
        scratch, share = layout.folder / ".scratch", self.resources.memory_bytes // 2
        with working_engine(scratch, share, self.resources.threads) as con:
            self.meter.stage("read and sort" if layout.order else "read and write", total)
            segment = Segment(self._write(con))
            failpoint("ingest.after_write")
            if not segment.files:
                return segment
            data = [layout.root / entry.path for entry in segment.files]
            self.meter.stage("ids", self.statistics.seen)
            self._ids(con, data, segment)
            if layout.margin is not None:
                self._margin(con, data, segment)
        if layout.position is not None:
            segment.coverage = bounded_moc(self.writer.covered(), MAX_MOC_RUNS)
            fraction = float(segment.coverage.sky_fraction)
            write_hats_files(
                layout.folder,
                layout.name,
                layout.schema,
                self.partitions,
                layout.position,
                self.max_rows,
                fraction,
            )
        return segment

    def _write(self, con: duckdb.DuckDBPyConnection) -> list[FileEntry]:
        """Rows without any order stay as they come."""
        if not self.layout.order:
            return self._write_in_order(self.rows, lambda _: None)
        with self._ordered(con) as rows:
            if self.layout.position is None:
                return self._write_in_order(self._sorted(rows), self.meter.advance)
            parts = cut_by_sky(self._sorted(rows), self._cut, self.layout.folder, self.resources.max_rows)
            return self.writer.write_all(parts, self.meter.advance)

    def _write_in_order(self, rows: Iterable[pa.RecordBatch], written: Callable[[int], None]) -> list[FileEntry]:
        parts = cut_by_count(rows, self.resources.max_rows, MAX_BYTES, self.layout.folder)
        return self.writer.write_all(parts, written)

    @contextmanager
    def _ordered(self, con: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatchReader]:
        """All rows, sorted by the engine; what fails while they are read is told by its own name."""
        incoming = pa.RecordBatchReader.from_batches(self.layout.schema, iter(self.rows))
        con.register("incoming", incoming)
        order = ", ".join(f'"{name}" NULLS LAST' for name in self.layout.order)
        try:
            yield con.sql(f"SELECT * FROM incoming ORDER BY {order}").to_arrow_reader(131_072)
        except (duckdb.Error, pa.ArrowException):
            if self.rows.error is not None:
                raise self.rows.error from None
            raise
        finally:
            con.unregister("incoming")

    def _sorted(self, batches: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        for number, batch in enumerate(batches):
            if number == 0:
                self.meter.stage("write", self.statistics.seen)
            yield batch

    def _cut(self) -> list[Partition]:
        width = max(1, self.statistics.bytes // max(1, self.statistics.seen))
        self.max_rows = max(1000, min(self.resources.max_rows, MAX_BYTES // width))
        self.partitions = self.rows.sky.partitions(self.max_rows)
        return self.partitions

    def _ids(self, con: duckdb.DuckDBPyConnection, data: list[Path], segment: Segment) -> None:
        """Write the side tables; rows without positions have none, and their ids are only checked."""
        layout = self.layout
        if HEALPIX_COLUMN not in layout.schema.names:
            for column in layout.unique:
                if remark := check_unique(con, column, data):
                    segment.remarks.append(remark)
            return
        for column in layout.looked_up:
            target = layout.folder / "ids" / f"{column}.parquet"
            made = build_id_table(con, column, data, target, layout.root)
            made.nulls = self.statistics.nulls(column)
            segment.ids[column] = made
            segment.beside.append(made.entry)
            if column in layout.unique and (remark := made.remark()):
                segment.remarks.append(remark)

    def _margin(self, con: duckdb.DuckDBPyConnection, data: list[Path], segment: Segment) -> None:
        layout = self.layout
        if layout.position is None or layout.margin is None:
            segment.remarks.append("`margin:` is not written: the table has no positions")
            return
        partitions, position = self.partitions, layout.position
        segment.beside += write_margin(
            con, layout.folder, layout.name, data, partitions, position, layout.margin, layout.root
        )
