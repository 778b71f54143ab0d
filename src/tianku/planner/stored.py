"""Where the rows of one table are, as the planner needs to know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tianku.engines.base import Read, Relation
from tianku.model.errors import TransientError
from tianku.model.metadata import HEALPIX_COLUMN

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One Parquet file: absolute path, rows, and the order-29 NESTED range [first, last] of its rows."""

    path: str
    rows: int
    healpix: tuple[int, int] | None = None
    #: size and modification time (ns) of a file that is not ours, when it was published
    seen: tuple[int, int] | None = None

    @property
    def changed(self) -> bool:
        """Whether it is another file than the one that was published."""
        if self.seen is None:
            return False
        try:
            facts = Path(self.path).stat()
        except OSError:
            return True
        return (facts.st_size, facts.st_mtime_ns) != self.seen


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
        Unique column -> absolute paths of its side tables (``value``, ``_healpix_29``), one of each segment.
    table
        Rows in memory (uploads, small system tables); then there are no files.
    reads
        How columns are read from files that are not ours, by published name.
    """

    uid: str
    schema: pa.Schema
    nrows: int
    files: tuple[StoredFile, ...] = ()
    serving: str | None = None
    id_tables: Mapping[str, Sequence[str]] = field(default_factory=dict)
    table: pa.Table | None = None
    reads: Mapping[str, Read] = field(default_factory=dict)

    @property
    def positional(self) -> bool:
        """Whether rows carry their HEALPix index."""
        return HEALPIX_COLUMN in self.schema.names

    @cached_property
    def spans(self) -> Int64Array:
        """First and last index of each file, shape (n, 2); a file without one may hold any, and files overlap."""
        everything = (np.iinfo(np.int64).min, np.iinfo(np.int64).max)
        return np.array([f.healpix or everything for f in self.files], dtype=np.int64).reshape(-1, 2)

    @cached_property
    def file_rows(self) -> npt.NDArray[np.float64]:
        """Rows of each file."""
        return np.array([f.rows for f in self.files], dtype=np.float64)

    @cached_property
    def everything(self) -> Relation:
        """The whole table, whatever became of files that are not ours: what an engine holds."""
        return self._of(self.files)

    def _of(self, files: Sequence[StoredFile]) -> Relation:
        paths = tuple(f.path for f in files)
        return Relation(self.uid, self.schema, paths, self.serving, self.table, self.reads)

    def relation(self, keep: Int64Array | None = None) -> Relation:
        """Return the table, or only the files whose indices are given (one at least stays).

        Raises
        ------
        TransientError
            ``table.changed``: files that are served in place are not those that were published.
        """
        files = self.files
        if keep is not None and files:
            files = tuple(files[i] for i in (keep if len(keep) else [0]))
        if self.reads and any(one.changed for one in files):
            raise TransientError(
                "table.changed",
                "the files of {table} were changed after it was published; its operator has to ingest it again",
                retry_after=3600,
                table=self.uid.rpartition("@")[0],
            )
        return self.everything if files is self.files else self._of(files)
