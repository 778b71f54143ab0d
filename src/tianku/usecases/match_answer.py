"""The answer of a cross-match as it runs: reads in their engines, rows in batches."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pyarrow as pa

from tianku.adql.schema import Cone
from tianku.engines.base import Cancellation, Engine, EngineQuery, Limits
from tianku.engines.errors import cancelled, timeout
from tianku.model.errors import UsageError
from tianku.model.metadata import Column
from tianku.model.types import DataType
from tianku.planner.match_area import AreaSide
from tianku.planner.match_sides import MemorySide, StoredSide, expected_pairs
from tianku.planner.matching import How, Matched, match
from tianku.sky.match import MAX_RADIUS
from tianku.sky.ranges import FloatArray
from tianku.usecases.match_tables import OpenSide, SideSource

#: pairs a match may be expected to find
MOST_PAIRS = 1e9
#: years for which motion along a straight line is a fair guess
EPOCHS = (1800.0, 2200.0)
#: rows of one batch of the answer
_BATCH = 65_536
_SEPARATION = Column(name="separation", type=DataType.FLOAT64, unit="arcsec", ucd="pos.angDistance",
                     description={"en": "distance of the two positions", "zh": "两位置间的角距"})  # fmt: skip
_ANGLE = Column(name="position_angle", type=DataType.FLOAT64, unit="deg", ucd="pos.posAng",
                description={"en": "direction of the right position from the left one, north through east",
                             "zh": "右表位置相对左表位置的方位角，自北向东"})  # fmt: skip


AnySide = MemorySide | StoredSide | AreaSide


class Reads:
    """The reads of one match: all stop when it is cancelled or takes too long.

    Parameters
    ----------
    engine_for
        The engine of a query that is expected to read so many rows.
    seconds
        How long the match may take; None where its process is watched.
    """

    def __init__(self, engine_for: Callable[[float], Engine], seconds: float | None = None) -> None:
        self._engine_for, self._seconds = engine_for, seconds
        self._end = math.inf if seconds is None else time.monotonic() + seconds
        self._lock = threading.Lock()
        self._running: set[Cancellation] = set()
        self._stopped = False

    @property
    def limits(self) -> Limits:
        """The limits of one read."""
        return Limits(seconds=self._seconds)

    def run(self, query: EngineQuery, rows: float) -> pa.Table:
        """Run a query in its lane and return what it gives."""
        self.check()
        own = Cancellation()
        with self._lock:
            self._running.add(own)
        try:
            if self._stopped:
                raise cancelled()
            with self._engine_for(rows).run(query, own) as result:
                return pa.Table.from_batches(list(result), result.schema)
        finally:
            with self._lock:
                self._running.discard(own)

    def check(self) -> None:
        """Raise `UsageError` ``query.cancelled`` or ``query.timeout`` once the match has to end."""
        if self._stopped:
            raise cancelled()
        if time.monotonic() > self._end:
            raise timeout(self._seconds or 0.0)

    def cancel(self) -> None:
        """Stop what runs, and let nothing more begin."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for one in running:
            one.cancel()


class MatchResult:
    """A running match, as a `tianku.engines.base.Result`; `columns` describe its batches."""

    def __init__(
        self, left: OpenSide, right: OpenSide, sides: tuple[AnySide, AnySide], how: How, reads: Reads
    ) -> None:
        self._outputs = _Outputs(left.columns, () if how.join == "anti" else right.columns, how.join == "anti")
        self.columns = self._outputs.columns
        self._parts, self._reads = match(*sides, how), reads

    @property
    def schema(self) -> pa.Schema:
        """Schema of the batches."""
        return self._outputs.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._outputs.batches(self._parts):
            self._reads.check()
            yield batch

    def cancel(self) -> None:
        """Stop it from any thread."""
        self._reads.cancel()

    def close(self) -> None:
        """Stop reading; what is being read is waited for by its own thread."""
        self._reads.cancel()

    def __enter__(self) -> MatchResult:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def begin(left: SideSource, right: SideSource, how: How, reads: Reads, area: Cone | None = None) -> MatchResult:
    """Open both sides and begin their match; rows outside `area` do not exist for it.

    Raises
    ------
    UsageError
        ``match.too_many`` with the number of pairs expected, ``match.epoch``, and what opening a table raises.
    """
    a, b = left.open(reads.run, reads.limits), right.open(reads.run, reads.limits)
    sides = considered(a, area), considered(b, area)
    check_pairs(*sides, how.radius)
    return MatchResult(a, b, sides, how, reads)


def considered(opened: OpenSide, area: Cone | None) -> AnySide:
    """Return the part of a side that lies in `area`."""
    return opened.side if area is None else AreaSide(opened.side, area)


def check_pairs(left: AnySide, right: AnySide, radius: float) -> None:
    """Raise `UsageError` ``match.too_many``, or ``match.epoch`` where rows move further than a match can look."""
    if radius + max(left.shift, right.shift) > MAX_RADIUS:
        raise epoch_refused(math.nan)
    pairs = expected_pairs(left, right, radius)
    if pairs > MOST_PAIRS:
        raise UsageError(
            "match.too_many",
            "about {pairs:.1e} pairs lie within this radius, and a match may have {most:.0e}: take a smaller one",
            pairs=pairs,
            most=MOST_PAIRS,
        )


def epoch_refused(epoch: float) -> UsageError:
    """Return the error of an epoch that positions cannot be moved to."""
    return UsageError(
        "match.epoch",
        "positions cannot be moved to the year {epoch:g}: take one from {first:g} to {last:g}, nearer to theirs",
        epoch=epoch,
        first=EPOCHS[0],
        last=EPOCHS[1],
    )


class _Outputs:
    """The columns of the answer, under names that differ even without case, and its batches."""

    def __init__(self, left: tuple[Column, ...], right: tuple[Column, ...], alone: bool) -> None:
        self._left, self._right, self._alone = left, right, alone
        taken: set[str] = set()
        more = right if alone else (*right, _SEPARATION, _ANGLE)
        optional = [c.model_copy(update={"nullable": True}) for c in more]
        self.columns = tuple(_renamed(column, taken) for column in (*left, *optional))
        self.schema = pa.schema([pa.field(c.name, c.arrow) for c in self.columns])

    def batches(self, parts: Iterable[Matched]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of matched blocks."""
        for part in parts:
            arrays = [part.left.column(c.name) for c in self._left]
            if not self._alone:
                arrays += [_partner(part, c) for c in self._right]
                arrays += [_known(part.separation * 3600.0), _known(part.angle)]
            cast = [array.cast(field.type) for array, field in zip(arrays, self.schema, strict=True)]
            yield from pa.Table.from_arrays(cast, schema=self.schema).to_batches(max_chunksize=_BATCH)


def _partner(part: Matched, column: Column) -> pa.ChunkedArray | pa.Array:
    return pa.nulls(len(part.left), column.arrow) if part.right is None else part.right.column(column.name)


def _known(values: FloatArray) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))


def _renamed(column: Column, taken: set[str]) -> Column:
    name, number = column.name, 2
    while name.lower() in taken:
        name, number = f"{column.name}_{number}", number + 1
    taken.add(name.lower())
    return column if name == column.name else column.model_copy(update={"name": name})
