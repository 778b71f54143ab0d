"""Tables: where they come from and what their columns mean."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from tianku.model.config.access import AccessRule
from tianku.model.config.base import Config, Identifier, Strings, Text
from tianku.model.shorthand import STRING, STRINGS, also
from tianku.model.types import DataType

_Null = float | int | str


class SourceConfig(Config):
    """Where rows come from: files, a glob, an existing HATS catalogue or a PostgreSQL table.

    A plain string in YAML is `files`. ``package:NAME/path`` names a file of an installed package.
    """

    model_config = ConfigDict(json_schema_extra=also(STRING, STRINGS))

    files: Strings = Field((), description="paths or globs below the source folder; `{a|b}` are alternatives")
    hats: str | None = Field(
        None, description="folder of an existing HATS catalogue, or of a collection of them, served in place"
    )
    postgresql: str | None = Field(
        None,
        description="postgresql://user@host/database/schema.table, read in a stream; passwords come from"
        " PGPASSWORD or a password file, never from here",
    )
    reader: Literal[
        "auto",
        "fits",
        "csv",
        "parquet",
        "votable",
        "ecsv",
        "fixed",
        "binary",
        "list",
        "cds",
        "ipac",
        "vizier",
    ] = Field(
        "auto",
        description="kind of file; `auto` looks at its first bytes",
    )
    readme: str | None = Field(
        None, description="ReadMe with the byte-by-byte description of these files (reader `cds`)"
    )
    format: str | None = Field(None, description="name of a record format of this file's `formats:`")
    hdu: int | str | None = Field(
        None,
        description="extension of a FITS file, by number or name; table of a VOTable, by number, ID or name",
    )
    delimiter: str | None = Field(None, description="between the fields of a text file")
    header: bool | None = Field(None, description="False: the first line is data, `columns` gives the names")
    comment: str | None = Field(None, description="lines that begin so are skipped")
    skip_rows: int = Field(0, ge=0, description="lines before the header")
    encoding: str = Field("utf-8", description="of a text file")

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        return {"files": value} if isinstance(value, str | list) else value


class ColumnConfig(Config):
    """One column: only what differs from the source or from the column dictionary."""

    name: Identifier = Field(description="name in queries")
    source: str | None = Field(None, description="name in the source when it differs")
    expression: str | None = Field(None, description="SQL scalar expression over source columns")
    type: DataType | None = Field(None, description="type of the published values")
    arraysize: str | None = Field(None, description="length of an array, or `*`")
    unit: str | None = Field(None, description="unit of the published values (VOUnits)")
    source_unit: str | None = Field(None, description="unit in the source; values are converted to `unit`")
    ucd: str | None = Field(None, description="UCD1+")
    utype: str | None = Field(None, description="utype")
    xtype: str | None = Field(None, description="DALI xtype")
    description: Text = Field(Text(), description="what it is")
    null: tuple[float | int | str, ...] | None = Field(None, description="values that mean null")
    bits: str | None = Field(None, description="name of a bit mask of the collection")
    principal: bool = Field(False, description="True: shown first, and in short answers")
    split: str | None = Field(None, description="separator of a list column; its elements have `type`")
    references: str | None = Field(
        None, description="table.column the values point to; a list column gets a table of its own, see `lists`"
    )

    @field_validator("null", mode="before", json_schema_input_type=_Null | tuple[_Null, ...] | None)
    @classmethod
    def _null_list(cls, value: Any) -> Any:
        return value if value is None or isinstance(value, list | tuple) else [value]


class PositionConfig(Config):
    """A sky position. Columns are names of this table's columns after renaming."""

    name: Identifier = Field("main", description="name of the pair; in addresses when it is not the main one")
    ra: str = Field(description="column of the longitude")
    dec: str = Field(description="column of the latitude")
    frame: Literal["ICRS", "FK5", "FK4", "GALACTIC", "ECLIPTIC"] = Field(
        "ICRS", description="frame of the source; published positions are ICRS"
    )
    equinox: str | None = Field(None, description="of FK4 and FK5, such as `B1950`")
    epoch: float | str | None = Field(None, description="Julian year, or the name of a column")
    format: Literal["degrees", "sexagesimal", "hours", "designation"] = Field(
        "degrees",
        description="how angles are written; `designation` reads both from names such as `J063259.37+045622.5`",
    )
    main: bool = Field(False, description="True for the position that cone searches use")
    pm_ra: str | None = Field(None, description="proper motion in RA times cos(Dec), mas/yr")
    pm_dec: str | None = Field(None, description="proper motion in Dec, mas/yr")
    parallax: str | None = Field(None, description="column of the parallax, mas")
    radial_velocity: str | None = Field(None, description="column of the radial velocity, km/s")
    radius: str | None = Field(None, description="field radius of a pointing, e.g. 2.5 deg")
    invalid: Literal["reject", "keep"] = Field("reject", description="what to do with rows out of range")


class TimeConfig(Config):
    """A time column: origin, unit and scale, so that it can be compared."""

    column: str = Field(description="column that holds it")
    unit: str = Field("d", description="of numbers")
    origin: Literal["MJD", "JD", "ISO"] | float = Field("MJD", description="what numbers count from")
    scale: str = Field("UTC", description="time scale")
    refposition: str = Field("TOPOCENTER", description="where it was measured")
    error: str | None = Field(None, description="column of its error")


class ProductLink(Config):
    """How a row names the product it was measured from."""

    set: Identifier = Field(description="product set of this dataset")
    key: str = Field(description="column holding the product key")
    part: str | None = Field(None, description="column holding the part")
    coadd_when: str | None = Field(
        None, description="condition under which a row is of the coadded part (not acted on yet)"
    )


class ElementsOf(Config):
    """A list column of another table."""

    table: Identifier = Field(description="table of this dataset")
    column: Identifier = Field(description="its list column")
    name: Identifier = Field(description="name of the column that holds one element")


class TableConfig(Config):
    """One table of a dataset."""

    from_: SourceConfig | None = Field(None, alias="from", description="where rows come from")
    kind: Literal["catalogue", "pointing", "epochs"] = Field(
        "catalogue", description="`pointing` and `epochs` need no id"
    )
    title: Text = Field(Text(), description="name shown")
    description: Text = Field(Text(), description="what a row is")
    id: Identifier | None = Field(None, description="the unique column; null where there is none")
    margin: float | None = Field(
        None,
        gt=0,
        le=3600,
        description="arcsec: LSDB finds matches across borders of partitions up to this radius, by copies of rows"
        " beside the catalogue",
    )
    unique: Strings = Field((), description="further unique columns that get an id side table")
    positions: tuple[PositionConfig, ...] = Field((), description="sky positions")
    times: tuple[TimeConfig, ...] = Field((), description="time columns")
    columns: tuple[ColumnConfig, ...] = Field((), description="what differs from source and dictionary")
    only: bool = Field(False, description="publish only the columns named under `columns`")
    exclude: Strings = Field((), description="source columns left out")
    nulls: tuple[float | int | str, ...] = Field((), description="values that mean null in this table")
    lists: dict[str, dict[str, str]] = Field(
        {},
        description="columns that hold lists: separator (`split`), `type`, and by `references` the table.column"
        " that elements point to; each such list also becomes a table `<table>__<column>` for joins",
    )
    elements_of: ElementsOf | None = Field(
        None, description="one row per element of this list column; `lists` with `references` writes such tables"
    )
    product: ProductLink | None = Field(None, description="the product each row was measured from")
    access: AccessRule | None = Field(None, description="who may have it, instead of the dataset's rule")
    protocols: tuple[Literal["tap", "scs", "epntap", "download"], ...] = Field(
        ("tap", "scs", "download"),
        description="services wanted; one that is left out does not exist for the table (`tap` is not closed yet)",
    )
    append: bool = Field(
        False,
        description="True: source files that are new since the last ingest are added as a segment, the others stay"
        " as they are",
    )
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
