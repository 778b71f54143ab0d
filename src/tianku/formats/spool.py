"""Rows kept in a temporary file, for formats that must know all of them before the first."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from types import TracebackType

import pyarrow as pa


class Spool:
    """An unnamed temporary Arrow file: written once, then read as often as needed."""

    def __init__(self, schema: pa.Schema, folder: str | None) -> None:
        self._file = tempfile.TemporaryFile(prefix="tianku-spool-", dir=folder)  # noqa: SIM115 - see __exit__
        self._writer = pa.ipc.new_stream(self._file, schema)

    def add(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        self._writer.write_batch(batch)

    def finish(self) -> None:
        """Say that all rows were added."""
        self._writer.close()
        self._file.flush()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        self._file.seek(0, os.SEEK_SET)
        with pa.ipc.open_stream(self._file) as reader:
            yield from reader

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
