"""What a segment was made from: its source files, and the schema they had together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tianku.catalogue.digest import digest_files
from tianku.catalogue.distinct import Hashes
from tianku.catalogue.manifest import FileEntry, TableManifest
from tianku.catalogue.parquet_files import write_stream
from tianku.catalogue.sources import label
from tianku.model.config.load import LoadedDataset
from tianku.model.types import DataType, arrow_to_datatype

SOURCES, SKETCHES = "sources.parquet", "sketches.parquet"
_SCHEMA = b"tianku.source_schema"


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """Digests of source files by their name in reports, and the columns of all of them."""

    digests: Mapping[str, str]
    schema: pa.Schema

    @property
    def types(self) -> dict[str, DataType]:
        """Types of the columns, as readers of text are told them."""
        found = {field.name: arrow_to_datatype(field.type) for field in self.schema}
        return {name: kind for name, (kind, size) in found.items() if size is None}


def file_digests(dataset: LoadedDataset, files: Iterable[Path]) -> dict[str, str]:
    """Return what tells each file from an earlier state of it (see `digest_files`)."""
    return {label(path, dataset.source_root): digest_files([path]) for path in files}


def write_sources(path: Path, digests: Mapping[str, str], schema: pa.Schema, root: Path) -> FileEntry:
    """Write the source files of a segment."""
    columns = {"file": list(digests), "digest": list(digests.values())}
    kept = pa.schema([("file", pa.string()), ("digest", pa.string())], {_SCHEMA: schema.serialize().to_pybytes()})
    return write_stream(path, kept, pa.table(columns, schema=kept).to_batches(), root)


def read_sources(folder: Path, manifest: TableManifest) -> SourceFiles | None:
    """Return the source files of all segments of a table; None where they were not noted."""
    if manifest.sources is None:
        return None
    digests: dict[str, str] = {}
    for path in (manifest.sources, *(delta.sources for delta in manifest.deltas)):
        if path is None:
            return None
        table = pq.read_table(folder / path)
        digests |= dict(zip(table["file"].to_pylist(), table["digest"].to_pylist(), strict=True))
    stored = pq.read_schema(folder / manifest.sources).metadata[_SCHEMA]
    return SourceFiles(digests, pa.ipc.read_schema(pa.py_buffer(stored)))


def write_sketches(path: Path, sketches: Mapping[str, Hashes], root: Path) -> FileEntry:
    """Write the hashes from which numbers of distinct values are counted on."""
    least = pa.array([hashes.tolist() for hashes in sketches.values()], pa.list_(pa.uint64()))
    table = pa.table({"column": pa.array(list(sketches), pa.string()), "least": least})
    return write_stream(path, table.schema, table.to_batches(), root)


def read_sketches(path: Path) -> dict[str, Hashes]:
    """Return the hashes kept of each column."""
    table = pq.read_table(path)
    found = zip(table["column"].to_pylist(), table["least"], strict=True)
    return {name: np.asarray(least.values.to_numpy(), dtype=np.uint64) for name, least in found}
