"""Cut the sky into HEALPix cells of at most so many rows (the partitions of a HATS catalogue)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tianku.sky.ranges import ORDER

#: order at which rows are counted while they are read; no partition is finer
COUNT_ORDER = 8


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """One cell: rows whose order-29 index is in ``first … last``."""

    first: int
    last: int
    norder: int
    npix: int
    rows: int

    @property
    def path(self) -> str:
        """Folder of the partition below ``dataset/``, by the HATS rule."""
        return f"Norder={self.norder}/Dir={self.npix // 10_000 * 10_000}/Npix={self.npix}"


class SkyCounts:
    """Rows per cell of `COUNT_ORDER`."""

    def __init__(self) -> None:
        self.cells = np.zeros(12 << (2 * COUNT_ORDER), dtype=np.int64)
        self.unplaced = 0

    def add(self, index: npt.NDArray[np.int64], nulls: int = 0) -> None:
        """Count rows by their order-29 index."""
        self.unplaced += nulls
        if len(index):
            self.cells += np.bincount(index >> (2 * (ORDER - COUNT_ORDER)), minlength=len(self.cells))

    def partitions(self, max_rows: int) -> list[Partition]:
        """Return the non-empty partitions in index order, each the largest cell with at most `max_rows` rows."""
        found: list[Partition] = []
        open_cells = np.ones(12, dtype=bool)
        for order in range(COUNT_ORDER + 1):
            rows = self.cells.reshape(12 << (2 * order), -1).sum(axis=1)
            small = open_cells & (rows > 0) & ((rows <= max_rows) | (order == COUNT_ORDER))
            shift = 2 * (ORDER - order)
            found += [
                Partition(pix << shift, ((pix + 1) << shift) - 1, order, pix, int(rows[pix]))
                for pix in np.flatnonzero(small).tolist()
            ]
            open_cells = np.repeat(open_cells & (rows > max_rows), 4)
        return sorted(found)
