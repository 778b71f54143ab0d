"""Nested values as JSON text."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def json_text(values: pa.Array) -> pa.Array:
    """Return structs, maps and nested lists as JSON; null values stay null, NaN and infinity become ``null``."""
    table = pa.table({"value": _finite(values)})
    with duckdb.connect() as connection:
        connection.register("nested", table)
        text = connection.sql("SELECT to_json(value)::VARCHAR AS text FROM nested").to_arrow_table()["text"]
    return pc.if_else(values.is_valid(), text.combine_chunks().cast(pa.string()), None)


def _finite(values: pa.Array) -> pa.Array:
    """The same values with null in place of numbers that JSON cannot write."""
    kind = values.type
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_finite(values), values, None)
    if pa.types.is_struct(kind):
        children = [_finite(values.field(i)) for i in range(kind.num_fields)]
        return pa.StructArray.from_arrays(children, names=[f.name for f in kind], mask=values.is_null())
    if pa.types.is_map(kind):
        return pa.MapArray.from_arrays(values.offsets, values.keys, _finite(values.items))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        counts = pc.fill_null(pc.list_value_length(values), 0).to_numpy()
        offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int64())
        return pa.LargeListArray.from_arrays(offsets, _finite(values.flatten()), mask=values.is_null())
    return values
