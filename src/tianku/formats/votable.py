"""VOTable, streamed: BINARY2 (default) and TABLEDATA."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tianku.formats.binary2 import base64_lines, encode
from tianku.formats.cells import conform, joined, null_element, payload, texts
from tianku.formats.chunks import chunked
from tianku.formats.markup import escaped
from tianku.formats.table import TableInfo
from tianku.formats.unicode import wide_columns
from tianku.formats.votable_document import error_document, head, tail
from tianku.model.metadata import Column


def write_binary2(
    columns: Sequence[Column], batches: Iterable[pa.RecordBatch], info: TableInfo
) -> Iterator[bytes]:
    """Write a VOTable whose rows are BINARY2 (VOTable 1.4 §5.4).

    Texts are ``char``, or ``unicodeChar`` where they may leave ASCII.
    """
    return chunked(_binary2(columns, batches, info))


def write_tabledata(
    columns: Sequence[Column], batches: Iterable[pa.RecordBatch], info: TableInfo
) -> Iterator[bytes]:
    """Write a VOTable whose rows are TABLEDATA; a null is an empty cell (VOTable 1.3 and later)."""
    return chunked(_tabledata(columns, batches, info))


def votable_error(message: str, version: str = "1.4") -> bytes:
    """Return the VOTable error document that DALI services answer with."""
    return error_document(message, version).encode()


def _binary2(
    columns: Sequence[Column], batches: Iterable[pa.RecordBatch], info: TableInfo
) -> Iterator[bytes | memoryview]:
    wide, slices = wide_columns(columns, conform(columns, batches))
    yield f'{head(columns, info, wide)}<DATA><BINARY2><STREAM encoding="base64">\n'.encode()
    yield from base64_lines(encode(arrays, wide) for arrays in slices)
    yield f"</STREAM></BINARY2></DATA>\n{tail(columns, info)}".encode()


def _tabledata(
    columns: Sequence[Column], batches: Iterable[pa.RecordBatch], info: TableInfo
) -> Iterator[bytes | memoryview]:
    wide, slices = wide_columns(columns, conform(columns, batches))
    yield f"{head(columns, info, wide)}<DATA><TABLEDATA>\n".encode()
    for arrays in slices:
        cells = [_cell(array) for array in arrays]
        rows = joined(["<TR><TD>", joined(cells, "</TD><TD>"), "</TD></TR>\n"])
        yield payload(rows)
    yield f"</TABLEDATA></DATA>\n{tail(columns, info)}".encode()


def _cell(array: pa.Array) -> pa.Array:
    cell = texts(_whole_arrays(array), infinity="+Inf")
    if pa.types.is_string(array.type) or pa.types.is_nested(array.type):
        cell = escaped(cell)
    return pc.fill_null(cell, "") if cell.null_count else cell


def _whole_arrays(array: pa.Array) -> pa.Array:
    """An array of fixed size has all its elements even where it is null: an empty cell would be too short."""
    if not pa.types.is_fixed_size_list(array.type) or not array.null_count:
        return array
    size = array.type.list_size
    nothing = pa.repeat(pa.scalar(null_element(array.type.value_type), array.type.value_type), size)
    return array.fill_null(pa.FixedSizeListArray.from_arrays(nothing, size)[0])
