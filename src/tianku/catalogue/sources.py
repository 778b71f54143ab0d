"""Open the files of a table, and agree on one schema for all of them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from tianku.catalogue.clustering import clustered_by
from tianku.catalogue.digest import digest_files, digest_text
from tianku.catalogue.hats_source import open_hats
from tianku.catalogue.plan import null_texts, source_types
from tianku.catalogue.readers import TableReader, TableSource, open_table
from tianku.catalogue.readers.postgresql import digest_postgresql, open_postgresql
from tianku.catalogue.readers.postgresql_address import Address
from tianku.catalogue.rejects import Rejects
from tianku.model.config.formats import RecordFormat
from tianku.model.config.load import LoadedDataset
from tianku.model.config.rights import public_from
from tianku.model.config.sources import resolve_files
from tianku.model.config.table import SourceConfig
from tianku.model.errors import UsageError
from tianku.model.types import TYPES, DataType, arrow_to_datatype


@dataclass(frozen=True, slots=True)
class OpenFile:
    """One readable file of a table; `label` names it in reports, relative to the source folder."""

    label: str
    source: TableSource
    reader: TableReader


def table_files(dataset: LoadedDataset, table: str) -> list[Path]:
    """Return the files a table is made of; a table of a database has none.

    Raises
    ------
    UsageError
        ``ingest.no_source`` when none is configured or found.
    """
    said = _source(dataset, table)
    if said.postgresql:
        return []
    if said.hats:
        return [p.path for p in open_hats(said.hats, dataset.source_root).partitions]
    files = resolve_files(said.files, dataset.source_root)
    if not files:
        raise UsageError(
            "ingest.no_source",
            "table {table}: no file matches {patterns} in {folder}",
            table=table,
            patterns=", ".join(said.files) or "(no `from:`)",
            folder=dataset.source_root.name,
        )
    return files


def _source(dataset: LoadedDataset, table: str) -> SourceConfig:
    said = dataset.config.tables[table].from_
    if said is None:
        raise UsageError(
            "ingest.no_source",
            "table {table} is not made from files; ingest reads tables whose `from:` names files",
            table=table,
        )
    return said


def open_files(
    dataset: LoadedDataset,
    table: str,
    files: Sequence[Path],
    rejects: Rejects,
    *,
    types: bool = True,
    known: Mapping[str, DataType] | None = None,
) -> list[OpenFile]:
    """Open every file of a table; those that cannot be read go to `rejects`.

    Without `types`, columns of text files count as text; they are not read to learn their types. Those of
    `known`, by source column, hold where the configuration says none.

    Raises
    ------
    UsageError
        The file's own error when it is the only one, ``ingest.nothing_readable`` when no file can be read.
    """
    said = _source(dataset, table)
    if said.postgresql:
        return [_open_database(dataset, table, said)]
    everywhere, single = null_texts(dataset, table)
    config = dataset.config.tables[table]
    names = [c.source or c.name for c in config.columns if c.expression is None] if said.header is False else []
    opened: list[OpenFile] = []
    reason = ""
    for path in files:
        source = TableSource(
            path,
            config=said,
            record=_record_format(dataset, table, said),
            readme=dataset.source_root / said.readme if said.readme else None,
            types={**(known or {}), **source_types(dataset, table)},
            names=names,
            null_texts=everywhere,
            column_null_texts=single,
            infer=types,
        )
        try:
            opened.append(OpenFile(label(path, dataset.source_root), source, open_table(source)))
        except UsageError as error:
            if len(files) == 1:
                raise
            reason = reason or error.message
            rejects.add(label(path, dataset.source_root), None, "unreadable file", error.message)
    if not opened:
        raise UsageError(
            "ingest.nothing_readable",
            "table {table}: none of its {count} files can be read; the first: {reason}",
            table=table,
            count=len(files),
            reason=reason,
        )
    return opened


def _open_database(dataset: LoadedDataset, table: str, said: SourceConfig) -> OpenFile:
    place = Address.parse(said.postgresql or "").place
    source = TableSource(Path(place), config=said, types=source_types(dataset, table))
    return OpenFile(place, source, open_postgresql(source))


def _record_format(dataset: LoadedDataset, table: str, said: SourceConfig) -> RecordFormat | None:
    if said.format is None or said.format in dataset.config.formats:
        return dataset.config.formats[said.format] if said.format else None
    near = difflib.get_close_matches(said.format, dataset.config.formats, 1)
    raise UsageError(
        "ingest.no_format",
        "table {table}: `formats:` declares no {name!r}{hint}",
        table=table,
        name=said.format,
        hint=f"; did you mean {near[0]}?"
        if near
        else f" (it declares {', '.join(dataset.config.formats) or 'none'})",
    )


def label(path: Path, root: Path) -> str:
    """Return what a source file is called in reports: its path below the source folder, if it is there."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else path.name


def common_schema(files: Sequence[OpenFile]) -> tuple[pa.Schema, list[str]]:
    """Return a schema that holds the columns of every file, and remarks about columns some files lack."""
    fields: dict[str, pa.Field] = {}
    remarks = []
    for file in files:
        for field in file.reader.schema:
            known = fields.get(field.name)
            fields[field.name] = field if known is None else known.with_type(wider(known.type, field.type))
    for file in files:
        if missing := [n for n in fields if n not in file.reader.schema.names]:
            remarks.append(f"{file.label} lacks {', '.join(missing)}; they are null there")
        remarks += [f"{file.label}: {note}" for note in file.reader.notes]
    return pa.schema(fields.values()), remarks


def wider(left: pa.DataType, right: pa.DataType) -> pa.DataType:
    """Return a type that holds the values of both."""
    if left == right:
        return left
    kinds = {arrow_to_datatype(k) for k in (left, right)}
    if any(size for _, size in kinds):
        return left
    scalars = {kind for kind, _ in kinds}
    numbers = [DataType.UINT8, DataType.INT16, DataType.INT32, DataType.INT64, DataType.FLOAT32, DataType.FLOAT64]
    if scalars <= set(numbers):
        wide = max(scalars, key=numbers.index)
        mixed = wide is DataType.FLOAT32 and scalars & {DataType.INT32, DataType.INT64}
        return TYPES[DataType.FLOAT64 if mixed else wide].arrow
    return pa.string()


def source_digest(dataset: LoadedDataset, table: str) -> str:
    """Digest of the files, or of the rows of a database, that a table is made from."""
    address = _source(dataset, table).postgresql
    return digest_postgresql(address) if address else digest_files(table_files(dataset, table))


def table_digest(dataset: LoadedDataset, table: str, version: str) -> str:
    """Digest of everything a table is made from: its configuration, its sources and the code's version."""
    return digest_text(f"{version}\0{configuration_digest(dataset, table)}\0{source_digest(dataset, table)}")


def configuration_digest(dataset: LoadedDataset, table: str) -> str:
    """Digest of all that is configured about a table."""
    said = dataset.config.tables[table]
    everything = {
        "schema": dataset.config.schema_name,
        "table": said.model_dump(mode="json", by_alias=True),
        "elements_of": (
            dataset.config.tables[said.elements_of.table].model_dump(mode="json", by_alias=True)
            if said.elements_of
            else None
        ),
        "columns": {n: c.model_dump(mode="json") for n, c in sorted(dataset.dictionary.items())},
        "nulls": [repr(n) for n in dataset.nulls(table)],
        "formats": {n: f.model_dump(mode="json") for n, f in sorted(dataset.config.formats.items())},
        "bits": {n: [b.model_dump(mode="json") for b in bits] for n, bits in dataset.collection.bits.items()},
        "public_from": public_from(dataset.config, dataset.collection, said),
        "identity": dataset.config.identity.model_dump(mode="json") if dataset.config.identity else None,
        "relations": [r.model_dump(mode="json") for r in dataset.config.relations],
        "clustered": clustered_by(dataset.config, table),
    }
    return digest_text(json.dumps(everything, sort_keys=True))
