"""Metadata that a table of the dataset holds: the logbook of plates, several exposures to a plate."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tianku.catalogue.manifest import TableManifest
from tianku.model.config.products import MetadataFrom
from tianku.model.errors import UsageError

Row = Mapping[str, str | int | float | bool | None]
_EQUAL = re.compile(r"\s*(\w+)\s*(?:=\s*(?:header\.)?([\w-]+)\s*)?")


@dataclass(frozen=True, slots=True)
class LogTable:
    """A table of the snapshot: its Parquet files, the column that rows are found by, and its ICRS columns."""

    files: tuple[Path, ...]
    column: str
    ra: str | None = None
    dec: str | None = None


@dataclass(frozen=True, slots=True)
class Logbook:
    """Where metadata are: the rows of `plates` whose column is the file's `name`, and their exposures.

    Small enough to go to every worker; the tables are read there, once.
    """

    plates: LogTable
    name: str
    exposures: LogTable | None
    #: the column of a plate's row that its exposures are found by
    shared: str
    exposure_name: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class Logged:
    """What the logbook says of one plate: its row, ICRS centre in degrees, and the rows of its exposures."""

    row: Row
    ra: float | None
    dec: float | None
    exposures: tuple[tuple[str, Row], ...]


def logbook(said: MetadataFrom, tables: Mapping[str, TableManifest], folder: Path) -> Logbook:
    """Return the logbook that configuration names; `folder` is the snapshot's.

    Raises
    ------
    UsageError
        ``metadata.no_table``, ``metadata.no_column``, ``metadata.bad_on``.
    """
    column, name = _condition(said.on)
    plates = _table(tables, said.table, column, folder)
    exposures, exposure_name, other = None, None, ""
    digests = [tables[said.table]]
    if said.exposures is not None:
        shared, other = _condition(said.exposures.on)
        exposures = _table(tables, said.exposures.table, shared, folder)
        _column(tables, said.table, other)
        other = _named(tables[said.table], other)
        exposure_name = said.exposures.part
        digests.append(tables[said.exposures.table])
    digest = "".join(file.sha256 for manifest in digests for file in manifest.files)
    return Logbook(plates, name, exposures, other, exposure_name, digest)


def _condition(text: str) -> tuple[str, str]:
    """``column = name``, or one word for both."""
    found = _EQUAL.fullmatch(text)
    if found is None:
        raise UsageError(
            "metadata.bad_on",
            "`on: {text}` is no condition; write `column = stem`, or the name both have",
            text=text,
        )
    return found[1], found[2] or found[1]


def _table(tables: Mapping[str, TableManifest], name: str, column: str, folder: Path) -> LogTable:
    _column(tables, name, column)
    manifest = tables[name]
    place = manifest.meta.main_position
    files = tuple(folder / file.path for file in manifest.files)
    return LogTable(files, _named(manifest, column), place.ra if place else None, place.dec if place else None)


def _column(tables: Mapping[str, TableManifest], name: str, column: str) -> None:
    if name not in tables:
        known = ", ".join(tables) or "none"
        raise UsageError(
            "metadata.no_table", "there is no table {table}; there are: {known}", table=name, known=known
        )
    if tables[name].meta.column(column) is None:
        known = ", ".join(c.name for c in tables[name].meta.columns)
        raise UsageError(
            "metadata.no_column", "table {table} has no column {column}; it has: {known}",
            table=name, column=column, known=known,
        )  # fmt: skip


def _named(manifest: TableManifest, column: str) -> str:
    found = manifest.meta.column(column)
    return found.name if found else column


def look_up(book: Logbook, names: Mapping[str, object]) -> Logged | None:
    """Return what the logbook says of the product with `names` (``stem``, ``filename``, header keywords)."""
    value = names.get(book.name, names.get(book.name.upper()))
    rows = _rows(book.plates).get(_key(value), ())
    if not rows:
        return None
    row = rows[0]
    exposures: list[tuple[str, Row]] = []
    if book.exposures is not None:
        found = _rows(book.exposures).get(_key(row.get(book.shared)), ())
        exposures = [(_exposure(book, one, number), one) for number, one in enumerate(found, 1)]
    ra, dec = (row.get(c) if c else None for c in (book.plates.ra, book.plates.dec))
    return Logged(row, _degrees(ra), _degrees(dec), tuple(exposures))


def _exposure(book: Logbook, row: Row, number: int) -> str:
    said = row.get(book.exposure_name) if book.exposure_name else None
    return re.sub(r"[^\w.+=@-]", "_", str(said)) if said is not None else f"exposure-{number}"


def _degrees(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and value == value else None


def _key(value: object) -> str:
    return str(value).strip() if value is not None else ""


@lru_cache(maxsize=8)
def _rows(table: LogTable) -> Mapping[str, Sequence[Row]]:
    """The rows by the value they are found by, in the order of their first other columns; read once a process."""
    found: dict[str, list[Row]] = {}
    for path in table.files:
        data = pq.read_table(path)
        shown = [name for name in data.column_names if not name.startswith("_")]
        for row in _plain(data.select(shown)).to_pylist():
            found.setdefault(_key(row[table.column]), []).append(row)
    found.pop("", None)
    for rows in found.values():
        rows.sort(key=lambda row: [str(v) for v in row.values()])
    return found


def _plain(data: pa.Table) -> pa.Table:
    """Lists and nested values are no metadata of one exposure."""
    simple = [f.name for f in data.schema if not pa.types.is_nested(f.type)]
    return data.select(simple)


def as_text(row: Mapping[str, Any]) -> dict[str, str | int | float | bool | None]:
    """Return a row as header values: dates as ISO texts, no NaN."""
    said = {name: v.isoformat() if isinstance(v, date | time) else v for name, v in row.items()}
    return {name: None if isinstance(v, float) and v != v else v for name, v in said.items()}
