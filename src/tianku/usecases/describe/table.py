"""One table: read once, described, its id checked over all rows."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tianku.catalogue.readers import TableReader, TableSource, open_table
from tianku.model.config import SourceConfig
from tianku.model.types import DataType, arrow_to_datatype
from tianku.usecases.describe.columns import describe_columns
from tianku.usecases.describe.composed import with_composed
from tianku.usecases.describe.model import ColumnDescription, ColumnStats, TableDescription, TableSourceFound
from tianku.usecases.describe.positions import find_positions, with_radians
from tianku.usecases.describe.roles import content, find_times, id_candidates
from tianku.usecases.describe.stats import SAMPLE_ROWS, ColumnSurvey


class _Rejects:
    """Rows a reader refused, by reason."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()

    def __call__(self, row: int | None, reason: str, detail: str, count: int) -> None:
        self.reasons[reason] += count


def describe_table(name: str, found: TableSourceFound) -> TableDescription:
    """Describe the table that `found.files` hold together.

    Raises
    ------
    UsageError
        When the first file cannot be read as a table, or the files do not have the same columns.
    """
    rejects = _Rejects()
    schema, stats, reader_notes = _survey(found, rejects)
    columns = describe_columns(schema, stats, _nameless(schema, found))
    columns, parts = with_composed(columns)
    positions, notes = find_positions([c for c in columns if c.name not in parts])
    columns = with_radians(columns, positions)
    candidates = id_candidates(columns)
    unique = _verified(candidates, found, columns) if _rows(stats) > SAMPLE_ROWS else candidates
    lost = [f"{number} rows refused: {reason}" for reason, number in rejects.reasons.items()]
    description = TableDescription(
        name=name,
        source=found,
        content=content(columns, bool(positions), bool(unique)),
        rows=_rows(stats),
        columns=columns,
        positions=positions,
        id=unique[0] if unique else None,
        unique=tuple(unique[1:]),
        times=find_times(columns),
        notes=(*reader_notes, *notes, *lost),
        description=(schema.metadata or {}).get(b"description", b"").decode(),
    )
    return replace(description, columns=_main_words(description))


def open_readers(found: TableSourceFound, types: dict[str, DataType] | None = None) -> Iterator[TableReader]:
    """Open the files of a table one after the other."""
    keys: dict[str, Any] = dict(found.reading)
    readme = Path(keys["readme"]) if "readme" in keys else None
    for path in found.files:
        config = SourceConfig(files=(path.name,), **keys)
        yield open_table(TableSource(path, config, names=found.names, types=types or {}, readme=readme))


def _survey(found: TableSourceFound, rejects: _Rejects) -> tuple[pa.Schema, dict[str, ColumnStats], list[str]]:
    # opening a text reads it, to know its types, and opening a VOTable passes what comes before: once is enough
    opened = list(open_readers(found)) if len(found.files) == 1 else []
    schema = _unified([opened[0].schema]) if opened else merged_schema(found)
    surveys = {field.name: ColumnSurvey(field.type) for field in schema}
    notes: list[str] = []
    for reader in opened or open_readers(found, _text_types(found, schema)):
        for part in reader.batches(rejects):
            for field in schema:
                surveys[field.name].add(part.batch.column(field.name).cast(field.type, safe=False))
        notes += [n for n in reader.notes if n not in notes]
    return schema, {n: s.result() for n, s in surveys.items()}, notes


def merged_schema(found: TableSourceFound) -> pa.Schema:
    """Return the schema whose types hold the values of every file; texts where nothing else does."""
    return _unified([reader.schema for reader in open_readers(found)])


def _unified(schemas: Sequence[pa.Schema]) -> pa.Schema:
    fields = [_merged([s.field(f.name) for s in schemas]) for f in schemas[0]]
    return pa.schema(fields, schemas[0].metadata)


def _merged(fields: Sequence[pa.Field]) -> pa.Field:
    try:
        kind = pa.unify_schemas([pa.schema([f]) for f in fields], promote_options="permissive").field(0).type
    except pa.ArrowTypeError:
        kind = pa.string()
    return fields[0].with_type(kind)


def _text_types(found: TableSourceFound, schema: pa.Schema) -> dict[str, DataType]:
    """Types to read text files with, so that a file whose values look narrower is read like the others."""
    if found.reading["reader"] not in ("csv", "list") or len(found.files) == 1:
        return {}
    return {field.name: arrow_to_datatype(field.type)[0] for field in schema}


def _nameless(schema: pa.Schema, found: TableSourceFound) -> frozenset[str]:
    made_up = {n for n in schema.names if re.fullmatch(r"column_\d+", n)}
    pandas = {n for n in schema.names if re.fullmatch(r"Unnamed: ?\d+(_level_\d+)?", n)}
    return frozenset(made_up | pandas)


def _rows(stats: dict[str, ColumnStats]) -> int:
    return max((s.rows for s in stats.values()), default=0)


def _verified(names: Sequence[str], found: TableSourceFound, columns: Sequence[ColumnDescription]) -> list[str]:
    """Return those of `names` whose values are distinct over all rows (counted on disk when large)."""
    source = {c.name: c.source for c in columns}
    kept = []
    for name in names:
        with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
            connection.execute("SET memory_limit = '1GB'")
            connection.execute("SET temp_directory = ?", [folder])
            values = _one_column(found, source[name])
            connection.register("values_of_column", values)
            row = connection.execute("SELECT count(*) = count(DISTINCT value) FROM values_of_column").fetchone()
        if row is not None and row[0]:
            kept.append(name)
    return kept


def _one_column(found: TableSourceFound, column: str) -> pa.RecordBatchReader:
    kind = merged_schema(found).field(column).type
    schema = pa.schema([pa.field("value", kind)])

    def stream() -> Iterator[pa.RecordBatch]:
        for reader in open_readers(found):
            for part in reader.batches(_Rejects()):
                yield pa.record_batch([part.batch.column(column).cast(kind)], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, stream())


def _main_words(table: TableDescription) -> tuple[ColumnDescription, ...]:
    """Add ``meta.main`` to the id and to the main position, as cone search needs it."""
    main = table.main_position
    # coordinates in another form get decimal columns at ingest, and those are the main ones
    names = {main.ra, main.dec} if main and main.in_place else set()
    names |= {table.id} if table.id else set()
    return tuple(
        replace(c, ucd=f"{c.ucd};meta.main") if c.name in names and c.ucd and "meta.main" not in c.ucd else c
        for c in table.columns
    )
