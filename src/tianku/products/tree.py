"""The files of a product set as the folders they came in: two small side files of its index, sorted by place."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tianku.model.metadata import PUBLIC_FROM_COLUMN
from tianku.products.durable import durable
from tianku.products.index import stored_at

FILES, FOLDERS = "tree-files.parquet", "tree-folders.parquet"
_SORTED = "(FORMAT PARQUET, COMPRESSION ZSTD, ROW_GROUP_SIZE 6144)"
#: between folder and name in a key: no file name holds it, and nothing sorts before it, so that what is
#: in one folder stands together, in order of names
_BETWEEN = "\0"

#: places are safe names below any folder; two files of one place (found below different roots) both stay: the
#: later goes into a folder of its checksum. A file of several products opens when the last of them does
_FILES = f"""
CREATE TEMP TABLE tree_files AS
SELECT *, row_number() OVER (ORDER BY key) - 1 AS file_number FROM (
SELECT parse_dirpath(place, 'forward_slash') AS folder, parse_filename(place, false, 'forward_slash') AS name,
       folder || chr(0) || name AS key, path, inside, store,
       stored.shard AS shard, stored."offset" AS "offset", size, sha256, crc32, mtime,
       octet_length(encode(place))::INTEGER AS octets, octet_length(encode(place)) = length(place) AS ascii,
       "{PUBLIC_FROM_COLUMN}"
FROM (SELECT *, if(row_number() OVER (PARTITION BY safe ORDER BY path) = 1, safe,
                   substr(sha256, 1, 12) || '/' || safe) AS place
      FROM (SELECT path, inside, array_to_string([if(step IN ('', '.', '..'), '_', step) FOR step IN string_split(
                       regexp_replace(inside, '[[:cntrl:]\\\\]', '_', 'g'), '/')], '/') AS safe,
                   any_value(store) AS store, min({{'shard': shard, 'offset': "offset"}}) AS stored,
                   any_value(size) AS size,
                   any_value(sha256) AS sha256, any_value(crc32) AS crc32, any_value(mtime) AS mtime,
                   if(count(*) = count(opens), max(opens), NULL) AS "{PUBLIC_FROM_COLUMN}"
            FROM (SELECT *, %(opens)s AS opens FROM kept %(joined)s WHERE inside IS NOT NULL)
            GROUP BY path, inside)))
"""
_FOLDERS = """
CREATE TEMP TABLE tree_folders AS
WITH RECURSIVE every(path) AS (
  SELECT folder FROM tree_files UNION SELECT '' UNION
  SELECT parse_dirpath(path, 'forward_slash') FROM every WHERE path <> ''),
keyed AS (
  SELECT path, if(path = '', NULL, parse_dirpath(path, 'forward_slash')) AS parent,
         parse_filename(path, false, 'forward_slash') AS name,
         coalesce(parent || chr(0) || name, '') AS key FROM every),
own AS (
  SELECT folder, min(n) AS first_file, count(*) AS files
  FROM (SELECT folder, row_number() OVER (ORDER BY key) - 1 AS n FROM tree_files) GROUP BY folder),
below AS (
  SELECT parent, min(n) AS first_folder, count(*) AS folders
  FROM (SELECT parent, row_number() OVER (ORDER BY key) - 1 AS n FROM keyed)
  WHERE parent IS NOT NULL GROUP BY parent)
SELECT keyed.key, keyed.name, coalesce(first_file, 0) AS first_file, coalesce(files, 0) AS files,
       coalesce(first_folder, 0) AS first_folder, coalesce(folders, 0) AS folders
FROM keyed LEFT JOIN own ON own.folder = keyed.path LEFT JOIN below ON below.parent = keyed.path
"""


def number_files(con: duckdb.DuckDBPyConnection, *, by_row: bool) -> None:
    """Number the files of the view ``kept`` in order of place, as table ``tree_files``.

    Files are at their path below the source folder (column ``inside``). With `by_row` each gets the instant of
    its products (table ``instants``) from which it is public.
    """
    opens = f'"{PUBLIC_FROM_COLUMN}"' if by_row else "NULL::BIGINT"
    con.execute(_FILES % {"opens": opens, "joined": "LEFT JOIN instants USING (key)" if by_row else ""})


def write_tree(con: duckdb.DuckDBPyConnection, folder: Path) -> tuple[Path, Path]:
    """Write the two side files of a set into `folder`, after `number_files`.

    Returns
    -------
    tuple
        The file of files and the file of folders.
    """
    con.execute(_FOLDERS)
    files, folders = folder / FILES, folder / FOLDERS
    columns = "key, * EXCLUDE (key, folder, inside, file_number)"
    with durable(files) as partial:
        con.execute(
            f"COPY (SELECT {columns} FROM tree_files ORDER BY key) TO $file {_SORTED}", {"file": str(partial)}
        )
    with durable(folders) as partial:
        con.execute(f"COPY (FROM tree_folders ORDER BY key) TO $file {_SORTED}", {"file": str(partial)})
    return files, folders


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder: how many folders and files are directly in it, and where their rows begin."""

    folders: int
    files: int
    first_folder: int
    first_file: int

    @property
    def entries(self) -> int:
        """All that a listing shows."""
        return self.folders + self.files


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file of the tree; `path` is where its bytes are, as in the index."""

    name: str
    path: str
    store: str
    size: int
    sha256: str
    mtime: float | None
    shard: str | None = None
    offset: int | None = None

    def file(self, originals: Path) -> Path:
        """Return where the bytes are."""
        return stored_at(self.store, self.path, self.shard, originals)


class ProductTree:
    """Look-ups in the tree of one product set; safe to share between threads.

    Only the least key of each row group is kept in memory, so a folder of millions of files costs
    what one page of it costs.
    """

    def __init__(self, files: Path, folders: Path) -> None:
        self._files, self._folders = _Sorted(files), _Sorted(folders)

    def folder(self, path: str) -> Folder | None:
        """Return the folder at `path` (``""`` is the root), None where there is none."""
        row = self._folders.find(_key(path) if path else "")
        if row is None:
            return None
        return Folder(row["folders"], row["files"], row["first_folder"], row["first_file"])

    def file(self, path: str) -> TreeFile | None:
        """Return the file at `path`, None where there is none."""
        row = self._files.find(_key(path))
        return None if row is None else _file(row)

    def names(self, folder: Folder, offset: int, limit: int) -> Iterator[str]:
        """Yield the names of `limit` folders in `folder` from number `offset` on."""
        last = min(offset + limit, folder.folders)
        for row in self._folders.rows(folder.first_folder + offset, folder.first_folder + last):
            yield row["name"]

    def files(self, folder: Folder, offset: int, limit: int) -> Iterator[TreeFile]:
        """Yield `limit` files in `folder` from number `offset` on."""
        last = min(offset + limit, folder.files)
        for row in self._files.rows(folder.first_file + offset, folder.first_file + last):
            yield _file(row)


def _key(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    # an empty folder before a slash is none: "/x" must not find "x"
    return f"{folder}{_BETWEEN}{name}" if folder or not slash else _BETWEEN


def _file(row: dict[str, Any]) -> TreeFile:
    return TreeFile(**{name: row[name] for name in TreeFile.__dataclass_fields__ if name in row})


class _Sorted:
    """A Parquet file sorted by its unique first column ``key``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._meta = pq.read_metadata(path)
        groups = [self._meta.row_group(i) for i in range(self._meta.num_row_groups)]
        self._least = [group.column(0).statistics.min for group in groups if group.num_rows]
        self._starts = np.cumsum([0, *(group.num_rows for group in groups if group.num_rows)])

    def find(self, key: str) -> dict[str, Any] | None:
        """Return the row of `key`."""
        group = bisect_right(self._least, key) - 1
        if group < 0:
            return None
        table = self._read(range(group, group + 1))
        rows: list[dict[str, Any]] = table.filter(pc.equal(table["key"], key)).to_pylist()
        return rows[0] if rows else None

    def rows(self, first: int, last: int) -> Iterator[dict[str, Any]]:
        """Yield the rows from number `first` to before `last`, one row group in memory at a time."""
        starts = self._starts.tolist()
        for group in range(bisect_right(starts, first) - 1, bisect_left(starts, last)):
            begin, end = max(first - starts[group], 0), last - starts[group]
            yield from self._read(range(group, group + 1)).slice(begin, end - begin).to_pylist()

    def _read(self, groups: range) -> pa.Table:
        """A file of its own per call: readers are not shared between threads."""
        with pq.ParquetFile(self._path, metadata=self._meta) as file:
            return file.read_row_groups(list(groups), use_threads=False)
