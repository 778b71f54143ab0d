"""Turn batches of a source into batches of the published table.

Order of the steps for a column: declared sentinels become null (counted), NaN becomes null in scalar
floats (counted: a published float is a number or null, whatever the source used), unit conversion, type.
A row with a value that does not fit its type, or with a main position out of range, is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tianku.catalogue.instants import to_seconds
from tianku.catalogue.plan import ColumnPlan, Evaluate, Sentinels, TablePlan
from tianku.catalogue.positions import PositionPlan, add_positions
from tianku.catalogue.readers.base import SourceBatch
from tianku.formats.text_values import parse
from tianku.model.errors import FatalError
from tianku.model.metadata import HEALPIX_COLUMN, PUBLIC_FROM_COLUMN
from tianku.model.types import TYPES, DataType

#: (row number in the file, reason, detail)
RowReject = Callable[[int, str, str], None]


@dataclass(slots=True)
class Counts:
    """What normalising changed, by published column."""

    nulled: Counter[str] = field(default_factory=Counter)
    nans: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Normaliser:
    """Applies a plan; stateless but for the counts it is given, so one per thread is enough."""

    plan: TablePlan
    positions: tuple[PositionPlan, ...] = ()
    evaluate: Evaluate | None = None

    @property
    def schema(self) -> pa.Schema:
        """Schema of the normalised batches, the HEALPix index last for tables with a main position."""
        fields = [pa.field(c.meta.name, c.meta.arrow) for c in self.plan.columns]
        fields += [pa.field(c.name, c.arrow) for p in self.positions for c in p.added]
        if any(p.main for p in self.positions):
            fields.append(pa.field(HEALPIX_COLUMN, pa.int64()))
        if self.plan.public_from is not None:
            fields.append(pa.field(PUBLIC_FROM_COLUMN, pa.int64()))
        return pa.schema(fields)

    def apply(self, source: SourceBatch, counts: Counts, reject: RowReject) -> pa.RecordBatch:
        """Return the published rows of one batch."""
        refused = _Refused(len(source.batch))
        cleaned = self._cleaned(source.batch, counts)
        columns = {p.meta.name: self._published(cleaned, p, refused) for p in self.plan.columns if p.source}
        columns.update(self._expressions(cleaned, counts, refused))
        ordered = {c.meta.name: columns[c.meta.name] for c in self.plan.columns}
        add_positions(self.positions, ordered, refused.add)
        if self.plan.public_from is not None:
            ordered[PUBLIC_FROM_COLUMN] = self._instants(self.plan.public_from, ordered)
        batch = pa.RecordBatch.from_arrays(list(ordered.values()), schema=self.schema)
        if not refused.any:
            return batch
        refused.report(source, reject)
        return batch.filter(pa.array(~refused.marks))

    def _cleaned(self, batch: pa.RecordBatch, counts: Counts) -> pa.RecordBatch:
        """Source columns with null in place of sentinels and NaN; what expressions read, too."""
        plans = {p.source: p for p in self.plan.columns if p.source is not None}
        arrays = []
        for field_, values in zip(batch.schema, batch.columns, strict=True):
            plan = plans.get(field_.name)
            if plan is not None:
                arrays.append(_clean(values, plan.nulls, plan.meta.name, counts))
            elif self.plan.expressions:
                arrays.append(_clean(values, self.plan.nulls, field_.name, Counts()))
            else:
                arrays.append(values)
        return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)

    def _published(self, cleaned: pa.RecordBatch, plan: ColumnPlan, refused: _Refused) -> pa.Array:
        if plan.source not in cleaned.schema.names:  # this file of several lacks the column
            return pa.nulls(len(cleaned), plan.meta.arrow)
        return _column(cleaned[plan.source], plan, refused)

    def _instants(self, text: str, columns: dict[str, pa.Array]) -> pa.Array:
        """When each row becomes public, in seconds; judged by the columns as they are published."""
        if self.evaluate is None:
            raise FatalError("ingest.no_evaluator", "columns {names} need an expression evaluator", names=text)
        made = self.evaluate({PUBLIC_FROM_COLUMN: (text, DataType.TIMESTAMP)}, pa.table(columns))
        return to_seconds(made[PUBLIC_FROM_COLUMN]).combine_chunks()

    def _expressions(self, batch: pa.RecordBatch, counts: Counts, refused: _Refused) -> dict[str, pa.Array]:
        wanted = self.plan.expressions
        if not wanted:
            return {}
        if self.evaluate is None:
            raise FatalError(
                "ingest.no_evaluator", "columns {names} need an expression evaluator", names=", ".join(wanted)
            )
        made = self.evaluate(wanted, pa.Table.from_batches([batch]))
        plans = {c.meta.name: c for c in self.plan.columns}
        values = {name: made[name].combine_chunks() for name in made.column_names}
        return {
            name: _column(_clean(values[name], plans[name].nulls, name, counts), plans[name], refused)
            for name in values
        }


class _Refused:
    """Marks of refused rows with the first reason of each."""

    def __init__(self, rows: int) -> None:
        self.marks = np.zeros(rows, dtype=bool)
        self._reasons: list[tuple[npt.NDArray[np.bool_], str, pa.Array]] = []

    @property
    def any(self) -> bool:
        return bool(self._reasons)

    def add(self, bad: npt.NDArray[np.bool_], reason: str, values: pa.Array) -> None:
        """Refuse the rows marked in `bad`; `values` are shown in the report."""
        new = bad & ~self.marks
        if new.any():
            self.marks |= new
            self._reasons.append((new, reason, values))

    def report(self, source: SourceBatch, reject: RowReject) -> None:
        for marks, reason, values in self._reasons:
            for index in np.flatnonzero(marks).tolist():
                reject(source.number(index), reason, repr(values[index].as_py()))


def _clean(values: pa.Array, nulls: Sentinels, name: str, counts: Counts) -> pa.Array:
    """Sentinels, and NaN of scalar floats, to null; counted under the column's published name."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if nulls:
        values = _sentinels_to_null(values, nulls, name, counts)
    if pa.types.is_floating(values.type):
        nan = pc.is_nan(values)
        if found := pc.sum(nan).as_py():
            counts.nans[name] += found
            values = pc.if_else(nan, pa.scalar(None, values.type), values)
    return values


def _column(values: pa.Array, plan: ColumnPlan, refused: _Refused) -> pa.Array:
    if plan.split is not None:
        return _split(values, plan, refused)
    if plan.factor != 1.0:
        values = _scaled(values, plan.factor)
    return _cast(values, plan, refused)


def _sentinels_to_null(values: pa.Array, nulls: Sentinels, name: str, counts: Counts) -> pa.Array:
    kind = values.type
    wanted = _of_kind(nulls, kind)
    if not wanted:
        return values
    hit = pc.is_in(values, value_set=pa.array(wanted).cast(kind))
    if found := pc.sum(hit).as_py():
        counts.nulled[name] += found
        values = pc.if_else(hit, pa.scalar(None, kind), values)
    return values


def _of_kind(nulls: Sentinels, kind: pa.DataType) -> list[str] | list[int] | list[float]:
    """The sentinels that a column of this type can hold: text in text, numbers in numbers."""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return [s for s in nulls if isinstance(s, str)]
    numbers = [s for s in nulls if isinstance(s, int | float) and not isinstance(s, bool)]
    if pa.types.is_integer(kind):
        low, high = _integer_bounds(kind)
        return [int(s) for s in numbers if float(s).is_integer() and low <= s <= high]
    return [float(s) for s in numbers] if pa.types.is_floating(kind) else []


def _integer_bounds(kind: pa.DataType) -> tuple[int, int]:
    info = np.iinfo(kind.to_pandas_dtype())
    return int(info.min), int(info.max)


def _scaled(values: pa.Array, factor: float) -> pa.Array:
    kind = values.type
    if pa.types.is_fixed_size_list(kind):
        inner = pc.multiply(values.flatten().cast(pa.float64()), factor)
        return pa.FixedSizeListArray.from_arrays(inner, kind.list_size)
    if pa.types.is_string(kind):
        return values  # text is converted by the type first; a unit of text has no meaning
    return pc.multiply(values.cast(pa.float64()), factor)


def _cast(values: pa.Array, plan: ColumnPlan, refused: _Refused) -> pa.Array:
    wanted, kind = plan.meta.arrow, plan.meta.type
    if values.type == wanted:
        return values
    if pa.types.is_string(values.type) and not pa.types.is_nested(wanted):
        typed, bad = parse(values, kind)
        if bad is not None:
            refused.add(_marks(bad), f"{plan.meta.name} is no {kind}", values)
        return typed
    try:
        return pc.cast(values, wanted)
    except pa.ArrowInvalid:
        return _cast_loosely(values, plan, refused)


def _cast_loosely(values: pa.Array, plan: ColumnPlan, refused: _Refused) -> pa.Array:
    """Cast what fits; a value that would change (overflow, a fraction in an integer) refuses its row."""
    wanted = plan.meta.arrow
    if pa.types.is_nested(wanted) or pa.types.is_nested(values.type):
        return pc.cast(values, wanted, safe=False)
    loose = pc.cast(values, wanted, safe=False)
    if pa.types.is_floating(wanted):
        return loose
    same = pc.equal(pc.cast(loose, pa.float64(), safe=False), pc.cast(values, pa.float64(), safe=False))
    bad = _marks(pc.invert(pc.fill_null(same, True)))
    refused.add(bad, f"{plan.meta.name} is no {plan.meta.type}", values)
    return pc.if_else(pa.array(bad), pa.scalar(None, wanted), loose)


def _split(values: pa.Array, plan: ColumnPlan, refused: _Refused) -> pa.Array:
    lists = pc.split_pattern(pc.cast(values, pa.string()), plan.split)
    items, bad = parse(pc.utf8_trim_whitespace(lists.flatten()), plan.meta.type)
    if bad is not None:
        rows = (
            lists.value_parent_indices()
            if hasattr(lists, "value_parent_indices")
            else pc.list_parent_indices(lists)
        )
        marks = np.zeros(len(values), dtype=bool)
        marks[rows.to_numpy()[_marks(bad)]] = True
        refused.add(marks, f"{plan.meta.name} has an item that is no {plan.meta.type}", values)
    mask = pc.is_null(lists) if lists.null_count else None
    typed = items.cast(TYPES[plan.meta.type].arrow)
    return pa.ListArray.from_arrays(lists.offsets, typed, mask=mask)


def _marks(values: pa.Array) -> npt.NDArray[np.bool_]:
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=bool)


def numeric(kind: DataType) -> bool:
    """True for types that statistics treat as numbers."""
    return kind not in (DataType.STRING, DataType.TIMESTAMP, DataType.BOOLEAN)
