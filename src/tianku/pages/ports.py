"""What the pages need to know, and nothing more: plain values that the policy has filtered already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from tianku.catalogue.manifest import ColumnStatistics
from tianku.model.access import Level, Principal
from tianku.model.metadata import Column, TableMeta
from tianku.model.text import Text
from tianku.usecases.difference import DatasetDifference, TableDifference

if TYPE_CHECKING:
    from tianku.pages.catalogue import CatalogueView
    from tianku.pages.downloads import DownloadsView
    from tianku.usecases.datasets import Wanted

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
    #: rows or products open one by one, and the principal sees those that are open by now
    by_row: bool = False
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


@dataclass(frozen=True, slots=True)
class CitationView:
    """How to cite."""

    text: Text = _NO_TEXT
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
    acknowledgement: Text = _NO_TEXT
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
class Fact:
    """One line of a product's metadata."""

    label: Text
    value: Text | str
    unit: str | None = None  # VOUnits
    keyword: str | None = None  # as the file spells it
    spelled: str | None = None  # the value as programs write it


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
    category: str  # science, mask, weight, preview, log, or the suffix of a format it is converted to
    href: str
    media_type: str
    bytes: int | None = None


#: what draws a product; each has a template ``parts/viewer_<name>.html`` and a script of its own
Viewer = Literal["spectrum", "image", "timeseries", "dynamic", "none"]


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """The same product in another release."""

    dataset: str
    title: Text
    newer: bool
    superseded: bool
    identical: bool


@dataclass(frozen=True, slots=True)
class EpochsView:
    """The products of one set that are of the same source."""

    set: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProductView:
    """A product's page; `data_url` is what the viewer draws, None when it is closed or not drawable."""

    dataset: DatasetCard
    collection: CollectionCard
    set: SetCard
    key: str
    did: str
    title: str  # the target's name where it is known, else the key
    kind: str = ""  # class, subclass and redshift, as the file says
    facts: tuple[Fact, ...] = ()
    parts: tuple[PartView, ...] = ()
    files: tuple[FileView, ...] = ()
    data_url: str | None = None
    viewer: Viewer = "none"
    preview: str | None = None  # address of a picture, with ?size=
    ra: float | None = None
    dec: float | None = None
    access: AccessView = AccessView()
    header: tuple[tuple[str, str], ...] = ()  # keywords of the file, in its order
    releases: tuple[ReleaseView, ...] = ()  # where else it is, oldest first
    source: str | None = None  # identifier of the source it is of
    epochs: tuple[EpochsView, ...] = ()  # all products of that source

    part_formats: tuple[tuple[str, str], ...] = ()  # suffix and name of what one part is written as

    @property
    def has_parts(self) -> bool:
        """Whether the product has parts that are called something."""
        return any(part.name for part in self.parts)

    @property
    def has_bands(self) -> bool:
        """Whether any part names its band."""
        return any(part.band for part in self.parts)

    @property
    def has_snr(self) -> bool:
        """Whether any part has a signal to noise."""
        return any(part.snr is not None for part in self.parts)

    @property
    def has_points(self) -> bool:
        """Whether any part counts its points."""
        return any(part.points is not None for part in self.parts)

    @property
    def assets(self) -> str:
        """What the viewer's script and style sheet are called, without their suffixes."""
        return "viewer" if self.viewer == "spectrum" else f"viewer-{self.viewer}"

    @property
    def partial(self) -> str:
        """The template of the viewer."""
        return f"tianku/parts/viewer_{self.viewer}.html"


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product in a list."""

    key: str
    target: str
    kind: str
    ra: float | None
    dec: float | None
    start: str | None  # UTC ISO
    exposure: float | None  # seconds
    snr: float | None
    parts: int
    preview: str | None = None  # address of a thumbnail


@dataclass(frozen=True, slots=True)
class ProductListView:
    """Some products of a set, in order of their keys."""

    dataset: DatasetCard
    collection: CollectionCard
    set: SetCard
    total: int
    rows: tuple[ProductRow, ...]

    @property
    def has_kinds(self) -> bool:
        """Whether any product tells its class."""
        return any(row.kind for row in self.rows)

    @property
    def has_parts(self) -> bool:
        """Whether any product has more than one part."""
        return any(row.parts > 1 for row in self.rows)

    @property
    def has_snr(self) -> bool:
        """Whether any product has a signal to noise."""
        return any(row.snr is not None for row in self.rows)

    @property
    def has_previews(self) -> bool:
        """Whether any product has a picture."""
        return any(row.preview for row in self.rows)

    @property
    def has_targets(self) -> bool:
        """Whether any product tells its target."""
        return any(row.target for row in self.rows)


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

    def catalogue(self, principal: Principal, wanted: Wanted) -> CatalogueView:
        """Return what is wanted of the catalogue of data sets."""
        ...

    def downloads(self, principal: Principal, dataset: str) -> DownloadsView:
        """Return what can be downloaded of one dataset."""
        ...

    def collection(self, principal: Principal, name: str) -> CollectionCard:
        """Return one collection."""
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

    def latest(self, principal: Principal, prefix: str) -> str:
        """Return the id of the newest dataset of a collection or release that the principal may read."""
        ...

    def difference(
        self, principal: Principal, dataset: str, other: str, table: str | None, offset: int, limit: int
    ) -> DifferenceView:
        """Return what changed between two versions; `limit` lines from `offset` on where a table is chosen.

        A table that nobody compared before is compared first.
        """
        ...

    def products(
        self, principal: Principal, dataset: str, product_set: str, offset: int, limit: int
    ) -> ProductListView:
        """Return `limit` products of a set from number `offset` on."""
        ...
