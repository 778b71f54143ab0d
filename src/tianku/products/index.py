"""The product index: one row per part of every file, sorted by key; what resolves an id to bytes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tianku.model.errors import NotFoundError
from tianku.model.metadata import PUBLIC_FROM_COLUMN
from tianku.model.types import DataType, arrow_to_datatype

#: `store` of products that are rows of a table of their dataset
TABLE = "table"
#: `store` of files that are members of a shard, see `products.packs`
PACK = "pack"
#: header keywords that expressions read are kept as text columns with this prefix
HEADER = "h_"

#: `path` is relative to the originals for ``copy`` and (by name alone) ``pack``, absolute for ``in-place``; a
#: packed file begins at byte `offset` of `shard`, a path below the packs; `inside` is relative to the folder the
#: files came in; wavelengths in m, times MJD UTC. A finished index also has ``file_number``, of `products.tree`
FIELDS: tuple[pa.Field, ...] = (
    pa.field("key", pa.string(), nullable=False),
    pa.field("part", pa.string(), nullable=False),
    pa.field("part_kind", pa.string()),
    pa.field("part_number", pa.int32()),
    pa.field("band", pa.string()),
    pa.field("category", pa.string(), nullable=False),
    pa.field("store", pa.string(), nullable=False),
    pa.field("path", pa.string(), nullable=False),
    pa.field("inside", pa.string()),
    pa.field("shard", pa.string()),
    pa.field("offset", pa.int64()),
    pa.field("size", pa.int64(), nullable=False),
    pa.field("sha256", pa.string(), nullable=False),
    pa.field("crc32", pa.int64(), nullable=False),
    pa.field("mtime", pa.float64()),
    pa.field("layout", pa.string()),
    pa.field("ext", pa.int32()),
    pa.field("ra", pa.float64()),
    pa.field("dec", pa.float64()),
    pa.field("s_fov", pa.float64()),
    pa.field("s_region", pa.string()),
    pa.field("s_resolution", pa.float64()),
    pa.field("s_pixel_scale", pa.float64()),
    pa.field("s_xel1", pa.int64()),
    pa.field("s_xel2", pa.int64()),
    pa.field("t_min", pa.float64()),
    pa.field("t_max", pa.float64()),
    pa.field("t_exptime", pa.float64()),
    pa.field("t_resolution", pa.float64()),
    pa.field("t_xel", pa.int64()),
    pa.field("em_min", pa.float64()),
    pa.field("em_max", pa.float64()),
    pa.field("em_res_power", pa.float64()),
    pa.field("em_xel", pa.int64()),
    pa.field("pol_states", pa.string()),
    pa.field("pol_xel", pa.int64()),
    pa.field("target_name", pa.string()),
    pa.field("o_ucd", pa.string()),
    pa.field("o_unit", pa.string()),
    pa.field("o_calib_status", pa.string()),
    pa.field("lmjm", pa.int64()),
    pa.field("snr", pa.float64()),
    pa.field("series", pa.string()),
    pa.field("detail", pa.string()),
    pa.field("notes", pa.string()),
)


def index_schema(header_names: Iterable[str]) -> pa.Schema:
    """Return the schema of an index that keeps the header keywords of `header_names` (canonical)."""
    kept = [pa.field(HEADER + name, pa.string()) for name in sorted(set(header_names))]
    return pa.schema([*FIELDS, *kept])


def index_types() -> dict[str, DataType | None]:
    """Return the typed names an expression may read beside header keywords."""
    return {f.name: arrow_to_datatype(f.type)[0] for f in FIELDS}


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One part of one file."""

    key: str
    part: str
    part_kind: str | None
    part_number: int | None
    band: str | None
    category: str
    store: str
    path: str
    size: int
    sha256: str
    layout: str | None
    ext: int | None
    ra: float | None
    dec: float | None
    s_fov: float | None
    s_region: str | None
    s_pixel_scale: float | None
    s_xel1: int | None
    s_xel2: int | None
    t_min: float | None
    t_max: float | None
    t_exptime: float | None
    t_resolution: float | None
    t_xel: int | None
    em_min: float | None
    em_max: float | None
    em_xel: int | None
    pol_states: str | None = None
    target_name: str | None = None
    o_ucd: str | None = None
    o_unit: str | None = None
    o_calib_status: str | None = None
    snr: float | None = None
    #: what the reader noted for opening the product, as JSON
    detail: str | None = None
    notes: str | None = None
    #: of a packed file, what it is in and where its first byte is there
    shard: str | None = None
    offset: int | None = None
    #: of its file, in the tree of the set
    file_number: int | None = None
    #: when the product becomes public by itself, seconds since 1970; where products open one by one
    public_from: int | None = None
    #: the header keywords that the index keeps, by canonical name
    header: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def in_table(self) -> bool:
        """Whether the product is rows of a table, whose name is `path`, and no file."""
        return self.store == TABLE

    def file(self, originals: Path) -> Path:
        """Return where the bytes are."""
        return stored_at(self.store, self.path, self.shard, originals)


def stored_at(store: str, path: str, shard: str | None, originals: Path) -> Path:
    """Return the file that the bytes of a file of the index or the tree are in."""
    return Path(stored_text(store, path, shard, str(originals), str(packs_beside(originals))))


def stored_text(store: str, path: str, shard: str | None, originals: str, packs: str) -> str:
    """Return the same as text, for millions of them."""
    if shard is not None:
        return f"{packs}/{shard}"
    return path if store == "in-place" else f"{originals}/{path}"


def packs_beside(originals: Path) -> Path:
    """Return the folder of all shards: like the originals, one of the data root."""
    return originals.parent / "packs"


_COLUMNS: Sequence[str] = tuple(
    name for name in IndexEntry.__dataclass_fields__ if name not in ("header", "public_from")
)


def _entry(row: Mapping[str, Any]) -> IndexEntry:
    header = {name.removeprefix(HEADER): value for name, value in row.items() if name.startswith(HEADER)}
    values = {name: row[name] for name in _COLUMNS if name in row}
    return IndexEntry(**values, public_from=row.get(PUBLIC_FROM_COLUMN), header=header)


class ProductIndex:
    """Look-ups in the index of one product set; safe to share between threads.

    The index is sorted by key, so the least key of each row group (kept in memory) names the
    one or two groups that can hold a product.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._meta = pq.read_metadata(path)
        groups = (self._meta.row_group(i) for i in range(self._meta.num_row_groups))
        sizes = [(g.column(0).statistics, g.num_rows) for g in groups if g.num_rows]
        self._least = [keys.min for keys, _ in sizes]
        self._greatest = [keys.max for keys, _ in sizes]
        self._starts = np.cumsum([0, *(rows for _, rows in sizes)])
        names = self._meta.schema.names
        more = (name for name in names if name.startswith(HEADER) or name == PUBLIC_FROM_COLUMN)
        self._columns = [*(name for name in _COLUMNS if name in names), *more]

    def __len__(self) -> int:
        return int(self._meta.num_rows)

    def find(self, key: str) -> list[IndexEntry]:
        """Return the parts and files of one product, in file order.

        Raises
        ------
        NotFoundError
            ``products.no_product``.
        """
        first, last = max(0, bisect_left(self._least, key) - 1), bisect_right(self._least, key)
        table = self._read(range(first, last))
        rows = table.filter(pc.equal(table["key"], key)).to_pylist() if len(table) else []
        if not rows:
            raise NotFoundError("products.no_product", "no product {key!r} in this set", key=key)
        return [_entry(row) for row in rows]

    def page(self, offset: int, limit: int) -> list[IndexEntry]:
        """Return `limit` rows from `offset` on, in key order."""
        if not 0 <= offset < len(self):
            return []
        first = int(np.searchsorted(self._starts, offset, "right")) - 1
        last = int(np.searchsorted(self._starts, min(offset + limit, len(self)), "left"))
        table = self._read(range(first, last)).slice(offset - int(self._starts[first]), limit)
        return [_entry(row) for row in table.to_pylist()]

    def products(self, offset: int, limit: int, at: float | None = None) -> list[list[IndexEntry]]:
        """Return `limit` products from number `offset` on, in key order, each with all its parts and files.

        With `at` (POSIX) only those that are public by then are counted.
        """
        total = int(self._begun[-1])
        if offset < 0:
            return []
        numbers = np.arange(min(offset, total), min(offset + limit, total)) if at is None else self._open(at)
        wanted = numbers if at is None else numbers[offset : offset + limit]
        groups = np.searchsorted(self._begun, wanted, "right") - 1
        runs = np.split(wanted, np.flatnonzero(np.diff(groups) > 1) + 1) if len(wanted) else []
        return [product for run in runs for product in self._numbered(run)]

    def public(self, at: float) -> int:
        """Return how many products are public by the POSIX time `at`."""
        return len(self._open(at))

    def _open(self, at: float) -> npt.NDArray[np.int64]:
        return np.flatnonzero(self._instants <= at)

    @cached_property
    def _instants(self) -> npt.NDArray[np.float64]:
        """When each product becomes public, infinite for never."""
        with pq.ParquetFile(self._path, metadata=self._meta) as file:
            table = file.read(columns=["key", PUBLIC_FROM_COLUMN])
        instants = pc.fill_null(table[PUBLIC_FROM_COLUMN].cast(pa.float64()), np.inf).to_numpy()
        return instants[self._begins(table["key"], 0)] if len(table) else instants

    def _numbered(self, wanted: npt.NDArray[np.int64]) -> list[list[IndexEntry]]:
        """Return products by ascending numbers that lie in neighbouring row groups."""
        # A product lies in the group it begins in, and in those after it that go on with its key.
        first = int(np.searchsorted(self._begun, wanted[0], "right")) - 1
        last = int(np.searchsorted(self._begun, wanted[-1] + 1, "left"))
        while last < len(self._least) and self._least[last] == self._greatest[last - 1]:
            last += 1
        table = self._read(range(first, last))
        begins = self._begins(table["key"], first)
        number = int(self._begun[first]) - 1 + np.cumsum(begins)
        found = table.filter(pa.array(np.isin(number, wanted)))
        return [[_entry(row) for row in rows] for _, rows in groupby(found.to_pylist(), lambda row: row["key"])]

    @cached_property
    def _begun(self) -> npt.NDArray[np.int64]:
        """How many products begin before each row group, and in all; read once, from the keys alone."""
        counts = [0]
        with pq.ParquetFile(self._path, metadata=self._meta) as file:
            for group in range(len(self._least)):
                keys = file.read_row_group(group, columns=["key"])["key"]
                counts.append(int(self._begins(keys, group).sum()))
        return np.cumsum(counts)

    def _begins(self, keys: pa.ChunkedArray, group: int) -> npt.NDArray[np.bool_]:
        """Which rows, read from `group` on, begin a product."""
        carried = group > 0 and self._greatest[group - 1] == keys[0].as_py()
        flat = keys.combine_chunks()
        return np.concatenate([[not carried], pc.not_equal(flat[1:], flat[:-1]).to_numpy(zero_copy_only=False)])

    def _read(self, groups: range) -> pa.Table:
        """A file of its own per call: readers are not shared between threads."""
        with pq.ParquetFile(self._path, metadata=self._meta) as file:
            return file.read_row_groups(list(groups), columns=self._columns, use_threads=False)

    def batches(self, rows: int = 10_000) -> Iterator[pa.RecordBatch]:
        """Iterate over all rows and columns."""
        with pq.ParquetFile(self._path, metadata=self._meta) as file:
            yield from file.iter_batches(rows)
