"""Rows of files that are not ours, as they are published."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tianku.catalogue.manifest import FileColumn


def as_published(batch: pa.RecordBatch, schema: pa.Schema, columns: Sequence[FileColumn]) -> pa.RecordBatch:
    """Return the columns of a batch under their published names and types; `columns` is empty for ours.

    Parameters
    ----------
    batch
        The source columns of `columns`, in this order.
    """
    if not columns:
        return batch
    arrays = [
        pc.if_else(pc.is_nan(array), None, array) if how.nan else array
        for array, how in zip(batch.columns, columns, strict=True)
    ]
    cast = [array.cast(field.type) for array, field in zip(arrays, schema, strict=True)]
    return pa.RecordBatch.from_arrays(cast, schema=schema)
