"""JSON (RFC 8259), streamed from Arrow kernels.

``{"columns": [{name, datatype, …}], "data": [[…], …], "overflow": false}``, or with objects in
place of the inner arrays. Nulls, NaN and infinities are ``null``; integers are written in full.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tianku.formats.cells import as_lists, conform, join_lists, joined, numbers, payload, texts
from tianku.formats.chunks import chunked
from tianku.formats.table import TableInfo
from tianku.model.metadata import Column

_CONTROLS = "[\x00-\x1f]"


def write_json(columns: Sequence[Column], batches: Iterable[pa.RecordBatch], info: TableInfo) -> Iterator[bytes]:
    """Write column metadata and rows as arrays."""
    prefixes = [""] * len(columns)
    return chunked(_document(columns, batches, info, prefixes, "[]"))


def write_json_objects(
    columns: Sequence[Column], batches: Iterable[pa.RecordBatch], info: TableInfo
) -> Iterator[bytes]:
    """Write column metadata and rows as objects."""
    prefixes = [json.dumps(column.name, ensure_ascii=False) + ":" for column in columns]
    return chunked(_document(columns, batches, info, prefixes, "{}"))


def write_json_rows(
    columns: Sequence[Column], batches: Iterable[pa.RecordBatch], info: TableInfo
) -> Iterator[bytes]:
    """Write nothing but an array of one object per row, as older interfaces do."""
    prefixes = [json.dumps(column.name, ensure_ascii=False) + ":" for column in columns]
    return chunked(_rows_alone(columns, batches, prefixes))


def _rows_alone(
    columns: Sequence[Column], batches: Iterable[pa.RecordBatch], prefixes: Sequence[str]
) -> Iterator[bytes | memoryview]:
    yield b"["
    first = True
    for arrays in conform(columns, batches):
        cells = [_cell(array, prefix) for array, prefix in zip(arrays, prefixes, strict=True)]
        yield payload(joined([",\n{", joined(cells, ","), "}"]))[2 if first else 0 :]
        first = False
    yield b"]\n"


def _document(
    columns: Sequence[Column],
    batches: Iterable[pa.RecordBatch],
    info: TableInfo,
    prefixes: Sequence[str],
    brackets: str,
) -> Iterator[bytes | memoryview]:
    described = json.dumps([_column(column) for column in columns], ensure_ascii=False)
    yield f'{{"columns":{described},"data":['.encode()
    rows = 0
    for arrays in conform(columns, batches):
        cells = [_cell(array, prefix) for array, prefix in zip(arrays, prefixes, strict=True)]
        lines = joined([f",\n{brackets[0]}", joined(cells, ","), brackets[1]])
        # every row begins with a comma; the very first one must not
        yield payload(lines)[0 if rows else 1 :]
        rows += len(lines)
    yield f'\n],"rows":{rows},"overflow":{json.dumps(bool(info.overflow))}}}\n'.encode()


def _column(column: Column) -> dict[str, str]:
    described = {
        "name": column.name,
        "datatype": column.type.value,
        "arraysize": column.arraysize,
        "unit": column.unit,
        "ucd": column.ucd,
        "utype": column.utype,
        "xtype": column.xtype,
        "description": column.description.en,
        "description_zh": column.description.zh,
    }
    return {key: value for key, value in described.items() if value}


def _cell(array: pa.Array, prefix: str) -> pa.Array:
    cell = pc.fill_null(_value(array), "null")
    return joined([prefix, cell]) if prefix else cell


def _value(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_nested(kind):
        lists = as_lists(array)
        inner = join_lists(lists, pc.fill_null(_value(lists.flatten()), "null"), ",")
        return pc.binary_join_element_wise("[", inner, "]", "")
    if pa.types.is_string(kind) or pa.types.is_timestamp(kind):
        return pc.binary_join_element_wise('"', _escaped(texts(array)), '"', "")
    return numbers(array, "null", "null") if pa.types.is_floating(kind) else texts(array)


def _escaped(array: pa.Array) -> pa.Array:
    if not pc.any(pc.match_substring_regex(array, rf'["\\]|{_CONTROLS}')).as_py():
        return array
    array = pc.replace_substring(pc.replace_substring(array, "\\", "\\\\"), '"', '\\"')
    if not pc.any(pc.match_substring_regex(array, _CONTROLS)).as_py():
        return array
    for code in range(0x20):
        array = pc.replace_substring(array, chr(code), json.dumps(chr(code))[1:-1])
    return array
