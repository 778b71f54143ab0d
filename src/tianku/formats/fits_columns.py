"""One class per way a column is stored in a FITS binary table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tianku.formats.cells import as_lists, text_of_lists, timestamps
from tianku.formats.fits_header import ascii_text, card
from tianku.model.errors import UsageError
from tianku.model.metadata import Column
from tianku.model.types import TYPES, DataType

_TEXTUAL = (DataType.STRING, DataType.TIMESTAMP)
_WIDER = {"u1": ("i2", "I"), "i2": ("i4", "J"), "i4": ("i8", "K")}


def measure(column: Column) -> FitsColumn:
    """Return the storage of `column`, which learns what it needs while rows pass `take`."""
    if column.arraysize is None:
        if column.type is DataType.TIMESTAMP:
            return _Times(column)
        return _Texts(column) if column.type is DataType.STRING else _Numbers(column)
    if column.type in _TEXTUAL:
        return _Texts(column)
    return _Arrays(column) if column.arraysize.isdigit() else _HeapArrays(column)


class FitsColumn(ABC):
    """A column: first every slice goes through `take`, then `settle`, then `cells` of every slice."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self.null: int | None = None
        self.heap_bytes = 0

    @property
    def spooled(self) -> pa.DataType:
        """Arrow type of what `take` returns."""
        return self.column.arrow

    def take(self, array: pa.Array) -> pa.Array:
        """Look at a slice, and return what to spool of it."""
        return array

    def settle(self) -> None:  # noqa: B027 - texts have nothing to decide
        """Decide on widths and null values: all slices were seen."""

    @abstractmethod
    def cell(self) -> tuple[Any, ...]:
        """The numpy type (and shape) of a cell."""

    @abstractmethod
    def form(self) -> str:
        """TFORM."""

    @abstractmethod
    def cells(self, array: pa.Array, heap_start: int) -> tuple[np.ndarray, int]:
        """The cells of a slice, and how many bytes of heap they use from `heap_start` on."""

    def heap(self, array: pa.Array) -> bytes | memoryview:
        """The heap bytes of a slice."""
        return b""

    def cards(self, number: int) -> bytes:
        """The header cards of this column as field `number`."""
        column = self.column
        texts = {
            "TTYPE": column.name,
            "TFORM": self.form(),
            "TUNIT": column.unit,
            "TUCD": column.ucd,
            "TUTYP": column.utype,
            "TCOMM": str(column.description),
        }
        cards = b"".join(card(f"{key}{number}", value) for key, value in texts.items() if value)
        return cards + (card(f"TNULL{number}", self.null) if self.null is not None else b"")


class _Texts(FitsColumn):
    width = 1

    @property
    def spooled(self) -> pa.DataType:
        return pa.string()

    def take(self, array: pa.Array) -> pa.Array:
        if pa.types.is_nested(array.type):
            array = text_of_lists(array)
        if pc.any(pc.match_substring_regex(array, "[^ -~]")).as_py():
            codes = array.dictionary_encode()
            plain = pa.array([ascii_text(text) for text in codes.dictionary.to_pylist()], pa.string())
            array = plain.take(codes.indices)
        self.width = max(self.width, pc.max(pc.binary_length(array)).as_py() or 0)
        return array

    def cell(self) -> tuple[Any, ...]:
        return (f"S{self.width}",)

    def form(self) -> str:
        return f"{self.width}A"

    def cells(self, array: pa.Array, heap_start: int) -> tuple[np.ndarray, int]:
        padded = pc.ascii_rpad(pc.fill_null(array, ""), self.width)
        data = np.frombuffer(padded.buffers()[2], np.uint8, count=len(array) * self.width)
        return data.view(f"S{self.width}"), 0


class _Times(_Texts):
    width = 19

    @property
    def spooled(self) -> pa.DataType:
        return self.column.arrow

    def take(self, array: pa.Array) -> pa.Array:
        ticks = pc.fill_null(array, pa.scalar(0, array.type)).cast(pa.int64()).to_numpy()
        if np.any(ticks % 1_000_000):
            self.width = 26
        return array

    def cells(self, array: pa.Array, heap_start: int) -> tuple[np.ndarray, int]:
        return super().cells(timestamps(array), heap_start)


class _Numbers(FitsColumn):
    """Numbers and logicals, one per row."""

    def __init__(self, column: Column) -> None:
        super().__init__(column)
        names = TYPES[column.type]
        self.letter = names.fits
        self.kind = "u1" if column.type is DataType.BOOLEAN else np.dtype(names.arrow.to_pandas_dtype()).str[1:]
        self._nulls = False
        self._low: int | None = None
        self._high: int | None = None

    def take(self, array: pa.Array) -> pa.Array:
        self._look(array)
        return array

    def settle(self) -> None:
        if not self._nulls or not pa.types.is_integer(TYPES[self.column.type].arrow):
            return
        limits = np.iinfo(self.kind)
        if self.kind != "u1" and self._low != limits.min:
            self.null = int(limits.min)
        elif self.kind in _WIDER:
            self.kind, self.letter = _WIDER[self.kind]
            self.null = int(np.iinfo(self.kind).min)
        elif self._high != limits.max:
            self.null = int(limits.max)
        else:
            raise UsageError(
                "format.fits_null",
                "Column {column} uses every integer that FITS could take for null; ask for another format.",
                column=self.column.name,
            )

    def cell(self) -> tuple[Any, ...]:
        return (f">{self.kind}",)

    def form(self) -> str:
        return self.letter

    def cells(self, array: pa.Array, heap_start: int) -> tuple[np.ndarray, int]:
        return self._values(array), 0

    def _look(self, array: pa.Array) -> None:
        self._nulls = self._nulls or array.null_count > 0
        if pa.types.is_integer(array.type):
            ends = pc.min_max(array)
            low, high = ends["min"].as_py(), ends["max"].as_py()
            if low is not None:
                self._low = low if self._low is None else min(low, self._low)
                self._high = high if self._high is None else max(high, self._high)

    def _values(self, array: pa.Array) -> np.ndarray:
        if pa.types.is_boolean(array.type):
            letters = pc.if_else(array, ord("T"), ord("F")).fill_null(0)
            return letters.cast(pa.uint8()).to_numpy()
        if not array.null_count:
            return array.to_numpy()
        if pa.types.is_floating(array.type):
            return array.fill_null(float("nan")).to_numpy()
        wide = array.cast(pa.from_numpy_dtype(np.dtype(self.kind)))
        return wide.fill_null(self.null).to_numpy()


class _Arrays(_Numbers):
    """Arrays of one size; a null row has only null elements."""

    @property
    def size(self) -> int:
        return int(self.column.arraysize or 1)

    def take(self, array: pa.Array) -> pa.Array:
        self._look(array.flatten())
        self._nulls = self._nulls or array.null_count > 0
        return array

    def cell(self) -> tuple[Any, ...]:
        return (f">{self.kind}", (self.size,))

    def form(self) -> str:
        return f"{self.size}{self.letter}"

    def cells(self, array: pa.Array, heap_start: int) -> tuple[np.ndarray, int]:
        items = array.values.slice(array.offset * self.size, len(array) * self.size)
        if array.null_count:
            present = pa.array(np.repeat(array.is_valid().to_numpy(zero_copy_only=False), self.size))
            items = pc.if_else(present, items, pa.scalar(None, items.type))
        return self._values(items).reshape(len(array), self.size), 0


class _HeapArrays(_Numbers):
    """Arrays of any size: a descriptor in the row, the elements in the heap; a null row is an empty array."""

    longest = 0

    def take(self, array: pa.Array) -> pa.Array:
        items = as_lists(array).flatten()
        self._look(items)
        self.longest = max(self.longest, pc.max(pc.list_value_length(array)).as_py() or 0)
        self.heap_bytes += len(items)
        return array

    def settle(self) -> None:
        super().settle()
        self.heap_bytes *= np.dtype(self.kind).itemsize

    def cell(self) -> tuple[Any, ...]:
        return (">i8", (2,))

    def form(self) -> str:
        return f"1Q{self.letter}({self.longest})"

    def cells(self, array: pa.Array, heap_start: int) -> tuple[np.ndarray, int]:
        counts = pc.fill_null(pc.list_value_length(array), 0).to_numpy().astype(np.int64)
        ends = np.cumsum(counts) * np.dtype(self.kind).itemsize
        starts = heap_start + np.concatenate(([0], ends[:-1])) if len(ends) else ends
        return np.stack([counts, starts], axis=1), int(ends[-1]) if len(ends) else 0

    def heap(self, array: pa.Array) -> bytes | memoryview:
        return self._values(as_lists(array).flatten()).astype(f">{self.kind}").tobytes()
