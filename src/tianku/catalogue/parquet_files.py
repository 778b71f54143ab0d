"""Write the Parquet files of a table: sorted, in small row groups, with page index and checksums."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tianku.catalogue.manifest import FileEntry
from tianku.model.metadata import HEALPIX_COLUMN
from tianku.storage.files import full_disk

ROW_GROUP = 50_000
#: of a table whose rows are looked up by source: a light curve reads one or two of them
SMALL_ROW_GROUP = 8_192
#: most rows and bytes (in memory) of one file
MAX_ROWS, MAX_BYTES = 1_500_000, 192 << 20


class _Hashing(io.RawIOBase):
    """A file that hashes what is written to it, so that bytes are read once."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb", buffering=0)
        self.digest, self.size = hashlib.sha256(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data).cast("B")  # type: ignore[arg-type]
        self._file.write(view)
        self.digest.update(view)
        self.size += len(view)
        return len(view)

    def tell(self) -> int:
        return self.size

    def sync_and_close(self) -> None:
        os.fsync(self._file.fileno())
        self._file.close()
        super().close()


def write_parquet(path: Path, table: pa.Table, root: Path, row_group: int = ROW_GROUP) -> FileEntry:
    """Write one file durably and return its entry, with a path relative to `root`.

    Raises
    ------
    TransientError
        ``storage.full``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        target = _Hashing(path)
        with pq.ParquetWriter(target, table.schema, **_options(table)) as writer:
            writer.write_table(table, row_group_size=row_group)
        target.sync_and_close()
    except OSError as error:
        raise full_disk(error, path) from error
    return FileEntry(
        path=str(path.relative_to(root)),
        bytes=target.size,
        sha256=target.digest.hexdigest(),
        rows=len(table),
        healpix=_span(table),
    )


def _span(table: pa.Table) -> tuple[int, int] | None:
    if HEALPIX_COLUMN not in table.schema.names or not len(table):
        return None
    index = table[HEALPIX_COLUMN]
    return None if index.null_count else (index[0].as_py(), index[-1].as_py())


def _options(table: pa.Table) -> dict[str, object]:
    options: dict[str, object] = {
        "compression": "zstd",
        "compression_level": 3,
        "write_page_index": True,
        "use_dictionary": [n for n in table.schema.names if _repeats(table[n])],
        "version": "2.6",
    }
    if HEALPIX_COLUMN in table.schema.names:
        options["sorting_columns"] = [pq.SortingColumn(table.schema.names.index(HEALPIX_COLUMN))]
    return options


def _repeats(column: pa.ChunkedArray) -> bool:
    """Whether a dictionary pays: judged by a sample, since building one for distinct values halves the speed."""
    if pa.types.is_nested(column.type):
        return False
    rows = len(column)
    if pa.types.is_boolean(column.type) or rows == 0:
        return False
    sample = column.take(pa.array(np.linspace(0, rows - 1, min(rows, 4000)).astype(np.int64)))
    return pc.count_distinct(sample).as_py() < 0.5 * len(sample)


def write_stream(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], root: Path) -> FileEntry:
    """Write batches as one file durably, holding one row group at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = 0
    try:
        target = _Hashing(path)
        with pq.ParquetWriter(
            target, schema, compression="zstd", compression_level=3, write_page_index=True, use_dictionary=False
        ) as writer:
            for batch in batches:
                writer.write_table(pa.Table.from_batches([batch]), row_group_size=ROW_GROUP)
                rows += len(batch)
        target.sync_and_close()
    except OSError as error:
        raise full_disk(error, path) from error
    return FileEntry(
        path=str(path.relative_to(root)), bytes=target.size, sha256=target.digest.hexdigest(), rows=rows
    )
