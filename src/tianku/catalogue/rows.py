"""The normalised rows of a table as one stream, with everything counted on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from tianku.catalogue.elements import ElementRows
from tianku.catalogue.flow import in_order
from tianku.catalogue.normalise import Counts, Normaliser
from tianku.catalogue.partition import SkyCounts
from tianku.catalogue.progress import Meter
from tianku.catalogue.rejects import Rejects
from tianku.catalogue.sources import OpenFile
from tianku.catalogue.statistics import Statistics
from tianku.model.metadata import HEALPIX_COLUMN


@dataclass(slots=True)
class Rows:
    """A table's rows on their way in; iterate once, then read the counts."""

    files: Sequence[OpenFile]
    normaliser: Normaliser | ElementRows
    rejects: Rejects
    meter: Meter
    threads: int
    statistics: Statistics
    sky: SkyCounts
    counts: Counts
    #: the error that ended the stream: engines that pull it keep only its text
    error: BaseException | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        sources: list[Callable[[], Iterator[tuple[pa.RecordBatch, Counts]]]] = [
            partial(self._read, file) for file in self.files
        ]
        try:
            for batch, counts in in_order(sources, self.threads):
                self._count(batch, counts)
                yield batch
        except BaseException as error:
            self.error = error
            raise

    def _read(self, file: OpenFile) -> Iterator[tuple[pa.RecordBatch, Counts]]:
        """Read and normalise one file; runs in a reader thread."""

        def refuse(row: int | None, reason: str, detail: str = "", count: int = 1) -> None:
            self.rejects.add(file.label, row, reason, detail, count)

        for batch in file.reader.batches(refuse):
            counts = Counts()
            yield self.normaliser.apply(batch, counts, refuse), counts

    def _count(self, batch: pa.RecordBatch, counts: Counts) -> None:
        self.counts.nulled.update(counts.nulled)
        self.counts.nans.update(counts.nans)
        self.statistics.first(batch)
        if HEALPIX_COLUMN in batch.schema.names:
            index = batch[HEALPIX_COLUMN]
            placed = index.drop_null().to_numpy() if index.null_count else index.to_numpy()
            self.sky.add(np.asarray(placed), index.null_count)
        self.meter.advance(len(batch))
