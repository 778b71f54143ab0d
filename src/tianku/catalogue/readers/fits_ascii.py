"""One column of a FITS ASCII table (FITS 4.0 §7.2)."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tianku.catalogue.readers.fits_columns import FitsColumn, FitsTable
from tianku.formats.layout import text_column
from tianku.formats.text_values import parse
from tianku.model.types import TYPES, DataType

#: digits that every integer of a type can have
_INT32_DIGITS = 9


class AsciiCells:
    """See `Cells`. A blank number is null, whatever TNULL is; an implied decimal point is not applied."""

    def __init__(self, column: FitsColumn, name: str) -> None:
        self.column, self.name, self.readable = column, name, True
        self._type = _data_type(column)
        self._scaled = self._type is not DataType.STRING and (column.scale != 1.0 or column.zero != 0.0)

    def note(self) -> str:
        """Everything is read."""
        return ""

    def field(self) -> pa.Field:
        """See `Cells`."""
        column = self.column
        said = {"unit": column.unit, "ucd": column.ucd, "description": column.description}
        kind = pa.float64() if self._scaled else TYPES[self._type].arrow
        return pa.field(self.name, kind, metadata={k: v for k, v in said.items() if v})

    def open(self, path: Path, table: FitsTable, stack: ExitStack) -> None:
        """There is nothing outside the rows."""

    def heap_bytes(self, rows: np.ndarray) -> npt.NDArray[np.int64]:
        """There is nothing outside the rows."""
        return np.zeros(len(rows), np.int64)

    def values(self, rows: np.ndarray) -> tuple[pa.Array, npt.NDArray[np.bool_] | None, str]:
        """See `Cells`."""
        text = text_column(rows)
        if (null := self.column.null) is not None:
            text = pc.if_else(pc.fill_null(pc.equal(text, str(null).strip()), False), None, text)
        values, bad = parse(text, self._type)
        if self._scaled:
            values = pc.add(pc.multiply(values.cast(pa.float64()), self.column.scale), self.column.zero)
        marks = None if bad is None else np.asarray(bad.fill_null(False).to_numpy(zero_copy_only=False), bool)
        return values, marks, f"is no {self._type}"

    def shown(self, rows: np.ndarray, index: int) -> object:
        """See `Cells`."""
        return repr(text_column(rows[index : index + 1])[0].as_py())


def _data_type(column: FitsColumn) -> DataType:
    if column.code == "A":
        return DataType.STRING
    if column.code == "I":
        return DataType.INT32 if column.repeat <= _INT32_DIGITS else DataType.INT64
    return DataType.FLOAT64
