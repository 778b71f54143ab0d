"""Run-time metadata of tables: what configuration, ingest, queries and writers all agree on."""

from __future__ import annotations

import re
from typing import Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from tianku.model.text import Text
from tianku.model.types import TYPES, DataType


class Frozen(BaseModel):
    """An immutable value that serialises to JSON (manifests, the API)."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Bit(Frozen):
    """One named bit of a mask column."""

    bit: int = Field(description="number, from 0")
    name: str = Field(description="short name")
    description: Text = Field(Text(), description="what it means when set")


class Column(Frozen):
    """One column of a table or of a result.

    `unit` is a VOUnits string, `ucd` UCD1+, `arraysize` as in VOTable for arrays (``None``
    for scalars; strings are scalars here). `original_unit` keeps the source's spelling.
    """

    name: str
    type: DataType
    arraysize: str | None = None
    unit: str | None = None
    ucd: str | None = None
    utype: str | None = None
    xtype: str | None = None
    description: Text = Text()
    original_unit: str | None = None
    #: longest value in bytes, known after ingest (strings)
    max_bytes: int | None = None
    #: True when no value leaves ASCII, known after ingest (strings); None when unknown
    ascii: bool | None = None
    bits: tuple[Bit, ...] = ()
    principal: bool = False
    indexed: bool = False
    std: bool = False
    #: values for TAP clients and forms, filled at ingest
    nullable: bool = True

    @property
    def votable(self) -> str:
        """The VOTable datatype; texts known to leave ASCII are ``unicodeChar``."""
        wide = self.type is DataType.STRING and self.ascii is False
        return "unicodeChar" if wide else TYPES[self.type].votable

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type of this column in record batches."""
        scalar = TYPES[self.type].arrow
        if self.arraysize is None:
            return scalar
        return pa.list_(scalar, int(self.arraysize)) if self.arraysize.isdigit() else pa.list_(scalar)


class Position(Frozen):
    """A sky position of a table's rows: names of ICRS columns in degrees after ingest."""

    name: str = "main"
    ra: str
    dec: str
    main: bool = False
    frame: str = "ICRS"
    epoch: float | None = None  # Julian year of the coordinates
    pm_ra: str | None = None  # pm in RA times cos(dec), mas/yr
    pm_dec: str | None = None
    parallax: str | None = None
    radial_velocity: str | None = None


class ForeignKey(Frozen):
    """A relation for TAP_SCHEMA.keys; `target` is ``schema.table`` or a table of the same schema."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


class TableMeta(Frozen):
    """A published table as queries see it."""

    schema_name: str
    name: str
    kind: Literal["catalogue", "pointing", "epochs", "products", "system"] = "catalogue"
    title: Text = Text()
    description: Text = Text()
    utype: str | None = None
    columns: tuple[Column, ...]
    positions: tuple[Position, ...] = ()
    id_column: str | None = None
    #: unique columns that have an id side table
    unique: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    nrows: int | None = None

    @property
    def qualified_name(self) -> str:
        """``schema.table`` as written in ADQL."""
        return f"{self.schema_name}.{self.name}"

    @property
    def main_position(self) -> Position | None:
        """The position that cone search and HEALPix order use, if the table has one."""
        return next((p for p in self.positions if p.main), None)

    def column(self, name: str) -> Column | None:
        """Return the column called `name`, compared without case."""
        folded = name.lower()
        return next((c for c in self.columns if c.name.lower() == folded), None)

    def arrow_schema(self) -> pa.Schema:
        """The Arrow schema of this table's record batches."""
        return pa.schema([pa.field(c.name, c.arrow) for c in self.columns])


#: The sort key every positional table carries: NESTED HEALPix index at order 29, int64. Never shown to callers.
HEALPIX_COLUMN = "_healpix_29"
#: When a row becomes public, seconds since 1970 (null: never by itself), int64. Never shown to callers.
PUBLIC_FROM_COLUMN = "_public_from"


def schema_name(dataset: str) -> str:
    """Return the query schema of a dataset id: every non-alphanumeric becomes ``_``."""
    return re.sub(r"[^0-9A-Za-z]", "_", dataset).lower()
