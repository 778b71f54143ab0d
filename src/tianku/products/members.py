"""The files of a product set as members of archives: by their numbers in the tree of the set."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tianku.model.metadata import PUBLIC_FROM_COLUMN

Numbers = npt.NDArray[np.int64]

#: row groups read at a time by what scans: bounds its memory
_GROUPS = 64
_MEMBER = ("key", "path", "store", "shard", "offset", "size", "sha256", "crc32", "mtime")


@dataclass(frozen=True, slots=True)
class Facts:
    """What lengths are computed from, one value per member."""

    octets: Numbers
    ascii: npt.NDArray[np.bool_]
    sizes: Numbers


@dataclass(frozen=True, slots=True)
class Member:
    """One file; `place` is its name below the set, safe below any folder."""

    place: str
    path: str
    store: str
    shard: str | None
    offset: int | None
    size: int
    sha256: str
    crc32: int
    mtime: float | None


class Members:
    """The file ``tree-files.parquet`` of one set, read by row numbers; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._meta = pq.read_metadata(path)
        groups = [self._meta.row_group(i) for i in range(self._meta.num_row_groups)]
        self._starts = np.cumsum([0, *(group.num_rows for group in groups)])
        self._least = [group.column(0).statistics.min for group in groups if group.num_rows]

    def __len__(self) -> int:
        return int(self._meta.num_rows)

    def facts(self, numbers: Numbers) -> Iterator[Facts]:
        """Yield what the lengths of the members of ascending `numbers` follow from, some at a time."""
        for table in self._taken(numbers, ("octets", "ascii", "size"), _GROUPS):
            octets = table["octets"].to_numpy().astype(np.int64)
            yield Facts(octets, table["ascii"].to_numpy(), table["size"].to_numpy())

    def opening(self, numbers: Numbers) -> npt.NDArray[np.float64]:
        """Return when each becomes public by itself, POSIX seconds; infinite for never."""
        tables = self._taken(numbers, (PUBLIC_FROM_COLUMN,), _GROUPS)
        found = [pc.fill_null(t.column(0).cast(pa.float64()), np.inf).to_numpy() for t in tables]
        return np.concatenate(found) if found else np.empty(0)

    def rows(self, numbers: Numbers) -> Iterator[Member]:
        """Yield the members of ascending `numbers`, one row group in memory at a time."""
        for table in self.tables(numbers):
            yield from members_in(table)

    def tables(self, numbers: Numbers) -> Iterator[pa.Table]:
        """Yield the same as tables, one per row group, of the columns of `Member`."""
        for table in self._taken(numbers, _MEMBER, 1):
            places = pc.utf8_ltrim(pc.replace_substring(table["key"], "\0", "/"), "/")
            yield table.set_column(0, "place", places)

    def keys(self, numbers: Numbers) -> pa.Array:
        """Return the keys of the tree's rows."""
        found = [c for t in self._taken(numbers, ("key",), _GROUPS) for c in t["key"].chunks]
        return pa.concat_arrays(found) if found else pa.array([], pa.string())

    def locate(self, keys: pa.Array) -> Numbers:
        """Return the numbers of those of the ascending `keys` that there are."""
        found = [np.empty(0, np.int64)]
        for first, table, wanted in matched(self._path, self._meta, self._least, keys, ("key",)):
            hits = pc.is_in(table["key"], value_set=wanted).to_numpy()
            found.append(int(self._starts[first]) + np.flatnonzero(hits))
        return np.concatenate(found)

    def below(self, folder: str) -> Numbers:
        """Return the numbers of all files in a folder and those below it (``""``: all)."""
        if not folder:
            return np.arange(len(self))
        # "a\0x" (in it) and "a/b\0x" (below it) are two runs: "a-b" sorts between them
        runs = [(f"{folder}\0", f"{folder}\1"), (f"{folder}/", f"{folder}0")]
        return np.concatenate([np.arange(self._rank(low), self._rank(high)) for low, high in runs])

    def _rank(self, key: str) -> int:
        """How many files sort before `key`."""
        group = max(0, bisect_left(self._least, key) - 1)
        if not self._least:
            return 0
        with pq.ParquetFile(self._path, metadata=self._meta) as file:
            keys = file.read_row_group(group, columns=["key"])["key"]
        return int(self._starts[group]) + bisect_left(range(len(keys)), key, key=lambda i: keys[i].as_py())

    def _taken(self, numbers: Numbers, columns: Sequence[str], at_once: int) -> Iterator[pa.Table]:
        touched = np.unique(np.searchsorted(self._starts, numbers, "right") - 1)
        for begin in range(0, len(touched), at_once):
            groups = touched[begin : begin + at_once]
            low, high = np.searchsorted(numbers, [self._starts[groups[0]], self._starts[groups[-1] + 1]])
            wanted = numbers[low:high]
            own = np.searchsorted(groups, np.searchsorted(self._starts, wanted, "right") - 1)
            before = np.cumsum([0, *(self._starts[groups + 1] - self._starts[groups])])[own]
            with pq.ParquetFile(self._path, metadata=self._meta) as file:
                table = file.read_row_groups(groups.tolist(), columns=list(columns), use_threads=at_once > 1)
            yield table.take(pa.array(wanted - self._starts[groups[own]] + before))


def members_in(table: pa.Table) -> Iterator[Member]:
    """Yield the rows of a table of `Members.tables`."""
    columns = [column.to_pylist() for column in table.columns]
    return (Member(*values) for values in zip(*columns, strict=True))


def matched(
    path: Path, meta: pq.FileMetaData, least: Sequence[str], wanted: pa.Array, columns: Sequence[str]
) -> Iterator[tuple[int, pa.Table, pa.Array]]:
    """Yield the row groups, of a file sorted by its first column, that may hold one of the ascending `wanted`.

    Yields
    ------
    tuple
        Number of the first row group, rows of some row groups, and the part of `wanted` that may be in them.
    """
    with pq.ParquetFile(path, metadata=meta) as file:
        for first in range(0, len(least), _GROUPS):
            last = min(first + _GROUPS, len(least))
            low = bisect_left(range(len(wanted)), least[first], key=lambda i: wanted[i].as_py())
            high = len(wanted)
            if last < len(least):  # a key may go on in the next group
                high = bisect_right(range(len(wanted)), least[last], key=lambda i: wanted[i].as_py())
            if low < high:
                table = file.read_row_groups(list(range(first, last)), columns=list(columns))
                yield first, table, wanted.slice(low, high - low)


@dataclass(frozen=True, slots=True)
class Found:
    """Files of products, by ascending number; `hits` says which of the keys asked for are products."""

    numbers: Numbers
    hits: npt.NDArray[np.bool_]


def product_files(index: Path, keys: pa.Array, categories: Sequence[str], by: float | None = None) -> Found:
    """Return the files of some categories (none: all) of the products `keys` (ascending, each once).

    With `by` (POSIX seconds) only products that are public by then are there.
    """
    meta = pq.read_metadata(index)
    groups = (meta.row_group(i) for i in range(meta.num_row_groups))
    least = [group.column(0).statistics.min for group in groups if group.num_rows]
    columns = ["key", "category", "file_number", *([PUBLIC_FROM_COLUMN] if by is not None else [])]
    hits, numbers = np.zeros(len(keys), np.bool_), [np.empty(0, np.int64)]
    for _, table, wanted in matched(index, meta, least, keys, columns):
        if by is not None:
            table = table.filter(pc.less_equal(table[PUBLIC_FROM_COLUMN], int(by)))
        begin = wanted.offset - keys.offset
        hits[begin : begin + len(wanted)] |= pc.is_in(wanted, value_set=_flat(table["key"])).to_numpy(False)
        if categories:
            table = table.filter(pc.is_in(table["category"], value_set=pa.array(categories)))
        chosen = table.filter(pc.is_in(table["key"], value_set=wanted))
        numbers.append(chosen["file_number"].drop_null().to_numpy())
    return Found(np.unique(np.concatenate(numbers)), hits)


def _flat(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks()
    return found if isinstance(found, pa.Array) else pa.array([], column.type)
