"""Tables of elements: one row per element of a list column, so that lists can be joined."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tianku.catalogue.normalise import Counts, Normaliser, RowReject
from tianku.catalogue.plan import ColumnPlan, TablePlan
from tianku.catalogue.readers.base import SourceBatch
from tianku.model.config.load import LoadedDataset
from tianku.model.errors import UsageError
from tianku.model.metadata import PUBLIC_FROM_COLUMN, Column
from tianku.model.text import Text
from tianku.model.types import DataType

_PLACE = Column(
    name="item",
    type=DataType.INT32,
    unit="",
    ucd="meta.number",
    description=Text(en="Place of the element in its list, from 1", zh="元素在列表中的位置，从 1 起"),
)


def origin(dataset: LoadedDataset, table: str) -> str:
    """The table whose configuration says how the rows of `table` are read: itself, but for tables of elements.

    Raises
    ------
    UsageError
        ``ingest.no_list`` when there is no such table.
    """
    tables = dataset.config.tables
    said = tables[table].elements_of
    if said is None:
        return table
    if said.table not in tables:
        near = difflib.get_close_matches(said.table, tables, 1)
        raise UsageError(
            "ingest.no_list",
            "table {table}: there is no table {origin} to take elements from{hint}",
            table=table,
            origin=said.table,
            hint=f"; did you mean {near[0]}?" if near else "",
        )
    return said.table


@dataclass(frozen=True, slots=True)
class ElementRows:
    """Makes the rows of a table of elements from those of its origin; used like a `Normaliser`."""

    rows: Normaliser
    plan: TablePlan
    column: str
    key: str | None

    @property
    def schema(self) -> pa.Schema:
        """The key of the origin (where it has one), the place in the list, the element."""
        fields = [pa.field(c.meta.name, c.meta.arrow) for c in self.plan.columns]
        if self.plan.public_from is not None:
            fields.append(pa.field(PUBLIC_FROM_COLUMN, pa.int64()))
        return pa.schema(fields)

    def apply(self, source: SourceBatch, counts: Counts, reject: RowReject) -> pa.RecordBatch:
        """Return the elements of one batch; what is made null or refused counts for the origin alone."""
        batch = self.rows.apply(source, Counts(), _count_nothing)
        lengths = pc.fill_null(pc.list_value_length(batch[self.column]), 0).to_numpy()
        parents = np.repeat(np.arange(len(batch)), lengths)
        places = np.arange(len(parents)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
        elements = pc.list_flatten(batch[self.column])
        arrays = [pa.array(places, pa.int32()), elements]
        for name in (self.key, PUBLIC_FROM_COLUMN if self.plan.public_from is not None else None):
            if name is not None:
                column = batch[name].take(pa.array(parents))
                arrays = [column, *arrays] if name == self.key else [*arrays, column]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema).filter(elements.is_valid())


def _count_nothing(row: int, reason: str, detail: str) -> None:
    """Refused rows of the origin are in its own report."""


def element_rows(dataset: LoadedDataset, table: str, rows: Normaliser) -> ElementRows:
    """Plan a table of elements from the plan of its origin.

    Raises
    ------
    UsageError
        ``ingest.no_list`` when the column is not a list.
    """
    said = dataset.config.tables[table].elements_of
    assert said is not None  # asked only for such tables
    plan, config = rows.plan, dataset.config.tables[said.table]
    listed = plan.column(said.column)
    if listed is None or listed.meta.arraysize is None:
        raise UsageError(
            "ingest.no_list",
            "table {table}: {column} of {origin} is no list; give it a separator under `lists:`",
            table=table,
            column=said.column,
            origin=said.table,
        )
    key = plan.column(config.id) if config.id else None
    element = listed.meta.model_copy(update={"name": said.name, "arraysize": None})
    columns = [ColumnPlan(_PLACE), ColumnPlan(element)]
    if key is not None:
        columns.insert(0, ColumnPlan(key.meta.model_copy(update={"ucd": "meta.id.parent"})))
    made = TablePlan(tuple(columns), public_from=plan.public_from)
    return ElementRows(rows, made, listed.meta.name, key.meta.name if key else None)
