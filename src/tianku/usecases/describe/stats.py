"""One streaming pass over a table: extremes, missing values, sentinel candidates, repetition."""

from __future__ import annotations

from collections import Counter
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tianku.catalogue.positions import designation
from tianku.usecases.describe.model import ColumnStats, Null
from tianku.usecases.describe.sentinels import NUMBERS, TEXTS, is_candidate

#: rows kept per column to judge what is usual
SAMPLE_ROWS = 100_000
_SEXAGESIMAL = r"^\s*[-+]?\d{1,3}[:hd ]\s*\d{1,2}[:m' ]\s*\d{1,2}(\.\d*)?[s\"]?\s*$"


class ColumnSurvey:
    """Accumulates the facts of one column, batch by batch."""

    def __init__(self, kind: pa.DataType) -> None:
        self._numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind)
        self._text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        self._sampled = not pa.types.is_nested(kind)
        self._rows = self._missing = self._kept = 0
        self._low, self._high = np.inf, -np.inf
        self._found: Counter[Null] = Counter()
        self._sample: list[pa.Array] = []

    def add(self, values: pa.Array) -> None:
        """Take in the next values of the column."""
        self._rows += len(values)
        if self._sampled and self._kept < SAMPLE_ROWS:
            self._sample.append(values[: SAMPLE_ROWS - self._kept])
            self._kept += len(self._sample[-1])
        if self._numeric:
            self._add_numbers(values)
        else:
            self._missing += values.null_count
            if self._text:
                self._add_texts(values)

    def _add_numbers(self, values: pa.Array) -> None:
        if pa.types.is_floating(values.type):
            values = pc.if_else(pc.is_finite(values), values, None)
        self._missing += values.null_count
        extremes = pc.min_max(values)
        if not extremes["min"].is_valid:
            return
        low, high = extremes["min"].as_py(), extremes["max"].as_py()
        if is_candidate(low) or is_candidate(high) or low <= NUMBERS[0] or high >= NUMBERS[-1]:
            chosen = values.filter(
                pc.is_in(values.cast(pa.float64(), safe=False), pa.array(NUMBERS, pa.float64()))
            )
            self._count(chosen)
        self._low, self._high = min(self._low, low), max(self._high, high)

    def _add_texts(self, values: pa.Array) -> None:
        self._count(values.filter(pc.fill_null(pc.is_in(values, pa.array(TEXTS, values.type)), False)))

    def _count(self, chosen: pa.Array) -> None:
        if len(chosen):
            for entry in pc.value_counts(chosen.drop_null()).to_pylist():
                self._found[entry["values"]] += entry["counts"]

    def result(self) -> ColumnStats:
        """Return what was found."""
        sample = pa.chunked_array(self._sample).drop_null() if self._sample else pa.chunked_array([[]])
        distinct = pc.count_distinct(sample).as_py() if len(sample) else 0
        finite = self._high >= self._low
        return ColumnStats(
            rows=self._rows,
            missing=self._missing,
            low=self._low if finite else None,
            high=self._high if finite else None,
            bulk=self._bulk(sample) if self._numeric else None,
            constant=distinct == 1 and self._rows > 1,
            repeated=not len(sample) or distinct < len(sample),
            counting=self._numeric and _counts_up(sample),
            sexagesimal=_matching(sample) if self._text else 0.0,
            designation=_designations(sample) if self._text else 0.0,
            candidates=dict(self._found),
        )

    def _bulk(self, sample: pa.ChunkedArray) -> tuple[float, float] | None:
        values = _numbers(sample)
        candidates = np.array([c for c in self._found if not isinstance(c, str)], dtype=np.float64)
        usual = values[np.isfinite(values) & ~np.isin(values, candidates)]
        if not len(usual):
            return None
        low, high = np.quantile(usual, [0.01, 0.99])
        return float(low), float(high)


def _numbers(sample: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    if not len(sample):
        return np.empty(0)
    return cast("npt.NDArray[np.float64]", sample.cast(pa.float64(), safe=False).to_numpy())


def _counts_up(sample: pa.ChunkedArray) -> bool:
    values = _numbers(sample)
    return len(values) > 2 and values[0] in (0, 1) and bool(np.all(np.diff(values) == 1))


def _matching(sample: pa.ChunkedArray) -> float:
    if not len(sample):
        return 0.0
    hits = pc.sum(pc.match_substring_regex(sample, _SEXAGESIMAL)).as_py() or 0
    return float(hits) / len(sample)


def _designations(sample: pa.ChunkedArray) -> float:
    """Fraction of names that end with a position, judged by some of them first: most columns have none."""
    for values in (sample[:200], sample):
        if not len(values):
            return 0.0
        found = float(np.isfinite(designation(values.combine_chunks())[0]).mean())
        if found < 0.5:
            break
    return found
