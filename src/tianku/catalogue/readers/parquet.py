"""Parquet files."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from tianku.catalogue.readers.base import Reject, SourceBatch, TableSource, unreadable
from tianku.formats.json_text import json_text


def open_parquet(source: TableSource) -> ParquetReader:
    """Open a Parquet file."""
    try:
        with pq.ParquetFile(source.path) as file:
            return ParquetReader(source, file.metadata.num_rows, file.schema_arrow)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise unreadable(source.path, "Parquet", str(error)) from error


class ParquetReader:
    """See `TableReader`. Nested values other than lists of scalars become JSON text (xtype ``json``)."""

    def __init__(self, source: TableSource, rows: int, schema: pa.Schema) -> None:
        self._source, self._rows = source, rows
        self.notes: list[str] = [f"{f.name}: it holds no values" for f in schema if pa.types.is_null(f.type)]
        self.total: int | None = rows
        self.schema = pa.schema([_published(f) for f in schema if not pa.types.is_null(f.type)])

    def batches(self, reject: Reject) -> Iterator[SourceBatch]:
        """Stream the row groups; a damaged file is refused from the damage on."""
        first = 1
        try:
            with pq.ParquetFile(self._source.path) as file:
                for batch in file.iter_batches(self._source.batch_rows, columns=self.schema.names):
                    yield SourceBatch(self._flat(batch), first)
                    first += len(batch)
        except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
            missing = self._rows - first + 1
            reject(first, "damaged file", f"rows from {first} on: {error}", max(1, missing))

    def _flat(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = [
            json_text(batch[f.name]) if _is_nested(batch[f.name].type) else batch[f.name] for f in self.schema
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


def _published(field: pa.Field) -> pa.Field:
    return pa.field(field.name, pa.string(), metadata={"xtype": "json"}) if _is_nested(field.type) else field


def _is_nested(kind: pa.DataType) -> bool:
    """True for what is neither a scalar nor a list of scalars."""
    listed = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(pa.types.is_nested(kind.value_type if listed or pa.types.is_dictionary(kind) else kind))
