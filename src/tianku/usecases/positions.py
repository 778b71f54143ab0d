"""Search a table for a list of positions: one query for all of them, and what became of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tianku.adql.build import Condition, Order
from tianku.adql.listed import Names, keep_nearest, listed_meta, select_near, separation_column
from tianku.adql.resolve import resolve
from tianku.adql.uploads import WithUploads
from tianku.engines.base import Cancellation, Limits, Result
from tianku.formats.positions import PositionList
from tianku.model.access import Principal
from tianku.planner.plan import plan
from tianku.usecases.described import product_columns
from tianku.usecases.query import Answer, row_limit
from tianku.usecases.uploads import Upload
from tianku.usecases.viewer import Viewer

if TYPE_CHECKING:
    from tianku.usecases.centre import Centre


def search_list(
    centre: Centre,
    principal: Principal,
    dataset: str,
    table: str,
    positions: PositionList,
    *,
    columns: Sequence[str] | None = None,
    where: Sequence[Condition] = (),
    order_by: Sequence[Order] = (),
    nearest: bool = False,
    unmatched: bool = False,
    maxrec: int | None = None,
    cancellation: Cancellation | None = None,
) -> Answer:
    """Return the rows of a table near the positions of a list, with line, name, position and separation (arcsec).

    Parameters
    ----------
    nearest
        Only the nearest row of each position.
    unmatched
        After all others, a row without values of the table for each position that has none.

    Raises
    ------
    NotFoundError
        ``table.unknown``
    UsageError
        ``adql.unknown_column``, ``adql.no_position``, ``adql.condition``
    """
    current = centre.current()
    viewer = Viewer(current.picture, principal, centre.clock())
    meta = viewer.dataset_table(dataset, table)
    names = Names.beside(meta)
    listed = listed_meta(names)
    statement = select_near(meta, names, columns, where, order_by)
    resolved = resolve(statement, WithUploads(viewer, [listed]))
    if nearest:
        keep_nearest(resolved, names)
    own_rows = Upload(listed, _rows(positions, listed.arrow_schema())).stored
    limits = centre.site.limits
    planned = plan(
        resolved,
        lambda asked: own_rows if asked is listed else current.storage(asked),
        row_limit(maxrec, limits.default_rows, limits.sync_rows),
        limits=Limits(seconds=limits.sync_seconds),
    )
    engine = centre.short if planned.lane == "short" else centre.long
    result: Result = engine.run(planned.query, cancellation)
    if unmatched:
        result = _WithUnmatched(result, positions, planned.maxrec)
    own = separation_column(names)
    described = tuple(own if c.name == names.separation else c for c in planned.columns)
    if unmatched:
        described = tuple(c.model_copy(update={"nullable": True}) for c in described)
    products = product_columns(viewer, described, planned.origins)
    return Answer(described, result, planned.maxrec, meta, dict(viewer.versions), viewer.public, products)


def _rows(positions: PositionList, schema: pa.Schema) -> pa.Table:
    """Return the list as the rows of its metadata."""
    names = pa.array(positions.name, pa.string())
    return pa.table([positions.line, names, positions.ra, positions.dec, positions.radius], schema=schema)


class _WithUnmatched:
    """A result of which the positions without a row come last, if the rows before them are all there are."""

    def __init__(self, result: Result, positions: PositionList, maxrec: int | None) -> None:
        self._result, self._positions, self._maxrec = result, positions, maxrec
        self.schema = result.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        found: list[np.ndarray[tuple[int, ...], np.dtype[np.int64]]] = []
        rows = 0
        for batch in self._result:
            found.append(np.unique(batch.column(0).to_numpy()))
            rows += batch.num_rows
            yield batch
        if self._maxrec is None or rows <= self._maxrec:
            seen = np.concatenate(found) if found else np.empty(0, dtype=np.int64)
            yield self._alone(np.flatnonzero(~np.isin(self._positions.line, seen)))

    def _alone(self, at: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> pa.RecordBatch:
        one = self._positions
        own = [one.line[at], [one.name[i] for i in at], one.ra[at], one.dec[at]]
        given = [pa.array(values, field.type) for values, field in zip(own, self.schema, strict=False)]
        empty = [pa.nulls(len(at), field.type) for field in list(self.schema)[len(given) :]]
        schema = pa.schema([field.with_nullable(True) for field in self.schema])
        return pa.RecordBatch.from_arrays([*given, *empty], schema=schema)

    def cancel(self) -> None:
        self._result.cancel()

    def close(self) -> None:
        self._result.close()

    def __enter__(self) -> _WithUnmatched:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
