"""What the repositories hand out: plain values, never models."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

PublicationState = Literal["built", "published", "withdrawn"]


@dataclass(frozen=True, slots=True)
class PublicationRecord:
    """One revision of a dataset; `manifest` is a path relative to the data root."""

    dataset: str
    revision: int
    state: PublicationState
    manifest: str
    built_at: datetime
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A person with an account."""

    id: int
    username: str
    email: str
    display_name: str
    active: bool
    operator: bool
    groups: frozenset[str]
    joined: datetime


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A personal access token without its secret."""

    id: int
    user: str
    label: str
    scopes: frozenset[str]
    created: datetime
    expires: datetime | None
    last_used: datetime | None


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """The state of the database's tables: newest migration of ours, and those still to apply."""

    current: str | None
    pending: tuple[str, ...]
    unknown: tuple[str, ...]
