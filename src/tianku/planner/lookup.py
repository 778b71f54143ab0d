"""Look-up of ids in the side table of a unique column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlglot import exp

from tianku.model.metadata import HEALPIX_COLUMN
from tianku.planner.bounds import Bounds, index_column
from tianku.planner.stored import Stored

#: values of one condition that are looked up; more are left to a scan
MOST_IDS = 1000


def look_up(stored: Stored, column: str, values: Sequence[int | float | str]) -> tuple[exp.Expr, Bounds] | None:
    """Return where the rows with these ids are, or None when the side table cannot tell.

    A side table is sorted by value, so only the row groups whose statistics admit a value are read.
    """
    wanted = _as_type(values, stored.schema.field(column).type)
    if wanted is None or len(values) > MOST_IDS:
        return None
    filters = pc.field("value").isin(wanted)
    paths = stored.id_tables[column]
    found = pa.concat_tables([pq.read_table(path, columns=[HEALPIX_COLUMN], filters=filters) for path in paths])
    index = found.column(HEALPIX_COLUMN)
    cells = np.unique(index.drop_null().to_numpy())
    if index.null_count:  # rows without a position are stored after all others
        condition: exp.Expr = exp.Is(this=index_column(), expression=exp.Null())
        if len(cells):
            condition = exp.Paren(this=exp.Or(this=_among(cells), expression=condition))
        return condition, Bounds(None, None, float(len(found)))
    if not len(cells):
        return exp.false(), Bounds(None, np.zeros(0, dtype=np.int64), 0.0)
    ranges = np.column_stack([cells, cells])
    inside = (stored.spans[:, None, 0] <= cells) & (cells <= stored.spans[:, None, 1])
    keep = np.flatnonzero(inside.any(axis=1)).astype(np.int64) if len(stored.files) else None
    return _among(cells), Bounds(ranges, keep, float(len(found)))


def _as_type(values: Sequence[int | float | str], kind: pa.DataType) -> pa.Array | None:
    """Return the values as the column's type, without those that it cannot hold."""
    try:
        given = pa.array(values)
        return given.cast(kind) if given.type != kind else given
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return None


def _among(cells: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> exp.Expr:
    literals = [exp.Literal.number(int(c)) for c in cells]
    inside: exp.Expr = exp.In(this=index_column(), expressions=literals)
    if len(literals) == 1:
        return exp.EQ(this=index_column(), expression=literals[0])
    outer = exp.Between(this=index_column(), low=literals[0].copy(), high=literals[-1].copy())
    return exp.And(this=outer, expression=inside)
