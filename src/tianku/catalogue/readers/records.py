"""Fixed-width and binary record files, by a declared layout."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tianku.catalogue.readers.base import Reject, SourceBatch, TableSource, unreadable
from tianku.formats.layout import RecordReject, layout_schema, read_records, record_dtype
from tianku.formats.opening import DAMAGED, is_compressed
from tianku.model.config.formats import RecordFormat


def open_records(source: TableSource) -> RecordReader:
    """Open a file of equal records; its configuration names a record format."""
    if source.record is None:
        raise unreadable(source.path, "records", "no record format is declared; name one with `format:`")
    return RecordReader(source, source.record)


class RecordReader:
    """See `TableReader`."""

    def __init__(self, source: TableSource, layout: RecordFormat) -> None:
        self._source, self._layout = source, layout
        self.schema = layout_schema(layout)
        self.notes: list[str] = []
        self.total: int | None = None
        if not layout.text and not is_compressed(source.path):
            size = source.path.stat().st_size - layout.file_header.size
            self.total = max(0, size) // record_dtype(layout).itemsize

    def batches(self, reject: Reject) -> Iterator[SourceBatch]:
        """Stream the records; incomplete and unreadable ones go to `reject`."""
        refused: list[int] = []

        def note(record: int, reason: str) -> None:
            refused.append(record)
            name, colon, detail = reason.partition(": ")
            reject(record, name if colon else "incomplete file", detail or reason, 1)

        try:
            yield from self._numbered(note, refused)
        except DAMAGED as error:
            reject(None, "damaged file", str(error), 1)

    def _numbered(self, note: RecordReject, refused: list[int]) -> Iterator[SourceBatch]:
        first = 1
        for batch in read_records(self._source.path, self._layout, rows=self._source.batch_rows, reject=note):
            total = len(batch) + len(refused)
            rows = None
            if refused:
                rows = np.setdiff1d(np.arange(first, first + total), refused)[: len(batch)]
            yield SourceBatch(batch, first, rows)
            first += total
            refused.clear()
