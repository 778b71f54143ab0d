"""Plain text in aligned columns, for reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tianku.formats.cells import conform, joined, payload, texts
from tianku.formats.chunks import chunked
from tianku.formats.table import TableInfo
from tianku.model.metadata import Column
from tianku.model.types import DataType

_LEFT = (DataType.STRING, DataType.TIMESTAMP, DataType.BOOLEAN)


def write_text(columns: Sequence[Column], batches: Iterable[pa.RecordBatch], info: TableInfo) -> Iterator[bytes]:
    """Write aligned columns; the first rows set the widths, longer values later push their line out."""
    return chunked(_text(columns, batches, info))


def _text(
    columns: Sequence[Column], batches: Iterable[pa.RecordBatch], info: TableInfo
) -> Iterator[bytes | memoryview]:
    widths: list[int] | None = None
    for arrays in conform(columns, batches):
        cells = [_cell(array) for array in arrays]
        if widths is None:
            widths = [_width(column, cell) for column, cell in zip(columns, cells, strict=True)]
            yield _head(columns, widths)
        padded = [_pad(cell, c, w) for cell, c, w in zip(cells, columns, widths, strict=True)]
        yield payload(joined([pc.utf8_rtrim_whitespace(joined(padded, "  ")), "\n"]))
    if widths is None:
        yield _head(columns, [_width(column, None) for column in columns])
    if info.overflow:
        yield f"# OVERFLOW: {info.overflow_text}\n".encode()


def _cell(array: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(pc.fill_null(texts(array), ""), "[\t\r\n]", " ")


def _width(column: Column, cell: pa.Array | None) -> int:
    longest = 0 if cell is None else pc.max(pc.utf8_length(cell)).as_py() or 0
    return max(longest, len(column.name), len(column.unit or ""), 1)


def _is_left(column: Column) -> bool:
    return column.type in _LEFT or column.arraysize is not None


def _pad(cell: pa.Array, column: Column, width: int) -> pa.Array:
    return pc.utf8_rpad(cell, width) if _is_left(column) else pc.utf8_lpad(cell, width)


def _head(columns: Sequence[Column], widths: Sequence[int]) -> bytes:
    lines = ([c.name for c in columns], [c.unit or "" for c in columns], ["-" * width for width in widths])
    shown = []
    for line in lines:
        cells = zip(line, columns, widths, strict=True)
        padded = (text.ljust(width) if _is_left(column) else text.rjust(width) for text, column, width in cells)
        shown.append("  ".join(padded).rstrip() + "\n")
    return "".join(shown).encode()
