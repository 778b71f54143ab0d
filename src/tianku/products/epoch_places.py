"""In which row groups of a table's files the rows of each source lie."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tianku.products.epoch_groups import Group


@dataclass(frozen=True)
class Locations:
    """Where row groups begin, so that a row's number names its group; JSON text of each."""

    starts: tuple[npt.NDArray[np.int64], ...]
    names: pa.Array
    first: npt.NDArray[np.int64]

    @classmethod
    def of(cls, files: Sequence[Path], folder: Path) -> Locations:
        """Read the footers of `files`; names are relative to `folder`."""
        starts, names = [], []
        for path in files:
            meta = pq.read_metadata(path)
            rows = [meta.row_group(i).num_rows for i in range(meta.num_row_groups)]
            starts.append(np.cumsum([0, *rows])[:-1])
            name = json.dumps(str(path.relative_to(folder)))
            names += [f"[{name},{i}]" for i in range(len(rows))]
        first = np.cumsum([0, *(len(s) for s in starts)])
        return cls(tuple(starts), pa.array(names, pa.string()), first)

    def texts(self, group: Group) -> pa.Array:
        """Return, for each source, its row groups as JSON joined by commas."""
        number = np.empty(len(group.rows), dtype=np.int64)
        for file in np.unique(group.files):
            here = group.files == file
            number[here] = self.first[file] + np.searchsorted(self.starts[file], group.rows[here], "right") - 1
        # one entry per (source, row group), in order
        pairs = np.unique(np.column_stack((group.which, number)), axis=0)
        counts = np.bincount(pairs[:, 0], minlength=len(group.points))
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
        lists = pa.ListArray.from_arrays(pa.array(offsets), self.names.take(pa.array(pairs[:, 1])))
        return pc.binary_join(lists, ",")
