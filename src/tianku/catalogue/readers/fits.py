"""FITS tables, binary and ASCII, plain or compressed, read in a stream (no memory map)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tianku.catalogue.names import unique_names
from tianku.catalogue.readers.base import Reject, SourceBatch, TableReader, TableSource, unreadable
from tianku.catalogue.readers.fits_ascii import AsciiCells
from tianku.catalogue.readers.fits_cells import BinaryCells, Cells
from tianku.catalogue.readers.fits_columns import FitsTable, tables
from tianku.formats.layout import read_exactly
from tianku.formats.opening import DAMAGED, open_bytes

_MAX_CHUNK = 64 << 20
#: bytes of the heap of one batch; gathering them takes many times as much
_MAX_HEAP = 8 << 20


def open_fits(source: TableSource) -> TableReader:
    """Open the table that `source.config.hdu` names (number or EXTNAME), else the first with rows."""
    found: list[FitsTable] = []
    try:
        with open_bytes(source.path) as file:
            for table in tables(file):
                if _is_wanted(table, source.config.hdu):
                    return FitsReader(source, table)
                found.append(table)
    except ValueError as error:
        raise unreadable(source.path, "FITS", str(error)) from error
    return FitsReader(source, _second_best(source, found))


def _is_wanted(table: FitsTable, hdu: int | str | None) -> bool:
    return not table.problem and (table.rows > 0 if hdu is None else hdu in (table.index, table.name))


def _second_best(source: TableSource, found: list[FitsTable]) -> FitsTable:
    """The first table although it is empty; else the error that says what there is."""
    hdu = source.config.hdu
    sound = [t for t in found if not t.problem]
    if hdu is None and sound:
        return sound[0]
    broken = [t for t in found if t.problem and (hdu is None or hdu in (t.index, t.name))]
    if broken:
        raise unreadable(source.path, "a FITS table", broken[0].problem)
    there = ", ".join(f"{t.index} {t.name}".strip() for t in found) or "none"
    problem = f"no table {'' if hdu is None else hdu} among its HDUs; tables: {there}"
    raise unreadable(source.path, "a FITS table", problem)


class FitsReader:
    """See `TableReader`. Blank strings, TNULL integers and undefined logicals become null.

    Bits are read as booleans, complex numbers as pairs (real, imaginary), further axes as one.
    """

    def __init__(self, source: TableSource, table: FitsTable) -> None:
        self._source, self._table = source, table
        names = unique_names(c.name for c in table.columns)
        self._cells: list[Cells] = []
        self.notes: list[str] = []
        self.total: int | None = table.rows
        for column, name in zip(table.columns, names, strict=True):
            cells = AsciiCells(column, name) if table.text else BinaryCells(column, name)
            if note := cells.note():
                self.notes.append(f"{name}: {note}")
            if column.dtype is not None and cells.readable:
                self._cells.append(cells)
        self.schema = pa.schema([c.field() for c in self._cells])
        self._dtype = np.dtype(
            {
                "names": [c.name for c in self._cells],
                "formats": [c.column.dtype for c in self._cells],
                "offsets": [c.column.offset for c in self._cells],
                "itemsize": table.row_bytes,
            }
        )

    def batches(self, reject: Reject) -> Iterator[SourceBatch]:
        """Stream the rows; rows that the header promises and the file lacks are refused, counted."""
        table, done = self._table, 0
        chunk = max(1, min(self._source.batch_rows, _MAX_CHUNK // max(1, table.row_bytes)))
        with ExitStack() as stack:
            file = stack.enter_context(open_bytes(self._source.path))
            for cells in self._cells:
                cells.open(self._source.path, table, stack)
            file.seek(table.offset)
            while done < table.rows:
                rows, reason = self._rows(file, min(chunk, table.rows - done))
                for part in self._parts(rows):
                    yield self._batch(part, done + 1, reject)
                    done += len(part)
                if reason:
                    missing = table.rows - done
                    detail = f"{missing} of {table.rows} rows are missing: {reason}"
                    reject(done + 1, "truncated file", detail, missing)
                    return

    def _rows(self, file: BinaryIO, count: int) -> tuple[np.ndarray, str]:
        size, reason = self._table.row_bytes, ""
        try:
            data = read_exactly(file, count * size)
        except DAMAGED as error:
            return np.empty(0, self._dtype), str(error) or "the file is damaged"
        whole = len(data) // size if size else 0
        if whole < count:
            reason = "the file ends early" if size else "they have no bytes"
        return np.frombuffer(data, dtype=self._dtype, count=whole), reason

    def _parts(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Cut rows so that the arrays they point to fit into memory together."""
        sizes = sum((c.heap_bytes(rows[c.name]) for c in self._cells), np.zeros(len(rows), np.int64))
        ends = np.cumsum(sizes)
        start = 0
        while start < len(rows):
            before = ends[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, before + _MAX_HEAP, side="right")))
            yield rows[start:stop]
            start = stop

    def _batch(self, rows: np.ndarray, first: int, reject: Reject) -> SourceBatch:
        good: npt.NDArray[np.bool_] = np.ones(len(rows), dtype=bool)
        columns = []
        for cells in self._cells:
            values, bad, why = cells.values(rows[cells.name])
            columns.append(values)
            if bad is not None:
                for index in np.flatnonzero(bad & good).tolist():
                    reject(first + index, f"{cells.name} {why}", str(cells.shown(rows[cells.name], index)), 1)
                good &= ~bad
        batch = pa.RecordBatch.from_arrays(columns, schema=self.schema)
        if good.all():
            return SourceBatch(batch, first)
        return SourceBatch(batch.filter(pa.array(good)), first, np.flatnonzero(good).astype(np.int64) + first)
