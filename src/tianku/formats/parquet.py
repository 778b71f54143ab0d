"""Parquet with the metadata of the columns, streamed row group by row group."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from tianku.formats.cells import conform
from tianku.formats.chunks import chunked
from tianku.formats.table import TableInfo
from tianku.formats.votable_document import head, tail
from tianku.model.metadata import Column

#: Rows of a row group: large enough for readers, small enough for flat memory.
GROUP_ROWS = 131_072


class _Sink(io.RawIOBase):
    """Collects what the Parquet writer writes until it is taken away."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: object) -> int:
        piece = bytes(memoryview(data))  # type: ignore[arg-type]
        self._pieces.append(piece)
        self._position += len(piece)
        return len(piece)

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def write_parquet(
    columns: Sequence[Column], batches: Iterable[pa.RecordBatch], info: TableInfo
) -> Iterator[bytes]:
    """Write Parquet (zstd).

    Unit, UCD, utype and description are in each field's metadata, and the table's as a VOTable
    without rows under ``IVOA.VOTable-Parquet.content`` (IVOA Note VOParquet 1.0). Whether rows
    were held back stands in the footer under ``tianku.overflow``.
    """
    return chunked(_row_groups(columns, batches, info))


def _row_groups(columns: Sequence[Column], batches: Iterable[pa.RecordBatch], info: TableInfo) -> Iterator[bytes]:
    schema = _schema(columns, info)
    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd", compression_level=1) as writer:
        for group in _groups(conform(columns, batches), schema):
            writer.write_table(group, row_group_size=GROUP_ROWS)
            yield sink.take()
        writer.add_key_value_metadata({"tianku.overflow": str(bool(info.overflow)).lower()})
    yield sink.take()


def _groups(slices: Iterable[list[pa.Array]], schema: pa.Schema) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for arrays in slices:
        waiting.append(pa.record_batch(arrays, schema=schema))
        rows += waiting[-1].num_rows
        if rows >= GROUP_ROWS:
            yield pa.Table.from_batches(waiting)
            waiting, rows = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting)


def _schema(columns: Sequence[Column], info: TableInfo) -> pa.Schema:
    fields = [pa.field(c.name, c.arrow, metadata=_field_metadata(c)) for c in columns]
    content = head(columns, info) + tail(columns, info)
    return pa.schema(
        fields,
        metadata={
            "IVOA.VOTable-Parquet.version": "1.0",
            "IVOA.VOTable-Parquet.content": content,
        },
    )


def _field_metadata(column: Column) -> dict[str, str]:
    described = {
        "unit": column.unit,
        "ucd": column.ucd,
        "utype": column.utype,
        "xtype": column.xtype,
        "description": str(column.description),
    }
    return {key: value for key, value in described.items() if value}
