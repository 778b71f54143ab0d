"""The product index: one row per part of every file, sorted by key; what resolves an id to bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from tianku.model.errors import NotFoundError
from tianku.model.types import DataType, arrow_to_datatype

#: header keywords that expressions read are kept as text columns with this prefix
HEADER = "h_"

#: `path` is relative to the originals for ``copy``, absolute for ``in-place``; wavelengths in m, times MJD UTC
FIELDS: tuple[pa.Field, ...] = (
    pa.field("key", pa.string(), nullable=False),
    pa.field("part", pa.string(), nullable=False),
    pa.field("part_kind", pa.string()),
    pa.field("part_number", pa.int32()),
    pa.field("band", pa.string()),
    pa.field("category", pa.string(), nullable=False),
    pa.field("store", pa.string(), nullable=False),
    pa.field("path", pa.string(), nullable=False),
    pa.field("size", pa.int64(), nullable=False),
    pa.field("sha256", pa.string(), nullable=False),
    pa.field("crc32", pa.int64(), nullable=False),
    pa.field("mtime", pa.float64()),
    pa.field("layout", pa.string()),
    pa.field("ra", pa.float64()),
    pa.field("dec", pa.float64()),
    pa.field("t_min", pa.float64()),
    pa.field("t_max", pa.float64()),
    pa.field("t_exptime", pa.float64()),
    pa.field("em_min", pa.float64()),
    pa.field("em_max", pa.float64()),
    pa.field("em_xel", pa.int64()),
    pa.field("lmjm", pa.int64()),
    pa.field("snr", pa.float64()),
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
    ra: float | None
    dec: float | None
    t_min: float | None
    t_max: float | None
    t_exptime: float | None
    em_min: float | None
    em_max: float | None
    em_xel: int | None

    def file(self, originals: Path) -> Path:
        """Return where the bytes are."""
        return Path(self.path) if self.store == "in-place" else originals / self.path


_COLUMNS: Sequence[str] = tuple(IndexEntry.__dataclass_fields__)


class ProductIndex:
    """Look-ups in the index of one product set; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._data = ds.dataset(str(path), format="parquet")

    def find(self, key: str) -> list[IndexEntry]:
        """Return the parts and files of one product, in file order.

        Raises
        ------
        NotFoundError
            ``products.no_product``.
        """
        rows = self._data.to_table(columns=list(_COLUMNS), filter=pc.field("key") == key).to_pylist()
        if not rows:
            raise NotFoundError("products.no_product", "no product {key!r} in this set", key=key)
        rows.sort(key=lambda row: (row["category"], row["path"], row["part_number"] or 0))
        return [IndexEntry(**row) for row in rows]

    def page(self, offset: int, limit: int) -> list[IndexEntry]:
        """Return `limit` rows from `offset` on, in key order."""
        found = self._data.scanner(columns=list(_COLUMNS), batch_size=max(1024, limit)).head(offset + limit)
        return [IndexEntry(**row) for row in found.slice(offset).to_pylist()]

    def batches(self, rows: int = 10_000) -> Iterator[pa.RecordBatch]:
        """Iterate over all rows and columns."""
        yield from self._data.to_batches(batch_size=rows)
