"""Whether the files of a product set are those that its index names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from tianku.catalogue.manifest import ProductSetManifest
from tianku.products.index import packs_beside
from tianku.storage.files import sha256_file

#: path, and what is wrong with it
Wrong = tuple[Path, str]
#: looks at one file that a row names
Look = Callable[[dict[str, object]], Wrong | None]
_BATCH = 10_000
_FILES = """
SELECT path, store, min(size) AS size, min(sha256) AS sha256 FROM read_parquet($1)
WHERE store IN ('copy', 'in-place') GROUP BY path, store ORDER BY path
"""
#: a shard ends two blocks or more after its last member
_SHARDS = """
SELECT shard, max("offset" + size) AS size FROM read_parquet($1)
WHERE shard IS NOT NULL GROUP BY shard ORDER BY shard
"""
_COUNTS = """
SELECT count(DISTINCT key), count(DISTINCT path), count(*),
       coalesce(count_if(key < before), 0)
FROM (SELECT key, path, lag(key) OVER (ORDER BY file_row_number) AS before
      FROM read_parquet($1, file_row_number=true))
"""


def check_set(folder: Path, manifest: ProductSetManifest, originals: Path, *, deep: bool) -> Iterator[Wrong]:
    """Yield what is wrong with a set whose index is in `folder`; with `deep` every file is read.

    Parameters
    ----------
    originals
        Folder that the paths of copied files are relative to.
    """
    index = folder / manifest.index.path
    with duckdb.connect() as con:
        products, files, rows, unsorted = con.execute(_COUNTS, [str(index)]).fetchall()[0]
        if (products, files, rows) != (manifest.products, manifest.files, manifest.index.rows):
            yield (
                index,
                f"it has {products:,} products, {files:,} files and {rows:,} rows, the manifest says"
                f" {manifest.products:,}, {manifest.files:,} and {manifest.index.rows or 0:,}",
            )
        if unsorted:
            yield index, "its keys are not in order"
        wanted: list[tuple[str, Look]] = [(_FILES, _Look(originals, deep))]
        if "shard" in pq.read_schema(index).names:  # not in sets made before there were packs
            wanted.append((_SHARDS, _Shard(packs_beside(originals), deep)))
        with ThreadPoolExecutor(8) as pool:
            for sql, look in wanted:
                for batch in con.sql(sql, params=[str(index)]).to_arrow_reader(_BATCH):
                    yield from (wrong for wrong in pool.map(look, batch.to_pylist()) if wrong)


def check_obscore(folder: Path, manifest: ProductSetManifest) -> Iterator[Wrong]:
    """Yield what is wrong with the ObsCore rows of a set, which are in the set's own snapshot."""
    entry = manifest.obscore
    if entry is not None and (rows := pq.read_metadata(folder / entry.path).num_rows) != entry.rows:
        yield folder / entry.path, f"it has {rows:,} rows, the manifest says {entry.rows or 0:,}"


class _Look:
    """Compares one file with its row of the index."""

    def __init__(self, originals: Path, deep: bool) -> None:
        self._originals, self._deep = originals, deep

    def __call__(self, row: dict[str, object]) -> Wrong | None:
        path = Path(str(row["path"])) if row["store"] == "in-place" else self._originals / str(row["path"])
        try:
            size = path.stat().st_size
            if size != row["size"]:
                return path, f"it has {size:,} bytes, the index says {row['size']:,}"
            if self._deep and sha256_file(path) != row["sha256"]:
                return path, "its bytes are not those that were indexed (sha256)"
        except OSError as error:
            return path, f"it cannot be read: {error.strerror}"
        return None


class _Shard:
    """Looks at one shard, whose name is its checksum."""

    def __init__(self, packs: Path, deep: bool) -> None:
        self._packs, self._deep = packs, deep

    def __call__(self, row: dict[str, object]) -> Wrong | None:
        path = self._packs / str(row["shard"])
        try:
            size = path.stat().st_size
            if size < int(str(row["size"])):
                return path, f"it has {size:,} bytes, its members end at {row['size']:,}"
            if self._deep and sha256_file(path) != path.stem:
                return path, "its bytes are not those that were written (sha256)"
        except OSError as error:
            return path, f"it cannot be read: {error.strerror}"
        return None
