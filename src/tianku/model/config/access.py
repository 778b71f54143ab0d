"""Access levels and release dates."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from tianku.model.config.base import Config, Strings, Text

Who = Annotated[str, StringConstraints(pattern=r"^(public|nobody|group:[\w.-]+|user:[\w.@+-]+)$")]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Whos = Annotated[tuple[Who, ...], BeforeValidator(_listed, json_schema_input_type=Who | tuple[Who, ...])]


class AccessRule(Config):
    """Who may have which level. A level left out is public once the release date has passed.

    `data` includes `metadata` includes `existence`: who holds a level holds the lower ones.
    """

    existence: Whos | None = Field(None, description="who may know of it")
    metadata: Whos | None = Field(None, description="who may see rows, counts and coverage")
    data: Whos | None = Field(None, description="who may have files, spectra and pixels")
    public_from: str | None = Field(
        None,
        description="SQL expression over the row's columns giving the instant it becomes public, such as "
        "`obsdate + 18 months`; null never opens by itself, and no row opens before the release date",
    )
    apply: Text = Field(Text(), description="How to ask for access, shown where access is refused")


def _instant(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


Instant = Annotated[datetime, BeforeValidator(_instant, json_schema_input_type=datetime | date)]


class Released(Config):
    """When a version became (or will become) available; dates without a zone are UTC."""

    internal: Instant | None = Field(None, description="when members of the collection get it (not acted on yet)")
    public: Instant | Literal["never"] | None = Field(
        None, description="when everybody gets what no rule closes; `never` keeps it closed"
    )


class Group(Config):
    """A group named in access rules."""

    title: Text = Field(Text(), description="name shown")
    managers: Strings = Field((), description="accounts that may add members (not acted on yet)")
    apply: Text = Field(Text(), description="how to become a member")
