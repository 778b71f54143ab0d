"""Parquet files."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from tianku.catalogue.readers.base import Reject, SourceBatch, TableSource, unreadable


def open_parquet(source: TableSource) -> ParquetReader:
    """Open a Parquet file."""
    try:
        with pq.ParquetFile(source.path) as file:
            return ParquetReader(source, file.metadata.num_rows, file.schema_arrow)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise unreadable(source.path, "Parquet", str(error)) from error


class ParquetReader:
    """See `TableReader`. Nested columns other than lists of numbers are noted and left out."""

    def __init__(self, source: TableSource, rows: int, schema: pa.Schema) -> None:
        self._source, self._rows = source, rows
        self.notes: list[str] = []
        self.total: int | None = rows
        self.schema = pa.schema([f for f in schema if self._readable(f)])

    def _readable(self, field: pa.Field) -> bool:
        kind = field.type
        if pa.types.is_dictionary(kind) or pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
            kind = kind.value_type
        if pa.types.is_nested(kind) or pa.types.is_null(kind):
            self.notes.append(f"{field.name}: columns of type {field.type} are not read")
            return False
        return True

    def batches(self, reject: Reject) -> Iterator[SourceBatch]:
        """Stream the row groups; a damaged file is refused from the damage on."""
        first = 1
        try:
            with pq.ParquetFile(self._source.path) as file:
                for batch in file.iter_batches(self._source.batch_rows, columns=self.schema.names):
                    yield SourceBatch(batch, first)
                    first += len(batch)
        except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
            missing = self._rows - first + 1
            reject(first, "damaged file", f"rows from {first} on: {error}", max(1, missing))
