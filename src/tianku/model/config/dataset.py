"""``dataset.yaml``: one published version."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from tianku.model.config.access import AccessRule, Released
from tianku.model.config.base import Config, Strings, Text
from tianku.model.config.formats import RecordFormat
from tianku.model.config.products import ProductConfig, Relation
from tianku.model.config.table import TableConfig
from tianku.model.metadata import schema_name

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
#: schemas that the installation itself owns
RESERVED_SCHEMAS = frozenset({"ivoa", "tap_schema", "tap_upload", "information_schema", "main", "temp", "system"})


class Creator(Config):
    """Who made the data."""

    name: str
    orcid: str | None = None
    affiliation: Text = Text()

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class Citation(Config):
    """How to cite, and the identifiers the data have."""

    text: Text = Text()
    bibcode: Strings = ()
    doi: str | None = None
    cstr: str | None = Field(None, pattern=r"^(CSTR:)?\d{5}\.\d{2}\.\S+$")


class LinkOut(Config):
    """An outside page."""

    title: Text
    url: str = Field(pattern=r"^https?://")


class Identity(Config):
    """The table(s) that say which observations are of one source."""

    from_: Strings = Field(alias="from")
    uid: str


class DatasetConfig(Config):
    """One dataset: tables and product sets published together, at one revision."""

    dataset: str
    extends: str | None = None
    supersedes: str | None = None
    title: Text = Text()
    description: Text = Text()
    kind: Literal["data", "metadata-only"] = "data"
    released: Released = Released()
    creators: tuple[Creator, ...] = ()
    citation: Citation = Citation()
    acknowledgement: Text = Text()
    licence: str | None = Field(None, description="SPDX name or URL")
    simulated: bool = Field(False, description="True puts a plain label on every page and reply")
    waveband: Strings = ()
    facility: str | None = None
    instrument: str | None = None
    keywords: Strings = ()
    links: tuple[LinkOut, ...] = ()
    nulls: tuple[float | int | str, ...] = ()
    column_dictionary: Strings = ()
    formats: dict[str, RecordFormat] = {}
    table_defaults: dict[str, Any] = Field({}, description="keys for every table; `{table}` is its name")
    tables: dict[str, TableConfig] = {}
    products: dict[str, ProductConfig] = {}
    relations: tuple[Relation, ...] = ()
    identity: Identity | None = None
    access: AccessRule | None = None
    examples: tuple[dict[str, Any], ...] = ()
    compat: dict[str, Any] = {}
    serving: Literal["auto", "always", "never"] = "auto"

    @field_validator("dataset")
    @classmethod
    def _valid_id(cls, value: str) -> str:
        return check_dataset_id(value)

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
    if segments[0] in RESERVED_SEGMENTS or schema_name(value) in RESERVED_SCHEMAS:
        raise ValueError(f"{segments[0]!r} is the name of a service; choose another first segment")
    return value
