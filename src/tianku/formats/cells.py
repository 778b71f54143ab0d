"""Arrow columns as the values and texts that wire formats write; kernels only, no loop over rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tianku.model.metadata import Column

#: Rows handled at once, whatever size of batch the engine sends: keeps memory flat.
SLICE_ROWS = 65_536


def conform(columns: Sequence[Column], batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.Array]]:
    """Yield the arrays of every non-empty slice of `batches`, in the types that `columns` promise."""
    kinds = [column.arrow for column in columns]
    for batch in batches:
        for start in range(0, batch.num_rows, SLICE_ROWS):
            part = batch.slice(start, SLICE_ROWS)
            yield [_cast(array, kind) for array, kind in zip(part.columns, kinds, strict=True)]


def _cast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if array.type == kind:
        return array
    if pa.types.is_nested(array.type) and not pa.types.is_nested(kind):
        return text_of_lists(array) if pa.types.is_string(kind) else array.cast(kind)
    if pa.types.is_timestamp(array.type) and array.type.tz is not None:
        # an instant with zone is kept as UTC, which is what columns without zone mean
        array = array.cast(pa.timestamp(array.type.unit, "UTC")).cast(pa.timestamp(array.type.unit))
    return array.cast(kind, safe=False)


def timestamps(array: pa.Array) -> pa.Array:
    """ISO 8601 texts without zone, with as few decimals of a second as the values need."""
    ticks = pc.fill_null(array, pa.scalar(0, array.type)).cast(pa.int64()).to_numpy()
    for unit, per in (("s", 1_000_000), ("ms", 1_000)):
        if not np.any(ticks % per):
            array = array.cast(pa.timestamp(unit))
            break
    return pc.binary_replace_slice(array.cast(pa.string()), 10, 11, "T")


def numbers(array: pa.Array, nan: str, infinity: str) -> pa.Array:
    """Shortest texts that read back to the same number; the words are the format's own."""
    texts = array.cast(pa.string())
    if not pa.types.is_floating(array.type):
        return texts
    finite = pc.is_finite(array)
    if pc.all(finite, skip_nulls=True).as_py() is not False:
        return texts
    signed = infinity if infinity == nan else "-" + infinity.lstrip("+")
    words = pc.if_else(pc.is_nan(array), nan, pc.if_else(pc.less(array, 0), signed, infinity))
    return pc.if_else(finite, texts, words)


def texts(array: pa.Array, nan: str = "NaN", infinity: str = "Inf") -> pa.Array:
    """Any column as (unescaped) texts; nulls stay null, arrays are blank-separated as in VOTable."""
    kind = array.type
    if pa.types.is_string(kind):
        return array
    if pa.types.is_boolean(kind):
        return pc.if_else(array, "true", "false")
    if pa.types.is_timestamp(kind):
        return timestamps(array)
    if pa.types.is_nested(kind):
        return text_of_lists(array, nan, infinity)
    return numbers(array, nan, infinity)


def text_of_lists(array: pa.Array, nan: str = "NaN", infinity: str = "Inf") -> pa.Array:
    """Lists as texts, their elements separated by blanks."""
    lists = as_lists(array)
    return join_lists(lists, texts(filled_elements(lists.flatten()), nan, infinity), " ")


def join_lists(lists: pa.Array, items: pa.Array, separator: str) -> pa.Array:
    """The texts `items` of all elements of `lists`, joined per list; null lists stay null."""
    mask = lists.is_null() if lists.null_count else None
    return pc.binary_join(pa.ListArray.from_arrays(_offsets(lists), items, mask=mask), separator)


def null_element(kind: pa.DataType) -> object:
    """What stands for a null element within an array, where a format has no other way to say it."""
    if pa.types.is_floating(kind):
        return float("nan")
    if pa.types.is_integer(kind):
        limits = np.iinfo(kind.to_pandas_dtype())
        return int(limits.min or limits.max)
    return {pa.bool_(): None, pa.string(): ""}.get(kind)


def filled_elements(items: pa.Array) -> pa.Array:
    """Elements of arrays with `null_element` for nulls."""
    null = null_element(items.type) if items.null_count else None
    return items if null is None else items.fill_null(null)


def as_lists(array: pa.Array) -> pa.Array:
    """Variable-length lists for any list type."""
    if pa.types.is_fixed_size_list(array.type):
        return array.cast(pa.list_(array.type.value_type))
    return array.cast(pa.list_(array.type.value_type)) if pa.types.is_large_list(array.type) else array


def _offsets(lists: pa.Array) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    return pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32())


def joined(parts: Sequence[pa.Array | str], separator: str = "") -> pa.Array:
    """Texts of each row joined; no part may have nulls."""
    return pc.binary_join_element_wise(*parts, separator)


def payload(array: pa.Array) -> memoryview:
    """The bytes of all values of a text or binary array, one after the other, without copying."""
    if len(array) == 0:
        return memoryview(b"")
    _, offsets, data = array.buffers()
    edges = np.frombuffer(offsets, np.int32)
    first, last = edges[array.offset], edges[array.offset + len(array)]
    return memoryview(data)[first:last] if data is not None else memoryview(b"")
