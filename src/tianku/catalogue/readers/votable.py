"""VOTable documents of every version and serialisation."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from tianku.catalogue.names import unique_names
from tianku.catalogue.readers.base import Reject, SourceBatch, TableReader, TableSource
from tianku.catalogue.readers.fits import open_fits
from tianku.formats.opening import open_bytes
from tianku.formats.votable_read import VOTable, open_votable


def open_votable_file(source: TableSource) -> TableReader:
    """Open the table that `source.config.hdu` names (number from 1, ID or name), else the first with rows."""
    with open_bytes(source.path) as file:
        table = open_votable(file, source.path.name, source.config.hdu)
        return VOTableReader(source, table, _embedded_schema(source, table))


class VOTableReader:
    """See `TableReader`. Field metadata has what FIELD, COOSYS and TIMESYS say (`VOTable.schema`)."""

    def __init__(self, source: TableSource, table: VOTable, kinds: pa.Schema | None) -> None:
        self._source = source
        self.total: int | None = table.meta.nrows
        self.notes = list(table.notes)
        fields = zip(unique_names(table.schema.names), table.schema, kinds or table.schema, strict=True)
        self.schema = pa.schema(
            [said.with_name(name).with_type(kind.type) for name, said, kind in fields], table.schema.metadata
        )

    def batches(self, reject: Reject) -> Iterator[SourceBatch]:
        """Stream the rows; what cannot be read is refused, counted."""
        with open_bytes(self._source.path) as file:
            table = open_votable(file, self._source.path.name, self._source.config.hdu)
            if table.meta.serialisation == "FITS":
                yield from self._embedded(table, reject)
                return
            for rows in table.batches(reject):
                yield SourceBatch(self._named(rows.batch), rows.first, rows.numbers)
            self.notes += [n for n in table.notes if n not in self.notes]

    def _embedded(self, table: VOTable, reject: Reject) -> Iterator[SourceBatch]:
        with _fits_reader(self._source, table) as reader:
            for part in reader.batches(reject):
                yield replace(part, batch=self._named(part.batch))

    def _named(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays(batch.columns, schema=self.schema)


def _embedded_schema(source: TableSource, table: VOTable) -> pa.Schema | None:
    """The types of a table whose rows are a FITS file: the file has the last word on them."""
    if table.meta.serialisation != "FITS":
        return None
    with _fits_reader(source, table) as reader:
        if len(reader.schema) != len(table.schema):
            raise table.malformed(
                f"it has {len(table.schema)} fields, its FITS table {len(reader.schema)} columns"
            )
        return reader.schema


@contextmanager
def _fits_reader(source: TableSource, table: VOTable) -> Iterator[TableReader]:
    """The FITS table inside a VOTable, taken out into a file of its own for as long as it is read."""
    with tempfile.TemporaryDirectory() as folder, table.fits() as packed:
        path = Path(folder) / source.path.name
        with path.open("wb") as file:
            shutil.copyfileobj(packed, file)
        config = source.config.model_copy(update={"hdu": table.extension})
        yield open_fits(replace(source, path=path, config=config))
