"""Cross-match of two tables, each of them published or given by the caller, by position on the sky."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tianku.engines.base import Cancellation, EngineQuery
from tianku.engines.errors import cancelled, timeout
from tianku.model.access import Principal
from tianku.model.errors import UsageError
from tianku.model.metadata import Column
from tianku.model.types import DataType
from tianku.planner.match_sides import expected_pairs
from tianku.planner.matching import How, Join, Matched, match
from tianku.planner.plan import SHORT_ROWS
from tianku.sky.match import MAX_RADIUS
from tianku.sky.ranges import FloatArray
from tianku.usecases.match_tables import Desk, Given, MatchTable
from tianku.usecases.query import Answer, row_limit

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre

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


def crossmatch(
    centre: Centre,
    principal: Principal,
    left: MatchTable,
    right: MatchTable,
    radius: float,
    *,
    join: Join = "inner",
    nearest: int | None = 1,
    epoch: float | None = None,
    maxrec: int | None = None,
    cancellation: Cancellation | None = None,
) -> Answer:
    """Match two tables: their columns, ``separation`` in arcsec and ``position_angle`` in degrees.

    Parameters
    ----------
    radius
        Largest separation, degrees.
    join, nearest
        See `tianku.planner.matching.How`.
    epoch
        Julian year to which published rows of known epoch and proper motion are moved; without it all
        positions are taken as they are.

    Raises
    ------
    NotFoundError
        ``table.unknown``, ``position.unknown``
    AuthError
        ``policy.closed``
    UsageError
        ``match.radius``, ``match.epoch``, ``match.no_position``, ``match.column``, ``match.held``,
        ``match.too_many`` with the number of pairs expected.
    """
    if not 0.0 <= radius <= MAX_RADIUS:
        raise UsageError(
            "match.radius", "the radius is {radius:g} degrees: it must lie between 0 and {most:g}",
            radius=radius, most=MAX_RADIUS,
        )  # fmt: skip
    if epoch is not None and not EPOCHS[0] <= epoch <= EPOCHS[1]:
        raise _epoch(epoch)
    site = centre.site.limits
    most = row_limit(maxrec, site.default_rows, site.sync_rows)
    reads = _Reads(centre, site.sync_seconds)
    desk = Desk(centre, principal, reads.run, epoch)
    a, b = desk.prepare(left), desk.prepare(right)
    if radius + max(a.side.shift, b.side.shift) > MAX_RADIUS:
        raise _epoch(epoch or math.nan)
    pairs = expected_pairs(a.side, b.side, radius)
    if pairs > MOST_PAIRS:
        raise UsageError(
            "match.too_many",
            "about {pairs:.1e} pairs lie within this radius, and a match may have {most:.0e}: take a smaller one",
            pairs=pairs,
            most=MOST_PAIRS,
        )
    outputs = _Outputs(a.columns, () if join == "anti" else b.columns, join == "anti")
    if cancellation is not None:
        cancellation.attach(reads.cancel)
    result = _Result(outputs, match(a.side, b.side, How(radius, nearest, join)), reads)
    own = isinstance(left.table, Given) or isinstance(right.table, Given)
    return Answer(outputs.columns, result, most, None, dict(desk.viewer.versions), desk.viewer.public and not own)


def _epoch(epoch: float) -> UsageError:
    return UsageError(
        "match.epoch",
        "positions cannot be moved to the year {epoch:g}: take one from {first:g} to {last:g}, nearer to theirs",
        epoch=epoch,
        first=EPOCHS[0],
        last=EPOCHS[1],
    )


class _Reads:
    """The reads of one match: all stop when it is cancelled or takes too long."""

    def __init__(self, centre: Centre, seconds: float) -> None:
        self._centre, self._seconds = centre, seconds
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._running: set[Cancellation] = set()
        self._stopped = False

    def run(self, query: EngineQuery, rows: float) -> pa.Table:
        """Run a query in its lane and return what it gives."""
        self.check()
        own = Cancellation()
        with self._lock:
            self._running.add(own)
        try:
            if self._stopped:
                raise cancelled()
            engine = self._centre.short if rows < SHORT_ROWS else self._centre.long
            with engine.run(query, own) as result:
                return pa.Table.from_batches(list(result), result.schema)
        finally:
            with self._lock:
                self._running.discard(own)

    def check(self) -> None:
        """Raise `UsageError` ``query.cancelled`` or ``query.timeout`` once the match has to end."""
        if self._stopped:
            raise cancelled()
        if time.monotonic() > self._end:
            raise timeout(self._seconds)

    def cancel(self) -> None:
        """Stop what runs, and let nothing more begin."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for one in running:
            one.cancel()


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


class _Result:
    """A running match, as a `tianku.engines.base.Result`."""

    def __init__(self, outputs: _Outputs, parts: Iterator[Matched], reads: _Reads) -> None:
        self._outputs, self._parts, self._reads = outputs, parts, reads
        self._lock = threading.Lock()

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

    def __enter__(self) -> _Result:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
