"""Tables: where they come from and what their columns mean."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from tianku.model.config.access import AccessRule
from tianku.model.config.base import Config, Identifier, Strings, Text
from tianku.model.types import DataType


class SourceConfig(Config):
    """Where rows come from: files, a glob, an existing HATS catalogue or a PostgreSQL table.

    A plain string in YAML is `files`. ``package:NAME/path`` names a file of an installed package.
    """

    files: Strings = ()
    hats: str | None = Field(None, description="an existing HATS catalogue, served in place")
    postgresql: str | None = Field(None, description="postgresql://…/schema.table, read in a stream")
    reader: Literal[
        "auto", "fits", "csv", "parquet", "votable", "ecsv", "fixed", "binary", "list", "cds", "ipac"
    ] = "auto"
    format: str | None = Field(None, description="name of a record format of this file's `formats:`")
    hdu: int | str | None = None
    delimiter: str | None = None
    header: bool | None = Field(None, description="False: the first line is data, `columns` gives the names")
    comment: str | None = None
    skip_rows: int = Field(0, ge=0)
    encoding: str = "utf-8"

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        return {"files": value} if isinstance(value, str | list) else value


class ColumnConfig(Config):
    """One column: only what differs from the source or from the column dictionary."""

    name: Identifier
    source: str | None = Field(None, description="name in the source when it differs")
    expression: str | None = Field(None, description="SQL scalar expression over source columns")
    type: DataType | None = None
    arraysize: str | None = None
    unit: str | None = Field(None, description="unit of the published values (VOUnits)")
    source_unit: str | None = Field(None, description="unit in the source; values are converted to `unit`")
    ucd: str | None = None
    utype: str | None = None
    xtype: str | None = None
    description: Text = Text()
    null: tuple[float | int | str, ...] | None = Field(None, description="values that mean null")
    bits: str | None = Field(None, description="name of a bit mask of the collection")
    principal: bool = False
    split: str | None = Field(None, description="separator of a list column; its elements have `type`")
    references: str | None = Field(None, description="table.column the values point to")

    @field_validator("null", mode="before")
    @classmethod
    def _null_list(cls, value: Any) -> Any:
        return value if value is None or isinstance(value, list | tuple) else [value]


class PositionConfig(Config):
    """A sky position. Columns are names of this table's columns after renaming."""

    name: Identifier = "main"
    ra: str
    dec: str
    frame: Literal["ICRS", "FK5", "FK4", "GALACTIC", "ECLIPTIC"] = "ICRS"
    equinox: str | None = None
    epoch: float | str | None = Field(None, description="Julian year, or the name of a column")
    format: Literal["degrees", "sexagesimal", "hours"] = "degrees"
    main: bool = False
    pm_ra: str | None = Field(None, description="proper motion in RA times cos(Dec), mas/yr")
    pm_dec: str | None = None
    parallax: str | None = None
    radial_velocity: str | None = None
    radius: str | None = Field(None, description="field radius of a pointing, e.g. 2.5 deg")
    invalid: Literal["reject", "keep"] = Field("reject", description="what to do with rows out of range")


class TimeConfig(Config):
    """A time column: origin, unit and scale, so that it can be compared."""

    column: str
    unit: str = "d"
    origin: Literal["MJD", "JD", "ISO"] | float = "MJD"
    scale: str = "UTC"
    refposition: str = "TOPOCENTER"
    error: str | None = None


class ProductLink(Config):
    """How a row names the product it was measured from."""

    set: Identifier
    key: str = Field(description="column holding the product key")
    part: str | None = None
    coadd_when: str | None = None


class TableConfig(Config):
    """One table of a dataset."""

    from_: SourceConfig | None = Field(None, alias="from")
    kind: Literal["catalogue", "pointing", "epochs"] = "catalogue"
    title: Text = Text()
    description: Text = Text()
    id: Identifier | None = Field(None, description="the unique column; null where there is none")
    unique: Strings = Field((), description="further unique columns that get an id side table")
    positions: tuple[PositionConfig, ...] = ()
    times: tuple[TimeConfig, ...] = ()
    columns: tuple[ColumnConfig, ...] = ()
    only: bool = Field(False, description="publish only the columns named under `columns`")
    exclude: Strings = ()
    nulls: tuple[float | int | str, ...] = ()
    lists: dict[str, dict[str, str]] = {}
    product: ProductLink | None = None
    access: AccessRule | None = None
    protocols: tuple[Literal["tap", "scs", "epntap", "download"], ...] = ("tap", "scs", "download")
    same_as: str | None = Field(None, description="dataset whose table of this name is shared, without a copy")

    @model_validator(mode="after")
    def _one_main_position(self) -> TableConfig:
        mains = [p for p in self.positions if p.main]
        if len(self.positions) == 1 or not self.positions:
            return self
        if len(mains) != 1:
            raise ValueError(f"exactly one of the {len(self.positions)} positions must say `main: true`")
        return self

    @property
    def main_position(self) -> PositionConfig | None:
        """The position that cone search and the HEALPix order use."""
        if len(self.positions) == 1:
            return self.positions[0]
        return next((p for p in self.positions if p.main), None)

    def column(self, name: str) -> ColumnConfig | None:
        """Return the configuration of the column called `name`, if it says anything about it."""
        return next((c for c in self.columns if c.name == name), None)
