"""``dataset.yaml``: one published version."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from tianku.model.config.access import AccessRule, Released
from tianku.model.config.base import Config, Strings, Text
from tianku.model.config.compat import Compat
from tianku.model.config.entry import DataType, Downloads, Years
from tianku.model.config.formats import RecordFormat
from tianku.model.config.products import ProductConfig, Relation
from tianku.model.config.table import TableConfig
from tianku.model.metadata import schema_name
from tianku.model.shorthand import STRING, also

#: first segments that would hide a route under /vo/
RESERVED_SEGMENTS = frozenset(
    [
        "tap",
        "sia2",
        "datalink",
        "soda",
        "hips",
        "moc",
        "oai",
        "vospace",
        "samp",
        "epntap",
        "registry",
        "uws",
        "scs",
        "ssa",
        "sia",
        "obscore",
        "ivoa",
    ]
)
#: the folder of a dataset's whole tables, beside those of its product sets
CATALOGUES = "catalogues"
#: the segment of addresses that stands for the newest version
LATEST = "latest"
#: schemas that the installation itself owns
RESERVED_SCHEMAS = frozenset({"ivoa", "tap_schema", "tap_upload", "information_schema", "main", "temp", "system"})


class Creator(Config):
    """Who made the data."""

    model_config = ConfigDict(json_schema_extra=also(STRING))

    name: str = Field(description="as it is cited")
    orcid: str | None = Field(None, description="ORCID identifier")
    affiliation: Text = Field(Text(), description="institution")

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class Citation(Config):
    """How to cite, and the identifiers the data have."""

    text: Text = Field(Text(), description="reference as text")
    bibcode: Strings = Field((), description="ADS bibcode(s)")
    doi: str | None = Field(None, description="DOI without a resolver's address")
    cstr: str | None = Field(None, pattern=r"^(CSTR:)?\d{5}\.\d{2}\.\S+$", description="CSTR identifier")


class LinkOut(Config):
    """An outside page."""

    title: Text = Field(description="words of the link")
    url: str = Field(pattern=r"^https?://", description="address")


class Identity(Config):
    """The table(s) that say which observations are of one source."""

    from_: Strings = Field(alias="from", description="table(s) that link observations")
    uid: str = Field(description="column that is equal for one source")


class DatasetConfig(Config):
    """One dataset: tables and product sets published together, at one revision."""

    dataset: str = Field(description="id: 1 to 3 segments, such as `lamost/dr10/v2.0`")
    extends: str | None = Field(
        None, description="dataset of the same collection whose keys hold where this one says nothing"
    )
    supersedes: str | None = Field(None, description="dataset that this one replaces")
    parent: str | None = Field(None, description="dataset that this one is part of")
    title: Text = Field(Text(), description="name shown")
    description: Text = Field(Text(), description="what the data are")
    kind: Literal["data", "metadata-only"] = Field(
        "data", description="`metadata-only` describes data that are elsewhere"
    )
    released: Released = Field(Released(), description="when it becomes available")
    creators: tuple[Creator, ...] = Field((), description="who made it")
    citation: Citation = Field(Citation(), description="how to cite it")
    acknowledgement: Text = Field(Text(), description="sentence for papers")
    licence: str | None = Field(None, description="SPDX name or URL")
    simulated: bool = Field(False, description="True puts a plain label on every page and reply")
    waveband: Strings = Field((), description="Radio, Millimeter, Infrared, Optical, UV, EUV, X-ray or Gamma-ray")
    years: Years | None = Field(None, description="years of observation, such as `[2011, 2020]` or `2015`")
    data_types: tuple[DataType, ...] = Field(
        (), description="kinds of data, beside those of its tables and product sets; for data that are elsewhere"
    )
    facility: str | None = Field(None, description="ObsCore facility_name")
    instrument: str | None = Field(None, description="ObsCore instrument_name")
    keywords: Strings = Field((), description="subjects")
    links: tuple[LinkOut, ...] = Field((), description="outside pages")
    nulls: tuple[float | int | str, ...] = Field(
        (), description="values that mean null in every table, instead of the collection's"
    )
    column_dictionary: Strings = Field(
        (), description="globs of files of column definitions (not acted on yet); the collection's are read"
    )
    formats: dict[str, RecordFormat] = Field({}, description="record formats by name")
    table_defaults: dict[str, Any] = Field({}, description="keys for every table; `{table}` is its name")
    tables: dict[str, TableConfig] = Field({}, description="tables by name")
    products: dict[str, ProductConfig] = Field({}, description="product sets by name")
    relations: tuple[Relation, ...] = Field((), description="foreign keys")
    identity: Identity | None = Field(None, description="which observations are of one source")
    access: AccessRule | None = Field(None, description="who may have what")
    examples: tuple[dict[str, Any], ...] = Field((), description="queries offered to users (not acted on yet)")
    compat: Compat = Field(Compat(), description="older HTTP interfaces, where it differs from its collection")
    downloads: Downloads = Field(
        ("fits", "csv", "parquet"),
        description="formats in which whole tables are offered as files, made after publishing; `off` makes none",
    )
    serving: Literal["auto", "always", "never"] = Field(
        "auto", description="`never` makes no DuckDB copy for serving"
    )

    @field_validator("dataset")
    @classmethod
    def _valid_id(cls, value: str) -> str:
        return check_dataset_id(value)

    @field_validator("products")
    @classmethod
    def _set_names(cls, value: dict[str, ProductConfig]) -> dict[str, ProductConfig]:
        if CATALOGUES in value:
            raise ValueError(f"`{CATALOGUES}` is the folder of whole tables; choose another name")
        return value

    @field_validator("tables")
    @classmethod
    def _table_names(cls, value: dict[str, TableConfig]) -> dict[str, TableConfig]:
        for name in value:
            if not name.isidentifier() or name != name.lower() or not name.isascii() or name.startswith("_"):
                raise ValueError(f"table name {name!r}: lower-case letters, digits and _, beginning with a letter")
        return value

    @property
    def schema_name(self) -> str:
        """The schema of its tables in queries."""
        return schema_name(self.dataset)

    @property
    def collection(self) -> str:
        """The first segment of the id."""
        return self.dataset.partition("/")[0]


def check_dataset_id(value: str) -> str:
    """Return `value` when it is a dataset id, else raise ValueError saying what one looks like."""
    import re

    segments = value.split("/")
    if not 1 <= len(segments) <= 3 or not all(re.fullmatch(r"[a-z0-9][a-z0-9.-]*", s) for s in segments):
        raise ValueError(
            f"{value!r} is no dataset id: 1 to 3 segments of lower-case letters, digits, `.` and `-`, "
            "such as lamost/dr10/v2.0"
        )
    if LATEST in segments:
        raise ValueError(f"{LATEST!r} stands for the newest version in addresses; choose another name")
    if segments[0] in RESERVED_SEGMENTS or schema_name(value) in RESERVED_SCHEMAS:
        raise ValueError(f"{segments[0]!r} is the name of a service; choose another first segment")
    return value
