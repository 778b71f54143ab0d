"""Files of equal records, binary or fixed-width text, read by a declared layout into Arrow batches.

One declaration (`tianku.model.config.formats.RecordFormat`) serves catalogues and instrument
records; memory stays at one batch however large the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tianku.formats.opening import open_bytes
from tianku.formats.text_values import blank_to_null, parse
from tianku.model.config.formats import FieldLayout, RecordFormat
from tianku.model.errors import UsageError
from tianku.model.types import TYPES, DataType, arrow_to_datatype

#: bytes asked for at a time: a size that a header claims is not a size to allocate
_READ = 64 << 20
_MAX_LINE = 16 << 20

#: called with (record number from 1, reason) for each record that is refused
RecordReject = Callable[[int, str], None]

_TEXT_TYPES = {
    "f4": DataType.FLOAT32,
    "f8": DataType.FLOAT64,
    "float": DataType.FLOAT64,
    "i1": DataType.INT16,
    "i2": DataType.INT16,
    "i4": DataType.INT32,
    "i8": DataType.INT64,
    "int": DataType.INT64,
    "u1": DataType.UINT8,
    "u2": DataType.INT32,
    "u4": DataType.INT64,
    "u8": DataType.INT64,
    "bool": DataType.BOOLEAN,
    "string": DataType.STRING,
}


def record_dtype(layout: RecordFormat) -> np.dtype:
    """Return the numpy structured dtype of one binary record, trailing bytes included.

    Raises
    ------
    UsageError
        ``layout.not_a_table`` for fields that need an instrument reader (BCD, packed bits, sync words).
    """
    order: Literal["<", ">"] = "<" if layout.byte_order == "little" else ">"
    names, formats, offsets, place = [], [], [], 0
    if layout.repeat.sync is not None:
        raise _not_a_table("a sync word before each record")
    for field in layout.repeat.fields:
        kind = _binary_type(field, order)
        place = field.start - 1 if field.start is not None else place
        names.append(field.name)
        formats.append(kind)
        offsets.append(place)
        place += kind.itemsize
    end = max(offset + kind.itemsize for offset, kind in zip(offsets, formats, strict=True))
    trailer = layout.repeat.trailer.skip if layout.repeat.trailer else 0
    size = max(layout.repeat.size or 0, end) + trailer
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size})


def layout_schema(layout: RecordFormat) -> pa.Schema:
    """Return the Arrow schema of the batches; field metadata carries ``unit`` and ``description``."""
    if layout.text:
        return pa.schema([_described(f, TYPES[_text_type(f)].arrow) for f in layout.repeat.fields])
    dtype = record_dtype(layout)
    return pa.schema([_described(f, _arrow_type(dtype[f.name], f)) for f in layout.repeat.fields])


def read_records(
    path: Path, layout: RecordFormat, *, rows: int = 262_144, reject: RecordReject
) -> Iterator[pa.RecordBatch]:
    """Stream a file (plain or .gz) as record batches of at most `rows` rows.

    Incomplete or unreadable records go to `reject`; blank text and declared nulls become null.
    """
    with open_bytes(path) as file:
        yield from (_read_text if layout.text else _read_binary)(file, layout, rows, reject)


def _read_binary(
    file: BinaryIO, layout: RecordFormat, rows: int, reject: RecordReject
) -> Iterator[pa.RecordBatch]:
    dtype, schema, done = record_dtype(layout), layout_schema(layout), 0
    header = file.read(layout.file_header.size)
    if len(header) < layout.file_header.size:
        reject(1, f"the file ends inside its header of {layout.file_header.size} bytes")
        return
    rows = max(1, min(rows, (64 << 20) // dtype.itemsize))
    while data := read_exactly(file, rows * dtype.itemsize):
        whole = len(data) // dtype.itemsize
        records = np.frombuffer(data, dtype=dtype, count=whole)
        if whole:
            columns = [_binary_column(records[f.name], f) for f in layout.repeat.fields]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)
        done += whole
        if left := len(data) - whole * dtype.itemsize:
            reject(done + 1, f"the file ends inside a record: {left} of {dtype.itemsize} bytes")


def read_exactly(file: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, fewer only at the end of the file (compressed streams return short reads)."""
    parts, missing = [], size
    while missing and (block := file.read(min(missing, _READ))):
        parts.append(block)
        missing -= len(block)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _binary_type(field: FieldLayout, order: Literal["<", ">"]) -> np.dtype:
    kind = field.type
    if kind in ("bcd",) or kind.endswith("-packed") or field.shape:
        raise _not_a_table(f"field {field.name!r} of type {kind}")
    if kind.startswith("s"):
        if kind == "string":
            kind = f"s{field.width or field.bytes or 1}"
        return np.dtype(("S", int(kind[1:]) * field.count))
    kind = {"bool": "?", "int": "i8", "float": "f8"}.get(kind, kind)
    scalar = np.dtype(kind).newbyteorder(order)
    return scalar if field.count == 1 else np.dtype((scalar, (field.count,)))


def _not_a_table(what: str) -> UsageError:
    return UsageError(
        "layout.not_a_table",
        "the layout has {what}, which a table reader cannot turn into columns; "
        "use it for a product set with `reader: binary`, or give plain numeric and text fields",
        what=what,
    )


def _arrow_type(dtype: np.dtype, field: FieldLayout) -> pa.DataType:
    if dtype.kind == "S":
        return pa.string()
    if field.scale is not None or field.offset is not None:
        return pa.float64()
    scalar = pa.from_numpy_dtype(dtype.base.newbyteorder("="))
    scalar = TYPES[arrow_to_datatype(scalar)[0]].arrow
    return pa.list_(scalar, field.count) if dtype.shape else scalar


def _binary_column(values: np.ndarray, field: FieldLayout) -> pa.Array:
    kind = _arrow_type(values.dtype if values.ndim == 1 else np.dtype((values.dtype, values.shape[1:])), field)
    if values.dtype.kind == "S":
        return text_column(values)
    native = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    mask = native == field.null if field.null is not None and native.ndim == 1 else None
    if field.scale is not None or field.offset is not None:
        native = native * float(field.scale or 1.0) + float(field.offset or 0.0)
    if native.ndim == 2:
        return pa.FixedSizeListArray.from_arrays(
            pc.cast(pa.array(native.ravel()), kind.value_type), native.shape[1]
        )
    return pc.cast(pa.array(native, mask=mask), kind)


def text_column(values: np.ndarray, encoding: str = "utf-8") -> pa.StringArray:
    """Turn fixed-width bytes (numpy S) into strings without padding; blank becomes null."""
    raw = pa.array(np.ascontiguousarray(values)).cast(pa.binary())
    return blank_to_null(decode(raw, encoding))


def decode(raw: pa.Array, encoding: str = "utf-8") -> pa.StringArray:
    """Decode a binary column; what is not valid in `encoding` is read as Latin-1, which never fails."""
    if encoding.lower().replace("-", "") in ("utf8", "ascii", "usascii"):
        try:
            return pc.cast(raw, pa.string())
        except pa.ArrowInvalid:
            encoding = "utf-8"
    packed = pc.dictionary_encode(raw)
    words = pa.array([_decode_one(word, encoding) for word in packed.dictionary.to_pylist()], pa.string())
    return words.take(packed.indices)


def _decode_one(word: bytes, encoding: str) -> str:
    try:
        return word.decode(encoding)
    except UnicodeDecodeError:
        return word.decode("latin-1")


def _described(field: FieldLayout, kind: pa.DataType) -> pa.Field:
    said = {"unit": field.unit, "description": field.description.en or None}
    return pa.field(field.name, kind, metadata={k: v for k, v in said.items() if v})


def _text_type(field: FieldLayout) -> DataType:
    return DataType.STRING if field.type[0] == "s" else _TEXT_TYPES[field.type]


def _read_text(file: BinaryIO, layout: RecordFormat, rows: int, reject: RecordReject) -> Iterator[pa.RecordBatch]:
    schema, done = layout_schema(layout), 0
    for lines in _line_batches(file, layout, rows):
        batch, bad = _text_batch(lines, layout, schema)
        for row in np.flatnonzero(bad.marks).tolist():
            reject(done + row + 1, bad.reason(row))
        yield batch.filter(pa.array(~bad.marks)) if bad.marks.any() else batch
        done += len(lines)


def _line_batches(file: BinaryIO, layout: RecordFormat, rows: int) -> Iterator[pa.Array]:
    """Split a stream into binary arrays of lines; blank and comment lines are no records."""
    skip, rest, size = layout.skip_lines, b"", 8 << 20
    while True:
        block = read_exactly(file, size)
        text = rest + block
        cut = len(text) if not block else text.rfind(b"\n") + 1
        rest = text[cut:]
        if len(rest) > _MAX_LINE:
            raise OSError(f"a line is longer than {_MAX_LINE} bytes")
        lines = _lines(text[:cut])
        lines, skip = lines[min(skip, len(lines)) :], max(0, skip - len(lines))
        lines = lines.filter(pc.greater(pc.binary_length(lines), 0))
        if layout.comment:
            mark = layout.comment.encode()
            lines = lines.filter(pc.invert(pc.starts_with(lines, mark)))
        for start in range(0, len(lines), rows):
            yield lines[start : start + rows]
        if not block:
            return


def _lines(text: bytes) -> pa.BinaryArray:
    data = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(data == 10) + 1
    if len(data) and (len(ends) == 0 or ends[-1] != len(data)):
        ends = np.append(ends, len(data))
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    raw = pa.Array.from_buffers(pa.binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(text)])
    return pc.cast(pc.ascii_rtrim(pc.cast(raw, pa.string(), safe=False), "\r\n"), pa.binary())


class _Bad:
    """Which rows of a batch are refused, and why (the first reason found)."""

    def __init__(self, rows: int) -> None:
        self.marks = np.zeros(rows, dtype=bool)
        self._found: list[tuple[np.ndarray, str, DataType, pa.Array]] = []

    def add(self, bad: pa.BooleanArray | None, name: str, kind: DataType, text: pa.Array) -> None:
        if bad is not None:
            marks = bad.to_numpy(zero_copy_only=False).astype(bool)
            self.marks |= marks
            self._found.append((marks, name, kind, text))

    def reason(self, row: int) -> str:
        name, kind, text = next((n, k, t) for marks, n, k, t in self._found if marks[row])
        return f"{name}: {text[row].as_py()!r} is no {kind}"


def _text_batch(lines: pa.Array, layout: RecordFormat, schema: pa.Schema) -> tuple[pa.RecordBatch, _Bad]:
    bad, columns = _Bad(len(lines)), []
    for field in layout.repeat.fields:
        assert field.start is not None and field.width is not None  # the model demands it of text formats
        start = field.start - 1
        text = blank_to_null(decode(pc.binary_slice(lines, start, start + field.width), layout.encoding))
        if isinstance(field.null, str):
            text = _without(text, field.null)
        kind = _text_type(field)
        values, wrong = parse(text, kind)
        bad.add(wrong, field.name, kind, text)
        if field.null is not None and not isinstance(field.null, str):
            values = _without(values, field.null)
        columns.append(values)
    return pa.RecordBatch.from_arrays(columns, schema=schema), bad


def _without(values: pa.Array, null: float | str) -> pa.Array:
    """Values with null in place of one of them; numbers are compared as numbers."""
    plain = values if isinstance(null, str) or not pa.types.is_integer(values.type) else values.cast(pa.float64())
    return pc.if_else(pc.fill_null(pc.equal(plain, null), False), pa.scalar(None, values.type), values)
