"""The tables an installation owns, built once per generation: ObsCore and TAP_SCHEMA.

ObsCore is one physical table, sorted on the sky: a union of views would cost milliseconds per set in
every query. Each table is a DuckDB file of its own (table ``data``), as serving copies are.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from tianku.catalogue.engine import working_engine
from tianku.catalogue.tap_schema import (
    OWNER_COLUMN,
    TAP_SCHEMA,
    SameAudience,
    SiteSchema,
    SiteTable,
    physical_schema,
    tap_schema_rows,
)
from tianku.model.metadata import HEALPIX_COLUMN, PUBLIC_FROM_COLUMN, TableMeta
from tianku.model.types import TYPES
from tianku.storage.files import fsync_tree

__all__ = [
    "OWNER_COLUMN",
    "BuiltTable",
    "DerivedTable",
    "ObsCoreFile",
    "SiteSchema",
    "SiteTable",
    "build_site_tables",
    "load_site_tables",
]


@dataclass(frozen=True, slots=True)
class ObsCoreFile:
    """ObsCore rows of one product set (Parquet), and the number that decides who sees them."""

    number: int
    path: Path
    #: the rows carry the instant from which each is public
    by_row: bool = False


@dataclass(frozen=True, slots=True)
class BuiltTable:
    """A system table: what queries see, the file that holds it, and the schema as stored."""

    meta: TableMeta
    serving: Path
    schema: pa.Schema


@dataclass(frozen=True, slots=True)
class DerivedTable:
    """A table worked out of ObsCore: SQL of its columns, in their order, by the number of the rows' owner."""

    number: int
    meta: TableMeta
    made: Mapping[int, Sequence[str]]


def build_site_tables(
    out: Path,
    schemas: Sequence[SiteSchema],
    obscore: TableMeta,
    obscore_files: Sequence[ObsCoreFile],
    derived: Sequence[DerivedTable] = (),
    *,
    same_audience: SameAudience,
    memory_bytes: int = 1 << 30,
    threads: int = 2,
) -> dict[str, BuiltTable]:
    """Build the system tables in the folder `out`, which appears complete or not at all.

    Parameters
    ----------
    schemas
        Published schemas; ``ivoa`` and ``tap_schema`` are added here.
    obscore
        ``ivoa.obscore`` as queries see it; its columns must be those of the files.
    same_audience
        Whether the rows of two numbers are seen by the same callers.

    Returns
    -------
    dict
        By folded qualified name, ``ivoa.obscore`` first.
    """
    ivoa = SiteSchema(0, "ivoa", (SiteTable(0, obscore),), "Every product of this site as ObsCore")
    temporary = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}")
    temporary.mkdir(parents=True)
    try:
        with working_engine(temporary / ".scratch", memory_bytes, threads) as con:
            _build_obscore(con, temporary, obscore, obscore_files)
            for one in derived:
                _build_derived(con, temporary, one)
            for name, rows in tap_schema_rows([ivoa, *_with(schemas, derived)], same_audience).items():
                con.register("incoming", rows)
                _create(con, _file(temporary, "tap_schema", name), "SELECT * FROM incoming")
                con.unregister("incoming")
        fsync_tree(temporary)
        _appear(temporary, out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return load_site_tables(out, obscore, derived)


def _with(schemas: Sequence[SiteSchema], derived: Sequence[DerivedTable]) -> list[SiteSchema]:
    """Return the schemas with the derived tables in theirs."""
    made: dict[str, tuple[SiteTable, ...]] = {}
    for one in derived:
        name = one.meta.schema_name
        made[name] = (*made.get(name, ()), SiteTable(one.number, one.meta))
    return [replace(schema, tables=(*schema.tables, *made.get(schema.name, ()))) for schema in schemas]


def _build_derived(con: duckdb.DuckDBPyConnection, folder: Path, table: DerivedTable) -> None:
    """Fill a derived table from the ObsCore table just built, in its order."""
    source = str(_file(folder, "ivoa", "obscore")).replace("'", "''")
    con.execute(f"ATTACH '{source}' AS observed (READ_ONLY)")
    kinds = {c.name: TYPES[c.type].duckdb for c in table.meta.columns}
    selects = []
    for number, made in table.made.items():
        cells = [
            f'CAST({sql} AS {kinds[c.name]}) AS "{c.name}"'
            for c, sql in zip(table.meta.columns, made, strict=True)
        ]
        own = [f'"{name}"' for name in (HEALPIX_COLUMN, PUBLIC_FROM_COLUMN, OWNER_COLUMN)]
        selects.append(f'SELECT {", ".join([*cells, *own])} FROM observed.data WHERE "{OWNER_COLUMN}" = {number}')
    try:
        rows = " UNION ALL ".join(selects)
        _create(con, _file(folder, table.meta.schema_name, table.meta.name),
                f'SELECT * FROM ({rows}) ORDER BY "{HEALPIX_COLUMN}" NULLS LAST, 1')  # fmt: skip
    finally:
        con.execute("DETACH observed")


def _appear(made: Path, out: Path) -> None:
    """Put `made` at `out`, unless another process has put the same there, which may be in use by now."""
    try:
        made.rename(out)
    except OSError:
        if not out.is_dir():
            raise


def load_site_tables(out: Path, obscore: TableMeta, derived: Sequence[DerivedTable] = ()) -> dict[str, BuiltTable]:
    """Return the tables that `build_site_tables` made in `out`."""
    built = {
        obscore.qualified_name.lower(): BuiltTable(obscore, _file(out, "ivoa", "obscore"), _stored_schema(obscore))
    }
    for one in derived:
        file = _file(out, one.meta.schema_name, one.meta.name)
        built[one.meta.qualified_name.lower()] = BuiltTable(one.meta, file, _stored_schema(one.meta))
    for meta in TAP_SCHEMA:
        built[meta.qualified_name] = BuiltTable(meta, _file(out, "tap_schema", meta.name), physical_schema(meta))
    return built


def _stored_schema(obscore: TableMeta) -> pa.Schema:
    internal = {HEALPIX_COLUMN: pa.int64(), PUBLIC_FROM_COLUMN: pa.int64(), OWNER_COLUMN: pa.int32()}
    return pa.schema([*obscore.arrow_schema(), *(pa.field(name, kind) for name, kind in internal.items())])


def _file(folder: Path, schema: str, table: str) -> Path:
    return folder / f"{schema}.{table}.duckdb"


def _build_obscore(
    con: duckdb.DuckDBPyConnection, folder: Path, meta: TableMeta, files: Sequence[ObsCoreFile]
) -> None:
    names = [*(c.name for c in meta.columns), HEALPIX_COLUMN]
    instant = f'o."{PUBLIC_FROM_COLUMN}"' if any(f.by_row for f in files) else "NULL::BIGINT"
    columns = ", ".join([*(f'o."{name}"' for name in names), f'{instant} AS "{PUBLIC_FROM_COLUMN}"'])
    target = _file(folder, "ivoa", "obscore")
    if not files:
        con.register("incoming", _stored_schema(meta).empty_table())
        _create(con, target, "SELECT * FROM incoming")
        con.unregister("incoming")
        return
    paths = [str(f.path) for f in files]
    con.register("owners", pa.table({"path": paths, "number": pa.array([f.number for f in files], pa.int32())}))
    con.execute("CREATE TEMP TABLE owner AS SELECT * FROM owners")
    source = ", ".join(f"'{path.replace(chr(39), chr(39) * 2)}'" for path in paths)
    # a total order: rows of one place must not lie as the hidden ones among them make them fall
    order = f'o."{HEALPIX_COLUMN}" NULLS LAST, w.number, o.file_row_number'
    options = "filename=true, file_row_number=true, hive_partitioning=false, union_by_name=true"
    _create(
        con,
        target,
        f'SELECT {columns}, w.number AS "{OWNER_COLUMN}" FROM read_parquet([{source}], {options}) o '
        f"JOIN owner w ON o.filename = w.path ORDER BY {order}",
    )
    con.unregister("owners")


def _create(con: duckdb.DuckDBPyConnection, target: Path, select: str) -> None:
    con.execute(f"ATTACH '{str(target).replace(chr(39), chr(39) * 2)}' AS target")
    try:
        con.execute(f"CREATE TABLE target.data AS {select}")
        con.execute("CHECKPOINT target")
    finally:
        con.execute("DETACH target")
