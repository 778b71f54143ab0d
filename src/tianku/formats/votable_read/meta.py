"""What a VOTable says about a table: fields, parameters, systems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class FieldMeta:
    """A FIELD or PARAM as written; `null` is its VALUES null."""

    name: str
    id: str | None = None
    datatype: str = "char"
    arraysize: str | None = None
    unit: str | None = None
    ucd: str | None = None
    utype: str | None = None
    xtype: str | None = None
    ref: str | None = None
    description: str = ""
    null: str | None = None
    value: str | None = None  # of a PARAM
    #: facts of the COOSYS or TIMESYS it refers to: system, equinox, epoch, refposition, timescale, timeorigin
    system: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class TableMeta:
    """A TABLE: `number` counts the tables of the document from 1.

    Attributes
    ----------
    params, infos
        PARAMs of the table itself, and INFOs as (name, value or text).
    scopes
        What encloses it, innermost first: its resources and the document, for their params and infos.
    serialisation
        ``TABLEDATA``, ``BINARY``, ``BINARY2``, ``FITS``; None for a table without rows.
    """

    number: int
    name: str = ""
    id: str | None = None
    ref: str | None = None
    utype: str | None = None
    description: str = ""
    nrows: int | None = None
    fields: list[FieldMeta] = field(default_factory=list)
    params: list[FieldMeta] = field(default_factory=list)
    infos: list[tuple[str, str]] = field(default_factory=list)
    scopes: tuple[TableMeta, ...] = ()
    serialisation: str | None = None

    def is_called(self, wanted: int | str) -> bool:
        """True when `wanted` is its number, ID or name."""
        return wanted in (self.number, self.name, self.id) or (
            isinstance(wanted, str) and wanted.isdecimal() and int(wanted) == self.number
        )

    @property
    def label(self) -> str:
        """Number and name, for lists in messages."""
        return f"{self.number} {self.name or self.id or ''}".strip()
