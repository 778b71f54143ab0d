"""CSV (RFC 4180) and tab-separated values, streamed from Arrow kernels.

A null is an empty field, an empty text ``""``; NaN and infinities are ``NaN``, ``Inf``, ``-Inf``.
Texts are written as they are, also those that begin with ``=``, ``+``, ``-`` or ``@``: a
spreadsheet that takes them for formulas must import such columns as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tianku.formats.cells import conform, joined, payload, texts
from tianku.formats.chunks import chunked
from tianku.formats.table import TableInfo
from tianku.model.metadata import Column

_Quote = Callable[[pa.Array], pa.Array]


def write_csv(columns: Sequence[Column], batches: Iterable[pa.RecordBatch], info: TableInfo) -> Iterator[bytes]:
    """Write CSV with a header line and CRLF line ends."""
    return chunked(_lines(columns, batches, _quoted, ",", "\r\n"))


def write_tsv(columns: Sequence[Column], batches: Iterable[pa.RecordBatch], info: TableInfo) -> Iterator[bytes]:
    """Write tab-separated values; tabs and line ends within texts become blanks."""
    return chunked(_lines(columns, batches, _blanked, "\t", "\n"))


def _lines(
    columns: Sequence[Column], batches: Iterable[pa.RecordBatch], quote: _Quote, separator: str, end: str
) -> Iterator[bytes | memoryview]:
    names = quote(pa.array([column.name for column in columns], pa.string()))
    yield (separator.join(names.to_pylist()) + end).encode()
    for arrays in conform(columns, batches):
        cells = [_cell(array, quote) for array in arrays]
        yield payload(joined([joined(cells, separator), end]))


def _cell(array: pa.Array, quote: _Quote) -> pa.Array:
    cell = texts(array)
    if pa.types.is_string(array.type) or pa.types.is_nested(array.type):
        cell = quote(cell)
    return pc.fill_null(cell, "") if cell.null_count else cell


def _quoted(array: pa.Array) -> pa.Array:
    special = pc.match_substring_regex(array, '[",\r\n]|^ | $|^$')
    if not pc.any(special).as_py():
        return array
    marked = joined(['"', pc.replace_substring(array, '"', '""').fill_null(""), '"'])
    return pc.if_else(special, marked, array)


def _blanked(array: pa.Array) -> pa.Array:
    if not pc.any(pc.match_substring_regex(array, "[\t\r\n]")).as_py():
        return array
    return pc.replace_substring_regex(array, "[\t\r\n]", " ")
