"""The three columns that every cone search answer has, and which others VERB asks for (SCS 1.03, 2.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from tianku.http.tabular import Reshape
from tianku.model.errors import NotFoundError
from tianku.model.metadata import Column, Position, TableMeta
from tianku.model.text import Text
from tianku.model.types import DataType

#: UCD1, not UCD1+: what SCS 1.03 asks for by name
ID_MAIN, RA_MAIN, DEC_MAIN = "ID_MAIN", "POS_EQ_RA_MAIN", "POS_EQ_DEC_MAIN"


def position_of(table: TableMeta, name: str | None) -> Position:
    """Return the position called `name`, or the main one; `NotFoundError` ``position.unknown``."""
    wanted = table.main_position if name is None else next((p for p in table.positions if p.name == name), None)
    if wanted is None:
        raise NotFoundError(
            "position.unknown", "{table} has no position {position}; it has: {known}",
            table=table.qualified_name, position=name or "(main)",
            known=", ".join(p.name for p in table.positions) or "none",
        )  # fmt: skip
    return wanted


@dataclass(frozen=True, slots=True)
class ScsColumns:
    """What is asked of the query, and what the writer is told of it."""

    asked: tuple[str, ...]
    written: tuple[Column, ...]
    reshape: Reshape | None


def scs_columns(table: TableMeta, position: Position, verbosity: int) -> ScsColumns:
    """Choose the columns of an answer.

    VERB=1 gives the three mandatory ones, VERB=3 all, VERB=2 those marked principal (all when
    none is). Identifiers are written as strings, positions as doubles, as the standard wants.
    """
    names = _names(table, position, verbosity)
    chosen = [c for c in table.columns if c.name in names]
    asked = tuple(c.name for c in chosen)
    written = tuple(_with_ucd(c, table, position) for c in chosen)
    if table.id_column is not None:
        return ScsColumns(asked, written, None)
    place = asked.index(position.ra), asked.index(position.dec)
    return ScsColumns(asked, (_made_up(table), *written), lambda batches: _name_rows(batches, *place))


def _names(table: TableMeta, position: Position, verbosity: int) -> set[str]:
    needed = {position.ra, position.dec} | ({table.id_column} if table.id_column else set())
    principal = {c.name for c in table.columns if c.principal}
    if verbosity == 1:
        return needed
    if verbosity == 2 and principal:
        return needed | principal
    return {c.name for c in table.columns}


def _with_ucd(column: Column, table: TableMeta, position: Position) -> Column:
    if column.name == table.id_column:
        return column.model_copy(update={"ucd": ID_MAIN, "type": DataType.STRING, "arraysize": None})
    if column.name == position.ra:
        return column.model_copy(update={"ucd": RA_MAIN, "type": DataType.FLOAT64})
    if column.name == position.dec:
        return column.model_copy(update={"ucd": DEC_MAIN, "type": DataType.FLOAT64})
    return column


def _made_up(table: TableMeta) -> Column:
    name = "scs_id"
    while table.column(name) is not None:
        name = f"{name}_"
    text = Text(en="Name made from the position: the table has no unique column")
    return Column(name=name, type=DataType.STRING, ucd=ID_MAIN, description=text)


def _name_rows(batches: Iterable[pa.RecordBatch], ra: int, dec: int) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        texts = [batch.column(i).cast(pa.float64()).cast(pa.string()) for i in (ra, dec)]
        identifiers = pc.binary_join_element_wise("J", texts[0], "_", texts[1], "")
        yield pa.record_batch([identifiers, *batch.columns], names=[ID_MAIN, *batch.schema.names])
