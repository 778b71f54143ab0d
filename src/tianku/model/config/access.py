"""Access levels and release dates."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from tianku.model.config.base import Config, Strings, Text

Who = Annotated[str, StringConstraints(pattern=r"^(public|nobody|group:[\w.-]+|user:[\w.@+-]+)$")]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Whos = Annotated[tuple[Who, ...], BeforeValidator(_listed)]


class AccessRule(Config):
    """Who may have which level. A level left out is public once the release date has passed.

    `data` includes `metadata` includes `existence`: who holds a level holds the lower ones.
    """

    existence: Whos | None = None
    metadata: Whos | None = None
    data: Whos | None = None
    public_from: str | None = Field(
        None, description="SQL expression over the row's columns giving the instant it becomes public"
    )
    apply: Text = Field(Text(), description="How to ask for access, shown where access is refused")


def _instant(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


Instant = Annotated[datetime, BeforeValidator(_instant)]


class Released(Config):
    """When a version became (or will become) available; dates without a zone are UTC."""

    internal: Instant | None = None
    public: Instant | Literal["never"] | None = None


class Group(Config):
    """A group named in access rules."""

    title: Text = Text()
    managers: Strings = ()
    apply: Text = Text()
