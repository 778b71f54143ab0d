"""Side tables of unique columns: value -> HEALPix index, sorted by value, for look-ups by id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tianku.catalogue.manifest import FileEntry
from tianku.catalogue.parquet_files import write_stream
from tianku.model.metadata import HEALPIX_COLUMN


@dataclass(slots=True)
class IdTable:
    """One side table as written, and whether its values are unique."""

    column: str
    entry: FileEntry
    repeats: int = 0
    nulls: int = 0
    example: object = None

    def remark(self) -> str | None:
        """What to tell the operator when the column is not the unique id it was said to be."""
        if self.repeats:
            return (
                f"{self.column} is configured as unique, but {self.repeats} values repeat "
                f"(such as {self.example!r}); "
                "it is searchable, yet not offered as a key: set `id: null` or name another column"
            )
        return (
            f"{self.column} is configured as unique, but {self.nulls} rows have no value" if self.nulls else None
        )


def build_id_table(
    con: duckdb.DuckDBPyConnection, column: str, files: Sequence[Path], target: Path, root: Path
) -> IdTable:
    """Write ``(value, _healpix_29)`` of one column of Parquet files, sorted by value."""
    sql = (
        f'SELECT "{column}" AS value, "{HEALPIX_COLUMN}" FROM read_parquet($files, hive_partitioning=false) '
        f'WHERE "{column}" IS NOT NULL ORDER BY value, "{HEALPIX_COLUMN}"'
    )
    result = IdTable(column, FileEntry(path="", bytes=0, sha256=""))
    reader = con.sql(sql, params={"files": [str(f) for f in files]}).to_arrow_reader(131_072)
    result.entry = write_stream(target, reader.schema, _watched(reader, result), root)
    return result


def check_unique(con: duckdb.DuckDBPyConnection, column: str, files: Sequence[Path]) -> str | None:
    """Return a remark when a column of a table without positions is not unique."""
    row = con.execute(
        f'SELECT count(*), count("{column}"), count(DISTINCT "{column}") '
        "FROM read_parquet($1, hive_partitioning=false)",
        [[str(f) for f in files]],
    ).fetchone()
    rows, valued, distinct = row or (0, 0, 0)
    entry = FileEntry(path="", bytes=0, sha256="")
    return IdTable(column, entry, valued - distinct, rows - valued).remark()


def _watched(reader: pa.RecordBatchReader, result: IdTable) -> Iterator[pa.RecordBatch]:
    """Pass batches on, counting values equal to the one before."""
    last: pa.Scalar | None = None
    for batch in reader:
        values = batch["value"]
        same = pc.equal(values[1:], values[:-1])
        repeats = pc.sum(same).as_py() or 0
        if last is not None and len(values) and values[0] == last:
            repeats += 1
            result.example = last.as_py()
        if repeats and result.example is None:
            result.example = values[pc.index(same, True).as_py()].as_py()
        result.repeats += repeats
        last = values[-1] if len(values) else last
        yield batch
