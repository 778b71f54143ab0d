"""Tables that callers send for a match or a query: any format that ingest reads, bounded, in memory."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from tianku.adql.schema import HIDDEN
from tianku.catalogue.names import published_names, unique_names
from tianku.catalogue.readers import TableReader, TableSource, open_table
from tianku.formats.opening import DAMAGED, is_compressed
from tianku.model.errors import LimitError, UsageError
from tianku.model.metadata import Column
from tianku.model.text import Text
from tianku.model.types import DataType, arrow_to_datatype

#: rows that are held in memory: of a table given, and of one matched by a position that it is not sorted by
HELD_ROWS = 1_000_000
#: bytes of a table in memory: columns of arrays may unfold far beyond the file
HELD_BYTES = 512 << 20


@dataclass(frozen=True, slots=True)
class Given:
    """A table of the caller's own: its rows in memory, under the names of `columns`."""

    rows: pa.Table
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A table of the caller's own in a file of ours, read when it is matched; errors call it `name`."""

    path: Path
    name: str

    def read(self) -> Given:
        """Return its rows; see `read_given`."""
        return _read(self.path, self.name, as_named=False)


def read_given(stream: BinaryIO, folder: Path, name: str = "upload", *, as_named: bool = False) -> Given:
    """Return the first table of a VOTable, FITS, Parquet, ECSV, CSV or similar file.

    Parameters
    ----------
    folder
        The file is kept in it while it is read.
    name
        What errors call it.
    as_named
        Columns keep their names, whatever these are; else they become those of published tables.

    Raises
    ------
    UsageError
        ``reader.unreadable``, ``votable.*``; ``match.compressed``, ``match.row`` for a row that is damaged.
    LimitError
        ``match.upload`` beyond `HELD_ROWS` rows or `HELD_BYTES`.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix="match-") as own:
        path = Path(own) / re.sub(r"\W", "_", name)
        with path.open("wb") as file:
            shutil.copyfileobj(stream, file, 1 << 20)
        return _read(path, name, as_named)


def _read(path: Path, name: str, as_named: bool) -> Given:
    if is_compressed(path):
        raise UsageError("match.compressed", "{name} is compressed: send it as it is", name=name)
    try:
        return _held(open_table(TableSource(path)), name, as_named)
    except DAMAGED as error:
        raise UsageError(
            "reader.unreadable", "{file} cannot be read as {kind}: {reason}",
            file=name, kind="a table", reason=str(error),
        ) from error  # fmt: skip


def _held(reader: TableReader, name: str, as_named: bool) -> Given:
    batches: list[pa.RecordBatch] = []
    rows = size = 0
    for part in reader.batches(_refusing(name)):
        rows, size = rows + part.batch.num_rows, size + part.batch.nbytes
        if rows > HELD_ROWS or size > HELD_BYTES:
            raise LimitError(
                "match.upload", "{name} has more than {rows} rows, or {bytes} bytes in memory",
                name=name, rows=HELD_ROWS, bytes=HELD_BYTES,
            )  # fmt: skip
        batches.append(part.batch)
    written = reader.schema.names
    names = unique_names(map(_shown, written)) if as_named else tuple(published_names(written).values())
    columns = tuple(_column(field, called) for field, called in zip(reader.schema, names, strict=True))
    schema = pa.schema([pa.field(c.name, c.arrow) for c in columns])
    table = pa.Table.from_batches(batches, reader.schema).rename_columns(names).cast(schema, safe=False)
    return Given(table, tuple(_lettered(c, table) for c in columns))


def _shown(name: str) -> str:
    """A name that means something of our own in tables that are stored could not be named in a query."""
    return name.lstrip("_") if name.lower() in HIDDEN else name


def _lettered(column: Column, table: pa.Table) -> Column:
    """Note whether texts stay within ASCII, which writers have to know."""
    if column.type is not DataType.STRING or column.arraysize is not None:
        return column
    plain = pc.all(pc.string_is_ascii(table.column(column.name))).as_py()
    return column.model_copy(update={"ascii": plain is not False})


def _refusing(name: str) -> Callable[[int | None, str, str, int], None]:
    def refuse(row: int | None, reason: str, detail: str, _: int) -> None:
        raise UsageError(
            "match.row", "row {row} of {name} cannot be read: {reason} ({detail})",
            row=row or "?", name=name, reason=reason, detail=detail,
        )  # fmt: skip

    return refuse


def _column(field: pa.Field, name: str) -> Column:
    kind, size = arrow_to_datatype(field.type)
    said = {key.decode(): value.decode("utf-8", "replace") for key, value in (field.metadata or {}).items()}
    return Column(
        name=name,
        type=kind,
        arraysize=size,
        unit=said.get("unit") or None,
        ucd=said.get("ucd") or None,
        utype=said.get("utype") or None,
        xtype=said.get("xtype") or None,
        description=Text(en=said.get("description", "")),
    )
