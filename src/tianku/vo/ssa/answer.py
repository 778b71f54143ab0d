"""ObsCore rows as the rows of an SSA answer: one per spectrum and format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from tianku.formats.table import Overflow, capped
from tianku.usecases.picture import PublishedSet
from tianku.vo.dali.product_formats import ProductFormat, by_format, references
from tianku.vo.ssa.columns import COLUMNS


@dataclass(frozen=True, slots=True)
class SsaRows:
    """How the rows of one set become rows of an answer.

    Attributes
    ----------
    facts
        Texts that are the same for all spectra, by the name that `COLUMNS` use.
    base
        Address of the site.
    maxrec
        Rows of the answer at most; `overflow` is told when there were more.
    """

    one: PublishedSet
    formats: tuple[ProductFormat, ...]
    facts: Mapping[str, str]
    authority: str
    base: str
    maxrec: int
    overflow: Overflow

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the answer, formats of one spectrum together."""
        rows, flag = capped(map(self._batch, batches), self.maxrec)
        yield from rows
        self.overflow.reached = self.overflow.reached or flag.reached

    def _batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return by_format(self.formats, batch.num_rows, lambda one: self._of_format(batch, one))

    def _of_format(self, batch: pa.RecordBatch, one: ProductFormat) -> pa.RecordBatch:
        length = batch.num_rows
        given = dict(zip(batch.schema.names, batch.columns, strict=True))
        dids = given["obs_publisher_did"]
        texts = {**self.facts, "format": one.media_type, "key": one.name}
        rows = {
            **given,
            **{name: pa.repeat(text, length) for name, text in texts.items()},
            "reference": references(dids, self.one, self.authority, self.base, one),
            "size": given["access_estsize"] if one.original else pa.nulls(length, pa.int64()),
        }
        columns = [c.of(rows).cast(c.column.arrow) for c in COLUMNS]
        return pa.record_batch(columns, names=[c.column.name for c in COLUMNS])
