"""``collection.yaml``: what all releases of a survey or instrument share."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from tianku.model.config.access import AccessRule, Group
from tianku.model.config.base import Config, Segment, Strings, Text
from tianku.model.config.compat import Compat
from tianku.model.config.dataset import Citation, Creator, LinkOut
from tianku.model.config.entry import Years
from tianku.model.config.table import ColumnConfig
from tianku.model.metadata import Bit

#: what an alias stands for when it moves
NEWEST = "newest-readable"


class Telescope(Config):
    """Where it stands: degrees east, degrees north, metres; `local_time` of its local keywords."""

    name: Text = Field(Text(), description="its name")
    lon: float = Field(ge=-180, le=360, description="degrees east")
    lat: float = Field(ge=-90, le=90, description="degrees north")
    height: float = Field(0.0, description="metres")
    local_time: str | None = Field(
        None, pattern=r"^[+-]\d{2}:\d{2}$", description="offset of its local time keywords, such as `+08:00`"
    )


class Release(Config):
    """One release and its versions, oldest first."""

    id: Segment = Field(description="second segment of its datasets' ids")
    title: Text = Field(Text(), description="name shown")
    versions: tuple[Segment, ...] = Field((), description="third segments, oldest first")
    current: Segment | None = Field(
        None, description="version that `latest` and aliases mean, instead of the last, for who may read it"
    )
    access: str | None = Field(None, description="name of one of `access_rules`")

    @model_validator(mode="after")
    def _current_is_a_version(self) -> Release:
        if self.current is not None and self.versions and self.current not in self.versions:
            raise ValueError(f"`current: {self.current}` is not among versions {', '.join(self.versions)}")
        return self


class CollectionConfig(Config):
    """A collection."""

    collection: Segment = Field(description="first segment of its datasets' ids")
    title: Text = Field(description="name shown")
    description: Text = Field(Text(), description="what it is")
    telescope: Telescope | None = Field(None, description="where it was observed")
    creators: tuple[Creator, ...] = Field((), description="who made it, unless a dataset says")
    citation: Citation = Field(Citation(), description="how to cite it, unless a dataset says")
    facility: str | None = Field(None, description="ObsCore facility_name, unless a dataset says")
    instrument: str | None = Field(None, description="ObsCore instrument_name, unless a dataset says")
    waveband: Strings = Field((), description="such as Optical, unless a dataset says")
    years: Years | None = Field(None, description="years of observation, unless a dataset says")
    keywords: Strings = Field((), description="subjects")
    links: tuple[LinkOut, ...] = Field((), description="outside pages")
    licence: str | None = Field(None, description="SPDX name or URL, unless a dataset says")
    releases: tuple[Release, ...] = Field(
        (), description="releases in their order; it is the order of pages and of `newest`"
    )
    aliases: dict[str, Literal["newest-readable"] | str] = Field(
        {},
        description="further schemas of queries, `<collection>_<alias>`: of a dataset, or of the newest one the "
        "asker may read (collection and releases have theirs anyway)",
    )
    column_dictionary: Strings = Field((), description="globs of files of column definitions")
    columns: tuple[ColumnConfig, ...] = Field((), description="column definitions given in place")
    nulls: tuple[float | int | str, ...] = Field((), description="values that mean null in every table")
    bits: dict[str, tuple[Bit, ...]] = Field({}, description="bit masks by name")
    access_rules: dict[str, AccessRule] = Field({}, description="access rules by name, for releases")
    groups: dict[str, Group] = Field({}, description="groups that access rules name")
    acknowledgement: Text = Field(Text(), description="sentence for papers")
    compat: Compat = Field(Compat(), description="older HTTP interfaces that its datasets are served by")
