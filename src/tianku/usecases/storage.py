"""Where the rows of published tables are: from manifests to what planner and engines need."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from tianku.catalogue.manifest import TableManifest
from tianku.engines.base import Read, Relation
from tianku.model.metadata import HEALPIX_COLUMN, PUBLIC_FROM_COLUMN, schema_name
from tianku.planner.stored import Stored, StoredFile
from tianku.usecases.picture import Picture, PublishedTable
from tianku.usecases.pictures import serving_copy


def stored(table: PublishedTable, data_root: Path) -> Stored:
    """Return where the rows of one published table are."""
    manifest, folder = table.manifest, str(table.folder)
    # texts, not paths: an archive of 40 versions has ten thousand files
    files = tuple(
        StoredFile(
            f"{folder}/{f.path}", f.rows or 0, f.healpix, None if f.mtime_ns is None else (f.bytes, f.mtime_ns)
        )
        for f in manifest.files
    )
    dataset, revision = table.home
    serving = serving_copy(data_root, dataset, revision, table.meta.name)
    return Stored(
        uid=f"{schema_name(dataset)}.{table.meta.name}@{revision}",
        schema=physical_schema(table),
        nrows=table.meta.nrows or 0,
        files=files,
        serving=str(serving) if serving.is_file() else None,
        id_tables={
            column: tuple(f"{folder}/{path}" for path in paths) for column, paths in manifest.id_files().items()
        },
        reads=_reads(manifest),
    )


def _reads(manifest: TableManifest) -> dict[str, Read]:
    if not manifest.columns:
        return {}
    reads = {c.name: Read(c.source, c.nan) for c in manifest.columns}
    return reads | {HEALPIX_COLUMN: Read(HEALPIX_COLUMN)}


def physical_schema(table: PublishedTable) -> pa.Schema:
    """Return the columns of a table's files: those published and the internal ones, which callers never see."""
    schema = table.meta.arrow_schema()
    if table.meta.main_position is not None:
        schema = schema.append(pa.field(HEALPIX_COLUMN, pa.int64()))
    if table.manifest.by_row:
        schema = schema.append(pa.field(PUBLIC_FROM_COLUMN, pa.int64()))
    return schema


def stored_tables(picture: Picture, data_root: Path) -> dict[str, Stored]:
    """Return where the rows of every table are, by qualified name."""
    tables = (table for dataset in picture.datasets.values() for table in dataset.tables.values())
    return {table.meta.qualified_name: stored(table, data_root) for table in tables}


def relations_of(tables: Iterable[Stored]) -> list[Relation]:
    """Return everything that the short lane reads: tables and their id side tables."""
    relations = []
    for one in tables:
        if one.table is not None:
            continue
        relations.append(one.everything)
        for column, paths in one.id_tables.items():
            schema = pa.schema([("value", one.schema.field(column).type), (HEALPIX_COLUMN, pa.int64())])
            relations.append(Relation(f"{one.uid}.{column}", schema, tuple(paths)))
    return relations
