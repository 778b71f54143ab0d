"""Addresses in rows: stored as paths of this site, answered absolute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tianku.model.metadata import Column
from tianku.model.types import DataType


def absolute_links(
    columns: Sequence[Column], batches: Iterable[pa.RecordBatch], base: str
) -> Iterator[pa.RecordBatch]:
    """Yield `batches` with `base` before every path in a column whose UCD says it holds addresses."""
    places = [
        i for i, c in enumerate(columns) if c.type is DataType.STRING and (c.ucd or "").startswith("meta.ref.url")
    ]
    if not places:
        yield from batches
        return
    for batch in batches:
        arrays = list(batch.columns)
        for i in places:
            paths = pc.starts_with(arrays[i], "/")
            arrays[i] = pc.if_else(paths, pc.binary_join_element_wise(base, arrays[i], ""), arrays[i])
        yield pa.record_batch(arrays, names=batch.schema.names)
