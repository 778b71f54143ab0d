"""Statistics of columns, gathered while rows pass by."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tianku.catalogue.distinct import Distinct, Hashes
from tianku.catalogue.manifest import ColumnStatistics
from tianku.model.metadata import HEALPIX_COLUMN

BINS = 64
Value = float | int | str | None


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of the rows that others are added to."""

    rows: int
    columns: Mapping[str, ColumnStatistics]
    sketches: Mapping[str, Hashes]


class _Column:
    def __init__(self, field: pa.Field) -> None:
        self.kind = field.type
        self.ordered = not pa.types.is_nested(field.type) and not pa.types.is_boolean(field.type)
        self.text = pa.types.is_string(field.type)
        self.nulls = 0
        self.minimum: object = None
        self.maximum: object = None
        self.max_bytes: int | None = None
        self.ascii = True
        self.bins = np.zeros(BINS, dtype=np.int64)
        self.distinct = None if pa.types.is_nested(field.type) else Distinct()

    def resume(self, before: ColumnStatistics, rows: int, least: Hashes | None) -> None:
        """Go on from the statistics of earlier rows."""
        self.nulls, self.max_bytes = before.nulls, before.max_bytes
        self.ascii = before.ascii is not False
        if self.distinct is not None:
            self.distinct = Distinct(least)
        if self.ordered and before.nulls < rows:
            self.minimum, self.maximum = self._value(before.minimum, -1), self._value(before.maximum, 1)

    def _value(self, plain: Value, sign: int) -> object:
        """An extreme as it was before it was written down; only infinite ones are left out there."""
        if plain is None:
            return sign * float("inf")
        return dt.datetime.fromisoformat(str(plain)) if pa.types.is_timestamp(self.kind) else plain

    def add(self, values: pa.ChunkedArray | pa.Array) -> None:
        self.nulls += values.null_count
        if not self.ordered or values.null_count == len(values):
            return
        low, high = (v.as_py() for v in pc.min_max(values).values())
        self.minimum = low if self.minimum is None else min(self.minimum, low)
        self.maximum = high if self.maximum is None else max(self.maximum, high)
        if self.text:
            longest = pc.max(pc.binary_length(values)).as_py()
            self.max_bytes = max(self.max_bytes or 0, longest)
            self.ascii = self.ascii and bool(pc.all(pc.string_is_ascii(values)).as_py())

    @property
    def binned(self) -> bool:
        """Numbers with a finite, non-empty span have a histogram."""
        number = pa.types.is_floating(self.kind) or pa.types.is_integer(self.kind)
        return number and self.minimum is not None and np.isfinite(self._span()) and self._span() > 0

    def _span(self) -> float:
        return float(self.maximum) - float(self.minimum)  # type: ignore[arg-type]

    def bin(self, values: pa.ChunkedArray | pa.Array) -> None:
        numbers = pc.drop_null(values).to_numpy()
        if numbers.dtype != np.float32 or self._span() < 1e-30:  # float32 is precise enough for bins of float32
            numbers = numbers.astype(np.float64)
        low = numbers.dtype.type(self.minimum)
        place = ((numbers - low) * numbers.dtype.type(BINS / self._span())).astype(np.int32)
        self.bins += np.bincount(np.minimum(place, BINS - 1, out=place), minlength=BINS)


class Statistics:
    """Two passes over the same rows: `first` as they are read, `second` as they are written.

    With `before` they count on from rows that are stored already; `stale` then names the columns whose
    histograms need another look at those.
    """

    def __init__(self, schema: pa.Schema, before: Before | None = None) -> None:
        self._columns = {f.name: _Column(f) for f in schema if f.name != HEALPIX_COLUMN}
        self._lock = threading.Lock()
        self._before = before
        #: rows and bytes that passed
        self.seen = 0
        self.bytes = 0
        if before is not None:
            for name, column in self._columns.items():
                column.resume(before.columns[name], before.rows, before.sketches.get(name))

    @property
    def rows(self) -> int:
        """All rows, earlier ones included."""
        return self.seen + (self._before.rows if self._before else 0)

    def first(self, batch: pa.RecordBatch) -> None:
        """Take nulls, extremes and longest texts of a batch."""
        self.seen += len(batch)
        self.bytes += batch.nbytes
        for name, column in self._columns.items():
            column.add(batch[name])

    def second(self, table: pa.Table) -> None:
        """Fill histograms, now that the extremes are known, and count values; safe from many threads."""
        for name, column in self._columns.items():
            fresh = self._fresh(name)
            if column.binned:
                fresh.bin(table[name])
            if fresh.distinct is not None:
                for chunk in table[name].chunks:
                    fresh.distinct.add(chunk)
            with self._lock:
                column.bins += fresh.bins
                if column.distinct is not None and fresh.distinct is not None:
                    column.distinct.merge(fresh.distinct)

    def stale(self) -> list[str]:
        """Return the binned columns whose extremes were moved by the rows that were added."""
        if self._before is None:
            return []
        return [n for n, c in self._columns.items() if c.binned and not self._holds(n, self._before.columns[n])]

    def _holds(self, name: str, before: ColumnStatistics) -> bool:
        column = self._columns[name]
        same = (before.minimum, before.maximum) == (_plain(column.minimum), _plain(column.maximum))
        return same and len(before.histogram) == BINS

    def look_again(self, tables: Iterable[pa.Table]) -> None:
        """Complete the histograms of the stale columns from the earlier rows."""
        for table in tables:
            for name in table.schema.names:
                fresh = self._fresh(name)
                fresh.bin(table[name])
                self._columns[name].bins += fresh.bins

    def _fresh(self, name: str) -> _Column:
        column = self._columns[name]
        fresh = _Column(pa.field(name, column.kind))
        fresh.minimum, fresh.maximum = column.minimum, column.maximum
        return fresh

    def _bins(self, name: str) -> tuple[int, ...]:
        bins = self._columns[name].bins
        before = self._before.columns[name] if self._before else None
        if before is not None and self._holds(name, before):
            bins = bins + np.array(before.histogram, dtype=np.int64)
        return tuple(bins.tolist())

    def sketches(self) -> dict[str, Hashes]:
        """Return the hashes that each count of distinct values goes on from."""
        return {n: c.distinct.least for n, c in self._columns.items() if c.distinct is not None}

    def nulls(self, column: str) -> int:
        """Null values of one column."""
        return self._columns[column].nulls

    def result(self, nans: dict[str, int]) -> dict[str, ColumnStatistics]:
        """Return the statistics of every published column."""
        return {
            name: ColumnStatistics(
                nulls=c.nulls,
                nans=nans.get(name, 0),
                minimum=_plain(c.minimum),
                maximum=_plain(c.maximum),
                max_bytes=c.max_bytes,
                ascii=c.ascii if c.text else None,
                distinct=min(c.distinct.count(), self.rows) if c.distinct is not None else None,
                histogram=self._bins(name) if c.binned else (),
            )
            for name, c in self._columns.items()
        }


def _plain(value: object) -> Value:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value  # type: ignore[return-value]
