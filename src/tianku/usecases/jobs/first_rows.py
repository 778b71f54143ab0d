"""The first rows of a job's result, for its page."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tianku.catalogue.readers import TableSource, open_table
from tianku.model.errors import TiankuError
from tianku.state.repositories import JobRecord

#: bytes of a result up to which its page shows rows: some formats are read from their beginning to their end
MOST_BYTES = 20_000_000
ROWS, _COLUMNS = 20, 60


@dataclass(frozen=True, slots=True)
class FirstRows:
    """Names of columns and rows of their values."""

    names: list[str]
    rows: list[tuple[Any, ...]]


def first_rows(data_root: Path, job: JobRecord) -> FirstRows | None:
    """Return the beginning of a job's first result; None where it is large, no table, or not there."""
    result = next(iter(job.results), None)
    if result is None or result.size > MOST_BYTES or not (data_root / result.path).is_file():
        return None
    try:
        reader = open_table(TableSource(data_root / result.path))
        parts = reader.batches(lambda *_: None)
        batches = [part.batch for part in itertools.islice(parts, 1)]
    except TiankuError:  # a format that is written but not read, such as JSON
        return None
    names = reader.schema.names[:_COLUMNS]
    columns = [batches[0].column(i).slice(0, ROWS).to_pylist() if batches else [] for i in range(len(names))]
    return FirstRows(names, list(zip(*columns, strict=True)))
