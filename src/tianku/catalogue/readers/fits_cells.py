"""One column of a FITS binary table: from the bytes of rows, and from the heap, to Arrow arrays."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tianku.catalogue.readers.fits_columns import ELEMENTS, FitsColumn, FitsTable
from tianku.catalogue.readers.fits_heap import Heap
from tianku.formats.layout import decode, text_column
from tianku.formats.text_values import blank_to_null

_TYPES = {
    **{"B": pa.uint8(), "I": pa.int16(), "J": pa.int32(), "K": pa.int64()},
    **{"E": pa.float32(), "D": pa.float64(), "C": pa.float32(), "M": pa.float64()},
    **{"A": pa.string(), "L": pa.bool_(), "X": pa.bool_()},
}
#: TZERO of the unsigned (and of signed byte) integers, §5.2.5: the type that holds them
_UNSIGNED = {
    ("B", -128.0): (pa.int16(), "i2"),
    ("I", 2.0**15): (pa.int32(), "i4"),
    ("J", 2.0**31): (pa.int64(), "i8"),
    ("K", 2.0**63): (pa.uint64(), "u8"),
}
Marks = npt.NDArray[np.bool_]


class Cells(Protocol):
    """A column as the reader uses it."""

    column: FitsColumn
    name: str
    readable: bool

    def note(self) -> str:
        """What of the column is not read, or read otherwise than it stands."""
        ...

    def field(self) -> pa.Field:
        """Name, Arrow type, and what the header says of it."""
        ...

    def open(self, path: Path, table: FitsTable, stack: ExitStack) -> None:
        """Prepare to read rows of one file."""
        ...

    def heap_bytes(self, rows: np.ndarray) -> npt.NDArray[np.int64]:
        """Bytes outside the rows that each of them needs."""
        ...

    def values(self, rows: np.ndarray) -> tuple[pa.Array, Marks | None, str]:
        """The values, which rows are unreadable (their values are arbitrary), and why."""
        ...

    def shown(self, rows: np.ndarray, index: int) -> object:
        """The unreadable value of a row as a report shows it."""
        ...


class BinaryCells:
    """See `Cells`."""

    def __init__(self, column: FitsColumn, name: str) -> None:
        self.column, self.name = column, name
        self.readable = not (column.heap and column.code == "X")
        self._unsigned = _UNSIGNED.get((column.code, column.zero)) if column.scale == 1.0 else None
        self._scaled = not self._unsigned and (column.scale != 1.0 or column.zero != 0.0)
        self._scalar = self._scalar_type()
        self._heap: Heap | None = None

    def _scalar_type(self) -> pa.DataType:
        if self._unsigned:
            return self._unsigned[0]
        plain = _TYPES[self.column.code]
        number = pa.types.is_integer(plain) or pa.types.is_floating(plain)
        return pa.float64() if self._scaled and number and plain != pa.float32() else plain

    def note(self) -> str:
        """See `Cells`."""
        if self.column.dtype is None or not self.readable:
            return f"FITS columns of format {self.column.repeat}{self.column.code} are not read"
        if self.column.code in "CM":
            return "complex numbers are read as pairs (real, imaginary)"
        return ""

    def field(self) -> pa.Field:
        """See `Cells`."""
        column, kind = self.column, self._scalar
        said = {"unit": column.unit, "ucd": column.ucd, "description": column.description}
        count = column.repeat * (ELEMENTS[column.code][1] if column.code in ELEMENTS else 1)
        if (column.heap and column.code != "A") or column.substring:
            kind = pa.list_(kind)
        elif count > 1 and column.code != "A":
            kind = pa.list_(kind, count)
        return pa.field(self.name, kind, metadata={k: v for k, v in said.items() if v})

    def open(self, path: Path, table: FitsTable, stack: ExitStack) -> None:
        """See `Cells`."""
        if self.column.heap:
            self._heap = stack.enter_context(Heap(path, table))

    def heap_bytes(self, rows: np.ndarray) -> npt.NDArray[np.int64]:
        """See `Cells`."""
        if self._heap is None:
            return np.zeros(len(rows), np.int64)
        return self._heap.sizes(rows, self._element())

    def _element(self) -> np.dtype:
        """What stands in the heap per counted value; a complex number is two floats."""
        if self.column.code == "A":
            return np.dtype("u1")
        scalar, parts = ELEMENTS[self.column.code]
        return np.dtype(scalar) if parts == 1 else np.dtype((scalar, (parts,)))

    def values(self, rows: np.ndarray) -> tuple[pa.Array, Marks | None, str]:
        """See `Cells`."""
        if self._heap is not None:
            return self._from_heap(rows, self._heap)
        code = self.column.code
        if code == "A":
            return (self._substrings(rows) if self.column.substring else text_column(rows)), None, ""
        if code == "X":
            bits = np.unpackbits(np.ascontiguousarray(rows), axis=1, count=self.column.repeat)
            return self._shaped(pa.array(bits.reshape(-1).astype(bool))), None, ""
        return self._shaped(self._elements(np.ascontiguousarray(rows).reshape(-1))), None, ""

    def shown(self, rows: np.ndarray, index: int) -> object:
        """See `Cells`."""
        return tuple(rows[index].tolist())

    def _shaped(self, flat: pa.Array) -> pa.Array:
        kind = self.field().type
        return pa.FixedSizeListArray.from_arrays(flat, type=kind) if pa.types.is_fixed_size_list(kind) else flat

    def _substrings(self, rows: np.ndarray) -> pa.Array:
        per_row = self.column.repeat // self.column.substring
        texts = text_column(np.ascontiguousarray(rows).view(f"S{self.column.substring}"))
        return pa.ListArray.from_arrays(np.arange(len(rows) + 1, dtype=np.int32) * per_row, texts)

    def _elements(self, flat: np.ndarray) -> pa.Array:
        if self.column.code == "L":
            return pa.array(flat == b"T", mask=(flat != b"T") & (flat != b"F"))
        integer = self.column.code in "BIJK"
        mask = flat == self.column.null if integer and isinstance(self.column.null, int) else None
        native = flat.astype(flat.dtype.newbyteorder("="))
        if self._unsigned and self._unsigned[1] == "u8":
            native = native.view(np.uint64) ^ np.uint64(1 << 63)
        elif self._unsigned:
            wide = native.astype(self._unsigned[1])
            native = wide + wide.dtype.type(self.column.zero)
        elif self._scaled:
            with np.errstate(all="ignore"):  # NaN and infinity are values like others
                native = native * self.column.scale + self.column.zero
        return pc.cast(pa.array(native, mask=mask), self._scalar)

    def _from_heap(self, rows: np.ndarray, heap: Heap) -> tuple[pa.Array, Marks | None, str]:
        element = self._element()
        items, offsets, bad = heap.gather(rows, element)
        why = "points outside the heap"
        if self.column.code == "A":
            buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(items))]
            raw = pa.Array.from_buffers(pa.binary(), len(rows), buffers)
            return blank_to_null(pc.utf8_rtrim(decode(raw), "\0")), bad, why
        flat = self._elements(items.reshape(-1))
        parts = element.shape[0] if element.shape else 1
        return pa.ListArray.from_arrays(offsets * np.int32(parts), flat), bad, why
