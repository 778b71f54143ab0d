"""What every table reader gives: a schema, then batches with the numbers of their rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tianku.model.config.formats import RecordFormat
from tianku.model.config.table import SourceConfig
from tianku.model.errors import UsageError
from tianku.model.types import DataType

#: rows of one batch: large enough for vector work, small enough for flat memory
BATCH_ROWS = 131_072

#: (row from 1 or None for the file, reason, detail, rows concerned)
Reject = Callable[[int | None, str, str, int], None]


@dataclass(frozen=True, slots=True)
class SourceBatch:
    """Rows of one file; `rows` are their record numbers from 1 (`first`… when None)."""

    batch: pa.RecordBatch
    first: int
    rows: npt.NDArray[np.int64] | None = None

    def number(self, index: int) -> int:
        """Record number in the file of the row at `index`."""
        return int(self.rows[index]) if self.rows is not None else self.first + index


class TableReader(Protocol):
    """A table of one file, opened.

    Attributes
    ----------
    schema
        Columns under their names in the source. Field metadata may hold ``unit``, ``ucd``,
        ``description`` (as the source spells them) and ``null`` (its own null value).
    total
        Number of rows when the source says it, else None.
    notes
        What of the file is not read (column and reason).
    """

    @property
    def schema(self) -> pa.Schema: ...
    @property
    def total(self) -> int | None: ...
    @property
    def notes(self) -> list[str]: ...

    def batches(self, reject: Reject) -> Iterator[SourceBatch]:
        """Stream the rows; may be called once."""
        ...


@dataclass(frozen=True, slots=True)
class TableSource:
    """One file, and everything the configuration says about reading it."""

    path: Path
    config: SourceConfig = field(default_factory=SourceConfig)
    record: RecordFormat | None = None
    #: the ReadMe that describes it byte by byte
    readme: Path | None = None
    #: declared types by source column; readers of text infer the others from the whole file
    types: Mapping[str, DataType] = field(default_factory=dict)
    #: column names of files without a header line
    names: Sequence[str] = ()
    #: texts that mean null: of every column, and of single columns (these replace the first)
    null_texts: frozenset[str] = frozenset()
    column_null_texts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: readers of text count here what they turned to null, by source column
    nulled: Counter[str] = field(default_factory=Counter)
    batch_rows: int = BATCH_ROWS
    #: False: only names are wanted, so readers of text need not learn types from the whole file
    infer: bool = True

    def nulls_of(self, column: str) -> frozenset[str]:
        """Texts that mean null in a source column."""
        return self.column_null_texts.get(column, self.null_texts)


def unreadable(path: Path, kind: str, reason: str) -> UsageError:
    """The error of a file that is not what it should be."""
    return UsageError(
        "reader.unreadable", "{file} cannot be read as {kind}: {reason}", file=path.name, kind=kind, reason=reason
    )
