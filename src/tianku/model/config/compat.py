"""``compat:``: what older HTTP interfaces, whose clients are in the field, have to know."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field, model_validator

from tianku.model.config.base import Config, Strings
from tianku.model.shorthand import STRING, also


class LamostFamily(Config):
    """How datasets are shown in the LAMOST OpenAPI; `true` takes what is published as it is."""

    model_config = ConfigDict(json_schema_extra=also({"type": "boolean"}))

    served: bool = Field(True, description="`false` closes the interface")
    tables: dict[str, str] = Field(
        {},
        description="product set of the address (`lrs`, `mrs`) -> table searched by cones and shown beside "
        "spectra; else the table with most columns whose rows name its products",
    )
    decimals: dict[str, int] = Field({}, description="digits after the point, by column, where numbers are texts")
    nulls: dict[str, float | int | str] = Field({}, description="what is written for null, by column")
    pubdid: str | None = Field(
        None,
        description="identifier of a spectrum in this interface: `{dataset}`, `{set}` and `{key}` are filled in",
    )

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, value: Any) -> Any:
        return {"served": value} if isinstance(value, bool) else value


class NadcId(Config):
    """Where the ids of products come from."""

    model_config = ConfigDict(json_schema_extra=also(STRING))

    column: str = Field(description="column whose values are keys of products")
    table: str | None = Field(None, description="its table; else the first that has the column")

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value


class NadcCatalogue(Config):
    """One catalogue of the NADC query interface."""

    catname: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$", description="its name in addresses")
    parent: str | None = Field(None, description="name of the catalogue it is part of")
    shortname: str | None = Field(None, description="short name shown; else `catname`")
    categories: Strings = Field((), description="kinds of files offered; else all there are")
    id: NadcId | None = Field(None, description="which column holds the ids of files")
    decimals: dict[str, int] = Field(
        {}, description="columns whose numbers are written as texts, with so many digits after the point"
    )


class Compat(Config):
    """Older HTTP interfaces that data are also served by."""

    lamost_openapi: LamostFamily | None = Field(None, description="the LAMOST OpenAPI, below `/openapi/`")
    legacy_roots: Strings = Field(
        (),
        description="addresses below which the oldest LAMOST paths are served too, such as `/{release}/{version}`",
    )
    nadc: NadcCatalogue | None = Field(None, description="the NADC query interface, below `/query/openapi/`")
