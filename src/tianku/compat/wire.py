"""How these interfaces write rows: decimals as texts, days without a time, a list of objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from tianku.formats.cells import numbers, timestamps
from tianku.formats.csv import write_csv, write_tsv
from tianku.formats.json import write_json_rows
from tianku.formats.table import TableInfo
from tianku.formats.votable import write_tabledata
from tianku.formats.writers import Writer
from tianku.model.errors import LimitError, UsageError
from tianku.model.metadata import Column
from tianku.model.types import DataType
from tianku.usecases.query import Answer

_FLOATS = (DataType.FLOAT32, DataType.FLOAT64)
_BOM = b"\xef\xbb\xbf"
#: no decimal of 38 digits holds more
_LARGEST = 1e15


def _with_bom(columns: Sequence[Column], batches: Iterable[pa.RecordBatch], info: TableInfo) -> Iterator[bytes]:
    yield _BOM
    yield from write_csv(columns, batches, info)


@dataclass(frozen=True, slots=True)
class WireFormat:
    """One value of ``output.fmt``; `texts`: numbers are written as these interfaces write them."""

    media_type: str
    write: Writer
    texts: bool = True


FORMATS: Mapping[str, WireFormat] = {
    "json": WireFormat("application/json", write_json_rows),
    "csv": WireFormat("text/csv; charset=utf-8", _with_bom),
    "txt": WireFormat("text/plain; charset=utf-8", write_tsv),
    "votable": WireFormat("application/xml-votable", write_tabledata, texts=False),
}


def wire_format(name: str | None, default: str = "json") -> WireFormat:
    """Return the format that ``output.fmt`` asks for, or raise `UsageError` ``compat.format``."""
    asked = (name or default).strip().lower()
    found = FORMATS.get(asked)
    if found is None:
        raise UsageError(
            "compat.format",
            "output.fmt={format} is not one of {known}",
            format=asked[:40],
            known=", ".join(FORMATS),
        )
    return found


@dataclass(frozen=True, slots=True)
class Spelling:
    """How values are written.

    Attributes
    ----------
    decimals
        Digits after the point of a column's numbers, which then are texts.
    every
        Other numbers with a fraction are texts too, as short as they can be.
    nulls
        What stands for null, by column.
    """

    decimals: Mapping[str, int] = field(default_factory=dict)
    nulls: Mapping[str, float | int | str] = field(default_factory=dict)
    every: bool = True

    def columns(self, columns: Sequence[Column], *, texts: bool) -> tuple[Column, ...]:
        """Return what a writer is told of the columns."""
        return tuple(self._column(one) for one in columns) if texts else tuple(columns)

    def _column(self, column: Column) -> Column:
        spelt = column.arraysize is None and (self._is_text(column) or column.type is DataType.TIMESTAMP)
        return column.model_copy(update={"type": DataType.STRING}) if spelt else column

    def _is_text(self, column: Column) -> bool:
        return column.type in _FLOATS and (self.every or column.name in self.decimals)

    def batches(
        self, columns: Sequence[Column], batches: Iterable[pa.RecordBatch], *, texts: bool
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows as they are written."""
        names = [one.name for one in columns]
        for batch in batches:
            arrays = [self._filled(c, a) for c, a in zip(columns, batch.columns, strict=True)]
            if texts:
                arrays = [self._spelt(c, a) for c, a in zip(columns, arrays, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, names=names)

    def _filled(self, column: Column, array: pa.Array) -> pa.Array:
        value = self.nulls.get(column.name)
        if value is None or column.arraysize is not None or not array.null_count:
            return array
        return array.fill_null(pa.scalar(value).cast(array.type))

    def _spelt(self, column: Column, array: pa.Array) -> pa.Array:
        if column.arraysize is not None:
            return array
        if column.type is DataType.TIMESTAMP:
            return _days(array)
        return _fixed(array, self.decimals.get(column.name)) if self._is_text(column) else array


def _days(array: pa.Array) -> pa.Array:
    """Instants as texts; midnight is the day alone."""
    texts = timestamps(array)
    if array.null_count:
        texts = pc.if_else(array.is_null(), pa.scalar(None, pa.string()), texts)
    return pc.replace_substring_regex(texts, "T00:00:00$", "")


def _fixed(array: pa.Array, digits: int | None) -> pa.Array:
    """Numbers as texts; NaN and infinities, which no decimal is, are null."""
    array = pc.if_else(pc.is_finite(array), array, pa.scalar(None, array.type))
    if digits is None or not pc.all(pc.less(pc.abs(array), _LARGEST)).as_py():
        return numbers(array, "", "")
    return array.cast(pa.float64()).cast(pa.decimal128(38, digits), safe=False).cast(pa.string())


def whole(answer: Answer) -> Iterator[pa.RecordBatch]:
    """Yield the rows of an answer whose format cannot say that some are missing.

    Raises
    ------
    LimitError
        ``compat.too_many_rows``, after the last row allowed: the connection is cut if some are sent already.
    """
    yield from answer.batches()
    if answer.overflowed and answer.maxrec:
        raise LimitError(
            "compat.too_many_rows",
            "there are more than {most} rows, which is the limit: narrow it, or page it with LIMIT and OFFSET",
            most=answer.maxrec,
        )
