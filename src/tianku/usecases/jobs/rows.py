"""Rows that a job finds, written to one file as they come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from tianku.formats.addresses import absolute_links
from tianku.formats.table import TableInfo, capped
from tianku.formats.writers import get_writer
from tianku.model.metadata import Column
from tianku.usecases.jobs.files import write_result
from tianku.usecases.jobs.operation import Outcome


@dataclass(frozen=True, slots=True)
class Form:
    """How rows are written: at most `maxrec` of them, in the format of this name."""

    columns: tuple[Column, ...]
    maxrec: int
    format: str
    info: TableInfo
    base_url: str


def write_rows(rows: Iterable[pa.RecordBatch], form: Form, folder: Path, most_bytes: int) -> Outcome:
    """Write `rows` in the folder of an attempt, whose ``scratch`` takes what a writer has to put aside.

    Raises
    ------
    LimitError
        ``job.result_too_large``
    """
    writer = get_writer(form.format)
    count = _Count()
    batches, overflow = capped(rows, form.maxrec)
    linked = absolute_links(form.columns, count.through(batches), form.base_url)
    info = replace(form.info, overflow=overflow, spool_dir=str(folder / "scratch"))
    file = write_result(
        folder / f"result.{writer.extension}",
        writer.write(form.columns, linked, info),
        most_bytes,
        result="result",
        media_type=writer.media_type,
    )
    return Outcome((file,), {"rows": count.rows, "overflow": bool(overflow)})


class _Count:
    """Counts the rows that pass."""

    def __init__(self) -> None:
        self.rows = 0

    def through(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            self.rows += batch.num_rows
            yield batch
