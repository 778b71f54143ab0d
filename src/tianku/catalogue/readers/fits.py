"""FITS binary tables, plain or compressed, read in a stream (no memory map, no random access)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tianku.catalogue.names import unique_names
from tianku.catalogue.readers.base import Reject, SourceBatch, TableSource, unreadable
from tianku.catalogue.readers.fits_header import FitsColumn, FitsTable, tables
from tianku.formats.layout import read_exactly, text_column
from tianku.formats.opening import open_bytes

_INTEGERS = {"B": pa.uint8(), "I": pa.int16(), "J": pa.int32(), "K": pa.int64()}
_FLOATS = {"E": pa.float32(), "D": pa.float64()}
#: TZERO of the unsigned (and of signed byte) integers, §5.2.5: the type that holds them
_UNSIGNED = {
    ("B", -128.0): (pa.int16(), "i2"),
    ("I", 2.0**15): (pa.int32(), "i4"),
    ("J", 2.0**31): (pa.int64(), "i8"),
}
_MAX_CHUNK = 64 << 20


def open_fits(source: TableSource) -> FitsReader:
    """Open the binary table that `source.config.hdu` names (number or EXTNAME), else the first with rows."""
    wanted = source.config.hdu
    found: list[FitsTable] = []
    try:
        with open_bytes(source.path) as file:
            for table in tables(file):
                if (wanted is None and table.rows) or wanted in (table.index, table.name):
                    return FitsReader(source, table)
                found.append(table)
    except ValueError as error:
        raise unreadable(source.path, "FITS", str(error)) from error
    if wanted is None and found:
        return FitsReader(source, found[0])
    there = ", ".join(f"{t.index} {t.name}".strip() for t in found) or "none"
    raise unreadable(
        source.path, "a FITS table", f"no binary table {wanted or ''} among its HDUs; tables: {there}"
    )


class FitsReader:
    """See `TableReader`. Blank strings, TNULL integers and undefined logicals become null."""

    def __init__(self, source: TableSource, table: FitsTable) -> None:
        self._source, self._table = source, table
        self.total: int | None = table.rows
        self.notes = [
            f"{c.name}: FITS columns of format {c.repeat}{c.code} are not read"
            for c in table.columns
            if c.dtype is None
        ]
        self._columns = [c for c in table.columns if c.dtype is not None]
        names = unique_names(c.name for c in self._columns)
        self.schema = pa.schema([_field(c, n) for c, n in zip(self._columns, names, strict=True)])
        self._dtype = np.dtype(
            {
                "names": list(names),
                "formats": [c.dtype for c in self._columns],
                "offsets": [c.offset for c in self._columns],
                "itemsize": table.row_bytes,
            }
        )

    def batches(self, reject: Reject) -> Iterator[SourceBatch]:
        """Stream the rows; rows that the header promises and the file lacks are refused, counted."""
        table = self._table
        chunk = max(1, min(self._source.batch_rows, _MAX_CHUNK // max(1, table.row_bytes)))
        done = 0
        with open_bytes(self._source.path) as file:
            file.seek(table.offset)
            while done < table.rows:
                rows, reason = self._rows(file, min(chunk, table.rows - done))
                if len(rows):
                    yield SourceBatch(self._batch(rows), done + 1)
                    done += len(rows)
                if reason:
                    missing = table.rows - done
                    detail = f"{missing} of {table.rows} rows are missing: {reason}"
                    reject(done + 1, "truncated file", detail, missing)
                    return

    def _rows(self, file: object, count: int) -> tuple[np.ndarray, str]:
        size, reason = self._table.row_bytes, ""
        try:
            data = read_exactly(file, count * size)  # type: ignore[arg-type]
        except (EOFError, OSError) as error:
            return np.empty(0, self._dtype), str(error)
        whole = len(data) // size if size else 0
        if whole < count:
            reason = "the file ends early"
        return np.frombuffer(data, dtype=self._dtype, count=whole), reason

    def _batch(self, rows: np.ndarray) -> pa.RecordBatch:
        columns = [
            _values(rows[field.name], column, field.type)
            for column, field in zip(self._columns, self.schema, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


def _field(column: FitsColumn, name: str) -> pa.Field:
    said = {"unit": column.unit, "ucd": column.ucd, "description": column.description}
    kind = _scalar_type(column)
    if column.repeat > 1 and column.code != "A":
        kind = pa.list_(kind, column.repeat)
    return pa.field(name, kind, metadata={k: v for k, v in said.items() if v})


def _scalar_type(column: FitsColumn) -> pa.DataType:
    if column.code == "A":
        return pa.string()
    if column.code == "L":
        return pa.bool_()
    if (column.code, column.zero) in _UNSIGNED and column.scale == 1.0:
        return _UNSIGNED[column.code, column.zero][0]
    if column.scale != 1.0 or column.zero != 0.0:
        return pa.float32() if column.code == "E" else pa.float64()
    return _INTEGERS.get(column.code) or _FLOATS[column.code]


def _values(values: np.ndarray, column: FitsColumn, kind: pa.DataType) -> pa.Array:
    if column.code == "A":
        return text_column(values)
    flat = np.ascontiguousarray(values).reshape(-1)
    scalar = kind.value_type if pa.types.is_fixed_size_list(kind) else kind
    array = _logical(flat) if column.code == "L" else _numbers(flat, column, scalar)
    return pa.FixedSizeListArray.from_arrays(array, type=kind) if scalar is not kind else array


def _logical(flat: np.ndarray) -> pa.Array:
    return pa.array(flat == b"T", mask=(flat != b"T") & (flat != b"F"))


def _numbers(flat: np.ndarray, column: FitsColumn, kind: pa.DataType) -> pa.Array:
    mask = flat == column.null if column.null is not None else None
    native = flat.astype(flat.dtype.newbyteorder("="))
    if (column.code, column.zero) in _UNSIGNED and column.scale == 1.0:
        wide = native.astype(_UNSIGNED[column.code, column.zero][1])
        native = wide + wide.dtype.type(column.zero)
    elif column.scale != 1.0 or column.zero != 0.0:
        native = native * column.scale + column.zero
    return pc.cast(pa.array(native, mask=mask), kind)
