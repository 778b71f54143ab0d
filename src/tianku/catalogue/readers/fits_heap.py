"""The heap of a FITS binary table: arrays of variable length (FITS 4.0 §7.3.5)."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from tianku.catalogue.readers.fits_columns import FitsTable
from tianku.formats.layout import read_exactly
from tianku.formats.opening import DAMAGED, is_compressed, open_bytes

#: largest array of one row
_MAX_ARRAY = 16 << 20
#: arrays of a batch nearer to each other than this are read at once
_GAP = 512
Ints = npt.NDArray[np.int64]


class Heap:
    """Reads the arrays that descriptors (count, offset) point to; a context manager."""

    def __init__(self, path: Path, table: FitsTable) -> None:
        self._path, self._start, self._bytes = path, table.heap_offset, table.heap_bytes

    def __enter__(self) -> Heap:
        """Open the file; a compressed one is unpacked beside, since arrays lie in any order."""
        self._file: BinaryIO = open_bytes(self._path)
        if is_compressed(self._path):
            with self._file as packed:
                self._file = tempfile.TemporaryFile()
                # what a damaged file lacks is refused row by row, as in a truncated plain one
                with contextlib.suppress(*DAMAGED):
                    packed.seek(self._start)
                    shutil.copyfileobj(packed, self._file, 1 << 20)
            self._start = 0
        self._file.seek(0, 2)
        self._bytes = max(0, min(self._bytes, self._file.tell() - self._start))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()

    def sizes(self, pairs: np.ndarray, element: np.dtype) -> Ints:
        """Bytes of each row's array; 0 where the descriptor is impossible."""
        counts, offsets = pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64)
        most = min(self._bytes, _MAX_ARRAY) // element.itemsize
        good = (counts >= 0) & (counts <= most) & (offsets >= 0) & (offsets <= self._bytes)
        sizes = np.where(good, counts, 0) * element.itemsize
        return np.where(offsets + sizes <= self._bytes, sizes, 0)

    def gather(
        self, pairs: np.ndarray, element: np.dtype
    ) -> tuple[np.ndarray, npt.NDArray[np.int32], npt.NDArray[np.bool_] | None]:
        """Return all elements in the order of the rows, the offsets of each row's, and the impossible rows."""
        sizes = self.sizes(pairs, element)
        bad = sizes != pairs[:, 0].astype(np.int64) * element.itemsize
        starts = np.where(sizes > 0, pairs[:, 1].astype(np.int64), 0)
        data, places = self._read(starts, sizes)
        counts = sizes // element.itemsize
        offsets = np.concatenate([[0], np.cumsum(counts)])
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
        at = np.repeat(places, counts) + within * element.itemsize
        scalar = element.base
        if element.shape:
            at = (at[:, None] + np.arange(element.shape[0]) * scalar.itemsize).reshape(-1)
        # arrays begin at any byte: a view with an element from every byte on
        view = np.ndarray(max(0, len(data) - scalar.itemsize + 1), scalar, data, strides=(1,))
        return view[at], offsets.astype(np.int32), bad if bad.any() else None

    def _read(self, starts: Ints, sizes: Ints) -> tuple[bytes, Ints]:
        """Read the pieces ``starts … starts + sizes`` of the heap; where each begins in the bytes returned."""
        places = np.zeros(len(starts), np.int64)
        wanted = np.flatnonzero(sizes)
        if not len(wanted):
            return b"", places
        order = wanted[np.argsort(starts[wanted], kind="stable")]
        first = starts[order]
        reached = np.maximum.accumulate(first + sizes[order])
        fresh = np.concatenate([[True], first[1:] > reached[:-1] + _GAP])
        runs = np.flatnonzero(fresh)
        ends = reached[np.append(runs[1:] - 1, len(order) - 1)]
        lengths = ends - first[runs]
        blocks = []
        for begin, length in zip(first[runs].tolist(), lengths.tolist(), strict=True):
            self._file.seek(self._start + begin)
            blocks.append(read_exactly(self._file, length).ljust(length, b"\0"))
        run = np.cumsum(fresh) - 1
        base = np.concatenate([[0], np.cumsum(lengths)])[:-1]
        places[order] = base[run] + first - first[runs][run]
        return b"".join(blocks), places
