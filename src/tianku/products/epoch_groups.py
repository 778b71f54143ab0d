"""Runs of equal (source, band) in a stream of sorted rows, reduced by numpy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Group:
    """Whole runs: one element per (source, band), and per row which run it is of and where it lies.

    Attributes
    ----------
    ids, bands
        Of the runs.
    number
        Of the run within its source, from 0.
    points
        Rows of the run.
    first, last, step
        Least and greatest time and the median distance of neighbouring times; NaN where there are none.
    which, files, rows
        Per row: its run, its file and its number in the file.
    """

    ids: pa.Array
    bands: pa.Array
    number: Integers
    points: Integers
    first: Doubles
    last: Doubles
    step: Doubles
    which: Integers
    files: Integers
    rows: Integers


def groups(batches: Iterable[pa.RecordBatch]) -> Iterator[Group]:
    """Reduce batches (id, band, t, file, row), sorted by id, band and t; no source is cut in two."""
    held: pa.Table | None = None
    for batch in batches:
        table = pa.Table.from_batches([batch])
        table = table if held is None else pa.concat_tables([held, table]).combine_chunks()
        if not len(table):
            continue
        begins = _begins(table, ("id",))
        cut = int(np.flatnonzero(begins)[-1])
        if cut:
            yield _reduced(table.slice(0, cut).combine_chunks())
        held = table.slice(cut)
    if held is not None and len(held):
        yield _reduced(held.combine_chunks())


def _begins(table: pa.Table, names: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Whether a row differs from the one before in any of `names`."""
    out = np.zeros(len(table), dtype=np.bool_)
    out[0] = True
    for name in names:
        column = table[name].combine_chunks()
        out[1:] |= pc.not_equal(column[1:], column[:-1]).to_numpy(zero_copy_only=False)
    return out


def _reduced(table: pa.Table) -> Group:
    begins = _begins(table, ("id", "band"))
    starts = np.flatnonzero(begins)
    which = np.cumsum(begins) - 1
    times = pc.fill_null(table["t"], float("nan")).to_numpy()
    known = np.isfinite(times)
    ids = table["id"].combine_chunks().take(pa.array(starts))
    return Group(
        ids=ids,
        bands=table["band"].combine_chunks().take(pa.array(starts)),
        number=_within(pa.table({"id": ids})),
        points=np.diff(np.append(starts, len(table))),
        first=_finite(np.minimum.reduceat(np.where(known, times, np.inf), starts)),
        last=_finite(np.maximum.reduceat(np.where(known, times, -np.inf), starts)),
        step=_median_steps(times[known], which[known], len(starts)),
        which=which,
        files=table["file"].to_numpy(),
        rows=table["row"].to_numpy(),
    )


def _within(ids: pa.Table) -> Integers:
    """0, 1, … along each run of equal ids."""
    begins = _begins(ids, ("id",))
    index = np.arange(len(begins))
    return index - index[np.flatnonzero(begins)][np.cumsum(begins) - 1]


def _finite(values: Doubles) -> Doubles:
    return np.where(np.isfinite(values), values, np.nan)


def _median_steps(times: Doubles, which: Integers, count: int) -> Doubles:
    """The median distance of neighbouring, different times of each run; NaN with fewer than two."""
    same = which[1:] == which[:-1]
    steps, of = np.diff(times)[same], which[1:][same]
    steps, of = steps[steps > 0], of[steps > 0]
    order = np.lexsort((steps, of))
    steps, counts = steps[order], np.bincount(of, minlength=count)
    ends = np.cumsum(counts)
    low, high = ends - counts + (counts - 1) // 2, ends - counts + counts // 2
    out = np.full(count, np.nan)
    some = counts > 0
    out[some] = (steps[low[some]] + steps[high[some]]) / 2
    return out
