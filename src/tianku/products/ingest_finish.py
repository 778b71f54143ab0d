"""The end of a product ingest: sorted index, ObsCore rows sorted on the sky, reject report, manifest."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tianku.catalogue.manifest import FileEntry, ProductSetManifest, RejectSummary
from tianku.model.metadata import HEALPIX_COLUMN
from tianku.products.context import SetContext
from tianku.products.durable import durable
from tianku.products.index import index_schema
from tianku.products.ingest_file import index_path
from tianku.products.ingest_instants import indexed_rows, never_public
from tianku.products.joining import join_files
from tianku.products.obscore import header_names, obscore_rows, obscore_schema
from tianku.products.renditions import offered
from tianku.products.tree import number_files, write_tree
from tianku.sky import moc
from tianku.storage.failpoints import failpoint
from tianku.storage.files import sha256_file

_BATCH = 20_000
#: small row groups: an id look-up reads one of them
_BY_KEY = "(FORMAT PARQUET, COMPRESSION ZSTD, ROW_GROUP_SIZE 6144)"
_BY_POSITION = "(FORMAT PARQUET, COMPRESSION ZSTD, ROW_GROUP_SIZE 25000)"


def finish(
    context: SetContext,
    out: Path,
    folder: Path,
    chunks: Sequence[Path],
    rejected: Sequence[tuple[str, str]],
    skipped: int = 0,
) -> ProductSetManifest:
    """Merge the chunks into the files of the snapshot and return the manifest (paths relative to `out`)."""
    con = duckdb.connect(config={"memory_limit": "1GB", "temp_directory": str(folder / "chunks")})
    try:
        _load(con, context, chunks)
        index, repeated = folder / "index.parquet", _repeated(con)
        rows = indexed_rows(con, context, folder / "chunks")
        number_files(con, by_row=context.public_from is not None)
        joined = "LEFT JOIN tree_files t ON r.path = t.path AND r.inside = t.inside"
        numbered = f"SELECT r.*, t.file_number FROM ({rows}) r {joined}"
        with durable(index) as partial:
            sorted_rows = f"{numbered} ORDER BY key, category, path, part_number"
            con.execute(f"COPY ({sorted_rows}) TO $file {_BY_KEY}", {"file": str(partial)})
        counts = _counts(con, context.config.main)
        alone = _without_product(con, context)
        failpoint("products.after_index")
        never = never_public(con, context)
        files, folders = write_tree(con, folder)
        obscore, coverage = write_obscore(con, context, folder, index)
    finally:
        con.close()
    rejects = [*rejected, *repeated, *alone]
    return ProductSetManifest(
        name=context.name,
        type=context.config.type or "other",
        index=file_entry(out, index),
        obscore=file_entry(out, obscore, _range(obscore)),
        tree=(file_entry(out, files), file_entry(out, folders)),
        **counts,
        rejects=_write_rejects(out, folder, rejects),
        skipped=skipped,
        moc=coverage,
        by_row=context.public_from is not None,
        never_public=never,
    )


def _load(con: duckdb.DuckDBPyConnection, context: SetContext, chunks: Sequence[Path]) -> None:
    """View ``kept``: all rows but those of a file whose key an earlier file (by path) of its category has."""
    if not chunks:
        con.register("everything", index_schema(header_names(context)).empty_table())
    else:
        con.read_parquet([str(c) for c in chunks]).create_view("everything" if context.join is None else "single")
        if context.join is not None:
            join_files(con, context.join, "single", "everything")
    con.execute("CREATE TEMP TABLE firsts AS SELECT key, category, min(path) AS path FROM everything GROUP BY ALL")
    con.execute("CREATE VIEW kept AS SELECT e.* FROM everything e SEMI JOIN firsts USING (key, category, path)")


def _repeated(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    rows = con.execute(
        "SELECT DISTINCT e.path, e.key, f.path FROM everything e JOIN firsts f USING (key, category)"
        " WHERE e.path <> f.path ORDER BY 1"
    ).fetchall()
    return [(path, f"key.repeated: its key {key} is that of {first}") for path, key, first in rows]


def _without_product(con: duckdb.DuckDBPyConnection, context: SetContext) -> list[tuple[str, str]]:
    """Files of the other categories that no product has taken."""
    files = list(offered(context.config, context.source_root))
    if not files:
        return []
    stored = [index_path(context, f.path) for f in files]
    listed = {"category": [f.category for f in files], "path": stored, "source": [str(f.path) for f in files]}
    con.register("offered", pa.table(listed))
    rows = con.execute(
        "SELECT source, category FROM offered ANTI JOIN kept USING (category, path) ORDER BY 1"
    ).fetchall()
    main = context.config.main
    return [(path, f"rendition.alone: no {main} file goes with this {category} file") for path, category in rows]


def _counts(con: duckdb.DuckDBPyConnection, main: str) -> dict[str, int]:
    rows = con.execute(
        "SELECT count(DISTINCT key), count(*) FILTER (category = $main), count(DISTINCT path), coalesce((SELECT"
        " sum(size) FROM (SELECT DISTINCT path, size FROM kept)), 0) FROM kept",
        {"main": main},
    ).fetchall()
    products, parts, files, size = rows[0]
    return {"products": int(products), "parts": int(parts), "files": int(files), "bytes": int(size)}


def write_obscore(
    con: duckdb.DuckDBPyConnection, context: SetContext, folder: Path, index: Path
) -> tuple[Path, str | None]:
    """Write the ObsCore rows of an index to `folder` (which has a scratch folder ``chunks``).

    Returns
    -------
    tuple
        The file, and the coverage as an ASCII MOC.
    """
    unsorted, target = folder / "chunks" / "obscore.parquet", folder / "obscore.parquet"
    cells: list[np.ndarray] = []
    schema = obscore_schema(by_row=context.public_from is not None)
    with pq.ParquetWriter(unsorted, schema, compression="zstd") as writer:
        for rows in _whole_products(context, index):
            table = obscore_rows(context, rows)
            writer.write_table(table)
            cells.append(np.unique(table[HEALPIX_COLUMN].drop_null().to_numpy() >> 38))
    with durable(target) as partial:
        con.execute(
            f"COPY (FROM read_parquet($rows) ORDER BY {HEALPIX_COLUMN}, obs_publisher_did)"
            f" TO $file {_BY_POSITION}",
            {"rows": str(unsorted), "file": str(partial)},
        )
    found = np.unique(np.concatenate(cells)) if cells else np.empty(0, dtype=np.int64)
    return target, moc.to_ascii(moc.from_pixels(found << 38)) if len(found) else None


def _whole_products(context: SetContext, index: Path) -> Iterator[pa.Table]:
    """Batches of the main category that never cut a product in two (the index is sorted by key)."""
    held: pa.Table | None = None
    for batch in pq.ParquetFile(index).iter_batches(_BATCH):
        table = pa.Table.from_batches([batch])
        table = table.filter(pc.equal(table["category"], context.config.main))
        table = table if held is None else pa.concat_tables([held, table])
        if not len(table):
            continue
        keys = table["key"].combine_chunks().to_numpy(zero_copy_only=False)
        cut = int(np.searchsorted(keys == keys[-1], True))
        yield table.slice(0, cut)
        held = table.slice(cut)
    if held is not None and len(held):
        yield held


def _write_rejects(out: Path, folder: Path, rejects: Sequence[tuple[str, str]]) -> RejectSummary:
    if not rejects:
        return RejectSummary()
    report = folder / "rejects.csv"
    with durable(report) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "row", "reason"))
        writer.writerows((file, "", reason) for file, reason in rejects)
    reasons = Counter(reason.partition(":")[0] for _, reason in rejects)
    return RejectSummary(total=len(rejects), reasons=dict(reasons), report=str(report.relative_to(out)))


def file_entry(out: Path, path: Path, healpix: tuple[int, int] | None = None) -> FileEntry:
    """Return the entry of a file of the snapshot `out`."""
    digest = sha256_file(path)
    rows = pq.read_metadata(path).num_rows
    size = path.stat().st_size
    return FileEntry(path=str(path.relative_to(out)), bytes=size, sha256=digest, rows=rows, healpix=healpix)


def _range(path: Path) -> tuple[int, int] | None:
    cells = pq.read_table(path, columns=[HEALPIX_COLUMN])[HEALPIX_COLUMN]
    found = pc.min_max(cells)
    low, high = found["min"].as_py(), found["max"].as_py()
    return None if low is None else (low, high)
