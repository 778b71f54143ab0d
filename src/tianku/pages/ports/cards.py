"""What lists show: plain values that the policy has filtered already."""

from __future__ import annotations

from dataclasses import dataclass, field

from tianku.model.access import Level
from tianku.model.text import Text


@dataclass(frozen=True, slots=True)
class AccessView:
    """How open something is for everybody and for the one who asks.

    `level` is what the principal holds, `public` what everybody holds; `opens` the UTC POSIX
    time at which it becomes wholly public, if one is set.
    """

    level: Level = Level.DATA
    public: Level = Level.DATA
    opens: float | None = None
    #: rows or products open one by one, and the principal sees those that are open by now
    by_row: bool = False
    apply: Text = field(default_factory=Text)

    @property
    def is_public(self) -> bool:
        """Whether everybody may have all of it."""
        return self.public is Level.DATA

    @property
    def rows(self) -> bool:
        """Whether the principal may see rows, counts and coverage."""
        return self.level >= Level.METADATA

    @property
    def some(self) -> bool:
        """Whether the principal may see rows, but not always their counts."""
        return self.rows or self.by_row

    @property
    def files(self) -> bool:
        """Whether the principal may have files and spectra."""
        return self.level >= Level.DATA


@dataclass(frozen=True, slots=True)
class Service:
    """One endpoint; `path` begins with ``/`` or is absolute."""

    protocol: str  # TAP, SCS, SSA, DataLink …
    path: str
    title: Text = field(default_factory=Text)


@dataclass(frozen=True, slots=True)
class Link:
    """An outside page."""

    title: Text
    url: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """Totals over what the principal may see the rows of."""

    datasets: int = 0
    tables: int = 0
    rows: int = 0
    products: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class TableCard:
    """A table in a list; `rows` is None when its counts are closed to the principal."""

    dataset: str
    name: str
    qualified_name: str
    title: Text
    description: Text
    columns: tuple[str, ...]
    rows: int | None
    has_position: bool
    access: AccessView = AccessView()
    words: str = ""  # what its columns are called and say, in lower case, for searches


@dataclass(frozen=True, slots=True)
class SetCard:
    """A product set in a list."""

    name: str
    type: str
    title: Text
    description: Text
    products: int | None
    parts: int | None
    files: int | None
    bytes: int | None
    services: tuple[Service, ...] = ()
    access: AccessView = AccessView()


@dataclass(frozen=True, slots=True)
class DatasetCard:
    """A dataset in a list."""

    id: str
    collection: str
    collection_title: Text
    title: Text
    description: Text
    released: float | None  # UTC POSIX time of public release
    numbers: Numbers
    tables: tuple[TableCard, ...] = ()
    simulated: bool = False
    metadata_only: bool = False
    access: AccessView = AccessView()


@dataclass(frozen=True, slots=True)
class CollectionCard:
    """A survey or instrument with its releases, newest first; `current` names the one its alias stands for."""

    id: str
    title: Text
    description: Text
    datasets: tuple[DatasetCard, ...]
    numbers: Numbers = Numbers()
    current: str | None = None
    superseded: frozenset[str] = frozenset()

    @property
    def only(self) -> DatasetCard | None:
        """Its dataset, where it has just one."""
        return self.datasets[0] if len(self.datasets) == 1 else None


@dataclass(frozen=True, slots=True)
class SiteView:
    """The installation."""

    title: Text
    publisher: Text
    acknowledgement: Text
    numbers: Numbers
    collections: tuple[CollectionCard, ...]
    version: str
    authority: str
    contact: str | None = None

    @property
    def newest(self) -> tuple[DatasetCard, ...]:
        """Datasets with a date of release, newest first; none where the collections show as much."""
        dated = [d for c in self.collections for d in c.datasets if d.released is not None]
        if not any(len(c.datasets) > 1 for c in self.collections):
            return ()
        return tuple(sorted(dated, key=lambda card: card.released or 0.0, reverse=True))[:6]
