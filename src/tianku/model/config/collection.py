"""``collection.yaml``: what all releases of a survey or instrument share."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from tianku.model.config.access import AccessRule, Group
from tianku.model.config.base import Config, Segment, Strings, Text
from tianku.model.config.dataset import Citation, Creator, LinkOut
from tianku.model.config.table import ColumnConfig
from tianku.model.metadata import Bit


class Telescope(Config):
    """Where it stands: degrees east, degrees north, metres; `local_time` of its local keywords."""

    name: Text = Text()
    lon: float = Field(ge=-180, le=360)
    lat: float = Field(ge=-90, le=90)
    height: float = 0.0
    local_time: str | None = Field(None, pattern=r"^[+-]\d{2}:\d{2}$")


class Release(Config):
    """One release and its versions, oldest first."""

    id: Segment
    title: Text = Text()
    versions: tuple[Segment, ...] = ()
    current: Segment | None = None
    access: str | None = Field(None, description="name of one of `access_rules`")

    @model_validator(mode="after")
    def _current_is_a_version(self) -> Release:
        if self.current is not None and self.versions and self.current not in self.versions:
            raise ValueError(f"`current: {self.current}` is not among versions {', '.join(self.versions)}")
        return self


class CollectionConfig(Config):
    """A collection."""

    collection: Segment
    title: Text
    description: Text = Text()
    telescope: Telescope | None = None
    creators: tuple[Creator, ...] = ()
    citation: Citation = Citation()
    facility: str | None = None
    instrument: str | None = None
    waveband: Strings = ()
    keywords: Strings = ()
    links: tuple[LinkOut, ...] = ()
    licence: str | None = None
    releases: tuple[Release, ...] = ()
    aliases: dict[str, Literal["newest-readable"] | str] = {}
    column_dictionary: Strings = Field((), description="globs of files of column definitions")
    columns: tuple[ColumnConfig, ...] = Field((), description="column definitions given in place")
    nulls: tuple[float | int | str, ...] = ()
    bits: dict[str, tuple[Bit, ...]] = {}
    access_rules: dict[str, AccessRule] = {}
    groups: dict[str, Group] = {}
    acknowledgement: Text = Text()
    compat: dict[str, Any] = {}
