"""What the pages of data sets and tables show."""

from __future__ import annotations

from dataclasses import dataclass, field

from tianku.catalogue.manifest import ColumnStatistics
from tianku.model.metadata import Column, TableMeta
from tianku.model.text import Text
from tianku.pages.ports.cards import CollectionCard, DatasetCard, Link, Service, SetCard, TableCard
from tianku.usecases.difference import DatasetDifference, TableDifference


@dataclass(frozen=True, slots=True)
class CitationView:
    """How to cite."""

    text: Text = field(default_factory=Text)
    bibcodes: tuple[str, ...] = ()
    doi: str | None = None
    cstr: str | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """A dataset or collection that another is part of, or that is part of it."""

    id: str
    title: Text


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
    collection: CollectionCard
    schema_name: str
    revision: int
    created: str
    sets: tuple[SetCard, ...] = ()
    services: tuple[Service, ...] = ()
    versions: tuple[VersionView, ...] = ()
    creators: tuple[str, ...] = ()
    citation: CitationView = CitationView()
    acknowledgement: Text = field(default_factory=Text)
    licence: str | None = None
    links: tuple[Link, ...] = ()
    keywords: tuple[str, ...] = ()
    facility: str | None = None
    instrument: str | None = None
    coverage: str | None = None  # ASCII MOC
    years: str = ""  # of observation
    wavebands: tuple[str, ...] = ()
    parent: Related | None = None
    children: tuple[Related, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column with what ingest measured; `statistics` is None when rows are closed."""

    column: Column
    statistics: ColumnStatistics | None = None

    @property
    def plain(self) -> bool:
        """Whether its numbers are names or dates, which have no thousands."""
        return (self.column.ucd or "").startswith(("meta.id", "meta.code", "time."))


@dataclass(frozen=True, slots=True)
class TableView:
    """A table's page."""

    dataset: DatasetCard
    collection: CollectionCard
    card: TableCard
    meta: TableMeta
    columns: tuple[ColumnView, ...]
    services: tuple[Service, ...] = ()
    coverage: str | None = None  # ASCII MOC
    product_set: str | None = None  # set that rows link to
    product_key: str | None = None  # column that holds the product's key
    coverage_point: tuple[float, float] | None = None  # a place it covers, ICRS degrees
    updated: str | None = None


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """What changed from version `other` to `dataset`; of one table where one is chosen."""

    dataset: DatasetCard
    collection: CollectionCard
    other: DatasetCard
    tables: DatasetDifference
    found: TableDifference | None = None
    #: id, kind of change, column, old and new value
    lines: tuple[tuple[str, ...], ...] = ()
    more: bool = False
