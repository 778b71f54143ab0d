"""Who asks, for what, and how much of it: the words the policy speaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum


class Level(IntEnum):
    """What may be had of a dataset, table or product; each level includes the lower ones."""

    EXISTENCE = 1
    METADATA = 2
    DATA = 3


@dataclass(frozen=True, slots=True)
class Principal:
    """The asker. `user` is None for anonymous; `scopes` limits a token (empty = all)."""

    user: str | None = None
    groups: frozenset[str] = frozenset()
    operator: bool = False
    scopes: frozenset[str] = frozenset()
    method: str = "anonymous"  # session, bearer, basic

    @property
    def anonymous(self) -> bool:
        """True when nobody is logged in."""
        return self.user is None


ANONYMOUS = Principal()


@dataclass(frozen=True, slots=True)
class Rule:
    """Who holds each level of one resource, and from when everybody does.

    `who` maps a level to entries ``public``, ``group:<name>``, ``user:<name>``; `public_from`
    is a UTC POSIX time from which a level is public by itself. `rows_from` holds the levels that
    open row by row, each at its own instant (`tianku.model.metadata.PUBLIC_FROM_COLUMN`), but no
    row before the POSIX time given.
    """

    who: dict[Level, frozenset[str]] = field(default_factory=dict)
    public_from: dict[Level, float] = field(default_factory=dict)
    rows_from: dict[Level, float] = field(default_factory=dict)
    apply: str | None = None  # how to ask for access
