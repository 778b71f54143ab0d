"""Rows in the BINARY2 serialisation of VOTable (§5.4): null flags, then big-endian cells."""

from __future__ import annotations

import binascii
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tianku.formats.cells import as_lists, filled_elements, payload, texts
from tianku.formats.unicode import utf16

#: A column of fixed-width cells: numpy type and the array, or a byte string per row.
_Fixed = tuple[str, np.ndarray]


def encode(arrays: Sequence[pa.Array], wide: Collection[int] = ()) -> memoryview | bytes:
    """Return the rows of `arrays` as BINARY2 bytes; columns number `wide` are ``unicodeChar``.

    Cells of fixed width are laid into one structured array; where a cell of variable length
    comes in between, the pieces around it are joined row by row by an Arrow kernel.
    """
    rows = len(arrays[0]) if arrays else 0
    groups: list[list[_Fixed]] = [[_null_flags(arrays, rows)]]
    variable: list[pa.Array] = []
    for number, array in enumerate(arrays):
        if _is_variable(array.type):
            lengths, values = _variable(array, number in wide)
            groups[-1].append((">i4", lengths))
            variable.append(values)
            groups.append([])
        else:
            groups[-1].append(_fixed(array))
    if not variable:
        return _pack(groups[0], rows).tobytes()
    parts: list[pa.Array] = []
    for index, group in enumerate(groups):
        if group:
            parts.append(_as_binary(_pack(group, rows)))
        if index < len(variable):
            parts.append(variable[index])
    return payload(pc.binary_join_element_wise(*parts, b""))


def base64_lines(pieces: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """Base64 of the joined `pieces`, a line per piece."""
    rest = b""
    for piece in pieces:
        head = (-len(rest)) % 3 if rest else 0
        if len(piece) < head:
            rest += bytes(piece)
            continue
        view = memoryview(piece)
        if rest:
            yield binascii.b2a_base64(rest + bytes(view[:head]), newline=False)
            view = view[head:]
        whole = len(view) - len(view) % 3
        rest = bytes(view[whole:])
        yield binascii.b2a_base64(view[:whole])
    if rest:
        yield binascii.b2a_base64(rest)


def _null_flags(arrays: Sequence[pa.Array], rows: int) -> _Fixed:
    bits = np.zeros((rows, len(arrays)), np.bool_)
    for index, array in enumerate(arrays):
        if array.null_count:
            bits[:, index] = array.is_null().to_numpy(zero_copy_only=False)
    return "u1", np.packbits(bits, axis=1)


def _is_variable(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_timestamp(kind) or pa.types.is_list(kind)


def _variable(array: pa.Array, wide: bool) -> tuple[np.ndarray, pa.Array]:
    """Element counts, and the elements as one byte string per row."""
    kind = array.type
    if pa.types.is_list(kind) and not _is_variable(kind.value_type):
        return _list_bytes(array)
    values = texts(array)
    values = values.fill_null("") if values.null_count else values
    if wide:
        return utf16(values)
    values = values.cast(pa.binary())
    return pc.binary_length(values).to_numpy(), values


def _list_bytes(array: pa.Array) -> tuple[np.ndarray, pa.Array]:
    lists = as_lists(array)
    counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    kind, items = _fixed(filled_elements(lists.flatten()))
    data = np.ascontiguousarray(items, kind)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64) * data.itemsize
    buffers = [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data)]
    return counts, pa.Array.from_buffers(pa.binary(), len(array), buffers)


def _fixed(array: pa.Array) -> _Fixed:
    kind = array.type
    if pa.types.is_fixed_size_list(kind):
        return _fixed_list(array)
    if pa.types.is_boolean(kind):
        letters = pc.if_else(array, ord("T"), ord("F")).fill_null(ord("?"))
        return "u1", letters.cast(pa.uint8()).to_numpy()
    if array.null_count:
        array = array.fill_null(float("nan") if pa.types.is_floating(kind) else 0)
    values = array.to_numpy()
    return values.dtype.newbyteorder(">").str, values


def _fixed_list(array: pa.Array) -> _Fixed:
    size = array.type.list_size
    # rows that are null keep no elements in flatten(); their places are filled
    items = array.values.slice(array.offset * size, len(array) * size)
    kind, values = _fixed(filled_elements(items))
    return kind, values.reshape(len(array), size)


def _pack(group: Sequence[_Fixed], rows: int) -> np.ndarray:
    layout = [(f"c{i}", kind, values.shape[1:]) for i, (kind, values) in enumerate(group)]
    packed = np.empty(rows, np.dtype(layout))
    for i, (_, values) in enumerate(group):
        packed[f"c{i}"] = values
    return packed


def _as_binary(packed: np.ndarray) -> pa.Array:
    offsets = np.arange(len(packed) + 1, dtype=np.int64) * packed.itemsize
    buffers = [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(packed.view(np.uint8))]
    return pa.Array.from_buffers(pa.binary(), len(packed), buffers)
