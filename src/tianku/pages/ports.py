"""What the pages need to know, and nothing more: plain values that the policy has filtered already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from tianku.catalogue.manifest import ColumnStatistics
from tianku.model.access import Level, Principal
from tianku.model.metadata import Column, TableMeta
from tianku.model.text import Text

#: Nothing to say; frozen, so that all may share it.
_NO_TEXT = Text()


@dataclass(frozen=True, slots=True)
class AccessView:
    """How open something is for everybody and for the one who asks.

    `level` is what the principal holds, `public` what everybody holds; `opens` the UTC POSIX
    time at which it becomes wholly public, if one is set.
    """

    level: Level = Level.DATA
    public: Level = Level.DATA
    opens: float | None = None
    apply: Text = _NO_TEXT

    @property
    def is_public(self) -> bool:
        """Whether everybody may have all of it."""
        return self.public is Level.DATA

    @property
    def rows(self) -> bool:
        """Whether the principal may see rows, counts and coverage."""
        return self.level >= Level.METADATA

    @property
    def files(self) -> bool:
        """Whether the principal may have files and spectra."""
        return self.level >= Level.DATA


@dataclass(frozen=True, slots=True)
class Service:
    """One endpoint; `path` begins with ``/`` or is absolute."""

    protocol: str  # TAP, SCS, SSA, DataLink …
    path: str
    title: Text = _NO_TEXT


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
class CollectionCard:
    """A survey or instrument with its releases, newest last."""

    id: str
    title: Text
    description: Text
    datasets: tuple[str, ...]
    numbers: Numbers = Numbers()


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
class CitationView:
    """How to cite."""

    text: Text = _NO_TEXT
    bibcodes: tuple[str, ...] = ()
    doi: str | None = None
    cstr: str | None = None


@dataclass(frozen=True, slots=True)
class VersionView:
    """Another version of the same release."""

    id: str
    label: str
    current: bool
    superseded: bool


@dataclass(frozen=True, slots=True)
class DatasetView:
    """A dataset's landing page."""

    card: DatasetCard
    schema_name: str
    revision: int
    created: str
    sets: tuple[SetCard, ...] = ()
    services: tuple[Service, ...] = ()
    versions: tuple[VersionView, ...] = ()
    creators: tuple[str, ...] = ()
    citation: CitationView = CitationView()
    acknowledgement: Text = _NO_TEXT
    licence: str | None = None
    links: tuple[Link, ...] = ()
    keywords: tuple[str, ...] = ()
    facility: str | None = None
    instrument: str | None = None
    coverage: str | None = None  # ASCII MOC


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column with what ingest measured; `statistics` is None when rows are closed."""

    column: Column
    statistics: ColumnStatistics | None = None


@dataclass(frozen=True, slots=True)
class TableView:
    """A table's page."""

    dataset: DatasetCard
    card: TableCard
    meta: TableMeta
    columns: tuple[ColumnView, ...]
    services: tuple[Service, ...] = ()
    coverage: str | None = None  # ASCII MOC
    product_set: str | None = None  # set that rows link to
    updated: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a product's metadata."""

    label: Text
    value: str
    unit: str | None = None
    keyword: str | None = None  # as the file spells it


@dataclass(frozen=True, slots=True)
class PartView:
    """A component inside a product."""

    name: str
    kind: str  # single, coadd, exposure
    band: str
    start: str | None = None  # UTC ISO
    exposure: float | None = None  # seconds
    snr: float | None = None
    points: int | None = None


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of a product, or a format it is offered in."""

    name: str
    category: str  # science, mask, weight, preview, log, format
    href: str
    media_type: str
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ProductView:
    """A product's page; `data_url` is what the viewer draws, None when it is closed or not drawable."""

    dataset: DatasetCard
    set: SetCard
    key: str
    did: str
    title: str
    facts: tuple[Fact, ...] = ()
    parts: tuple[PartView, ...] = ()
    files: tuple[FileView, ...] = ()
    data_url: str | None = None
    viewer: Literal["spectrum", "none"] = "none"
    ra: float | None = None
    dec: float | None = None
    access: AccessView = AccessView()


class Source(Protocol):
    """The published picture as one principal may see it.

    What the principal may not know of does not exist (`NotFoundError`); what is listed but
    closed raises `AuthError` or comes without its closed fields, by `AccessView.level`.
    Every method answers from memory, but `product`, which may read one file's header.
    """

    def site(self, principal: Principal) -> SiteView:
        """Return the installation with its collections and live numbers."""
        ...

    def datasets(self, principal: Principal) -> Sequence[DatasetCard]:
        """Return the datasets in order of collection and release, with their tables."""
        ...

    def dataset(self, principal: Principal, dataset: str) -> DatasetView:
        """Return one dataset."""
        ...

    def table(self, principal: Principal, dataset: str, name: str) -> TableView:
        """Return one table."""
        ...

    def product(self, principal: Principal, dataset: str, product_set: str, key: str) -> ProductView:
        """Return one product."""
        ...
