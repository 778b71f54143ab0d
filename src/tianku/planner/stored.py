"""Where the rows of one table are, as the planner needs to know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tianku.engines.base import Relation
from tianku.model.metadata import HEALPIX_COLUMN

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One Parquet file: absolute path, rows, and the order-29 NESTED range [first, last] of its rows."""

    path: str
    rows: int
    healpix: tuple[int, int] | None = None


@dataclass(frozen=True)
class Stored:
    """One immutable state of a table.

    Attributes
    ----------
    uid
        Identity of the state, e.g. ``lamost_dr10_v2_0.stellar@3``.
    schema
        Physical columns, internal ones included.
    serving
        Absolute path of the DuckDB serving copy, or None.
    id_tables
        Unique column -> absolute path of its side table (``value``, ``_healpix_29``).
    table
        Rows in memory (uploads, small system tables); then there are no files.
    """

    uid: str
    schema: pa.Schema
    nrows: int
    files: tuple[StoredFile, ...] = ()
    serving: str | None = None
    id_tables: Mapping[str, str] = field(default_factory=dict)
    table: pa.Table | None = None

    @property
    def positional(self) -> bool:
        """Whether rows carry their HEALPix index."""
        return HEALPIX_COLUMN in self.schema.names

    @cached_property
    def spans(self) -> Int64Array:
        """First and last index of each file, shape (n, 2); a file without one may hold any."""
        everything = (np.iinfo(np.int64).min, np.iinfo(np.int64).max)
        return np.array([f.healpix or everything for f in self.files], dtype=np.int64).reshape(-1, 2)

    @cached_property
    def file_rows(self) -> npt.NDArray[np.float64]:
        """Rows of each file."""
        return np.array([f.rows for f in self.files], dtype=np.float64)

    @cached_property
    def _relation(self) -> Relation:
        paths = tuple(f.path for f in self.files)
        return Relation(self.uid, self.schema, paths, self.serving, self.table)

    def relation(self, keep: Int64Array | None = None) -> Relation:
        """Return the table, or only the files whose indices are given (one at least stays)."""
        if keep is None or not self.files:
            return self._relation
        chosen = keep if len(keep) else [0]
        paths = tuple(self.files[i].path for i in chosen)
        return Relation(self.uid, self.schema, paths, self.serving, self.table)
