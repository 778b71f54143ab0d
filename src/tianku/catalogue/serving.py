"""Serving copies: one DuckDB file with a table's rows in the same order; a cache that can be rebuilt."""

from __future__ import annotations

import uuid
from pathlib import Path

from tianku.catalogue.engine import working_engine
from tianku.catalogue.manifest import TableManifest
from tianku.storage.files import atomic_write, fsync_directory, fsync_file, sha256_file

#: name of the copy inside a table's folder, and of the table inside the copy
SERVING_NAME = "serving.duckdb"


def sum_of(copy: Path) -> Path:
    """Return the file that holds the checksum of a copy."""
    return copy.with_name(f"{copy.name}.sha256")


def build_serving_copy(
    snapshot: Path, table: TableManifest, target: Path, *, memory_bytes: int = 2 << 30, threads: int = 2
) -> Path:
    """Build ``target`` (table ``data``) from a table's Parquet files; it appears complete or not at all.

    Parameters
    ----------
    snapshot
        Folder that the manifest's paths are relative to.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    files = [str(snapshot / f.path) for f in table.files]
    try:
        with working_engine(temporary.with_suffix(".tmp"), memory_bytes, threads, database=str(temporary)) as con:
            # NaN never reaches a table and insertion order is the HEALPix order: keep it.
            con.execute("SET preserve_insertion_order=true")
            con.execute("CREATE TABLE data AS SELECT * FROM read_parquet($1, hive_partitioning=false)", [files])
            con.execute("CHECKPOINT")
        fsync_file(temporary)
        with atomic_write(sum_of(target)) as file:
            file.write(f"{sha256_file(temporary)}  {target.name}\n".encode())
        temporary.replace(target)
        fsync_directory(target.parent)
    finally:
        temporary.unlink(missing_ok=True)
        temporary.with_name(temporary.name + ".wal").unlink(missing_ok=True)
    return target
